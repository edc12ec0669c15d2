"""The ledger: tables of deliveries, of attempts, and of ingested sessions."""

import datajoint as dj


class SchemaVersion(dj.Manual):
    """The version of each schema that this software made; a schema without a row here is never changed."""

    definition = """
    schema_name : varchar(64)
    ---
    version : int16
    schema_id : char(32)              # drawn when it was made; the lab's store bears that of the schema that refers to it
    """


class Delivery(dj.Manual):
    """A recording and its manifest, as they were after they had settled; or one call of ``insert_nwb``."""

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
    """A delivery that became a session; the row is inserted in the transaction of the session, so both exist or neither.

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
        """The deliveries that a worker can claim."""
        return self.declaration_context["Delivery"] & {"state": "ready"}

    def make(self, key: dict[str, object]) -> None:
        """Refuse ``populate``: it would mark an outage as an error and abort a running ingest on SIGTERM."""
        raise NotImplementedError(
            "deliveries are ingested by `antelop worker`, which drives this queue itself; do not call populate"
        )


class Attempt(dj.Manual):
    """One attempt at a delivery: its outcome, and a hash of the inputs that decided it."""

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
