"""A lab in a box: what ``antelop demo`` makes, and what tests record.

=============  ============================================================================================================
`acquisition`  writes NWB files, as acquisition software would
`licking`      a session of a licking task
`video`        what its camera films
`lab`          the folder of a small lab, with its configuration, rig, analysis script and rows
`show`         the daemon at work on a session, told to a person
=============  ============================================================================================================
"""
