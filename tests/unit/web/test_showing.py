"""How values are shown."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from google.type.date_pb2 import Date

from shared.contracts.documents.v1.api_pb2 import ResultSummary, ResultValue, TrendPoint
from web.language import translator
from web.showing import Showing, measured, sized, zone_of
from web.trend import HEIGHT, WIDTH, trend_of

ENGLISH, SPANISH = Showing("en", translator("en")), Showing("es", translator("es"))


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("183.09164181074513", "183.0916"),
        ("7.0", "7.0"),
        ("-0.000012345678", "-0.00001235"),
        ("0.99999999", "1"),
        ("12.50000001", "12.5"),
        ("100.00001", "100"),
        ("142", "142"),
        ("1e5", "1e5"),
        ("positive, see note 1.23456789", "positive, see note 1.23456789"),
        ("", ""),
        ("0.00000000", "0"),
    ],
)
def test_a_measured_number_has_at_most_four_places_and_words_stay(given: str, shown: str) -> None:
    assert measured(given) == shown


@pytest.mark.parametrize(
    ("cents", "currency", "shown"),
    [
        (123456, "USD", "$1,234.56"),
        (5, "USD", "$0.05"),
        (0, "", "$0.00"),
        (-2075, "USD", "\N{MINUS SIGN}$20.75"),
        (100, "EUR", "1.00 EUR"),
    ],
)
def test_amounts_are_exact_cents(cents: int, currency: str, shown: str) -> None:
    assert ENGLISH.money(cents, currency) == shown


def test_instants_stand_on_the_practices_clock() -> None:
    at = Timestamp()
    at.FromDatetime(datetime(2026, 7, 1, 3, 5, tzinfo=UTC))
    assert ENGLISH.moment(at, ZoneInfo("America/New_York")) == "Jun 30, 2026, 11:05 PM EDT"
    assert SPANISH.moment(at, ZoneInfo("America/New_York")) == "30 jun 2026, 23:05 EDT"


def test_days_and_words_are_said_in_the_pages_language() -> None:
    assert ENGLISH.day(Date(year=1984, month=2, day=29)) == "Feb 29, 1984"
    assert SPANISH.day(Date(year=1984, month=2, day=29)) == "29 feb 1984"
    assert SPANISH.said("front_desk", "role") == "Recepción"
    assert ENGLISH.said("some_later_word", "role") == "some later word"


def test_an_unknown_zone_is_utc() -> None:
    assert zone_of("Mars/Olympus").key == "UTC"
    assert zone_of("../../etc/passwd").key == "UTC"
    assert zone_of("").key == "UTC"


def test_a_trend_is_drawn_within_its_frame_and_ends_with_the_present_value() -> None:
    value = ResultValue(value="9", trend=[TrendPoint(value="3"), TrendPoint(value="5.5")])
    trend = trend_of(value, ResultSummary())
    assert trend is not None
    assert [point.value for point in trend.points] == ["3", "5.5", "9"]
    places = [tuple(map(float, place.split(","))) for place in trend.line.split()]
    assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for x, y in places)
    assert places[0][1] > places[1][1] > places[2][1]


@pytest.mark.parametrize("words", ["positive", "nan", "inf", "1e999", "<script>"])
def test_words_among_the_values_are_listed_and_not_drawn(words: str) -> None:
    trend = trend_of(ResultValue(value=words, trend=[TrendPoint(value="3")]), ResultSummary())
    assert trend is not None
    assert trend.line == ""


def test_one_value_alone_has_no_trend() -> None:
    assert trend_of(ResultValue(value="3"), ResultSummary()) is None


@pytest.mark.parametrize(
    ("count", "shown"), [(0, "0 B"), (999, "999 B"), (1000, "1 kB"), (999_499, "999 kB"), (10_485_760, "10.5 MB")]
)
def test_sizes_of_files_are_rounded(count: int, shown: str) -> None:
    assert sized(count) == shown
