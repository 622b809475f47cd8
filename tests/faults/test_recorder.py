"""The checkers: what is lost, doubled, out of order or answered wrongly is found, and nothing else is."""

from tests.faults.recorder import Outcome, Recorder, check_chain, check_read, check_store


def asked(*tokens: str) -> Recorder:
    recorder = Recorder()
    for token in tokens:
        recorder.invoked(token)
    return recorder


def test_what_was_acknowledged_is_there_once_and_where_it_said() -> None:
    recorder = asked("a", "b")
    recorder.acknowledged("a", 3)
    recorder.unknown("b")
    assert check_store(recorder, {"a": [3], "b": [4]}).held
    assert check_store(recorder, {"a": [3]}).held
    lost = check_store(recorder, {"b": [4]})
    assert (lost.lost, lost.doubled, lost.held) == (1, 0, False)
    doubled = check_store(recorder, {"a": [3, 9]})
    assert (doubled.lost, doubled.doubled, doubled.held) == (0, 1, False)
    assert not check_store(recorder, {"a": [4]}).held


def test_a_retry_has_the_outcome_of_the_first() -> None:
    recorder = asked("a", "a")
    recorder.acknowledged("a", 3)
    recorder.acknowledged("a", 8)
    assert not check_store(recorder, {"a": [3]}).held


def test_what_was_refused_or_never_asked_is_not_there() -> None:
    recorder = asked("a")
    recorder.refused("a")
    assert check_store(recorder, {}).held
    assert not check_store(recorder, {"a": [1]}).held
    assert not check_store(asked(), {"b": [1]}).held


def test_an_answer_outlasts_what_is_unknown_of_a_repeat() -> None:
    recorder = asked("a")
    recorder.acknowledged("a", 3)
    recorder.unknown("a")
    assert [command.token for command in recorder.of(Outcome.ACKNOWLEDGED)] == ["a"]


def test_each_published_event_takes_effect_once_and_in_order() -> None:
    assert check_read([1, 3], {1: 1, 3: 1}, 0).held
    assert check_read([1, 3], {1: 1}, 0).lost == 1
    assert check_read([1, 3], {1: 2, 3: 1}, 0).doubled == 1
    assert not check_read([1], {1: 1, 2: 1}, 0).held
    assert not check_read([1], {1: 1}, 1).held


def test_a_log_is_a_chain_whatever_lies_twice_in_it() -> None:
    assert check_chain([[(0, 2), (2, 5), (0, 2), (5, 6)], []]).held
    assert not check_chain([[(0, 2), (5, 6)]]).held
    assert not check_chain([[(0, 2), (2, 5), (0, 5)]]).held
