"""Read NWB 2 files. Only this package imports h5py to read.

The layout is that of the NWB 2 schema (https://nwb-schema.readthedocs.io), and is read from HDF5 directly: a group with a
neurodata_type that holds ``data``, ``timestamps`` or ``starting_time`` is a time series, whether it is of the core or of any
version of an extension. Therefore no extension has to be installed, one invalid object does not prevent reading the others, and
a small file takes milliseconds. (pynwb builds all objects of a file or refuses it, takes several times as long, and follows
links into other files.)

Nothing outside the file is opened, because a recording could otherwise read the server's files for its sender. Contents that
links, virtual datasets or external storage keep in another file are listed in `Recording.others` with the reason.
"""

from antelop.recording.reader import reading, reading_held

__all__ = ["reading", "reading_held"]
