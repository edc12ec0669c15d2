"""What keeps a lab sound for years: verify, garbage collection, backup, and removing a session.

Nothing here runs unless a person asks for it.
"""
