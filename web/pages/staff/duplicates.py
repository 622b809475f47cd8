"""Duplicate records at the desk (R44): proposals, joined records, joining, parting, and verifying access again."""

from collections.abc import Sequence

from starlette.responses import Response

from shared.contracts.consent.v1 import api_pb2 as consent
from shared.contracts.identity.v1 import api_pb2 as identity
from shared.errors import NotFound
from web.acting import Desk, at_desk, patient_at
from web.forms import Field, Form
from web.language import N_
from web.page import Page
from web.pages.staff.patients import DESK, DOCUMENT, back_to, full
from web.sheet import FormPage, Sheet

JOINS = ("front_desk", "admin")
HERE = "duplicates"
REASON = Field("reason", N_("Reason"), "area")


async def waiting(page: Page) -> Response:
    """What waits for a second person, and what is joined."""
    desk = await at_desk(page, *JOINS)
    proposals = await _proposals(page, desk)
    request = identity.ListJoinedRecordsRequest(practice_id=desk.practice_id, page_token=page.more)
    joined = await page.site.portal.identity.ListJoinedRecords(request)
    ids = [one for row in proposals for one in (row.duplicate_id, row.survivor_id, row.proposed_by)]
    ids += [one for record in joined.records for one in (record.duplicate_id, record.survivor_id)]
    return page.render(
        "staff/duplicates.html",
        proposals=proposals,
        records=joined.records,
        names=await page.names(ids),
        next=joined.next_page_token,
        here=HERE,
    )


async def _proposals(page: Page, desk: Desk) -> Sequence[identity.JoiningProposal]:
    request = identity.ListJoiningProposalsRequest(practice_id=desk.practice_id)
    return (await page.site.portal.identity.ListJoiningProposals(request)).proposals


def _seen(page: Page, position: str) -> Response:
    return page.see(f"/practices/{page.id('practice_id')}/duplicates", position)


async def _ask_join(page: Page) -> Sheet:
    """The page's own record is the duplicate; the one to keep is among those that look like it."""
    desk = await at_desk(page, *JOINS)
    patient = await patient_at(page, desk)
    alike = [(one.patient_id, f"{full(one.name)} · {one.patient_id[-8:]}") for one in patient.possible_duplicates]
    if not alike:
        raise NotFound
    return Sheet(
        title=N_("Join {name} to another record"),
        fields=[
            Field("survivor_id", N_("Record that stays"), "choice", options=alike, literal=True),
            REASON,
        ],
        submit=N_("Propose"),
        intro=[
            N_("Only for two records of the same person: once another person confirms, one shows the history of both."),
            N_("All access to this record ends then. Access to the other one is interrupted until it is verified."),
        ],
        back=back_to(desk, patient),
        here=HERE,
        blanks={"name": full(patient.name)},
        danger=True,
    )


async def _join(page: Page, form: Form) -> Response:
    request = identity.ProposeJoiningRequest(
        patient_id=page.id("patient_id"), survivor_id=form.needed("survivor_id"), reason=form.needed("reason")
    )
    form.check()
    return _seen(page, (await page.site.portal.identity.ProposeJoining(request)).position)


async def _ask_part(page: Page) -> Sheet:
    desk = await at_desk(page, *JOINS)
    patient = await patient_at(page, desk)
    if not patient.survivor_id:
        raise NotFound
    return Sheet(
        title=N_("Part {name} from the other record"),
        fields=[REASON],
        submit=N_("Propose"),
        intro=[
            N_("Once another person confirms, each record shows its own history again. Access to this one begins anew.")
        ],
        back=back_to(desk, patient),
        here=HERE,
        blanks={"name": full(patient.name)},
        danger=True,
    )


async def _part(page: Page, form: Form) -> Response:
    request = identity.ProposePartingRequest(patient_id=page.id("patient_id"), reason=form.needed("reason"))
    form.check()
    return _seen(page, (await page.site.portal.identity.ProposeParting(request)).position)


async def _proposal(page: Page, desk: Desk) -> identity.JoiningProposal:
    wanted = page.id("proposal_id")
    found = next((one for one in await _proposals(page, desk) if one.proposal_id == wanted), None)
    if found is None:
        raise NotFound
    return found


async def _ask_confirm(page: Page) -> Sheet:
    desk = await at_desk(page, *JOINS)
    proposal = await _proposal(page, desk)
    names = await page.names([proposal.duplicate_id, proposal.survivor_id])
    joins = proposal.act == "join"
    return Sheet(
        title=N_("Join {duplicate} to {survivor}") if joins else N_("Part {duplicate} from {survivor}"),
        fields=[],
        submit=N_("Join the records") if joins else N_("Part the records"),
        intro=[
            N_("Reason: {reason}"),
            N_("All access to the first record ends, and access to the second waits until the desk has verified it.")
            if joins
            else N_("Each record shows its own history again. Access to the first one begins anew."),
        ],
        back=(f"{desk.path}/duplicates", N_("Duplicate records")),
        here=HERE,
        blanks={
            "duplicate": names.get(proposal.duplicate_id, ""),
            "survivor": names.get(proposal.survivor_id, ""),
            "reason": proposal.reason,
        },
        danger=True,
    )


async def _confirm(page: Page, form: Form) -> Response:
    request = identity.ConfirmJoiningProposalRequest(
        patient_id=page.id("patient_id"), proposal_id=page.id("proposal_id")
    )
    return _seen(page, (await page.site.portal.identity.ConfirmJoiningProposal(request)).position)


async def _ask_withdraw(page: Page) -> Sheet:
    desk = await at_desk(page, *JOINS)
    proposal = await _proposal(page, desk)
    names = await page.names([proposal.duplicate_id, proposal.survivor_id])
    return Sheet(
        title=N_("Withdraw the proposal about {duplicate} and {survivor}"),
        fields=[],
        submit=N_("Withdraw"),
        back=(f"{desk.path}/duplicates", N_("Duplicate records")),
        here=HERE,
        blanks={
            "duplicate": names.get(proposal.duplicate_id, ""),
            "survivor": names.get(proposal.survivor_id, ""),
        },
    )


async def _withdraw(page: Page, form: Form) -> Response:
    request = identity.WithdrawJoiningProposalRequest(
        patient_id=page.id("patient_id"), proposal_id=page.id("proposal_id")
    )
    return _seen(page, (await page.site.portal.identity.WithdrawJoiningProposal(request)).position)


async def _ask_verify(page: Page) -> Sheet:
    desk = await at_desk(page, *DESK)
    patient = await patient_at(page, desk)
    person_id = page.id("person_id")
    names = await page.names([person_id])
    return Sheet(
        title=N_("Verify the access of {person} to {name} again"),
        fields=[DOCUMENT],
        submit=N_("Verified"),
        intro=[N_("Make sure who it is, and that this person is to see the history of both records.")],
        back=(f"{desk.path}/desk-tasks", N_("Tasks of the desk")),
        here="desk-tasks",
        blanks={"person": names.get(person_id, ""), "name": full(patient.name)},
    )


async def _verify(page: Page, form: Form) -> Response:
    request = consent.VerifyAccessAgainRequest(
        patient_id=page.id("patient_id"), person_id=page.id("person_id"), document=form.needed("document")
    )
    form.check()
    verified = await page.site.portal.consent.VerifyAccessAgain(request)
    return page.see(f"/practices/{page.id('practice_id')}/desk-tasks", verified.position)


JOIN = FormPage(_ask_join, _join)
PART = FormPage(_ask_part, _part)
CONFIRM = FormPage(_ask_confirm, _confirm)
WITHDRAW = FormPage(_ask_withdraw, _withdraw)
VERIFY = FormPage(_ask_verify, _verify)
