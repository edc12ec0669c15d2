"""The daemon: watches drop folders, starts and replaces workers, and writes the status.

Nothing here reads a recording or writes a session.
"""
