"""The command line, as ``python -m antelop``."""

from antelop.cli import main

main(prog_name="antelop")
