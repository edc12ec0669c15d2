"""Texts that a column can hold and that some server, driver or library could take for more than text."""

STORABLE = [
    "'; DROP TABLE delivery; --",
    "' OR 'a'='a",
    '" OR ""="',
    "` OR 1=1 #",
    "\\",
    "\\'; DROP TABLE delivery; -- ",
    "\\\\' OR 1=1 -- ",
    "/* */ -- # /*!",
    "%",
    "50%% %s %(name)s",
    "{0.__class__} {nwb_path}",
    "$1 $$ :name ?",
    "E'\\x27' X'27'",
    "\x1b[31mred\x1b[0m\r\n\x7f",
    "\u202e\u2028\U0001f600e\u0301",
]
LONG = "'\\%{\"" * 2000
"""10 kB of them."""
