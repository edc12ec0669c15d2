"""Watches drop folders for the process that started it: ``python -m antelop.dropfolder NAME... DESCRIPTOR``."""

from antelop.dropfolder.rounds import main

main()
