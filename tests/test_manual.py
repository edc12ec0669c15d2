"""The manual, as `antelop manual` shows it."""

import json
import os
import pty
import subprocess
import sys

import pytest
from click.testing import CliRunner, Result

from antelop import manual
from antelop.cli import main


def run(*words: str) -> Result:
    """Run the command as a program would, without a terminal."""
    return CliRunner().invoke(main, ["manual", *words], prog_name="antelop")


def test_the_pages_are_listed() -> None:
    """Without a page, each page is listed with its section and its title."""
    lines = [line.split(maxsplit=2) for line in run().stdout.splitlines()[2:]]
    assert ["Reference", "commands", "Commands"] in lines
    listed = [json.loads(line) for line in run("--json").stdout.splitlines()]
    assert [each["page"] for each in listed] == list(manual.PAGES)
    assert all(each["title"] == manual.title(each["page"]) for each in listed)


@pytest.mark.parametrize("page", manual.PAGES)
def test_a_page_is_markdown_in_a_pipe(page: str) -> None:
    """Where the output goes into another program, it is the page as it is written, which begins with its title."""
    assert run(page).stdout == run(f"{page}.md").stdout == manual.read(page)
    assert manual.read(page).startswith(f"# {manual.title(page)}\n")
    assert json.loads(run(page, "--json").stdout) == {"page": page, "title": manual.title(page), "text": manual.read(page)}


def test_a_page_is_formatted_on_a_terminal() -> None:
    """A person sees headings, tables and code as such, and none of the marks of Markdown."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "antelop", "manual", "receipt"]
    with subprocess.Popen(command, stdout=theirs, env=os.environ | {"TERM": "xterm", "COLUMNS": "100"}) as process:
        os.close(theirs)
        shown = b""
        while chunk := _read(ours):
            shown += chunk
    os.close(ours)
    assert process.returncode == 0
    text = shown.decode()
    assert "\x1b[" in text
    assert "The outcomes" in text
    assert "## The outcomes" not in text
    assert "|---|" not in text


def _read(terminal: int) -> bytes:
    """Read what was written to a terminal; nothing once its other end is closed."""
    try:
        return os.read(terminal, 1 << 16)
    except OSError:
        return b""


@pytest.mark.parametrize(
    ("page", "said"),
    [
        ("maks", 'there is no page "maks". Did you mean masks?'),
        ("../errors", 'there is no page "../errors". `antelop manual` lists the pages.'),
        ("zzz", 'there is no page "zzz". `antelop manual` lists the pages.'),
    ],
)
def test_an_unknown_page_is_refused(page: str, said: str) -> None:
    """The nearest page is named, and no other file is read."""
    refused = run(page)
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert said in refused.stderr
    with pytest.raises(LookupError):
        manual.read(page)
