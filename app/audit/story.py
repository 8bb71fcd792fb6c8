"""A request's story: what the log knows of it, in sentences."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from app.audit.chain import Recorded
from app.audit.factors import factor_told
from app.audit.plain import clock, one_line
from app.domain import events
from app.domain.duration import format_duration
from app.domain.people import SYSTEM, Principal
from app.domain.proof import factors_in_words
from app.domain.request import SILENT, EndCause
from app.domain.value import Value
from app.domain.verdict import Outcome, Stage, Verdict
from app.domain.visible import shown

HOW_IT_ENDED = {
    EndCause.DONE: "it was given back",
    EndCause.EXPIRED: "time was up",
    EndCause.REVOKED: "it was revoked",
    EndCause.FAILED: "it could not be created",
}
DIGEST_SHOWN = 12
"""Hex digits of a policy's digest that are enough to tell policies apart; the log holds all 64."""


class StoryLine(Value):
    """One sentence of a story, in plain text on one line, with the number of the entry that tells it."""

    sequence: int
    at: datetime
    request_id: str
    text: str

    def __str__(self) -> str:
        return f"{clock(self.at)}  {self.text}"


def story_lines(entries: Sequence[Recorded], names: Mapping[str, str]) -> Sequence[StoryLine]:
    """Tell entries in sentences, in their order; `names` are people's names by their ids.

    People who asked are called by the name that the log has, where `names` has none.
    """
    asked = {
        entry.event.requester.id: entry.event.requester.name
        for entry in entries
        if isinstance(entry.event, events.Requested)
    }
    teller = _Teller({**asked, **names})
    return [
        StoryLine(
            sequence=entry.sequence, at=entry.event.at, request_id=one_line(entry.event.request_id), text=text
        )
        for entry in entries
        for text in teller.sentences(entry.event)
    ]


class _Teller:
    def __init__(self, names: Mapping[str, str]) -> None:
        self._names = names

    def sentences(self, event: events.Event) -> list[str]:
        """What an event says, most often in one sentence."""
        match event:
            case events.Requested():
                return [self._asked(event), *_run(event), *_bound(event), _judged(event.verdict)]
            case events.ExtensionAsked():
                return [self._told(event), *_run(event)]
            case _:
                return [self._told(event)]

    def _told(self, event: events.Event) -> str:  # noqa: PLR0915  a line for each event
        who = self._who(event.by)
        match event:
            case events.Requested():
                return self._asked(event)
            case events.Approved():
                missing = "No approval is missing." if event.settled else "More approvals are needed."
                return f"{who}{self._for(event)} approved{_less(event)} {_decision(event)} {missing}"
            case events.Denied():
                return f"{who}{self._for(event)} denied {_decision(event)}"
            case events.Cancelled() if event.by == SYSTEM:
                return f"Policy stopped it before it started{_because(event.comment)}."
            case events.Cancelled():
                return f"{who} cancelled the request{_because(event.comment)}."
            case events.Lapsed(unconfirmed=True):
                return "The requester did not confirm in time: the request lapsed."
            case events.ConfirmationAsked():
                how = factors_in_words(event.factors)
                return f"It begins once the requester confirms with {how}, until {clock(event.confirms_by)}."
            case events.Confirmed():
                return f"{who} confirmed {one_line(event.proof.told_at(event.at))}. Access may begin."
            case events.Lapsed():
                return "Nobody decided in time: the request lapsed."
            case events.Scheduled():
                return f"Access waits for its start at {clock(event.start_at)}."
            case events.GlassBroken():
                lasts = format_duration(timedelta(seconds=event.seconds))
                how = one_line(event.proof.told_at(event.at))
                return f"{who} broke the glass {how}, for {lasts} without approval{_because(event.why)}."
            case events.GlassReviewed():
                return f"{who} closed the review of the broken glass{_because(event.comment)}."
            case events.Reminded():
                return (
                    f"Nobody had decided; those who may were reminded. It lapses at {clock(event.lapses_at)}."
                )
            case events.ReminderPutOff():
                until = f"until {clock(event.until)}" if event.until else "longer than it waits"
                return f"Nobody was reminded: all who may decide have quiet hours {until}."
            case events.Escalated():
                who = ", ".join(map(one_line, (*event.groups, *event.people)))
                waited = format_duration(timedelta(seconds=event.after))
                return f"Nobody had decided for {waited}: {who} may decide too (step {event.rung})."
            case events.GrantBegun():
                return f"Access is being created; it ends at {clock(event.ends_at)}, whatever happens."
            case events.Activated():
                given = one_line(event.summary) or "access"
                return f"Given: {given} (by {one_line(event.connector)}), until {clock(event.ends_at)}."
            case events.GrantFailed():
                return f"The access could not be created: {one_line(event.error)}"
            case events.Warned():
                return f"The requester was warned: the access ends at {clock(event.ends_at)}."
            case events.ExtensionAsked():
                more = format_duration(timedelta(seconds=event.seconds))
                until = f" Access lasts until {clock(event.ends_at)}." if event.ends_at else ""
                where = _from_where(event)
                return f"{who} asked for {more} more{where}{_because(event.reason)}. {_judged(event.verdict)}{until}"
            case events.ExtensionDecided():
                verb = "approved" if event.approved else "denied"
                until = f" Access lasts until {clock(event.ends_at)}." if event.ends_at else ""
                return f"{who}{self._for(event)} {verb} more time {_decision(event)}{until}"
            case events.QuestionAsked():
                return f"{who} asked, as question {event.number}: {_quoted(event.text)}"
            case events.QuestionAnswered():
                asker = self._who(event.asked_by)
                return f"{who} answered question {event.number}, of {asker}: {_quoted(event.text)}"
            case events.Delegated():
                return f"{who} let {_named(event.delegate)} decide for them until {clock(event.until)}."
            case events.DelegationEnded():
                return f"{who} no longer lets {_named(event.delegate)} decide for them."
            case events.DeputiesChanged():
                until = f"until {clock(event.until)}" if event.until else "no longer"
                return f"{_named(event.delegate)} may decide it for {self._who(event.delegator)} {until}."
            case events.EndBegun():
                return f"{self._end(event)}. The access is being taken back."
            case events.Consumed():
                at = f" from {one_line(event.ip)}" if event.ip else ""
                return f"{who} used it{at}, and it was good for one use. The access is being taken back."
            case events.WentSilent():
                return f"{SILENT} ({event.seconds} s without a heartbeat). The access is being taken back."
            case events.EndFailed():
                return (
                    f"The target did not confirm that the access is gone (attempt {event.attempts}; again at "
                    f"{clock(event.retry_at)}): {one_line(event.error)}"
                )
            case events.Ended():
                why = SILENT if event.silent else HOW_IT_ENDED[event.cause]
                return f"Taken back: the target confirmed that it is gone ({why})."
            case events.ApproversChanged():
                return f"Who may decide has changed{_because(event.comment)}."
            case (
                events.FactorAdded()
                | events.FactorRemoved()
                | events.FactorRefused()
                | events.RecoveryCodesMade()
                | events.RecoveryCodeUsed()
            ):
                return factor_told(event, who)
            case events.CredentialsTaken():
                where = f", from {one_line(event.ip)}" if event.ip else ""
                return f"{who} took the credentials{' on their page' if event.on_page else ''}{where}"
            case events.OfflineTokenIssued():
                at = f" from {one_line(event.ip)}" if event.ip else ""
                return (
                    f"{who} took a token{at} that {one_line(event.audience)} believes until "
                    f"{clock(event.expires_at)}, even if the access ends before ({one_line(event.token)})."
                )
            case events.Drifted():
                where = one_line(event.connector)
                return f"The target {where} did not agree with the grants: {one_line(event.comment)}"
            case events.GateAnswered():
                what, gate = one_line(event.what), one_line(event.gate)
                if event.taken:
                    return f"The gate {gate} was told, for {what}: {event.answer}."
                return f"The gate {gate} did not take “{event.answer}”, for {what}: {one_line(event.comment)}"
            case events.AttemptRefused():
                own = ", their own request," if event.code == "self_approval" else ""
                verb, code = one_line(event.verb), one_line(event.code)
                return f"{who} tried to {verb} it{own} and was refused ({code}); nothing changed."

    def _asked(self, event: events.Requested) -> str:
        what = f"{one_line(event.action)} on {one_line(event.resource)} in {one_line(event.environment)}"
        how_long = format_duration(timedelta(seconds=event.seconds))
        where = _from_where(event)
        how = f"{one_line(event.risk)} risk, by {one_line(event.source)}{where}"
        why = _quoted(event.reason) or "no reason given"
        return f"{self._who(event.by)} asked for {what} for {how_long}, {how}: {why}"

    def _end(self, event: events.EndBegun) -> str:
        match event.cause:
            case EndCause.DONE:
                return f"{self._who(event.by)} gave it back{_because(event.comment)}"
            case EndCause.EXPIRED:
                return "Time was up"
            case EndCause.REVOKED:
                return f"{self._who(event.by)} revoked it{_because(event.comment)}"
            case EndCause.FAILED:
                return f"The access could not be created, and may be there in part{_because(event.comment)}"

    def _for(self, event: events.Approved | events.Denied | events.ExtensionDecided) -> str:
        return f", for {self._who(event.behalf)}," if event.behalf else ""

    def _who(self, person: str) -> str:
        if person == SYSTEM:
            return "The system"
        name = self._names.get(person)
        return f"{one_line(name)} ({one_line(person)})" if name else one_line(person)


def _bound(event: events.Requested) -> list[str]:
    if event.binding is None:
        return []
    return [f"It is for this alone: {one_line(shown(event.binding))} (SHA-256 {event.binding.digest})."]


def _run(event: events.Requested | events.ExtensionAsked) -> list[str]:
    """Which run of a CI asked, by what the CI signed."""
    said = str(event.run or "")
    return [f"Its CI signed for it: {one_line(said)}."] if said else []


def _from_where(event: events.Requested | events.ExtensionAsked) -> str:
    """From which address, how that is known, and who told it; empty where none is known."""
    if not event.ip:
        return ""
    told_by = ", told by a proxy" if event.ip_told_by == "proxy" else ""
    return f" from {one_line(event.ip)} ({event.ip_from}{told_by})"


def _named(person: Principal) -> str:
    return f"{one_line(person.name)} ({one_line(person.id)})"


def _judged(verdict: Verdict) -> str:
    rules = ", ".join(map(one_line, verdict.rules)) or "no rule"
    policy = f"Policy {one_line(verdict.policy_digest[:DIGEST_SHOWN])} ({rules})"
    why = one_line(verdict.message)
    match verdict.outcome:
        case Outcome.DENY:
            return f"{policy} denied it: {why}"
        case Outcome.AUTO_APPROVE:
            return f"{policy} approved it automatically: {why}"
        case Outcome.REQUIRE:
            return f"{policy} requires {' and then '.join(map(_needed, verdict.stages)) or 'nothing'}: {why}"


def _needed(stage: Stage) -> str:
    people = ", ".join(map(one_line, stage.named))
    return f"{stage.quorum} of {one_line(stage.name)}" + (f" ({people})" if people else "")


def _decision(event: events.Approved | events.Denied | events.ExtensionDecided) -> str:
    return (
        f"{one_line(event.proof.told_at(event.at))} (stage {one_line(event.stage)}){_because(event.comment)}."
    )


def _less(event: events.Approved) -> str:
    shorter = f" for {format_duration(timedelta(seconds=event.seconds))}" if event.seconds else ""
    part = f" on {one_line(event.resource)}" if event.resource else ""
    return f"{shorter}{part} alone" if shorter or part else ""


def _because(comment: str) -> str:
    return f": {_quoted(comment)}" if comment.strip() else ""


def _quoted(text: str) -> str:
    return f"“{one_line(text)}”" if text.strip() else ""
