"""The public interface: what ``from antelop import …`` gives, its types, and when it connects."""

import inspect
from pathlib import Path
from typing import Any, assert_type

import numpy as np
import pytest
from numpy.typing import NDArray

import antelop
from antelop import antelop_analysis, export_nwb, insert_nwb, recompute_masks, scripting, split_trials, upload_rig_json
from antelop.errors import Misconfigured
from antelop.export.session import Exported
from antelop.outcome import Outcome


def as_a_type_checker_sees_it() -> None:
    """Use each function right, and wrong: mypy complains of a type that is another, and of an error that is none."""
    assert_type(antelop.__version__, str)
    assert_type(insert_nwb({"session_id": 1}, [{"animal_id": 17}], Path("day1.nwb"), rig="open field"), Outcome)
    insert_nwb("day1.nwb")  # type: ignore[arg-type, call-arg]
    assert_type(export_nwb({"session_id": 1}, "day1.nwb", overwrite=True), Exported)
    export_nwb("day1.nwb")  # type: ignore[arg-type, call-arg]
    assert_type(upload_rig_json("ada", "open field", "rig.json", [{"name": "bouts"}]), dict[str, Any])
    upload_rig_json("ada", "open field", 1)  # type: ignore[arg-type]
    assert_type(recompute_masks({"session_id": 1}), dict[str, int])
    recompute_masks([1])  # type: ignore[arg-type]
    pair = (np.zeros(2), np.zeros(2))
    assert_type(split_trials(pair, pair), list[tuple[NDArray[Any], NDArray[Any]]])
    split_trials(pair)  # type: ignore[call-arg]
    assert_type(antelop_analysis(Mask), type[Mask])
    antelop_analysis(Mask())  # type: ignore[type-var]


class Mask:
    """A class that the decorator gives back as it is."""


def test_each_name_is_there() -> None:
    """The package names its public interface, and each function says what it does, takes, returns and raises."""
    assert set(antelop.__all__) <= set(dir(antelop))
    functions = [getattr(antelop, name) for name in antelop.__all__ if name != "__version__"]
    assert sorted(function.__name__ for function in functions) == sorted(set(antelop.__all__) - {"__version__"})
    for function in functions:
        assert inspect.getdoc(function)
    with pytest.raises(AttributeError, match="has no attribute 'insert_nbw'"):
        antelop.insert_nbw  # noqa: B018  # what is tested


def test_it_connects_when_it_is_first_called(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """To import the functions needs no lab; the first call looks for the configuration, and the next one tries again."""
    monkeypatch.setenv("ANTELOP_CONFIG", str(tmp_path / "antelop.toml"))
    for _ in range(2):
        with pytest.raises(Misconfigured, match=r"antelop\.toml: the configuration cannot be read: No such file or directory"):
            insert_nwb({}, [], "day1.nwb")
    assert "lab" not in vars(scripting.HERE)
