"""A backup is the lab at one moment, taken while sessions go in, and what is restored from it is that lab again."""

import json
import os
import subprocess
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

from antelop.config import Config, DatabaseConfig
from antelop.database.embedded import serving
from antelop.database.embedded.dump import _command, ask, dump, load
from antelop.errors import Misconfigured, Problem, Rejected, Unavailable
from antelop.ingest.session import insert_nwb
from antelop.lab import Lab
from antelop.lab.rigs import attach
from antelop.queue import deliveries, jobs
from antelop.store import Store
from antelop.store.survey import Object, is_whole, objects
from antelop.upkeep.backup import backup, restore
from antelop.upkeep.backup_record import NAME, SPECIFICATION, read
from antelop.upkeep.gc import collect
from antelop.upkeep.inventory import Progress
from antelop.upkeep.removal import remove
from antelop.upkeep.server_backup import expect_embedded
from antelop.upkeep.verify import verify
from tests import servers
from tests.clocks import NOW, still
from tests.commands import Run
from tests.drops import Drop, hasten
from tests.labs import ANIMALS, SESSION
from tests.pipelines import pipeline
from tests.recordings import write_recording

embedded = pytest.mark.parametrize("served_lab", ["postgresql"], indirect=True)


OCCUPIED = "Set {} to a folder that does not exist yet; or if this backup was restored here before, run `antelop verify`"


class Crash(BaseException):
    """The process ends here."""


def unseen(some: Iterable[Object], _: int) -> Iterable[Object]:
    """Show nothing."""
    return some


def then(action: Callable[[], object]) -> Progress:
    """Do something when the first object has been copied."""

    def progress(some: Iterable[Object], _: int) -> Iterator[Object]:
        for number, each in enumerate(some):
            if number == 1:
                action()
            yield each

    return progress


def crash() -> None:
    """End the process."""
    raise Crash


def problems_of(lab: Lab) -> list[Problem]:
    """Return what is wrong with a lab, every object read."""
    found: list[Problem] = []
    verify(lab, found.append, unseen)
    return found


def inodes(folder: Path) -> dict[str, int]:
    """Return which files the objects of a store are."""
    return {each.address: (folder / each.address).stat().st_ino for each in objects(Store(folder))}


def written(path: Path, text: str) -> Path:
    """Write a text to a file; return the file."""
    path.write_text(text)
    return path


@pytest.fixture
def whole(lab: Lab, recording: Path) -> Lab:
    """Give a lab in which a session holds a recording."""
    insert_nwb(lab, SESSION, ANIMALS, recording)
    return lab


@pytest.fixture
def elsewhere(lab: Lab) -> Iterator[Config]:
    """Give the configuration of a lab in which there is nothing yet."""
    with servers.public_folder() as folder:
        yield replace(lab.config, state=folder / "state", store=folder / "store")


@embedded
def test_what_is_restored(  # noqa: PLR0913, PLR0917  # all of a lab
    whole: Lab,
    others: Callable[[], Lab],
    tmp_path: Path,
    elsewhere: Config,
    command: Run,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What is restored is the lab of when the backup began, other packages' tables included, and nothing of what came since."""
    folder, feature = tmp_path / "backup", {"experimenter": "lab", "behaviourrig_id": 1, "feature_id": 1}
    (tmp_path / "led.pdf").write_bytes(b"spectrum")
    attach(whole, feature, tmp_path / "led.pdf")
    later = write_recording(tmp_path / "later.nwb", seed=2)
    query = whole.database.connection.query

    def and_ingest(statement: str, *more: object, **options: object) -> object:
        answer = query(statement, *more, **options)
        if "pg_export_snapshot" in statement:
            insert_nwb(others(), {**SESSION, "session_id": 42}, ANIMALS, later)
        return answer

    with pipeline(whole) as table, monkeypatch.context() as patch:
        table.insert1({"unit": 1, "trace": np.arange(2000.0)})
        expected = {each.address for each in objects(whole.store)}
        patch.setattr(whole.database.connection, "query", and_ingest)
        made = backup(whole, folder, NOW, unseen)
    assert len(whole.database.World()) == 2
    assert (made.began, made.sessions, made.objects) == ("2026-11-22T09:30:00+00:00", 1, len(expected))
    assert folder.stat().st_mode & 0o777 == 0o700
    check = ["/usr/bin/sha256sum", "--check", "--quiet", made.listing]
    assert subprocess.run(check, cwd=folder, capture_output=True, check=True).stdout == b""
    result = command(elsewhere, "restore", str(folder))
    said = "restored  1 session as of 2026-11-22T09:30:00+00:00\nsound  1 session, 6 objects of 57 kB, all is well\n"
    assert (result.exit_code, result.output) == (0, said)
    with Lab(elsewhere, {}, still) as restored:
        assert problems_of(restored) == []
        assert {each.address for each in objects(restored.store)} == expected
        assert (restored.database.Feature & feature).fetch1("feature_data").read_bytes() == b"spectrum"
        for table in ("AnalogEvents", "Mask", "Ingestion"):
            rows = [(each.database.tables[table] & SESSION).to_dicts() for each in (whole, restored)]
            np.testing.assert_equal(*rows)
        assert insert_nwb(restored, {**SESSION, "session_id": 42}, ANIMALS, later).outcome == "ingested"


@embedded
def test_a_second_backup(whole: Lab, tmp_path: Path) -> None:
    """What is in the folder is not copied again, and what is no longer needed there goes."""
    folder = tmp_path / "backup"
    first = backup(whole, folder, NOW, unseen)
    before = inodes(folder)
    insert_nwb(whole, {**SESSION, "session_id": 42}, ANIMALS, write_recording(tmp_path / "later.nwb", seed=2))
    second = backup(whole, folder, NOW, unseen)
    after = inodes(folder)
    assert {address for address in before if address not in after} == {first.database, first.listing}
    assert {address for address in before if after.get(address) == before[address]} == set(before) - {
        first.database,
        first.listing,
    }
    assert (second.sessions, second.objects) == (2, len(after) - 2)
    remove(whole, SESSION)
    third = backup(whole, folder, NOW, unseen)
    assert (third.sessions, third.objects) == (1, len(inodes(folder)) - 2)
    assert read(folder) == third


@embedded
def test_an_interrupted_backup(whole: Lab, tmp_path: Path) -> None:
    """Until it is finished there is no backup, or the one before it holds; the next one takes up what it has left."""
    folder = tmp_path / "backup"
    with pytest.raises(Crash):
        backup(whole, folder, NOW, then(crash))
    with pytest.raises(Rejected) as refused:
        read(folder)
    what = "it has no backup.json (No such file or directory), so that no backup was finished there"
    remedy = "Give the folder of a finished backup; one that was interrupted is finished by `antelop backup`"
    assert refused.value.problems == (Problem("backup_unfinished", str(folder), what, remedy),)
    first = backup(whole, folder, NOW, unseen)
    insert_nwb(whole, {**SESSION, "session_id": 42}, ANIMALS, write_recording(tmp_path / "later.nwb", seed=2))
    (folder / "incoming" / "half").write_bytes(b"half")
    with pytest.raises(Crash):
        backup(whole, folder, NOW, then(crash))
    assert read(folder) == first
    assert all(is_whole(Store(folder), line.split()[1]) for line in (folder / first.listing).read_text().splitlines())
    assert is_whole(Store(folder), first.database)
    second = backup(whole, folder, NOW, unseen)
    assert len(inodes(folder)) == second.objects + 2
    assert sorted(path.name for path in folder.iterdir()) == [NAME, "incoming", "objects"]
    assert list((folder / "incoming").iterdir()) == []


@embedded
def test_a_lab_that_is_not_whole(whole: Lab, tmp_path: Path) -> None:
    """If an object is missing or altered nothing is backed up, it is named, and the backup before holds."""
    folder = tmp_path / "backup"
    first = backup(whole, folder, NOW, unseen)
    [film] = [each for each in objects(whole.store) if each.address.endswith(".avi")]
    (folder / film.address).unlink()
    (whole.store.folder / film.address).write_bytes(b"!" * film.size)
    with pytest.raises(Rejected) as refused:
        backup(whole, folder, NOW, unseen)
    what, remedy = (
        "it is missing, or does not match the checksum in its name",
        "Run `antelop verify --deep` to see which rows refer to it",
    )
    assert refused.value.problems == (Problem("object_altered", film.address, what, remedy),)
    (whole.store.folder / film.address).unlink()
    with pytest.raises(Rejected) as refused:
        backup(whole, folder, NOW, unseen)
    remedy = "Run `antelop verify`, and repair what it finds first"
    assert refused.value.problems == (
        Problem("object_lacks", "Video lab/1/41/1, video", f"{film.address} is not in the store", remedy),
    )
    assert read(folder) == first


@embedded
def test_the_store_is_not_cleaned_meanwhile(whole: Lab, others: Callable[[], Lab], tmp_path: Path) -> None:
    """While a backup is made nothing is removed from the store, and no other backup is made."""
    said = []

    def clean() -> None:
        with suppress(Unavailable):
            collect(others(), NOW - NOW, print)
            said.append("removed")
        with pytest.raises(Unavailable) as refused:
            backup(others(), tmp_path / "another", NOW, unseen)
        said.append(str(refused.value))

    backup(whole, tmp_path / "backup", NOW, then(clean))
    assert said == ["another process removes objects from the store or backs it up; try again when it has finished"]


@embedded
def test_where_no_backup_can_be(whole: Lab, tmp_path: Path) -> None:
    """A folder that would be lost with the lab is refused, and one that holds something else."""
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.docx").touch()
    other = Store(tmp_path / "other")
    other.make("1234")
    for folder, what in (
        (whole.config.state / "backup", "it is in the lab's state, and would be lost with it"),
        (whole.config.store, "it is in the lab's store, and would be lost with it"),
        (tmp_path / "full", "there is something else in it"),
        (other.folder, "there is something else in it"),
    ):
        with pytest.raises(Rejected) as refused:
            backup(whole, folder, NOW, unseen)
        assert refused.value.problems == (
            Problem("backup_folder", str(folder), what, "Give a new folder, best on another disk"),
        )


@embedded
def test_an_interrupted_restore(whole: Lab, tmp_path: Path, elsewhere: Config) -> None:
    """It goes on where it was; what the backup has lost is reported and found missing, and the rest is there."""
    folder = tmp_path / "backup"
    made = backup(whole, folder, NOW, unseen)
    [film] = [each for each in objects(whole.store) if each.address.endswith(".avi")]
    (folder / film.address).write_bytes(b"!" * film.size)
    said: list[Problem] = []
    with pytest.raises(Crash):
        restore(elsewhere, folder, said.append, then(crash))
    said.clear()
    assert restore(elsewhere, folder, said.append, unseen) == made
    remedy = "Run `antelop verify --deep` to see which rows refer to it"
    assert said == [
        Problem("object_altered", film.address, "it is missing, or does not match the checksum in its name", remedy)
    ]
    with Lab(elsewhere, {}, still) as restored:
        [lost] = problems_of(restored)
    assert (lost.where, lost.what) == ("Video lab/1/41/1, video", f"{film.address} is not in the store")
    Store(elsewhere.store).make(f"restoring {made.owner} as of {made.began}")  # as if it had been interrupted at the very end
    (elsewhere.store / "incoming" / "owner").write_text("unfinished")
    said.clear()
    assert (restore(elsewhere, folder, said.append, unseen), said) == (made, [])
    assert list((elsewhere.store / "incoming").iterdir()) == []
    assert Store(elsewhere.store).owner() == made.owner
    with pytest.raises(Rejected) as refused:
        restore(elsewhere, folder, said.append, unseen)
    remedy = OCCUPIED.format("[store] location")
    assert refused.value.problems == (Problem("lab_in_use", str(elsewhere.store), "it is a store already", remedy),)


@embedded
def test_a_restore_that_was_killed_while_it_loaded(whole: Lab, tmp_path: Path, elsewhere: Config) -> None:
    """PostgreSQL's own program goes on without the process that began it, and neither waits for it nor is undone by it."""
    folder = tmp_path / "backup"
    made = backup(whole, folder, NOW, unseen)
    content = (folder / made.database).read_bytes()
    with (
        serving(elsewhere.state) as server,
        subprocess.Popen(
            _command("pg_restore", server, "--single-transaction"), stdin=subprocess.PIPE, stderr=subprocess.PIPE
        ) as left,
    ):
        assert left.stdin
        left.stdin.write(content[:-1])
        left.stdin.flush()
        loading = "SELECT 1 FROM pg_stat_activity WHERE application_name = 'pg_restore' AND backend_xid IS NOT NULL"
        while ask(server, loading) == "":
            pass
        assert restore(elsewhere, folder, print, unseen) == made
    assert left.returncode != 0
    with Lab(elsewhere, {}, still) as restored:
        assert problems_of(restored) == []


@embedded
def test_what_was_claimed(whole: Lab, drop: Drop, tmp_path: Path, elsewhere: Config) -> None:
    """A delivery that a worker was at when the backup was made waits for another one in what is restored."""
    deliveries.enqueue(whole.database, drop.deliver("a", session=42), NOW)
    hasten(whole)
    with jobs.claimed(whole.database, ["rig-2"]):
        backup(whole, tmp_path / "backup", NOW, unseen)
        assert jobs.counts(whole.database)["reserved"] == 1
    restore(elsewhere, tmp_path / "backup", print, unseen)
    with Lab(elsewhere, {}, still) as restored:
        assert problems_of(restored) == []
        assert jobs.counts(restored.database)["pending"] == 1


@embedded
def test_a_lab_that_is_not_restored_to_the_end(whole: Lab, tmp_path: Path, elsewhere: Config) -> None:
    """It is not opened, and nothing is made in it that would be in the way of restoring it."""
    made = backup(whole, tmp_path / "backup", NOW, unseen)
    with pytest.raises(Crash):
        restore(elsewhere, tmp_path / "backup", print, then(crash))
    with pytest.raises(Misconfigured) as refused:
        Lab(elsewhere, {}, still)
    what = f"it is unfinished: restoring {made.owner} as of {made.began}"
    remedy = "Run the same `antelop restore` again"
    assert refused.value.problems == (Problem("store_unfinished", str(elsewhere.store), what, remedy),)
    assert restore(elsewhere, tmp_path / "backup", print, unseen) == made
    with Lab(elsewhere, {}, still) as restored:
        assert problems_of(restored) == []


@embedded
def test_what_is_not_restored(whole: Lab, tmp_path: Path) -> None:
    """What is no finished backup, or has a damaged dump, is not restored; nor is anything into a lab that is in use."""
    folder, nowhere = tmp_path / "backup", tmp_path / "nowhere"
    made = backup(whole, folder, NOW, unseen)
    here, new = whole.config, replace(whole.config, state=tmp_path / "state", store=nowhere)
    finished = (folder / NAME).read_text()

    def refused(config: Config) -> Problem:
        with pytest.raises(Rejected) as error:
            restore(config, folder, print, unseen)
        [problem] = error.value.problems
        return problem

    again = "Give the folder of a finished backup; one that was interrupted is finished by `antelop backup`"
    for text in ("", "[]", "{}", finished.replace("software", "program")):
        (folder / NAME).write_text(text)
        assert refused(new) == Problem("backup_unfinished", str(folder), f"its {NAME} is damaged", again)
    (folder / NAME).write_text(finished.replace('"1.0"', '"2.0"'))
    assert refused(new) == Problem("backup_unfinished", str(folder), f"its {NAME} is of another version", again)
    (folder / NAME).write_text(finished)
    assert refused(here) == Problem("lab_in_use", str(here.store), "it is a store already", OCCUPIED.format("[store] location"))
    what = "it has tables in its database already"
    without = replace(here, store=nowhere)
    assert refused(without) == Problem("lab_in_use", str(here.state), what, OCCUPIED.format("`state`"))
    assert not nowhere.exists()
    (folder / made.database).write_bytes(b"!")
    assert refused(new).where == made.database
    assert not nowhere.exists()


@embedded
def test_a_backup_leads_nowhere_else(whole: Lab, tmp_path: Path, elsewhere: Config) -> None:
    """Paths that others wrote into a backup or its list are damage: no file outside of its folder is read."""
    folder, secret = tmp_path / "backup", tmp_path / "secret"
    made = backup(whole, folder, NOW, unseen)
    secret.write_text("correct horse")
    for address in ("/etc/passwd", f"../backup/{made.database}", str(folder / made.database), 7, None):
        for member in ("database", "listing"):
            (folder / NAME).write_text(json.dumps({**SPECIFICATION, **asdict(made), member: address}))
            with pytest.raises(Rejected, match=r"its backup\.json is damaged"):
                restore(elsewhere, folder, print, unseen)
    for line in (f"{'0' * 64}  {secret}", f"{'0' * 64}  objects/../../secret", "", "0", f"{'0' * 9999}  objects", "\x00é"):
        list_ = Store(folder).keep(written(tmp_path / "list.sha256", f"{line}\n"))
        (folder / NAME).write_text(json.dumps({**SPECIFICATION, **asdict(made), "listing": list_.descriptor["path"]}))
        with pytest.raises(Rejected) as refused:
            restore(elsewhere, folder, print, unseen)
        assert [problem.where for problem in refused.value.problems] == [list_.descriptor["path"]]
        assert list(objects(Store(elsewhere.store))) == []


@embedded
def test_what_postgresql_says(lab: Lab, tmp_path: Path) -> None:
    """If the database is not dumped or not loaded, PostgreSQL's own words say why."""
    (tmp_path / "garbage").write_bytes(b"garbage")
    with serving(lab.config.state) as server:
        with pytest.raises(Unavailable, match=r'could not be dumped: pg_dump: error: .*"0-0-0" does not exist'):
            list(dump(server, "0-0-0"))
        with pytest.raises(Unavailable, match="the database could not be loaded: pg_restore: error: input file"):
            load(server, tmp_path / "garbage")


SERVER = DatabaseConfig("db.lab", "postgresql", 5433, "lab data")
MYSQL = replace(SERVER, backend="mysql", port=3306)
CREDENTIALS = 'PGSSLMODE=prefer PGPASSWORD="$DB_PASS"'
POSTGRESQL_PLACE = '--host=db.lab --port=5433 --username="$DB_USER"'
MYSQL_PLACE = '--host=db.lab --port=3306 --skip-ssl-verify-server-cert --user="$DB_USER"'
SCHEMAS = "antelop_ingest_metadata antelop_ingest_behaviour antelop_ingest_ingest"
RSYNC = "rsync --archive '--exclude=/incoming/*'"
COMMANDS = {
    (SERVER, False): [
        "mkdir --parents /mnt/b",
        f"{CREDENTIALS} pg_dump {POSTGRESQL_PLACE} --format=custom --file=/mnt/b/database.dump 'lab data'",
        f"{RSYNC} /srv/store/ /mnt/b/store/",
    ],
    (SERVER, True): [
        "mkdir --parents /srv/store",
        f"{RSYNC} /mnt/b/store/ /srv/store/",
        f"{CREDENTIALS} pg_restore {POSTGRESQL_PLACE} --single-transaction '--dbname=lab data' /mnt/b/database.dump",
    ],
    (MYSQL, False): [
        "mkdir --parents /mnt/b",
        f'MYSQL_PWD="$DB_PASS" mariadb-dump {MYSQL_PLACE} --single-transaction --databases {SCHEMAS} > /mnt/b/database.sql',
        f"{RSYNC} /srv/store/ /mnt/b/store/",
    ],
    (MYSQL, True): [
        "mkdir --parents /srv/store",
        f"{RSYNC} /mnt/b/store/ /srv/store/",
        f'MYSQL_PWD="$DB_PASS" mariadb {MYSQL_PLACE} < /mnt/b/database.sql',
    ],
}


@pytest.mark.parametrize(("database", "restoring"), COMMANDS)
def test_a_server(database: DatabaseConfig, *, restoring: bool) -> None:
    """A server's database is left to its own tools, by the commands that are given; the embedded one is not."""
    config = Config(state=Path("/srv/state"), store=Path("/srv/store"))
    expect_embedded(config, Path("/mnt/b"), restoring=restoring)
    with pytest.raises(Misconfigured) as refused:
        expect_embedded(replace(config, database=database), Path("/mnt/b"), restoring=restoring)
    what = "the database is on the server db.lab, and antelop backs up the embedded one only"
    remedy = f"Run this, and no `antelop gc` meanwhile: {' && '.join(COMMANDS[database, restoring])}"
    assert refused.value.problems == (Problem("database_server", "[database]", what, remedy),)


@pytest.mark.parametrize("restoring", [False, True])
@pytest.mark.parametrize(
    ("database", "use_tls", "options"),
    [
        (SERVER, True, "PGSSLMODE=verify-full PGSSLROOTCERT='/etc/our ca.pem' "),
        (SERVER, False, "PGSSLMODE=disable "),
        (MYSQL, True, "--ssl-verify-server-cert --ssl-ca='/etc/our ca.pem' "),
        (MYSQL, False, "--skip-ssl "),
    ],
)
def test_a_server_s_tools_connect_as_the_service_does(
    database: DatabaseConfig, options: str, *, use_tls: bool, restoring: bool
) -> None:
    """The commands verify the server's certificate, or do without encryption, where the configuration says so."""
    secured = replace(database, use_tls=use_tls, tls_ca=Path("/etc/our ca.pem") if use_tls else None)
    with pytest.raises(Misconfigured) as refused:
        expect_embedded(Config(Path("/srv/state"), Path("/srv/store"), secured), Path("/mnt/b"), restoring=restoring)
    assert refused.value.problems[0].remedy.count(options) == 1


@pytest.mark.mariadb_dump
@pytest.mark.parametrize("served_lab", [pytest.param("mysql", marks=pytest.mark.mariadb)], indirect=True)
def test_a_server_by_its_own_tools(whole: Lab, served_lab: tuple[Lab, Mapping[str, str]], tmp_path: Path, command: Run) -> None:
    """The commands that are given for a server's database dump it, and load it again as it was."""

    def run(word: str, step: int) -> None:
        result = command(whole.config, word, str(tmp_path))
        assert (result.exit_code, result.stdout) == (2, "")
        commands = result.stderr.partition("meanwhile: ")[2].strip()
        environment = {**os.environ, **served_lab[1]}
        subprocess.run(["/bin/sh", "-c", commands.split(" && ")[step]], env=environment, check=True)

    expected = (whole.database.Ingestion & SESSION).fetch1()
    run("backup", 1)
    remove(whole, SESSION)
    run("restore", 2)
    assert problems_of(whole) == []
    np.testing.assert_equal((whole.database.Ingestion & SESSION).fetch1(), expected)


@embedded
def test_the_command(lab: Lab, recording: Path, tmp_path: Path, command: Run) -> None:
    """What is in the backup is said in a line, or to programs all of it."""
    insert_nwb(lab, SESSION, ANIMALS, recording)
    folder = tmp_path / "backup"
    result = command(lab.config, "backup", str(folder))
    sentence = f"1 session, 4 objects of 41 kB in {folder}"
    assert (result.exit_code, result.output) == (0, f"backed up  {sentence}\n")
    [said] = map(json.loads, command(lab.config, "backup", str(folder), "--json").output.splitlines())
    assert said == {"outcome": "backed up", "sentence": sentence, **asdict(read(folder))}
