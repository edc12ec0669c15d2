"""The rights that a database user needs, and what an administrator runs to grant a missing one."""

import re
from typing import Any

import datajoint as dj

from antelop.database.opening import Address
from antelop.errors import Misconfigured, Problem


class Denied(Misconfigured, dj.errors.AccessError):
    """The database user lacks a right; also an `AccessError`, because DataJoint catches its own exception in some places."""


def missing_right(address: Address, query: str, said: str) -> Problem:
    """Return a problem that names the right that this user lacks, and the statement by which an administrator grants it."""
    user, name = address.user, r"""["`](\w+)["`]"""
    table = re.search(rf"""{name}\.["`]([^"`]+)""", query)
    schema = (table or re.search(name, query) or [query, "…"])[1]
    # To lock a row, a user needs the right UPDATE; otherwise the right is named like the statement.
    right = "UPDATE" if re.search(r"\bFOR (SHARE|UPDATE)\b", query) else query.split(maxsplit=1)[0].upper()
    if address.backend == "mysql":  # on the table alone: of rights on schemas only those of the nearest pattern count
        grant = f"{right} ON {schema}.{table[2] if table else '*'} TO '{user}'"
    elif "for schema" in said:
        grant = f"{'CREATE, ' if right == 'CREATE' else ''}USAGE ON SCHEMA {schema} TO {user}"
    elif right == "CREATE" and table is None:
        grant = f"CREATE ON DATABASE {address.name} TO {user}"
    else:
        grant = f"{right} ON ALL TABLES IN SCHEMA {schema} TO {user}"
    what = f"database user {user} lacks the right {right}: {said}"
    return Problem("right_missing", schema, what, f"Have an administrator of the server run `GRANT {grant};`")


def expect_keys(connection: Any, schemas: list[str]) -> None:  # noqa: ANN401  # a `Connection`, which imports this module
    """Raise `Misconfigured` if this user may only read the tables of some schemas.

    PostgreSQL shows foreign keys only to users with a further right. Without it, DataJoint would not see how tables refer
    to each other.
    """
    query = (
        "SELECT DISTINCT table_schema FROM information_schema.tables WHERE table_schema = ANY(%s) "
        "AND NOT has_table_privilege(format('%%I.%%I', table_schema, table_name), 'INSERT, UPDATE, DELETE, REFERENCES')"
    )
    if hidden := [row[0] for row in connection.query(query, (schemas,)).fetchall()]:
        what = f"database user {connection.address.user} lacks the right REFERENCES, without which PostgreSQL shows no keys"
        grant = "Have an administrator of the server run `GRANT REFERENCES ON ALL TABLES IN SCHEMA {} TO {};`"
        raise Misconfigured(
            Problem("right_missing", schema, what, grant.format(schema, connection.address.user)) for schema in sorted(hidden)
        )
