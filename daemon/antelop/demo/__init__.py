"""A lab in a box: what ``antelop demo`` makes and shows, and the recordings that tests make too.

=============  =======================================================================================
`acquisition`  writes NWB files, as acquisition software does
`video`        writes a film
`licking`      a session of a licking task, and its film
`lab`          the demo's lab: its folder, with what is in the folder ``lab`` here, and its first rows
`daemon`       the real daemon as a child process, and what it says of a delivery
`show`         the demo itself: a session goes into the database, and a person watches
=============  =======================================================================================
"""
