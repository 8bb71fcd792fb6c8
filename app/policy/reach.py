"""Which actions a rule can be about."""

from collections import defaultdict
from collections.abc import Collection, Mapping

from app.policy.globs import Globs, is_pattern


class Reach:
    """Answers by names and patterns of actions, and by environments; each answer is worked out once."""

    def __init__(self, environments: Mapping[str, str]) -> None:
        """Take the environment of each action, by the action's name."""
        self._environments = environments
        self._in: dict[str, list[str]] = defaultdict(list)
        for action, environment in environments.items():
            self._in[environment].append(action)
        self._matching: dict[str, tuple[str, ...]] = {}
        self._of: dict[tuple[tuple[str, ...], tuple[str, ...]], tuple[str, ...]] = {}

    def environment(self, action: str) -> str:
        """Give an action's environment."""
        return self._environments[action]

    def matching(self, glob: str) -> Collection[str]:
        """Give the actions that a name or pattern matches."""
        if not is_pattern(glob):
            return (glob,) if glob in self._environments else ()
        if glob not in self._matching:
            globs = Globs.of((glob,))
            self._matching[glob] = tuple(action for action in self._environments if globs.match(action))
        return self._matching[glob]

    def of(self, globs: tuple[str, ...], environments: tuple[str, ...]) -> Collection[str]:
        """Give the actions that match any of the globs and are in any of the environments; all, by none."""
        key = (globs, environments)
        if key not in self._of:
            self._of[key] = tuple(self._work_out(globs, environments))
        return self._of[key]

    def _work_out(self, globs: tuple[str, ...], environments: tuple[str, ...]) -> Collection[str]:
        if not globs:
            within = environments or tuple(self._in)
            return [action for environment in within for action in self._in.get(environment, ())]
        named = dict.fromkeys(action for glob in globs for action in self.matching(glob))
        return [action for action in named if not environments or self.environment(action) in environments]
