"""Ingest of one recording into the database, in one transaction.

No module of this package waits, retries, or writes into the folder of the recording.
"""
