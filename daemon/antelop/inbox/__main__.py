"""Watches one drop folder for the process that started it: ``python -m antelop.inbox NAME DESCRIPTOR``, and not for people."""

from antelop.inbox.watcher import main

main()
