"""Finds everything that is wrong, or odd, with a delivery, in one pass: `examine`.

Nothing here changes what is stored, and nothing here knows where a recording came from or goes to.
"""
