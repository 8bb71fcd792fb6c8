"""How somebody without a grant gets one: the words that people type, and a link, safe to paste and to send."""

import re
from dataclasses import dataclass
from urllib.parse import quote

PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@+-]*", re.ASCII)
"""Resources that are one word to Slack's command and to a shell alike."""
LINK = re.compile(r"https://[\x21-\x7e]+|http://(127\.0\.0\.1|localhost)(:\d+)?(/[\x21-\x7e]*)?", re.ASCII)
IN_NO_LINK = set("<>\"'`\\{}")


@dataclass(frozen=True)
class Asking:
    """What is told. `lasts` is the time that is proposed; `link` may hold `{action}` and `{resource}`.

    Raises ValueError for a link that is no https address, or for a time that is none.
    """

    lasts: str = "30m"
    link: str = ""

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[1-9]\d{0,3}[smhd]", self.lasts):
            raise ValueError(f"lasts is {self.lasts[:20]!r}; it should be a time such as 30m or 1h")
        bare = self.link.replace("{action}", "").replace("{resource}", "")
        if self.link and (not LINK.fullmatch(bare) or IN_NO_LINK & set(bare)):
            raise ValueError("link should be an address such as https://wiki.example.com/access?for={action}")

    def told(self, action: str, resource: str | None) -> dict[str, str]:
        """Give `slack`, `command` and `link`, as far as they can be said.

        A resource that is not one plain word in every shell is left to be typed in the form.
        """
        link = {"link": self.address(action, resource)} if self.link else {}
        if resource is None or not PLAIN.fullmatch(resource):
            return {"slack": "/jit request", **link}
        what = f"{action} {resource} {self.lasts}"
        return {
            "slack": f"/jit request {what} REASON",
            "command": f"jit request {what} REASON --wait",
            **link,
        }

    def sent(self, action: str, resource: str) -> dict[str, object]:
        """Give what `POST /v1/requests` of the bot takes."""
        return {"action": action, "resource": resource, "duration": self.lasts, "reason": "REASON"}

    def address(self, action: str, resource: str | None) -> str:
        """Give the link, with what people chose in it as one part each, whatever it holds."""
        named = {"{action}": quote(action, safe=""), "{resource}": quote(resource or "", safe="")}
        return re.sub(r"\{action\}|\{resource\}", lambda found: named[found[0]], self.link)
