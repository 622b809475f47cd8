"""Web over real gRPC channels to services that do not answer: pages say so, and nothing is a dead end."""

import re
from collections.abc import AsyncIterator
from itertools import product
from pathlib import Path
from uuid import UUID

import httpx
import pytest

from deploy.local.certificates import make_certificates
from deploy.local.ports import free_ports
from shared.clock import monotonic
from shared.contracts.identity.v1 import api_pb2
from shared.rpc import client
from web.app import application
from web.guard import MOST_BYTES
from web.settings import WebSettings

OWN = "https://portal.example"
FROM_A_PAGE = {"sec-fetch-site": "same-origin"}
FORM = "application/x-www-form-urlencoded"
COOKIE = {"cookie": f"__Host-session={'c' * 43}"}


@pytest.fixture
async def pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[httpx.AsyncClient]:
    """The application in this process; each service's address is a port where nobody listens."""
    make_certificates(tmp_path)
    monkeypatch.setattr(client, "PAUSES_SECONDS", ())
    ports = free_ports(10)
    for place, service in enumerate(("identity", "consent", "messaging", "documents", "billing")):
        monkeypatch.setenv(f"PORTAL_{service.upper()}_API", f"127.0.0.1:{ports[2 * place]}")
        monkeypatch.setenv(f"PORTAL_{service.upper()}_PEERS", f"127.0.0.1:{ports[2 * place + 1]}")
    given = {"mode": "demo", "certificates": tmp_path, "jwks": tmp_path, "public_url": OWN, "web": "127.0.0.1:1"}
    app = application(WebSettings.model_validate(given))
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=OWN) as browser,
    ):
        yield browser


async def test_whoever_is_not_signed_in_is_led_to_the_sign_in_page_and_back(pages: httpx.AsyncClient) -> None:
    answer = await pages.get("/patients/1/results?page=abc")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/sign-in?next=%2Fpatients%2F1%2Fresults%3Fpage%3Dabc"


@pytest.mark.parametrize(
    "path",
    [
        "/sign-in",
        "/help",
        "/privacy-policy",
        "/privacy-practices",
        "/static/portal.css",
        "/recovery",
        "/recovery/user-name",
        "/recovery/details",
        "/recovery/token",
        "/recovery/sent",
    ],
)
async def test_pages_for_everybody_need_no_service(pages: httpx.AsyncClient, path: str) -> None:
    answer = await pages.get(path)
    assert answer.status_code == 200
    assert "<script" not in answer.text


async def test_r41_the_language_is_kept_in_a_cookie(pages: httpx.AsyncClient) -> None:
    answer = await pages.get("/sign-in?language=es")
    assert "Nombre de usuario" in answer.text
    assert '<html lang="es">' in answer.text
    assert answer.headers["set-cookie"].startswith("__Host-language=es; HttpOnly;")
    assert "User name" in (await pages.get("/sign-in?language=xx", headers={"cookie": ""})).text


async def test_r34_a_service_that_does_not_answer_gives_a_page_with_a_way_on(pages: httpx.AsyncClient) -> None:
    answer = await pages.get("/account", headers=COOKIE)
    assert answer.status_code == 503
    assert "Load the page again" in answer.text
    assert "Call your practice" in answer.text
    assert 'href="/help"' in answer.text


async def test_a_form_that_could_not_be_sent_keeps_what_was_typed_but_no_password(pages: httpx.AsyncClient) -> None:
    typed = {"user_name": "ada.quist", "password": "correct horse battery", "key": "not a uuid"}
    answer = await pages.post("/sign-in", data=typed, headers=FROM_A_PAGE)
    assert answer.status_code == 422
    assert 'value="ada.quist"' in answer.text
    assert "correct horse" not in answer.text
    assert re.search(r'name="key" value="[0-9a-f-]{36}"', answer.text)


async def test_an_empty_form_says_what_is_missing_beside_each_field(pages: httpx.AsyncClient) -> None:
    answer = await pages.post("/sign-in", data={}, headers=FROM_A_PAGE)
    assert answer.status_code == 422
    for field in ("user_name", "password"):
        assert f'href="#{field}"' in answer.text
        assert f'id="{field}-wrong"' in answer.text
        assert f'aria-describedby="{field}-wrong"' in re.sub(r"\s+", " ", answer.text).replace('=" ', '="')


async def test_what_was_typed_is_text_and_never_markup(pages: httpx.AsyncClient) -> None:
    evil = '"><script>alert(1)</script>{{ 7777*7777 }}'
    answer = await pages.post("/sign-in", data={"user_name": evil, "next": "//evil.example"}, headers=FROM_A_PAGE)
    assert "<script>" not in answer.text
    assert "60481729" not in answer.text
    assert "evil.example" not in answer.text


async def test_forms_of_other_sites_are_refused(pages: httpx.AsyncClient) -> None:
    answer = await pages.post("/sign-in", data={}, headers={"sec-fetch-site": "cross-site"})
    assert answer.status_code == 403


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nowhere", 404),
        ("GET", "/sign-out", 405),
        ("DELETE", "/sign-in", 405),
        ("GET", "/static/../app.py", 404),
        ("GET", "/static/%2e%2e/settings.py", 404),
    ],
)
async def test_unknown_pages_and_wrong_methods_are_said_with_a_way_on(
    pages: httpx.AsyncClient, method: str, path: str, status: int
) -> None:
    answer = await pages.request(method, path, headers=FROM_A_PAGE)
    assert answer.status_code == status
    assert 'href="/"' in answer.text


async def test_a_body_too_large_is_refused(pages: httpx.AsyncClient) -> None:
    answer = await pages.post("/sign-in", data={"user_name": "x" * 400_000}, headers=FROM_A_PAGE)
    assert answer.status_code == 413
    assert "too large" in answer.text


async def test_a_head_is_answered_like_a_get(pages: httpx.AsyncClient) -> None:
    assert (await pages.head("/sign-in")).status_code == 200


def remember(pages: httpx.AsyncClient) -> None:
    """Web has heard of one practice before identity went silent."""
    transport = pages._transport
    assert isinstance(transport, httpx.ASGITransport)
    practice = api_pb2.Practice(
        practice_id=str(UUID(int=1)),
        name="Elm Street Practice",
        support_phone="555-0100",
        support_email="help@elm.example",
        support_hours="Mon-Fri 9-5",
        time_zone="America/New_York",
    )
    transport.app.state.site.practices._all = (monotonic(), [practice])  # type: ignore[attr-defined]  # Starlette's


SEEN: list[tuple[str, str, dict[str, str], bytes, int]] = [
    ("GET", "/no/such/page", {}, b"", 404),
    ("GET", "/static/no-such-file.css", {}, b"", 404),
    ("DELETE", "/sign-in", FROM_A_PAGE, b"", 405),
    ("POST", "/sign-in", {"sec-fetch-site": "cross-site"}, b"user_name=ada", 403),
    ("DELETE", "/sign-in", {}, b"", 403),
    ("POST", "/sign-in", {**FROM_A_PAGE, "content-type": FORM}, b"user_name=" + b"a" * (MOST_BYTES + 1), 413),
    ("POST", "/sign-in", {**FROM_A_PAGE, "content-type": "multipart/form-data"}, b"--y", 400),
    ("GET", "/account", COOKIE, b"", 503),
]


async def test_r34_every_answer_that_a_person_could_see_names_the_practices_support(pages: httpx.AsyncClient) -> None:
    remember(pages)
    for (method, path, headers, content, status), language in product(SEEN, ("en", "es")):
        answer = await pages.request(method, path, headers={"accept-language": language, **headers}, content=content)
        about = f"{method} {path} {status} {language}"
        assert answer.status_code == status, about
        assert answer.headers["content-type"].startswith("text/html"), about
        assert answer.headers["content-security-policy"].startswith("default-src 'none'"), about
        assert f'<html lang="{language}">' in answer.text, about
        for detail in ("Elm Street Practice", "555-0100", "help@elm.example", "Mon-Fri 9-5", 'href="/help"'):
            assert detail in answer.text, about


async def test_r34_a_failure_page_that_fails_is_a_page_with_support_still(
    pages: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    remember(pages)

    async def broken(*_: object) -> None:
        raise RuntimeError("expected nothing")

    monkeypatch.setattr("web.failures.shown", broken)
    transport = httpx.ASGITransport(pages._transport.app, raise_app_exceptions=False)  # type: ignore[attr-defined]  # as above
    async with httpx.AsyncClient(transport=transport, base_url=OWN) as browser:
        answer = await browser.get("/no/such/page")
    assert (answer.status_code, "555-0100" in answer.text) == (500, True)
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert "expected nothing" not in answer.text


async def test_r34_a_foreign_form_is_refused_unread_and_without_a_look_at_the_session(pages: httpx.AsyncClient) -> None:
    async def endless() -> AsyncIterator[bytes]:
        yield b"user_name="
        raise AssertionError("the body was read")

    foreign = {"sec-fetch-site": "cross-site", "content-type": FORM, **COOKIE}
    answer = await pages.post("/account/password", headers=foreign, content=endless())
    assert answer.status_code == 403
    assert "/sign-in" in answer.text
    assert "set-cookie" not in answer.headers
