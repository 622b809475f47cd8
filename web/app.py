"""The application: the table of routes, served with a session, a language and the guard around it."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

from shared.errors import PortalError
from shared.rpc.metadata import calling
from web import failures
from web.failures import Failure
from web.guard import Guard, headers_of
from web.language import N_
from web.page import Page
from web.portal import Portal
from web.routes import WAYS, Way
from web.settings import WebSettings
from web.site import FOLDER, Site

STATIC_SECONDS = 24 * 3600

SORRY = {
    400: N_("This request could not be read."),
    404: failures.NOT_FOUND.text,
    405: N_("This page cannot be opened like that. Begin at the first page."),
    413: N_("What you sent is too large."),
}


class Static(StaticFiles):
    """The portal's own style and icon; their address changes with their contents."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers["cache-control"] = f"public, max-age={STATIC_SECONDS}"
        return response


def application(settings: WebSettings, portal: Portal | None = None) -> Starlette:
    """All pages over the services that the settings name."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        services = portal or Portal(settings)
        app.state.site = Site.of(settings, services)
        yield
        await services.close()

    return Starlette(
        routes=[*routes(WAYS), Mount("/static", Static(directory=FOLDER / "static"), name="static")],
        middleware=[Middleware(Guard, settings=settings, refusal=refuse_foreign_form)],
        exception_handlers={HTTPException: sorry, Exception: last_resort(settings)},
        lifespan=lifespan,
    )


def routes(ways: Sequence[Way]) -> list[BaseRoute]:
    """One route a path, so that a wrong method is told from a wrong path."""
    by_path: dict[str, dict[str, Way]] = {}
    for way in ways:
        by_path.setdefault(way.path, {})[way.method] = way
    return [Route(path, endpoint(by_method), methods=list(by_method)) for path, by_method in by_path.items()]


def endpoint(by_method: dict[str, Way]) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        way = by_method["GET" if request.method == "HEAD" else request.method]
        return await served(Page(request, request.app.state.site), way)

    return answer


async def served(page: Page, way: Way) -> Response:
    """One page: who asks is known first; what a service refuses becomes a page that says so."""
    try:
        with calling(client_address=page.browser.address):
            page.session = await page.site.sessions.of(page.browser)
        if way.signed_in and page.session is None:
            return page.to_sign_in()
        with calling(token=page.token, after=page.after, client_address=page.browser.address):
            try:
                return await way.handler(page)
            except PortalError as error:
                return await failures.refused(page, error)
    except HTTPException:
        raise
    except PortalError as error:
        return await failures.refused(page, error)
    except Exception as error:  # the outermost place: logged, and told as a page
        return await failures.unexpected(page, error)


async def sorry(request: Request, error: Exception) -> Response:
    """What the routing itself refuses: an unknown path, a wrong method, a body too large."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    page = Page(request, request.app.state.site)
    with calling(client_address=page.browser.address):
        with suppress(PortalError):  # only for whose support is shown
            page.session = await page.site.sessions.of(page.browser)
        with calling(token=page.token):
            return await failures.shown(page, Failure(status, SORRY.get(status, SORRY[400])))


async def refuse_foreign_form(scope: Scope, receive: Receive, send: Send) -> None:
    """Nobody's session is looked at for it: another site may have made the browser send it."""
    request = Request(scope, receive)
    page = Page(request, request.app.state.site)
    with calling(client_address=page.browser.address):
        response = await failures.shown(page, failures.FOREIGN_FORM)
    await response(scope, receive, send)


def last_resort(settings: WebSettings) -> Callable[[Request, Exception], Awaitable[Response]]:
    """Where a failure page itself fails, outside of the guard: whose headers it brings along."""

    async def answer(request: Request, error: Exception) -> Response:
        response = failures.last(Page(request, request.app.state.site), error)
        response.headers.update(headers_of(settings))
        return response

    return answer
