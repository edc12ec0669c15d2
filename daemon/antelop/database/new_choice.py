"""A step of a migration: an enum gets a further value."""

from dataclasses import dataclass

from antelop.database.migration_steps import Tables
from antelop.database.statement import composed

_PLACE = "FROM information_schema.columns WHERE table_schema = %s AND table_name = %s AND column_name = %s"


@dataclass(frozen=True)
class NewChoice:
    """A step that lets an enum column, which is never null and has no comment, take further values.

    Attributes
    ----------
    schema, table, name
        The schema without the prefix, the table as the server names it, and the column.
    datajoint_type
        The type in the table's definition, with the new values at its end.
    """

    schema: str
    table: str
    name: str
    datajoint_type: str

    def is_done(self, database: Tables) -> bool:
        """Return whether the column has the type, or does not exist: a missing table is made later, with the type."""
        # DataJoint notes the type of a column in its comment, on both kinds of server.
        on_postgresql = "col_description(format('%%I.%%I', table_schema, table_name)::regclass, ordinal_position)"
        comment = on_postgresql if database.is_postgresql else "column_comment"
        query = composed("SELECT {comment} {place}", comment=comment, place=_PLACE)
        found = database.connection.query(query, (database.prefix + self.schema, self.table, self.name)).fetchall()
        return all(comment == self._comment for (comment,) in found)

    def run(self, database: Tables) -> None:
        """Change the type of the column."""
        connection, adapter, schema = database.connection, database.connection.adapter, database.prefix + self.schema
        table, column = adapter.make_full_table_name(schema, self.table), adapter.quote_identifier(self.name)
        if not database.is_postgresql:
            change = "ALTER TABLE {table} MODIFY COLUMN {column} {kind} NOT NULL COMMENT %s"
            connection.query(composed(change, table=table, column=column, kind=self.datajoint_type), (self._comment,))
            return
        # PostgreSQL has a type of its own for each list of values, and DataJoint names it by them.
        query = composed("SELECT udt_name {place}", place=_PLACE)
        ((before,),) = connection.query(query, (schema, self.table, self.name)).fetchall()
        kind = adapter.core_type_to_sql(self.datajoint_type).format(database=schema)
        for statement in adapter.get_pending_enum_ddl(schema):
            connection.query(statement)
        change = "ALTER TABLE {table} ALTER COLUMN {column} TYPE {kind} USING {column}::text::{kind}"
        connection.query(composed(change, table=table, column=column, kind=kind))
        connection.query(
            composed(
                "DROP TYPE {schema}.{kind}", schema=adapter.quote_identifier(schema), kind=adapter.quote_identifier(before)
            )
        )
        connection.query(composed("COMMENT ON COLUMN {table}.{column} IS %s", table=table, column=column), (self._comment,))

    @property
    def _comment(self) -> str:
        return f":{self.datajoint_type}:"
