"""When one resource is a part of another: names are paths, and `orders-db/invoices` lies within `orders-db`.

Nothing is a part of itself. The name alone decides, so that nobody has to ask the target what it holds.
"""

PARTED_BY = "/"
NO_PARTS = frozenset({"", ".", ".."})
"""Steps that a path would be read without, or upwards: with them a name could say one place and mean another."""


def is_narrower(asked: str, given: str) -> bool:
    """Tell whether `given` is a part of `asked`: what was asked, and one or more steps into it."""
    within = asked + PARTED_BY
    return (
        bool(asked)
        and given.startswith(within)
        and NO_PARTS.isdisjoint(given.removeprefix(within).split(PARTED_BY))
    )
