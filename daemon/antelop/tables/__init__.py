"""The database: its connection, and the definitions of every table."""
