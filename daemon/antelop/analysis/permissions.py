"""Which other users could change a script that this user runs, checked as sshd checks the files that hold keys."""

import grp
import os
import pwd
import stat
import struct
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from antelop.errors import Problem

_NAMED = (0x02, 0x08)
"""Tags of the entries of an access control list that name a user and a group (linux/posix_acl.h)."""


class Trust:
    """The users and groups that may change the scripts which a user runs.

    A file or folder must belong to root, to this user, to a trusted user or to a member of a trusted group, and no other user
    may have the right to write it. There are two exceptions. A folder above a script may be writable for all users if its
    sticky bit keeps them from replacing the files of others, as in ``/tmp``. A private group, as Debian and Fedora create one
    for each user, counts as its user: it has the user's name, and no other member. (The name must be equal because not every
    directory service lists all of its users.) The access control lists of NFSv4 are not read.

    Parameters
    ----------
    uid
        The number of the user who runs the scripts.
    trusted
        Names of trusted users and groups.
    """

    def __init__(self, uid: int, trusted: Collection[str] = ()) -> None:
        self._uid = uid
        self._trusted = frozenset(trusted)
        self._users = {"root", _user_name(uid), *trusted}
        self._groups = set()
        for name in trusted:
            with suppress(KeyError):
                self._groups.add(grp.getgrnam(name).gr_gid)

    def problems(self, path: Path, held: int, *, searched: bool) -> list[Problem]:
        """Return the ways in which users who are not trusted could change a file, folder or link.

        Parameters
        ----------
        path
            The path for messages; it is not opened.
        held
            A descriptor of the file, folder or link.
        searched
            Whether scripts are searched in it. Then the sticky bit is no protection, because others could add a script.

        Returns
        -------
        list of Problem
            Each with the path and the command that corrects it; empty if only trusted users can change it.
        """
        info = os.fstat(held)
        mode, found = stat.filemode(info.st_mode), []
        owner = _user_name(info.st_uid)
        # The owner can always change the permissions, so the owner must be trusted.
        known = info.st_uid in (0, self._uid) or owner in self._trusted
        if not known and self._groups.isdisjoint(_groups_of(info.st_uid)):
            remedy = f"Add {owner} to the trusted, or have {path} where only trusted users can write"
            found.append((f"it belongs to {owner}, who is not trusted", remedy))
        # The permissions of a link mean nothing on Linux, and those of a folder with a sticky bit protect its entries.
        guarded = stat.S_ISDIR(info.st_mode) and info.st_mode & stat.S_ISVTX and not searched
        if not stat.S_ISLNK(info.st_mode) and not guarded:
            if info.st_mode & stat.S_IWGRP and _lets_others_write(held):
                found.append((f"its access control list lets others write it ({mode})", f"Run `setfacl --remove-all {path}`"))
            elif info.st_mode & stat.S_IWGRP and info.st_gid not in self._groups and not _is_private(info.st_gid, self._users):
                group = _group_name(info.st_gid)
                what = f"its group, {group}, may write it ({mode}) and is not trusted"
                found.append((what, f"Run `chmod g-w {path}`, or add {group} to the trusted"))
            if info.st_mode & stat.S_IWOTH:
                found.append((f"everybody may write it ({mode})", f"Run `chmod o-w {path}`"))
        return [Problem("analysis_untrusted", str(path), *each) for each in found]


def _user_name(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return f"number {number}"


def _group_name(number: int) -> str:
    try:
        return grp.getgrgid(number).gr_name
    except KeyError:
        return f"number {number}"


def _is_private(number: int, users: Collection[str]) -> bool:
    """Tell whether a group is the private group of one of these users."""
    try:
        group = grp.getgrgid(number)
    except KeyError:
        return False
    members = {*group.gr_mem, *(account.pw_name for account in pwd.getpwall() if account.pw_gid == number)}
    return group.gr_name in users and members == {group.gr_name}


def _lets_others_write(held: int) -> bool:
    """Tell whether the access control list of a group-writable file or folder lets named users or groups write (acl(5))."""
    try:
        stored = os.getxattr(f"/proc/self/fd/{held}", "system.posix_acl_access")
    except OSError:  # it has no access control list
        return False
    entries = struct.iter_unpack("<HHI", stored[4:])  # linux/posix_acl_xattr.h: tag, permissions, number
    return any(tag in _NAMED and permissions & 2 for tag, permissions, _ in entries)


def _groups_of(user: int) -> list[int]:
    """Return the numbers of a user's groups."""
    try:
        account = pwd.getpwuid(user)
    except KeyError:
        return []
    return os.getgrouplist(account.pw_name, account.pw_gid)
