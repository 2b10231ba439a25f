"""What is due when."""

from hypothesis import given
from hypothesis import strategies as st

from tikhub_async._tasks.agenda import NEVER, Agenda, Ticket

MOVES = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.integers(0, 50)),
        st.tuples(st.just("drop"), st.integers(0, 500)),
        st.tuples(st.just("pop"), st.just(0)),
    ),
    max_size=400,
)


@given(MOVES)
def test_it_behaves_as_a_sorted_list(moves: list[tuple[str, int]]) -> None:
    agenda: Agenda[int] = Agenda()
    known: dict[int, tuple[int, Ticket]] = {}
    for number, (move, value) in enumerate(moves):
        if move == "add":
            known[number] = (value, agenda.add(value, number))
        elif move == "drop" and known:
            chosen = sorted(known)[value % len(known)]
            agenda.drop(known.pop(chosen)[1])
        elif move == "pop" and known:
            first = min(known, key=lambda member: (known[member][0], member))
            assert agenda.pop() == first
            del known[first]
        assert len(agenda) == len(known)
        assert agenda.first == min((when for when, _ in known.values()), default=NEVER)


def test_those_who_leave_early_are_not_kept_until_their_time() -> None:
    agenda: Agenda[int] = Agenda()
    for number in range(10_000):
        agenda.drop(agenda.add(1_000.0 + number, number))
    assert len(agenda._heap) < 200
