"""Following the chain: each position once, in order, and what is missing is noticed."""

import random
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as some

from shared.bus.chain import Gap, follow
from shared.bus.codec import Record
from tests.unit.shared.bus.records import record


def chained(*positions: int) -> list[Record]:
    return [record(position, previous) for previous, position in zip((0, *positions), positions, strict=False)]


def test_what_continues_the_chain_is_applied() -> None:
    followed = follow(chained(3, 5, 9), last=0)
    assert [incoming.position for incoming in followed.incoming] == [3, 5, 9]
    assert (followed.to, followed.missing) == (9, 0)


def test_what_was_applied_is_a_duplicate() -> None:
    followed = follow(chained(3, 5, 9), last=5)
    assert [incoming.position for incoming in followed.incoming] == [9]
    assert followed.duplicates == 2


def test_a_reader_between_two_records_goes_on_with_the_next() -> None:
    # The event at 5 was erased and is not sent any more: 9 follows 3 now, and last is still 5.
    followed = follow(chained(3, 9), last=5)
    assert followed.to == 9


def test_what_comes_behind_a_hole_is_passed_over() -> None:
    followed = follow(chained(3, 5, 9, 12)[2:], last=3)
    assert (followed.to, followed.incoming, followed.gaps, followed.missing) == (3, [], 2, 12)


def test_a_log_that_begins_again_behind_a_hole_fills_it() -> None:
    whole = chained(3, 5, 9)
    followed = follow([whole[2], *whole], last=3)
    assert [incoming.position for incoming in followed.incoming] == [5, 9]
    assert followed.missing == 9  # seen, and closed by last = 9
    gap = Gap()
    gap.seen(followed.missing, 4)
    assert not gap.due(followed.to, 4, now=0)


def test_a_type_unknown_here_moves_the_position_only() -> None:
    first, second = chained(3, 5)
    unknown = replace(first, headers={**first.headers, "ce_type": b"ResultFramed.v1"})
    followed = follow([unknown, second], last=0)
    assert [incoming.position for incoming in followed.incoming] == [5]


def test_a_stranger_without_a_place_stops_nothing() -> None:
    first, second = chained(3, 5)
    followed = follow([first, replace(second, headers={}), second], last=0)
    assert (followed.to, followed.strangers) == (5, 1)


@given(some.randoms(use_true_random=False), some.integers(1, 30))
def test_whatever_is_doubled_and_shuffled_no_position_comes_twice_or_out_of_order(
    chance: random.Random, count: int
) -> None:
    whole = chained(*sorted(chance.sample(range(1, 200), count)))
    mixed = [*whole, *chance.choices(whole, k=count)]
    chance.shuffle(mixed)
    last, seen = 0, []
    while last < int(whole[-1].headers["position"]):
        followed = follow([*mixed, *whole], last)
        seen += [incoming.position for incoming in followed.incoming]
        last = followed.to
    assert seen == [int(one.headers["position"]) for one in whole]


def test_a_hole_makes_the_partition_be_read_again_once_its_log_end_is_reached() -> None:
    gap = Gap()
    gap.seen(missing=12, log_end=40)
    assert not gap.due(last=3, next_offset=39, now=0)
    assert gap.due(last=3, next_offset=40, now=0)


def test_a_hole_that_stays_is_looked_for_less_and_less_often() -> None:
    gap = Gap()
    gap.seen(missing=12, log_end=40)
    gap.begin_again(now=100)
    assert not gap.due(last=3, next_offset=40, now=100.4)
    assert gap.due(last=3, next_offset=40, now=100.5)
    gap.begin_again(now=101)
    assert not gap.due(last=3, next_offset=40, now=101.9)
    assert gap.due(last=3, next_offset=40, now=102)


def test_a_hole_that_was_filled_is_forgotten_with_its_pauses() -> None:
    gap = Gap()
    gap.seen(missing=12, log_end=40)
    gap.begin_again(now=100)
    assert not gap.due(last=12, next_offset=40, now=200)
    assert (gap.missing, gap.tries) == (0, 0)
