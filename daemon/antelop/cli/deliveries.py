"""Deliveries: ``ingest`` and ``check``."""
# ruff: noqa: PLC0415  # see antelop.cli.terminal

from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from antelop import memory
from antelop.cli.command import FILE, main
from antelop.cli.terminal import STATUSES, Terminal, failure
from antelop.errors import Problem, Rejected, Unavailable, gathering
from antelop.wording import counted

if TYPE_CHECKING:
    from antelop.checks.examine import Findings
    from antelop.lab import Lab


@main.command(example="antelop ingest 2026-11-22_m17.manifest.json")
@click.argument("manifests", metavar="MANIFEST...", nargs=-1, required=True, type=FILE)
@click.pass_context
def ingest(ctx: click.Context, manifests: tuple[Path, ...]) -> None:
    """Ingest recordings here and now, just as the daemon does.

    Each MANIFEST names a recording, its session, rig and animals. One that does not go in keeps no other from it, and the exit
    status is that of the worst.
    """
    worst = 0
    with ctx.obj.lab() as lab:
        memory.limit(lab.config.workers.memory)
        for manifest in manifests:
            document = ingested(lab, manifest)
            ctx.obj.tell(document, manifest.name)
            worst = max(worst, STATUSES.get(document["outcome"], 0))
    ctx.exit(worst)


def ingested(lab: "Lab", manifest: Path) -> dict[str, Any]:
    """Return what a receipt would say of a delivery."""
    from antelop.ingest.session import ingest_manifest
    from antelop.lab.resolve import Policy
    from antelop.outcome import Outcome

    try:
        return ingest_manifest(lab, manifest, Policy()).as_dict()
    except Exception as error:  # noqa: BLE001  # a defect that one recording hits keeps no other from going in
        if isinstance(error, Unavailable):
            with suppress(Unavailable):  # the next one says so
                lab.reconnect()
        document = failure(error)
        problems = error.problems if isinstance(error, Rejected) else ()
        return Outcome.of(document["outcome"], document["sentence"], lab.clock(), problems).as_dict()


@main.command(example="antelop check 2026-11-22_m17.nwb --rig open-field.json")
@click.argument("file", metavar="NWB|MANIFEST", type=FILE)
@click.option("--rig", "rig_file", type=FILE, metavar="RIG.json", help="The rig that an NWB file is checked against.")
@click.pass_context
def check(ctx: click.Context, file: Path, rig_file: Path | None) -> None:
    """Find what would keep a recording from going in.

    An NWB file is checked against a rig's JSON file, without a database. A MANIFEST is checked as an ingest would, against the
    database, but nothing is stored. All that is wrong is found at once.
    """
    if rig_file is None and file.suffix.lower() == ".nwb":
        raise click.UsageError("an NWB file is checked against a rig: give --rig RIG.json, or check its manifest")
    if rig_file is not None and file.suffix.lower() == ".json":
        raise click.UsageError("a manifest names its rig itself: leave --rig out, or check the NWB file")
    # A manifest is rehearsed as an ingest, because only the database knows its rig, session and animals.
    findings = _rehearsed(ctx.obj, file) if rig_file is None else _compared(ctx.obj, file, rig_file)
    outcome = "rejected" if findings.errors else "passed"
    document = {
        "outcome": outcome,
        "sentence": f"{counted(len(findings.errors), 'problem')}, {counted(len(findings.warnings), 'warning')}",
        "problems": [problem.as_dict() for problem in findings.errors],
        "warnings": [warning.as_dict() for warning in findings.warnings],
    }
    ctx.obj.tell(document, file.name)
    ctx.exit(STATUSES.get(outcome, 0))


def _rehearsed(terminal: Terminal, manifest: Path) -> "Findings":
    """Return what an ingest of a manifest would find."""
    from antelop.ingest.session import rehearse
    from antelop.lab.resolve import Policy

    with terminal.lab() as lab:
        memory.limit(lab.config.workers.memory)
        return rehearse(lab, manifest, Policy())


def _compared(terminal: Terminal, nwb_file: Path, rig_file: Path) -> "Findings":
    """Return what is found in an NWB file that should hold what a rig names."""
    from antelop.checks.examine import Findings, examine
    from antelop.files import RegularFile
    from antelop.formats import rig
    from antelop.ingest.source_files import SourceFiles
    from antelop.recording import reading_held

    # A recording that takes more memory than a worker may have must not pass here.
    config = terminal.config()
    memory.limit(config.workers.memory)
    # Problems of both files are reported at once; only if both can be read are they compared.
    problems: list[Problem] = []
    with ExitStack() as opened:
        with gathering(problems):
            files = opened.enter_context(SourceFiles.by_hand(nwb_file, config))
            recording = opened.enter_context(reading_held(files.nwb, files.video_paths))
        with gathering(problems), RegularFile.at(rig_file) as file:
            wanted = rig.parse(rig.read(file.start(rig.LONGEST + 1)))
        return Findings(tuple(problems), ()) if problems else examine(recording, wanted, None, config.checks, terminal.clock())
