"""Compression by the filters of `hdf5plugin`, and by filters that are not installed."""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5py
import hdf5plugin
import numpy as np
import pytest

from antelop.checks.examine import examine
from antelop.errors import Problem
from antelop.formats.rig import parse
from antelop.recording import reading
from tests.clocks import NOW
from tests.recordings import LICKING_RIG, write_recording


def recompressed(path: Path, member: str, options: Mapping[str, Any]) -> Path:
    """Write a recording, and compress one of its datasets in another way."""
    write_recording(path)
    with h5py.File(path, "r+") as file:
        old = file[member]
        values, attributes = old[:], dict(old.attrs)
        del file[member]
        file.create_dataset(member, data=values, **options).attrs.update(attributes)
    return path


def unknown(path: Path, member: str, code: int) -> Path:
    """Write a recording in which a dataset names a filter that is not installed."""
    write_recording(path)
    with h5py.File(path, "r+") as file:
        group, _, name = member.rpartition("/")
        length, attributes = file[member].shape[0], dict(file[member].attrs)
        del file[member]
        plan = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        plan.set_chunk((10,))
        plan.set_filter(code, h5py.h5z.FLAG_OPTIONAL)
        kind, space = h5py.h5t.NATIVE_DOUBLE, h5py.h5s.create_simple((length,))
        h5py.h5d.create(file[group].id, name.encode(), kind, space, plan)
        file[member].attrs.update(attributes)
    return path


@pytest.mark.parametrize(
    "options",
    [
        hdf5plugin.Blosc(cname="blosclz"),
        hdf5plugin.Blosc2(cname="zstd"),
        hdf5plugin.Zstd(clevel=9),
        hdf5plugin.LZ4(),
        hdf5plugin.Bitshuffle(cname="lz4"),
        {**hdf5plugin.Zstd(), "shuffle": True, "fletcher32": True},
    ],
    ids=["blosc", "blosc2", "zstd", "lz4", "bitshuffle", "zstd, shuffled, with checksums"],
)
@pytest.mark.parametrize("member", ["acquisition/force/data", "acquisition/lick/timestamps"])
def test_values_are_the_same_whatever_the_filter(tmp_path: Path, member: str, options: Mapping[str, Any]) -> None:
    """Data and times of a recording that is compressed by a filter of `hdf5plugin` are those of one that is not."""
    values = []
    paths = [write_recording(tmp_path / "plain.nwb"), recompressed(tmp_path / "a.nwb", member, options)]
    for path in paths:
        with reading(path) as recording:
            samples = getattr(recording.series[member.rpartition("/")[0]], member.rpartition("/")[2])
            values.append(samples[:])
    np.testing.assert_array_equal(values[1], values[0], strict=True)


@pytest.mark.parametrize(
    ("code", "said"),
    [(32020, "VBZ"), (32011, "CCSDS-123"), (54321, "filter 54321")],
)
@pytest.mark.parametrize("member", ["acquisition/force/data", "acquisition/lick/timestamps"])
def test_a_filter_that_is_not_installed_is_named(tmp_path: Path, member: str, code: int, said: str) -> None:
    """It is one problem, at the feature, with the name by which people know the filter."""
    group, _, name = member.rpartition("/")
    with reading(unknown(tmp_path / "a.nwb", member, code)) as recording:
        errors = examine(recording, parse(json.loads(json.dumps(LICKING_RIG))), None, {}, NOW).errors
    what = f"its {name} is compressed with {said}, which is not installed"
    assert errors == (Problem("filter_missing", group, what, "Write it again with gzip"),)


def test_the_extra_is_named_where_it_would_help(tmp_path: Path) -> None:
    """Without `hdf5plugin`, the problem says how to install it; the search path of HDF5 is empty, whatever the environment."""
    path = recompressed(tmp_path / "a.nwb", "acquisition/force/data", {**hdf5plugin.Zstd()})
    (tmp_path / "rig.json").write_text(json.dumps(LICKING_RIG))
    script = (
        "import sys; sys.modules['hdf5plugin'] = None\n"
        "from antelop.cli import main\n"
        "import h5py\n"
        f"sys.argv[1:] = ['check', {str(path)!r}, '--rig', {str(tmp_path / 'rig.json')!r}]\n"
        "try:\n    main()\nfinally:\n    print(h5py.h5pl.size(), 'folders', file=sys.stderr)\n"
    )
    environment = {"HDF5_PLUGIN_PATH": str(tmp_path), "HOME": str(tmp_path)}
    found = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=False)
    assert (found.returncode, found.stderr) == (1, "0 folders\n")
    assert "acquisition/force: its data is compressed with Zstandard, which is not installed" in found.stdout
    assert "pip install 'antelop-ingest[filters]'" in found.stdout
