"""The operating-system user as whom the server runs (never root), and which folders that user can reach."""

import os
import pwd
import stat
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Any

from antelop.errors import Misconfigured, Problem, reason, user_name

ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"}
"""The environment of every program that is run here, so that it does not depend on the user's variables."""

SYSTEM_USERS = ("antelop", "postgres")
"""Users as whom root starts the server: the first one that exists. If none exists, the first one is made."""


def owner_of(folder: Path) -> pwd.struct_passwd:
    """Return the user as whom the server of this folder runs.

    That is the user of this process, or, if this process runs as root, the folder's owner or else a system user.

    Raises
    ------
    Misconfigured
        If that user has no name, or there is no system user and none can be made.
    """
    # PostgreSQL refuses to run as root. If the folder exists, only its owner can read the data in it.
    uid = os.geteuid()
    if uid == 0 and folder.exists():
        uid = folder.stat().st_uid
    if uid != 0:
        try:
            return pwd.getpwuid(uid)
        except KeyError:
            raise misconfigured(
                f"the database would run as user number {uid}, who has no name on this machine, and PostgreSQL asks for one",
                f"Make a user with this number: useradd --uid {uid} NAME",
            ) from None
    # This process is root, and the folder is new: use a system user, and make one if there is none.
    for name in SYSTEM_USERS:
        with suppress(KeyError):
            return pwd.getpwnam(name)
    make = ["useradd", "--system", "--no-create-home", "--shell=/usr/sbin/nologin", SYSTEM_USERS[0]]
    try:
        said = subprocess.run(make, env=ENVIRONMENT, capture_output=True, text=True, check=False).stderr.strip()
        return pwd.getpwnam(SYSTEM_USERS[0])
    except FileNotFoundError as error:
        said = str(error)
    except KeyError:
        pass
    raise misconfigured(
        f"the database does not run as root, and making a system user for it failed ({said})",
        f"Make one named {SYSTEM_USERS[0]}",
    )


def make_private(folder: Path, owner: pwd.struct_passwd) -> None:
    """Make a folder that only its owner can enter, unless it exists.

    Raises
    ------
    Misconfigured
        If it exists and other users own or can enter it, or if it may not be made.
    """
    # `lstat` and `follow_symlinks=False`: a link that another user has put here must not redirect the change of owner.
    try:
        with suppress(FileExistsError):
            folder.mkdir(mode=0o700, parents=True)
        if os.geteuid() == 0 and folder.lstat().st_uid == 0:
            os.chown(folder, owner.pw_uid, owner.pw_gid, follow_symlinks=False)
        status = folder.lstat()
        others = not stat.S_ISDIR(status.st_mode) or status.st_uid != owner.pw_uid
        why = f"it belongs to {user_name(status.st_uid)} ({stat.filemode(status.st_mode)})"
    except PermissionError as error:
        others, why = True, reason(error)
    if others:
        raise misconfigured(
            f"the database needs the folder {folder}, and user {owner.pw_name} may not have it: {why}",
            "Run this as its user, or set `state` to a folder of your own; several users share a server, see `[database]`",
        )
    if status.st_mode & 0o077:
        raise misconfigured(
            f"the database has no password, and others than user {owner.pw_name} may enter {folder}",
            f"Close it: chmod 700 {folder}",
        )


def first_closed(path: Path, owner: pwd.struct_passwd) -> str:
    """Return the first part of a path that the server's user cannot enter or run; an empty text if there is none.

    Only root checks this, because any other user runs the server as themselves.
    """
    if os.geteuid() != 0:
        return ""
    # Let a process of that user try: the permission bits alone do not show access lists or network filesystems.
    attempt = 'for part; do [ -x "$part" ] || { printf %s "$part"; exit; }; done'
    command = ["/bin/sh", "-c", attempt, "sh", *map(str, reversed(path.parents)), str(path)]
    return str(subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, cwd="/", **started_as(owner)).stdout)


def started_as(owner: pwd.struct_passwd) -> dict[str, Any]:
    """Return the arguments for `subprocess` by which root starts a process as the user, with the user's groups."""
    if os.geteuid() != 0:
        return {}
    groups = os.getgrouplist(owner.pw_name, owner.pw_gid)
    return {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": groups}


def misconfigured(what: str, remedy: str) -> Misconfigured:
    """Return the error of a state directory that cannot hold the database."""
    return Misconfigured([Problem("embedded_database", "state", what, remedy)])
