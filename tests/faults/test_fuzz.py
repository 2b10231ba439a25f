"""Good answers, spoiled: only declared errors come of them. Longer: `python -m tests.faults.fuzz --long`."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.faults.fuzz import TARGETS, TOKENS, spoiled

EDITS = st.lists(
    st.tuples(st.floats(0, 1), st.integers(0, 99), st.one_of(st.sampled_from(TOKENS), st.binary(max_size=9))),
    max_size=5,
)


@pytest.mark.parametrize("name", TARGETS)
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_only_declared_errors_come_out(name: str, data: st.DataObject) -> None:
    target = TARGETS[name]
    target.run(spoiled(data.draw(st.sampled_from(target.seeds)), data.draw(EDITS)))
