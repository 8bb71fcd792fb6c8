"""Contract: a policy file is read as it looks, or refused with the line of what would mislead.

Every key has its line; scalars are text; no file, whatever is in it, does anything but be read or be refused.
"""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.policy.yaml_file import LARGEST_FILE, BrokenFileError, parse, read_file


def refused(text: str) -> str:
    with pytest.raises(BrokenFileError) as error:
        parse(text, "a.yaml")
    return str(error.value)


def test_scalars_are_text():
    """What YAML 1.1 would turn into booleans, numbers and times stays what it looks like."""
    tree = parse("a: no\nb: 1e3\nc: 22:30\nd: 0x10\ne: 2026-03-02\nf: '~'\n", "a.yaml").tree

    assert {"a": "no", "b": "1e3", "c": "22:30", "d": "0x10", "e": "2026-03-02", "f": "~"} == tree


@pytest.mark.parametrize("nothing", ["", "~", "null"])
def test_no_value(nothing):
    """A key without a value has none."""
    assert {"a": None} == parse(f"a: {nothing}\n", "a.yaml").tree


def test_lines_of_keys_and_items():
    """The line of a path is that of its key or item, in block and flow style alike."""
    document = parse("# comment\na:\n  b:\n    - x\n    - y: 1\n      z: {q: 2,\n        r: 3}\n", "a.yaml")

    assert [2, 3, 4, 5, 6, 7] == [
        document.line(path)
        for path in [("a",), ("a", "b"), ("a", "b", 0), ("a", "b", 1, "y"), ("a", "b", 1, "z"),
                     ("a", "b", 1, "z", "r")]
    ]  # fmt: skip


def test_line_of_what_is_missing():
    """What is not there is looked for at what would hold it."""
    document = parse("a:\n  b: {c: 1}\n", "a.yaml")

    assert [1, 2, 2, 2] == [
        document.line(path) for path in [("x",), ("a", "b", "x"), ("a", "b", "c", 0), ("a", "b", "c", "d")]
    ]


def test_duplicate_keys_are_all_told():
    """A key that stands twice is a problem with its line, path and first line; each is told."""
    document = parse("a:\n  b: 1\n  c: 2\n  b: 3\nd:\n  - {e: 1, e: 2}\n", "a.yaml")

    assert [
        "a.yaml:4: a.b: stands here twice, first in line 2; keep one",
        "a.yaml:6: d[0].e: stands here twice, first in line 6; keep one",
    ] == [str(problem) for problem in document.problems]


def test_aliases_and_merge_keys():
    """An alias stands for its anchor; a merge key fills in what is not there."""
    tree = parse("a: &x {k: 1, l: 2}\nb: *x\nc: {<<: *x, k: 3}\nd: {<<: [*x, {m: 4}]}\n", "a.yaml").tree

    assert {"k": "1", "l": "2"} == tree["b"]
    assert {"k": "3", "l": "2"} == tree["c"]
    assert {"k": "1", "l": "2", "m": "4"} == tree["d"]


def test_alias_bomb():
    """Aliases of aliases are counted for what they expand to, before anything is expanded."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 12)]

    told = "expands by its aliases to more than a million values; write it out"
    assert f"a.yaml:6: a5: {told}" == refused("\n".join(lines))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a: 1\nb:\n\tc: 1\n", "a.yaml:3: is indented with a tab; indent with spaces"),
        ("a: 1\n  \tb: 1\n", "a.yaml:2: is indented with a tab; indent with spaces"),
        ("", "a.yaml:1: is empty; write {} if it is to hold nothing"),
        ("# only a comment\n", "a.yaml:1: is empty; write {} if it is to hold nothing"),
        ("- a\n", "a.yaml:1: is not a mapping; begin with a key such as  rules:"),
        ("a: 1\n---\nb: 2\n", "a.yaml:2: has a second document; put all keys under one, without ---"),
        ("a:\n  b: !!python/name:os.system x\n", "a.yaml:2: a.b: has the tag tag:yaml.org,2002:python/name:"),
        ("a: !!str 1\n", "a.yaml:1: a: has the tag tag:yaml.org,2002:str; policies use no tags"),
        ("a: ! [b]\n", "a.yaml:1: a: has the tag !; policies use no tags"),
        ("a: 1\nb: &x [*x]\n", "a.yaml:2: b[0]: *x is part of itself"),
        ("a: 1\nb: *x\n", "a.yaml:2: b: *x stands for nothing; write &x before it"),
        ("? [a]\n: 1\n", "a.yaml:1: has a key that is not text"),
        ("~: 1\n", "a.yaml:1: has a key that is not text"),
        ("a: {<<: 1}\n", "a.yaml:1: a: << takes a mapping"),
        ("a: 1\n b: 2\n", "a.yaml:2: is not YAML: "),
        ("a: [1,\nb: 2\n", "a.yaml:3: is not YAML: "),
        ('a: 1\nb: "x\n', "a.yaml:3: is not YAML: "),
        ("a: 1\nb: x\x07\n", "a.yaml:2: has the character U+0007; remove it"),
        ("a: 1 # x\u202e\n", "a.yaml:1: has the character U+202E; remove it"),
        ("a: " + "[" * 30 + "]" * 30, "a.yaml:1: a[0]"),
        ("a: " + "[" * 500_000, "a.yaml:1: "),
        ("- " * 200_000, "a.yaml:1: "),
    ],
)
def test_refused(text, told):
    """What cannot be read, or reads otherwise than it looks, is refused where it stands."""
    assert refused(text).startswith(told)


def test_unreadable_files(tmp_path: Path):
    """A file that is too large, not UTF-8, not there or not a file is refused."""
    (tmp_path / "large.yaml").write_bytes(b"a: " + b"x" * LARGEST_FILE)
    (tmp_path / "latin.yaml").write_bytes(b"a: 1\nb: caf\xe9\n")
    (tmp_path / "wide.yaml").write_bytes("a: 1\n".encode("utf-16"))
    (tmp_path / "folder.yaml").mkdir()
    told = []
    for name in ("large", "latin", "wide", "folder", "gone"):
        with pytest.raises(BrokenFileError) as error:
            read_file(tmp_path / f"{name}.yaml", f"{name}.yaml")
        told.append(str(error.value))

    assert [
        "large.yaml:1: is larger than 1 MiB; split it, files are merged",
        "latin.yaml:2: is not UTF-8; save it as UTF-8",
        "wide.yaml:1: is not UTF-8; save it as UTF-8",
        "folder.yaml:0: is not a file; policies are ordinary files",
        "gone.yaml:0: cannot be read (No such file or directory); it must be there and readable",
    ] == told


def test_byte_order_mark(tmp_path: Path):
    """A file saved with a byte order mark reads like one without."""
    (tmp_path / "a.yaml").write_bytes(b"\xef\xbb\xbfa: 1\n")

    assert {"a": "1"} == read_file(tmp_path / "a.yaml", "a.yaml").tree


@given(st.text(alphabet="ab:-[]{}&*<>!|?#'\"% \n\t~,\\\u202e", max_size=60))
def test_any_text_is_read_or_refused(text):
    """Whatever a file holds, reading it gives a mapping or says what is wrong, with a line that there is."""
    try:
        document = parse(text, "a.yaml")
    except BrokenFileError as error:
        assert 1 <= error.problem.line <= text.count("\n") + 1  # noqa: PT017  either way is right
    else:
        assert isinstance(document.tree, dict)
