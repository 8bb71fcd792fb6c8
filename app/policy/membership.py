"""Who is in a group that has groups in it, and who is whose manager: both must not go in circles."""

from collections.abc import Iterable, Mapping

from app.policy.schema import GroupSpec


def members_of(groups: Mapping[str, GroupSpec]) -> dict[str, frozenset[str]]:
    """Give the people of each group, with those of the groups within it, however deep; circles do no harm."""
    order = inner_first({name: group.groups for name, group in groups.items()})
    found: dict[str, set[str]] = {}
    for name in order:
        group = groups[name]
        inner = (found.get(each, ()) for each in group.groups)
        found[name] = set(group.people).union(*inner)
    return {name: frozenset(found[name]) for name in groups}


def cycles(arrows: Mapping[str, Iterable[str]]) -> list[tuple[str, ...]]:
    """Find circles among names that point to names: each once, from its least name on, in order.

    A depth-first search without recursion, so that a chain may be as long as it likes.
    """
    done: set[str] = set()
    found: set[tuple[str, ...]] = set()
    for start in sorted(arrows):
        trail: dict[str, int] = {}
        stack = [] if start in done else [(start, iter(sorted(arrows[start])))]
        trail |= {start: 0} if stack else {}
        while stack:
            name, rest = stack[-1]
            following = next(rest, None)
            if following is None:
                done.add(name)
                del trail[name]
                stack.pop()
            elif following in trail:
                circle = list(trail)[trail[following] :]
                least = circle.index(min(circle))
                found.add((*circle[least:], *circle[:least]))
            elif following in arrows and following not in done:
                trail[following] = len(trail)
                stack.append((following, iter(sorted(arrows[following]))))
    return sorted(found)


def inner_first(arrows: Mapping[str, Iterable[str]]) -> list[str]:
    """Order names so that what one points to comes before it, as far as there are no circles."""
    order: dict[str, None] = {}
    opened: set[str] = set()
    for start in sorted(arrows):
        stack = [start]
        while stack:
            name = stack[-1]
            if name in opened:
                order.setdefault(stack.pop())
                continue
            opened.add(name)
            stack.extend(each for each in arrows[name] if each in arrows and each not in opened)
    return list(order)
