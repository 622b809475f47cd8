"""The local payment processor: Stripe Checkout's flow on loopback, for Stripe's own SDK as the client.

Sessions and refunds are made; these, disputes and payment intents are read: Stripe's forms or JSON, the bearer secret
and Idempotency-Key; ``url`` leads to a page that pays, declines or leaves pending; webhooks follow, signed as Stripe
signs (``Stripe-Signature: t=…,v1=…`` over the raw bytes), until one is answered with 2xx. ``/ledger.json`` shows all;
``/`` settles what was left pending, disputes it, and decides the dispute.
"""

import argparse
import asyncio
import hashlib
import hmac
import html
import json
import re
import ssl
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import parse_qsl

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from deploy.local import checkout
from deploy.local.files import private_folder
from deploy.local.ledger import Event, KeyReused, Ledger, Object
from deploy.local.pages import page
from deploy.local.secrets import read_password

HOST = "127.0.0.1"
POLL_SECONDS = 0.1
WEBHOOK_SECONDS = 10.0
KINDS = {
    "checkout/sessions": "checkout.session",
    "payment_intents": "payment_intent",
    "refunds": "refund",
    "disputes": "dispute",
}
"""Path below ``/v1/`` → the kind of what is read there."""


@dataclass(frozen=True, slots=True)
class Settings:
    """``secret`` is what clients bear; ``webhook_secret`` signs what is told to ``webhook_url``."""

    base_url: str
    webhook_url: str
    secret: str
    webhook_secret: str
    authority: Path | None = None


def form(raw: bytes) -> Object:
    """Stripe's form encoding as JSON: ``a[b][0][c]=d``."""
    fields: Object = {}
    for name, value in parse_qsl(raw.decode(), keep_blank_values=True, max_num_fields=500):
        path = [part for part in re.split(r"[\[\]]", name) if part]
        place = fields
        for part in path[:-1]:
            place = place.setdefault(part, {})
            if not isinstance(place, dict):
                raise checkout.Invalid("expected another form", name)
        place[path[-1]] = value
    return {name: listed(value) for name, value in fields.items()}


def listed(value: object) -> object:
    """``{"0": …, "1": …}`` is a list."""
    if not isinstance(value, dict):
        return value
    inner = {key: listed(part) for key, part in value.items()}
    return (
        [inner[str(place)] for place in range(len(inner))] if set(inner) == set(map(str, range(len(inner)))) else inner
    )


def refused(status: int, type: str, message: str, param: str = "") -> JSONResponse:
    error = {"type": type, "message": message, **({"param": param} if param else {})}
    return JSONResponse({"error": error}, status)


class Api:
    """Stripe's endpoints, as many as the portal uses."""

    def __init__(self, ledger: Ledger, settings: Settings) -> None:
        self._ledger, self._settings = ledger, settings

    async def open_session(self, request: Request) -> Response:
        return await self._once(request, partial(checkout.open_session, base_url=self._settings.base_url))

    async def refund(self, request: Request) -> Response:
        return await self._once(request, checkout.refund)

    async def read(self, request: Request) -> Response:
        """One object of the kind that the path names."""
        if not self._is_client(request):
            return refused(401, "invalid_request_error", "expected the secret key")
        kind = KINDS[request.url.path.removeprefix("/v1/").rpartition("/")[0]]
        found = self._ledger.get(request.path_params["id"])
        if found is None or found["object"] != kind:
            return refused(404, "invalid_request_error", f"no such {kind}", "id")
        return JSONResponse(found)

    async def _once(self, request: Request, make: Callable[[Ledger, Object], Object]) -> Response:
        """Makes the object, or answers as before for a key that was seen with the same request."""
        if not self._is_client(request):
            return refused(401, "invalid_request_error", "expected the secret key")
        raw = await request.body()
        key = f"{request.url.path} {request.headers.get('idempotency-key', '')}"
        fingerprint = hashlib.sha256(raw).hexdigest()
        try:
            is_json = request.headers.get("content-type", "").startswith("application/json")
            fields = json.loads(raw) if is_json else form(raw)
            with self._ledger.changing():
                made = self._ledger.answered(key, fingerprint) if key[-1] != " " else None
                if made is None:
                    made = make(self._ledger, fields)
                    if key[-1] != " ":
                        self._ledger.remember(key, fingerprint, made)
        except KeyReused:
            return refused(400, "idempotency_error", "the key was used with another request")
        except checkout.Invalid as invalid:
            return refused(400, "invalid_request_error", str(invalid), invalid.param)
        except (ValueError, IndexError, AttributeError):
            return refused(400, "invalid_request_error", "expected another form of the request")
        return JSONResponse(made)

    def _is_client(self, request: Request) -> bool:
        given = request.headers.get("authorization", "").encode()
        return hmac.compare_digest(given, f"Bearer {self._settings.secret}".encode())


class Pages:
    """The hosted page, and the page that shows the ledger and plays the bank."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    async def pay(self, request: Request) -> Response:
        session = self._session(request)
        if session["status"] != "open":
            return page("This payment is closed", f'<p><a href="{html.escape(session["cancel_url"])}">Back</a></p>')
        buttons = (
            '<button class="first" name="outcome" value="pay">Pay</button>'
            '<button name="outcome" value="decline">Card is declined</button>'
            '<button name="outcome" value="pending">Bank answers later</button>'
        )
        back = f'<p><a href="{html.escape(session["cancel_url"])}">Cancel and go back</a></p>'
        return page(f"Pay {amount(session)}", f'<form method="post">{buttons}</form>{back}')

    async def answer(self, request: Request) -> Response:
        outcome = form(await request.body()).get("outcome")
        session = self._session(request)  # after the last wait: nothing comes between looking and changing
        with self._ledger.changing():
            match outcome:
                case "pay":
                    session = checkout.pay(self._ledger, session, settled=True)
                case "pending":
                    session = checkout.pay(self._ledger, session, settled=False)
                case "decline":
                    session = checkout.expire(self._ledger, session)
                case "settle":
                    checkout.settle(self._ledger, session, succeeded=True)
                case "refuse":
                    checkout.settle(self._ledger, session, succeeded=False)
                case "dispute":
                    checkout.dispute(self._ledger, session)
                case "win":
                    checkout.decide(self._ledger, session, won=True)
                case "lose":
                    checkout.decide(self._ledger, session, won=False)
                case _:
                    raise HTTPException(400)
        if outcome in {"settle", "refuse", "dispute", "win", "lose"}:
            return RedirectResponse("/", 303)
        return RedirectResponse(session["success_url" if session["status"] == "complete" else "cancel_url"], 303)

    async def overview(self, request: Request) -> Response:
        rows = "".join(self._row(session) for session in reversed(self._ledger.all("checkout.session")))
        return page("Payments", f"<table>{rows}</table>" if rows else "<p>None yet.</p>")

    async def as_json(self, request: Request) -> Response:
        return JSONResponse(self._ledger.as_json())

    def _session(self, request: Request) -> Object:
        session = self._ledger.get(request.path_params["id"])
        if session is None or session["object"] != "checkout.session":
            raise HTTPException(404)
        return session

    def _row(self, session: Object) -> str:
        disputes = {"dispute": "Dispute", "win": "Practice wins", "lose": "Practice loses"}
        actions = {"settle": "Bank pays", "refuse": "Bank refuses"} if pending(session) else disputes
        shown = actions if session["status"] == "complete" else {}
        buttons = "".join(f'<button name="outcome" value="{name}">{text}</button>' for name, text in shown.items())
        form = f'<form method="post" action="/pay/{session["id"]}">{buttons}</form>'
        return f"<tr><td>{amount(session)}<td>{session['status']}<td>{session['payment_status']}<td>{form}</tr>"


def pending(session: Object) -> bool:
    return bool(session["status"] == "complete" and session["payment_status"] == "unpaid")


def amount(session: Object) -> str:
    cents = session["amount_total"]
    return f"{cents // 100}.{cents % 100:02d} {html.escape(session['currency'].upper())}"


async def tell_events(ledger: Ledger, settings: Settings) -> None:
    """Sends what is due, again and again, until each event was answered with 2xx."""
    verify = ssl.create_default_context(cafile=settings.authority)
    async with httpx.AsyncClient(verify=verify, timeout=WEBHOOK_SECONDS, trust_env=False) as client:
        while True:
            checkout.expire_old(ledger)
            for event in ledger.due():
                if await told(client, settings, event):
                    ledger.delivered(event)
                else:
                    ledger.failed(event)
            await asyncio.sleep(POLL_SECONDS)


async def told(client: httpx.AsyncClient, settings: Settings, event: Event) -> bool:
    headers = {"stripe-signature": sign(settings.webhook_secret, event.body), "content-type": "application/json"}
    try:
        return (await client.post(settings.webhook_url, content=event.body, headers=headers)).is_success
    except httpx.HTTPError:
        return False


def sign(secret: str, body: bytes, at: int | None = None) -> str:
    """Stripe's signature: HMAC-SHA-256 over ``<seconds>.<raw body>``."""
    seconds = int(time.time()) if at is None else at
    return f"t={seconds},v1={hmac.new(secret.encode(), f'{seconds}.'.encode() + body, hashlib.sha256).hexdigest()}"


def application(folder: Path, settings: Settings) -> Starlette:
    ledger = Ledger(private_folder(folder) / "ledger.sqlite")
    api, pages = Api(ledger, settings), Pages(ledger)

    @asynccontextmanager
    async def telling(app: Starlette) -> AsyncIterator[None]:
        task = asyncio.create_task(tell_events(ledger, settings))
        yield
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        ledger.close()

    routes = [
        Route("/v1/checkout/sessions", api.open_session, methods=["POST"]),
        *(Route(f"/v1/{path}/{{id}}", api.read, methods=["GET"]) for path in KINDS),
        Route("/v1/refunds", api.refund, methods=["POST"]),
        Route("/pay/{id}", pages.pay, methods=["GET"]),
        Route("/pay/{id}", pages.answer, methods=["POST"]),
        Route("/ledger.json", pages.as_json),
        Route("/", pages.overview),
    ]
    hosts = Middleware(TrustedHostMiddleware, allowed_hosts=[HOST, "localhost"])
    return Starlette(routes=routes, middleware=[hosts], lifespan=telling)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--secrets", type=Path, required=True)
    parser.add_argument("--authority", type=Path, required=True)
    parser.add_argument("--webhook", required=True)
    parser.add_argument("--port", type=int, required=True)
    given = parser.parse_args()
    secret, webhook_secret = read_password(given.secrets, "processor"), read_password(given.secrets, "webhook")
    served = Settings(f"http://{HOST}:{given.port}", given.webhook, secret, webhook_secret, given.authority)
    uvicorn.run(application(given.folder, served), host=HOST, port=given.port, log_level="warning", access_log=False)
