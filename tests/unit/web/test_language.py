"""Which language a page is in."""

import pytest

from web.language import chosen, preferred


@pytest.mark.parametrize(
    ("asked", "kept", "accepted", "language"),
    [
        ("es", "en", "en", "es"),
        ("", "es", "en", "es"),
        ("", "", "es-MX,es;q=0.9,en;q=0.8", "es"),
        ("", "", "fr,en;q=0.5,es;q=0.7", "es"),
        ("", "", "de", "en"),
        ("", "", "", "en"),
        ("xx", "yy", "es;q=0,en", "en"),
    ],
)
def test_the_address_comes_before_the_cookie_before_the_browser(
    asked: str, kept: str, accepted: str, language: str
) -> None:
    assert chosen(asked, kept, accepted) == language


def test_a_header_of_nonsense_prefers_nothing() -> None:
    assert not set(preferred("es;q=much, ;;;,=,,")) & {"es", "en"}
    assert chosen("", "", "\x00" * 10_000) == "en"
