"""The JSON contracts: documents, their schemas, the manifest and the rig.

Nothing here reads a file, asks a database or knows the time.
"""
