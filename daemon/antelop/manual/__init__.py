"""The manual: pages in Markdown that are installed with the package.

Whatever shows a page, such as `antelop manual`, reads it here. This package holds text and reads it, and nothing else.
"""

from collections.abc import Mapping
from importlib.resources import files

SECTIONS: Mapping[str, tuple[str, ...]] = {
    "How to": ("installation", "lab", "rig", "manifest", "masks", "scripts", "export", "server", "service", "operation"),
    "Reference": ("commands", "configuration", "receipt", "supported"),
    "Evidence": ("promise", "performance", "security"),
    "Inside": ("architecture", "glossary"),
}
"""The names of the pages, by section and in reading order."""

BESIDE = {"architecture": "ARCHITECTURE.md", "glossary": "GLOSSARY.md"}
"""The pages that are files of the package itself, where developers look for them."""

PAGES = tuple(name for names in SECTIONS.values() for name in names)


def read(page: str) -> str:
    """Return the text of a page, in Markdown.

    Raises
    ------
    LookupError
        If `page` is not one of `PAGES`.
    """
    if page not in PAGES:  # before it is part of a path
        raise LookupError(page)
    path = files("antelop") / BESIDE[page] if page in BESIDE else files(__name__) / f"{page}.md"
    return path.read_text("utf-8")


def title(page: str) -> str:
    """Return the title of a page, which is its first line."""
    return read(page).partition("\n")[0].removeprefix("# ")
