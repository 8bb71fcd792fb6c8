"""The form that asks for a second factor: a link to the person's one-time page, and a field for a code."""

from app.domain.proof import Factor
from app.mfa.doing import Done
from app.mfa.pages import Link
from app.mfa.shown import VERBS
from app.slack import actions
from app.slack.views.blocks import Block, buttons, context, link, plain, section
from app.slack.views.forms import about, input_block
from app.slack.views.text import escape

PAGE_FACTORS = frozenset({Factor.WEBAUTHN, Factor.OIDC})


def prove_modal(asked: Link, trouble: str = "") -> Block:
    """Say what policy takes, and offer every way that there is. The page's token comes back with the form."""
    shown, verb = asked.shown, VERBS[asked.page.task]
    blocks: list[Block] = [
        about(shown.request),
        section(f"*{verb}* takes {escape(shown.in_words)}: a click in Slack does not prove that it is you."),
    ]
    if trouble:
        blocks.insert(0, section(f"🚫 {escape(trouble)}"))
    if asked.url:
        label = f"{verb} on my page" if PAGE_FACTORS.intersection(shown.accepted) else "Open my page"
        blocks.append(buttons(link(label, actions.OPEN_PAGE, asked.url)))
        blocks.append(context("The page is yours alone, works once and stays open for 5 minutes."))
    if shown.takes_code:
        field: Block = {
            "type": "plain_text_input",
            "action_id": actions.CODE,
            "min_length": 6,
            "max_length": 7,
        }
        blocks.append(input_block(actions.CODE, "Or the 6 digits of your authenticator app", field))
    if not (asked.url or shown.takes_code):
        blocks.append(section(_no_way(shown.accepted)))
    modal: Block = {
        "type": "modal",
        "callback_id": actions.PROVE_VIEW,
        "title": plain("Prove that it is you", 24),
        "close": plain("Back", 24),
        "private_metadata": asked.token,
        "external_id": view_name(asked.page.nonce),
        "blocks": blocks,
    }
    return modal | ({"submit": plain(f"{verb} with code", 24)} if shown.takes_code else {})


def _no_way(accepted: tuple[Factor, ...]) -> str:
    if accepted == (Factor.TOTP,):
        return "You have no authenticator app that counts yet. `/jit factors` adds one; others can decide meanwhile."
    return (
        "It takes a page, and no address for pages is set up (`JIT_PUBLIC_URL`): "
        "nobody can do this until whoever runs me sets it. `jit doctor` says how."
    )


def view_name(nonce: str) -> str:
    """The name by which the form of a page is found again, once the page is used."""
    return f"prove-{nonce}"


def checking_modal() -> Block:
    """Stands there while a code is checked."""
    return _plain_modal("Checking …", "Checking the code …")


def done_modal(done: Done) -> Block:
    """Says what was done."""
    return _plain_modal(done.title, f"✅ {escape(done.told)}")


def not_done_modal(why: str) -> Block:
    """Says why nothing was done, where trying again on the same form is no use."""
    return _plain_modal("Not done", f"🚫 {escape(why)}")


def _plain_modal(title: str, text: str) -> Block:
    return {
        "type": "modal",
        "callback_id": actions.PROVE_VIEW,
        "title": plain(title, 24),
        "close": plain("Close", 24),
        "blocks": [section(text)],
    }
