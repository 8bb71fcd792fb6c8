"""The conditions of a rule that are written in CEL."""

from dataclasses import dataclass

from app.policy.cel import Expression
from app.policy.conditions import Facts, Finding


@dataclass(frozen=True, slots=True)
class When:
    """An expression with a name, and the sentence that tells people what it asks for."""

    name: str
    text: str
    message: str
    expression: Expression

    def look(self, facts: Facts) -> Finding:
        """Evaluate it. What cannot be told: whatever gives neither true nor false."""
        seen = self.expression.see(facts)
        if seen.result is None:
            return Finding(False, f"{self.name}: {self.message} (cannot be told: {seen.why})", False)
        if seen.result:
            return Finding(True, self.name)
        return Finding(False, f"{self.name}: {self.message} (it needs {' '.join(self.text.split())[:200]})")
