"""The browser holds one opaque cookie; its token is kept a minute at most, and forgotten when the session changes."""

from datetime import timedelta
from typing import Any

import pytest
from starlette.responses import Response

from shared.clock import machine_now
from shared.contracts.identity.v1 import peers_pb2
from shared.errors import Unauthenticated
from web import sessions
from web.page import local_path
from web.sessions import COOKIE_CHARACTERS, Browser, Sessions

COOKIE = "c" * COOKIE_CHARACTERS


class Identity:
    """Identity's peer port in memory: knows which cookies are open and counts how often it is asked."""

    def __init__(self) -> None:
        self.open = {COOKIE}
        self.asked = 0
        self.life = timedelta(minutes=5)

    async def ExchangeSession(self, request: peers_pb2.ExchangeSessionRequest) -> peers_pb2.ExchangeSessionResponse:
        self.asked += 1
        if request.cookie not in self.open:
            raise Unauthenticated
        answer = peers_pb2.ExchangeSessionResponse(access_token=f"token {self.asked}", account_id="a", session_id="s")
        answer.expires_at.FromDatetime(machine_now() + self.life)
        return answer

    async def EndSession(self, request: peers_pb2.EndSessionRequest) -> peers_pb2.EndSessionResponse:
        self.open.discard(request.cookie)
        return peers_pb2.EndSessionResponse()

    async def StepUpSession(self, request: peers_pb2.StepUpSessionRequest) -> peers_pb2.StepUpSessionResponse:
        self.open = {"n" * COOKIE_CHARACTERS}
        return peers_pb2.StepUpSessionResponse(cookie="n" * COOKIE_CHARACTERS)


def browser(cookie: str = COOKIE) -> Browser:
    return Browser(cookie, "", "192.0.2.1", "test")


def kept_by(identity: Any) -> Sessions:
    return Sessions(identity)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [1000.0]
    monkeypatch.setattr(sessions, "monotonic", lambda: now[0])
    return now


async def test_a_token_is_asked_for_once_a_minute(clock: list[float]) -> None:
    identity = Identity()
    held = kept_by(identity)
    first, again = await held.of(browser()), await held.of(browser())
    assert first == again
    clock[0] += 59.9
    await held.of(browser())
    assert identity.asked == 1
    clock[0] += 0.2
    later = await held.of(browser())
    assert identity.asked == 2
    assert later is not None
    assert later.token == "token 2"  # noqa: S105  # no secret


async def test_a_token_is_not_kept_beyond_half_its_life(clock: list[float]) -> None:
    identity = Identity()
    identity.life = timedelta(seconds=10)
    held = kept_by(identity)
    await held.of(browser())
    clock[0] += 5.1
    await held.of(browser())
    assert identity.asked == 2


async def test_an_ended_session_is_none_and_stays_none() -> None:
    identity = Identity()
    held = kept_by(identity)
    assert await held.of(browser()) is not None
    await held.end(browser())
    assert await held.of(browser()) is None


async def test_proving_presence_makes_the_old_cookie_worthless() -> None:
    identity = Identity()
    held = kept_by(identity)
    await held.of(browser())
    renewed = await held.step_up(browser(), code="123456")
    assert await held.of(browser()) is None
    assert await held.of(browser(renewed)) is not None


@pytest.mark.parametrize("cookie", ["", "short", "x" * 4000, "c" * (COOKIE_CHARACTERS + 1)])
async def test_what_is_no_cookie_of_ours_is_not_even_asked_about(cookie: str) -> None:
    identity = Identity()
    assert await kept_by(identity).of(browser(cookie)) is None
    assert identity.asked == 0


async def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "MOST_KEPT", 3)
    identity = Identity()
    held = kept_by(identity)
    cookies = [f"{place:043}" for place in range(10)]
    identity.open = set(cookies)
    for cookie in cookies:
        assert await held.of(browser(cookie)) is not None
    assert len(held._kept) == 3


def test_the_cookie_is_out_of_reach_of_scripts_and_other_hosts() -> None:
    response = Response()
    sessions.give_cookie(response, COOKIE)
    sent = response.headers["set-cookie"]
    assert sent == f"__Host-session={COOKIE}; HttpOnly; Path=/; SameSite=lax; Secure"
    cleared = Response()
    sessions.take_cookie(cleared)
    assert "Max-Age=0" in cleared.headers["set-cookie"]
    assert "Secure" in cleared.headers["set-cookie"]


def test_nothing_that_prints_a_session_prints_its_token() -> None:
    assert COOKIE not in repr(browser())
    assert "secret" not in repr(sessions.Session("secret", "a", "s", 0.0))


@pytest.mark.parametrize(
    ("asked", "led_to"),
    [
        ("/patients/1/inbox", "/patients/1/inbox"),
        ("/patients/1/results?page=x&after=documents:9", "/patients/1/results?page=x"),
        ("//evil.example", "/"),
        ("https://evil.example/", "/"),
        ("/\\evil.example", "/"),
        ("javascript:alert(1)", "/"),
        ("/ok\r\nset-cookie: a=b", "/"),
        ("/sign-out", "/"),
        ("", "/"),
        ("/" + "a" * 600, "/"),
    ],
)
def test_after_signing_in_one_is_led_to_a_page_of_the_portal_only(asked: str, led_to: str) -> None:
    assert local_path(asked) == led_to
