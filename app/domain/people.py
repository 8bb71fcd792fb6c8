"""People, as policy knows them. An identity is an id, never a name or an email address."""

from app.domain.value import Value

SYSTEM = "system"


class Principal(Value):
    """Someone whom policy names: `id` is the key in the policy's people, `slack` the Slack user's id.

    A machine that asks by the API is one too, by its name in the policy's machines, and has no Slack user.
    """

    id: str
    name: str
    slack: str
    email: str = ""

    def is_same_person(self, other: "Principal") -> bool:
        """Tell whether both are one person, by either of the ids that stand for a person.

        A machine has no Slack user, and two that have none are not one for that.
        """
        return self.id == other.id or (bool(self.slack) and self.slack == other.slack)
