"""The ledger: what was delivered, what was tried, and which session came of it."""

import datajoint as dj


class SchemaVersion(dj.Manual):
    """Which schemas are ours, and of which version: a schema without its row here is never touched."""

    definition = """
    schema_name : varchar(64)
    ---
    version : int16
    schema_id : char(32)              # drawn when it was made; the lab's store bears that of the schema that refers to it
    """


class Delivery(dj.Manual):
    """A file and its manifest, as they were when they had settled; or one call of ``insert_nwb``."""

    definition = """
    delivery_id : char(32)            # hash of folder, paths, sizes, mtimes and the manifest
    ---
    folder : varchar(100)             # a drop folder's name; empty for a script
    manifest_path = "" : varchar(500) # relative to the folder
    manifest_size = 0 : int64
    manifest_mtime = 0 : int64        # nanoseconds
    nwb_path : varchar(500)           # relative to the folder; absolute for a script
    nwb_size : int64
    nwb_mtime : int64                 # nanoseconds
    manifest : json
    videos = null : json              # its files beside it that have settled: path, size, mtime of each
    state : enum('ready', 'waiting', 'ingested', 'already-ingested', 'rejected', 'failed', 'superseded')
    received : datetime(6)            # when it was first seen, UTC
    readied : datetime(6)             # when it was last put into the queue, UTC: attempts since then count
    finished = null : datetime(6)     # UTC
    receipt_due = null : datetime(6)  # since when its receipt could not be written, UTC; null if it is not to be written again
    index (folder, nwb_path)
    index (folder, manifest_path)
    index (state, folder)
    """


class Ingestion(dj.Imported):
    """What became a session: written in the transaction that inserts it, so that a session without its row does not exist.

    Its jobs table is the queue.
    """

    definition = """
    -> Delivery
    ---
    -> [unique] World
    fingerprint : char(64)            # equal for two files that hold the same recording
    nwb_identifier : varchar(255)
    nwb_object_id : varchar(64)
    nwb_sha256 = null : char(64)
    rows_inserted : json              # by table
    trials : json                     # by mask
    bytes : int64                     # of the arrays and files that the rows refer to
    seconds : float64
    software : varchar(40)
    warnings : json
    ingested : datetime(6)            # UTC
    unique index (fingerprint)        # of two sessions that are given the same recording at once, one is first
    """

    @property
    def key_source(self) -> dj.Table:
        """Deliveries that wait for a worker."""
        return self.declaration_context["Delivery"] & {"state": "ready"}

    def make(self, key: dict[str, object]) -> None:
        """Refuse ``populate``: it would mark an outage as an error and abort a running ingest on SIGTERM."""
        raise NotImplementedError(
            "deliveries are ingested by `antelop worker`, which drives this queue itself; do not call populate"
        )


class Attempt(dj.Manual):
    """One look at a delivery: what came of it and what decided that."""

    definition = """
    -> Delivery
    attempt_id : int32
    ---
    outcome : enum('ingested', 'already-ingested', 'rejected', 'failed', 'unavailable')
    sentence : varchar(2000)
    problems : json
    decided_by : varchar(64)          # hash of the rig, mask, session and animal rows, check settings and software version
    traceback = null : varchar(8000)
    attempted : datetime(6)           # UTC
    seconds : float64
    """


TABLES = (SchemaVersion, Delivery, Ingestion, Attempt)
