"""A worker: claims a delivery, ingests it, answers it beside its manifest, and goes on."""

import os
import pickle
import select
import signal
import sys
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from antelop import queue, receipt
from antelop.analysis import places
from antelop.archive import archive
from antelop.config import FolderConfig
from antelop.decision import decided_by
from antelop.delivery import Delivery
from antelop.errors import Problem, Rejected, Unavailable
from antelop.inbox.link import Link
from antelop.ingest import Unsettled, ingest
from antelop.keys import Policy
from antelop.lab import Lab
from antelop.ledger import Superseded, recall
from antelop.outcome import VERSION, Kind, Outcome
from antelop.rows import Row
from antelop.trust import untrusted

Say = Callable[[Mapping[str, Any]], None]
"""Tells whoever started the worker what it does."""


IDLE = 2.0
"""Seconds after which a worker that has nothing to do looks into the queue unasked."""

RECONSIDER = 30.0
"""Seconds from the end of one look at rejected deliveries to the next."""

AT_A_TIME = 50
"""How many of them are looked at at a time."""


class Worker:
    """Works on deliveries, one after the other.

    Parameters
    ----------
    lab
        Where they go.
    say
        Is told of each delivery, by ``delivery_id``: the ``event`` is ``claimed``, ``unsettled`` or ``done``.
    """

    def __init__(self, lab: Lab, say: Say) -> None:
        self._lab = lab
        self._say = say
        self._folders = {folder.name: folder for folder in lab.config.folders}

    def work(self) -> bool:
        """Work on the delivery that has been due for longest; return whether there was one.

        Raises
        ------
        Unavailable
            If the database is away, and what became of the delivery cannot be entered: it is an orphan then.
        """
        with queue.claimed(self._lab.database, self._folders) as row:
            if row is None:
                return False
            self._say({"event": "claimed", **_named(row)})
            self._work_on(row)
        return True

    def reconsider(self, after: str = "") -> str:
        """Put rejected and failed deliveries back into the queue if what decided them has changed; look at some at a time.

        Parameters
        ----------
        after
            Where the last look ended.

        Returns
        -------
        str
            Where this one ended; empty if it has come to the end.
        """
        database = self._lab.database
        closed = database.Delivery & [
            {"folder": folder, "state": state} for folder in self._folders for state in ("rejected", "failed")
        ]
        rows = (closed & f"delivery_id > '{after}'").to_dicts(order_by="delivery_id", limit=AT_A_TIME)
        for row in rows:
            key = {"delivery_id": row["delivery_id"]}
            [last] = (database.Attempt & key).to_dicts(order_by="attempt_id DESC", limit=1)
            problems = [Problem(**problem) for problem in last["problems"]]
            folder = self._folders[row["folder"]]
            try:
                delivery = _read_again(row, folder)
            except (Superseded, Unavailable):
                continue  # for the folder's own process to find out
            now = decided_by(self._lab, delivery, _policy(row, folder), problems)
            if not last["decided_by"]:  # it failed: whoever noticed could not tell
                database.Attempt.update1({**key, "attempt_id": last["attempt_id"], "decided_by": now})
            elif now != last["decided_by"]:
                queue.retry(database, row["delivery_id"], datetime.now(UTC))
        return rows[-1]["delivery_id"] if len(rows) == AT_A_TIME else ""

    def _work_on(self, row: Row) -> None:
        """Ingest one delivery, answer it, and enter what became of it."""
        started, trace, decided = time.monotonic(), None, ""
        key = {"delivery_id": row["delivery_id"]}
        folder = self._folders[row["folder"]]
        answer = receipt.path_for(folder.path / row["manifest_path"])
        try:
            outcome, decided = self._ingest(row, folder)
            receipt.write(answer, outcome)
            outcome = self._archive(outcome, row, folder)
        except Superseded:
            queue.withdraw(self._lab.database, key)
            self._say({"event": "done", **_named(row), "state": "superseded"})
            return
        except Unsettled as unsettled:
            queue.wait(self._lab.database, key)
            self._say({"event": "unsettled", **_named(row), "paths": list(unsettled.paths)})
            return
        except Unavailable as unavailable:
            outcome = said("unavailable", str(unavailable))
            self._lab.reconnect()  # the connection may be what was lost
        except Exception as error:  # noqa: BLE001  # a defect of ours costs the delivery an attempt, and not the worker its life
            trace = traceback.format_exc()
            outcome = said("failed", f"a defect of this software: {type(error).__name__}: {error}")
        seconds = time.monotonic() - started
        state = queue.settle(self._lab.database, row["delivery_id"], outcome, seconds, decided, trace)
        if state == "failed":
            receipt.write(answer, outcome)
        self._say({**outcome.as_dict(), "event": "done", **_named(row), "state": state})

    def _ingest(self, row: Row, folder: FolderConfig) -> tuple[Outcome, str]:
        """Return what became of a delivery, and a hash of what decided it if it is rejected."""
        if committed := recall(self._lab.database, row["delivery_id"]):
            return committed, ""  # by a worker that did not live to say so
        delivery = _read_again(row, folder)
        policy = _policy(row, folder)
        self._expect_trust()
        try:
            return ingest(self._lab, delivery, folder.path / row["nwb_path"], policy), ""
        except Rejected as rejected:
            return refused(rejected.problems), decided_by(self._lab, delivery, policy, rejected.problems)

    def _archive(self, outcome: Outcome, row: Row, folder: FolderConfig) -> Outcome:
        """Archive what has been committed, if the folder says so, and say so in the receipt."""
        if folder.archive is None or outcome.outcome not in ("ingested", "already-ingested"):
            return outcome
        names = [row["nwb_path"], row["manifest_path"], *(path for path, _, _ in row["videos"] or ())]
        digest = archive(folder.path, folder.archive, names)
        archived = replace(outcome, archived={"path": str(folder.archive / row["nwb_path"]), "sha256": digest})
        receipt.write(receipt.path_for(folder.path / row["manifest_path"]), archived)
        return archived

    def _expect_trust(self) -> None:
        """Raise `Unavailable` if somebody who is not trusted could have written what would be run."""
        analysis = self._lab.config.analysis
        scripts = [script for folder in analysis.folders for script in places(folder)]
        if problems := untrusted([*analysis.folders, *scripts], uid=os.geteuid(), trusted=analysis.trusted):
            raise Unavailable(f"the analysis folder cannot be trusted: {problems[0]}")


def _named(row: Row) -> dict[str, str]:
    """Return what a log line says of a delivery."""
    nwb = row["nwb_path"] or row["manifest_path"]
    return {"delivery_id": row["delivery_id"], "folder": row["folder"], "nwb": nwb}


def _policy(row: Row, folder: FolderConfig) -> Policy:
    """Return what whoever delivers into a folder may do."""
    settled = tuple((path, size, mtime) for path, size, mtime in row["videos"] or ())
    return Policy(folder.experimenters, folder.create_sessions, settled)


def said(kind: Kind, sentence: str) -> Outcome:
    """Return an outcome that is all in its sentence."""
    return Outcome(kind, sentence, datetime.now(UTC), VERSION)


def refused(problems: Sequence[Problem]) -> Outcome:
    """Return the outcome of a delivery that is rejected."""
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    return replace(said("rejected", f"{problems[0]}{more}"), problems=tuple(problems))


def _read_again(row: Row, folder: FolderConfig) -> Delivery:
    """Return the delivery as it lies in its folder; raise `Superseded` if it is no longer the one that was queued."""
    manifest = folder.path / row["manifest_path"]
    try:
        found = manifest.stat()
        if found.st_size != row["manifest_size"]:
            raise Superseded
        document = manifest.read_bytes()
        nwb = (folder.path / row["nwb_path"]).stat() if row["nwb_path"] else None
    except OSError as error:
        raise Unavailable(f"{folder.path} cannot be read: {error.strerror}: {error.filename}") from error
    size, mtime = (nwb.st_size, nwb.st_mtime_ns) if nwb else (0, 0)
    delivery = Delivery(
        row["folder"], row["manifest_path"], found.st_size, found.st_mtime_ns, document, row["nwb_path"], size, mtime
    )
    if delivery.delivery_id != row["delivery_id"]:
        raise Superseded
    return delivery


def drain(worker: Worker) -> int:
    """Work until nothing is due; return how many deliveries there were."""
    done = 0
    while worker.work():
        done += 1
    return done


def serve(lab: Lab, link: Link) -> None:
    """Work until the other end of the link hangs up, or after as many deliveries as the configuration gives a worker.

    Whatever comes through the link says that there is work. What is said through it is what `Worker` says, ``idle``, and
    ``away`` with why the database is.
    """
    worker, done, looked, place = Worker(lab, link.send), 0, 0.0, ""
    while done < lab.config.workers.jobs_per_worker and not link.closed:
        pause = IDLE
        try:
            if worker.work():
                done += 1
                pause = 0.0
            elif time.monotonic() - looked > RECONSIDER:
                place = worker.reconsider(place)
                looked = looked if place else time.monotonic()
        except Unavailable as unavailable:
            link.send({"event": "away", "sentence": str(unavailable)})
            with suppress(Unavailable):
                lab.reconnect()
        if pause:
            link.send({"event": "idle"})
        select.select([link], [], [], pause)
        link.flush()
        link.receive()


def main() -> None:
    """Work for the service at the other end of the last argument's descriptor, with the configuration on standard input."""
    config = pickle.load(sys.stdin.buffer)  # noqa: S301  # from our own service
    # Ctrl-C and systemd's SIGTERM are for the service, which hangs up when this worker is to finish.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    link = Link(int(sys.argv[-1]))
    while not link.closed:
        try:
            with Lab(config, os.environ) as lab:
                serve(lab, link)
                return
        except Unavailable as unavailable:
            link.send({"event": "away", "sentence": str(unavailable)})
            select.select([link], [], [], IDLE)
            link.receive()


if __name__ == "__main__":
    main()
