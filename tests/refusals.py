"""Calls that are rejected."""

from collections.abc import Callable

import pytest

from antelop.errors import Problem, Rejected


def refused(call: Callable[[], object]) -> list[Problem]:
    """Return the problems for which a call is rejected."""
    with pytest.raises(Rejected) as rejected:
        call()
    return list(rejected.value.problems)
