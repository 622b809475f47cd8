"""Pages for everybody: help, privacy, and the files that pages are dressed with."""

from starlette.responses import Response

from shared.contracts.identity.v1 import api_pb2
from shared.errors import PortalError
from web.page import Page


async def help_page(page: Page) -> Response:
    """Having trouble? With the support of the practices, also signed out (R31)."""
    return page.render("help.html", practices=await _practices(page), here="")


async def privacy_policy(page: Page) -> Response:
    return page.render("privacy_policy.html", here="")


async def privacy_practices(page: Page) -> Response:
    return page.render("privacy_practices.html", practices=await _practices(page), here="")


async def _practices(page: Page) -> list[api_pb2.Practice]:
    """All practices; none while identity does not answer: the page says more than these."""
    try:
        return await page.site.practices.all()
    except PortalError:
        return page.site.practices.remembered()
