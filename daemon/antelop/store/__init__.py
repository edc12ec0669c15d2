"""The store of arrays and files: a folder of objects, and the DataJoint codecs of the columns that refer to them.

A column of type ``<signal>`` holds an array, one of type ``<file>`` a file. The row itself holds a JSON object, the
*descriptor*, of one of five kinds::

    {"kind": "inline", "dtype": "|i1", "shape": [4], "base64": "Af8B/w=="}
    {"kind": "npy", "dtype": "<f8", "shape": [108000000], "path": "objects/3f/a9/3fa9….npy", "size": 864000128}
    {"kind": "clock", "start": 0.0, "rate": 30000.0, "count": 108000000}
    {"kind": "scaled", "samples": {"kind": "npy", …}, "conversion": 0.0005, "offset": 0.0}
    {"kind": "file", "path": "objects/77/1c/771c….mp4", "size": 52428800}

An array is stored as its bytes (a small one in the row, any other in a plain ``.npy`` file), or as the regular clock or the
scaled samples from which it is computed. ``path`` is relative to the store, ``size`` is in bytes. An object is named by the
SHA-256 of its content, so that the same content is stored once, and ``sha256sum`` shows whether the object is complete.

Equal values have equal descriptors, and different values have different ones. The fingerprint of a recording relies on this.
"""

from antelop.store.codecs import STORE, File, Signal
from antelop.store.descriptor import Kept
from antelop.store.store import Store

__all__ = ["STORE", "File", "Kept", "Signal", "Store"]
