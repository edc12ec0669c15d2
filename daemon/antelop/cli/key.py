"""How the command line names a row: by what its parents and itself are called, with slashes between them."""

from collections.abc import Mapping

import click

Path = tuple[tuple[str, str], ...]
"""Tables, and what a row of each is called; `antelop.lab.naming.locate` finds the last."""


class Key(click.ParamType[Path]):
    """A path such as ``ada/licking/41``: each part is an id, or else a name; only the last may have a slash in it.

    Parameters
    ----------
    kinds
        The tables of which its parts name rows.
    least
        How many parts it has to have; all, unless said.
    """

    name = "key"

    def __init__(self, *kinds: str, least: int = 0) -> None:
        self._kinds = kinds
        self._least = least or len(kinds)

    def convert(self, value: str | Path, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """Split it at its slashes."""
        if not isinstance(value, str):
            return value
        parts = value.split("/", len(self._kinds) - 1)
        if len(parts) < self._least or not all(parts):
            form = "/".join(kind.removeprefix("Behaviour").lower() for kind in self._kinds)
            self.fail(f"{value!r} is not of the form {form}", param, ctx)
        return tuple(zip(self._kinds, parts, strict=False))


EXPERIMENTER = Key("Experimenter")
EXPERIMENT = Key("Experimenter", "Experiment")
SESSION = Key("Experimenter", "Experiment", "Session")
SESSIONS = Key("Experimenter", "Experiment", "Session", least=1)
RIG = Key("Experimenter", "BehaviourRig")
FEATURE = Key("Experimenter", "BehaviourRig", "Feature")


def written(key: Mapping[str, object]) -> str:
    """Return a primary key as the command line takes it."""
    return "/".join(str(part) for part in key.values())
