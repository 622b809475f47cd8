"""What waits or is held at a practice, approval of many with 30 seconds to undo, and tasks (R14)."""

from collections.abc import Sequence

from starlette.responses import Response

from shared.contracts.documents.v1 import api_pb2 as documents
from web.acting import at_desk
from web.forms import Form
from web.language import N_
from web.page import Page

CLINICAL = ("provider", "clinical")
HERE = "approvals"
UNDO_SECONDS = 30
"""R14: how long an approval of many can be undone."""


async def approvals(page: Page) -> Response:
    """``?held=yes``: what is held instead."""
    return await _show(page, Form())


async def _show(page: Page, form: Form) -> Response:
    desk = await at_desk(page, *CLINICAL)
    held = page.request.query_params.get("held") == "yes"
    request = documents.ListPendingResultsRequest(practice_id=desk.practice_id, page_token=page.more, held=held)
    found = await page.site.portal.documents.ListPendingResults(request)
    return page.render(
        "staff/approvals.html",
        form=form,
        results=found.results,
        held=held,
        names=await page.names(one.patient_id for one in found.results),
        next=found.next_page_token,
        here=HERE,
    )


async def approve(page: Page) -> Response:
    """Those ticked become visible after 30 seconds; the page that says so can undo it."""

    async def act(form: Form) -> Response:
        desk = await at_desk(page, "provider")
        ticked = _ticked(form)
        approved = await page.site.portal.documents.ApproveResults(
            documents.ApproveResultsRequest(practice_id=desk.practice_id, **ticked)
        )
        return page.render(
            "staff/approved.html",
            ticked=[(name, one) for name, ids in ticked.items() for one in ids],
            key=Form().key,
            seconds=UNDO_SECONDS,
            after=approved.position,
            here=HERE,
        )

    return await page.submit(act, lambda form: _show(page, form))


async def undo(page: Page) -> Response:
    """They wait again."""

    async def act(form: Form) -> Response:
        practice_id = page.id("practice_id")
        request = documents.UndoApprovalRequest(practice_id=practice_id, **_ticked(form))
        undone = await page.site.portal.documents.UndoApproval(request)
        return page.see(f"/practices/{practice_id}/approvals", undone.position)

    return await page.submit(act, lambda form: _show(page, form))


def _ticked(form: Form) -> dict[str, Sequence[str]]:
    """Field of the request → ids, of results and of documents."""
    ticked = {name: form.all(name) for name in ("result_ids", "document_ids")}
    if not any(ticked.values()):
        form.blame("", N_("Tick at least one."))
    form.check()
    return ticked


async def tasks(page: Page) -> Response:
    """What this member of staff should decide on, or see to that somebody does."""
    desk = await at_desk(page, "provider", "admin")
    request = documents.ListReviewTasksRequest(practice_id=desk.practice_id)
    found = await page.site.portal.documents.ListReviewTasks(request)
    ids = [one.patient_id for one in found.tasks] + [one.ordering_provider_id for one in found.tasks]
    return page.render("staff/tasks.html", tasks=found.tasks, names=await page.names(ids), here="tasks")
