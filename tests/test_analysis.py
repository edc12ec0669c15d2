"""The lab's analysis folders: scripts whose decorated classes become functions."""

import sys
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from antelop.analysis.scripts import Analysis
from antelop.database import Database
from antelop.errors import Rejected
from tests.scripts import HELLO_WORLD

MEND = "Correct the script; the other scripts work meanwhile"

TABLES = {name: object() for name in ("Experimenter", "World", "IntervalEvents")}


def function(name: str, returned: str = "1", **attributes: object) -> str:
    """Return the text of a function that returns the value of an expression."""
    lines = [f"{attribute} = {value!r}\n    " for attribute, value in {"name": name, "query": "World", **attributes}.items()]
    return (
        f"\n@antelop_analysis\nclass {name.title()}:\n    {''.join(lines)}returns = {{'value': float}}\n"
        f"    def run(key):\n        return {returned}\n"
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return an empty analysis folder."""
    folder = tmp_path / "analysis"
    folder.mkdir()
    return folder


def write(folder: Path, **scripts: str) -> None:
    """Write scripts; two underscores in a name are a sub-folder."""
    for name, text in scripts.items():
        path = folder.joinpath(*name.split("__")).with_suffix(".py")
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_text(dedent(text))


def said(folder: Path, name: str) -> list[str]:
    """Return why there is no such function."""
    with pytest.raises(Rejected) as rejected:
        Analysis([folder]).function(name, TABLES)
    return [str(problem) for problem in rejected.value.problems]


def test_documented_use(folder: Path, database: Database) -> None:
    """Called with a restriction, a function runs on each of its keys: a dict for one, a list for several."""
    write(folder, hello_world=HELLO_WORLD)
    hello_world: Any = Analysis([folder]).namespace(database.tables)["hello_world"]
    greeting = hello_world.greeting
    rory = {"experimenter": "rbedford"}
    assert greeting(rory) == {**rory, "greeting": "Hello, Rory Bedford!"}
    assert greeting(rory, excited=False) == greeting(rory, False) == {**rory, "greeting": "Hello, Rory Bedford."}  # noqa: FBT003
    everybody = [{"experimenter": "acurie", "greeting": "Hello, Ada Curie!"}, greeting(rory)]
    assert greeting() == greeting({}) == greeting("experimenter like '%%'") == greeting(database.Experimenter) == everybody
    assert greeting({"experimenter": "nobody"}) == []
    assert greeting([rory]) == greeting({**rory, "other": 1}) == greeting(rory)
    response = "Hello, Rory Bedford! You have run 2 experiments."
    assert hello_world.greeting_with_count(rory) == {**rory, "response": response}
    assert repr(greeting) == "hello_world.greeting(key, excited=True)\nGreet an experimenter."


def test_joined_tables(folder: Path, database: Database) -> None:
    """A function of several tables runs on the keys of their join, under its own restriction too, and names its values."""
    write(folder, hello_world=HELLO_WORLD)
    function = Analysis([folder]).function("hello_world.places", database.tables)
    led, port = function()
    assert {name: led[name] for name in database.IntervalEvents.primary_key} == (database.IntervalEvents & led).keys()[0]
    assert (led["feature"], port["feature"]) == ("led", "port")
    assert led["starts"].tolist() == [1.0, 5.0]
    assert function({"experimenter": "acurie"}) == []
    write(folder, port=HELLO_WORLD.replace('key = {"experimenter": "rbedford"}', 'key = {"feature_id": 2}'))
    assert Analysis([folder]).function("port.places", database.tables)({"experimenter": "rbedford"})["feature"] == "port"


def test_names(folder: Path) -> None:
    """A function is called by its script and the folders of that; what begins with a dot or an underscore is left out."""
    text = function("first") + function("second")
    write(folder, licks=text, old__rewards=text, old__deep__trials=text, _draft=text, old___draft=text)
    for private in (".git", "_private", "__pycache__"):
        write(folder / private, hook=text)
    (folder / "notes.txt").touch()
    analysis = Analysis([folder])
    assert analysis.load(TABLES) == []
    namespace = analysis.namespace(TABLES)
    assert list(namespace) == ["licks", "old"]
    assert list(vars(namespace["licks"])) == ["first", "second"]
    assert list(vars(namespace["old"])) == ["deep", "rewards"]
    assert namespace["old"].deep.trials.second is analysis.function("old.deep.trials.second", TABLES)


def test_namespace_of_a_script(folder: Path) -> None:
    """A script finds every table, np and antelop_analysis there, its own path, and nothing of other scripts."""
    write(
        folder,
        licks=function("tables", "World, IntervalEvents, np.pi, __file__") + "\nhelper = 1\n" + function("own", "helper"),
        rewards=function("own", "helper") + "\nhelper = 2\n" + function("other", "tables"),
    )
    namespace = Analysis([folder]).namespace(TABLES)
    path = str(folder / "licks.py")
    assert namespace["licks"].tables.values({}) == {
        "value": (TABLES["World"], TABLES["IntervalEvents"], pytest.approx(3.1416, abs=1e-4), path)
    }
    assert namespace["licks"].own.values({}) == {"value": 1}
    assert namespace["rewards"].own.values({}) == {"value": 2}
    with pytest.raises(NameError, match="tables"):
        namespace["rewards"].other.values({})


def test_nothing_is_left_behind(folder: Path) -> None:
    """Running scripts changes neither the folders nor where Python looks for modules, nor which it knows."""
    write(folder, left_behind=function("first"), left_broken="1 / 0")
    before = list(sys.path), set(sys.modules), sorted(folder.rglob("*"))
    assert len(Analysis([folder]).load(TABLES)) == 1
    assert (list(sys.path), set(sys.modules), sorted(folder.rglob("*"))) == before


def test_modern_python(folder: Path) -> None:
    """A script may define dataclasses with annotations that are not evaluated yet, and be in another encoding than UTF-8."""
    text = """
        # coding: latin-1
        from __future__ import annotations
        from dataclasses import dataclass

        @dataclass
        class Trial:
            start: float
        """
    write(folder, trials=text)
    (folder / "trials.py").write_bytes((dedent(text).strip() + function("first", "Trial(1.0).start, 'µ'")).encode("latin-1"))
    assert Analysis([folder]).function("trials.first", TABLES).values({}) == {"value": (1.0, "µ")}


def test_calls(folder: Path) -> None:
    """Functions that a class names in `calls` are in its script's namespace, by the names that it gives them."""
    write(
        folder,
        licks=function("rate", "2") + function("twice", "2 * rate.values(key)['value']", calls=["rate"]),
        old__rewards=function(
            "sum",
            "licks.twice.values(key)['value'] + deep.trials.three.values(key)['value']",
            calls=["licks.twice", "deep.trials.three"],
        ),
        deep__trials=function("three", "3"),
    )
    analysis = Analysis([folder])
    assert analysis.load(TABLES) == []
    assert analysis.function("old.rewards.sum", TABLES).values({}) == {"value": 7}


def test_source(folder: Path) -> None:
    """A function knows the text of its class with the decorator, and the script it is from."""
    write(folder, licks="import math\n" + function("first") + function("second"))
    second = Analysis([folder]).function("licks.second", TABLES)
    assert second.source == function("second").lstrip()
    assert second.scripts == (folder / "licks.py",)


def test_classes_of_others(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A script defines the classes that are written in it, once each, and none that it imports, which no hash would cover."""
    write(tmp_path, package_of_the_lab="from antelop import antelop_analysis\n" + function("imported"))
    monkeypatch.syspath_prepend(tmp_path)
    write(folder, licks="from package_of_the_lab import Imported\n" + function("written") + "Again = Written\n")
    analysis = Analysis([folder])
    assert analysis.load(TABLES) == []
    assert list(vars(analysis.namespace(TABLES)["licks"])) == ["written"]


def test_hash(folder: Path, tmp_path: Path) -> None:
    """The hash of a function covers its script and all that its calls lead to, and nothing else, wherever the folder is."""
    scripts = {
        "licks": function("twice", calls=["rewards.rate"]) + function("alone"),
        "rewards": function("rate", calls=["deep.trials.three"]),
        "deep__trials": function("three"),
        "other": function("other"),
    }

    def hashes(folder: Path) -> dict[str, str]:
        analysis = Analysis([folder])
        names = ("licks.twice", "rewards.rate", "deep.trials.three", "other.other")
        return {name: analysis.function(name, TABLES).sha256 for name in names}

    write(folder, **scripts)
    before = hashes(folder)
    assert all(len(digest) == 64 for digest in before.values())
    assert len(set(before.values())) == 4
    write(tmp_path / "elsewhere", **scripts)
    assert hashes(tmp_path / "elsewhere") == before
    for changed, names in {
        "deep__trials": {"licks.twice", "rewards.rate", "deep.trials.three"},
        "rewards": {"licks.twice", "rewards.rate"},
        "licks": {"licks.twice"},
        "other": {"other.other"},
    }.items():
        write(folder, **{**scripts, changed: scripts[changed] + "# changed\n"})
        assert {name for name, digest in hashes(folder).items() if digest != before[name]} == names


def test_reload(folder: Path) -> None:
    """Scripts run once, again when one of them or the tables changed, and what was handed out stays as it was."""
    tables = {**TABLES, "runs": []}
    write(folder, licks="runs.append('licks')\n" + function("first", "1"))
    analysis = Analysis([folder])
    old = analysis.function("licks.first", tables)
    analysis.namespace(tables)
    assert tables["runs"] == ["licks"]
    write(folder, licks="runs.append('again')  # and changed\n" + function("first", "2"))
    assert analysis.function("licks.first", tables).values({}) == {"value": 2}
    assert old.values({}) == {"value": 1}
    write(folder, rewards="runs.append('rewards')\n")
    analysis.load(tables)
    assert tables["runs"] == ["licks", "again", "again", "rewards"]
    analysis.load({**tables})
    assert len(tables["runs"]) == 6
    (folder / "licks.py").unlink()
    assert list(analysis.namespace(tables)) == []


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("\nx = [1,\n", "SyntaxError: '[' was never closed (licks.py, line 2)"),
        (
            "def f():\n    return 1 / 0\nf()\n",
            "ZeroDivisionError: division by zero (licks.py, line 3, in <module>: f(); licks.py, line 2, in f: return 1 / 0)",
        ),
        ("import sys\nsys.exit(2)", "SystemExit: 2 (licks.py, line 2, in <module>: sys.exit(2))"),
        ("raise KeyError", "KeyError (licks.py, line 1, in <module>: raise KeyError)"),
    ],
)
def test_broken_script(folder: Path, text: str, what: str) -> None:
    """A script that does not run troubles nobody but those who call its functions, who are told the line."""
    write(
        folder,
        licks=text,
        rewards=function("fine") + function("caller", calls=["licks.first"]),
        others=function("caller", calls=["rewards.caller"]),
    )
    problem = f"{folder / 'licks.py'}: {what}. {MEND}."
    analysis = Analysis([folder])
    assert [str(each) for each in analysis.load(TABLES)] == [problem]
    assert analysis.function("rewards.fine", TABLES).values({}) == {"value": 1}
    for name in ("licks.first", "rewards.caller", "others.caller"):
        assert said(folder, name) == [problem]


def test_not_utf8(folder: Path) -> None:
    """A script that is no text is told as one."""
    (folder / "licks.py").write_bytes(b"x = '\xff'")
    assert said(folder, "licks.first") == [
        f"{folder / 'licks.py'}: SyntaxError: invalid or missing encoding declaration. {MEND}.",
    ]


def test_import_of_a_script(folder: Path) -> None:
    """Scripts do not import one another, so that a hash covers all code: what they need they name in `calls`."""
    write(folder, licks="import rewards_of_this_lab", rewards_of_this_lab="")
    (problem,) = said(folder, "licks.first")
    assert problem == (
        f"{folder / 'licks.py'}: ModuleNotFoundError: No module named 'rewards_of_this_lab' "
        "(licks.py, line 1, in <module>: import rewards_of_this_lab). Install rewards_of_this_lab where antelop is installed; "
        "or if it is a script of yours, name its functions in `calls`."
    )


def test_wrong_class(folder: Path) -> None:
    """A class that is wrong troubles nobody but those who call it."""
    write(folder, licks=function("fine") + function("wrong", query=[], mask=3) + function("caller", calls=["wrong"]))
    problems = [
        "licks.wrong: its `query` is []. Make it a table or tables, such as query = 'World'.",
        "licks.wrong: its `mask` is 3. Make it True or False.",
    ]
    assert said(folder, "licks.wrong") == said(folder, "licks.caller") == problems
    analysis = Analysis([folder])
    assert [str(problem) for problem in analysis.load(TABLES)] == problems
    assert analysis.function("licks.fine", TABLES).values({}) == {"value": 1}


def test_one_name_twice(folder: Path) -> None:
    """Two classes of one name, two functions of one name: neither is guessed."""
    write(
        folder, licks=function("first") + function("first"), rewards=function("one") + function("two").replace("'two'", "'one'")
    )
    assert said(folder, "licks.first") == [
        "licks.first: two classes of its script are named First, and Python keeps the last only. Rename one of them."
    ]
    assert said(folder, "rewards.one") == ["rewards.one: two classes have this `name`. Rename one of them."]


def test_one_script_twice(folder: Path, tmp_path: Path) -> None:
    """Of two scripts of one name in two folders, that of the first folder counts, and the other is told."""
    second = tmp_path / "second"
    write(folder, licks=function("first", "1"))
    write(second, licks=function("first", "2"))
    analysis = Analysis([folder, second])
    assert [str(problem) for problem in analysis.load(TABLES)] == [
        f"{second / 'licks.py'}: there is another script of this name: {folder / 'licks.py'}. Rename one of them."
    ]
    assert analysis.function("licks.first", TABLES).values({}) == {"value": 1}


def test_name_that_cannot_be_called(folder: Path) -> None:
    """A script by whose name Python could call nothing is told."""
    write(folder, **{"2024-licks": function("first")})
    (problem,) = Analysis([folder]).load(TABLES)
    assert str(problem) == (
        f"{folder / '2024-licks.py'}: functions of '2024-licks' could not be called. "
        "Rename it: the names of scripts and their folders consist of letters, digits and underscores."
    )


def test_calls_in_a_circle(folder: Path) -> None:
    """Functions that call each other would never end."""
    write(folder, licks=function("a", calls=["rewards.b"]), rewards=function("b", calls=["licks.a"]))
    remedy = "Remove one of these from `calls`, and do not use it there"
    assert said(folder, "licks.a") == [f"licks.a: it calls itself: licks.a calls rewards.b calls licks.a. {remedy}."]


def test_unknown(folder: Path) -> None:
    """A function that is not there is told with the nearest that are, to whoever asks and to whoever calls it."""
    write(folder, licks=function("trials") + function("caller", calls=["trial"]))
    remedy = f"The nearest are licks.trials, licks.caller in {folder}."
    assert said(folder, "licks.trails") == [f"licks.trails: there is no analysis function licks.trails. {remedy}"]
    assert said(folder, "licks.caller") == [f"licks.caller: there is no analysis function licks.trial. {remedy}"]
    with pytest.raises(Rejected, match="There are none in no folder: configure one"):
        Analysis([]).function("licks.trials", TABLES)


def test_missing_folder(folder: Path) -> None:
    """A folder that is not there is a problem, and the others work."""
    missing = folder / "missing"
    write(folder, licks=function("first"))
    analysis = Analysis([missing, folder])
    remedy = "Make it readable for this user, or correct [analysis] folders in the configuration"
    told = [str(problem) for problem in analysis.load(TABLES)]
    assert told == [f"{missing}: it cannot be read: No such file or directory. {remedy}."]
    assert analysis.function("licks.first", TABLES).values({}) == {"value": 1}


def test_dangling_link(folder: Path) -> None:
    """A link to a script is followed, and told when it leads nowhere."""
    (folder / "licks.py").symlink_to(folder.parent / "licks.txt")
    assert said(folder, "licks.first")[0].startswith(f"{folder / 'licks.py'}: it cannot be read: No such file or directory.")
    (folder.parent / "licks.txt").write_text(function("first"))
    assert Analysis([folder]).function("licks.first", TABLES).values({}) == {"value": 1}
