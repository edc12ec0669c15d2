"""What all tests share."""

from hypothesis import settings

settings.register_profile("antelop", deadline=None)  # how long a case takes is no property of the code
settings.load_profile("antelop")

pytest_plugins = [
    "tests.data",
    "tests.field_cases",
    "tests.left_out",
    "tests.labs",
    "tests.drops",
    "tests.desks",
    "tests.lab_database",
    "tests.workbench",
    "tests.inboxes",
    "tests.stores",
    "tests.daemons",
    "tests.chats",
    "tests.commands",
    "tests.filesystems",
    "tests.wires",
]
