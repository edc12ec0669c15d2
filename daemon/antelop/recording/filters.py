"""The compression filters of HDF5: which of them are installed, and what the others are called.

HDF5 looks into the folders of HDF5_PLUGIN_PATH for the library of a filter that it does not know, and runs what it finds there,
as soon as a file names this filter. It therefore gets no folder to look into. It has its own filters and h5py's, and those of
`hdf5plugin` if that is installed, which are loaded from its package.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache

import h5py

from antelop.recording.bounds import OutOfReach

NAMES: Mapping[int, str] = {
    h5py.h5z.FILTER_DEFLATE: "gzip",
    h5py.h5z.FILTER_SHUFFLE: "shuffle",
    h5py.h5z.FILTER_FLETCHER32: "Fletcher32",
    h5py.h5z.FILTER_SZIP: "SZIP",
    h5py.h5z.FILTER_NBIT: "N-bit",
    h5py.h5z.FILTER_SCALEOFFSET: "scale-offset",
    305: "LZO",
    307: "BZIP2",
    32000: "LZF",
    32001: "Blosc",
    32002: "MAFISC",
    32003: "Snappy",
    32004: "LZ4",
    32005: "APAX",
    32006: "CBF",
    32007: "JPEG-XR",
    32008: "Bitshuffle",
    32009: "SPDP",
    32010: "LPC-Rice",
    32011: "CCSDS-123",
    32012: "JPEG-LS",
    32013: "ZFP",
    32014: "fpzip",
    32015: "Zstandard",
    32016: "B3D",
    32017: "SZ",
    32018: "FCIDECOMP",
    32019: "JPEG",
    32020: "VBZ",
    32021: "FAPEC",
    32022: "BitGroom",
    32023: "Granular BitRound",
    32024: "SZ3",
    32025: "Delta-Rice",
    32026: "Blosc2",
    32027: "FLAC",
    32028: "SPERR",
    32029: "TERSE/PROLIX",
    32030: "FFMPEG",
}
"""By number: HDF5's own filters, and those that are registered with The HDF Group (HDFGroup/hdf5_plugins on GitHub,
docs/RegisteredFilterPlugins.md)."""

EXTRA = frozenset({307, 32001, 32004, 32008, 32013, 32015, 32017, 32018, 32024, 32026, 32028})
"""The filters that `hdf5plugin` brings, which the extra ``filters`` installs."""


@dataclass(frozen=True)
class Uninstalled:
    """Why an object cannot be read here: `member` of it is compressed with `filter`; `extra` tells whether `EXTRA` has it."""

    member: str
    filter: str
    extra: bool


class FilterMissing(OutOfReach):
    """A dataset is compressed with a filter that is not installed."""

    def __init__(self, member: str, code: int, label: str) -> None:
        self.uninstalled = Uninstalled(member, NAMES.get(code) or label or f"filter {code}", code in EXTRA)
        super().__init__(f"its {member} is compressed with {self.uninstalled.filter}, which is not installed")


@cache
def installed(code: int) -> bool:
    """Return whether HDF5 can undo a filter, by its number."""
    # The filters of hdf5plugin are registered when it is imported, which takes as long as reading a small file.
    if code in EXTRA and not h5py.h5z.filter_avail(code):
        with suppress(ImportError):
            import hdf5plugin  # noqa: F401, PLC0415  # see above; most files need none of them
    return bool(h5py.h5z.filter_avail(code))


def _search_no_folder() -> None:
    while h5py.h5pl.size():
        h5py.h5pl.remove(0)


_search_no_folder()
