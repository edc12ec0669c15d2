"""The lab's own functions: their scripts, and what a script must be allowed to do before it runs.

Nothing here knows a session's rows or a delivery; it runs what it is given.
"""
