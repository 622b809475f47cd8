"""User names, passwords, links and codes: what is the same, what is weak, what is genuine."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pyotp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.identity.credentials import user_names
from services.identity.credentials.links import Links
from services.identity.credentials.passwords import Passwords, refuse_weak
from services.identity.credentials.user_names import skeleton
from services.identity.credentials.vault import matching_step
from services.identity.domain.ages import age_on
from services.identity.domain.errors import LinkGone
from services.identity.messages import email_field
from shared.errors import InvalidField

AT = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
SEED = "JBSWY3DPEHPK3PXP" * 2


@pytest.mark.parametrize(
    "variant",
    [
        "ALICE",
        "alice ",
        "\uff41\uff4c\uff49\uff43\uff45",
        "\u0430lice",
        "al\u0456ce",
        "alic\u0435",
        "a\u200dlice",
        "a\u00adlice",
        "a1ice",
    ],
)
def test_r27_case_width_joiners_and_look_alikes_are_one_name(variant: str) -> None:
    assert skeleton(variant) == skeleton("alice")


@pytest.mark.parametrize("other", ["alicia", "allice", "bob", "alice2"])
def test_other_names_stay_other_names(other: str) -> None:
    assert skeleton(other) != skeleton("alice")


@given(st.text(max_size=80))
def test_a_skeleton_exists_for_any_text_and_is_its_own(text: str) -> None:
    assert skeleton(skeleton(text)) == skeleton(text)


@pytest.mark.parametrize("typed", ["ab", "a b c", "a" * 65, "abc\u0000", "abc\u202e", ""])
def test_what_no_user_name_may_be(typed: str) -> None:
    with pytest.raises(InvalidField):
        user_names.checked(typed)


@pytest.mark.parametrize(
    "weak",
    ["shortish-11", "x" * 129, "password1234", "passwordpassword", "qwertyuiopas", "123456789012", "1qaz2wsx3edc",
     "aaaaaaaaaaaa", "P@ssw0rd1234", "pat.the.patient"],
)  # fmt: skip
def test_r9_weak_passwords_are_refused(weak: str) -> None:
    with pytest.raises(InvalidField):
        refuse_weak(weak, "pat.the.patient")


LONGEST = "".join(chr(33 + (7 * n * n) % 90) for n in range(128))


@pytest.mark.parametrize(
    "good", ["plover-quartz-melon-7", "correct horse battery staple", "ungewöhnlich lang", LONGEST]
)
def test_r9_any_composition_is_allowed(good: str) -> None:
    refuse_weak(good, "pat")


async def test_r9_a_password_typed_decomposed_is_the_same() -> None:
    passwords = Passwords()
    hashed = await passwords.hash("cafe\u0301 con leche y pan")
    assert hashed.startswith("$argon2id$")
    assert await passwords.verify(hashed, "caf\u00e9 con leche y pan")
    assert not await passwords.verify(hashed, "cafe con leche y pan")
    assert not await passwords.verify(None, "cafe con leche y pan")


def test_a_link_is_the_same_for_a_retry_and_genuine_for_its_purpose_only() -> None:
    links = Links(b"k" * 32, "https://portal.example")
    one = UUID(int=1)
    url = links.url("invitation", one)
    secret = url.rpartition("/")[2]
    assert url == links.url("invitation", one) == f"https://portal.example/invitation/{one}/{secret}"
    assert len(secret) == 43
    links.require_genuine("invitation", one, secret)
    for purpose, issue, given_secret in (
        ("staff-invitation", one, secret),
        ("invitation", UUID(int=2), secret),
        ("invitation", one, ""),
        ("invitation", one, "é" * 43),
    ):
        with pytest.raises(LinkGone):
            links.require_genuine(purpose, issue, given_secret)  # type: ignore[arg-type]  # a literal each
    assert Links(b"j" * 32, "https://portal.example").url("invitation", one) != url


@pytest.mark.parametrize(("seconds", "counts"), [(-30, True), (0, True), (30, True), (-60, False), (60, False)])
def test_r36_a_code_counts_in_its_step_and_one_beside(seconds: int, counts: bool) -> None:
    code = pyotp.TOTP(SEED).at(AT + timedelta(seconds=seconds))
    assert (matching_step(SEED, code, AT) is not None) is counts


@pytest.mark.parametrize("code", ["", "12345", "1234567", "abcdef", "١٢٣٤٥٦"])
def test_what_is_no_code_is_wrong(code: str) -> None:
    assert matching_step(SEED, code, AT) is None


@pytest.mark.parametrize(
    "address", ["a@b", "@b.org", "a b@c.org", "a@b.org\nBcc: x@y.org", "a@b.org,c@d.org", "<a@b.org>"]
)
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(InvalidField):
        email_field(address, "email")


def test_addresses_are_kept_in_lower_case() -> None:
    assert email_field(" Pat@Example.ORG ", "email") == "pat@example.org"


@pytest.mark.parametrize(
    ("day", "age"), [("2024-02-28", 11), ("2024-02-29", 12), ("2030-02-28", 17), ("2030-03-01", 18)]
)
def test_r18_births_of_29_february_turn_on_1_march_in_common_years(day: str, age: int) -> None:
    assert age_on(date(2012, 2, 29), date.fromisoformat(day)) == age
