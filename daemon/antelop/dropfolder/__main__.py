"""Watches one drop folder for the process that started it, by ``python -m antelop.dropfolder NAME DESCRIPTOR``."""

from antelop.dropfolder.watcher import main

main()
