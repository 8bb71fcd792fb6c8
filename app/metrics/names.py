"""Values of labels, of which there are a bounded number whatever people and machines send."""

OTHER = "other"
MOST = 200


class Names:
    """Lets the first MOST different names through, and calls every other one `other`."""

    def __init__(self) -> None:
        self._known: set[str] = set()

    def __call__(self, name: str) -> str:
        if name in self._known:
            return name
        if len(self._known) >= MOST:
            return OTHER
        self._known.add(name)
        return name
