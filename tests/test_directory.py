"""A directory from which no path and no link leads out, whether the kernel sees to that or each step is taken by itself."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from antelop import directory
from antelop.directory import Directory, LeadsOut
from tests import descriptors


@pytest.fixture(params=["openat2", "by steps"])
def root(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a directory with files and links, beside a secret; the kernel has openat2, or does not."""
    if request.param == "by steps":
        monkeypatch.setattr(directory, "_OPENAT2", -1)
    root = tmp_path / "root"
    (root / "sub/deep").mkdir(parents=True)
    (root / "sub/a").write_text("a")
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/a").write_text("outside")
    return root


@pytest.fixture
def held(root: Path) -> Iterator[Directory]:
    """Give the directory, held; no descriptor but its own is left open."""
    with Directory(root) as held, descriptors.none_left():
        yield held


def read(held: Directory, name: str) -> bytes:
    """Return what a file in a directory holds."""
    with held.open(name) as file:
        return file.whole(100)


@pytest.mark.parametrize(
    ("link", "target"),
    [
        ("l", "sub/a"),
        ("l", "./sub/../sub//a"),
        ("sub/deep/l", "../a"),
        ("sub/deep/l", "../../sub/a"),
        ("l", "{root}/sub/a"),
        ("sub/l", "{root}/sub/deep/../a"),
    ],
)
def test_links_that_stay_inside_are_followed(root: Path, held: Directory, link: str, target: str) -> None:
    """Relative or absolute, also through a link to a sub-directory and a link to the link."""
    (root / link).symlink_to(target.format(root=root))
    (root / "again").symlink_to(link)
    (root / "folder").symlink_to("sub")
    names = [link, "again", "sub/a", "folder/a", "folder/../sub/a"]
    assert [read(held, name) for name in names] == [b"a"] * 5
    assert held.stat(link).st_ino == held.stat("sub/a").st_ino == (root / "sub/a").stat().st_ino
    with held.below("folder") as below:
        assert read(below, "a") == b"a"


@pytest.mark.parametrize(
    "name", ["../secret", "sub/../../secret", "/etc/passwd", "{root}x", "out", "far", "up", "folder/a", "chain", "proc", "root"]
)
def test_nothing_leads_out(root: Path, held: Directory, name: str) -> None:
    """No path, no link, no link to a link, no link to a directory on the way, and no link of /proc."""
    for link, target in {
        "out": "../secret",
        "far": str(root.parent / "secret"),
        "up": "sub/../../secret",
        "folder": "../outside",
        "chain": "sub/chain",
        "sub/chain": "../../secret",
        "proc": "/proc/self/root/etc/passwd",
        "root": "/",
    }.items():
        (root / link).symlink_to(target)
    for ask in (held.open, held.stat, held.below):
        with pytest.raises(LeadsOut, match=f"a link leads out of {root}$"):
            ask(name.format(root=root))


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("nothing", FileNotFoundError),
        ("sub/a/b", NotADirectoryError),
        ("loop", OSError),
        ("sub", IsADirectoryError),
        ("pipe", IsADirectoryError),
        ("a\0b", FileNotFoundError),
        ("x" * 300, OSError),
        ("", IsADirectoryError),
    ],
)
def test_what_is_no_file_is_told_at_once(root: Path, held: Directory, name: str, error: type[OSError]) -> None:
    """Nothing waits for a writer to a named pipe, and links in a circle come to an end."""
    os.mkfifo(root / "pipe")
    (root / "loop").symlink_to("loop")
    with pytest.raises(error) as raised:
        held.open(name)
    assert not isinstance(raised.value, LeadsOut)


def test_a_step_that_is_exchanged_leads_nowhere_else(root: Path, held: Directory, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sub-directory that becomes a link right before it is opened, and is looked into by steps, is not followed."""
    monkeypatch.setattr(directory, "_OPENAT2", -1)
    opened = os.open

    def exchange(path: str, *args: int, **options: int) -> int:
        if path == "sub" and not (root / "sub").is_symlink():
            (root / "sub").rename(root / "was")
            (root / "sub").symlink_to("../outside")
        return opened(path, *args, **options)

    monkeypatch.setattr(os, "open", exchange)
    with pytest.raises(LeadsOut):
        held.open("sub/a")


def test_it_stays_the_same_when_its_path_leads_elsewhere(root: Path, held: Directory) -> None:
    """What was opened is what is looked into and written to."""
    with held.below("sub") as below:
        (root / "sub").rename(root / "was")
        (root / "sub").symlink_to("../outside")
        with below.writing("b") as file:
            file.write(b"b")
    assert (root / "was/b").read_bytes() == b"b"
    assert [each.name for each in (root.parent / "outside").iterdir()] == ["a"]


def test_directories_are_made_inside_only(root: Path, held: Directory) -> None:
    """Each that is missing; one that a link leads out of is not made, and nothing is made behind it."""
    held.made("sub/new/newer").close()
    assert (root / "sub/new/newer").is_dir()
    (root / "out").symlink_to("../outside")
    with pytest.raises(LeadsOut):
        held.made("out/new")
    assert not (root.parent / "outside/new").exists()


def test_what_stands_under_a_name_is_told_as_such(root: Path, held: Directory) -> None:
    """A link is a link, and nothing is nothing."""
    (root / "sub/l").symlink_to("a")
    kinds: list[Callable[[], object]] = [lambda: held.own("sub/l"), lambda: held.own("sub/a"), lambda: held.own("sub/no/no")]
    link, file, nothing = (kind() for kind in kinds)
    assert link == (root / "sub/l").lstat()
    assert file == (root / "sub/a").lstat()
    assert nothing is None
    with held.below("sub") as below, below.entries() as entries:
        assert sorted(entry.name for entry in entries) == ["a", "deep", "l"]
