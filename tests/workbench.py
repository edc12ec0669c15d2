"""Where mask functions are written and tried, on a session that holds a recording."""

from contextlib import closing
from pathlib import Path
from textwrap import dedent

import pytest

from antelop.analysis.functions import AnalysisFunction
from antelop.analysis.limits import Limits
from antelop.analysis.masks import MaskResult
from antelop.analysis.scripts import Analysis
from antelop.analysis.turns import Turns
from antelop.database import Database
from antelop.errors import Rejected
from tests.lab_database import SESSION

MASK = """
from antelop import antelop_analysis

@antelop_analysis
class Trials:
    name = "trials"
    query = "World"
    data = "IntervalEvents"
    returns = {"data": np.ndarray, "timestamps": np.ndarray}
    mask = True
    def run(key):
BODY
"""


class Bench:
    """Where masks are written and tried."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.database = database
        self.folder = folder

    def function(self, body: str, text: str = MASK, script: str = "licks") -> AnalysisFunction:
        """Write a script, and return its function."""
        indented = "\n".join(f"        {line}" for line in dedent(body).strip().splitlines())
        (self.folder / f"{script}.py").write_text(text.replace("BODY", indented))
        return Analysis([self.folder]).function(f"{script}.trials", self.database.tables)

    def run(self, body: str, seconds: float = 60) -> MaskResult:
        """Write a mask, and run it on the session."""
        return self.compute(self.function(body), seconds)

    def compute(self, function: AnalysisFunction, seconds: float = 60, memory: int = 1 << 30) -> MaskResult:
        """Run a mask on the session."""
        turns = Turns(Limits(seconds, memory))
        with closing(turns), turns.take([function], SESSION, self.database.connection) as turn:
            return turn.compute(function)

    def rejected(self, body: str, seconds: float = 60) -> str:
        """Write a mask and run it; return why it is rejected."""
        with pytest.raises(Rejected) as rejected:
            self.run(body, seconds)
        return str(rejected.value)


@pytest.fixture
def bench(database: Database, tmp_path: Path) -> Bench:
    """Return a bench with an empty analysis folder."""
    return Bench(database, tmp_path)
