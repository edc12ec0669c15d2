"""When a rejected delivery is retried: when its inputs, besides its file, have changed."""

from collections.abc import Callable, Mapping

from antelop.config import FolderConfig
from antelop.database.row import Row, problems_in
from antelop.database.table import restricted
from antelop.lab import Lab
from antelop.lab.resolve import Policy
from antelop.queue import deliveries
from antelop.worker.events import Compared, DeliveryName, Event, OddRow
from antelop.worker.inputs import blocking_sessions, inputs, inputs_hash, outdated, still_blocking
from antelop.worker.odd_rows import OddRows

BATCH = 50
"""How many rejected deliveries are compared in one call, so that new deliveries need not wait for all of them."""


class Reconsideration:
    """Enqueues rejected and failed deliveries whose inputs have changed.

    Parameters
    ----------
    lab
        The lab that the deliveries are for.
    odd_rows
        Reports deliveries that cannot be compared.
    say
        Receives the events of the worker.
    """

    def __init__(self, lab: Lab, odd_rows: OddRows, say: Callable[[Event], None]) -> None:
        self._lab = lab
        self._odd_rows = odd_rows
        self._say = say

    def compare(self, folders: Mapping[str, FolderConfig], after: str) -> str | None:
        """Compare the next `BATCH` deliveries, and enqueue those whose inputs have changed.

        Parameters
        ----------
        folders
            The drop folders whose deliveries are compared, by name.
        after
            The delivery that the last batch ended with; empty for the first batch.

        Returns
        -------
        str or None
            The delivery that this batch ended with; None if no more follow.
        """
        database = self._lab.database
        wanted = [{"state": state, "folder": folder} for state in ("rejected", "failed") for folder in folders]
        # Only keys are read here, because a row that cannot be read must not block the others.
        keys = restricted(database.Delivery & wanted, "delivery_id > %s", after).keys(order_by="delivery_id", limit=BATCH)
        for key in keys:
            with self._odd_rows.surviving("it", key["delivery_id"]):
                self._compare_one(key, folders)
        if len(keys) == BATCH:
            return str(keys[-1]["delivery_id"])
        # The end of the list: report masks that are out of date, once per round.
        with self._odd_rows.surviving("MaskFunction"):
            self._say(Compared(outdated(self._lab)))
        return None

    def _compare_one(self, key: Row, folders: Mapping[str, FolderConfig]) -> None:
        """Enqueue a delivery if its inputs have changed, or if nothing says what they were."""
        database = self._lab.database
        row, attempts = (database.Delivery & key).fetch1(), database.Attempt & key
        last = next(iter(attempts.to_dicts(order_by="attempt_id DESC", limit=1)), None)
        # A person has deleted its attempts. A new attempt finds out again what is wrong.
        if last is None:
            sentence = f"nothing says why it is {row['state']}: its attempts were deleted; it is tried again"
            self._say(OddRow(DeliveryName.of(row), sentence))
            deliveries.retry(database, row["delivery_id"], self._lab.clock())
            return
        found = inputs(self._lab, row["manifest"], policy_of(row, folders[row["folder"]]))
        now = inputs_hash(found, still_blocking(database, blocking_sessions(problems_in(last["problems"]))))
        # A failure has no hash, as it may have happened before the inputs were read. From now on it is compared with these.
        if not last["decided_by"]:
            database.Attempt.update1({name: last[name] for name in attempts.primary_key} | {"decided_by": now})
        elif now != last["decided_by"]:
            deliveries.retry(database, row["delivery_id"], self._lab.clock())


def policy_of(row: Row, folder: FolderConfig) -> Policy:
    """Return what the drop folder allows a delivery to do."""
    settled = tuple((path, size, mtime) for path, size, mtime in row["videos"] or ())
    return Policy(folder.experimenters, folder.create_sessions, settled)
