"""The manual: ``manual``."""
# ruff: noqa: PLC0415  # see antelop.cli.terminal

from typing import Any

import click

from antelop.cli.command import main
from antelop.cli.terminal import Terminal
from antelop.wording import nearest, quoted


class Page(click.ParamType[str]):
    """The name of a page of the manual, with or without ``.md``."""

    name = "page"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:  # noqa: ANN401  # as in click
        """Return the name without its ending, if there is such a page."""
        from antelop.manual import PAGES

        name = str(value).removesuffix(".md").lower()
        if name not in PAGES:
            near = nearest(name, PAGES, cutoff=0.5)
            remedy = f"Did you mean {near}?" if near else "`antelop manual` lists the pages."
            self.fail(f"there is no page {quoted(value)}. {remedy}", param, ctx)
        return name


@main.command(example="antelop manual masks")
@click.argument("page", required=False, type=Page())
@click.pass_obj
def manual(terminal: Terminal, page: str | None) -> None:
    """Show PAGE of the manual, or list the pages.

    On a terminal the page is formatted; in a file, or for another program, it is Markdown.
    """
    from antelop.manual import SECTIONS, read, title

    if page is None:
        listed = [(section, name, title(name)) for section, names in SECTIONS.items() for name in names]
        if terminal.as_json:
            terminal.write(*(dict(zip(("section", "page", "title"), each, strict=True)) for each in listed))
        else:
            terminal.table(("section", "page", "title"), listed)
    elif terminal.as_json:
        terminal.write({"page": page, "title": title(page), "text": read(page)})
    else:
        terminal.page(read(page))
