"""Contract of the audit log: every event once, in one order, whole batches, from any thread or process.

It is told apart from any other file before it is touched, and only its owner can read it.
"""

import multiprocessing
import os
import random
import signal
import sqlite3
import stat
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.audit import chain
from app.audit.chain import Head
from app.audit.log import AuditLog, AuditLogError
from app.domain import transitions as t
from tests.audit.stories import automatic, denied, live_request, many_stories, originated, whole_story
from tests.people import NOW, a_request

MINUTE = timedelta(minutes=1)
FORK = multiprocessing.get_context("fork")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "audit.sqlite3"


@pytest.fixture
def log(path):
    with closing(AuditLog(path)) as made:
        yield made


def ticking():
    """A clock that goes a second further each time it is looked at."""
    seconds = iter(range(10**9))
    return lambda: NOW + timedelta(seconds=next(seconds))


def contents(log):
    return [(e.sequence, e.partition, e.stream_id, e.event) for e in log.latest(10**6)]


@given(data=st.data(), events=many_stories())
def test_any_batching_with_any_repeats_gives_the_same_log(tmp_path_factory, data, events):
    """However the outbox cuts and repeats, each event is in the log once, in order, from sequence 1."""
    entries, at = originated(events), 0
    with closing(AuditLog(tmp_path_factory.mktemp("log") / "audit.sqlite3")) as log:
        while at < len(entries):
            end = data.draw(st.integers(at + 1, len(entries)))
            begin = data.draw(st.integers(0, at))
            log.append(entries[begin:end] + entries[begin : data.draw(st.integers(begin, end))])
            at = end
        assert [(n, *entry) for n, entry in enumerate(entries, 1)] == contents(log)
        assert log.verify(log.head()).is_sound
        assert len(entries) == log.head().size


def test_each_entry_is_chained_as_the_format_says(path):
    """The hashes can be computed from the documentation alone, with nothing of ours."""
    import hashlib
    import json

    with closing(AuditLog(path, clock=ticking())) as log:
        log.append(originated(whole_story(), partition=7))
        head = log.head()
    with closing(sqlite3.connect(path)) as file:
        ((log_id, began),) = file.execute("SELECT id, began FROM log")
        rows = file.execute("SELECT * FROM entries ORDER BY sequence").fetchall()
    before = hashlib.sha256(f"jit-audit-1\n{log_id}\n{began}".encode()).hexdigest()
    for sequence, previous, partition, stream_id, recorded_at, at, request_id, kind, event, own in rows:
        assert before == previous
        lines = [
            "jit-audit-1",
            sequence,
            previous,
            partition,
            stream_id,
            recorded_at,
            at,
            request_id,
            kind,
            event,
        ]
        before = hashlib.sha256("\n".join(map(str, lines)).encode()).hexdigest()
        assert before == own
        content = json.loads(event)
        assert (content["request_id"], content["kind"], 7) == (request_id, kind, partition)
        assert event == json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        assert datetime.fromisoformat(content["at"]) == NOW + timedelta(
            microseconds=at - chain.to_microseconds(NOW)
        )
    assert (len(rows), before) == head


def test_the_same_origin_with_another_event_is_refused_and_nothing_recorded(log):
    """Silently skipping it would lose an event; the batch that it is in is not recorded either."""
    first, *others = originated(whole_story())
    log.append([first])
    impostor = (first[0], first[1], denied()[0])
    with pytest.raises(AuditLogError, match=r"entry 1 came from .* of partition 2"):
        log.append([*others, impostor])
    assert 1 == log.head().size


def test_a_batch_is_recorded_whole_or_not_at_all(log):
    """An error in the middle of a batch leaves nothing of it."""

    def breaking():
        yield from originated(whole_story())[:4]
        raise RuntimeError

    with pytest.raises(RuntimeError):
        log.append(breaking())
    assert (0, True) == (log.head().size, log.verify().is_sound)
    log.append(originated(whole_story()))
    assert len(whole_story()) == log.head().size


def test_a_story_is_its_requests_alone(log):
    """Other requests' events are not in it, and its own are in their order."""
    mixed = sorted([*whole_story(), *denied(), *automatic()], key=lambda event: event.at)
    log.append(originated(mixed))
    assert whole_story() == [entry.event for entry in log.story("R02-4KX9TQZ")]
    assert [] == log.story("R02-N0SVCH0")
    assert whole_story()[0] == log.asked("R02-4KX9TQZ")
    assert log.asked("R02-N0SVCH0") is None


@given(events=many_stories(), begin=st.integers(-10, 20_000), length=st.integers(0, 20_000))
def test_between_takes_since_and_leaves_until(tmp_path_factory, events, begin, length):
    """What happened at `since` is in, what happened at `until` is not, and the order is the log's."""
    since = NOW + timedelta(seconds=begin)
    until = since + timedelta(seconds=length)
    with closing(AuditLog(tmp_path_factory.mktemp("log") / "audit.sqlite3")) as log:
        log.append(originated(events))
        assert [e for e in events if since <= e.at < until] == [r.event for r in log.between(since, until)]


def test_what_is_recorded_late_comes_with_the_window_in_which_it_was_recorded(path):
    """An event whose consumer was down when its own digest was made is in the next one."""
    late = NOW + timedelta(days=2)
    with closing(AuditLog(path, clock=lambda: late)) as log:
        log.append(originated(denied()))
        assert denied() == [entry.event for entry in log.between(NOW, NOW + timedelta(days=1))]
        assert [] == log.between(NOW + timedelta(days=1), late)
        assert denied() == [entry.event for entry in log.between(late, late + timedelta(days=1))]


def test_a_log_began_when_it_was_made_or_with_its_first_event(path):
    """The first digest is about the first window that had a log, or something to tell of."""
    with closing(AuditLog(path, clock=lambda: NOW)) as log:
        assert (False, True) == (log.began_before(NOW), log.began_before(NOW + timedelta(microseconds=1)))
        log.append(originated([t.ask(a_request(now=NOW - MINUTE))[1]]))
        assert (False, True) == (log.began_before(NOW - MINUTE), log.began_before(NOW))


def test_what_is_unended(log):
    """A begun grant counts until it failed or is confirmed to be gone."""
    request, events = live_request()
    log.append(originated([*whole_story(), *automatic(), *denied(), *events]))
    assert [request.id] == log.unended()


def test_a_log_keeps_its_id_and_its_entries(path):
    """Opened again, it is the same log; another one has another id."""
    with closing(AuditLog(path)) as log:
        log.append(originated(whole_story()))
        was = (log.log_id, log.head(), contents(log))
    with closing(AuditLog(path)) as log:
        assert was == (log.log_id, log.head(), contents(log))
    with closing(AuditLog(path.with_name("other"))) as other:
        assert was[0] != other.log_id
        assert was[1].root != other.head().root


def test_empty_logs_have_heads_of_their_own(log, path):
    """Even a log without entries has a checkpoint that no other one has."""
    with closing(AuditLog(path.with_name("other"))) as other:
        assert (0, 0) == (log.head().size, other.head().size)
        assert log.head() != other.head()
        assert log.verify(log.head()).is_sound
        assert not log.verify(other.head()).is_sound


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_only_its_owner_can_read_a_log(path, umask):
    """The file, and what SQLite keeps beside it, has mode 0600 whatever the umask."""
    before = os.umask(umask)
    try:
        with closing(AuditLog(path)) as log:
            log.append(originated(whole_story()))
            modes = {each.name: stat.S_IMODE(each.stat().st_mode) for each in path.parent.iterdir()}
    finally:
        os.umask(before)
    assert {"audit.sqlite3": 0o600, "audit.sqlite3-shm": 0o600, "audit.sqlite3-wal": 0o600} == modes


@pytest.mark.parametrize(
    "ask",
    [
        lambda log: log.story("R02-4KX9TQZ"),
        lambda log: log.asked("R02-4KX9TQZ"),
        lambda log: log.between(NOW, NOW + MINUTE),
        lambda log: log.began_before(NOW - timedelta(days=400)),
        lambda log: log.append(originated(denied())),
    ],
)
def test_questions_do_not_scan(log, ask):
    """The cost of a question, and of recording, does not follow the size of the log."""
    asked = []
    for connection in (log._reader, log._writer):
        connection.set_trace_callback(asked.append)
    ask(log)
    for connection in (log._reader, log._writer):
        connection.set_trace_callback(None)
    asked = [query for query in asked if query.startswith("SELECT") and "DESC LIMIT 1" not in query]
    steps = [row[3] for query in asked for row in log._reader.execute(f"EXPLAIN QUERY PLAN {query}")]
    assert [] == [step for step in steps if step.startswith("SCAN entries")]
    assert any(step.startswith("SEARCH entries") for step in steps)


# -- who cannot use it, and what they are told -----------------------------------------------------------


def test_a_missing_directory_is_named(tmp_path):
    """The message gives the path and what to do."""
    with pytest.raises(
        AuditLogError, match=r"nowhere/audit.sqlite3: there is no directory .*nowhere. Make it"
    ):
        AuditLog(tmp_path / "nowhere" / "audit.sqlite3")


def test_a_directory_is_not_a_log(tmp_path):
    """The name is taken by a directory."""
    with pytest.raises(AuditLogError, match="it is a directory"):
        AuditLog(tmp_path)


@pytest.mark.parametrize("content", [b"not SQLite\n" * 200, b"SQLite format 3\0" + b"x" * 4000])
def test_a_file_that_is_not_a_log_is_left_as_it_is(path, content):
    """Nothing is written into it."""
    path.write_bytes(content)
    with pytest.raises(AuditLogError, match="not an audit log"):
        AuditLog(path)
    assert content == path.read_bytes()


def test_another_programs_database_is_left_as_it_is(path):
    """An SQLite file without the log's mark gets no table of ours."""
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE theirs (a)")
    was = path.read_bytes()
    with pytest.raises(AuditLogError, match="another program's database"):
        AuditLog(path)
    assert was == path.read_bytes()


def test_a_newer_format_is_not_guessed_at(path):
    """A version that does not know a format says so, and which it knows."""
    AuditLog(path).close()
    with closing(sqlite3.connect(path)) as file:
        file.execute("PRAGMA user_version = 2")
    with pytest.raises(AuditLogError, match="format is 2, and this version reads up to 1"):
        AuditLog(path)


def test_a_read_only_log_is_refused_at_once():
    """Whoever may not write it hears so when it is opened, and not at the first event."""
    answer = FORK.Queue()

    def attempt(path):
        if os.getuid() == 0:
            os.setuid(65534)  # for root nothing is read-only
        try:
            AuditLog(path)
        except AuditLogError as error:
            answer.put(str(error))
        else:
            answer.put("opened")

    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "audit.sqlite3"
        AuditLog(path).close()
        path.chmod(0o444)
        path.parent.chmod(0o755)
        child = FORK.Process(target=attempt, args=(path,))
        child.start()
        said = answer.get(timeout=20)
        child.join(20)
    assert f"audit log {path}: it is read-only. Give the user of the bot the right to write it" in said


def test_a_closed_log_says_so(path):
    """Neither appending nor reading works after close."""
    log = AuditLog(path)
    log.close()
    for use in (lambda: log.append(originated(denied())), log.head, lambda: log.story("R")):
        with pytest.raises(AuditLogError, match="closed"):
            use()


def test_an_event_of_an_unknown_kind_is_told_and_not_skipped(log, path):
    """A story that cannot be told whole is not told in part."""
    log.append(originated(denied()))
    with closing(sqlite3.connect(path)) as file:
        file.execute("""UPDATE entries SET event = '{"kind": "from_the_future"}' WHERE sequence = 2""")
        file.commit()
    with pytest.raises(AuditLogError, match="entry 2 cannot be read"):
        log.story("R01-DEN1ED0")


# -- read by others -----------------------------------------------------------------------------------------


def test_reading_a_resting_log_leaves_no_trace(path):
    """No file is made or changed beside the log, nor the log itself."""
    with closing(AuditLog(path)) as log:
        log.append(originated(whole_story()))
    was = path.stat()
    with closing(AuditLog(path, read_only=True)) as log:
        assert (9, True, False) == (len(log.latest(100)), log.verify().is_sound, log.is_outdated)
    assert [path] == list(path.parent.iterdir())
    assert (was.st_mtime_ns, was.st_size) == (path.stat().st_mtime_ns, path.stat().st_size)


def test_reading_makes_no_log(path):
    """A missing log stays missing."""
    with pytest.raises(AuditLogError, match=r"there is none\. Name the bot's data directory"):
        AuditLog(path, read_only=True)
    assert [] == list(path.parent.iterdir())


def test_an_empty_file_is_no_log_to_read(path):
    """What a bot that was killed at its very first step left is told as such; a bot goes on from it."""
    path.touch()
    with pytest.raises(AuditLogError, match="it is empty"):
        AuditLog(path, read_only=True)
    with closing(AuditLog(path)) as log:
        log.append(originated(denied()))
        assert log.verify().is_sound


def test_a_reader_writes_nothing(path):
    """Opened to be read, a log takes no event."""
    AuditLog(path).close()
    with closing(AuditLog(path, read_only=True)) as log, pytest.raises(AuditLogError, match="read only"):
        log.append(originated(denied()))


def test_a_reader_sees_what_is_written_meanwhile(path):
    """Reading works while the bot writes, and sees each batch whole."""
    story = whole_story()
    with closing(AuditLog(path)) as bot, closing(AuditLog(path, read_only=True)) as reader:
        assert 0 == reader.head().size
        bot.append(originated(story[:4]))
        assert (4, bot.head()) == (len(reader.latest(100)), reader.head())
        bot.append(originated(story))
        assert (story, True) == (
            [e.event for e in reader.story("R02-4KX9TQZ")],
            reader.verify(bot.head()).is_sound,
        )


def test_a_reader_of_a_resting_log_notices_a_writer(path):
    """A log at rest is read without locks, so a reader can tell that it must read again."""
    AuditLog(path).close()
    with closing(AuditLog(path, read_only=True)) as reader:
        with closing(AuditLog(path)) as bot:
            bot.append(originated(denied()))
            assert reader.is_outdated
        assert reader.is_outdated


# -- many at once, and ends in the middle ------------------------------------------------------------------


def test_threads_append_at_once(log):
    """Each event is there once, each thread's in its order, and readers are answered meanwhile."""
    seen = []

    def write(partition):
        events = [t.ask(a_request(request_id=f"R{partition:02d}-{n:07d}"))[1] for n in range(30)]
        for begin in range(0, 30, 5):
            log.append(originated(events, partition)[begin : begin + 5])
            seen.append(log.head().size)

    threads = [threading.Thread(target=write, args=(p,)) for p in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (240, True) == (log.head().size, log.verify().is_sound)
    assert 240 == max(seen)
    for partition in range(8):
        ids = [e.event.request_id for e in log.latest(300) if e.partition == partition]
        assert [f"R{partition:02d}-{n:07d}" for n in range(30)] == ids


def appending(path, partition, batches, begin):
    begin.wait()
    with closing(AuditLog(path)) as log:
        for batch in range(batches):
            events = [
                t.ask(a_request(request_id=f"R{partition:02d}-{batch:04d}{n:03d}"))[1] for n in range(3)
            ]
            log.append([(partition, f"{batch}-{n}", event) for n, event in enumerate(events)])


def test_two_processes_make_and_write_one_log(path):
    """Both start at once on no file; their writes are serialized, and batches stay together."""
    begin = FORK.Event()
    children = [FORK.Process(target=appending, args=(path, p, 20, begin)) for p in (0, 1)]
    for child in children:
        child.start()
    begin.set()
    for child in children:
        child.join(60)
    assert [0, 0] == [child.exitcode for child in children]
    with closing(AuditLog(path, read_only=True)) as log:
        assert (120, True) == (log.head().size, log.verify().is_sound)
        batches = [(e.partition, e.stream_id.split("-")[0]) for e in log.latest(1000)]
        assert [(a, a, a) for a in batches[::3]] == list(
            zip(batches[::3], batches[1::3], batches[2::3], strict=True)
        )


WRITER = """
import sys
from pathlib import Path
from app.audit.log import AuditLog
from app.domain import transitions as t
from tests.people import a_request
log = AuditLog(Path(sys.argv[1]))
event = t.ask(a_request(request_id="R02-4KX9TQZ"))[1]
batch = log.head().size // 7
while True:
    log.append([(2, f"{batch}-{n}", event) for n in range(7)])
    batch += 1
    print(batch, flush=True)
"""


def test_a_kill_at_any_instant_leaves_whole_batches(path):
    """What was acknowledged is there, a batch is there whole or not at all, and the chain holds."""
    chance = random.Random(7)  # noqa: S311  no secret
    acknowledged = 0
    for _ in range(12):
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True
        ) as child:
            child.stdout.readline()
            time.sleep(chance.random() / 20)
            child.send_signal(signal.SIGKILL)
            printed = child.stdout.read().split("\n")[:-1]
        acknowledged = max([acknowledged, *map(int, printed)])
        with closing(AuditLog(path, read_only=True)) as log:  # as `jit audit` does after a crash
            size = log.head().size
            assert (True, 0) == (log.verify().is_sound, size % 7)
            assert size // 7 >= acknowledged
    assert acknowledged > 12


def test_a_kill_while_a_log_is_made_leaves_one_that_can_be_made(path):
    """Whatever the first start left, the next one has a log."""
    code = "import sys; from pathlib import Path; from app.audit.log import AuditLog; print(flush=True); "
    code += "AuditLog(Path(sys.argv[1]))"
    chance = random.Random(3)  # noqa: S311  no secret
    for n in range(8):
        target = path.with_name(f"log{n}")
        with subprocess.Popen([sys.executable, "-c", code, str(target)], stdout=subprocess.PIPE) as child:
            child.stdout.readline()
            time.sleep(chance.random() / 100)
            child.send_signal(signal.SIGKILL)
        with closing(AuditLog(target)) as log:
            log.append(originated(denied()))
            assert log.verify().is_sound


def test_time_of_a_record_is_when_it_was_appended(path):
    """The clock is asked for each entry."""
    with closing(AuditLog(path, clock=ticking())) as log:
        log.append(originated(whole_story()))
        times = [entry.recorded_at for entry in log.latest(100)]
    assert {timedelta(seconds=1)} == {b - a for a, b in pairwise(times)}
    assert UTC is times[0].tzinfo


def test_a_head_reads_as_it_is_written():
    """SIZE:HASH both ways, however it was copied; what is not one is refused with its form."""
    head = Head(12, "0a" * 32)
    for text in (str(head), f" `{head}` ", str(head).upper()):
        assert head == chain.read_head(text)
    for wrong in ("", "12", "12:ab", f"-1:{'0' * 64}", f"x:{'0' * 64}", f"1:{'g' * 64}"):
        with pytest.raises(ValueError, match="SIZE:HASH"):
            chain.read_head(wrong)
