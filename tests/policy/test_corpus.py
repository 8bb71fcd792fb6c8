"""Contract: every malformed file gives one problem with its place, and leaves the old set in force.

The files stand in `corpus/`, each with what must be told of it; those that are large or deep are made here.
"""

import re
import time
from pathlib import Path
from typing import NamedTuple

import pytest

from app.policy import PolicySource, source
from app.policy.schema import (
    GroupSpec,
    ObligationsSpec,
    OverrideSpec,
    QuietSpec,
    RotaSpec,
    RuleSpec,
    StageSpec,
    WhenSpec,
    WindowSpec,
)
from tests.policy.sets import COMMON, RULES, write

CORPUS = Path(__file__).parent / "corpus"
WHOLE = COMMON.replace("slack: U0BEN", "slack: U0BEN, attributes: {team: core}")
RULE = "rules:\n  x:\n    effect: auto_approve\n"
FEWEST = 120


class Case(NamedTuple):
    """A file that is wrong, and what must be told of it; with `begins`, at the beginning."""

    name: str
    told: str
    content: bytes


def _read(path: Path) -> list[Case]:
    cases = []
    for block in re.split(r"^=== ", path.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
        head, text = block.split("\n>>>\n", 1)
        name, told = head.split("\n", 1)
        text = text.replace("{{long}}", "x " * 300)
        if path.stem == "syntax":
            text = text.replace("\\x07", "\x07").replace("\\u202e", "\u202e")
        cases.append(Case(f"{path.stem}: {name}", told, text.encode()))
    return cases


WRITTEN = [case for path in sorted(CORPUS.glob("*.txt")) for case in _read(path)]
BOMB = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{after}: &{after} [{', '.join([f'*{before}'] * 10)}]\n"
    for before, after in zip("abcdefgh", "bcdefghi", strict=True)
)
MADE = [
    Case("an alias that multiplies", "case.yaml:6: f: expands by its aliases to more than a million values; "
         "write it out", BOMB.encode()),
    Case("blocks thirty deep", "case.yaml:25: rules.a.a.a",
         b"rules:\n" + b"".join(b" " * n + b"a:\n" for n in range(1, 40))),
    Case("lists a thousand deep", "case.yaml:1: is not YAML: while increasing flow level exceeded maximum nesting",
         b"rules: " + b"[" * 1000 + b"]" * 1000),
    Case("mappings a thousand deep", "case.yaml:1: rules.a.a.a.a", b"rules: " + b"{a: " * 1000 + b"}" * 1000),
    Case("a file of 2 MiB", "case.yaml:1: is larger than 1 MiB; split it, files are merged", b"# x\n" * 2**19),
    Case("a file in Latin-1", "case.yaml:2: is not UTF-8; save it as UTF-8", "rules:\n  é: {}\n".encode("latin-1")),
    Case("a file in UTF-16", "case.yaml:1: is not UTF-8; save it as UTF-8", "rules: {}\n".encode("utf-16")),
    Case("zeros", "case.yaml:1: has the character U+0000; remove it", bytes(50)),
    Case("a file that is cut off", "case.yaml:4: is not YAML: ", (RULE + "    groups: [engin").encode()),
    Case("an expression of 100,000 characters",
         "case.yaml:4: rules.x.when[0].cel: has 100006 characters; write at most 1000",
         f"{RULE}    when: [{{id: a, message: m, cel: \"'{'x' * 100_000}'==ip\"}}]\n".encode()),
    Case("an expression a hundred deep",
         "case.yaml:4: rules.x.when[0].cel: is nested deeper than 16 levels; write conditions apart",
         f"{RULE}    when: [{{id: a, message: m, cel: \"{'(' * 100}true{')' * 100}\"}}]\n".encode()),
    Case("an expression of four hundred negations of nothing",
         "case.yaml:4: rules.x.when[0].cel: is wrong at the mark: ",
         f"{RULE}    when: [{{id: a, message: m, cel: \"{'!' * 400}\"}}]\n".encode()),
    Case("a pattern of 10,000 characters",
         "case.yaml:4: rules.x.ticket: has 10000 characters; write 1 to 200",
         f"{RULE}    ticket: \"{'a' * 10_000}\"\n".encode()),
    Case("groups in a circle of a thousand", "case.yaml:2: groups.g0.groups: is within itself (g0 has g1 has g2",
         ("groups:\n" + "".join(f"  g{n}: {{groups: [g{(n + 1) % 1000}]}}\n" for n in range(1000))).encode()),
    Case("a key of 100,000 characters", "case.yaml:", f"rules:\n  {'x' * 100_000}: {{effect: deny}}\n".encode()),
]  # fmt: skip


@pytest.fixture
def set_in_force(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PolicySource:
    """A whole set in a folder `set`. That files are waited for is tested elsewhere, so here they are not."""
    monkeypatch.setattr(source, "QUIET", 0.0)
    return PolicySource(write(tmp_path / "set", {"base/common.yaml": WHOLE, "base/rules.yaml": RULES}))


def refused(in_force: PolicySource, folder: Path, content: bytes) -> str:
    """Put a file beside a set that is in force; gives what is told, once nothing else has changed."""
    before = in_force.current
    (folder / "set/case.yaml").write_bytes(content)
    began = time.process_time()

    assert not in_force.refresh()
    assert before is in_force.current
    assert time.process_time() - began < 10
    return in_force.problem


@pytest.mark.parametrize("case", WRITTEN, ids=lambda case: case.name)
def test_written(case: Case, set_in_force: PolicySource, tmp_path: Path):
    """Of each file the one problem is told, word for word."""
    assert case.told == refused(set_in_force, tmp_path, case.content)
    (tmp_path / "set/case.yaml").write_text("{}\n")
    set_in_force.refresh()
    assert "" == set_in_force.problem


@pytest.mark.parametrize("case", MADE, ids=lambda case: case.name)
def test_made(case: Case, set_in_force: PolicySource, tmp_path: Path):
    """Of each file that is large or deep the problem is told as well, in one line, and soon."""
    told = refused(set_in_force, tmp_path, case.content)
    problems = [line for line in told.splitlines() if not line.startswith("    ")]

    assert told.startswith(case.told)
    assert 1 == len(problems)


def test_there_are_enough():
    """The corpus has what it is to have: each case of another name, and many."""
    names = [case.name for case in (*WRITTEN, *MADE)]

    assert len(names) == len(set(names))
    assert len(names) >= FEWEST


def test_every_key_of_a_rule_is_there():
    """Every key that a rule, a stage, a window, an obligation, a group or a rota has is wrong in some case."""
    told = "\n".join(case.told for case in WRITTEN)
    for spec in (
        RuleSpec,
        StageSpec,
        WindowSpec,
        ObligationsSpec,
        WhenSpec,
        GroupSpec,
        RotaSpec,
        OverrideSpec,
        QuietSpec,
    ):
        for name, field in spec.model_fields.items():
            key = field.alias or name
            assert re.search(rf"\.{key}[:.\[]", told), f"{spec.__name__}.{key}"
