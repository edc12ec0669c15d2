"""What a project has besides its code agrees with it: version, changelog, citation, hooks and templates."""

import re
import shlex
import subprocess
import tomllib
from typing import Any

import pytest
from ruamel.yaml import YAML

import antelop
from tests.documents import PACKAGE, ROOT, code

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
RELEASES = re.findall(r"^## \[(.+?)\](?: - (\d{4}-\d\d-\d\d))?$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
TEMPLATES = [path for path in (ROOT / ".github/ISSUE_TEMPLATE").glob("*.yml") if path.name != "config.yml"]


def parsed(path: str) -> Any:
    """Return what a YAML file says."""
    return YAML(typ="safe").load((ROOT / path).read_text("utf-8"))


def test_one_place_says_the_version() -> None:
    """The build takes the version from the package, and the citation and the changelog say the same."""
    assert PROJECT["project"]["dynamic"] == ["version"]
    assert PROJECT["tool"]["hatch"]["version"]["path"] == "daemon/antelop/__init__.py"
    citation = parsed("CITATION.cff")
    assert (antelop.__version__, str(citation["date-released"])) in RELEASES
    assert citation["version"] == antelop.__version__
    assert citation["license"] == PROJECT["project"]["license"]
    assert citation["authors"] == PROJECT["project"]["authors"]


def test_the_changelog_has_the_form_of_keep_a_changelog() -> None:
    """What is not released comes first, releases are in order of their dates, and changes are of the kinds that there are."""
    text = (ROOT / "CHANGELOG.md").read_text()
    assert RELEASES[0] == ("Unreleased", "")
    dates = [date for _, date in RELEASES[1:]]
    assert all(dates)
    assert dates == sorted(dates, reverse=True)
    kinds = set(re.findall(r"^### (.+)$", text, re.MULTILINE))
    assert kinds <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


def test_the_hooks_run_what_the_tests_run() -> None:
    """Each check of ``tests/run`` is a hook, in the same order and in its environment, and there is no other."""
    checks = re.findall(r"^run (.*?)(?: \"\$@\")?$", (ROOT / "tests/run").read_text(), re.MULTILINE)
    (local,) = parsed(".pre-commit-config.yaml")["repos"]
    assert [hook["entry"] for hook in local["hooks"]] == [f".venv/bin/{check}" for check in checks]


def test_one_place_says_where_the_project_is() -> None:
    """A project that moves changes its metadata, and nothing else."""
    home = PROJECT["project"]["urls"]["Homepage"]
    assert all(url.startswith(home) for url in PROJECT["project"]["urls"].values())
    shipped = [*ROOT.glob("*.*"), *ROOT.glob(".github/**/*"), *(ROOT / "daemon").rglob("*.*"), *(ROOT / "systemd").iterdir()]
    texts = {path.name: path.read_bytes() for path in shipped if path.is_file() and path.name != "pyproject.toml"}
    assert [name for name, text in texts.items() if home.encode() in text] == []


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.stem)
def test_an_issue_template_is_a_form(template: Any) -> None:
    """It has a name and a description, every field has an id of its own and a label, and something has to be filled in."""
    form = parsed(str(template.relative_to(ROOT)))
    assert {"name", "description", "body"} <= set(form)
    fields = [field for field in form["body"] if field["type"] != "markdown"]
    assert all(field["attributes"]["label"] and field["id"] for field in fields)
    assert len({field["id"] for field in fields}) == len(fields)
    assert any(field.get("validations", {}).get("required") for field in fields)


QUESTIONS = re.findall(r"^\| (.+\?) \| `(grep .+)` \| `(.+)` \|$", (ROOT / ".github/CONTRIBUTING.md").read_text(), re.MULTILINE)


def test_a_newcomer_has_ten_questions() -> None:
    """Each is in the table with a search and a file."""
    assert len(QUESTIONS) == 10


@pytest.mark.parametrize(("search", "file"), [row[1:] for row in QUESTIONS], ids=[row[0] for row in QUESTIONS])
def test_a_question_is_answered_by_one_search_and_one_file(search: str, file: str) -> None:
    """The search finds one place in the code, and it is in that file."""
    found = subprocess.run([*shlex.split(search), "--include=*.py"], cwd=ROOT, capture_output=True, text=True, check=True)
    (line,) = found.stdout.splitlines()
    assert line.startswith(f"{PACKAGE.relative_to(ROOT)}/{file}:")


def test_links_of_the_guidelines_lead_to_files() -> None:
    """What a contributor is sent to is there."""
    folder = ROOT / ".github"
    text = (folder / "CONTRIBUTING.md").read_text()
    links = [folder / link for link in re.findall(r"\]\((?!https?:)([^)#]+)", text)]
    links += [ROOT / name for name in code(text) if re.match(r"(tests|daemon)/[\w/.]+$", name)]
    assert len(links) > 5
    assert [link for link in links if not link.exists()] == []
