"""Reads NWB 2 files; the only package that imports h5py to read.

The layout is that of the NWB 2 schema (https://nwb-schema.readthedocs.io), and is read from HDF5 directly: a group with a
neurodata_type that holds ``data``, ``timestamps`` or ``starting_time`` is a time series, be it of the core or of any version of
an extension. So no extension has to be installed or to load, one odd object does not cost the others, and a small file takes
milliseconds. (pynwb builds all of a file or refuses it, which takes several times as long, and follows links into other files.)

Nothing outside the file is opened, because whoever delivers a recording could read the server's files with it. What links,
virtual datasets or external storage keep in another file is listed under `Recording.others`, saying so.
"""

from antelop.recording.reader import reading, reading_held

__all__ = ["reading", "reading_held"]
