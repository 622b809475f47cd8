"""A patient's first page and inbox."""

from starlette.responses import Response

from shared.contracts.messaging.v1 import api_pb2 as messaging
from web.acting import Acting, acting_for
from web.page import Page

FEW = 5

PAGES = {
    "message": "conversations",
    "result": "results",
    "document": "documents",
    "statement": "statements",
    "appointment": "appointments",
    "refill": "refills",
    "provider": "appointments",
}
"""Kind of an inbox item → the pages that show its object."""
LISTED_ONLY = frozenset({"appointments", "refills"})


def path_of(acting: Acting, item: messaging.InboxItem) -> str:
    """Where to look an inbox item up; '' where it has no page of its own."""
    page = PAGES.get(item.kind)
    if page is None:
        return ""
    return f"{acting.path}/{page}" if page in LISTED_ONLY else f"{acting.path}/{page}/{item.object_id}"


async def _items(page: Page, acting: Acting, *, size: int, token: str = "") -> messaging.ListInboxResponse:
    request = messaging.ListInboxRequest(patient_id=acting.patient_id, page_size=size, page_token=token)
    return await page.site.portal.messaging.ListInbox(request)


async def overview(page: Page) -> Response:
    acting = await acting_for(page)
    found = await _items(page, acting, size=FEW)
    names = await page.names(item.provider_id for item in found.items)
    return page.render("patient/home.html", items=found.items, names=names, path_of=path_of, here="home")


async def inbox(page: Page) -> Response:
    acting = await acting_for(page)
    found = await _items(page, acting, size=0, token=page.more)
    names = await page.names(item.provider_id for item in found.items)
    return page.render(
        "patient/inbox.html",
        items=found.items,
        names=names,
        path_of=path_of,
        next=found.next_page_token,
        here="inbox",
    )
