"""Second factors of people: their keys and apps, the codes they have tried, and enrolments that are under way.

They lie in the person's partition, beside the stream that tells of them, and last until they are removed.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, NamedTuple

from redis.asyncio import Redis

from app.domain.credential import Credential
from app.domain.events import Event, event_json
from app.domain.ids import partition_of
from app.store import keys
from app.store.requests import milliseconds, reachable
from app.store.scripts import Argument, Scripts

AT_MOST = 10
"""So many second factors may somebody have."""
APPS_AT_MOST = 2
"""Each app makes a guess of a code more likely to be right, so there are few: an old phone's and a new one's."""
TRIES = 5
TRIES_WITHIN = timedelta(minutes=15)
ANSWER_REMEMBERED = timedelta(minutes=15)
"""Above the time for which a challenge is good."""
ENROLLING = timedelta(minutes=10)
CHANGING = {"sign_count", "last_used_at", "secret", "step"}
"""Parts of a credential that are fields of their own, for scripts to compare and set."""


class Enrolled(NamedTuple):
    """What somebody has, and the server's clock when it was read. `codes` are the recovery codes left."""

    credentials: tuple[Credential, ...]
    codes: int
    codes_from: datetime | None
    now: datetime


class Tried(NamedTuple):
    """What came of a code; `after` is when there is a try again, or the code counts.

    `gone`: the app was removed meanwhile. `cooling` is of recovery codes alone.
    """

    outcome: Literal["ok", "wrong", "used", "locked", "gone", "cooling"]
    after: timedelta
    left: int = 0


class FactorStore:
    """Second factors in Redis. Raises Unavailable whenever the server cannot be reached."""

    def __init__(self, client: Redis) -> None:
        self._redis = client
        self._scripts = Scripts(client)

    async def of(self, person: str) -> Enrolled:
        """Read what somebody has, the first that was added first."""
        async with reachable(), self._redis.pipeline(transaction=True) as pipeline:
            pipeline.hgetall(keys.factors(person))
            pipeline.hlen(keys.recovery(person))
            pipeline.hget(keys.recovery(person), "from")
            pipeline.time()
            fields, codes, codes_from, (seconds, micros) = await pipeline.execute()
        now = datetime.fromtimestamp(int(seconds) + int(micros) / 1_000_000, UTC)
        found = [_read(fields, field[4:]) for field in fields if field.startswith("doc:")]
        found.sort(key=lambda each: (each.created_at, each.id))
        since = datetime.fromtimestamp(int(codes_from) / 1000, UTC) if codes_from else None
        return Enrolled(tuple(found), max(0, codes - 1), since, now)

    async def add(
        self, person: str, credential: Credential, event: Event, codes: Sequence[str] = ()
    ) -> tuple[Literal["ok", "full", "apps", "taken"], bool]:
        """Add a credential; `full` when there are enough, or of `apps`; `taken` when it is there already.

        `codes` are digests of recovery codes, kept where the person has none; the second value tells whether.
        """
        args: list[Argument] = [
            credential.id,
            credential.model_dump_json(exclude=CHANGING),
            credential.raw_id,
            credential.sign_count,
            credential.secret,
            credential.step,
            AT_MOST,
            APPS_AT_MOST,
            _json(event),
            milliseconds(credential.counts_from),
            *codes,
        ]
        outcome, kept = await self._run("factor_add", person, _with_codes(person), args)
        return outcome, bool(kept)

    async def remove(self, person: str, credential: Credential, event: Event) -> bool:
        """Remove a credential, with the recovery codes if it is the last one; False when it is not there."""
        args = [credential.id, credential.raw_id, _json(event)]
        return bool(await self._run("factor_remove", person, _with_codes(person), args))

    async def use_key(
        self, person: str, credential_id: str, count: int, challenge: str, *, replayed: Event, stale: Event
    ) -> Literal["ok", "gone", "replayed", "stale"]:
        """Take an answer of a key to a challenge, given as a digest, and its counter; or record why it is not."""
        args: list[Argument] = [
            credential_id,
            count,
            _span(ANSWER_REMEMBERED),
            _json(replayed),
            _json(stale),
        ]
        where = [keys.factors(person), keys.answered(person, challenge)]
        outcome: Literal["ok", "gone", "replayed", "stale"] = await self._run(
            "factor_key", person, where, args
        )
        return outcome

    async def use_step(
        self,
        person: str,
        credential_id: str,
        step: int,
        off: int,
        *,
        wrong: Event,
        used: Event,
        locked: Event,
    ) -> Tried:
        """Take a code that is of a step of an app, or count a failed try where `step` is 0, and record it.

        `off` is the step that it would be of by a clock that is off, else 0.
        """
        args: list[Argument] = [
            credential_id,
            step,
            off,
            TRIES,
            _span(TRIES_WITHIN),
            _json(wrong),
            _json(used),
            _json(locked),
        ]
        where = [keys.factors(person), keys.factor_tries(person)]
        outcome, after = await self._run("factor_step", person, where, args)
        return Tried(outcome, timedelta(milliseconds=int(after)))

    async def use_code(self, person: str, digest: str, *, used: Event, wrong: Event, locked: Event) -> Tried:
        """Use up a recovery code, or count a failed try; each is recorded."""
        args: list[Argument] = [
            digest,
            TRIES,
            _span(TRIES_WITHIN),
            _json(used),
            _json(wrong),
            _json(locked),
        ]
        where = [keys.recovery(person), keys.factor_tries(person)]
        outcome, number = await self._run("recovery_use", person, where, args)
        if outcome == "ok":
            return Tried("ok", timedelta(), int(number))
        return Tried(outcome, timedelta(milliseconds=int(number)))

    async def make_codes(
        self, person: str, digests: Sequence[str], counts_from: datetime, event: Event
    ) -> bool:
        """Put new recovery codes in the place of all earlier ones; False when the person has no factor."""
        args: list[Argument] = [milliseconds(counts_from), _json(event), *digests]
        return bool(await self._run("recovery_make", person, _with_codes(person), args))

    async def reseal(self, person: str, credential: Credential, secret: str) -> bool:
        """Keep a secret that was encrypted anew, if it is still the one that was read."""
        async with reachable():
            return bool(
                await self._scripts.run(
                    "factor_reseal", [keys.factors(person)], [credential.id, credential.secret, secret]
                )
            )

    async def record(self, person: str, event: Event) -> None:
        """Record what changed nothing."""
        async with reachable():
            await self._redis.xadd(keys.events(partition_of(person)), {"event": _json(event)})

    # -- enrolments that are under way ------------------------------------------------------------------

    async def begin(self, person: str, ticket: str, doc: str) -> None:
        """Keep an enrolment that was begun, by the digest of its ticket."""
        async with reachable():
            await self._redis.set(keys.enrolling(person, ticket), doc, px=_span(ENROLLING))

    async def begun(self, person: str, ticket: str) -> str | None:
        """Look at an enrolment that was begun."""
        async with reachable():
            doc: Any = await self._redis.get(keys.enrolling(person, ticket))
        return None if doc is None else str(doc)

    async def take(self, person: str, ticket: str) -> str | None:
        """Take an enrolment that was begun; whoever races, one gets it."""
        async with reachable():
            doc: Any = await self._redis.getdel(keys.enrolling(person, ticket))
        return None if doc is None else str(doc)

    async def _run(self, name: str, person: str, where: Sequence[str], args: Sequence[Argument]) -> Any:
        async with reachable():
            return await self._scripts.run(name, [*where, keys.events(partition_of(person))], args)


def _with_codes(person: str) -> list[str]:
    return [keys.factors(person), keys.recovery(person)]


def _read(fields: Mapping[str, str], credential_id: str) -> Credential:
    used = fields.get(f"used:{credential_id}")
    return Credential.model_validate_json(fields[f"doc:{credential_id}"]).model_copy(
        update={
            "sign_count": int(fields.get(f"count:{credential_id}", 0)),
            "last_used_at": datetime.fromtimestamp(int(used) / 1000, UTC) if used else None,
            "secret": fields.get(f"secret:{credential_id}", ""),
            "step": int(fields.get(f"step:{credential_id}", 0)),
        }
    )


def _json(event: Event) -> str:
    return event_json.dump_json(event).decode()


def _span(span: timedelta) -> int:
    return int(span.total_seconds() * 1000)
