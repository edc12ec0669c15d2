"""Drop folders on disk: `Watcher` has them watched by a process, `rounds` is what that does, `Inbox` what it knows of one.

A look scans what may have changed (`snapshot`, `listing`), sees what has settled (`settle`), pairs it (`delivery`), makes sure
that no writer is still at it (`completeness`), and returns what is different from what was said before (`messages`).
"""

from antelop.dropfolder.junk import junk
from antelop.dropfolder.messages import Folder, Health, Released, Update, Withdrawn
from antelop.dropfolder.watcher import Watcher

__all__ = ["Folder", "Health", "Released", "Update", "Watcher", "Withdrawn", "junk"]
