"""The differences between two versions of a rig's JSON."""

from collections.abc import Mapping
from typing import NamedTuple

from antelop.formats.document import member, pointer
from antelop.wording import quoted


def differences(old: object, new: object, where: str = "") -> list[str]:
    """Return the differences between an earlier and a new document of a rig: one line for each, with its JSON pointer.

    Features and videos are compared by name, so that a new one does not make all that follow it look changed.
    """
    if old == new:
        return []
    # Values without named parts, or of different kinds, can only be shown as a whole.
    before, after = _parts(old), _parts(new)
    if before is None or after is None or isinstance(old, list) != isinstance(new, list):
        return [f"{where}: {quoted(old)} became {quoted(new)}"]
    # Removed parts come first, with their pointers in the earlier document; all others have pointers in the new one.
    gone = [part for name, part in before.items() if name not in after]
    lines = [f"{where}{pointer([part.step])}: {quoted(part.shown)} is gone" for part in gone]
    for name, part in after.items():
        place = where + pointer([part.step])
        if name in before:
            lines += differences(before[name].value, part.value, place)
        else:
            lines.append(f"{place}: {quoted(part.shown)} is new")
    # The order of features decides their `feature_id`, so that a changed order is a difference of its own.
    order = [name for name in after if name in before]
    if isinstance(new, list) and order != [name for name in before if name in after]:
        lines.append(f"{where}: the order became {', '.join(map(quoted, order))}")
    return lines


class _Part(NamedTuple):
    """A member of an object or a named item of a list: its step in a JSON pointer, its value, and how it is shown."""

    step: str | int
    value: object
    shown: object


def _parts(value: object) -> dict[str, _Part] | None:
    """Return the parts by name; None if the value is not an object or a list of items with different names."""
    if isinstance(value, Mapping):
        return {name: _Part(name, member, member) for name, member in value.items()}
    if not isinstance(value, list):
        return None
    # Without a unique name for each item it is not clear which items belong together.
    names = [member(item, "name") for item in value]
    if not all(isinstance(name, str) for name in names) or len(set(names)) < len(names):
        return None
    return {name: _Part(index, item, name) for index, (name, item) in enumerate(zip(names, value, strict=True))}
