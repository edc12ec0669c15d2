"""What was opened is what is ingested and archived, whatever is done to a drop folder or to a row at any step.

Each step at which somebody interferes is a call that is wrapped: nothing depends on timing.
"""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from antelop.dropfolder.delivery import Delivery
from antelop.errors import Rejected, Unavailable
from antelop.ingest import preparation, session
from antelop.lab import Lab
from antelop.lab.resolve import Policy
from antelop.queue import deliveries
from antelop.worker import Worker, receipt, worker
from antelop.worker.events import Done, Event
from tests.clocks import NOW
from tests.drops import Drop, hasten
from tests.labs import ANIMALS

Dropping = Callable[..., Drop]


@pytest.fixture
def archived(dropping: Dropping, tmp_path: Path) -> Drop:
    """Give a drop folder with an archive."""
    return dropping(after="archive", archive=tmp_path / "archive")


def work(lab: Lab, delivery: Delivery | None = None) -> Done:
    """Let a worker take what is due to the end of an attempt."""
    done = events_of_work(lab, delivery)[-1]
    assert isinstance(done, Done)
    return done


def events_of_work(lab: Lab, delivery: Delivery | None = None) -> list[Event]:
    """Let a worker take what is due; return its events."""
    events: list[Event] = []
    if delivery is not None:
        assert deliveries.enqueue(lab.database, delivery, NOW) == "ready"
    hasten(lab)
    assert Worker(lab, events.append).work()
    return events


def test_a_rig_may_take_the_receipt_for_its_go_ahead(
    lab: Lab, archived: Drop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next recording comes under the same name as soon as there is a receipt: both are ingested, answered and archived."""
    first = archived.deliver("a", number=1)
    write = receipt.write

    def next_comes(path: Path, *args: Any, **options: Any) -> str | None:
        hindrance = write(path, *args, **options)
        if not (archived.path / "a.nwb").exists():
            archived.deliver("a", session=42, number=2)
        return hindrance

    monkeypatch.setattr(receipt, "write", next_comes)
    assert work(lab, first).state == "ingested"
    monkeypatch.undo()
    assert archived.answer("a")["archived"]["path"] == f"{tmp_path}/archive/a.nwb"
    second = archived.delivery("a")
    assert work(lab, second).state == "ingested"
    answer = archived.answer("a")
    assert (answer["session"]["session_id"], answer["archived"]["path"]) == (42, f"{tmp_path}/archive/same name 2/a.nwb")
    assert (tmp_path / "archive/a.nwb").stat().st_size
    assert len(lab.database.World()) == len(lab.database.Ingestion()) == 2


@pytest.mark.parametrize("killed", [False, True])
def test_a_recording_that_comes_before_the_archive_is_left_alone(
    lab: Lab, archived: Drop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, killed: bool
) -> None:
    """What was ingested is answered with a warning, and the next one is ingested; also if the worker dies in between."""
    ingest, first = session.ingest, archived.deliver("a", number=1)

    def next_comes(*args: Any) -> Any:
        outcome = ingest(*args)
        archived.deliver("a", session=42, number=2)
        if killed:
            raise KeyboardInterrupt
        return outcome

    with monkeypatch.context() as patched:
        patched.setattr(worker, "ingest", next_comes)
        if killed:
            with pytest.raises(KeyboardInterrupt):
                work(lab, first)
            lab.database.jobs.update1({"delivery_id": first.delivery_id, "status": "pending"})
        else:
            done = work(lab, first)
    if killed:
        done = work(lab)
    assert done.state == "ingested"
    answer = archived.answer("a")
    assert "archived" not in answer
    assert [warning["check"] for warning in answer["warnings"]] == ["archive_replaced"]
    assert not list((tmp_path / "archive").iterdir())
    assert work(lab, archived.delivery("a")).outcome.as_dict()["archived"]["path"] == f"{tmp_path}/archive/a.nwb"
    assert len(lab.database.World()) == 2


def stored(lab: Lab) -> list[bytes]:
    """Return what is in the store."""
    return [path.read_bytes() for path in lab.config.store.glob("objects/*/*/*")]


@pytest.mark.parametrize("step", ["examine", "plan", "protect_from_gc"])
@pytest.mark.parametrize("by", ["worker", "hand"])
def test_a_film_that_becomes_a_link_is_not_read(  # noqa: PLR0913, PLR0917  # fixtures
    lab: Lab, drop: Drop, licking: Callable[[Path], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, by: str
) -> None:
    """Who delivers exchanges the film for a link to a secret after it was checked: no object of the store holds that."""
    path = licking(drop.path)
    secret, film = tmp_path / "secret", drop.path / "licking_camera.avi"
    secret.write_bytes(b"secret")
    content = film.read_bytes()
    drop.note("licking", rig="licking rig", animals=ANIMALS)
    module = session if step == "protect_from_gc" else preparation
    real, done = getattr(module, step), list[bool]()

    def exchange(*args: Any, **options: Any) -> Any:
        if not done:
            done.append(True)
            film.unlink()
            film.symlink_to(secret)
        return real(*args, **options)

    monkeypatch.setattr(module, step, exchange)
    if by == "worker":
        events = events_of_work(lab, drop.delivery("licking", film.name))
        assert not [event for event in events if isinstance(event, Done) and event.outcome.outcome == "ingested"]
    else:
        with pytest.raises((Rejected, Unavailable)):
            session.ingest_manifest(lab, path.with_suffix(".manifest.json"), Policy())
    assert done
    assert not lab.database.World()
    assert b"secret" not in stored(lab)
    assert set(stored(lab)) & {content} == ({content} if by == "worker" or step == "protect_from_gc" else set())


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("videos", [["../secret", 6, 7]]),
        ("videos", [["{root}/secret", 6, 7]]),
        ("videos", [["out", 6, 7]]),
        ("nwb_path", "../secret"),
        ("nwb_path", "{root}/secret"),
        ("manifest_path", "../secret"),
        ("manifest_path", "{root}/secret.json"),
        ("manifest_path", ".."),
        ("manifest_path", "a/../../secret"),
    ],
)
@pytest.mark.parametrize("committed", [False, True])
def test_a_path_in_a_row_leads_nowhere_else(  # noqa: PLR0913  # fixtures
    lab: Lab, archived: Drop, tmp_path: Path, column: str, value: Any, *, committed: bool
) -> None:
    """Who may write rows has nothing outside the drop folder read, moved, or answered beside, before the commit or after."""
    secret = tmp_path / "secret"
    secret.write_text("secret")
    os.utime(secret, ns=(7, 7))
    (archived.path / "out").symlink_to(secret)
    delivery = archived.deliver("a")
    assert deliveries.enqueue(lab.database, delivery, NOW) == "ready"
    if committed:
        events_of_work(lab)
        deliveries.retry(lab.database, delivery.delivery_id, NOW)
    before = {path.name for path in tmp_path.iterdir()}
    text = json.dumps(value).replace("{root}", str(tmp_path))
    lab.database.Delivery.update1({"delivery_id": delivery.delivery_id, column: json.loads(text)})
    for _ in range(2):
        if lab.database.jobs & {"status": "pending"}:
            events_of_work(lab)
    assert (secret.read_text(), secret.stat().st_mtime_ns) == ("secret", 7)
    assert {path.name for path in tmp_path.iterdir()} - {"archive"} == before - {"archive"}
    kept = {path.name for path in (tmp_path / "archive").rglob("*") if path.is_file()} if committed else set()
    assert "secret" not in kept
