"""The README and the pages of the manual, for the tests of what they show."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "daemon" / "antelop"
README = ROOT / "README.md"
PATHS = {
    path.stem.lower(): path for path in (README, *sorted(PACKAGE.glob("*.md")), *sorted((PACKAGE / "manual").glob("*.md")))
}
"""Where they are, by the names by which `antelop manual` shows them; the README is ``readme``."""
DOCUMENTS = {name: path.read_text("utf-8") for name, path in PATHS.items()}
"""Their texts."""


def blocks(language: str, *names: str) -> list[str]:
    """Return the code blocks of one language, each once, in these documents or in all; lists may indent them."""
    found = [
        re.sub(f"^{indent}", "", block, flags=re.MULTILINE)
        for name in names or DOCUMENTS
        for indent, block in re.findall(rf"^( *)```{language}\n(.*?)^ *```$", DOCUMENTS[name], re.DOTALL | re.MULTILINE)
    ]
    return list(dict.fromkeys(found))


def tables(name: str, heading: str = "") -> list[list[str]]:
    """Return the rows of all tables of a document, or of those after a heading, as the texts of their cells, without heads."""
    rows = [line for line in DOCUMENTS[name].partition(heading or "# ")[2].splitlines() if line.startswith("|")]
    heads = {index + offset for index, line in enumerate(rows) if re.fullmatch(r"\|[-:|]+\|", line) for offset in (-1, 0)}
    return [
        [cell.strip().replace(r"\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        for index, line in enumerate(rows)
        if index not in heads
    ]


def code(text: str) -> list[str]:
    """Return what a text has as code."""
    return re.findall("(?<!`)`([^`\n]+)`(?!`)", text)
