"""Drop folders on disk: `Watcher` watches one in a process of its own, `Inbox` is what that process knows.

A look scans what may have changed (`view`, `listing`), sees what has settled (`antelop.settle`), pairs it (`antelop.delivery`),
makes sure that no writer is still at it (`probe`), and returns what is different from what was said before (`updates`).
"""

from antelop.inbox.junk import junk
from antelop.inbox.updates import Folder, Health, Released, Update, Withdrawn
from antelop.inbox.watcher import Watcher

__all__ = ["Folder", "Health", "Released", "Update", "Watcher", "Withdrawn", "junk"]
