"""The reader of the configuration: it reports every mistake at once, by key."""

import os
import shlex
import stat
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Literal

from antelop.checks.severities import CHECKS, FIXED, Severity
from antelop.config.model import AnalysisConfig, Config, DatabaseConfig, FolderConfig, NotifyConfig, VideosConfig, WorkersConfig
from antelop.config.places import default_state
from antelop.config.table import Table, problem
from antelop.config.values import (
    Read,
    address,
    duration,
    experimenters,
    flag,
    folder_map,
    list_of,
    matching,
    one_of,
    path,
    size,
    text,
    whole,
)
from antelop.errors import Misconfigured, Problem
from antelop.files import RegularFile

Backend = Literal["postgresql", "mysql"]

_PORTS: Mapping[Backend, int] = {"postgresql": 5432, "mysql": 3306}

LONGEST = 1 << 20
"""Largest number of bytes of a configuration file: a thousand drop folders take a tenth of it."""


def load(file: Path | None, environment: Mapping[str, str]) -> Config:
    """Load a configuration file; without a file, every value is the default.

    Raises
    ------
    Misconfigured
        If the file cannot be read, or with every mistake in it.
    """
    if file is None:
        return parse("", Path("/"), environment)
    try:
        with RegularFile.at(file) as held:
            found = parse(held.whole(LONGEST).decode(), file.absolute().parent, environment)
            return replace(found, warnings=tuple(_exposed(found, held)))
    except OSError as error:
        remedy = "Name a file that is there and that you may read, by --config or ANTELOP_CONFIG"
        raise Misconfigured([problem(str(file), f"the configuration cannot be read: {error.strerror}", remedy)]) from None
    except UnicodeDecodeError as error:
        what = f"the byte 0x{error.object[error.start]:02x} at position {error.start} is not UTF-8"
        raise Misconfigured([problem(str(file), what, "Save the file as UTF-8")]) from None
    except Misconfigured as error:
        raise Misconfigured(replace(each, where=f"{file}: {each.where}") for each in error.problems) from None


def _exposed(found: Config, held: RegularFile) -> Iterator[Problem]:
    """Yield a problem if a configuration with passwords can be read by everybody."""
    if found.notify.urls and os.fstat(held.descriptor).st_mode & stat.S_IROTH:
        what = "every user of this machine can read the passwords in its URLs"
        remedy = f"Let only the service's group read it: `chmod o= {shlex.quote(str(held.path))}`"
        yield problem(f"{held.path}: notify.urls", what, remedy)


def parse(written: str, folder: Path, environment: Mapping[str, str]) -> Config:
    """Return the configuration that a text states.

    Parameters
    ----------
    written
        The text of the file: TOML 1.0.
    folder
        The folder of the file, where relative paths begin.
    environment
        Environment variables, for the default state directory and the home folder.

    Raises
    ------
    Misconfigured
        With every mistake, by key.
    """
    try:
        document = tomllib.loads(written)
    except tomllib.TOMLDecodeError as error:
        raise Misconfigured([problem("the file", f"this is not TOML: {error}", "Correct the text there")]) from None
    # Tables add their mistakes to one list, so that a single error reports all of them.
    problems: list[Problem] = []
    top = Table(document, "", problems)
    a_path = path(folder, environment)
    state = top.take("state", a_path, None) or _state(environment, problems)
    analysis, database = top.table("analysis"), top.table("database")
    config = Config(
        state=state,
        store=top.table("store").take("location", a_path, state / "store"),
        database=_database(database, a_path) if "database" in document else None,
        analysis=AnalysisConfig(analysis.take("folders", list_of(a_path), ()), analysis.take("trusted", list_of(text), ())),
        folders=tuple(_folder(table, a_path) for table in top.tables("folders")),
        workers=_workers(top.table("workers")),
        checks=_checks(top.table("checks")),
        videos=VideosConfig(top.table("videos").take("map", folder_map, {})),
        notify=NotifyConfig(top.table("notify").take("urls", list_of(address), ())),
    )
    # Unknown keys are known only when all others were taken.
    top.done()
    problems += _clashes(config)
    if problems:
        raise Misconfigured(problems)
    return config


def _state(environment: Mapping[str, str], problems: list[Problem]) -> Path:
    try:
        return default_state(environment)
    except Misconfigured as error:
        problems += error.problems
        return Path("/")


def _database(table: Table, a_path: Read[Path]) -> DatabaseConfig:
    known: Read[Backend] = one_of("postgresql", "mysql")
    default: Backend = "postgresql"
    backend = table.need("backend", known, 'Write "postgresql" or "mysql"', default)
    prefix = matching("[a-z][a-z0-9_]{0,39}", "Write up to 40 lower-case letters, digits and underscores, a letter first")
    config = DatabaseConfig(
        backend=backend,
        host=table.need("host", text, "Write the name of the server", ""),
        port=table.take("port", whole(1, 65535), _PORTS[backend]),
        name=table.take("name", text, None),
        prefix=table.take("prefix", prefix, DatabaseConfig.prefix),
        use_tls=table.take("use_tls", flag, None),
        tls_ca=table.take("tls_ca", a_path, None),
        service=table.take("service", text, None),
    )
    # Settings that have no effect together are errors: a person who wrote them expects an effect, such as verification.
    if backend == "mysql" and config.name is not None:
        table.complain("name", "a MySQL server has no databases with schemas in them", "Leave it out, or change `prefix`")
    if config.tls_ca is not None and not config.use_tls:
        table.complain("tls_ca", "certificates are verified only with use_tls = true", "Write use_tls = true, or leave it out")
    return config


def _folder(table: Table, a_path: Read[Path]) -> FolderConfig:
    where = table.need("path", a_path, "Write which folder it is", Path())
    config = FolderConfig(
        path=where,
        name=table.take("name", matching(".{1,100}", "Write at most 100 characters"), where.name),
        experimenters=table.take("experimenters", experimenters, None),
        create_sessions=table.take("create_sessions", flag, default=False),
        watch=table.take("watch", one_of("auto", "events", "poll"), "auto"),
        settle=table.take("settle", duration("0s"), None),
        scan=table.take("scan", duration("1s"), None),
        recursive=table.take("recursive", flag, default=True),
        sentinel=table.take("sentinel", matching("[^/]+", "Write the name of a file in the folder"), None),
        after=table.take("after", one_of("keep", "archive"), "keep"),
        archive=table.take("archive", a_path, None),
        announce=table.take("announce", duration("1s"), FolderConfig.announce),
    )
    # Neither setting alone tells whether recordings shall move, so the other is not guessed.
    if config.after == "archive" and config.archive is None:
        table.complain("archive", "it is missing", "Write to which folder recordings move")
    if config.after == "keep" and config.archive is not None:
        table.complain("archive", "recordings are kept, and do not move there", 'Write after = "archive", or leave it out')
    return config


def _workers(table: Table) -> WorkersConfig:
    default = WorkersConfig()
    return WorkersConfig(
        count=table.take("count", whole(1, 1000), default.count),
        timeout=table.take("timeout", duration("1s"), default.timeout),
        memory=table.take("memory", size("256MiB"), default.memory),
        jobs_per_worker=table.take("jobs_per_worker", whole(1, 1_000_000), default.jobs_per_worker),
        mask_timeout=table.take("mask_timeout", duration("1s"), default.mask_timeout),
    )


def _checks(table: Table) -> Mapping[str, Severity]:
    known: Read[Severity] = one_of("error", "warning", "off")
    severities = {name: table.take(name, known, None) for name in CHECKS}
    for name in FIXED:
        if severities[name] not in (None, "error"):
            table.complain(name, "what it finds cannot be stored, so it is always an error", "Leave it out")
    return {name: severity for name, severity in severities.items() if severity is not None}


def _clashes(config: Config) -> Iterator[Problem]:
    """Yield the conflicts between values: names that are not unique, and folders inside one another."""
    for name, count in Counter(folder.name for folder in config.folders).items():
        if count > 1:
            yield problem(f"folders[{name}]", f"{count} folders have this name", "Give each a `name` of its own")
    # A file in two drop folders would be delivered twice. In a store, an analysis folder or an archive, the users of a drop
    # folder could change what only the service may write.
    drop_folders = [(f"folders[{folder.name}].path", folder.path) for folder in config.folders if folder.path != Path()]
    others = [
        ("state", config.state),
        ("store.location", config.store),
        *(("analysis.folders", folder) for folder in config.analysis.folders),
        *((f"folders[{folder.name}].archive", folder.archive) for folder in config.folders if folder.archive),
    ]
    for number, (where, drop) in enumerate(drop_folders):
        for other_where, other in [*drop_folders[:number], *others]:
            inside = drop.is_relative_to(other) and (other_where != "state" or drop == other)
            if inside or other.is_relative_to(drop):
                relation = "is" if drop == other else "is in" if inside else "holds"
                yield problem(where, f"{drop} {relation} {other}, which is `{other_where}`", "Keep drop folders apart")
                break
