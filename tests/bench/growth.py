"""How long an ingest takes with few and with many sessions in the database, in turn.

The sessions that are there already are copies of one that was ingested, made by SQL, row by row of every table.

Run it as ``PYTHONPATH=daemon:. python tests/bench/growth.py``.
"""
# ruff: noqa: T201  # a benchmark prints

import argparse
import json
import time
from contextlib import ExitStack
from pathlib import Path

from antelop.config import load
from antelop.ingest.session import insert_nwb
from antelop.lab import Lab
from tests.bench import house
from tests.bench.comparison import report
from tests.clocks import wall
from tests.servers import public_folder

FIRST = 1_000
"""From which number the copies are counted."""

COPIED = {
    "session_id": "g",
    "session_name": "'copy ' || g",
    "delivery_id": "md5(g::text)",
    "fingerprint": "md5(g::text) || md5(g::text)",
    "nwb_object_id": "md5(g::text)",
    "nwb_identifier": "md5(g::text)",
    "nwb_path": "nwb_path || g",
}
"""What is different in a copy."""


def fill(lab: Lab, sessions: int) -> None:
    """Make copies of session 1; the database need not look whether what each row refers to is there."""
    lab.database.connection.query("SET session_replication_role = replica")
    for name, table in lab.database.tables.items():
        columns = list(table().heading.attributes)
        if name not in ("Delivery", "Attempt") and "session_id" not in columns:
            continue
        own = table().full_table_name
        names = ", ".join(f'"{column}"' for column in columns)
        selected = ", ".join(COPIED.get(column, f'"{column}"') for column in columns)
        rows = f"{own} AS source, generate_series({FIRST + 1}, {FIRST + sessions}) AS g"
        chosen = "WHERE session_id = 1" if "session_id" in columns else ""
        lab.database.connection.query(f"INSERT INTO {own} ({names}) SELECT {selected} FROM {rows} {chosen}")  # noqa: S608  # ours
    lab.database.connection.query("SET session_replication_role = origin")
    lab.database.connection.query("ANALYZE")


def main() -> None:
    """Measure in turn, and print a table and JSON."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--sessions", nargs=2, type=int, default=[100, 100_000])
    parser.add_argument("--rounds", type=int, default=30)
    arguments = parser.parse_args()
    labs: dict[str, Lab] = {}
    with ExitStack() as stack:
        folder = stack.enter_context(public_folder())
        source = house.record(folder / "source.nwb")
        for sessions in arguments.sessions:
            own = folder / str(sessions)
            own.mkdir()
            lab = stack.enter_context(Lab(load(house.make(own, arguments.rounds + 2), {}), {}, wall))
            insert_nwb(
                lab, {**house.EXPERIMENT, "session_id": 1}, [], house.another(source, folder / f"first-{sessions}.nwb", 1)
            )
            fill(lab, sessions)
            labs[f"{sessions:,} sessions"] = lab
        rounds = []
        for number in range(2, arguments.rounds + 2):
            path = house.another(source, folder / f"s{number}.nwb", number)
            rounds.append({name: {"seconds": ingest(lab, path, number)} for name, lab in labs.items()})
    few, many = labs
    table = report("Ingest of a small session", rounds, [few], {many: f"at most 1.2 / {few}"})
    print(json.dumps({"benchmark": "growth", "results": table}))


def ingest(lab: Lab, path: Path, number: int) -> float:
    """Ingest a recording, and return how long that takes in seconds."""
    started = time.perf_counter()
    insert_nwb(lab, {**house.EXPERIMENT, "session_id": number}, [], path)
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
