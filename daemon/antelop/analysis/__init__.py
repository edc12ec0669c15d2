"""The lab's own functions: find their scripts, check who may change these, and run the functions.

No module of this package knows a delivery or how a session is stored: the caller says on which session a function runs.
"""
