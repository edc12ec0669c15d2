"""The service: ``run``, ``worker``, ``status``, ``explain``, ``retry``."""
# ruff: noqa: PLC0415  # see antelop.cli.terminal

import os
import signal
import sys
from contextlib import suppress
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from antelop.cli.command import main
from antelop.cli.terminal import STATUSES, Terminal, complain, say
from antelop.errors import Problem, Rejected, Unavailable
from antelop.wording import counted

if TYPE_CHECKING:
    from antelop.database.row import Row
    from antelop.lab import Lab

SILENT = timedelta(minutes=1)
"""A service whose status is older than this does not run: a running one writes its status much more often."""

LISTED = 30
"""How many waiting files are listed for people: those that have waited longest."""


@main.command(example="antelop run")
@click.pass_obj
def run(terminal: Terminal) -> None:
    """Run the service: watch the drop folders, and ingest what is delivered.

    SIGTERM and Ctrl-C stop it after the running deliveries are finished, a second signal stops it at once; on SIGHUP it reads
    the configuration again. The log goes to standard error.
    """
    from antelop.service.main import run

    _open_log()
    run(terminal.config, os.environ, terminal.clock)


@main.command(example="antelop worker --drain")
@click.option("--drain", is_flag=True, help="Stop when there is nothing to do.")
@click.pass_obj
def worker(terminal: Terminal, *, drain: bool) -> None:
    """Ingest the deliveries in the queue, as the workers of the service do.

    In this way a second machine can help, if it sees the same drop folders, store and analysis folder. SIGTERM and Ctrl-C stop
    it after the running delivery is finished, a second signal stops it at once.
    """
    from antelop.worker import Worker, event_log
    from antelop.worker.process import Alone, serve

    _open_log()
    with terminal.lab() as lab:
        if drain:
            # Jobs whose workers are dead come first: no service may be there to release them.
            one = Worker(lab, event_log.enter)
            one.finish_orphans({})
            while one.work():
                pass
            return
        # `serve` returns after as many deliveries as a worker process of the service may ingest: here the process goes on.
        alone = Alone(folder.name for folder in lab.config.folders)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, alone.stop)
        while not alone.closed:
            serve(lab, alone)


@main.command(example="antelop status")
@click.pass_context
def status(ctx: click.Context) -> None:
    """Show the state of the service: folders, waiting files and why they wait, queue, workers and the last outcomes.

    The exit status is 3 if the service does not run.
    """
    from antelop.service import status

    config = ctx.obj.config()
    document = status.read(config.state)
    if document is None:
        raise Unavailable(f"the service has never run with {config.state} as its state directory")
    # A service that was killed leaves a status with its process in it: only a fresh status shows that it runs.
    quiet = ctx.obj.clock() - datetime.fromisoformat(document["written"])
    document["running"] = document["process"] is not None and quiet < SILENT
    document["warnings"] = [warning.as_dict() for warning in config.warnings]
    if ctx.obj.as_json:
        ctx.obj.write(document)
    else:
        _show(ctx.obj, document)
    ctx.exit(0 if document["running"] else STATUSES["unavailable"])


@main.command(example="antelop explain /srv/acquisition/rig-2/2026-11-22_m17.nwb")
@click.argument("path", type=click.Path(path_type=Path))
@click.pass_obj
def explain(terminal: Terminal, path: Path) -> None:
    """Say why the file PATH in a drop folder waits, and what it waits for."""
    from contextlib import ExitStack

    from antelop.service.explain import explain
    from antelop.service.status import read

    config = terminal.config()
    with ExitStack() as opened:
        # Each is useful without the other: the database may be unavailable, and the status not readable for this user.
        database = status = None
        with suppress(Unavailable):
            database = opened.enter_context(terminal.lab()).database
        with suppress(Unavailable):
            status = read(config.state)
        found = explain(path, config.folders, status, database)
    document: dict[str, Any] = {"outcome": found.rule, **asdict(found)}
    if terminal.as_json:
        terminal.write(document)
        return
    said = counted(len(found.problems), "problem") if found.problems else found.sentence
    say(f"{path.name}: {said}", found.rule)
    complain("problem", found.problems)
    if found.release:
        say(found.release, "release", colour="green", indent=2)


@main.command(example="antelop retry --all")
@click.argument("path", required=False, type=click.Path(path_type=Path))
@click.option("--all", "everything", is_flag=True, help="Try all that was rejected or has failed.")
@click.pass_obj
def retry(terminal: Terminal, path: Path | None, *, everything: bool) -> None:
    """Retry a delivery, by its recording or manifest PATH, whatever its outcome was.

    A recording that was removed from its session is ingested again. The command enqueues; the service, or a worker, ingests.
    """
    from antelop.queue import deliveries

    if (path is None) != everything:
        raise click.UsageError("give the PATH of a recording or manifest, or --all")
    with terminal.lab() as lab:
        # A delivery that has no outcome yet is in the queue already: `deliveries.retry` skips it.
        rows = _closed(lab) if path is None else [_delivery(lab, path)]
        tried = [row["delivery_id"] for row in rows if deliveries.retry(lab.database, row["delivery_id"], terminal.clock())]
    sentence = f"{counted(len(tried), 'recording')} put into the queue" if tried else "there is nothing to try again"
    terminal.tell({"outcome": "queued", "sentence": sentence, "deliveries": tried})


def _closed(lab: "Lab") -> "list[Row]":
    """Return the deliveries that were rejected or have failed."""
    folders = [{"folder": folder.name, "state": state} for folder in lab.config.folders for state in ("rejected", "failed")]
    return (lab.database.Delivery & folders).proj().to_dicts()  # type: ignore[no-any-return]


def _delivery(lab: "Lab", path: Path) -> "Row":
    """Return the latest delivery that a file belongs to."""
    from antelop.service.explain import delivered

    row = delivered(lab.database, lab.config.folders, path)
    if row is None:
        remedy = "`antelop explain` says what holds it"
        raise Rejected([Problem("delivery_unknown", str(path), "it was never part of a delivery", remedy)])
    return row


def _open_log() -> None:
    """Begin to log to standard error."""
    from antelop import log

    log.configure(sys.stderr, terminal=sys.stderr.isatty(), journal=log.to_journal(sys.stderr, os.environ))


def _show(terminal: Terminal, document: dict[str, Any]) -> None:
    """Print the status for people."""
    started, written = (datetime.fromisoformat(document[name]).astimezone() for name in ("started", "written"))
    if document["running"]:
        say(f"antelop {document['version']} runs since {started:%Y-%m-%d %H:%M} as process {document['process']}")
    else:
        say(f"antelop does not run; it was last heard of at {written:%Y-%m-%d %H:%M:%S}")
    say(f"{document['sentence']}; {document['last_hour']} in the last hour")
    # Failures that no delivery would show.
    for name in document["outdated_masks"]:
        say(f"mask function {name} is not the version that the rig was uploaded with: upload the rig again")
    for service in document["notices"]["failing"]:
        say(f"notification service {service} did not take the last message")
    complain("warning", document["warnings"])
    tables: dict[tuple[str, ...], list[tuple[object, ...]]] = {
        ("folder", "state", "settle", "scanned", "entries"): [_folder(folder) for folder in document["folders"]],
        ("waits", "since", "why"): [
            (f"{waits['folder']}: {waits['path']}", _when(waits["since"]), waits["reason"])
            for waits in sorted(document["waiting"], key=lambda waits: waits["since"])[:LISTED]
        ],
        ("worker", "does", "for", "done", "memory"): [_worker(worker) for worker in document["workers"]],
        ("last", "outcome", "at", "that is"): [
            (f"{last['folder']}: {last['nwb'] or last['manifest']}", last["outcome"], _when(last["finished"]), last["sentence"])
            for last in document["outcomes"]
        ],
    }
    # An empty table would only take up lines.
    for columns, rows in tables.items():
        if rows:
            say()
            terminal.table(columns, rows)
        if columns[0] == "waits" and len(document["waiting"]) > LISTED:
            say(f"and {len(document['waiting']) - LISTED} more, not as long; `antelop status --json` lists all")


def _folder(folder: dict[str, Any]) -> tuple[object, ...]:
    """Return a folder's row."""
    from antelop.wording import as_span

    # Its watcher has not reported yet, or is not running.
    if "entries" not in folder:
        return folder["name"], folder["absent"] or "not watched", "", "", ""
    state = folder["absent"] or ", ".join(filter(None, [folder["watching"], folder["because"]]))
    scanned = "" if folder["scanned"] is None else f"{as_span(folder['scanned'])} ago"
    return folder["name"], state, as_span(folder["settle"]), scanned, folder["entries"]


def _worker(worker: dict[str, Any]) -> tuple[object, ...]:
    """Return a worker's row."""
    from antelop.wording import as_size, as_span

    does = worker["delivery"]["nwb"] or worker["delivery"]["manifest"] if worker["delivery"] else "waits"
    return worker["process"], does, as_span(worker["seconds"]), worker["done"], as_size(worker["memory"])


def _when(time: str) -> str:
    """Return a time in the local time zone, in short form."""
    return f"{datetime.fromisoformat(time).astimezone():%m-%d %H:%M:%S}"
