"""A complete lab in one folder: what ``antelop demo`` makes and shows, and the recordings that tests make too.

=============  =======================================================================================
`acquisition`  writes NWB files, as acquisition software does
`video`        writes a video
`licking`      makes a session of a licking task, and its video
`lab`          makes the demo's lab: its folder, from the files in the folder ``lab`` here, and its first rows
`daemon`       runs the real daemon as a child process, and reads its status
`show`         the demo itself: a session is ingested, and a person watches
=============  =======================================================================================
"""
