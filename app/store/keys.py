"""The catalogue of keys. Every key of a requester lies in one partition, under one hash tag.

| key | type | TTL | written by |
| --- | --- | --- | --- |
| `jit:{pNN}:request:<id>` | hash: version, doc | 30 days once final | create, save |
| `jit:{pNN}:grant:<id>` | string: JSON | ends with the grant (PXAT) | save |
| `jit:{pNN}:held:<person>:<action>:<resource>` | sorted set: grant by its end (ms) | with the last of them | save |
| `jit:{pNN}:seen:<key>` | string: request id | 1 hour; 30 days for events from outside | create |
| `jit:{pNN}:of:<person>` | sorted set: id by creation (ms) | 410 days after the last | create |
| `jit:{pNN}:pending`, `jit:{pNN}:live` | sorted set: id by creation (ms) | none | create, save |
| `jit:{pNN}:deadlines` | sorted set: `kind:id` by due time (ms) | none | create, save, claim, beat, listen |
| `jit:{pNN}:events` | stream: event | trimmed once every group has read | create, save |
| `jit:{pNN}:messages:<id>`, `jit:{jobs}:messages:<post>` | hash: role to place | 30 days once final | posting |
| `jit:{pNN}:lease:<group>` | string: holder | 3 s, renewed | hold |
| `jit:{pNN}:beat:<id>` | string | until the next heartbeat is due | beat, save |
| `jit:{pNN}:giving:<id>` | string: holder | 5 s, renewed | hold |
| `jit:{pNN}:secret:<id>` | string: sealed | the end of access (PXAT) | secrets |
| `jit:{pNN}:delegation:<person>` | string: JSON | ends with the delegation (PXAT) | delegate, undelegate |
| `jit:{pNN}:delegations` | sorted set: delegator by end (ms) | none | delegate, undelegate |
| `jit:{pNN}:factors:<person>` | hash: `doc`, `count`, `used`, `step`, `secret` by id; id by `raw` | none | factor_* |
| `jit:{pNN}:recovery:<person>` | hash: digest of a code; `from` (ms) | with the last factor | factor_*, recovery_* |
| `jit:{pNN}:factor-tries:<person>` | list: `ms:step` of codes refused | 15 minutes | factor_step, recovery_use |
| `jit:{pNN}:answered:<challenge>` | string | 15 minutes | factor_key |
| `jit:{pNN}:enrolling:<digest>` | string: JSON | 10 minutes | factors |
| `jit:{pNN}:deciders:<id>` | hash: who may decide, by stage and rung | 45 days after the last | deciders |
| `jit:{tokens}:token:<id>` | hash: doc, used (ms) | with the token | token_make, token_used |
| `jit:{tokens}:tokens:<owner>` | sorted set: token id by its end (ms) | with the last of them | token_make |
| `jit:{tokens}:login:<code>` | hash: doc, state, person, tries | 5 minutes | login_* |
| `jit:{mfa}:step-up:<SHA-256 of the state>` | string: JSON | 5 minutes | step_ups, step_up_take |
| `jit:{tokens}:job:<SHA-256 of issuer and jti>` | string | with the job's own token | jobs |
| `jit:{tokens}:calls:<class>:<caller>` | string: calls drawn | one span of the limit | draw |
| `jit:{triggers}:<trigger>:<sha256>` | string: who asks because of an event | 30 days | happened |
| `jit:{gates}:gate:<request>` | hash: state, tries, failed | 30 days once settled | gate_*, gates |
| `jit:{gates}:due` | sorted set: request id by when its gate is looked at (ms) | none | gate_*, claim |
| `jit:{gates}:failing` | hash: request id to what fails | none | gate_* |
| `jit:{gates}:answer:<sha256>` | hash: number and request that has the turn | 31 days | gate_turn |
| `jit:{gates}:token:<sha256>` | string: sealed | an hour; until the run is answered | gates |
| `jit:{pages}:page:<sha256>` | hash: doc, used, comment, proof | 5 minutes; in mail until the lapse | page_* |
| `jit:{pages}:wish:<sha256>` | hash: person, slack, wish, used | 5 minutes | wishes, wish_take |
| `jit:{pNN}:proven:<person>:<factor>` | string: JSON, the latest proof | 12 hours | proofs |
| `jit:{mail}:letter:<id>` | hash: doc, state, tries, put (ms) | 7 days | mail_* |
| `jit:{mail}:new`, `jit:{mail}:again` | sorted set: letter id by when it is due (ms) | none | mail_*, claim |
| `jit:{mail}:failures` | sorted set: failure (JSON) by its time (ms), the last 100 | 7 days | mail_end |
| `jit:{mail}:trouble` | string: why the mail server cannot be used | 1 hour | post |
| `jit:{jobs}:once:<name>:<day>` | string: holder, or `done` | 3 days | once |
| `jit:{jobs}:hearing` | string: since when (ms) heartbeats are taken | 2 s, renewed | hear |
| `jit:{jobs}:homes` | sorted set: Slack user by the end of being remembered (s) | 1 hour after the last | homes |
| `jit:{jobs}:homes-due` | set: Slack user whose Home is to be made anew | none | homes |
| `jit:{jobs}:home-page:<user>` | string: request id | 1 hour | homes |
| `jit:{jobs}:turn:<name>` | string | the span in which it is one's turn | turns |
| `jit:{jobs}:failing-ends` | hash: request id to what fails | none | failing |
| `jit:{jobs}:policy` | hash: digest, since (s), judged | none | came, in_force |
| `jit:{jobs}:directory` | hash: `source:as_of` (ms), `source:problem` | 30 days after the last | rolls |
| `jit:{jobs}:directory:<source>` | string: JSON, what a source of members said | 30 days | rolls |
| `jit:{jobs}:directory-turn:<source>` | string: holder | a try, or a wait after a failure | rolls |
| `jit:{jobs}:leaving` | hash: request by the time it was noted (ms) | 1 day after the last | leaving |
| `jit:{jobs}:left` | sorted set: person by when something was taken (ms) | 1 day after the last | leaving |
| `jit:{jobs}:audit-log` | string: id of the audit log | none | the audit consumer |
"""

import hashlib
from collections.abc import Callable

from app.domain.ids import ID, PARTITIONS, partition_in, partition_of

ALL_PARTITIONS = range(PARTITIONS)
Index = Callable[[int], str]


def _in(partition: int, rest: str) -> str:
    return f"jit:{{p{partition:02d}}}:{rest}"


def request(request_id: str) -> str:
    return _in(partition_in(request_id), f"request:{request_id}")


def grant(request_id: str) -> str:
    return _in(partition_in(request_id), f"grant:{request_id}")


def beat(request_id: str) -> str:
    return _in(partition_in(request_id), f"beat:{request_id}")


def giving(request_id: str) -> str:
    return _in(partition_in(request_id), f"giving:{request_id}")


def secret(request_id: str) -> str:
    return _in(partition_in(request_id), f"secret:{request_id}")


def held(person: str, action: str, resource: str) -> str:
    """Grants by what they permit. Names of people and actions have no colon, so that no two keys are one."""
    return _in(partition_of(person), f"held:{person}:{action}:{resource}")


def messages(of: str) -> str:
    """Messages of a request, or of a post that belongs to none, which then lies with the jobs."""
    return _in(partition_in(of), f"messages:{of}") if ID.fullmatch(of) else f"jit:{{jobs}}:messages:{of}"


def seen(partition: int, key: str) -> str:
    return _in(partition, f"seen:{key}")


def requests_of(partition: int, person: str) -> str:
    return _in(partition, f"of:{person}")


def pending(partition: int) -> str:
    return _in(partition, "pending")


def live(partition: int) -> str:
    return _in(partition, "live")


def deadlines(partition: int) -> str:
    return _in(partition, "deadlines")


def events(partition: int) -> str:
    return _in(partition, "events")


def delegation(partition: int, person: str) -> str:
    return _in(partition, f"delegation:{person}")


def delegations(partition: int) -> str:
    return _in(partition, "delegations")


def proven(person: str, factor: str) -> str:
    return _in(partition_of(person), f"proven:{person}:{factor}")


def factors(person: str) -> str:
    return _in(partition_of(person), f"factors:{person}")


def recovery(person: str) -> str:
    return _in(partition_of(person), f"recovery:{person}")


def factor_tries(person: str) -> str:
    return _in(partition_of(person), f"factor-tries:{person}")


def answered(person: str, challenge: str) -> str:
    return _in(partition_of(person), f"answered:{challenge}")


def enrolling(person: str, ticket: str) -> str:
    return _in(partition_of(person), f"enrolling:{ticket}")


def deciders(request_id: str) -> str:
    return _in(partition_in(request_id), f"deciders:{request_id}")


def lease(partition: int, group: str) -> str:
    return _in(partition, f"lease:{group}")


def once(name: str, day: str) -> str:
    return f"jit:{{jobs}}:once:{name}:{day}"


def turn(name: str) -> str:
    return f"jit:{{jobs}}:turn:{name}"


def home_page(user: str) -> str:
    return f"jit:{{jobs}}:home-page:{user}"


def roll(source: str) -> str:
    return f"{DIRECTORY}:{source}"


def roll_turn(source: str) -> str:
    return f"{DIRECTORY}-turn:{source}"


HEARING = "jit:{jobs}:hearing"
HOMES = "jit:{jobs}:homes"
HOMES_DUE = "jit:{jobs}:homes-due"
FAILING = "jit:{jobs}:failing-ends"
POLICY = "jit:{jobs}:policy"
DIRECTORY = "jit:{jobs}:directory"
LEAVING = "jit:{jobs}:leaving"
LEFT = "jit:{jobs}:left"


def token(token_id: str) -> str:
    return f"jit:{{tokens}}:token:{token_id}"


def tokens_of(owner: str) -> str:
    return f"jit:{{tokens}}:tokens:{owner}"


def login(code: str) -> str:
    return f"jit:{{tokens}}:login:{code}"


def job(issuer: str, jti: str) -> str:
    """Name a job's token that was taken, by the digest of what it says of itself: that is of any form."""
    said = f"{len(issuer)}:{issuer}{jti}"
    return f"jit:{{tokens}}:job:{hashlib.sha256(said.encode()).hexdigest()}"


def page(digest: str) -> str:
    return f"jit:{{pages}}:page:{digest}"


def waiting_wish(digest: str) -> str:
    return f"jit:{{pages}}:wish:{digest}"


def calls(kind: str, caller: str) -> str:
    return f"jit:{{tokens}}:calls:{kind}:{caller}"


def letter(letter_id: str) -> str:
    return f"jit:{{mail}}:letter:{letter_id}"


NEW_MAIL = "jit:{mail}:new"
MAIL_AGAIN = "jit:{mail}:again"
MAIL_FAILURES = "jit:{mail}:failures"
MAIL_TROUBLE = "jit:{mail}:trouble"


def happened(event: str) -> str:
    return f"jit:{{triggers}}:{event.removeprefix('trigger:')}"


def gate(request_id: str) -> str:
    return f"jit:{{gates}}:gate:{request_id}"


def gate_answer(name: str) -> str:
    return f"jit:{{gates}}:answer:{name}"


def gate_token(name: str) -> str:
    return f"jit:{{gates}}:token:{name}"


GATES_DUE = "jit:{gates}:due"
GATES_FAILING = "jit:{gates}:failing"
AUDIT_LOG = "jit:{jobs}:audit-log"


def step_up(state: str) -> str:
    """Name a sign-in under way by the digest of its state, which is as good as a password while it waits."""
    return f"jit:{{mfa}}:step-up:{hashlib.sha256(state.encode()).hexdigest()}"
