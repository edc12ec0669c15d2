"""Entry point of a process that watches drop folders: ``python -m antelop.dropfolder NAME... DESCRIPTOR``."""

from antelop.dropfolder.rounds import main

main()
