"""Forms of other sites are refused before anything reads them; every answer carries the headers that confine it."""

import asyncio
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from web.guard import (
    MOST_BYTES,
    MOST_MESSAGE_BYTES,
    MOST_UPLOAD_BYTES,
    Guard,
    headers_of,
    is_own_form,
    most_bytes,
)
from web.settings import WebSettings

OWN = "https://portal.example"
POLICY = "content-security-policy"


def settings(mode: str = "demo") -> WebSettings:
    return WebSettings.model_validate(
        {
            "mode": mode,
            "certificates": Path("/nowhere"),
            "jwks": Path("/nowhere"),
            "public_url": OWN,
            "web": "127.0.0.1:8440",
            "processor_url": "http://127.0.0.1:9000/" if mode == "demo" else "",
        }
    )


def asked(method: str, path: str, headers: dict[str, str] | None = None) -> httpx.Response:
    """What the guarded application answers."""

    async def answer(request: Request) -> Response:
        return PlainTextResponse("done")

    routes = [Route("/{path:path}", answer, methods=["GET", "POST"])]
    refusal = PlainTextResponse("refused", 403)
    app = Starlette(routes=routes, middleware=[Middleware(Guard, settings=settings(), refusal=refusal)])

    async def ask() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=OWN) as client:
            return await client.request(method, path, headers=headers)

    return asyncio.run(ask())


@pytest.mark.parametrize(
    ("headers", "is_own"),
    [
        ({"sec-fetch-site": "same-origin", "origin": OWN}, True),
        ({"sec-fetch-site": "same-origin", "origin": "null"}, True),
        ({"sec-fetch-site": "none"}, True),
        ({"sec-fetch-site": "cross-site", "origin": OWN}, False),
        ({"sec-fetch-site": "same-site", "origin": "https://evil.portal.example"}, False),
        ({"origin": OWN}, True),
        ({"origin": "https://portal.example.evil"}, False),
        ({"origin": "http://portal.example"}, False),
        ({"origin": "null"}, False),
        ({}, False),
    ],
)
def test_a_form_counts_only_from_a_page_of_the_portal(headers: dict[str, str], is_own: bool) -> None:
    assert is_own_form(Headers(headers), OWN) is is_own
    answer = asked("POST", "/patients/x/conversations/new", headers)
    assert (answer.status_code, answer.text == "done") == ((200, True) if is_own else (403, False))


def test_a_page_may_be_opened_from_anywhere() -> None:
    assert asked("GET", "/invitation/x/y", {"sec-fetch-site": "cross-site"}).status_code == 200


def test_r3_nothing_of_a_third_party_is_loaded_and_nobody_frames_the_portal() -> None:
    policy = asked("GET", "/").headers["content-security-policy"]
    assert policy == (
        "default-src 'none'; style-src 'self'; img-src 'self'; font-src 'self'; "
        "form-action 'self' http://127.0.0.1:9000; frame-ancestors 'none'; base-uri 'none'"
    )


def test_pages_are_not_kept_and_not_sniffed() -> None:
    headers = asked("GET", "/").headers
    assert headers["cache-control"] == "no-store"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"


@pytest.mark.parametrize(
    "path",
    [
        "/invitation/x/secret",
        "/staff-invitation/x/secret",
        "/invitation/x/secret/join",
        "/recovery/x/secret",
        "/shared-record/x/secret",
    ],
)
def test_link_pages_tell_nobody_where_one_came_from(path: str) -> None:
    assert asked("GET", path).headers["referrer-policy"] == "no-referrer"


def test_a_refused_form_carries_the_same_headers() -> None:
    answer = asked("POST", "/", {"sec-fetch-site": "cross-site"})
    assert set(headers_of(settings())) <= set(answer.headers)


def test_browsers_are_told_to_keep_to_tls_in_production_only() -> None:
    assert "strict-transport-security" in headers_of(settings("production"))
    assert "strict-transport-security" not in headers_of(settings())


def test_in_production_the_payment_form_leads_to_stripe_only() -> None:
    assert "form-action 'self' https://checkout.stripe.com;" in headers_of(settings("production"))[POLICY]


@pytest.mark.parametrize(
    ("path", "most"),
    [
        ("/patients/p/conversations/c", MOST_MESSAGE_BYTES),
        ("/patients/p/conversations/new", MOST_MESSAGE_BYTES),
        ("/practices/q/conversations/c", MOST_MESSAGE_BYTES),
        ("/practices/q/patients/p/conversations/new", MOST_MESSAGE_BYTES),
        ("/practices/q/patients/p/documents/new", MOST_UPLOAD_BYTES),
        ("/patients/p/conversations", MOST_BYTES),
        ("/practices/q/conversations/c/settle", MOST_BYTES),
        ("/shared-record/x/secret", MOST_BYTES),
    ],
)
def test_r4_only_forms_with_files_may_be_large(path: str, most: int) -> None:
    assert most_bytes(path) == most


UPLOAD = "/practices/1/patients/2/documents/new"


@pytest.mark.parametrize(
    ("path", "count", "status"),
    [
        ("/account/password", MOST_BYTES, 200),
        ("/account/password", MOST_BYTES + 1, 413),
        (UPLOAD, MOST_BYTES + 1, 200),
        (UPLOAD, MOST_UPLOAD_BYTES + 1, 413),
        (f"/x{UPLOAD}", MOST_BYTES + 1, 413),
        (f"{UPLOAD}/x", MOST_BYTES + 1, 413),
    ],
)
def test_only_the_page_that_takes_files_reads_as_much_as_a_file(path: str, count: int, status: int) -> None:
    async def answer(request: Request) -> Response:
        return PlainTextResponse(str(len(await request.body())))

    app = Starlette(
        routes=[Route("/{path:path}", answer, methods=["POST"])],
        middleware=[Middleware(Guard, settings=settings(), refusal=PlainTextResponse("refused", 403))],
    )

    async def send() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=OWN) as client:
            return await client.post(path, content=b"x" * count, headers={"origin": OWN})

    assert asyncio.run(send()).status_code == status
