"""Where the third-party recordings are that tests read."""

from pathlib import Path

RECORDINGS = Path(__file__).resolve().parents[2] / "shared" / "data" / "nwb"
