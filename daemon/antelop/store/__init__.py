"""Where arrays and files are kept: a folder of objects, and the DataJoint codecs of the columns that refer to them.

A column of type ``<signal>`` holds an array, one of type ``<file>`` a file. What stands in the row is a JSON object, the
*descriptor*, of one of five kinds::

    {"kind": "inline", "dtype": "|i1", "shape": [4], "base64": "Af8B/w=="}
    {"kind": "npy", "dtype": "<f8", "shape": [108000000], "path": "objects/3f/a9/3fa9….npy", "size": 864000128}
    {"kind": "clock", "start": 0.0, "rate": 30000.0, "count": 108000000}
    {"kind": "scaled", "samples": {"kind": "npy", …}, "conversion": 0.0005, "offset": 0.0}
    {"kind": "file", "path": "objects/77/1c/771c….mp4", "size": 52428800}

An array is its bytes, in the row if they are few and else in a plain ``.npy`` file, or the regular clock or the scaled samples
that it is computed from. ``path`` is relative to the store, ``size`` in bytes. An object is named by the SHA-256 of what it
holds, so that the same content is kept once and ``sha256sum`` tells whether it is whole.

Equal descriptors are equal values, and the same values are always described alike; what identifies a recording relies on it.
"""

from antelop.store.codecs import STORE, File, Signal
from antelop.store.store import Kept, Store

__all__ = ["STORE", "File", "Kept", "Signal", "Store"]
