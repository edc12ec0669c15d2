"""Where the third-party recordings are that tests read: beside the repository, or where ``ANTELOP_RECORDINGS`` says."""

import os
from pathlib import Path

import pytest

RECORDINGS = Path(os.environ.get("ANTELOP_RECORDINGS") or Path(__file__).resolve().parents[2] / "shared" / "data" / "nwb")


@pytest.fixture(scope="session")
def recordings() -> Path:
    """Give the folder of the recordings; a test that takes it is left out where they are not."""
    return RECORDINGS
