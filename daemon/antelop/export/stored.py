"""Read the rows of one session from the database. Arrays and files stay in the store: the rows have their descriptors."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from antelop.database import Database
from antelop.database.row import TABLES, Row
from antelop.database.statement import composed
from antelop.formats.rig import Camera, Feature, Rig, parse
from antelop.ingest.rows import Keys
from antelop.store.descriptor import Descriptor

_JSON = {"data", "labels", "rig_json", "timestamps", "video", "warnings"}
"""The columns that contain JSON."""


@dataclass(frozen=True)
class Signal:
    """The events or the kinematics of a feature; `unit` and `labels` are empty if the table has none."""

    feature: Feature
    data: Descriptor
    timestamps: Descriptor
    unit: str
    labels: Mapping[str, str]

    @property
    def path(self) -> str:
        """The path of the feature in the file. A feature that was tracked from a video later has none in the rig: make one."""
        return self.feature.path or f"processing/{self.feature.source_type}/{self.feature.name}"


@dataclass(frozen=True)
class Film:
    """The files of one camera.

    Attributes
    ----------
    name, path, description
        Name, path in the NWB file, and description of the camera.
    files
        Its files, in order.
    starts
        The index of the first frame of each file; None if the recording did not tell.
    timestamps
        The times of the frames of each file, or, without `starts`, of all files; None if there are none.
    """

    name: str
    path: str
    description: str
    files: tuple[Descriptor, ...]
    starts: tuple[int, ...] | None
    timestamps: tuple[Descriptor | None, ...]


@dataclass(frozen=True)
class Trials:
    """A mask of the session; `timestamps` has the start and stop of each trial after another."""

    name: str
    description: str
    timestamps: Descriptor


@dataclass(frozen=True)
class StoredSession:
    """The rows of a session.

    Attributes
    ----------
    keys
        The primary keys of the session, its rig and its animals.
    about
        Its rows of Experimenter, Experiment and Session, and the name and JSON of its rig.
    animals
        The rows of its animals, in the order of the rig's animal numbers.
    rig
        The rig of the session.
    signals, films, masks
        The signals of its features, the videos of its cameras, and its masks.
    ledger
        The rows of Ingestion and Delivery; empty if the session was not inserted by an ingest.
    """

    keys: Keys
    about: Row
    animals: tuple[Row, ...]
    rig: Rig
    signals: tuple[Signal, ...]
    films: tuple[Film, ...]
    masks: tuple[Trials, ...]
    ledger: Row


def stored(database: Database, world: Row) -> StoredSession:
    """Read a session, given its row of World, as it is at one moment."""
    # The row is locked: otherwise the recording could be replaced between two of the queries.
    with database.transaction(commit=False):
        database.hold(database.World & world)
        session = {name: world[name] for name in database.World.primary_key}
        about = _first(database.Session * database.Experiment * database.Experimenter & session)
        rig_key = {name: world[name] for name in database.BehaviourRig.primary_key}
        about |= _first(database.BehaviourRig & rig_key)
        rig = parse(about["rig_json"])
        animals = _animals(database, session, rig)
        ids = [animal["animal_id"] for animal in animals]
        return StoredSession(
            Keys(session, world["behaviourrig_id"], ids),
            about,
            tuple(animals),
            rig,
            tuple(_signals(database, session, rig)),
            tuple(_films(database, session, rig)),
            tuple(_masks(database, session)),
            _first(database.Ingestion * database.Delivery & session),
        )


def _animals(database: Database, session: Row, rig: Rig) -> list[Row]:
    """Return the animals of a session: first those of the rig's features, by the rig's animal numbers, then the others."""
    owners = {row["feature_id"]: row["animal_id"] for row in _rows(database.Object & session)}
    numbered = {
        feature.animal: owners.get(number)
        for number, feature in enumerate(rig.features, 1)
        if feature.animal is not None and feature.animal > 0
    }
    order = [numbered[number] for number in sorted(numbered)]
    rows = _rows(database.Animal & (database.Self & session))
    return sorted(rows, key=lambda row: (_place(order, row["animal_id"]), row["animal_id"]))


def _place(order: list[Any], animal_id: int) -> int:
    return order.index(animal_id) if animal_id in order else len(order)


def _signals(database: Database, session: Row, rig: Rig) -> Iterator[Signal]:
    for table in TABLES.values():
        for row in _rows(getattr(database, table) & session):
            feature = rig.features[row["feature_id"] - 1]
            yield Signal(feature, row["data"], row["timestamps"], row.get("unit", ""), row.get("labels") or {})


def _films(database: Database, session: Row, rig: Rig) -> Iterator[Film]:
    rows = _rows(database.Video & session)
    cameras = {camera.name: camera for camera in rig.videos}
    for name in dict.fromkeys(row["video_name"] for row in rows):
        camera = cameras.get(name, Camera(name, "", ""))
        own = [(row["video"], row["starting_frame"], row["timestamps"]) for row in rows if row["video_name"] == name]
        files, starts, times = zip(*own, strict=True)
        yield Film(name, camera.path, camera.description, files, None if None in starts else starts, times)


def _masks(database: Database, session: Row) -> Iterator[Trials]:
    functions = database.MaskFunction.proj("maskfunction_name", "maskfunction_description")
    for row in _rows(database.Mask * functions & session):
        made = f"{row['maskfunction_name']} ({row['function_sha256'][:12]})"
        yield Trials(row["mask_name"], ": ".join(filter(None, [made, row["maskfunction_description"]])), row["timestamps"])


def _first(rows: Any) -> Row:  # noqa: ANN401  # a DataJoint expression
    """Return the first row; an empty one if there are none."""
    return next(iter(_rows(rows)), {})


def _rows(rows: Any) -> list[Row]:  # noqa: ANN401  # as above
    """Fetch rows in the order of their primary keys, with descriptors instead of arrays and files."""
    # DataJoint's own fetch would load all arrays, which may be larger than the memory.
    cursor = rows.connection.query(composed("{rows}", rows=rows.make_sql()))
    found = [
        {name: _plain(name, value) for name, value in zip(rows.heading.names, row, strict=True)} for row in cursor.fetchall()
    ]
    return sorted(found, key=lambda row: [row[name] for name in rows.primary_key])


def _plain(name: str, value: Any) -> Any:  # noqa: ANN401  # as the drivers return them
    # Only PostgreSQL's driver decodes JSON by itself. A text of MySQL may contain a zero byte, which HDF5 cannot store.
    if isinstance(value, str):
        return json.loads(value) if name in _JSON else value.replace("\0", " ")
    return value
