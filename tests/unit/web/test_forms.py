"""Forms keep what was typed, say what is wrong where, and read dates, times and amounts exactly."""

import asyncio
from zoneinfo import ZoneInfo

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.formparsers import MultiPartException
from starlette.requests import Request

from shared.errors import SLUGS, InvalidField
from web.forms import Form, Mistyped, Sent
from web.refusals import MISSHAPEN, REFUSALS, explained

NEW_YORK = ZoneInfo("America/New_York")


@pytest.mark.parametrize(
    ("typed", "cents"),
    [("42.50", 4250), ("$1,234.56", 123456), ("7", 700), ("0.01", 1), (" 12.00 ", 1200), ("1,000", 100000)],
)
def test_amounts_are_read_as_cents(typed: str, cents: int) -> None:
    form = Form.filled(amount_cents=typed)
    assert form.cents("amount_cents") == cents
    assert form.errors == {}


@pytest.mark.parametrize("typed", ["", "1.5", "1.234", "-3", "1e3", "1,23", "1.2.3", "٤٢", "1 000", "9" * 400])
def test_what_is_no_amount_is_said_beside_the_field(typed: str) -> None:
    form = Form.filled(amount_cents=typed)
    form.cents("amount_cents")
    assert "amount_cents" in form.errors


@given(st.integers(min_value=0, max_value=10**12))
def test_every_amount_that_is_shown_is_read_back(cents: int) -> None:
    assert Form.filled(a=f"{cents // 100:,}.{cents % 100:02}").cents("a") == cents


def test_a_time_is_on_the_practices_clock() -> None:
    at = Form.filled(at="2026-07-01T09:30").needed_moment("at", NEW_YORK)
    assert at.ToJsonString() == "2026-07-01T13:30:00Z"


@pytest.mark.parametrize("typed", ["tomorrow", "2026-13-01T00:00", "9999-12-31T23:59", "2026-01-01T00:00+99:00"])
def test_a_time_that_cannot_be_read_is_said(typed: str) -> None:
    form = Form.filled(at=typed)
    form.moment("at", NEW_YORK)
    assert set(form.errors) == {"at"}
    with pytest.raises(Mistyped):
        form.check()


def test_days_need_be_calendar_days() -> None:
    form = Form.filled(good="2024-02-29", bad="2023-02-29")
    assert form.day("good").day == 29  # type: ignore[union-attr]  # it is there
    assert form.day("bad") is None
    assert form.day("absent") is None
    assert set(form.errors) == {"bad"}


def test_all_that_is_wrong_is_said_at_once_and_nothing_typed_is_lost() -> None:
    form = Form.filled(subject="", body="  kept as typed \n", birth_date="soon")
    form.needed("subject")
    form.needed_day("birth_date")
    assert set(form.errors) == {"subject", "birth_date"}
    assert form.raw("body") == "  kept as typed \n"
    assert dict(form.kept())["body"] == "  kept as typed \n"
    assert dict(form.kept())["key"] == form.key


def test_a_new_form_has_a_key_of_its_own() -> None:
    assert Form().key != Form().key


def test_every_refusal_of_the_table_has_a_sentence() -> None:
    assert set(SLUGS) - set(REFUSALS) == set()
    assert set(REFUSALS) - set(SLUGS) == set()


@pytest.mark.parametrize(
    ("expected", "sentence", "blanks"),
    [
        ("expected 12 to 128 characters", "Use {least} to {most} characters.", {"least": "12", "most": "128"}),
        ("expected 1 to 200 characters", "Fill this in, with at most {most} characters.", {"most": "200"}),
        ("expected an e-mail address", "Enter an e-mail address, for example name@example.com.", {}),
        ("expected something nobody thought of", MISSHAPEN, {}),
    ],
)
def test_what_a_service_expected_is_said_in_words(expected: str, sentence: str, blanks: dict[str, str]) -> None:
    assert explained(InvalidField("field", expected)) == (sentence, blanks)


async def read(files: dict[str, tuple[str, bytes, str]], most_files: int) -> Form:
    """What a browser sends of a form with files."""
    sent = httpx.Request("POST", "https://portal.example/", data={"title": "A letter"}, files=files)
    scope = {"type": "http", "method": "POST", "headers": [(b"content-type", sent.headers["content-type"].encode())]}

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": sent.read(), "more_body": False}

    return await Form.read(Request(scope, receive), most_files)


def test_a_file_is_taken_with_its_name_and_kind_beside_the_texts() -> None:
    form = asyncio.run(read({"file": ("a.txt", b"well", "text/plain; charset=utf-8")}, 1))
    assert form.get("title") == "A letter"
    assert form.needed_file("file") == Sent("a.txt", "text/plain", b"well")
    assert not form.errors
    assert ("file", "a.txt") not in form.kept()


def test_a_kind_that_the_browser_does_not_know_is_no_kind() -> None:
    form = asyncio.run(read({"file": ("a", b"well", "application/octet-stream")}, 1))
    assert form.needed_file("file").content_type == ""


@pytest.mark.parametrize("files", [{}, {"file": ("a.txt", b"", "text/plain")}, {"file": ("", b"well", "text/plain")}])
def test_no_file_or_an_empty_one_is_said_beside_its_field(files: dict[str, tuple[str, bytes, str]]) -> None:
    form = asyncio.run(read(files or {"other": ("b.txt", b"b", "text/plain")}, 1))
    form.needed_file("file")
    assert form.errors == {"file": "Choose a file."}


@pytest.mark.parametrize("most_files", [0, 1])
def test_a_form_takes_no_more_files_than_it_asks_for(most_files: int) -> None:
    files = {"one": ("a.txt", b"a", "text/plain"), "two": ("b.txt", b"b", "text/plain")}
    with pytest.raises(MultiPartException):
        asyncio.run(read(files, most_files))
