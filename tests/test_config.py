import os
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from antelop import config
from antelop.config import (
    AnalysisConfig,
    Config,
    DatabaseConfig,
    FolderConfig,
    NotifyConfig,
    Password,
    VideosConfig,
    WorkersConfig,
)
from antelop.errors import Misconfigured

EXAMPLE = Path(__file__).resolve().parents[1] / "config" / "antelop.toml"
HOME = {"HOME": "/home/ada", "XDG_STATE_HOME": "/home/ada/state", "STATE_DIRECTORY": "/state"}


def parse(written: str) -> Config:
    """Parse a configuration that lies in /etc/antelop."""
    return config.parse(written, Path("/etc/antelop"), HOME)


def mistakes(written: str) -> list[str]:
    """Return what is said of a configuration that is wrong."""
    with pytest.raises(Misconfigured) as caught:
        parse(written)
    return [str(problem) for problem in caught.value.problems]


class TestExample:
    def test_it_says_what_it_says(self) -> None:
        """The example is understood, and what it calls a default is one."""
        assert config.load(EXAMPLE, {}) == Config(
            state=Path("/var/lib/antelop"),
            store=Path("/srv/antelop/store"),
            database=DatabaseConfig(
                host="db.lab.example.org", name="antelop", use_tls=True, tls_ca=Path("/etc/antelop/ca.pem"), service="antelop"
            ),
            analysis=AnalysisConfig((Path("/srv/antelop/analysis"),), ("lab-analysts",)),
            folders=(
                FolderConfig(
                    "rig-2",
                    Path("/srv/acquisition/rig-2"),
                    experimenters=frozenset(["open_field_lab"]),
                    settle=10.0,
                    scan=60.0,
                    sentinel=".antelop",
                ),
                FolderConfig(
                    "outgoing",
                    Path("/mnt/two-photon/outgoing"),
                    create_sessions=True,
                    after="archive",
                    archive=Path("/mnt/two-photon/archive"),
                ),
            ),
            workers=WorkersConfig(),
            checks={"subject_unknown": "off"},
            videos=VideosConfig({"D:\\data": ""}),
            notify=NotifyConfig(("mailto://antelop:secret@mail.example.org?to=lab@example.org",)),
        )

    def test_it_has_every_key(self) -> None:
        """Who reads the example knows all that can be configured."""
        written = EXAMPLE.read_text()
        kinds = (DatabaseConfig, AnalysisConfig, FolderConfig, WorkersConfig, VideosConfig, NotifyConfig)
        missing = [field.name for kind in kinds for field in fields(kind) if f"\n{field.name} = " not in written]
        assert missing == []


class TestFind:
    def test_the_first_that_is_there(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """The command line comes before the environment, the working directory and the system."""
        monkeypatch.setattr(config.places, "SYSTEM_FILE", tmp_path / "system.toml")
        cwd = tmp_path / "cwd"
        cwd.mkdir()
        assert config.find(None, {}, cwd) is None
        assert config.find(None, {"ANTELOP_CONFIG": ""}, cwd) is None
        (tmp_path / "system.toml").touch()
        assert config.find(None, {}, cwd) == tmp_path / "system.toml"
        (cwd / "antelop.toml").touch()
        assert config.find(None, {}, cwd) == cwd / "antelop.toml"
        assert config.find(None, {"ANTELOP_CONFIG": "other.toml"}, cwd) == cwd / "other.toml"
        assert config.find(Path("/given.toml"), {"ANTELOP_CONFIG": "other.toml"}, cwd) == Path("/given.toml")

    def test_one_that_cannot_be_read_is_not_passed_over(self, tmp_path: Path) -> None:
        """A mistaken link or permission must not fill another database."""
        (tmp_path / "antelop.toml").symlink_to("antelop.toml")
        found = config.find(None, {}, tmp_path)
        assert found == tmp_path / "antelop.toml"
        with pytest.raises(Misconfigured) as caught:
            config.load(found, {})
        assert str(caught.value) == (
            f"{found}: the configuration cannot be read: Too many levels of symbolic links. "
            "Name a file that is there and that you may read, by --config or ANTELOP_CONFIG."
        )


class TestDefaults:
    def test_without_a_file_the_embedded_database_is_used(self) -> None:
        """Everything is under the state directory."""
        assert config.load(None, HOME) == Config(state=Path("/state"), store=Path("/state/store"))

    @pytest.mark.parametrize(
        ("uid", "environment", "state"),
        [
            (1000, {"HOME": "/home/ada"}, "/home/ada/.local/state/antelop"),
            (1000, {"HOME": "/home/ada", "XDG_STATE_HOME": "/state"}, "/state/antelop"),
            (1000, {"HOME": "/home/ada", "XDG_STATE_HOME": "relative"}, "/home/ada/.local/state/antelop"),
            (0, {"HOME": "/root", "XDG_STATE_HOME": "/root/state"}, "/var/lib/antelop"),
            (997, {"HOME": "/", "STATE_DIRECTORY": "/var/lib/antelop:/var/lib/more"}, "/var/lib/antelop"),
        ],
    )
    def test_the_state_directory(
        self, uid: int, environment: dict[str, str], state: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A user's is where the XDG specification has it, a service's where systemd made it, and root's is the system's."""
        monkeypatch.setattr(os, "geteuid", lambda: uid)
        assert config.default_state(environment) == Path(state)

    def test_no_home(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Without a home there is no default, which matters only if there is no other."""
        monkeypatch.setattr(os, "geteuid", lambda: 1000)
        with pytest.raises(Misconfigured) as caught:
            config.parse("", Path("/"), {})
        assert str(caught.value) == (
            "state: no state directory is configured, and the environment variable HOME, under which it would be, is not set. "
            "Set `state` to a folder of your own."
        )
        assert config.parse('state = "/state"', Path("/"), {}).state == Path("/state")

    def test_the_port_is_that_of_the_backend(self) -> None:
        """Each kind of server has its own default."""
        on_postgresql, on_mysql = (parse(f'[database]\nbackend = "{each}"\nhost = "db"') for each in ("postgresql", "mysql"))
        assert on_postgresql.database == DatabaseConfig("db", "postgresql", 5432)
        assert on_mysql.database == DatabaseConfig("db", "mysql", 3306)


class TestValues:
    @pytest.mark.parametrize(
        ("written", "seconds"),
        [("500ms", 0.5), ("10s", 10), ("5min", 300), ("1h30min", 5400), ("1h 30min", 5400), ("1.5 h", 5400), ("2d", 172800)],
    )
    def test_durations(self, written: str, seconds: float) -> None:
        """A duration is numbers with units."""
        assert parse(f'[[folders]]\npath = "/in"\nsettle = "{written}"').folders[0].settle == seconds

    @pytest.mark.parametrize(("written", "count"), [("2GB", 2 * 10**9), ("512MiB", 512 << 20), ("1.5 GiB", 3 << 29)])
    def test_sizes(self, written: str, count: int) -> None:
        """A size is a number with a decimal or a binary unit."""
        assert parse(f'[workers]\nmemory = "{written}"').workers.memory == count

    @pytest.mark.parametrize(
        ("written", "path"),
        [
            ("/srv/state/", "/srv/state"),
            ("state", "/etc/antelop/state"),
            ("../state", "/etc/state"),
            ("~/state", "/home/ada/state"),
            ("~", "/home/ada"),
        ],
    )
    def test_paths(self, written: str, path: str) -> None:
        """A relative path begins in the folder of the file, whatever the working directory is."""
        assert parse(f'state = "{written}"').state == Path(path)

    def test_a_file_given_by_a_relative_path(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """What is configured is absolute, so that it stays when the working directory changes."""
        (tmp_path / "antelop.toml").write_text('state = "here"')
        monkeypatch.chdir(tmp_path)
        assert config.load(Path("antelop.toml"), {}).state == tmp_path / "here"

    def test_a_severity_that_a_fixed_check_has_anyway(self) -> None:
        """What is always an error may be called one."""
        assert parse('[checks]\nfeature_missing = "error"').checks == {"feature_missing": "error"}

    def test_a_folder_in_the_state_directory(self) -> None:
        """All of a lab may be in one folder, if the parts of it are apart."""
        assert len(parse('state = "/lab"\n[[folders]]\npath = "/lab/in"\n[[folders]]\npath = "/lab/in-2"').folders) == 2


class TestMistakes:
    def test_all_at_once(self) -> None:
        """Whoever mends a configuration sees everything that is wrong, by key, with what was probably meant."""
        assert mistakes(
            """
            stat = "/state"
            [database]
            backend = "postgres"
            hots = "db"
            password = "correct horse"
            prefix = "Lab-"
            [[folders]]
            path = "/srv/rig-2"
            settle = 10
            watch = "pol"
            [[folders]]
            name = "rig-3"
            after = "archive"
            experimenters = []
            [[folders]]
            [workers]
            count = 0
            memory = "2G"
            [checks]
            subject_unkown = "off"
            feature_missing = "warning"
            session_date = "of"
            """
        ) == [
            'database.backend: "postgres" is not known here. Write "postgresql".',
            "database.host: it is missing. Write the name of the server.",
            'database.prefix: "Lab-" will not do. Write up to 40 lower-case letters, digits and underscores, a letter first.',
            'folders[rig-2].watch: "pol" is not known here. Write "poll".',
            "folders[rig-2].settle: 10 is not a duration. Write numbers with units, in quotes, such as 10s, 5min or 1h30min.",
            "folders[rig-3].path: it is missing. Write which folder it is.",
            "folders[rig-3].experimenters: the list is empty. Name who may deliver, or leave it out for everybody.",
            "folders[rig-3].archive: it is missing. Write to which folder recordings move.",
            "folders[3].path: it is missing. Write which folder it is.",
            "workers.count: 0 is not a whole number from 1 to 1000. Write one, without quotes.",
            'workers.memory: "2G" is not a size. Write numbers with units, in quotes, such as 2GB or 512MiB.',
            'checks.session_date: "of" is not known here. Write "off".',
            "checks.feature_missing: what it finds cannot be stored, so it is always an error. Leave it out.",
            "stat: there is no such key. Write `state`.",
            "database.hots: there is no such key. Write `host`.",
            (
                "database.password: it does not belong into a file that others read. "
                "Set DB_USER and DB_PASS in the environment, or systemd's credentials db_user and db_pass."
            ),
            "checks.subject_unkown: there is no such key. Write `subject_unknown`.",
        ]

    @pytest.mark.parametrize(
        ("written", "said"),
        [
            ("state = 3", 'state: 3 is not a name. Write a text on one line, such as "name".'),
            ('state = ""', 'state: "" is not a name. Write a text on one line, such as "name".'),
            ('state = "a\\u0000b"', 'state: "a\\u0000b" is not a name. Write a text on one line, such as "name".'),
            ('state = "~bob/x"', 'state: "~bob/x" begins in a home folder that is not known. Write it from the root, with /.'),
            ("store = 3", "store: 3 is not a table. Write [store], and its keys below."),
            ("frobnicate = 3", "frobnicate: there is no such key. Leave it out."),
            ('folders = "/in"', "folders: it is one table, and there can be several. Write [[folders]], in double brackets."),
            (
                '[folders]\npath = "/in"',
                "folders: it is one table, and there can be several. Write [[folders]], in double brackets.",
            ),
            ("[videos]\nmap = 1", "videos.map: 1 is not a table. Write one such as {'D:\\data' = \".\"}."),
            (
                "[videos]\nmap = {'data' = '.'}",
                (
                    'videos.map: "data" is not an absolute path of another computer. '
                    "Write one such as 'D:\\data', in single quotes."
                ),
            ),
            *(
                (
                    f"[videos]\nmap = {{'D:\\' = {target}}}",
                    f'videos.map: {said} is not a folder in a drop folder. Write "." for the drop folder itself, or "videos".',
                )
                for target, said in [("'/etc'", '"/etc"'), ("'a/../..'", '"a/../.."'), ("3", "3"), ("'a\\b'", r'"a\\b"')]
            ),
            ("[analysis]\nfolders = 1", "analysis.folders: 1 is not a list. Write a list, in square brackets."),
            (
                '[analysis]\ntrusted = ["a", 1, ""]',
                (
                    'analysis.trusted: item 2: 1 is not a name; item 3: "" is not a name. '
                    'Write a text on one line, such as "name".'
                ),
            ),
            ("[workers]\ncount = true", "workers.count: true is not a whole number from 1 to 1000. Write one, without quotes."),
            ('[workers]\nmemory = "1kB"', 'workers.memory: "1kB" is too little. Write 256MiB or more.'),
            ('[workers]\ntimeout = "0s"', 'workers.timeout: "0s" is too little. Write 1s or more.'),
            (
                '[[folders]]\npath = "/in"\nrecursive = "no"',
                'folders[in].recursive: "no" is neither true nor false. Write true or false, without quotes.',
            ),
            (
                '[[folders]]\npath = "/in"\nsentinel = "../x"',
                'folders[in].sentinel: "../x" will not do. Write the name of a file in the folder.',
            ),
            (
                '[[folders]]\npath = "/in"\narchive = "/out"',
                'folders[in].archive: recordings are kept, and do not move there. Write after = "archive", or leave it out.',
            ),
            (
                '[database]\nbackend = "mysql"\nhost = "db"\nname = "lab"',
                "database.name: a MySQL server has no databases with schemas in them. Leave it out, or change `prefix`.",
            ),
            (
                '[notify]\nurls = ["lab@example.org:secret"]',
                (
                    "notify.urls: item 1: this is not a URL as apprise writes it. "
                    "Write one such as mailto://user:password@example.org."
                ),
            ),
        ],
    )
    def test_each(self, written: str, said: str) -> None:
        """A mistake is said in one sentence, and what to write in another."""
        assert mistakes(written) == [said]

    @pytest.mark.parametrize(
        ("written", "said"),
        [
            (
                'path = "/in"\n[[folders]]\npath = "/else/in"',
                "folders[in]: 2 folders have this name. Give each a `name` of its own.",
            ),
            (
                'path = "/in"\n[[folders]]\npath = "/in/deeper"',
                "folders[deeper].path: /in/deeper is in /in, which is `folders[in].path`. Keep drop folders apart.",
            ),
            (
                'path = "/in"\n[[folders]]\nname = "again"\npath = "/else/../in"',
                "folders[again].path: /in is /in, which is `folders[in].path`. Keep drop folders apart.",
            ),
            ('path = "/state"', "folders[state].path: /state is /state, which is `state`. Keep drop folders apart."),
            (
                'path = "/"\nname = "all"',
                "folders[all].path: / holds /state, which is `state`. Keep drop folders apart.",
            ),
            (
                'path = "/state/store"',
                "folders[store].path: /state/store is /state/store, which is `store.location`. Keep drop folders apart.",
            ),
            (
                'path = "/in"\nafter = "archive"\narchive = "/in/done"',
                "folders[in].path: /in holds /in/done, which is `folders[in].archive`. Keep drop folders apart.",
            ),
            (
                'path = "/in"\n[analysis]\nfolders = ["/in/scripts"]',
                "folders[in].path: /in holds /in/scripts, which is `analysis.folders`. Keep drop folders apart.",
            ),
        ],
    )
    def test_folders_in_each_others_way(self, written: str, said: str) -> None:
        """What lies in a drop folder is taken for a delivery, so nothing else may lie there."""
        assert mistakes(f"[[folders]]\n{written}") == [said]

    def test_no_toml(self) -> None:
        """The place in the file is said."""
        said = "this is not TOML: Expected '=' after a key in a key/value pair (at line 2, column 7)"
        assert mistakes("\nstate /") == [f"the file: {said}. Correct the text there."]

    def test_the_file_is_named(self, tmp_path: Path) -> None:
        """There may be several configurations, so each mistake says in which it is."""
        file = tmp_path / "antelop.toml"
        file.write_text("count = 3")
        with pytest.raises(Misconfigured) as caught:
            config.load(file, {"HOME": "/home/ada"})
        assert str(caught.value) == f"{file}: count: there is no such key. Leave it out."
        file.write_bytes(b"# \xff")
        with pytest.raises(Misconfigured) as caught:
            config.load(file, {"HOME": "/home/ada"})
        assert str(caught.value) == f"{file}: the byte 0xff at position 2 is not UTF-8. Save the file as UTF-8."


class TestCredentials:
    def test_from_the_environment(self, tmp_path: Path) -> None:
        """The environment comes before systemd's credentials, and an empty password is one."""
        (tmp_path / "db_user").write_text("service\n")
        assert config.credentials({"DB_USER": "ada", "DB_PASS": "", "CREDENTIALS_DIRECTORY": str(tmp_path)}) == ("ada", "")

    def test_from_systemd(self, tmp_path: Path) -> None:
        """A credential is a file; the line end that editors add is no part of it, and other spaces are."""
        (tmp_path / "db_user").write_text("service\n")
        (tmp_path / "db_pass").write_text(" correct horse \n")
        assert config.credentials({"CREDENTIALS_DIRECTORY": str(tmp_path)}) == ("service", " correct horse ")

    def test_missing(self, tmp_path: Path) -> None:
        """What is missing is named, in both places where it could be."""
        with pytest.raises(Misconfigured) as caught:
            config.credentials({"DB_USER": "ada", "CREDENTIALS_DIRECTORY": str(tmp_path)})
        assert str(caught.value) == (
            "DB_PASS: the database server asks for it, and neither the environment variable DB_PASS nor systemd's credential "
            "db_pass is there. Set DB_PASS in the environment, or give the service LoadCredential=db_pass:FILE."
        )
        with pytest.raises(Misconfigured) as caught:
            config.credentials({})
        assert [problem.where for problem in caught.value.problems] == ["DB_USER", "DB_PASS"]

    def test_secrets_do_not_show(self) -> None:
        """Neither the password nor a notification's URL is printed with what holds it."""
        _, password = config.credentials({"DB_USER": "ada", "DB_PASS": "correct horse"})
        assert isinstance(password, Password)
        assert str(password) == "correct horse"
        assert repr({"password": password}) == "{'password': Password(…)}"
        assert "secret" not in repr(parse('[notify]\nurls = ["mailto://lab:secret@example.org"]'))


def test_reading_it_loads_no_arrays() -> None:
    """A command that only reads the configuration does not wait for numpy, for HDF5 or for a database driver."""
    code = "import sys, antelop.config; print(*{'numpy', 'h5py', 'datajoint', 'jsonschema'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "\n"
