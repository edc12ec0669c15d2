"""Files and folders that programs and operating systems put into a drop folder, and that are not data."""

import re
from fnmatch import translate

_JUNK = {
    "._*": "macOS, for attributes that another filesystem cannot store",
    ".DS_Store": "macOS, for the appearance of a folder",
    "__MACOSX": "macOS, in archives",
    "Thumbs.db": "Windows, for the appearance of a folder",
    "desktop.ini": "Windows, for the appearance of a folder",
    "$RECYCLE.BIN": "Windows, for what was deleted",
    "System Volume Information": "Windows, for system data",
    "@eaDir": "Synology, for thumbnails",
    "#recycle": "Synology, for what was deleted",
    "*.zarr": "Zarr, for a recording in a folder",
    "lost+found": "the filesystem, for what a repair finds",
    ".syncthing.*": "Syncthing, for a file that is still arriving",
    "~syncthing~*": "Syncthing, for a file that is still arriving",
    ".st*": "Syncthing, for its own data",
    ".*.??????": "rsync, for a file that is still arriving",
    "*.part": "a program, for a file that is still arriving",
    "*.partial": "a program, for a file that is still arriving",
    "*.filepart": "WinSCP, for a file that is still arriving",
    "*.crdownload": "a browser, for a file that is still arriving",
    "*.tmp": "a program, for a file that it is still writing",
    "~*": "a program, for a file that it has open",
    "*~": "an editor, for what a file was before",
    ".*": "a program, hidden",
}
"""The maker of each pattern of names that scans skip; if several patterns match, the first is the most specific."""

_ANY = re.compile("|".join(map(translate, _JUNK)), re.IGNORECASE)


def junk(name: str) -> str | None:
    """Return which program makes files or folders of this name, and what for; None if it is not junk."""
    if not _ANY.match(name):
        return None
    return next(maker for pattern, maker in _JUNK.items() if re.match(translate(pattern), name, re.IGNORECASE))


def is_candidate(name: str) -> bool:
    """Return whether a file of this name can be an NWB file or a manifest."""
    lower = name.lower()
    return lower.endswith((".nwb", ".json")) and not lower.endswith(".receipt.json") and not _ANY.match(name)


def is_utf8(name: str) -> bool:
    """Return whether a name on disk is valid UTF-8; Python gives other bytes as single surrogates (PEP 383)."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
