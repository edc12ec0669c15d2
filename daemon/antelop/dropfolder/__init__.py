"""Drop folders on disk: `Watcher` starts a process that runs `rounds`, which keeps one `Inbox` for each folder.

A look scans the directories that may have changed (`snapshot`, `listing`), determines which files have settled (`settle`),
pairs them (`delivery`), verifies that no writer has them open (`completeness`), and returns what differs from the last look
(`messages`).
"""

from antelop.dropfolder.junk import junk
from antelop.dropfolder.messages import Folder, Health, Released, Update, Withdrawn
from antelop.dropfolder.watcher import Watcher

__all__ = ["Folder", "Health", "Released", "Update", "Watcher", "Withdrawn", "junk"]
