"""Write a session of the database back as NWB, so that an ingest of the file stores the same again.

What is written keeps what the store knows: a regular clock stays a rate, and scaled samples keep their factor. pynwb
writes the file. It takes a second to import, so only `export_nwb` and its command import this package.
"""
