"""What an account does with itself: factors, sessions, further records; and what ends it from outside."""

import pyotp
import pytest

from services.identity.domain.errors import FactorNeeded, LinkGone, WrongCode
from shared.contracts.identity.v1 import api_pb2, peers_pb2
from shared.errors import NotFound, PortalError, Unauthenticated
from shared.rpc.metadata import calling
from tests.integration.services.identity.conftest import PASSWORD, House, Someone, new_key
from tests.waiting import until


async def enrolled(house: House, user_name: str = "pat") -> tuple[str, Someone, Someone, str]:
    """Practice, admin, a patient's account and the patient."""
    practice, admin = await house.open_practice()
    desk = await house.employ(practice, admin, "front_desk")
    patient = await house.register(practice, desk)
    return practice, admin, await house.enrol(patient, user_name), patient


async def test_r36_a_patient_adds_an_authenticator_and_removes_it(house: House) -> None:
    _, _, pat, _ = await enrolled(house)
    with calling(token=pat.token):
        begun = await house.api.BeginTotp(api_pb2.BeginTotpRequest())
    with pytest.raises(PortalError) as failure, calling(token=pat.token, idempotency_key=new_key()):
        await house.api.ConfirmTotp(api_pb2.ConfirmTotpRequest(code="000000"))
    assert WrongCode.slug in str(failure.value)
    with calling(token=pat.token, idempotency_key="form-1"):
        confirm = api_pb2.ConfirmTotpRequest(code=pyotp.TOTP(begun.totp_secret).now())
        first = await house.api.ConfirmTotp(confirm)
        assert await house.api.ConfirmTotp(confirm) == first
    assert len(set(first.recovery_codes)) == 10
    assert not (await house.sign_in("pat")).token
    with pytest.raises(PortalError), calling(token=pat.token):
        await house.api.StepUp(api_pb2.StepUpRequest(password=PASSWORD))
    with calling(token=pat.token):
        await house.api.StepUp(api_pb2.StepUpRequest(code=first.recovery_codes[0]))
    with calling(token=pat.token, idempotency_key=new_key()):
        await house.api.RemoveTotp(api_pb2.RemoveTotpRequest())
    assert (await house.sign_in("pat")).token


async def test_r36_staff_keep_their_factor(house: House) -> None:
    _, admin = await house.open_practice()
    with pytest.raises(PortalError) as failure, calling(token=admin.token, idempotency_key=new_key()):
        await house.api.RemoveTotp(api_pb2.RemoveTotpRequest())
    assert FactorNeeded.slug in str(failure.value)


async def test_r45_one_ends_ones_own_sessions_and_nobody_elses(house: House) -> None:
    _, admin, pat, _ = await enrolled(house)
    second = await house.sign_in("pat")
    with calling(token=pat.token):
        sessions = (await house.api.ListSessions(api_pb2.ListSessionsRequest())).sessions
    other = next(one.session_id for one in sessions if not one.current)
    with pytest.raises(NotFound), calling(token=admin.token):
        await house.api.EndOwnSession(api_pb2.EndOwnSessionRequest(session_id=other))
    with calling(token=pat.token):
        await house.api.EndOwnSession(api_pb2.EndOwnSessionRequest(session_id=other))
    with pytest.raises(Unauthenticated), calling(token=second.token):
        await house.api.GetMe(api_pb2.GetMeRequest())
    with calling(token=pat.token):
        await house.api.GetMe(api_pb2.GetMeRequest())


async def test_r8_an_invitation_is_accepted_by_signing_in_to_the_existing_account(house: House) -> None:
    _, _, pat, first = await enrolled(house)
    practice, admin = await house.open_practice()
    desk = await house.employ(practice, admin, "front_desk")
    second = await house.register(practice, desk)
    await house.sign_consent(second)
    link = await house.invitation_link(second)
    request = api_pb2.AcceptInvitationWithAccountRequest(
        invitation_id=link[0], secret=link[1], birth_date=house.acceptance(link, "unused").birth_date
    )
    with calling(token=pat.token, idempotency_key=new_key()):
        joined = await house.api.AcceptInvitationWithAccount(request)
    with calling(token=pat.token, after=joined.position):
        records = (await house.api.ListEnrolments(api_pb2.ListEnrolmentsRequest())).enrolments
    assert [record.patient_id for record in records] == [first, second]
    with pytest.raises(PortalError) as failure, calling(token=pat.token, idempotency_key=new_key()):
        await house.api.AcceptInvitationWithAccount(request)
    assert LinkGone.slug in str(failure.value)


async def test_r43_who_is_let_go_is_out_at_once(house: House) -> None:
    practice, admin = await house.open_practice()
    desk = await house.employ(practice, admin, "front_desk")
    with calling(token=admin.token):
        listed = (await house.api.ListStaff(api_pb2.ListStaffRequest(practice_id=practice))).staff
    member = next(one.staff_id for one in listed if one.roles == ["front_desk"])
    with calling(token=admin.token, idempotency_key=new_key()):
        await house.api.EndStaff(api_pb2.EndStaffRequest(practice_id=practice, staff_id=member))
    rows = await house.peers("web").StaffOf(peers_pb2.StaffOfRequest(account_id=desk.account_id))
    assert list(rows.rows) == []
    with pytest.raises(NotFound), calling(token=desk.token):
        await house.api.FindPatients(api_pb2.FindPatientsRequest(practice_id=practice, name="Doe"))

    async def is_out() -> bool:
        try:
            with calling(token=desk.token):
                await house.api.GetMe(api_pb2.GetMeRequest())
        except Unauthenticated:
            return not await house.ground.database.fetch(
                "SELECT 1 FROM credential_passwords WHERE account_id = $1", desk.account_id
            )
        return False

    await until(is_out, seconds=5)


async def test_r27_support_un_enrols_with_a_reason(house: House) -> None:
    practice, admin, pat, patient = await enrolled(house)
    support = await house.employ(practice, admin, "support", name="sue")
    request = api_pb2.UnenrolByStaffRequest(patient_id=patient, person_id=patient, reason="asked by phone")
    with calling(token=support.token, idempotency_key=new_key()):
        await house.api.UnenrolByStaff(request)
    with pytest.raises(Unauthenticated):
        await house.sign_in("pat", device=pat.device)
    facts = await house.peers("consent").FactsOf(peers_pb2.FactsOfRequest(patient_id=patient))
    assert list(facts.enrolments) == []
