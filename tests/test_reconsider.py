"""What decides the outcome of a delivery; what follows from a change is in the tests of the worker."""

import pytest

from antelop.queue.ledger import named
from antelop.worker.inputs import named_key


@pytest.mark.parametrize("experimenter", ["lab", "open/field/lab", "o'neill"])
def test_a_session_s_name_leads_back_to_its_key(experimenter: str) -> None:
    """Slashes in an experimenter's name do not confuse it."""
    key = {"experimenter": experimenter, "experiment_id": 3, "session_id": 41}
    assert named_key(named(key)) == key
