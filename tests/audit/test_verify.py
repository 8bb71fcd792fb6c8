"""Contract of verification: the first entry that is not as it was recorded is found, and what became of it.

What a log alone cannot show, a checkpoint taken before does.
"""

import sqlite3
from contextlib import closing, contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.audit.chain import COLUMNS, Head, Row, hash_of
from app.audit.log import AuditLog
from tests.audit.stories import automatic, denied, lapsed, many_stories, originated, whole_story

EVENTS = sorted([*whole_story(), *denied(), *automatic(), *lapsed()], key=lambda event: event.at)
SIZE = len(EVENTS)
PLACES = st.integers(1, SIZE)
INSERT = f"INSERT INTO entries ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608

REDEFINE = "UPDATE sqlite_master SET sql = replace(sql, ?, ?) WHERE name = 'by_request'"


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """A log of four stories, as bytes, and its head."""
    path = tmp_path_factory.mktemp("recorded") / "audit.sqlite3"
    with closing(AuditLog(path)) as log:
        log.append(originated(EVENTS))
        head = log.head()
    return path.read_bytes(), head


@pytest.fixture
def tampered(recorded, tmp_path):
    """Gives a copy of the log to change by SQL, as someone would who may write the file."""
    path = tmp_path / "audit.sqlite3"

    @contextmanager
    def change():
        path.write_bytes(recorded[0])
        with closing(sqlite3.connect(path)) as file:
            file.execute("PRAGMA synchronous = OFF")
            yield file
            file.commit()

    change.path, change.head = path, recorded[1]
    return change


def found(tampered, expected=None):
    with closing(AuditLog(tampered.path, read_only=True)) as log:
        return log.verify(expected).problem


def rows(file):
    return [Row(*values) for values in file.execute(f"SELECT {COLUMNS} FROM entries ORDER BY sequence")]  # noqa: S608


def rewrite(file, changed):
    file.execute("DELETE FROM entries")
    file.executemany(INSERT, changed)


def other_value(column, old, data):
    """Another value of the kind that the column holds, or of one that it should not."""
    if column == "sequence":
        return data.draw(st.integers(-3, SIZE + 3).filter(lambda new: new != old))
    if isinstance(old, int):
        strange = st.one_of(st.just("banana"), st.just(b"\x00"), st.just(old + 0.5))
        return data.draw(st.one_of(st.integers(-(2**62), 2**62).filter(lambda new: new != old), strange))
    place = data.draw(st.integers(0, len(old) - 1))
    letter = data.draw(st.sampled_from("0aA\n\x00é"))
    edits = (old[:place] + letter + old[place:], old[:place] + old[place + 1 :], old.encode(), old[::-1], "")
    return data.draw(st.sampled_from([edit for edit in edits if edit != old]))


@given(data=st.data(), place=PLACES, column=st.sampled_from(Row._fields))
def test_any_edit_of_any_column_is_found_at_its_place(tampered, data, place, column):
    """Whatever is changed about one entry, verification stops at that entry."""
    with tampered() as file:
        new = other_value(column, getattr(rows(file)[place - 1], column), data)
        try:
            file.execute(f"UPDATE entries SET {column} = ? WHERE sequence = ?", (new, place))  # noqa: S608
        except sqlite3.IntegrityError:
            return  # a sequence or an origin that another entry has
    problem = found(tampered, tampered.head)
    if column == "sequence":
        expected = new if new < 1 else place
        assert (expected, True) == (problem.sequence, str(expected) in problem.what)
    else:
        assert place == problem.sequence
        assert "edited" in problem.what


@given(place=PLACES)
def test_a_removed_entry_is_found_missing(tampered, place):
    """A gap in the sequence is where something was removed; at the end only the checkpoint shows it."""
    with tampered() as file:
        file.execute("DELETE FROM entries WHERE sequence = ?", (place,))
    assert (place, True) == (
        found(tampered, tampered.head).sequence,
        "missing" in found(tampered, tampered.head).what,
    )
    assert (place == SIZE) == (found(tampered) is None)


@given(place=st.integers(1, SIZE - 1))
def test_a_removal_that_renumbers_the_rest_is_found(tampered, place):
    """The entry that took the removed one's number was recorded as another one."""
    with tampered() as file:
        rewrite(file, [row for row in rows(file) if row.sequence < place] + [
            row._replace(sequence=row.sequence - 1) for row in rows(file) if row.sequence > place
        ])  # fmt: skip
    problem = found(tampered)
    assert (place, True) == (problem.sequence, f"recorded as entry {place + 1}" in problem.what)


@given(pair=st.lists(PLACES, min_size=2, max_size=2, unique=True).map(sorted))
def test_swapped_entries_are_found_at_the_first_of_them(tampered, pair):
    """What stands at the first place is told to belong to the other one."""
    first, second = pair
    with tampered() as file:
        changed = rows(file)
        changed[first - 1], changed[second - 1] = (
            changed[second - 1]._replace(sequence=first),
            changed[first - 1]._replace(sequence=second),
        )
        rewrite(file, changed)
    problem = found(tampered)
    assert (first, True) == (problem.sequence, f"recorded as entry {second}" in problem.what)


@given(place=st.integers(1, SIZE + 1), honest=st.booleans())
def test_an_inserted_entry_is_found(tampered, place, honest):
    """Found at its place; where its hash was computed for it, at the next one, which does not follow it."""
    with tampered() as file:
        old = rows(file)
        before = old[place - 2].hash if place > 1 else old[0].previous
        forged = old[0]._replace(sequence=place, stream_id="9-9", request_id="R02-F0RGED0", previous=before)
        forged = forged._replace(hash=hash_of(forged) if honest else "f" * 64)
        rest = [row._replace(sequence=row.sequence + 1) for row in old if row.sequence >= place]
        rewrite(file, [row for row in old if row.sequence < place] + [forged] + rest)
    problem = found(tampered)
    if honest and place == SIZE + 1:
        assert problem is None  # as good as appended by the bot: nothing that a checkpoint covers was changed
        assert found(tampered, tampered.head) is None
    else:
        assert place + honest == problem.sequence


@given(place=st.integers(1, SIZE - 1))
def test_an_entry_replaced_with_a_hash_of_its_own_is_found_at_the_next(tampered, place):
    """Who computes one hash anew must compute all that follow."""
    with tampered() as file:
        row = rows(file)[place - 1]
        forged = row._replace(event=row.event.replace("INC-7", "INC-8"), at=row.at + 1)
        forged = forged._replace(hash=hash_of(forged))
        file.execute("DELETE FROM entries WHERE sequence = ?", (place,))
        file.execute(INSERT, forged)
    problem = found(tampered)
    assert (place + 1, f"entry {place} was replaced") == (problem.sequence, problem.what.split(": ")[1])


@given(place=PLACES)
def test_a_log_computed_anew_shows_against_a_checkpoint_alone(tampered, place):
    """Who may write the file can forge a sound log from an entry on; the head taken before tells."""
    with tampered() as file:
        changed, before = [], None
        for row in rows(file):
            edited = row._replace(at=row.at + 1) if row.sequence == place else row
            edited = edited._replace(previous=before.hash if before else row.previous)
            before = edited._replace(hash=hash_of(edited))
            changed.append(before)
        rewrite(file, changed)
        older = Head(place - 1, changed[place - 2].hash) if place > 1 else None
    assert found(tampered) is None
    problem = found(tampered, tampered.head)
    assert (SIZE, True) == (problem.sequence, "computed anew" in problem.what)
    assert found(tampered, older) is None  # a checkpoint covers what was before it


@given(kept=st.integers(0, SIZE - 1))
def test_a_cut_off_end_shows_against_a_checkpoint_alone(tampered, kept):
    """The chain of what is left is sound; the checkpoint knows of more."""
    with tampered() as file:
        file.execute("DELETE FROM entries WHERE sequence > ?", (kept,))
    assert found(tampered) is None
    problem = found(tampered, tampered.head)
    assert (kept + 1, True) == (problem.sequence, "cut off" in problem.what)


@pytest.mark.parametrize(
    "statement",
    ["UPDATE log SET id = 'other'", "UPDATE log SET began = began + 1", "INSERT INTO log VALUES ('b', 1)"],
)
def test_the_logs_own_id_is_covered(tampered, statement):
    """Entries cannot be carried over into another log."""
    with tampered() as file:
        file.execute(statement)
    problem = found(tampered)
    assert (0, True) == (problem.sequence, "id or date" in problem.what)


def test_an_index_that_hides_an_entry_is_found(tampered):
    """The entries are whole, yet a story would leave one out: the file's own structure is checked too."""
    with tampered() as file:
        file.execute("PRAGMA writable_schema = ON")
        file.execute(REDEFINE, ("(request_id, kind)", "(request_id, kind) WHERE sequence <> 3"))
        file.commit()
    with closing(sqlite3.connect(tampered.path)) as file:
        file.execute("REINDEX by_request")
        file.execute("PRAGMA writable_schema = ON")
        file.execute(REDEFINE, (" WHERE sequence <> 3", ""))
        file.commit()
    problem = found(tampered)
    assert (0, True) == (problem.sequence, "damaged" in problem.what)


@given(events=many_stories())
def test_an_untouched_log_is_sound_against_every_head_it_had(tmp_path_factory, events):
    """Each head that the log ever had stays a valid checkpoint."""
    with closing(AuditLog(tmp_path_factory.mktemp("log") / "audit.sqlite3")) as log:
        heads = [log.head()]
        for entry in originated(events):
            log.append([entry])
            heads.append(log.head())
        for head in heads[:: max(1, len(heads) // 8)]:
            assert (True, heads[-1]) == (log.verify(head).is_sound, log.verify(head).head)
