"""Maintenance of a lab: verify, garbage collection, backup, restore, and removing a recording from its session.

Nothing here runs by itself: each function runs only when a person calls it.
"""
