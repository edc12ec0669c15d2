"""The daemon: watches drop folders, keeps workers alive, and says how it fares.

Nothing here reads a recording or writes a session.
"""
