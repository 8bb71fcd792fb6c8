"""Conditions in CEL (https://cel.dev), through the one library that judges them; nothing else knows of it.

The library is young, so nothing of it is believed that `tests/policy/test_cel.py` does not pin: it gives an
error that arises in judging as a value, which is true as Python sees it; only the boolean true counts here.
It is imported once a policy has a condition in CEL, and not before.

A fact that is not known is no variable: an expression whose result hangs on one gives an error, and so cannot
be told, while `ip == "10.0.0.1" || request.risk == "low"` is true all the same when the risk is low.
"""

import importlib
import re
from datetime import UTC
from functools import cache, lru_cache
from typing import Any, NamedTuple

from app.domain.provenance import IpFrom
from app.policy.conditions import Facts
from app.policy.context_shapes import zone_of
from app.policy.problems import MisplacedError

LONGEST_EXPRESSION = 1000
DEEPEST = 16
MOST_MACROS = 4
MOST_GROUPS = 500
LONGEST_TEXT = 4000
LARGEST_NUMBER = 2**63 - 1
_TOKEN = re.compile(
    r"(?P<text>[rRbB]{0,2}(\"\"\".*?\"\"\"|'''.*?'''|\"(\\.|[^\"\\\n])*\"|'(\\.|[^'\\\n])*'))|//[^\n]*"
    r"|(?P<macro>\.\s*(?:all|exists|exists_one|map|filter)\s*\()|(?P<open>[(\[{?])|(?P<close>[)\]}:])",
    re.DOTALL,
)
_CALL = re.compile(r"\.\s*(?P<name>matches|get\w+)\s*\(\s*(?P<text>'[^'\\\n]*'|\"[^\"\\\n]*\")\s*\)")
_ADDRESS = re.compile(r"(?<![\w.])ip(_from)?(?!\w)")
_PLACE = re.compile(r"<input>:(\d+):(\d+): ([^\n]*)")
NOT_HERE = (
    "cannot be judged, as there is no cel-expr-python here (it has no build for this platform, or is not "
    "installed); install it, or do without when"
)
VARIABLES = {
    "request.action": "string",
    "request.resource": "string",
    "request.seconds": "int",
    "request.reason": "string",
    "request.source": "string",
    "request.risk": "string",
    "request.environment": "string",
    "requester.id": "string",
    "requester.groups": "list(string)",
    "requester.attributes": "map(string, list(string))",
    "now": "timestamp",
    "ip": "string",
    "ip_from": "string",
}
"""What an expression may speak of, with its type in CEL."""
Variables = tuple[tuple[str, str], ...]
OF_REQUESTS: Variables = tuple(VARIABLES.items())


class Seen(NamedTuple):
    """Whether an expression gave the boolean true or false; None where it gave neither, and `why` not."""

    result: bool | None
    why: str = ""


class Expression:
    """A compiled expression whose type is bool."""

    def __init__(self, text: str) -> None:
        """Compile an expression. Raises MisplacedError, a ValueError, with the place marked."""
        self._program = compiled(text, OF_REQUESTS)
        bare = _TOKEN.sub(
            lambda token: token[0] if token["text"] is None and token[0][:2] != "//" else " ", text
        )
        self.speaks_of_address = bool(_ADDRESS.search(bare))

    def see(self, facts: Facts) -> Seen:
        """Evaluate it; never raises."""
        try:
            value = self._program.eval(_activation(facts)).value()
        except Exception as error:  # noqa: BLE001  what cannot be evaluated is told, whatever is raised
            return Seen(None, first_line(error))
        if value is True or value is False:
            return Seen(value)
        return Seen(None, first_line(value))


@lru_cache(maxsize=10_000)
def expression(text: str) -> Expression:
    """Compile an expression, once. Raises MisplacedError, a ValueError, with the place marked."""
    return Expression(text)


def compiled(text: str, variables: Variables, *, kinds: tuple[str, ...] = ("BOOL",)) -> Any:
    """Compile an expression over some variables, which gives one of these kinds of value.

    Raises MisplacedError, a ValueError, with the place marked.
    """
    text = text.rstrip()
    _within_limits(text)
    try:
        program = environment(variables).compile(text)
    except MisplacedError:
        raise
    except Exception as error:  # noqa: BLE001  the library raises what it has, RuntimeError as a rule
        raise _told(text, str(error), variables) from None
    kind = str(program.return_type().name())
    if kind not in kinds:
        right = "a comparison, or what else gives bool" if "BOOL" in kinds else "what gives a string"
        raise _misplaced(text, 1, 1, f"gives {kind.lower()}; write {right}")
    _constants(text)
    return program


@cache
def environment(variables: Variables) -> Any:
    """Give the library's environment in which some variables are declared. Raises MisplacedError without it."""
    cel = _library()
    return cel.NewEnv(variables={name: _type(cel, kind) for name, kind in variables})


def _library() -> Any:
    try:
        return importlib.import_module("cel_expr_python.cel")
    except ImportError:
        raise MisplacedError(NOT_HERE, "") from None


def _type(cel: Any, kind: str) -> Any:
    kinds = cel.Type
    match kind:
        case "list(string)":
            return kinds.List(kinds.STRING)
        case "map(string, list(string))":
            return kinds.Map(kinds.STRING, kinds.List(kinds.STRING))
        case _:
            return getattr(kinds, kind.upper())


_LAST: list[tuple[Facts, Any]] = []


def _activation(facts: Facts) -> Any:
    """Bind what is known; the last one is kept, as all rules look at the same facts one after another."""
    last = _LAST[-1:]
    if last and last[0][0] is facts:
        return last[0][1]
    bound = environment(OF_REQUESTS).Activation(_bindings(facts))
    _LAST[:] = [(facts, bound)]
    return bound


def _bindings(facts: Facts) -> dict[str, Any]:
    """Give the value of each variable that is known and within limits."""
    ask, action = facts.ask, facts.action
    texts = {
        "request.action": ask.action,
        "request.resource": ask.resource,
        "request.reason": ask.reason,
        "requester.id": ask.requester.id,
    }
    texts |= {"request.source": ask.source} if ask.source else {}
    texts |= {"ip": ask.ip} if ask.ip else {}
    texts |= {"ip_from": str(ask.ip_from)} if ask.ip_from is not IpFrom.NONE else {}
    texts |= {"request.risk": action.risk, "request.environment": action.environment} if action else {}
    found: dict[str, Any] = {name: text for name, text in texts.items() if _is_plain(text)}
    if abs(ask.seconds) <= LARGEST_NUMBER:
        found["request.seconds"] = ask.seconds
    if ask.at.tzinfo is not None:
        found["now"] = ask.at.astimezone(UTC)
    if len(facts.groups) <= MOST_GROUPS and not facts.doubtful:
        found["requester.groups"] = sorted(facts.groups)
    found["requester.attributes"] = {key: list(words) for key, words in facts.attributes.items()}
    return found


def _is_plain(text: str) -> bool:
    """Tell whether a text is of a length that is judged, and can be written in UTF-8."""
    return len(text) <= LONGEST_TEXT and not re.search("[\ud800-\udfff]", text)


# -- at load ------------------------------------------------------------------------------------------


def _within_limits(text: str) -> None:
    """Refuse what is long, deep, or goes through lists within lists: what it costs has a limit."""
    if not text.strip():
        raise MisplacedError("is empty; write an expression that gives bool", "")
    if len(text) > LONGEST_EXPRESSION:
        raise MisplacedError(f"has {len(text)} characters; write at most {LONGEST_EXPRESSION}", "")
    macros, opened = 0, []
    for token in _TOKEN.finditer(text):
        place = _line_and_column(text, token.start())
        if token["macro"]:
            macros += 1
            if True in opened:
                raise _misplaced(text, *place, "goes through a list within a list; write conditions apart")
            if macros > MOST_MACROS:
                said = f"goes through lists more than {MOST_MACROS} times; write conditions apart"
                raise _misplaced(text, *place, said)
        if token["macro"] or token["open"]:
            opened.append(bool(token["macro"]))
        elif token["close"] and opened:
            opened.pop()
        if len(opened) > DEEPEST:
            raise _misplaced(text, *place, f"is nested deeper than {DEEPEST} levels; write conditions apart")


def _constants(text: str) -> None:
    """Refuse zones and patterns that could only fail once it is judged."""
    for call in _CALL.finditer(text):
        place = _line_and_column(text, call.start("text"))
        if call["name"] == "matches":
            result = environment(OF_REQUESTS).compile(f"''.matches({call['text']})").eval(data={}).value()
            if not isinstance(result, bool):
                raise _misplaced(text, *place, f"is no pattern of RE2 ({first_line(result)}); mend it")
        else:
            try:
                zone_of(call["text"][1:-1])
            except ValueError as error:
                raise _misplaced(text, *place, str(error)) from None


def _told(text: str, said: str, variables: Variables) -> MisplacedError:
    """Say in our words what the library says of the first thing that is wrong."""
    found = _PLACE.search(said)
    if found is None:
        return MisplacedError(f"cannot be used ({first_line(said)}); write it in a simpler way", "")
    line, column, what = int(found[1]), int(found[2]), found[3].removesuffix(" [INVALID_ARGUMENT]")
    what = re.sub(r" expecting \{.*", "", what.replace(" (in container '')", ""))
    undeclared = re.search(r"undeclared reference to '([^']*)'", what)
    if undeclared:
        line, column = _start_of(text, undeclared[1], line, column)
        names = ", ".join(name for name, _ in variables)
        what = f"speaks of “{undeclared[1]}”, which is not there; known: {names}"
        return _misplaced(text, line, column, what)
    return _misplaced(text, line, column, f"is wrong at the mark: {what.replace(';', ',')}; mend it there")


def _start_of(text: str, name: str, line: int, column: int) -> tuple[int, int]:
    """Give the place at which a dotted name begins: the library marks its last dot."""
    lines = text.split("\n")
    at = lines[line - 1].rfind(name, 0, column + len(name)) if line <= len(lines) else -1
    return (line, at + 1) if at >= 0 else (line, column)


def _line_and_column(text: str, at: int) -> tuple[int, int]:
    return text.count("\n", 0, at) + 1, at - (text.rfind("\n", 0, at) + 1) + 1


def _misplaced(text: str, line: int, column: int, said: str) -> MisplacedError:
    """Say what is wrong, with the line of the expression and a caret below the place."""
    lines = text.split("\n")
    shown = lines[min(line, len(lines)) - 1].rstrip()
    begin = max(0, column - 60)
    cut = shown[begin : begin + 100]
    return MisplacedError(said, f"    {cut}\n    {' ' * (column - 1 - begin)}^")


def first_line(said: object) -> str:
    """Give the first line of what the library says, short and on one line of ours."""
    return (str(said).splitlines() or [""])[0][:160].replace(";", ",")
