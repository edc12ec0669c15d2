"""How much the processes of the service take: sampled while they work, and as a table afterwards."""

import re
import statistics
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tests.soaking.stage import Stage

MOMENTS = 12
"""Columns of the table over the time."""

WARMING = 5.0
"""Minutes of a daemon's life that do not count in the slope of its memory, for what it needs is loaded in them."""


@dataclass(frozen=True)
class Sample:
    """What there was at a moment.

    Attributes
    ----------
    minute
        Since the beginning.
    daemon
        The number of the daemon's own process; 0 if it did not run.
    values
        By what they say.
    """

    minute: float
    daemon: int
    values: Mapping[str, float]


@dataclass(frozen=True)
class Life:
    """A daemon's own process, from the first sample of it to the last.

    Attributes
    ----------
    minutes
        How long that is.
    slope
        Of its memory (RSS, for PSS grows when those who share it end) after `WARMING`, in KiB per hour by least squares; None
        if it did not live for twice as long.
    """

    minutes: float
    slope: float | None


def sample(stage: Stage, minute: float, answered: int) -> Sample:
    """Take a sample: memory in MiB, resident or shared out among those who use it (PSS)."""
    roles = stage.roles()
    values: dict[str, float] = {}
    for role, name in (("daemon", "daemon"), ("watcher", "watchers"), ("worker", "workers"), ("masks", "masks")):
        found = [each for each in map(_process, roles[role]) if each]
        if role != "daemon":
            values[f"{name}, processes"] = len(found)
        values |= {f"{name}, {what}": sum(each[what] for each in found) for what in ("RSS", "PSS", "files", "threads")}
    values["database connections"] = stage.connections()
    values["log, MiB"] = _size(stage.folder / "log") / 2**20
    values["database log, MiB"] = sum(map(_size, stage.folder.glob("state/postgres/log/*"))) / 2**20
    values["status, KiB"] = _size(stage.folder / "state" / "status.json") / 2**10
    values["recordings answered"] = answered
    return Sample(minute, next(iter(roles["daemon"]), 0), values)


def lives(samples: Sequence[Sample]) -> list[Life]:
    """Return the lives of the daemon's processes, one after the other."""
    found: dict[int, list[Sample]] = {}
    for each in samples:
        if each.daemon:
            found.setdefault(each.daemon, []).append(each)
    return [_life(own) for own in found.values()]


def table(samples: Sequence[Sample]) -> Iterator[str]:
    """Yield the lines of a table: what was measured at some moments, and the least, middle and greatest of all samples."""
    shown = [samples[round(number * (len(samples) - 1) / (MOMENTS - 1))] for number in range(MOMENTS)]
    yield _line("minute", [f"{each.minute:.0f}" for each in shown], ["min", "median", "max"])
    for name in samples[0].values:
        every = [each.values[name] for each in samples]
        spread = [min(every), statistics.median(every), max(every)]
        yield _line(name, [_number(each.values[name]) for each in shown], map(_number, spread))


def _life(own: Sequence[Sample]) -> Life:
    minutes = own[-1].minute - own[0].minute
    warm = [each for each in own if each.minute - own[0].minute >= WARMING]
    if minutes < 2 * WARMING:
        return Life(minutes, None)
    fit = statistics.linear_regression([each.minute / 60 for each in warm], [each.values["daemon, RSS"] for each in warm])
    return Life(minutes, fit.slope * 1024)


def _process(process: int) -> dict[str, float] | None:
    """Return what a process takes; None if it has ended."""
    folder = Path(f"/proc/{process}")
    with suppress(OSError, AttributeError):
        memory = (folder / "smaps_rollup").read_text()  # proc_pid_smaps(5)
        amounts = {name.upper(): int(re.search(rf"(?m)^{name}: +(\d+) kB$", memory)[1]) / 1024 for name in ("Rss", "Pss")}  # type: ignore[index]  # as caught above
        return {**amounts, "files": len(list((folder / "fd").iterdir())), "threads": len(list((folder / "task").iterdir()))}
    return None


def _size(path: Path) -> int:
    with suppress(OSError):
        return path.stat().st_size
    return 0


def _number(value: float) -> str:
    return f"{value:.0f}" if value == int(value) else f"{value:.1f}"


def _line(name: str, moments: Sequence[str], spread: object) -> str:
    cells = "".join(f"{cell:>7}" for cell in moments)
    return f"{name:<22}{cells} |" + "".join(f"{cell:>7}" for cell in spread)  # type: ignore[attr-defined]
