"""The portal as an outside client meets it: JSON over TLS through the gateway, mails as they arrive."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pyotp

from shared.clock import machine_now, monotonic
from shared.errors import StepUpRequired
from shared.ids import uuid7

T = TypeVar("T")

TOTP_SECONDS = 30
TRAVEL_SECONDS = 15
"""The most that a code is on its way: the portal takes one of the step before, and none older."""
POLL_SECONDS = 0.05
TOKEN_SECONDS = 240
"""After that an access token of 5 minutes is exchanged before it is used again."""


class Answer(Exception):
    """A refusal: HTTP status, the portal's slug, the field named and what was expected."""

    def __init__(self, status: int, slug: str, named: str, expected: str) -> None:
        self.status, self.slug, self.named, self.expected = status, slug, named, expected
        super().__init__(f"{status} {slug} {named} {expected}".strip())


class NotInTime(Exception):
    """Something that was waited for did not come about before its deadline."""


async def eventually(what: str, ask: Callable[[], Awaitable[T | None]], seconds: float = 60.0) -> T:
    """Asks until the answer is something; NotInTime names ``what`` was waited for."""
    deadline = monotonic() + seconds
    while True:
        found = await ask()
        if found:
            return found
        if monotonic() > deadline:
            raise NotInTime(f"waited {seconds:g} s for {what}")
        await asyncio.sleep(POLL_SECONDS)


class Portal:
    """The gateway at ``base_url``, believed by ``authority``; mails are read at ``mail_url``."""

    def __init__(self, base_url: str, authority: Path, mail_url: str) -> None:
        context = ssl.create_default_context(cafile=str(authority))
        self.base_url = base_url
        self.http = httpx.AsyncClient(base_url=base_url, verify=context, timeout=30.0, follow_redirects=False)
        self._mails = httpx.AsyncClient(base_url=mail_url, timeout=10.0)

    async def close(self) -> None:
        await self.http.aclose()
        await self._mails.aclose()

    async def send(
        self,
        method: str,
        path: str,
        body: dict[str, Any] | None = None,
        *,
        token: str = "",
        key: str = "",
        after: str = "",
    ) -> httpx.Response:
        """One request; raises Answer where it is refused. Commands get a random Idempotency-Key unless one is given."""
        headers = {"authorization": f"Bearer {token}" if token else "", "portal-after": after}
        if method != "GET":
            headers["idempotency-key"] = key or str(uuid7())
        response = await self.http.request(
            method, path, json=body if method != "GET" else None, headers={n: v for n, v in headers.items() if v}
        )
        if response.is_success:
            return response
        raise refusal(response)

    async def ask(self, method: str, path: str, body: dict[str, Any] | None = None, **more: str) -> dict[str, Any]:
        """The JSON answer of one request."""
        found: dict[str, Any] = (await self.send(method, path, body, **more)).json()
        return found

    async def mails(self, address: str = "") -> list[dict[str, Any]]:
        """Mails to an address, newest first; all without one."""
        response = await self._mails.get("/mails.json", params={"to": address} if address else None)
        found: list[dict[str, Any]] = response.raise_for_status().json()["mails"]
        return found[::-1]

    async def link_mailed_to(self, address: str, kind: str) -> str:
        """The newest one-time link of a kind (``invitation``, ``staff-invitation``) that was mailed to an address."""

        async def ask() -> str | None:
            for mail in await self.mails(address):
                for link in mail["links"]:
                    if f"/{kind}/" in link:
                        return str(link)
            return None

        return await eventually(f"a mail with a link of kind {kind}", ask)


def refusal(response: httpx.Response) -> Answer:
    """google.rpc.Status as JSON, with ErrorInfo and BadRequest."""
    try:
        details = {one.get("@type", "").rpartition(".")[2]: one for one in response.json().get("details", [])}
    except ValueError:
        return Answer(response.status_code, "", "", "")
    violations = details.get("BadRequest", {}).get("field_violations") or details.get("BadRequest", {}).get(
        "fieldViolations", [{}]
    )
    return Answer(
        response.status_code,
        details.get("ErrorInfo", {}).get("reason", ""),
        violations[0].get("field", ""),
        violations[0].get("description", ""),
    )


@dataclass(slots=True)
class Authenticator:
    """An authenticator app: a code counts once, so each is of a later step than the one before."""

    secret: str
    _used: int = 0

    @property
    def is_ahead(self) -> bool:
        """The last code was of the next step already: no other client can have used it."""
        return self._used > int(machine_now().timestamp()) // TOTP_SECONDS

    async def code(self) -> str:
        """The next code that has not been used, and will count on arrival; waits where none does yet."""
        totp = pyotp.TOTP(self.secret)
        while True:
            now = int(machine_now().timestamp()) // TOTP_SECONDS
            oldest = (int(machine_now().timestamp()) + TRAVEL_SECONDS) // TOTP_SECONDS - 1
            step = max(self._used + 1, oldest)
            if step <= now + 1:
                self._used = step
                return totp.generate_otp(step)
            await asyncio.sleep(0.2)


@dataclass(slots=True)
class Person:
    """Somebody signed in at the JSON API."""

    portal: Portal
    user_name: str
    password: str = field(repr=False)
    authenticator: Authenticator | None = None
    account_id: str = ""
    session_id: str = ""
    _access: str = field(default="", repr=False)
    _refresh: str = field(default="", repr=False)
    _since: float = 0.0

    async def sign_in(self) -> "Person":
        """Opens a session; with a code where a factor is enrolled: the next one where another client used it."""
        while True:
            code = await self.authenticator.code() if self.authenticator else ""
            body = {"user_name": self.user_name, "password": self.password, "code": code}
            try:
                answer = await self.portal.ask("POST", "/v1/sign-in", body)
            except Answer as refused:
                if refused.status != 401 or self.authenticator is None or self.authenticator.is_ahead:
                    raise
            else:
                break
        self.account_id, self.session_id = answer["account_id"], answer["session_id"]
        self._take(answer)
        return self

    async def step_up(self) -> None:
        """Proves presence again, for what demands a factor of the last five minutes."""
        proof = {"code": await self.authenticator.code()} if self.authenticator else {"password": self.password}
        answer = await self.portal.ask("POST", "/v1/step-up", proof, token=await self.token())
        self._access, self._since = answer["access_token"], monotonic()

    async def token(self) -> str:
        """A valid access token."""
        if monotonic() - self._since > TOKEN_SECONDS:
            self._take(await self.portal.ask("POST", "/v1/refresh", {"refresh_token": self._refresh}))
        return self._access

    async def ask(self, method: str, path: str, body: dict[str, Any] | None = None, **more: str) -> dict[str, Any]:
        """A request in this person's name, with presence proved again where that is demanded (R45)."""
        try:
            return await self.portal.ask(method, path, body, token=await self.token(), **more)
        except Answer as refused:
            if refused.slug != StepUpRequired.slug:
                raise
        await self.step_up()
        return await self.portal.ask(method, path, body, token=await self.token(), **more)

    async def get(self, path: str, after: str = "") -> dict[str, Any]:
        return await self.ask("GET", path, after=after)

    async def post(self, path: str, body: dict[str, Any] | None = None, **more: str) -> dict[str, Any]:
        return await self.ask("POST", path, body or {}, **more)

    async def upload(self, path: str, content: bytes, content_type: str, key: str = "") -> dict[str, Any]:
        """Sends a file as it is."""
        headers = {
            "authorization": f"Bearer {await self.token()}",
            "idempotency-key": key or str(uuid7()),
            "content-type": content_type,
        }
        response = await self.portal.http.post(path, content=content, headers=headers)
        if not response.is_success:
            raise refusal(response)
        found: dict[str, Any] = response.json()
        return found

    async def download(self, path: str) -> httpx.Response:
        return await self.portal.send("GET", path, token=await self.token())

    def _take(self, answer: dict[str, Any]) -> None:
        self._access, self._refresh, self._since = answer["access_token"], answer["refresh_token"], monotonic()
