"""Why policy says what it says: a value, and its lines of text for a terminal and Slack alike."""

from app.policy.explain.explaining import explain
from app.policy.explain.explanation import Asked, Asleep, Explanation, Looked, RuleLooked, Way
from app.policy.explain.lines import explanation_lines

__all__ = ["Asked", "Asleep", "Explanation", "Looked", "RuleLooked", "Way", "explain", "explanation_lines"]
