"""People, as policy knows them. An identity is an id, never a name or an email address."""

from app.domain.value import Value

SYSTEM = "system"


class Principal(Value):
    """Someone whom policy names: `id` is the key in the policy's people, `slack` the Slack user's id."""

    id: str
    name: str
    slack: str
    email: str = ""

    def is_same_person(self, other: "Principal") -> bool:
        """Tell whether both are one person, by either of the ids that stand for a person."""
        return self.id == other.id or self.slack == other.slack
