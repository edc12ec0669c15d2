"""Whether what is there is what was sent."""

import json

from antelop.lab import Lab
from tests.kills.account import Content, audit, content
from tests.kills.scene import Sent
from tests.soaking.load import Load
from tests.soaking.report import Report
from tests.soaking.stage import Stage


def judge(scene: Stage, lab: Lab, load: Load, clean: Content, report: Report) -> None:
    """Compare everything that was sent with what is there; what goes in must be what a clean run makes of it."""
    found, said = audit(scene, lab, load.due["ingested"], clean)
    report.found += found
    report.said += said
    database, expected = lab.database, len(load.due["ingested"])
    for outcome in ("rejected", "already-ingested", "taken back"):
        for sent in load.due[outcome]:
            where, held = f"{sent.folder}/{sent.number}, which was to be {outcome}", session(lab, sent)
            if outcome == "taken back":
                expected += held is not None
                if held not in (clean, None):
                    report.blame("partial", f"{where}: its session holds {held}")
            elif held is not None:
                report.blame("duplicated", f"{where}: there is a session of its own")
            elif scene.outcome(sent) != outcome:
                report.blame("wrongly answered", f"{where}: its receipt says {scene.outcome(sent)}")
    sessions, entries = len(database.World()), len(database.Ingestion())
    if {sessions, entries} != {expected}:
        report.blame("duplicated", f"{expected} recordings became {sessions} sessions and {entries} rows of the ledger")
    report.states.update(database.Delivery.to_arrays("state").tolist())
    for attempt in (database.Attempt & "traceback IS NOT NULL").to_dicts():
        report.blame("defects", attempt["traceback"])


def session(lab: Lab, sent: Sent) -> Content | None:
    """Return what the session of a delivery holds; None if it holds nothing, or there is none."""
    for key in (lab.database.Session & {"session_name": sent.session}).proj().to_dicts():
        held = content(lab.database, key, sent.number)
        return held if any(rows.total() for rows in held.values()) else None
    return None


def read_log(scene: Stage, report: Report) -> None:
    """Count the events in the log; a traceback, or what is no event, is a defect."""
    for line in (scene.folder / "log").read_text().splitlines():
        try:
            event = json.loads(line)
        except ValueError:
            event = {"event": "no event", "traceback": line}
        report.events[event["event"]] += 1
        if event.get("exception") or event.get("traceback"):
            report.blame("defects", line)
