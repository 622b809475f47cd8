"""R14: a result waits until a provider releases it, and can be taken back only then."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from services.documents.domain.errors import ResultNotReleased, ResultNotWaiting
from services.documents.domain.flags import flag
from services.documents.domain.results import Report, Result, Value

AT = datetime(2026, 3, 8, 7, 0, tzinfo=UTC)
RESULT, PRACTICE, PATIENT, PROVIDER = (UUID(int=number) for number in range(1, 5))
REPORT = Report("Lipid panel", "laboratory", AT, (Value("Cholesterol", "190", "mg/dL", "", "200"),))


def received() -> Result:
    return Result(RESULT, PRACTICE, PATIENT, REPORT, "desk", AT)


def test_r14_a_received_result_waits() -> None:
    assert received().state == "waiting"


def test_r14_a_result_is_released_once() -> None:
    result = received()
    result.release(PROVIDER, AT)
    assert result.state == "released"
    with pytest.raises(ResultNotWaiting):
        result.release(PROVIDER, AT)


def test_r14_only_a_released_result_is_retracted_and_it_stays_so() -> None:
    result = received()
    with pytest.raises(ResultNotReleased):
        result.retract(PROVIDER, "of another patient", AT)
    result.release(PROVIDER, AT)
    result.retract(PROVIDER, "of another patient", AT)
    with pytest.raises(ResultNotReleased):
        result.retract(PROVIDER, "again", AT)
    with pytest.raises(ResultNotWaiting):
        result.release(PROVIDER, AT)


def test_the_events_belong_to_the_patient() -> None:
    assert received().subject_id == PATIENT


@pytest.mark.parametrize(
    ("value", "low", "high", "expected"),
    [
        ("200", "", "200", "normal"),
        ("200.01", "", "200", "high"),
        ("3.5", "3.5", "5.1", "normal"),
        ("3.49", "3.5", "5.1", "low"),
        ("positive", "", "200", ""),
        ("190", "", "", ""),
        ("NaN", "1", "2", ""),
        ("Infinity", "1", "2", ""),
    ],
)
def test_a_value_is_flagged_against_its_range_both_ends_included(
    value: str, low: str, high: str, expected: str
) -> None:
    assert flag(Value("x", value, "", low, high)) == expected
