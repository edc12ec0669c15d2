"""Sessions: ``sessions``, ``export``, ``remove``."""
# ruff: noqa: PLC0415  # see antelop.cli.terminal

import re
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, time, timedelta
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

import click

from antelop.cli import key
from antelop.cli.command import main
from antelop.cli.terminal import Terminal, complain, say
from antelop.wording import counted

if TYPE_CHECKING:
    from antelop.database import Database


class Since(click.ParamType[datetime]):
    """A time to look back to: ``today``, ``yesterday``, ``3d``, ``12h``, or ISO 8601."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:  # noqa: ANN401  # as in click
        """Return it in UTC."""
        now = (ctx.ensure_object(Terminal) if ctx else Terminal()).clock()
        try:
            # "today" begins at midnight in the time zone of the person who asks.
            return since(value, now.astimezone().replace(tzinfo=None)).astimezone(UTC)
        except ValueError:
            self.fail(f"{value!r} is none of today, yesterday, 3d, 12h, 2026-11-22, 2026-11-22T09:30", param, ctx)


def since(text: str, now: datetime) -> datetime:
    """Return the time that a text such as ``yesterday`` means, in local time, as `now` is.

    Raises
    ------
    ValueError
        If the text is not a time.
    """
    midnight = datetime.combine(now, time())
    if text in ("today", "yesterday"):
        return midnight - timedelta(days=text == "yesterday")
    if span := re.fullmatch(r"([0-9]{1,5})([dh])", text):
        return now - timedelta(**{{"d": "days", "h": "hours"}[span[2]]: int(span[1])})
    return datetime.fromisoformat(text)


@main.command(example="antelop sessions --since yesterday")
@click.option("--since", "start", type=Since(), default="7d", show_default=True, help="today, yesterday, 3d, 12h, 2026-11-22.")
@click.pass_obj
def sessions(terminal: Terminal, start: datetime) -> None:
    """List the recordings that were ingested.

    For each: its session, when it was ingested, its trials by mask, and the warnings.
    """
    with terminal.lab() as lab:
        documents = list(_arrived(lab.database, start))
    if terminal.as_json:
        terminal.write(*documents)
        return
    if not documents:
        say(f"No recording went in since {start.astimezone():%Y-%m-%d %H:%M}.")
        return
    terminal.table(("session", "name", "went in", "trials", "warnings", "file"), [_row(document) for document in documents])
    for document in documents:
        if document["warnings"]:
            say()
            say(f"{key.written(document['session'])}, {document['session_name']}")
            complain("warning", document["warnings"])


def _arrived(database: "Database", start: datetime) -> Iterator[dict[str, Any]]:
    """Yield the ledger's rows of the sessions that were ingested since a time, the earliest first."""
    from antelop.database.row import counts_in, problems_in
    from antelop.database.table import restricted
    from antelop.queue.ledger import utc

    # Only these columns: the rows of Delivery also hold whole manifests.
    names = database.Session.proj("session_name") * database.Experiment.proj("experiment_name")
    ledger = database.Ingestion.proj("ingested", "trials", "rows_inserted", "warnings", *database.Session.primary_key)
    recent = restricted(ledger, "ingested >= %s", utc(start))
    for row in (recent * names * database.Delivery.proj("nwb_path")).to_dicts(order_by=("ingested", "session_id")):
        yield {
            "session": {name: row[name] for name in database.Session.primary_key},
            "experiment_name": row["experiment_name"],
            "session_name": row["session_name"],
            "ingested": row["ingested"].replace(tzinfo=UTC).isoformat(timespec="seconds"),
            "nwb_path": row["nwb_path"],
            "rows": counts_in(row["rows_inserted"]),
            "trials": counts_in(row["trials"]),
            "warnings": [warning.as_dict() for warning in problems_in(row["warnings"])],
        }


def _row(document: Mapping[str, Any]) -> tuple[object, ...]:
    """Return the row of a session in the table for people."""
    return (
        key.written(document["session"]),
        f"{document['experiment_name']}, {document['session_name']}",
        f"{datetime.fromisoformat(document['ingested']).astimezone():%Y-%m-%d %H:%M}",
        ", ".join(f"{mask}: {count}" for mask, count in document["trials"].items()),
        len(document["warnings"]) or "",
        PurePath(document["nwb_path"]).name,
    )


@main.command(example="antelop export ada/licking/41 2026-11-22_m17.nwb")
@click.argument("path", metavar="SESSION", type=key.SESSION)
@click.argument("file", metavar="FILE.nwb", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--overwrite", is_flag=True, help="Replace FILE.nwb if it exists.")
@click.pass_obj
def export(terminal: Terminal, path: key.Path, file: Path, *, overwrite: bool) -> None:
    """Write a session back as an NWB file.

    The file holds what the database does, and an ingest of it stores the same again. Videos are copied into a folder beside it.
    SESSION is written as experimenter/experiment/session, by ids or names.
    """
    from antelop.export.session import export_nwb
    from antelop.lab.naming import locate
    from antelop.wording import as_size

    with terminal.lab() as lab:
        session = locate(lab.database, path)
        made = export_nwb(lab, session, file, overwrite=overwrite)
    sentence = f"{key.written(session)} to {file}, {as_size(made.size)}"
    terminal.tell(
        {
            "outcome": "exported",
            "sentence": f"{sentence} and {counted(len(made.videos), 'video')}" if made.videos else sentence,
            "session": session,
            "path": str(file),
            "bytes": made.size,
            "videos": [str(video) for video in made.videos],
            "warnings": [warning.as_dict() for warning in made.warnings],
        }
    )


@main.command(example="antelop remove ada/licking/41")
@click.argument("path", metavar="SESSION", type=key.SESSION)
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def remove(terminal: Terminal, path: key.Path, *, yes: bool) -> None:
    """Remove the recording from a session.

    The session, its file and animals, and the rows that would be removed are shown first. The session stays, and can take
    another recording. SESSION is written as experimenter/experiment/session, by ids or names.
    """
    from antelop.lab.naming import locate
    from antelop.upkeep import removal
    from antelop.wording import quoted

    # A script cannot answer the question: refuse at once instead of reading its input.
    if not yes and not sys.stdin.isatty():
        raise click.UsageError("there is no terminal to ask on: give --yes to remove the recording without being asked")
    with terminal.lab() as lab:
        found = locate(lab.database, path)
        # Without any row there is nothing to ask: `remove` then says why it cannot remove a recording.
        if not yes and (hanging := removal.hanging(lab, found)):
            for what, value in removal.described(lab, found).items():
                say(f"  {what:>8}  {value}", err=True)
            say(f"These rows of {key.written(found)} would go:", err=True)
            for table, count in hanging.items():
                say(f"  {count:6}  {table}", err=True)
            if not click.confirm("Remove them?", err=True):
                terminal.tell({"outcome": "kept", "sentence": key.written(found), "session": found})
                return
        rows = removal.remove(lab, found)
        name = quoted((lab.database.Session & found).fetch1("session_name"))
    sentence = f"{counted(sum(rows.values()), 'row')} of {key.written(found)}, {name}"
    terminal.tell({"outcome": "removed", "sentence": sentence, "session": found, "rows": rows})
