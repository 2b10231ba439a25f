"""The compact table against a dict, and what it costs."""

from hypothesis import given
from hypothesis import strategies as st

from tikhub_async.batch.formats import hash_of
from tikhub_async.batch.index import Index, State, shortened

KEYS = st.one_of(st.integers(0, 2**64 - 1), st.integers(0, 5), st.sampled_from([0, 1, 1024, 2048, 2**64 - 1]))


@given(st.lists(st.tuples(KEYS, st.integers(0, 2**64 - 1), st.sampled_from(State), st.booleans()), max_size=200))
def test_it_says_what_a_dict_says(entries: list[tuple[int, int, State, bool]]) -> None:
    index, model = Index(), dict[int, tuple[int, State, bool]]()
    for key, body, state, seen in entries:
        index.put(key, body, state, seen=seen)
        met = model.get(key or 1, (0, state, False))[2]
        model[key or 1] = (shortened(body), state, seen or met)
    assert len(index) == len(model)
    for key, _, state, _ in entries:
        assert index.get(key) == model[key or 1]
        index.set_state(key, state)
        body, _, seen = model[key or 1]
        model[key or 1] = (body, state, seen)
    assert {state: count for state, count in index.counts().items() if count} == {
        state: count for state in State if (count := sum(entry[1] is state for entry in model.values()))
    }


def test_growing_loses_nothing() -> None:
    index = Index()
    for number in range(20_000):
        index.put(hash_of(b"%d" % number), number, State.TODO)
    assert len(index) == 20_000
    for number in range(20_000):
        assert index.get(hash_of(b"%d" % number)) == (number, State.TODO, False)
    assert index.get(hash_of(b"none")) is None


def test_with_the_number_known_it_never_grows_and_stays_small() -> None:
    index = Index(expected=100_000)
    before = index.bytes_used
    for number in range(100_000):
        index.put(hash_of(b"%d" % number), number, State.TODO)
    assert index.bytes_used == before
    assert before / 100_000 < 48
