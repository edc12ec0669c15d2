"""Who else could change what this user runs, asked as sshd asks it of the files that hold keys."""

import grp
import os
import pwd
import stat
import struct
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from antelop.errors import Problem

_NAMED = (0x02, 0x08)
"""Tags of an access control list's entries (linux/posix_acl.h): a user and a group that it names."""


def untrusted(paths: Iterable[Path], *, uid: int, trusted: Collection[str] = ()) -> list[Problem]:
    """Say by whom files and folders could be changed who is not trusted.

    The paths and all their parents, also those that symbolic links lead to, have to belong to root, to this user, to a trusted
    user or to a member of a trusted group, and nobody else may write them. What is only a parent may be written by all where
    its sticky bit keeps them from replacing what is not theirs, as in ``/tmp``. A group of a trusted user's own, as Debian and
    Fedora make one for each user, is nobody else: it has the user's name, and no other member. (The name has to be the same
    because not every directory service lists all of its users.) The access control lists of NFSv4 are not read.

    Parameters
    ----------
    paths
        Scripts, and the folders in which they are looked for.
    uid
        The number of the user who is to run them.
    trusted
        Names of users and groups.

    Returns
    -------
    list of Problem
        Each with the path and how to mend it; none if all can be trusted.
    """
    users, groups = {"root", _user_name(uid), *trusted}, set()
    for name in trusted:
        with suppress(KeyError):
            groups.add(grp.getgrnam(name).gr_gid)
    asked = list(paths)
    searched = {Path(os.path.realpath(path)) for path in asked}
    problems = []
    for path in sorted({step for place in asked for step in _passed(place)}):
        try:
            info = path.lstat()
        except OSError as error:
            remedy = "Make it readable for this user, or mend the configuration"
            problems.append(Problem("analysis_untrusted", str(path), f"it cannot be looked at: {error.strerror}", remedy))
            continue
        owner = _user_name(info.st_uid)
        if info.st_uid not in (0, uid) and owner not in trusted and groups.isdisjoint(_groups_of(info.st_uid)):
            remedy = f"Run `chown root {path}`, or add {owner} to the trusted"
            problems.append(Problem("analysis_untrusted", str(path), f"it belongs to {owner}, who is not trusted", remedy))
        if stat.S_ISLNK(info.st_mode) or (info.st_mode & stat.S_ISVTX and Path(os.path.realpath(path)) not in searched):
            continue
        mode = stat.filemode(info.st_mode)
        if info.st_mode & stat.S_IWGRP and _lets_others_write(path):
            remedy = f"Run `setfacl --remove-all {path}`"
            what = f"its access control list lets others write it ({mode})"
            problems.append(Problem("analysis_untrusted", str(path), what, remedy))
        elif info.st_mode & stat.S_IWGRP and info.st_gid not in groups and not _is_private(info.st_gid, users):
            group = _group_name(info.st_gid)
            remedy = f"Run `chmod g-w {path}`, or add {group} to the trusted"
            what = f"its group, {group}, may write it ({mode}) and is not trusted"
            problems.append(Problem("analysis_untrusted", str(path), what, remedy))
        if info.st_mode & stat.S_IWOTH:
            problems.append(
                Problem("analysis_untrusted", str(path), f"everybody may write it ({mode})", f"Run `chmod o-w {path}`")
            )
    return problems


def _passed(path: Path) -> Iterator[Path]:
    """Yield a path, its parents, and every link among them with where it leads to and the parents of that."""
    seen = set()
    waiting = [path.absolute()]
    while waiting:
        target = waiting.pop()
        for step in (target, *target.parents):
            place = _entry(step)
            if place not in seen:
                seen.add(place)
                yield place
                if place.is_symlink():
                    waiting.append(place.parent / place.readlink())


def _entry(path: Path) -> Path:
    """Return a path with no links or dots before its last part, which may be a link itself."""
    return Path(os.path.realpath(path)) if path.name == ".." else Path(os.path.realpath(path.parent), path.name)


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
    """Tell whether a group is the own one of one of these users."""
    try:
        group = grp.getgrgid(number)
    except KeyError:
        return False
    members = {*group.gr_mem, *(account.pw_name for account in pwd.getpwall() if account.pw_gid == number)}
    return group.gr_name in users and members == {group.gr_name}


def _lets_others_write(path: Path) -> bool:
    """Tell whether the access control list of what is group-writable names users or groups who may write (acl(5))."""
    try:
        stored = os.getxattr(path, "system.posix_acl_access", follow_symlinks=False)
    except OSError:  # it has none
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
