"""Very many texts, by hypothesis and by a coverage-guided fuzzer, and what came of them."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as seeded

from tests.hostile.judge import Judge, Tally, What
from tests.hostile.real_path import real_path
from tests.hostile.texts import seeds, texts

MEMORY = Path("/dev/shm")  # noqa: S108  # a folder of one's own is made in it
"""Where files are quickly written and read again."""

GUIDED = 0.9
"""Which part of the texts the coverage-guided fuzzer makes: several times as many as hypothesis in as long."""

BATCH = 25
"""How many manifests are in the drop folder at once."""


def run(  # noqa: PLR0913, PLR0917  # what the command is told
    what: What, inputs: int, sample: int, seed: int, kept: Path, say: Callable[[str], None]
) -> Tally:
    """Judge so many texts: some made by hypothesis, most by atheris where it is installed.

    Parameters
    ----------
    what
        What the texts are to be.
    inputs
        How many there are.
    sample
        How many manifests of hypothesis's go through a lab as well.
    seed
        Decides them.
    kept
        The folder that texts are put into with which something is wrong.
    say
        Is told how it goes.
    """
    started = time.monotonic()
    with ExitStack() as stack:
        judge = Judge(what, Path(stack.enter_context(TemporaryDirectory(dir=MEMORY))), kept)
        guided = int(GUIDED * inputs) if find_spec("atheris") else 0
        ask = stack.enter_context(guiding(what, guided, seed, kept)) if guided else Tally
        sampled = random_texts(judge, what, inputs - guided, seed, sample)
        say(f"{judge.tally.texts} texts by hypothesis in {time.monotonic() - started:.0f} s")
        judge.tally.add(ask())
        say(
            f"{guided} by atheris meanwhile, in {time.monotonic() - started:.0f} s"
            if guided
            else "none by atheris: it is not installed"
        )
        if what == "manifest":
            started, lab = time.monotonic(), stack.enter_context(TemporaryDirectory())
            path = stack.enter_context(real_path(Path(lab)))
            for first in range(0, len(sampled), BATCH):
                for text, fault in path.deliver(sampled[first : first + BATCH]):
                    judge.blame(text, fault)
            say(f"{len(sampled)} of these through a drop folder and the database in {time.monotonic() - started:.0f} s")
    return judge.tally


def random_texts(judge: Judge, what: What, count: int, seed: int, sample: int) -> list[bytes]:
    """Judge the known texts and those of hypothesis; return some of them, all that are accepted first."""
    accepted, others = list[bytes](), seeds(what)
    for text in others:
        judge.judge(text)

    @seeded(seed)
    @settings(
        max_examples=count - len(others),
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
    )
    @given(texts(what))
    def each(text: bytes) -> None:
        before = judge.tally.accepted
        judge.judge(text)
        (accepted if judge.tally.accepted > before else others).append(text)

    each()
    good, bad = dict.fromkeys(accepted), dict.fromkeys(others)
    return [*list(good)[: sample // 2], *list(bad)[: sample - min(len(good), sample // 2)]]


@contextmanager
def guiding(what: What, count: int, seed: int, kept: Path) -> Iterator[Callable[[], Tally]]:
    """Have a coverage-guided fuzzer judge so many texts, in a process of its own; yield what waits for that, and returns it."""
    with TemporaryDirectory() as folder:
        result, log = Path(folder) / "result.json", Path(folder) / "log"
        command = [sys.executable, "-m", "tests.hostile.guided", what, str(count), str(seed), str(kept), str(result)]
        with log.open("wb") as said:
            process = subprocess.Popen(
                command, env={"PYTHONPATH": ":".join(sys.path[:2])}, cwd=folder, stdout=said, stderr=said
            )

        def ask() -> Tally:
            if status := process.wait():
                return Tally(findings=[f"the fuzzer ended with {status}: {log.read_text(errors='replace')[-2000:]}"])
            return Tally(**json.loads(result.read_text()))

        try:
            yield ask
        finally:
            process.kill()
            process.wait()
