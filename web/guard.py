"""What holds for every answer and every form: same origin, security headers, nothing of a third party."""

import re
from collections.abc import Mapping

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from web.settings import WebSettings

LINK_PAGES = ("/invitation/", "/staff-invitation/", "/recovery/", "/address-confirmation/", "/shared-record/", "/sign/")
"""Their path holds a secret: no other page may be told where one came from."""
UPLOAD_PAGES = re.compile(
    r"/practices/[^/]+/patients/[^/]+/"
    r"(documents/new|consents/new|releases/new|emancipation|authorizations/[^/]+/documents)"
)
"""Their form holds a file."""
READING = frozenset({"GET", "HEAD"})
MOST_BYTES = 256 * 1024
"""Of a form: the longest text has 10,000 characters."""
MOST_UPLOAD_BYTES = 10 * 1024 * 1024 + MOST_BYTES
"""Of a form with a file: documents takes 10 MB."""
MESSAGE_PAGES = re.compile(r"(/patients/[^/]+|/practices/[^/]+(/patients/[^/]+)?)/conversations/[^/]+")
MOST_MESSAGE_BYTES = 50 * 1024 * 1024 + MOST_BYTES
"""Of a message with its five files (R4)."""


def headers_of(settings: WebSettings) -> Mapping[str, str]:
    """The same for all pages; a handler may set stricter ones."""
    policy = (
        "default-src 'none'; style-src 'self'; img-src 'self'; font-src 'self'; "
        f"form-action 'self' {settings.checkout_origin}; frame-ancestors 'none'; base-uri 'none'"
    )
    headers = {
        "content-security-policy": policy,
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
        "referrer-policy": "same-origin",
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
        "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
        "cache-control": "no-store",
    }
    if settings.is_production:
        headers["strict-transport-security"] = "max-age=31536000"
    return headers


def is_own_form(headers: Headers, public_url: str) -> bool:
    """Whether a POST comes from a page of the portal, as the browser says.

    Browsers since 2023 send ``Sec-Fetch-Site`` (``none``: the person loads the page again); others send ``Origin``.
    A request with neither is no browser's form.
    """
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site in {"same-origin", "none"}
    return headers.get("origin") == public_url


def most_bytes(path: str) -> int:
    if MESSAGE_PAGES.fullmatch(path):
        return MOST_MESSAGE_BYTES
    return MOST_UPLOAD_BYTES if UPLOAD_PAGES.fullmatch(path) else MOST_BYTES


def limited(receive: Receive, most: int) -> Receive:
    """The same body, but HTTPException 413 for one that is too large, whatever length it said it has."""
    received = 0

    async def counted() -> Message:
        nonlocal received
        message = await receive()
        received += len(message.get("body", b""))
        if received > most:
            raise HTTPException(413)
        return message

    return counted


async def unread() -> Message:
    """In the place of a body that nothing reads."""
    return {"type": "http.request", "body": b"", "more_body": False}


class Guard:
    """Outermost of the application: refuses foreign forms before anything reads them.

    ``refusal`` answers in their place; it sees the request, and no body.
    """

    def __init__(self, app: ASGIApp, settings: WebSettings, refusal: ASGIApp) -> None:
        self._app, self._settings, self._refusal = app, settings, refusal
        self._headers = headers_of(settings)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        answered = self._sending(scope["path"], send)
        if scope["method"] in READING or is_own_form(Headers(scope=scope), self._settings.public_url):
            await self._app(scope, limited(receive, most_bytes(scope["path"])), answered)
        else:
            await self._refusal(scope, unread, answered)

    def _sending(self, path: str, send: Send) -> Send:
        async def answered(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
                if path.startswith(LINK_PAGES):
                    headers["referrer-policy"] = "no-referrer"
            await send(message)

        return answered
