"""What waits between the two steps of signing in."""

from datetime import timedelta

import time_machine

from shared.clock import machine_now
from web.sealing import LIFE_SECONDS, Sealer

SEALER = Sealer(b"the private key of web")


def test_what_was_sealed_is_opened_and_cannot_be_read_in_the_page() -> None:
    sealed = SEALER.seal(["ada.quist", "correct horse battery"])
    assert SEALER.open(sealed) == ["ada.quist", "correct horse battery"]
    assert "ada" not in sealed
    assert sealed != SEALER.seal(["ada.quist", "correct horse battery"])


def test_another_web_with_the_same_certificate_opens_it_too() -> None:
    assert Sealer(b"the private key of web").open(SEALER.seal(["a"])) == ["a"]


def test_altered_foreign_and_nonsense_open_nothing() -> None:
    sealed = SEALER.seal(["a", "b"])
    altered = sealed[:-6] + ("A" if sealed[-6] != "A" else "B") + sealed[-5:]
    for text in (altered, Sealer(b"another").seal(["a", "b"]), "", "x", "é", "A" * 40, sealed[:20]):
        assert SEALER.open(text) is None


def test_it_holds_for_five_minutes() -> None:
    sealed, now = SEALER.seal(["a"]), machine_now()
    with time_machine.travel(now + timedelta(seconds=LIFE_SECONDS - 2), tick=False):
        assert SEALER.open(sealed) == ["a"]
    with time_machine.travel(now + timedelta(seconds=LIFE_SECONDS + 2), tick=False):
        assert SEALER.open(sealed) is None
