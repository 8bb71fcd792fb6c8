"""Tokens of the API as people see them: whom a login is for, and what they hold."""

from collections.abc import Sequence

from app.domain.token import Token
from app.slack import actions
from app.slack.views.blocks import Block, context, plain, section
from app.slack.views.text import clip, escape, moment, said
from app.store.tokens import Login
from app.tokens import shown_code

LISTED = 25


def login_modal(code: str, login: Login, answer_to: str) -> Block:
    """Asks whether the machine that asks is one's own."""
    where = f"`{escape(login.ip)}`" if login.ip else "an address that I cannot tell"
    return {
        "type": "modal",
        "callback_id": actions.LOGIN_VIEW,
        "title": plain("Sign a machine in", 24),
        "submit": plain("It is mine: sign in", 24),
        "close": plain("No", 24),
        "private_metadata": f"{code} {answer_to}",
        "blocks": [
            section(
                f"*{said(clip(login.device, 64))}* asks from {where} to act as you, with code `{shown_code(code)}`."
            ),
            section(
                "⚠️ *Go on only if you typed `jit login` yourself, just now, and your terminal shows this very "
                "code.* If somebody sent you a code, whoever they say they are, they are asking for your "
                "access: close this, and tell security."
            ),
            context(
                "The name is what the machine says of itself. `/jit tokens` lists and revokes what you signed in."
            ),
        ],
    }


def signed_in(login: Login) -> str:
    """The answer once it is confirmed."""
    where = f" ({escape(login.ip)})" if login.ip else ""
    return (
        f"🔑 *{said(login.device)}*{where} may act as you now, for 30 days. Was it not you? "
        "`/jit tokens` shows its id, and `/jit tokens revoke ID` ends it at once; then tell security."
    )


def token_lines(owner: str, tokens: Sequence[Token], *, is_own: bool) -> str:
    """What somebody holds, the last to expire first."""
    whose = "You have" if is_own else f"{escape(owner)} has"
    if not tokens:
        return f"{whose} no token. `jit login` on a machine makes one."
    lines = [_line(token) for token in tokens[:LISTED]]
    more = [f"… and {len(tokens) - LISTED} more."] if len(tokens) > LISTED else []
    return "\n".join([f"*{whose} {len(tokens)} of them.* `/jit tokens revoke ID` ends one.", *lines, *more])


def _line(token: Token) -> str:
    used = f"last used {moment(token.used_at)}" if token.used_at else "never used"
    label = f" {said(token.label)}:" if token.label else ""
    scopes = ", ".join(token.scopes)
    return f"🔑 `{token.id}`{label} {scopes}; {used}; until {moment(token.expires_at)}"
