"""Browsers' sessions: one opaque cookie, exchanged at identity for the user's token, kept a minute at most."""

from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING

from starlette.responses import Response

from shared.clock import machine_now, monotonic
from shared.contracts.identity.v1 import peers_pb2
from shared.errors import Unauthenticated
from web.language import COOKIE as LANGUAGE_COOKIE

if TYPE_CHECKING:  # exists in the stubs' types only
    from shared.contracts.identity.v1.peers_pb2_grpc import IdentityPeersAsyncStub

COOKIE = "__Host-session"
DEVICE_COOKIE = "__Host-device"
COOKIE_CHARACTERS = 43
"""256 bits as base64url."""
KEPT_SECONDS = 60.0
MOST_KEPT = 10_000
YEAR_SECONDS = 365 * 24 * 3600
MOST_AGENT = 200


@dataclass(frozen=True, slots=True)
class Session:
    """A signed-in browser, as identity said at most a minute ago."""

    token: str = field(repr=False)
    account_id: str
    session_id: str
    until: float
    """An instant of the local monotonic clock."""


@dataclass(frozen=True, slots=True)
class Browser:
    """Who asks: the cookies it brought, its address as the gateway saw it, its name for itself."""

    cookie: str = field(repr=False)
    device: str = field(repr=False)
    address: str
    agent: str


class Sessions:
    """Tokens live here, in memory, never in the browser."""

    def __init__(self, identity: "IdentityPeersAsyncStub") -> None:
        self._identity = identity
        self._kept: dict[bytes, Session] = {}

    async def of(self, browser: Browser) -> Session | None:
        """The browser's session; None without a cookie, or where its session has ended."""
        if len(browser.cookie) != COOKIE_CHARACTERS:
            return None
        name = _name(browser.cookie)
        kept = self._kept.get(name)
        if kept is not None and monotonic() < kept.until:
            return kept
        request = peers_pb2.ExchangeSessionRequest(cookie=browser.cookie, client_address=browser.address)
        try:
            answer = await self._identity.ExchangeSession(request)
        except Unauthenticated:
            self._kept.pop(name, None)
            return None
        life = answer.expires_at.seconds - machine_now().timestamp()
        session = Session(
            answer.access_token, answer.account_id, answer.session_id, monotonic() + min(KEPT_SECONDS, life / 2)
        )
        self._keep(name, session)
        return session

    async def open(self, browser: Browser, user_name: str, password: str, code: str) -> peers_pb2.OpenSessionResponse:
        """Signs in; the browser's former session ends. Raises WrongCredentials, Throttled."""
        answer = await self._identity.OpenSession(
            peers_pb2.OpenSessionRequest(
                user_name=user_name,
                password=password,
                code=code,
                client_address=browser.address,
                user_agent=browser.agent,
                previous_cookie=browser.cookie,
                device=browser.device,
            )
        )
        if answer.cookie:
            self.forget(browser.cookie)
        return answer

    async def open_with_passkey(self, browser: Browser, credential: str) -> peers_pb2.OpenSessionWithPasskeyResponse:
        """Signs in by what the browser's authenticator answered. Raises WrongCredentials, Throttled."""
        answer = await self._identity.OpenSessionWithPasskey(
            peers_pb2.OpenSessionWithPasskeyRequest(
                credential=credential,
                client_address=browser.address,
                user_agent=browser.agent,
                previous_cookie=browser.cookie,
            )
        )
        self.forget(browser.cookie)
        return answer

    async def step_up(self, browser: Browser, *, code: str = "", password: str = "") -> str:
        """Proves presence again; the session's new cookie. Raises WrongCode."""
        answer = await self._identity.StepUpSession(
            peers_pb2.StepUpSessionRequest(
                cookie=browser.cookie, code=code, password=password, client_address=browser.address
            )
        )
        self.forget(browser.cookie)
        return answer.cookie

    async def end(self, browser: Browser) -> None:
        """Ends the browser's session, everywhere."""
        self.forget(browser.cookie)
        if len(browser.cookie) == COOKIE_CHARACTERS:
            await self._identity.EndSession(peers_pb2.EndSessionRequest(cookie=browser.cookie))

    def forget(self, cookie: str) -> None:
        """The next request asks identity again."""
        self._kept.pop(_name(cookie), None)

    def _keep(self, name: bytes, session: Session) -> None:
        if len(self._kept) >= MOST_KEPT:
            now = monotonic()
            self._kept = {one: kept for one, kept in self._kept.items() if kept.until > now}
        if len(self._kept) < MOST_KEPT:
            self._kept[name] = session


def _name(cookie: str) -> bytes:
    return sha256(cookie.encode()).digest()


def give_cookie(response: Response, cookie: str) -> None:
    """The session's cookie: for this host only, over TLS only, out of reach of scripts, gone with the browser."""
    response.set_cookie(COOKIE, cookie, path="/", secure=True, httponly=True, samesite="lax")


def take_cookie(response: Response) -> None:
    response.delete_cookie(COOKIE, path="/", secure=True, httponly=True, samesite="lax")


def give_device(response: Response, device: str) -> None:
    """What lets this browser in while strangers are throttled; it opens nothing by itself."""
    response.set_cookie(
        DEVICE_COOKIE, device, max_age=YEAR_SECONDS, path="/", secure=True, httponly=True, samesite="lax"
    )


def give_language(response: Response, language: str) -> None:
    response.set_cookie(
        LANGUAGE_COOKIE, language, max_age=YEAR_SECONDS, path="/", secure=True, httponly=True, samesite="lax"
    )
