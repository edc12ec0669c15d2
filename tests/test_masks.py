"""Mask functions: what is one, how it is run, and what it may return."""

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from antelop.analysis.masks import checked, mask_problems
from antelop.errors import Rejected, Unavailable
from tests.workbench import MASK, Bench

# From LED to port, much as in the documentation of masks.
LED_TO_PORT = """
port_data, port_timestamps = (IntervalEvents & key & {"intervalevents_name": "port"}).fetch1("data", "timestamps")
led_data, led_timestamps = (IntervalEvents & key & "intervalevents_name = 'led'").fetch1("data", "timestamps")
starts, stops = led_timestamps[led_data == 1], port_timestamps[port_data == 1]
data = np.append(np.ones_like(starts), -np.ones_like(stops))
timestamps = np.append(starts, stops)
order = np.argsort(timestamps)
return data[order], timestamps[order]
"""


@pytest.mark.usefixtures("transaction")
def test_trials(bench: Bench) -> None:
    """A mask's trials are int8 and float64 arrays of their own, in a transaction and outside one."""
    result = bench.run(LED_TO_PORT)
    assert result.data.tolist() == [1, -1, 1, -1]
    assert result.timestamps.tolist() == [1.0, 3.0, 5.0, 8.0]
    assert result.data.dtype == np.int8
    assert result.timestamps.dtype == np.float64
    stored = bench.run("return (IntervalEvents & key & {'intervalevents_name': 'led'}).fetch1('data', 'timestamps')")
    for array in (stored.data, stored.timestamps):
        assert array.flags.writeable
        assert array.flags.owndata


def test_no_trials(bench: Bench) -> None:
    """A session without trials has an empty mask."""
    result = bench.run("return [], []")
    assert result.data.shape == result.timestamps.shape == (0,)
    assert result.data.dtype == np.int8
    assert result.timestamps.dtype == np.float64


def test_output_is_left_alone(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    """What a mask prints is printed."""
    bench.run("print('no trials today')\nreturn [], []")
    assert capsys.readouterr().out == "no trials today\n"


RATE = """
@antelop_analysis
class Rate:
    name = "rate"
    query = "World"
    returns = {"rate": float}
    def run(key):
        return 1 / len(IntervalEvents & key & {"intervalevents_name": "lever"})
"""


@pytest.mark.usefixtures("transaction")
def test_raising(bench: Bench) -> None:
    """A mask that raises is the lab's to mend: told with the lines of the lab's scripts, and of nobody else's."""
    (bench.folder / "rates.py").write_text(RATE)
    text = MASK.replace("mask = True", 'mask = True; calls = ["rates.rate"]')
    function = bench.function("return rates.rate(key)['rate'], []", text)
    with pytest.raises(Rejected) as rejected:
        bench.compute(function)
    assert str(rejected.value) == (
        "licks.trials: it raised ZeroDivisionError: division by zero "
        "(licks.py, line 12, in run: return rates.rate(key)['rate'], []; "
        'rates.py, line 8, in run: return 1 / len(IntervalEvents & key & {"intervalevents_name": "lever"})). '
        "Correct it, then try it: antelop masks try licks.trials KEY."
    )


@pytest.mark.usefixtures("transaction")
def test_no_such_row(bench: Bench) -> None:
    """A restriction that finds no row is explained where `fetch1` wants one."""
    body = "return (IntervalEvents & key & {'intervalevents_name': 'lever'}).fetch1('data', 'timestamps')"
    said = bench.rejected(body)
    assert said == (
        "licks.trials: it raised DataJointError: fetch1 should only return one tuple. 0 tuples found "
        f"(licks.py, line 12, in run: {body}). "
        "Check the name and the restriction in that line: fetch1 needs exactly one row, and found another number; "
        "then try it: antelop masks try licks.trials KEY."
    )


@pytest.mark.usefixtures("transaction")
def test_double_quotes(bench: Bench) -> None:
    """Double quotes around a value, which MySQL's protocol takes and PostgreSQL does not, are explained."""
    body = """return (IntervalEvents & key & 'intervalevents_name="led"').fetch1("data", "timestamps")"""
    if not bench.database.is_postgresql:
        assert bench.run(body).timestamps.tolist() == [1.0, 1.5, 5.0, 5.5]
        return
    said = bench.rejected(body)
    assert said.startswith('licks.trials: it raised UnknownAttributeError: column "led" does not exist')
    assert f"(licks.py, line 12, in run: {body})" in said
    assert said.endswith(
        """. Write restrictions as {'intervalevents_name': 'port'} or "intervalevents_name = 'port'": on PostgreSQL, double """
        "quotes are for names of columns, and single quotes for values; then try it: antelop masks try licks.trials KEY."
    )


@pytest.mark.usefixtures("transaction")
def test_writing(bench: Bench) -> None:
    """A mask that writes is rejected, and writes nothing."""
    said = bench.rejected("(Mask & key).delete_quick()")
    remedy = "Remove that: a mask returns its trials, and stores nothing"
    assert said == f"licks.trials: it tried to DELETE, and may only read. {remedy}."


@pytest.mark.usefixtures("transaction")
@pytest.mark.parametrize("body", ["while True:\n    pass", "import threading\nthreading.Event().wait(60)"])
def test_too_slow(bench: Bench, body: str) -> None:
    """A mask that takes longer than it may is rejected, and the next one runs."""
    said = bench.rejected(body, 0.1)
    assert said == "licks.trials: it ran longer than 0.1 s. Make it faster, or raise [workers] mask_timeout."
    assert len(bench.run(LED_TO_PORT).data) == 4


def test_slow_statement(bench: Bench) -> None:
    """A statement that takes too long counts as the mask's, on both kinds of server."""
    sleep = "pg_sleep" if bench.database.is_postgresql else "sleep"
    said = bench.rejected(f"World.connection.query('SELECT {sleep}(60)')", 0.1)
    assert said == "licks.trials: it ran longer than 0.1 s. Make it faster, or raise [workers] mask_timeout."
    bench.database.connection.connect()


def test_exit(bench: Bench) -> None:
    """A mask that ends the program, or interrupts it, ends no more than itself."""
    for error in ("SystemExit(3)", "KeyboardInterrupt(3)"):
        said = bench.rejected(f"raise {error}")
        what = f"{error.removesuffix('(3)')}: 3 (licks.py, line 12, in run: raise {error})"
        assert said.startswith(f"licks.trials: it raised {what}. Correct it")
    assert len(bench.run(LED_TO_PORT).data) == 4


AWAY = {
    True: """
import psycopg2
where = World.connection.conn_info
other = psycopg2.connect(host=where["host"], port=where["port"], user=where["user"], dbname=where["database_name"])
process = World.connection.query("SELECT pg_backend_pid()").fetchone()[0]
other.cursor().execute(f"SELECT pg_terminate_backend({process}, 60000)")
""",
    False: """
import pymysql
where = World.connection.conn_info
other = pymysql.connect(host=where["host"], port=where["port"], user=where["user"], password=where["passwd"])
process = World.connection.query("SELECT CONNECTION_ID()").fetchone()[0]
other.cursor().execute(f"KILL {process}")
""",
}


@pytest.mark.parametrize(
    "then",
    [
        "return (IntervalEvents & key).fetch1('data', 'timestamps')",
        "try:\n    len(World())\nexcept Exception:\n    return [], []",
    ],
)
def test_database_away(bench: Bench, then: str) -> None:
    """A database that goes away is no fault of the mask, even if that goes on without it."""
    with pytest.raises(Unavailable):
        bench.run(AWAY[bench.database.is_postgresql] + then)
    bench.database.connection.connect()
    assert len(bench.run(LED_TO_PORT).data) == 4


def test_no_mask(bench: Bench) -> None:
    """All that keeps a function from being a mask is said at once, before it runs."""
    text = (
        MASK.replace("mask = True", "key = {'experiment_id': 3}")
        .replace("World", "Session")
        .replace('{"data": np.ndarray, ', "{'n': int, ")
        .replace("run(key)", "run(key, window)")
    )
    function = bench.function("raise NotImplementedError", text)
    with pytest.raises(Rejected) as rejected:
        bench.compute(function)
    assert list(rejected.value.problems) == mask_problems(function)
    assert [(problem.what, problem.remedy) for problem in mask_problems(function)] == [
        ("it is not marked as a mask", "Set mask = True in its class"),
        ("it queries Session", "Set query = 'World': a mask runs once for each session"),
        ("it returns n, timestamps", "Set returns = {'data': np.ndarray, 'timestamps': np.ndarray}"),
        ("its `key` keeps it to {'experiment_id': 3}", "Remove it: a mask runs on every session of its rig"),
        ("it cannot be run with a key alone (missing a required argument: 'window')", "Give its other arguments defaults"),
    ]
    assert mask_problems(bench.function("return [], []")) == []


ARRAYS = "Return data, timestamps: two one-dimensional arrays of numbers, of one length"
TURNS = "Return 1 for each start and -1 for each stop, in turn and in the order of their times"
INFINITE = (
    "mask_times",
    "2 of 2 timestamps are not finite, the first of them timestamps[0] = inf",
    "Leave out what has no time",
)


@pytest.mark.parametrize(
    ("data", "timestamps", "said"),
    [
        (None, [1.0], [("mask_shape", "`data` is a NoneType", ARRAYS)]),
        (
            np.ones((2, 2)),
            [[1.0], [2.0, 3.0]],
            [
                ("mask_shape", "`data` is of shape (2, 2) and type float64", ARRAYS),
                ("mask_shape", "`timestamps` is a list", ARRAYS),
            ],
        ),
        (["1", "-1"], [1.0, 2.0], [("mask_shape", "`data` is of shape (2,) and type <U2", ARRAYS)]),
        ([True, False], [1.0, 2.0], [("mask_shape", "`data` is of shape (2,) and type bool", ARRAYS)]),
        ([object(), 1], [1.0, 2.0], [("mask_shape", "`data` is of shape (2,) and type object", ARRAYS)]),
        ([1 << 70, -1], [1.0, 2.0], [("mask_shape", "`data` is of shape (2,) and type object", ARRAYS)]),
        ([1, -1], [1j, 2j], [("mask_shape", "`timestamps` is of shape (2,) and type complex128", ARRAYS)]),
        (
            np.zeros(2, [("data", "i4"), ("times", "f8")]),
            np.array(["2026-11-30", "2026-12-01"], "datetime64[D]"),
            [
                ("mask_shape", "`data` is of shape (2,) and type [('data', '<i4'), ('times', '<f8')]", ARRAYS),
                ("mask_shape", "`timestamps` is of shape (2,) and type datetime64[D]", ARRAYS),
            ],
        ),
        (
            np.broadcast_to(np.int8(1), 10**12),
            np.ma.masked_array([1.0, 2.0], [True, False]),
            [
                ("mask_shape", "`data` has 1,000,000,000,000 values, more than 10,000,000", ARRAYS),
                ("mask_shape", "`timestamps` is a masked array, which hides some of its values", ARRAYS),
            ],
        ),
        ([1, -1], np.array([1, 2], np.longdouble) * np.longdouble(2) ** 1030, [INFINITE]),
        ([1, -1], [1.0], [("mask_shape", "it returned 2 data and 1 timestamps", ARRAYS)]),
        ([1, 0], [1.0, 2.0], [("mask_data", "data[1] is 0, where -1 belongs", TURNS)]),
        ([-1, 1], [1.0, 2.0], [("mask_data", "data[0] is -1, where 1 belongs", TURNS)]),
        ([1, -1, -1, 1], [1.0, 2.0, 3.0, 4.0], [("mask_data", "data[2] is -1, where 1 belongs", TURNS)]),
        ([1.0, -0.5], [1.0, 2.0], [("mask_data", "data[1] is -0.5, where -1 belongs", TURNS)]),
        (
            [1, -1, 1],
            [1.0, 2.0, 3.0],
            [("mask_data", "the last start has no stop", "Leave it out, or let it stop where the recording does")],
        ),
        (
            [1, -1, 1, -1],
            [1.0, np.nan, 0.5, np.inf],
            [
                (
                    "mask_times",
                    "2 of 4 timestamps are not finite, the first of them timestamps[1] = nan",
                    "Leave out what has no time",
                )
            ],
        ),
        (
            [1, 1, -1],
            np.array([3, 2, 1], np.uint8),
            [
                ("mask_data", "data[1] is 1, where -1 belongs", TURNS),
                (
                    "mask_times",
                    "timestamps[1] = 2.0 is earlier than timestamps[0] = 3.0",
                    "Sort times and data together, by np.argsort of the times",
                ),
            ],
        ),
    ],
)
def test_no_trials_at_all(data: object, timestamps: object, said: list[tuple[str, str, str]]) -> None:
    """What is no mask is rejected with all that is wrong with it."""
    with pytest.raises(Rejected) as rejected:
        checked("licks.trials", {"data": data, "timestamps": timestamps})
    assert [(problem.check, problem.what, problem.remedy) for problem in rejected.value.problems] == said
    assert {problem.where for problem in rejected.value.problems} == {"licks.trials"}


TIMES = st.floats(-1e9, 1e9) | st.sampled_from([0.0, 1.0, np.nan, np.inf])


@given(st.lists(st.tuples(st.sampled_from([1, -1]), TIMES)), st.booleans())
def test_exactly_the_masks_pass(rows: list[tuple[int, float]], tidy: bool) -> None:  # noqa: FBT001  # hypothesis gives it
    """What passes are the pairs of 1 and -1 at finite times in order, and nothing else."""
    if tidy:
        rows = [((-1) ** i, time) for i, (_, time) in enumerate(sorted(rows, key=lambda row: row[1]))]
    data, times = [row[0] for row in rows], [row[1] for row in rows]
    right = (
        data == [1, -1] * (len(data) // 2)
        and all(abs(time) < np.inf for time in times)
        and all(first <= then for first, then in pairwise(times))
    )
    values: dict[str, Any] = {"data": data, "timestamps": times}
    if right:
        result = checked("licks.trials", values)
        assert (result.data.tolist(), result.timestamps.tolist()) == (data, times)
    else:
        with pytest.raises(Rejected):
            checked("licks.trials", values)
