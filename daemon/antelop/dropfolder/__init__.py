"""Drop folders on disk: `Watcher` watches one in a process of its own, `Inbox` is what that process knows.

A look scans what may have changed (`snapshot`, `listing`), sees what has settled (`settle`), pairs it (`delivery`), makes sure
that no writer is still at it (`completeness`), and returns what is different from what was said before (`messages`).
"""

from antelop.dropfolder.junk import junk
from antelop.dropfolder.messages import Folder, Health, Released, Update, Withdrawn
from antelop.dropfolder.watcher import Watcher

__all__ = ["Folder", "Health", "Released", "Update", "Watcher", "Withdrawn", "junk"]
