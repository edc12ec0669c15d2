"""Whose the folders of a lab are: nobody but the lab's own user, and those whom this user lets, may write into them."""

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from antelop.config import Config
from antelop.errors import Misconfigured, Problem, user_name


def require_own_folders(config: Config) -> None:
    """Check the state folder and the store before anything in them is read, run or written.

    Raises
    ------
    Misconfigured
        If every user of the computer may write to one of them, or root opens a lab that belongs to another user.
    """
    folders = {"state": config.state, "[store] location": config.store}
    unfit = [problem for key, folder in folders.items() for problem in (*_open_to_all(key, folder), *_not_roots(key, folder))]
    if unfit:
        raise Misconfigured(unfit)


def _open_to_all(key: str, folder: Path) -> Iterator[Problem]:
    """Yield a problem if every user may write to a folder: they could replace a file of ours with their own, or with a link."""
    with suppress(OSError):  # a folder that does not exist, or cannot be read, is reported where it is used
        mode = folder.stat().st_mode
        if mode & stat.S_IWOTH:
            remedy = f"Run `chmod o-w {folder}`, or mount its share with such a mode"
            yield Problem("folder_open", key, f"everybody may write {folder} ({stat.filemode(mode)})", remedy)


def _not_roots(key: str, folder: Path) -> Iterator[Problem]:
    """Yield a problem if root would write into another user's folder: that user could not write what root has made there."""
    if os.geteuid() != 0:
        return
    with suppress(OSError):  # as above
        if (uid := folder.stat().st_uid) != 0:
            owner = user_name(uid)
            what = f"{folder} belongs to {owner}, and this runs as root, whose files {owner} could not change"
            yield Problem("folder_of_another", key, what, f"Run it as {owner}: `sudo -u '#{uid}' antelop …`")
