"""Whether a statement does no more than read."""

import pytest

from antelop.analysis.statements import writing_verb

BOTH = (True, False)
HIDDEN = "hide something in quotes or comments"


@pytest.mark.parametrize(
    ("statement", "verb", "servers"),
    [
        ("SELECT 'DELETE FROM x; DROP TABLE y' FROM \"update\" -- INSERT\n /* DELETE */", None, BOTH),
        ("SELECT 1 FROM `update`", None, (False,)),
        ("(SELECT replace(a, 'b', 'c'), INSERT (d, 1, 2, 'e') FROM f) UNION (SELECT 1);", None, BOTH),
        ("WITH a AS (SELECT 1) SELECT * FROM a", None, BOTH),
        ("show tables", None, BOTH),
        ("EXPLAIN SELECT 1", None, BOTH),
        ("SELECT 'o''clock; DELETE'", None, BOTH),
        ("SELECT 'it\\'s; DELETE'", None, (False,)),
        ("SELECT 'a path\\\\'", None, BOTH),
        ("", None, BOTH),
        ("insert into a values (1)", "INSERT", BOTH),
        ("  REPLACE INTO a VALUES (1)", "REPLACE", BOTH),
        ("SELECT 1; DELETE FROM a", "DELETE", BOTH),
        ("SELECT 1 INTO OUTFILE '/a'", "INTO", BOTH),
        ("SELECT a FROM b FOR UPDATE", "UPDATE", BOTH),
        ("WITH a AS (DELETE FROM b RETURNING c) SELECT * FROM a", "DELETE", BOTH),
        ("EXPLAIN ANALYZE UPDATE a SET b = 1", "UPDATE", BOTH),
        ("COMMIT", "COMMIT", BOTH),
        ("SET TRANSACTION READ WRITE", "SET", BOTH),
        ("/* SELECT */ CALL a()", "CALL", BOTH),
        # A function that acts.
        ("SELECT pg_advisory_unlock_all()", "PG_ADVISORY_UNLOCK_ALL", BOTH),
        ("SELECT pg_try_advisory_lock (1)", "PG_TRY_ADVISORY_LOCK", BOTH),
        ("SELECT RELEASE_ALL_LOCKS()", "RELEASE_ALL_LOCKS", BOTH),
        ("SELECT get_lock('a', 1)", "GET_LOCK", BOTH),
        ("SELECT set_config('transaction_read_only', 'off', true)", "SET_CONFIG", BOTH),
        ("SELECT query_to_xml('DELETE FROM a', true, true, '')", "QUERY_TO_XML", BOTH),
        # A backslash ends no string of standard SQL; what a parameter becomes is seen as it is.
        ("SELECT '\\'; COMMIT; --'", HIDDEN, (True,)),
        ("SELECT ''''; COMMIT; --''", "COMMIT", BOTH),
        ('SELECT "\\"; COMMIT; --"', "COMMIT", (True,)),
        # Other quotes and comments than the other server has.
        ("SELECT $$'$$; COMMIT; --'", HIDDEN, (True,)),
        ("SELECT $a$'$a$; COMMIT; --'", HIDDEN, (True,)),
        ("SELECT 1 /* /* */ ' */; COMMIT; --'", HIDDEN, (True,)),
        ("SELECT 1 -- '\r; COMMIT -- '", "COMMIT", (True,)),
        ("SELECT ` 1; COMMIT; SELECT ` 1", "COMMIT", (True,)),
        ("# SELECT\nCOMMIT", "COMMIT", (False,)),
        ("-- \rSELECT\nCOMMIT", "COMMIT", (False,)),
        ("SELECT 1 # '\nINTO OUTFILE '/a' # '", "INTO", (False,)),
        ("SELECT 1--1 INTO OUTFILE '/a'", "INTO", (False,)),
        ("SELECT 1 /*! INTO OUTFILE '/a' */", "INTO", (False,)),
        ("SELECT 1 /*M! INTO OUTFILE '/a' */", "INTO", (False,)),
        ("/*! COMMIT */", "run what is no statement", (False,)),
        # What does not end, or begins with what is no word.
        ("SELECT 'a", HIDDEN, BOTH),
        ("SELECT 1 /* COMMIT", HIDDEN, BOTH),
        ("SELECT 1\x00; COMMIT", HIDDEN, BOTH),
        ("\u00a0COMMIT", "run what is no statement", BOTH),
        ("\\COMMIT", "run what is no statement", BOTH),
    ],
)
def test_writing_verb(statement: str, verb: str | None, servers: tuple[bool, ...]) -> None:
    """What is in strings, names and comments of the server is no verb; what another server would see there is one."""
    for postgresql in servers:
        assert (postgresql, writing_verb(statement, postgresql=postgresql)) == (postgresql, verb)
