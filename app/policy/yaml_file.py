"""Reads a policy file: YAML, with the line of every key, and nothing that surprises a reviewer.

A scalar is text until the schema says what it is, so `no`, `1e3` and `22:30` stay what they look like.
Duplicate keys, tags, a second document, tabs in the indentation and characters that show a reviewer another
text than the one that counts are refused. Aliases and merge keys (`<<`) work; what they expand to is counted.
"""

import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import yaml

from app.policy.problems import Problem

LARGEST_FILE = 1024 * 1024
MOST_VALUES = 1_000_000
DEEPEST = 24
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # both are safe; the one in C is 15 times faster
_NOTHING = frozenset({"", "~", "null", "Null", "NULL"})
_TAB = re.compile(r"^ *\t", re.MULTILINE)
# YAML 1.2.2, 5.1 «Character set»; and the bidirectional controls of https://www.unicode.org/reports/tr55/
_UNPRINTABLE = re.compile(
    "[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]|[\u202a-\u202e\u2066-\u2069]"
)


class Table(dict[str, Any]):
    """A mapping with the line of each key. `weight` counts the values in it, those of aliases each time."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: dict[str, int] = {}
        self.weight = 1


class Row(list[Any]):
    """A sequence with the line of each item."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[int] = []
        self.weight = 1


Node: TypeAlias = Table | Row | str | None
Path_: TypeAlias = tuple[str | int, ...]


class Document(NamedTuple):
    """A file's content, and what is wrong in it though it can be read: keys that stand there twice."""

    name: str
    tree: Table
    problems: tuple[Problem, ...] = ()

    def line(self, path: Path_) -> int:
        """Give the line of what is at `path`, or of the nearest thing around it that there is."""
        line, node = 1, self.tree  # type: Any, Any
        for step in path:
            known = (
                step in node.lines
                if isinstance(node, Table)
                else isinstance(node, Row) and isinstance(step, int) and step < len(node)
            )
            if not known:
                break
            line, node = node.lines[step], node[step]
        return int(line)


class BrokenFileError(Exception):
    """A file that cannot be read as YAML at all, or only in a way that would mislead."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        super().__init__(str(problem))


def read_file(path: Path, name: str) -> Document:
    """Read the file at `path`, which messages call `name`. Raises BrokenFileError."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise _broken(name, 0, "is not a file; policies are ordinary files")
        with path.open("rb") as file:
            content = file.read(LARGEST_FILE + 1)
    except OSError as error:
        raise _broken(name, 0, f"cannot be read ({error.strerror}); it must be there and readable") from None
    if len(content) > LARGEST_FILE:
        raise _broken(name, 1, "is larger than 1 MiB; split it, files are merged")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise _broken(name, line, "is not UTF-8; save it as UTF-8") from None
    return parse(text, name)


def parse(text: str, name: str) -> Document:
    """Parse a file's text. Raises BrokenFileError."""
    if found := _UNPRINTABLE.search(text):
        sign = f"U+{ord(found.group()):04X}"
        raise _broken(name, _line(text, found.start()), f"has the character {sign}; remove it")
    if found := _TAB.search(text):
        raise _broken(name, _line(text, found.start()), "is indented with a tab; indent with spaces")
    try:
        composer = _Composer(name, yaml.parse(text, Loader=_LOADER))
        tree = composer.document()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        said = " ".join(part for part in (error.context, error.problem) if part)
        last = text.count("\n") + 1
        line = min(mark.line + 1, last) if mark else 1
        raise _broken(name, line, f"is not YAML: {said}; mend the syntax at or before this line") from None
    except yaml.YAMLError as error:
        raise _broken(name, 1, f"is not YAML: {error}; mend the syntax") from None
    if tree is None:
        raise _broken(name, 1, "is empty; write {} if it is to hold nothing")
    if not isinstance(tree, Table):
        raise _broken(name, 1, "is not a mapping; begin with a key such as  rules:")
    return Document(name, tree, tuple(composer.problems))


class _Composer:
    """Builds tables and rows from the parser's events, one pass, as deep as policies go."""

    def __init__(self, name: str, events: Iterator[Any]) -> None:
        self._name = name
        self._events = events
        self._anchors: dict[str, Node] = {}
        self._open: set[str] = set()
        self._path: list[str | int] = []
        self.problems: list[Problem] = []

    def document(self) -> Node:
        """Compose the one document of the file."""
        tree: Node = None
        documents = 0
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise self._refuse(event, "has a second document; put all keys under one, without ---")
                tree = self._node(next(self._events), 0)
        return tree

    def _node(self, event: Any, depth: int) -> Node:
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event)
        if event.tag not in {None, "!"} or (event.tag == "!" and not isinstance(event, yaml.ScalarEvent)):
            raise self._refuse(event, f"has the tag {event.tag}; policies use no tags, remove it")
        if depth > DEEPEST:
            raise self._refuse(event, f"is nested deeper than {DEEPEST} levels; policies are flat")
        if event.anchor:
            self._open.add(event.anchor)
        node: Node
        if isinstance(event, yaml.ScalarEvent):
            node = None if not event.style and event.value in _NOTHING else event.value
        elif isinstance(event, yaml.SequenceStartEvent):
            node = self._row(depth)
        else:
            node = self._table(depth)
        if event.anchor:
            self._open.discard(event.anchor)
            self._anchors[event.anchor] = node
        return node

    def _alias(self, event: Any) -> Node:
        if event.anchor in self._open:
            raise self._refuse(event, f"*{event.anchor} is part of itself; an alias must not contain itself")
        if event.anchor not in self._anchors:
            raise self._refuse(event, f"*{event.anchor} stands for nothing; write &{event.anchor} before it")
        return self._anchors[event.anchor]

    def _row(self, depth: int) -> Row:
        row = Row()
        for event in self._events:
            if isinstance(event, yaml.SequenceEndEvent):
                break
            self._path.append(len(row))
            node = self._node(event, depth + 1)
            self._path.pop()
            row.append(node)
            row.lines.append(event.start_mark.line + 1)
            self._weigh(row, node, event)
        return row

    def _table(self, depth: int) -> Table:
        table = Table()
        merged: list[tuple[Any, Node]] = []
        for event in self._events:
            if isinstance(event, yaml.MappingEndEvent):
                break
            is_merge = isinstance(event, yaml.ScalarEvent) and not event.style and event.value == "<<"
            key = self._node(event, depth + 1)
            if not isinstance(key, str):
                raise self._refuse(event, "has a key that is not text; a key is a name such as  rules")
            self._path.append(key)
            node = self._node(next(self._events), depth + 1)
            self._weigh(table, node, event)
            if key in table and not is_merge:
                first = table.lines[key]
                text = f"stands here twice, first in line {first}; keep one"
                self.problems.append(self._problem(event, text))
            self._path.pop()
            if is_merge:
                merged.append((event, node))
                continue
            if key not in table:
                table[key] = node
                table.lines[key] = event.start_mark.line + 1
        for event, node in merged:
            self._merge(table, node, event)
        return table

    def _merge(self, table: Table, node: Node, event: Any) -> None:
        """Take over the keys of another table that this one does not have (yaml.org/type/merge.html)."""
        for source in node if isinstance(node, Row) else [node]:
            if not isinstance(source, Table):
                raise self._refuse(event, "<< takes a mapping, or a list of them, such as  <<: *base")
            for key, value in source.items():
                if key not in table:
                    table[key] = value
                    table.lines[key] = source.lines[key]

    def _weigh(self, container: Table | Row, node: Node, event: Any) -> None:
        container.weight += node.weight if isinstance(node, Table | Row) else 1
        if container.weight > MOST_VALUES:
            raise self._refuse(event, "expands by its aliases to more than a million values; write it out")

    def _refuse(self, event: Any, text: str) -> BrokenFileError:
        return BrokenFileError(self._problem(event, text))

    def _problem(self, event: Any, text: str) -> Problem:
        return Problem(self._name, event.start_mark.line + 1, dotted(tuple(self._path)), text)


def dotted(path: Path_) -> str:
    """Write a path as people do: `rules.owners-debug.stages[0].groups`."""
    written = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return written.removeprefix(".")


def _line(text: str, at: int) -> int:
    return text.count("\n", 0, at) + 1


def _broken(name: str, line: int, text: str) -> BrokenFileError:
    return BrokenFileError(Problem(name, line, "", text))
