"""What takes two admins: making an admin, and erasing a patient (R43). One asks, another confirms within 72 hours."""

from collections.abc import Awaitable
from typing import Protocol

from starlette.responses import Response

from shared.contracts.identity.v1 import api_pb2 as identity
from shared.errors import NotFound
from web.acting import Desk, at_desk, patient_at
from web.forms import Form
from web.language import N_
from web.page import Page
from web.pages.staff.patients import HERE, back_to, full
from web.sheet import FormPage, Sheet


async def waiting(page: Page) -> Response:
    desk = await at_desk(page, "admin")
    proposals = await _proposals(page, desk)
    erasures = await _erasures(page, desk)
    ids = [one.proposed_by for one in proposals]
    ids += [one for erasure in erasures for one in (erasure.patient_id, erasure.requested_by)]
    return page.render(
        "staff/confirmations.html",
        proposals=proposals,
        erasures=erasures,
        names=await page.names(ids),
        alone=bool(proposals or erasures) and await has_one_admin(page.site.portal.identity, desk.practice_id),
        here="staff",
    )


class Staff(Protocol):
    """As much of identity as counting admins needs."""

    def ListStaff(self, request: identity.ListStaffRequest, /) -> Awaitable[identity.ListStaffResponse]: ...


async def has_one_admin(staff: Staff, practice_id: str) -> bool:
    """Then nobody of the practice can confirm, and operations does: by the ids that the page shows (R43)."""
    admins, token = 0, ""
    while True:
        request = identity.ListStaffRequest(practice_id=practice_id, page_size=200, page_token=token)
        found = await staff.ListStaff(request)
        admins += sum(one.state == "active" and "admin" in one.roles for one in found.staff)
        token = found.next_page_token
        if not token or admins > 1:
            return admins == 1


async def _proposals(page: Page, desk: Desk) -> list[identity.AdminProposal]:
    request = identity.ListAdminProposalsRequest(practice_id=desk.practice_id)
    return list((await page.site.portal.identity.ListAdminProposals(request)).proposals)


async def _erasures(page: Page, desk: Desk) -> list[identity.ErasureRequest]:
    request = identity.ListErasureRequestsRequest(practice_id=desk.practice_id)
    return list((await page.site.portal.identity.ListErasureRequests(request)).requests)


async def _proposal(page: Page, desk: Desk) -> identity.AdminProposal:
    wanted = page.id("proposal_id")
    found = next((one for one in await _proposals(page, desk) if one.proposal_id == wanted), None)
    if found is None:
        raise NotFound
    return found


def _back(desk: Desk) -> tuple[str, str]:
    return f"{desk.path}/confirmations", N_("Waits for a second admin")


def _seen(page: Page, position: str) -> Response:
    return page.see(f"/practices/{page.id('practice_id')}/confirmations", position)


async def _ask_admin(page: Page) -> Sheet:
    desk = await at_desk(page, "admin")
    proposal = await _proposal(page, desk)
    return Sheet(
        title=N_("Make {name} an admin"),
        fields=[],
        submit=N_("Confirm"),
        intro=[N_("An admin invites and ends staff, sees the access log and changes the practice's settings.")],
        back=_back(desk),
        here="staff",
        blanks={"name": full(proposal.name)},
        danger=True,
    )


async def _confirm_admin(page: Page, form: Form) -> Response:
    request = identity.ConfirmAdminRequest(practice_id=page.id("practice_id"), proposal_id=page.id("proposal_id"))
    return _seen(page, (await page.site.portal.identity.ConfirmAdmin(request)).position)


async def _ask_decline(page: Page) -> Sheet:
    desk = await at_desk(page, "admin")
    proposal = await _proposal(page, desk)
    return Sheet(
        title=N_("Do not make {name} an admin"),
        fields=[],
        submit=N_("Decline"),
        back=_back(desk),
        here="staff",
        blanks={"name": full(proposal.name)},
    )


async def _decline(page: Page, form: Form) -> Response:
    request = identity.DeclineAdminRequest(practice_id=page.id("practice_id"), proposal_id=page.id("proposal_id"))
    return _seen(page, (await page.site.portal.identity.DeclineAdmin(request)).position)


async def _ask_erasure(page: Page) -> Sheet:
    desk = await at_desk(page, "admin")
    patient = await patient_at(page, desk)
    return Sheet(
        title=N_("Ask to erase {name}"),
        fields=[],
        submit=N_("Ask to erase"),
        intro=[
            N_("Once another admin confirms, nobody can read this patient's data any more, in backups neither."),
            N_("Look first at how long the law has records kept."),
        ],
        back=back_to(desk, patient),
        here=HERE,
        blanks={"name": full(patient.name)},
        danger=True,
    )


async def _request_erasure(page: Page, form: Form) -> Response:
    request = identity.RequestErasureRequest(patient_id=page.id("patient_id"))
    return _seen(page, (await page.site.portal.identity.RequestErasure(request)).position)


async def _ask_confirm_erasure(page: Page) -> Sheet:
    desk = await at_desk(page, "admin")
    patient = await patient_at(page, desk)
    return Sheet(
        title=N_("Erase {name}"),
        fields=[],
        submit=N_("Erase for ever"),
        intro=[N_("This cannot be undone: nobody can read this patient's data any more, in backups neither.")],
        back=_back(desk),
        here="staff",
        blanks={"name": full(patient.name)},
        danger=True,
    )


async def _confirm_erasure(page: Page, form: Form) -> Response:
    request = identity.ConfirmErasureRequest(patient_id=page.id("patient_id"), request_id=page.id("request_id"))
    return _seen(page, (await page.site.portal.identity.ConfirmErasure(request)).position)


async def _ask_withdraw(page: Page) -> Sheet:
    desk = await at_desk(page, "admin")
    patient = await patient_at(page, desk)
    return Sheet(
        title=N_("Do not erase {name}"),
        fields=[],
        submit=N_("Withdraw"),
        back=_back(desk),
        here="staff",
        blanks={"name": full(patient.name)},
    )


async def _withdraw(page: Page, form: Form) -> Response:
    request = identity.WithdrawErasureRequest(patient_id=page.id("patient_id"), request_id=page.id("request_id"))
    return _seen(page, (await page.site.portal.identity.WithdrawErasure(request)).position)


CONFIRM_ADMIN = FormPage(_ask_admin, _confirm_admin)
DECLINE_ADMIN = FormPage(_ask_decline, _decline)
REQUEST_ERASURE = FormPage(_ask_erasure, _request_erasure)
CONFIRM_ERASURE = FormPage(_ask_confirm_erasure, _confirm_erasure)
WITHDRAW_ERASURE = FormPage(_ask_withdraw, _withdraw)
