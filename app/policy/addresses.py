"""Email addresses: strictly what can stand in a header, and what two people cannot mistake for each other.

RFC 5321 lets a local part be quoted and RFC 6531 lets both parts be Unicode. Neither is taken here: quoted
parts are where headers are forged, and letters of other scripts are how one domain is made to look like
another. A domain with such letters is written in its ASCII form (RFC 5890, «A-label»), as it is shown too.
"""

import re
import unicodedata
from typing import Annotated

from pydantic import PlainValidator

from app.policy.shapes import text_in

RIGHT = "an address such as ana@example.com"
ATEXT = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]"
LOCAL = re.compile(rf"{ATEXT}+(\.{ATEXT}+)*")
LABEL = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
DOMAIN = re.compile(rf"({LABEL}\.)+(?=.*[A-Za-z]){LABEL}")
FORM = rf"(?=[^@]{{1,64}}@.{{1,190}}$){LOCAL.pattern}@{DOMAIN.pattern}"
LONGEST_LOCAL, LONGEST_DOMAIN = 64, 190
ENCODED = "xn--"
COMMON = {"DIGIT", "HYPHEN-MINUS", "COMBINING", "MIDDLE", "FULLWIDTH"}
TOGETHER = {"CJK", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA", "IDEOGRAPHIC"}
"""Scripts that one language writes side by side."""


def email_address(value: object) -> str:
    """Read an address, its domain in lower case. Raises ValueError, which says what would be right."""
    text = text_in(value, RIGHT)
    local, at, domain = text.partition("@")
    if not at or "@" in domain or not text.isprintable():
        raise ValueError(f"is “{_shown(text)}”; write {RIGHT}")
    if not local.isascii():
        raise ValueError(f"is “{_shown(text)}”, with letters before the @ that are not ASCII; write {RIGHT}")
    if not domain.isascii():
        raise ValueError(_not_ascii(text, local, domain))
    if not LOCAL.fullmatch(local) or not DOMAIN.fullmatch(domain):
        raise ValueError(f"is “{_shown(text)}”; write {RIGHT}")
    if len(local) > LONGEST_LOCAL or len(domain) > LONGEST_DOMAIN:
        raise ValueError(f"is “{_shown(text)}”, which is too long; write {RIGHT}")
    _check_encoded(domain.lower())
    return f"{local}@{domain.lower()}"


def same_mailbox(address: str) -> str:
    """What two addresses have in common that reach one mailbox, by all mail servers there are."""
    return address.casefold()


def _not_ascii(text: str, local: str, domain: str) -> str:
    labels = [unicodedata.normalize("NFKC", each).lower() for each in domain.split(".")]
    mixed = next((told for each in labels if (told := _mixed(each))), "")
    if mixed:
        return f"is “{_shown(text)}”, whose domain {mixed}, as forged ones do; write {RIGHT}"
    encoded = ".".join(
        each if each.isascii() else ENCODED + each.encode("punycode").decode() for each in labels
    )
    return (
        f"is “{_shown(text)}”, whose domain has letters that are not ASCII; "
        f"if it is meant, write {local}@{encoded}"
    )


def _check_encoded(domain: str) -> None:
    """Look into labels in their ASCII form. Raises ValueError for what no registry should have given out."""
    for label in domain.split("."):
        if not label.startswith(ENCODED):
            continue
        try:
            meant = label.removeprefix(ENCODED).encode().decode("punycode")
        except UnicodeError:
            raise ValueError(
                f"has the domain label “{label}”, which stands for no word; write it anew"
            ) from None
        if not meant.isprintable() or meant.isascii():
            raise ValueError(f"has the domain label “{label}”, which stands for no word; write it anew")
        if told := _mixed(meant):
            raise ValueError(
                f"has the domain label “{label}”, which {told}, as forged ones do; write {RIGHT}"
            )


def _mixed(label: str) -> str:
    """Tell of letters of several scripts in one word (Unicode TS 39, «Mixed-Script Confusables»)."""
    scripts = {_script(letter) for letter in label} - COMMON
    if scripts & TOGETHER:
        scripts = scripts - TOGETHER - {"LATIN"} | {"CJK"}
    return f"mixes {' and '.join(each.capitalize() for each in sorted(scripts))}" if len(scripts) > 1 else ""


def _script(letter: str) -> str:
    return unicodedata.name(letter, "UNNAMED").split()[0]


def _shown(text: str) -> str:
    """A text as it can be told: what cannot be printed is spelled out."""
    return "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in text[:60])


Email = Annotated[str, PlainValidator(email_address)]
