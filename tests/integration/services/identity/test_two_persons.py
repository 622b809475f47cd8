"""R43 over gRPC: two admins, two at the desk, and access that ends at once with a membership."""

import pytest

from services.identity.domain.errors import LastAdmin, ProposalGone, SecondPersonNeeded
from shared.contracts.identity.v1 import api_pb2, peers_pb2
from shared.errors import NotAllowed, NotFound, PortalError
from shared.rpc.metadata import calling
from tests.integration.services.identity.conftest import House, Someone, new_key
from tests.waiting import until


async def second_admin(house: House, practice: str, admin: Someone) -> Someone:
    """Proposed by the only admin, confirmed by operations, joined by the mailed link."""
    request = api_pb2.InviteStaffRequest(
        practice_id=practice, name=api_pb2.PersonName(given="Bea", family="Lund"), email="bea@practice.example",
        roles=["admin"],
    )  # fmt: skip
    with calling(token=admin.token, idempotency_key=new_key()):
        proposed = await house.api.InviteStaff(request)
    assert (proposed.staff_id, bool(proposed.proposal_id)) == ("", True)
    with pytest.raises(NotFound):
        await house.peers("messaging").LinkOf(
            peers_pb2.LinkOfRequest(cause=proposed.position, issue_id=proposed.proposal_id, purpose="staff-invitation")
        )
    confirm = peers_pb2.ConfirmOnlyAdminsProposalRequest(practice_id=practice, proposal_id=proposed.proposal_id)
    with pytest.raises(NotAllowed), calling(idempotency_key=new_key()):
        await house.peers("web").ConfirmOnlyAdminsProposal(confirm)
    with calling(idempotency_key=new_key()):
        confirmed = await house.peers("operations").ConfirmOnlyAdminsProposal(confirm)
    with calling(token=admin.token, after=confirmed.position):
        listed = await house.api.ListStaff(api_pb2.ListStaffRequest(practice_id=practice))
    (bea,) = [one for one in listed.staff if one.state == "invited"]
    link = await house.peers("messaging").LinkOf(
        peers_pb2.LinkOfRequest(cause=confirmed.position, issue_id=bea.staff_id, purpose="staff-invitation")
    )
    return await house.join_staff(link.url, f"bea-{practice[-12:]}")


async def staff_id(house: House, someone: Someone) -> str:
    with calling(token=someone.token):
        return (await house.api.GetMe(api_pb2.GetMeRequest())).staff[0].staff_id


async def test_r43_a_nurse_becomes_an_admin_by_two_and_who_leaves_is_out_at_once(house: House) -> None:
    practice, ada = await house.open_practice()
    bea = await second_admin(house, practice, ada)
    nurse = await house.employ(practice, ada, "clinical")
    other, zoe = await house.open_practice()
    change = api_pb2.ChangeStaffRolesRequest(
        practice_id=practice, staff_id=await staff_id(house, nurse), roles=["clinical", "admin"]
    )
    with calling(token=ada.token, idempotency_key=new_key()):
        proposed = await house.api.ChangeStaffRoles(change)
    see = api_pb2.ListAdminProposalsRequest(practice_id=practice)
    seen = []
    for someone in (ada, bea):
        with calling(token=someone.token, after=proposed.position):
            (one,) = (await house.api.ListAdminProposals(see)).proposals
        seen.append((one.proposal_id, one.name.family, list(one.roles), one.own))
    assert seen == [(proposed.proposal_id, "Roe", ["admin", "clinical"], own) for own in (True, False)]
    confirm = api_pb2.ConfirmAdminRequest(practice_id=practice, proposal_id=proposed.proposal_id)
    refused = {nurse.token: NotAllowed, zoe.token: NotFound}
    for token, error in refused.items():
        with pytest.raises(error), calling(token=token, idempotency_key=new_key()):
            await house.api.ConfirmAdmin(confirm)
    forged = api_pb2.ConfirmAdminRequest(practice_id=other, proposal_id=proposed.proposal_id)
    with pytest.raises(NotFound), calling(token=zoe.token, idempotency_key=new_key()):
        await house.api.ConfirmAdmin(forged)
    with pytest.raises(PortalError, match=SecondPersonNeeded.slug), calling(token=ada.token, idempotency_key=new_key()):
        await house.api.ConfirmAdmin(confirm)
    operations = peers_pb2.ConfirmOnlyAdminsProposalRequest(practice_id=practice, proposal_id=proposed.proposal_id)
    with pytest.raises(PortalError, match=SecondPersonNeeded.slug), calling(idempotency_key=new_key()):
        await house.peers("operations").ConfirmOnlyAdminsProposal(operations)
    with calling(token=bea.token, idempotency_key=new_key()):
        await house.api.ConfirmAdmin(confirm)
    await _who_leaves_is_out(house, practice, ada, [bea, nurse])


async def _who_leaves_is_out(house: House, practice: str, ada: Someone, others: list[Someone]) -> None:
    """The very next call of an open session is refused; the last admin stays."""
    see = api_pb2.ListStaffRequest(practice_id=practice)
    for leaving in others:
        with calling(token=leaving.token):
            await house.api.ListStaff(see)
        end = api_pb2.EndStaffRequest(practice_id=practice, staff_id=await staff_id(house, leaving))
        with calling(token=ada.token, idempotency_key=new_key()):
            await house.api.EndStaff(end)
        with pytest.raises(PortalError), calling(token=leaving.token):
            await house.api.ListStaff(see)
        with pytest.raises(PortalError):
            await house.api.Refresh(api_pb2.RefreshRequest(refresh_token=leaving.refresh_token))
    last = api_pb2.EndStaffRequest(practice_id=practice, staff_id=await staff_id(house, ada))
    with pytest.raises(PortalError, match=LastAdmin.slug), calling(token=ada.token, idempotency_key=new_key()):
        await house.api.EndStaff(last)


async def test_r43_two_at_the_desk_for_a_changed_address_and_two_admins_for_an_erasure(house: House) -> None:
    practice, ada = await house.open_practice()
    dee, fran = [await house.employ(practice, ada, "front_desk", name=name) for name in ("dee", "fran")]
    patient = await house.register(practice, dee)
    await house.sign_consent(patient)
    contact = api_pb2.Contact(email="moved@example.org")
    with calling(token=dee.token, idempotency_key=new_key()):
        await house.api.RecordContact(
            api_pb2.RecordContactRequest(patient_id=patient, person_id=patient, contact=contact)
        )
    invite = api_pb2.IssueInvitationRequest(patient_id=patient, person_id=patient)
    token = api_pb2.IssueJoiningTokenRequest(patient_id=patient, person_id=patient)
    with pytest.raises(PortalError, match=SecondPersonNeeded.slug), calling(token=dee.token, idempotency_key=new_key()):
        await house.api.IssueInvitation(invite)
    with pytest.raises(PortalError, match=SecondPersonNeeded.slug), calling(token=dee.token, idempotency_key=new_key()):
        await house.api.IssueJoiningToken(token)
    with calling(token=fran.token, idempotency_key=new_key()):
        await house.api.IssueInvitation(invite)
    with calling(token=fran.token, idempotency_key=new_key()):
        await house.api.IssueJoiningToken(token)
    bea = await second_admin(house, practice, ada)
    with pytest.raises(NotAllowed), calling(token=dee.token, idempotency_key=new_key()):
        await house.api.RequestErasure(api_pb2.RequestErasureRequest(patient_id=patient))
    with calling(token=ada.token, idempotency_key=new_key()):
        asked = await house.api.RequestErasure(api_pb2.RequestErasureRequest(patient_id=patient))
    with calling(token=bea.token, after=asked.position):
        (one,) = (
            await house.api.ListErasureRequests(api_pb2.ListErasureRequestsRequest(practice_id=practice))
        ).requests
    assert (one.request_id, one.patient_id, one.own) == (asked.request_id, patient, False)
    confirm = api_pb2.ConfirmErasureRequest(patient_id=patient, request_id=asked.request_id)
    with pytest.raises(PortalError, match=SecondPersonNeeded.slug), calling(token=ada.token, idempotency_key=new_key()):
        await house.api.ConfirmErasure(confirm)
    operations = peers_pb2.ErasePatientRequest(patient_id=patient)
    with pytest.raises(PortalError, match=SecondPersonNeeded.slug), calling(idempotency_key=new_key()):
        await house.peers("operations").ErasePatient(operations)
    with calling(token=bea.token, idempotency_key=new_key()):
        await house.api.ConfirmErasure(confirm)

    async def is_gone() -> bool:
        try:
            with calling(token=dee.token):
                await house.api.GetPatient(api_pb2.GetPatientRequest(patient_id=patient))
        except NotFound:
            return True
        return False

    await until(is_gone)
    with pytest.raises(PortalError, match=ProposalGone.slug), calling(idempotency_key=new_key()):
        await house.peers("operations").ErasePatient(operations)


async def test_r44_two_at_the_desk_join_records_and_the_lease_names_both(house: House) -> None:
    practice, ada = await house.open_practice()
    dee = await house.employ(practice, ada, "front_desk", name="dora")
    other, zoe = await house.open_practice()
    duplicate, survivor = [await house.register(practice, dee) for _ in range(2)]
    foreign = await house.register(other, await house.employ(other, zoe, "front_desk", name="flo"))
    page = api_pb2.GetPatientRequest(patient_id=duplicate)
    with calling(token=dee.token):
        seen = await house.api.GetPatient(page)
    assert survivor in [one.patient_id for one in seen.possible_duplicates]
    propose = api_pb2.ProposeJoiningRequest(patient_id=duplicate, survivor_id=survivor, reason="One insurance card")
    forged = api_pb2.ProposeJoiningRequest(patient_id=duplicate, survivor_id=foreign, reason="Forged")
    for token, request, error in ((dee.token, forged, NotFound), (zoe.token, propose, NotFound)):
        with pytest.raises(error), calling(token=token, idempotency_key=new_key()):
            await house.api.ProposeJoining(request)
    with calling(token=dee.token, idempotency_key=new_key()):
        proposed = await house.api.ProposeJoining(propose)
    waiting = api_pb2.ListJoiningProposalsRequest(practice_id=practice)
    with calling(token=ada.token, after=proposed.position):
        (one,) = (await house.api.ListJoiningProposals(waiting)).proposals
    assert (one.proposal_id, one.act, one.reason, one.own) == (
        proposed.proposal_id,
        "join",
        "One insurance card",
        False,
    )
    confirm = api_pb2.ConfirmJoiningProposalRequest(patient_id=duplicate, proposal_id=proposed.proposal_id)
    with pytest.raises(PortalError, match=SecondPersonNeeded.slug), calling(token=dee.token, idempotency_key=new_key()):
        await house.api.ConfirmJoiningProposal(confirm)
    with calling(token=ada.token, idempotency_key=new_key()):
        confirmed = await house.api.ConfirmJoiningProposal(confirm)

    consent = house.peers("consent")
    changed = await consent.FactsHead(peers_pb2.FactsHeadRequest())
    assert changed.ask_for_all or {duplicate, survivor} <= set(changed.patient_ids)
    facts = [await consent.FactsOf(peers_pb2.FactsOfRequest(patient_id=one)) for one in (duplicate, survivor)]
    assert [(one.survivor_id, [join.duplicate_id for join in one.joins]) for one in facts] == [
        (survivor, []),
        ("", [duplicate]),
    ]
    find = api_pb2.FindPatientsRequest(practice_id=practice, birth_date=seen.birth_date)
    with calling(token=dee.token, after=confirmed.position):
        found = [one.patient_id for one in (await house.api.FindPatients(find)).patients]
    with calling(token=dee.token):
        page_of_it = await house.api.GetPatient(page)
    assert (survivor in found, duplicate in found, page_of_it.survivor_id) == (True, False, survivor)
