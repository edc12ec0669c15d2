"""One recording into the database, in one transaction.

Nothing here waits, retries or writes beside the recording.
"""
