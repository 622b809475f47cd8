"""R14 and R44: what may become of an item that waits for approval, at each boundary."""

from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from services.documents.business_days import next_business_day
from services.documents.domain.errors import (
    ApprovalNotPending,
    HoldTooLong,
    ResultHeld,
    ResultNotHeld,
    ResultNotReleased,
    ResultNotWaiting,
)
from services.documents.domain.escalation import day_begins, days_waiting, received_before
from services.documents.domain.results import Result
from services.documents.domain.review import LONGEST_HOLD, UNDO
from tests.unit.services.documents.test_results import AT, PROVIDER, received

SECOND = timedelta(seconds=1)
AUTHOR = UUID(int=9)
NEW_YORK = ZoneInfo("America/New_York")


def approved() -> Result:
    result = received()
    result.approve(PROVIDER, AT)
    return result


def test_r14_a_bulk_approval_takes_effect_after_30_seconds_and_not_before() -> None:
    result = approved()
    assert not result.take_effect(AT + UNDO - SECOND, patient_waits=False)
    assert result.take_effect(AT + UNDO, patient_waits=False)
    assert isinstance(result.pending_events[-1], Result.Released)
    assert not result.take_effect(AT + UNDO + SECOND, patient_waits=False)


def test_r14_a_bulk_approval_is_undoable_until_it_takes_effect() -> None:
    early, late = approved(), approved()
    early.undo_approval(AT + UNDO - SECOND, patient_waits=False)
    assert early.state == "waiting"
    assert not early.take_effect(AT + UNDO, patient_waits=False)
    with pytest.raises(ApprovalNotPending):
        late.undo_approval(AT + UNDO, patient_waits=False)
    with pytest.raises(ApprovalNotPending):
        early.undo_approval(AT + UNDO - SECOND, patient_waits=False)


def test_r14_while_the_patient_waits_nothing_becomes_visible() -> None:
    result = received()
    result.release(PROVIDER, AT, patient_waits=True)
    assert result.state == "approved"
    assert not result.take_effect(AT + timedelta(days=30), patient_waits=True)
    assert result.take_effect(AT + timedelta(days=31), patient_waits=False)
    assert isinstance(result.pending_events[-1], Result.Released)


@pytest.mark.parametrize("span", [timedelta(0), -SECOND, LONGEST_HOLD + SECOND])
def test_r14_a_hold_ends_in_the_future_and_within_14_days(span: timedelta) -> None:
    with pytest.raises(HoldTooLong):
        received().hold(AUTHOR, "A repeat is on its way", AT + span, AT)


def test_r14_a_hold_keeps_from_approval_until_its_very_end() -> None:
    result = received()
    until = AT + LONGEST_HOLD
    result.hold(AUTHOR, "A repeat is on its way", until, AT)
    with pytest.raises(ResultHeld):
        result.release(PROVIDER, until - SECOND)
    with pytest.raises(ResultHeld):
        result.approve(PROVIDER, until - SECOND)
    with pytest.raises(ResultNotHeld):
        result.lift_hold(until)
    result.release(PROVIDER, until)
    assert result.state == "released"


def test_r14_a_lifted_hold_frees_the_result_at_once() -> None:
    result = received()
    result.hold(AUTHOR, "Being repeated", AT + timedelta(days=1), AT)
    result.lift_hold(AT)
    result.release(PROVIDER, AT)
    with pytest.raises(ResultNotWaiting):
        result.hold(AUTHOR, "Too late", AT + timedelta(days=1), AT)


def test_r44_a_misfiled_result_was_never_there_or_is_taken_back() -> None:
    waiting, released = received(), received()
    waiting.find_misfiled(PROVIDER, AT)
    released.release(PROVIDER, AT)
    released.find_misfiled(PROVIDER, AT)
    assert (waiting.state, released.state) == ("withdrawn", "retracted")
    for result in (waiting, released):
        with pytest.raises(ResultNotReleased):
            result.find_misfiled(PROVIDER, AT)
        with pytest.raises(ResultNotWaiting):
            result.release(PROVIDER, AT)


def test_r14_a_correction_replaces_what_stands_and_nothing_that_was_taken_back() -> None:
    waiting, released, retracted = received(), received(), received()
    released.release(PROVIDER, AT)
    retracted.release(PROVIDER, AT)
    retracted.retract(PROVIDER, "mislabelled", AT)
    for result in (waiting, released, retracted):
        result.correct(UUID(int=8), AT)
    assert (waiting.state, released.state, retracted.state) == ("withdrawn", "corrected", "retracted")


def test_r14_the_clock_of_escalation_counts_local_midnights() -> None:
    late = datetime(2026, 3, 3, 4, 59, 59, tzinfo=UTC)  # 23:59:59 in New York
    assert days_waiting(late, late, NEW_YORK) == 0
    assert days_waiting(late, late + SECOND, NEW_YORK) == 1
    assert received_before(late, 1, NEW_YORK) <= late
    assert received_before(late + SECOND, 1, NEW_YORK) == late + SECOND
    assert received_before(late + SECOND + timedelta(days=2), 3, NEW_YORK) == late + SECOND


def test_r14_a_day_without_midnight_begins_with_its_first_instant() -> None:
    beirut = ZoneInfo("Asia/Beirut")
    first = day_begins(datetime(2021, 3, 28, tzinfo=beirut).date(), beirut)
    assert first.astimezone(beirut).isoformat() == "2021-03-28T01:00:00+03:00"
    assert (first - SECOND).astimezone(beirut).date().isoformat() == "2021-03-27"


def test_r15_the_next_business_day_is_no_weekend_and_no_holiday() -> None:
    friday, christmas_eve = datetime(2026, 3, 6, tzinfo=UTC).date(), datetime(2026, 12, 24, tzinfo=UTC).date()
    assert next_business_day(friday).isoformat() == "2026-03-09"
    assert next_business_day(christmas_eve).isoformat() == "2026-12-28"
