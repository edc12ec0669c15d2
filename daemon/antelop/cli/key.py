"""How the command line names a row: a path of ids or names, from its outermost parent to the row itself."""

from collections.abc import Mapping

import click

Path = tuple[tuple[str, str], ...]
"""Pairs of a table and the id or name of a row in it; `antelop.lab.naming.locate` finds the row of the last pair."""


class Key(click.ParamType[Path]):
    """A path such as ``ada/licking/41``. Each part is an id or a name; only the last part may have a slash in it.

    Parameters
    ----------
    kinds
        The tables whose rows the parts name, in order.
    least
        The smallest number of parts; if left out, all of them.
    """

    name = "key"

    def __init__(self, *kinds: str, least: int = 0) -> None:
        self._kinds = kinds
        self._least = least or len(kinds)

    def convert(self, value: str | Path, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """Split the path at its slashes."""
        # click may pass a value that is converted already.
        if not isinstance(value, str):
            return value
        # At most one part for each table: further slashes belong to the last name.
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
    """Return a primary key in the form that the command line accepts."""
    return "/".join(str(part) for part in key.values())
