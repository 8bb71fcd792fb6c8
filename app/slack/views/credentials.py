"""The way to the credentials of live access, on the requester's own message; and that somebody went it."""

from app.domain.events import CredentialsTaken
from app.domain.request import Request, Taken
from app.mfa.credentials import PageMade
from app.slack import actions
from app.slack.views.blocks import Block, button, buttons, context, link, section
from app.slack.views.text import escape, moment, said


def credentials_button(request: Request, *, has_pages: bool) -> list[Block]:
    """The button, for as long as there is something to get by it."""
    return (
        [button("Get credentials", actions.CREDENTIALS, request.id)]
        if has_pages and _are_there(request)
        else []
    )


def credentials_lines(request: Request, *, has_pages: bool) -> list[Block]:
    """That there are credentials, and how to get them; or that they were taken, when and from where."""
    if request.taken is not None:
        return [context(f"🔑 Credentials {_when(request.taken)}. Was that not you? {_not_you(request)}")]
    if not _are_there(request):
        return []
    if has_pages:
        return [context("🔑 It comes with credentials, which a page shows to you alone, once.")]
    return [context(f"🔑 It comes with credentials, and {_without_page(request)}")]


def credentials_shown(request: Request, event: CredentialsTaken) -> str:
    """A message of its own, so that credentials shown to somebody else do not go unseen."""
    taken = Taken(at=event.at, ip=event.ip, on_page=event.on_page)
    return f"🔑 The credentials of `{request.id}` were {_when(taken)}. Was that not you? {_not_you(request)}"


def page_text(made: PageMade) -> str:
    """The answer to the button, in a sentence."""
    return f"🔑 The credentials of {made.request.id} are shown on a page, to you alone, once."


def page_blocks(made: PageMade) -> list[Block]:
    """The link, and beside it the code that the page asks for, so that the link alone is worth nothing."""
    what = (
        f"*{escape(made.request.action_title or made.request.action)}* on `{escape(made.request.resource)}`"
    )
    asks = f"It asks for this code: `{made.word}`" if made.word else f"It asks for {escape(made.in_words)}."
    return [
        section(f"🔑 A page shows the credentials of {what} to you alone, once. {asks}"),
        buttons(link("Open my page", actions.OPEN_PAGE, made.url)),
        context("The page stays open for 5 minutes. Pass on neither link nor code, whoever asks for them."),
    ]


def no_page(request: Request) -> str:
    """Say that there is no page."""
    return f"🚫 As to the credentials of `{request.id}`: {_without_page(request)}"


def _without_page(request: Request) -> str:
    return (
        "I have no page to show them on (JIT_PUBLIC_URL is not set). Give it back, and type "
        f"`jit run {said(request.action)} {said(request.resource)} -- COMMAND` in a terminal."
    )


def _are_there(request: Request) -> bool:
    """Whether a page may show them: for one exact command they are given to what runs it alone."""
    is_free = request.taken is None and request.binding is None
    return is_free and request.lease is not None and request.lease.has_credentials


def _when(taken: Taken) -> str:
    how = "shown on a page" if taken.on_page else "taken with a token of the API"
    return f"{how} {moment(taken.at)} from `{escape(taken.ip or 'an address that is not known')}`"


def _not_you(request: Request) -> str:
    return f"`/jit revoke {request.id}` ends the access at once; then tell security."
