"""Contract: the policy in force is the last whole set that the files held.

A broken set is told and never used; a folder or file that is gone is a problem and not an empty policy; a
file that is being written is waited for.
"""

import os
import threading
import time
from pathlib import Path

import pytest

from app.policy import PolicyError, PolicySource
from app.policy.source import QUIET
from tests.policy.sets import COMMON, RULES, an_ask, write

SHORTER = RULES.replace("longer_than: 1h", "longer_than: 30m")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write(tmp_path / "set", {"common.yaml": COMMON, "rules/rules.yaml": RULES})


@pytest.fixture
def source(folder: Path) -> PolicySource:
    return PolicySource(folder)


def test_broken_at_start(folder: Path):
    """There is no source of a broken set."""
    (folder / "rules/rules.yaml").write_text(RULES.replace("effect: deny", "effect: dney"))
    with pytest.raises(
        PolicyError, match=r"rules/rules.yaml:14: rules.payments-short.effect: is “dney”; write deny"
    ):
        PolicySource(folder)


def test_nothing_changed(source: PolicySource):
    """Looking again changes nothing, and is quick."""
    before = source.current
    time.sleep(QUIET)
    source.refresh()
    began = time.perf_counter()

    assert not source.refresh()
    assert time.perf_counter() - began < 0.05
    assert before is source.current
    assert "" == source.problem


def test_changed(source: PolicySource, folder: Path):
    """A changed and valid set comes into force, once."""
    before = source.current.digest
    (folder / "rules/rules.yaml").write_text(SHORTER)

    assert source.refresh()
    assert before != source.current.digest
    assert not source.refresh()


def test_same_size_and_time(source: PolicySource, folder: Path):
    """A change that keeps a file's size and sets back its time is seen all the same."""
    path = folder / "rules/rules.yaml"
    status = path.stat()
    path.write_text(RULES.replace("longer_than: 1h", "longer_than: 2h"))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))

    assert source.refresh()


def test_comments(source: PolicySource, folder: Path):
    """Comments change nothing: the policy that is in force stays the same one."""
    before = source.current
    (folder / "common.yaml").write_text("# reviewed\n" + COMMON)

    assert not source.refresh()
    assert before is source.current


def test_broken_and_mended(source: PolicySource, folder: Path):
    """A broken set leaves the old one in force and says what is wrong, until it is mended."""
    before = source.current
    (folder / "rules/rules.yaml").write_text(SHORTER.replace("effect: deny", "effect: dney"))

    assert not source.refresh()
    assert before is source.current
    assert source.problem.startswith(
        "rules/rules.yaml:14: rules.payments-short.effect: is “dney”; write deny"
    )
    assert not source.refresh()
    assert source.problem

    (folder / "rules/rules.yaml").write_text(SHORTER)
    assert source.refresh()
    assert before.digest != source.current.digest
    assert "" == source.problem


def test_taken_back(source: PolicySource, folder: Path):
    """A broken change that is taken back is no problem any more, and nothing has changed."""
    (folder / "common.yaml").write_text("people: [")
    source.refresh()
    (folder / "common.yaml").write_text(COMMON)

    assert not source.refresh()
    assert "" == source.problem


@pytest.mark.parametrize("content", ["", "rules:\n", RULES[:150], "# nothing yet\n", "\x00" * 50])
def test_half_written(source: PolicySource, folder: Path, content: str):
    """A file that is cut off, truncated or full of zeros leaves the old policy in force."""
    before = source.current
    (folder / "rules/rules.yaml").write_text(content)

    assert not source.refresh()
    assert before is source.current
    assert source.problem.startswith("rules/rules.yaml:")


def test_being_written(source: PolicySource, folder: Path):
    """A file that is still being written, and reads well at each moment, counts only once it rests."""
    path = folder / "rules/rules.yaml"
    parts = [
        SHORTER[: SHORTER.index("  sandbox-for-all")],
        SHORTER[: SHORTER.index("  payments-short")],
        SHORTER,
    ]

    def write_slowly() -> None:
        for part in parts:
            path.write_text(part)
            time.sleep(QUIET / 2)

    writer = threading.Thread(target=write_slowly)
    writer.start()
    time.sleep(QUIET / 4)
    assert source.refresh()
    writer.join()

    ask = an_ask(source.current, resource="payments-db", seconds=1801)
    assert ("payments-short",) == source.current.judge(ask).rules


def test_vanished_file(source: PolicySource, folder: Path):
    """A file that is gone takes no rule with it; once it is back, all is well."""
    before = source.current
    (folder / "rules/rules.yaml").rename(folder / "kept")

    assert not source.refresh()
    assert before is source.current
    assert source.problem.startswith(
        "rules/rules.yaml:0: is gone, and with it rules.ask-a-dba, rules.payments-short, "
        "rules.sandbox-for-all; put it back"
    )

    (folder / "kept").rename(folder / "rules/rules.yaml")
    assert not source.refresh()
    assert "" == source.problem


def test_moved_entries(source: PolicySource, folder: Path):
    """A file may go when all that it defined stands elsewhere."""
    before = source.current
    (folder / "rules/rules.yaml").unlink()
    (folder / "renamed.yaml").write_text(RULES)

    assert not source.refresh()
    assert before is source.current
    assert "" == source.problem


def test_emptied_on_purpose(source: PolicySource, folder: Path):
    """A file that says {} holds nothing on purpose, and may then go."""
    (folder / "rules/rules.yaml").write_text("{}\n")
    assert source.refresh()
    (folder / "rules/rules.yaml").unlink()

    assert not source.refresh()
    assert "" == source.problem


def test_vanished_folder(source: PolicySource, folder: Path):
    """A folder that is gone, or empty, leaves the policy in force; once it is back, all is well."""
    before = source.current
    folder.rename(folder.with_name("kept"))

    assert not source.refresh()
    assert source.problem.startswith("set:0: ")
    assert "No such file or directory" in source.problem

    folder.mkdir()
    assert not source.refresh()
    assert "set:0: has no policy files; there must be some, named *.yaml" == source.problem

    folder.rmdir()
    folder.with_name("kept").rename(folder)
    assert not source.refresh()
    assert before is source.current
    assert "" == source.problem


def test_swapped_link(tmp_path: Path):
    """A folder that is a link, swapped in one step as deployments do, is followed."""
    write(tmp_path / "one", {"common.yaml": COMMON, "rules.yaml": RULES})
    write(tmp_path / "two", {"common.yaml": COMMON, "rules.yaml": SHORTER})
    (tmp_path / "now").symlink_to("one")
    source = PolicySource(tmp_path / "now")
    (tmp_path / "next").symlink_to("two")
    (tmp_path / "next").replace(tmp_path / "now")

    assert source.refresh()


def test_dangling_link(source: PolicySource, folder: Path):
    """A link to nothing is a file that cannot be read."""
    (folder / "more.yaml").symlink_to("nowhere")

    assert not source.refresh()
    assert (
        "more.yaml:0: cannot be read (No such file or directory); it must be there and readable"
        == source.problem
    )


def test_read_while_it_changes(source: PolicySource, folder: Path):
    """Written over and over by someone else, the set in force is always a whole one."""
    done = threading.Event()

    def write_over_and_over() -> None:
        number = 0
        while not done.is_set():
            number += 1
            (folder / "rules/rules.yaml").write_text(RULES.replace("1h", f"{number}m") * (1 + number % 2))
            time.sleep(0.01)

    writer = threading.Thread(target=write_over_and_over)
    before = source.current
    writer.start()
    try:
        assert not source.refresh()
    finally:
        done.set()
        writer.join()

    assert before is source.current
    assert source.problem == "set:0: the files keep changing; let them rest"
    (folder / "rules/rules.yaml").write_text(SHORTER)
    assert source.refresh()
