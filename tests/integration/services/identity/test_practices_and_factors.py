"""R22, R27 and R36 over gRPC: one account at several practices, dead user names, lost factors."""

from datetime import UTC, timedelta
from uuid import UUID

import pyotp
import pytest
from google.protobuf.duration_pb2 import Duration

from services.identity.commands.factors import CarryOutFactorReset, LostFactors
from services.identity.domain.account import FACTOR_RESET_AFTER, Account
from services.identity.domain.errors import FactorNeeded, LinkGone, UserNameTaken, WrongToken
from services.identity.domain.values import AccountId
from shared.contracts.identity.v1 import api_pb2, peers_pb2
from shared.errors import NotAllowed, NotFound, PortalError, Refused, Throttled, Unauthenticated
from shared.handling import StreamQueues, Work
from shared.ids import uuid7
from shared.rpc.metadata import calling
from tests.integration.services.identity.conftest import House, Someone, new_key
from tests.integration.services.identity.test_recovery import (
    NEW,
    answered,
    ask,
    ask_by_details,
    begun,
    issue_token,
    patients,
)


async def second_practice(house: House, email: str = "pat@example.org") -> tuple[Someone, str]:
    """Its desk, and the record of the same person there, with a consent."""
    other, admin = await house.open_practice()
    desk = await house.employ(other, admin, "front_desk", name="zoe")
    patient = await house.register(other, desk, email=email)
    await house.sign_consent(patient)
    return desk, patient


async def joining_token(house: House, desk: Someone, patient: str) -> str:
    request = api_pb2.IssueJoiningTokenRequest(patient_id=patient, person_id=patient)
    with calling(token=desk.token, idempotency_key=new_key()):
        return (await house.api.IssueJoiningToken(request)).token


async def join(house: House, someone: Someone, token: str, email: str = "pat@example.org") -> str:
    """The patient whose record was joined, or the slug of the refusal."""
    try:
        with calling(token=someone.token, idempotency_key=new_key()):
            answer = await house.api.JoinPractice(api_pb2.JoinPracticeRequest(token=token, email=email))
    except PortalError as refusal:
        return refusal.slug
    return answer.patient_id


async def test_r22_the_token_of_the_additional_practice_joins_its_record_once(house: House) -> None:
    _, _, first, pat = await patients(house)
    desk, second = await second_practice(house)
    token = await joining_token(house, desk, second)
    assert await join(house, pat, token, "other@example.org") == WrongToken.slug
    assert await join(house, pat, "AAAA-BBBB-CCCC-DDDD") == WrongToken.slug
    assert await join(house, pat, token.lower()) == second
    assert await join(house, pat, token) == WrongToken.slug
    account = await house.ground.store.find(Account, UUID(pat.account_id))
    assert account is not None
    assert [str(record.patient_id) for record in account.records] == [first, second]


async def test_r22_a_token_ends_with_its_address_and_with_the_next_one(house: House) -> None:
    _, _, _, pat = await patients(house)
    desk, second = await second_practice(house)
    former, token = await joining_token(house, desk, second), await joining_token(house, desk, second)
    assert await join(house, pat, former) == WrongToken.slug
    request = api_pb2.RecordContactRequest(
        patient_id=second, person_id=second, contact=api_pb2.Contact(email="moved@example.org")
    )
    with calling(token=desk.token, idempotency_key=new_key()):
        await house.api.RecordContact(request)
    assert await join(house, pat, token) == WrongToken.slug
    assert await join(house, pat, token, "moved@example.org") == WrongToken.slug


async def test_r22_five_tries_a_token_and_ten_wrong_ones_an_account_and_day(house: House) -> None:
    _, _, _, pat = await patients(house)
    desk, second = await second_practice(house)
    token = await joining_token(house, desk, second)
    for number in range(5):
        assert await join(house, pat, token, f"other{number}@example.org") == WrongToken.slug
    assert await join(house, pat, token) == WrongToken.slug
    slugs = [await join(house, pat, f"AAAA-AAAA-AAAA-AAA{number}") for number in range(2, 7)]
    assert slugs == [WrongToken.slug] * 4 + [Throttled.slug]


async def test_r22_another_practices_desk_issues_no_token(house: House) -> None:
    _, _, first, _ = await patients(house)
    desk, _ = await second_practice(house)
    with pytest.raises(NotFound):
        await joining_token(house, desk, first)


async def test_r11_after_30_days_the_link_renews_nothing_and_the_practice_alone_sends_another(house: House) -> None:
    practice, admin = await house.open_practice()
    desk = await house.employ(practice, admin, "front_desk")
    patient = await house.register(practice, desk)
    await house.sign_consent(patient)
    old = await house.invitation_link(patient)
    await house.peers("operations").AdvanceClock(peers_pb2.AdvanceClockRequest(by=Duration(seconds=30 * 86_400)))
    look = api_pb2.GetInvitationRequest(invitation_id=old[0], secret=old[1])
    again = api_pb2.IssueInvitationRequest(patient_id=patient, person_id=patient)
    for _ in range(2):
        with pytest.raises(PortalError, match=LinkGone.slug):
            await house.api.GetInvitation(look)
        with pytest.raises(PortalError, match=LinkGone.slug), calling(idempotency_key=new_key()):
            await house.api.AcceptInvitation(house.acceptance(old, "pat"))
        with pytest.raises(Unauthenticated), calling(idempotency_key=new_key()):
            await house.api.IssueInvitation(again)
    with pytest.raises(NotFound):
        await house.invitation_link(patient)  # nor is it mailed again
    with calling(token=desk.token, idempotency_key=new_key()):
        await house.api.IssueInvitation(again)
    with calling(idempotency_key=new_key()):
        await house.api.AcceptInvitation(house.acceptance(await house.invitation_link(patient), "pat"))
    assert (await house.sign_in("pat")).token


async def test_r27_at_one_of_two_practices_that_one_ends_and_the_other_goes_on(house: House) -> None:
    """Access there ends at once; the session, the name and every route of recovery live on with the other record."""
    practice, _, first, pat = await patients(house)
    desk, second = await second_practice(house)
    assert await join(house, pat, await joining_token(house, desk, second)) == second
    with calling(token=pat.token, idempotency_key=new_key()):
        left = await house.api.Unenrol(api_pb2.UnenrolRequest(leaving_practice_id=practice))
    await house.settled(left.position)
    with calling(token=pat.token):
        me = await house.api.GetMe(api_pb2.GetMeRequest())
    assert [one.patient_id for one in me.enrolments] == [second]
    facts = [await house.peers("consent").FactsOf(peers_pb2.FactsOfRequest(patient_id=one)) for one in (first, second)]
    assert [[one.account_id for one in told.enrolments] for told in facts] == [[], [pat.account_id]]
    assert (await house.sign_in("pat")).token
    await ask(house, "pat")
    await answered(house)
    assert [one.beginning.means for one in await begun(house)] == ["link"]
    with pytest.raises(PortalError), calling(token=pat.token, idempotency_key=new_key()):
        await house.api.Unenrol(api_pb2.UnenrolRequest(leaving_practice_id=practice))


@pytest.mark.parametrize("spelling", ["pat", "PAT", "p\u0430t", "\uff50\uff41\uff54", "pa\u00adt"])
async def test_r27_a_dead_user_name_answers_like_none_on_every_route(house: House, spelling: str) -> None:
    """Sign-in, recovery by name, by details, support's token, and taking it again: in case, width and look-alikes."""
    practice, admin, patient, pat = await patients(house)
    support = await house.employ(practice, admin, "support", name="sue")
    token = await issue_token(house, support, patient)
    with calling(token=pat.token, idempotency_key=new_key()):
        await house.api.Unenrol(api_pb2.UnenrolRequest(leaving_practice_id=practice))
    with pytest.raises(Unauthenticated):
        await house.sign_in(spelling)
    await ask(house, spelling)
    await ask_by_details(house, "Pat", "Doe", "pat@example.org")
    await answered(house)
    assert [one.beginning.route for one in await begun(house)] == ["token"]  # the one from before
    request = api_pb2.ResetPasswordWithTokenRequest(token=token, email="pat@example.org", new_password=NEW)
    with pytest.raises(PortalError, match=WrongToken.slug), calling(idempotency_key=new_key()):
        await house.api.ResetPasswordWithToken(request)
    with pytest.raises(PortalError, match="not_enrolled"):
        await issue_token(house, support, patient)
    with calling(token=support.token, idempotency_key=new_key()):
        await house.api.IssueInvitation(api_pb2.IssueInvitationRequest(patient_id=patient, person_id=patient))
    found = await house.invitation_link(patient)
    with pytest.raises(PortalError, match=UserNameTaken.slug), calling(idempotency_key=new_key()):
        await house.api.AcceptInvitation(house.acceptance(found, spelling.replace("\u00ad", "")))
    with calling(idempotency_key=new_key()):
        await house.api.AcceptInvitation(house.acceptance(found, "patricia"))
    await house.sign_in("patricia")


async def with_factor(house: House) -> tuple[Someone, Someone, Someone, str]:
    """Front desk, support, and a patient who has a factor."""
    practice, admin, patient, pat = await patients(house)
    desk = await house.employ(practice, admin, "front_desk", name="dee")
    support = await house.employ(practice, admin, "support", name="sue")
    with calling(token=pat.token, idempotency_key=new_key()):
        seed = (await house.api.BeginTotp(api_pb2.BeginTotpRequest())).totp_secret
        await house.api.ConfirmTotp(api_pb2.ConfirmTotpRequest(code=pyotp.TOTP(seed).now()))
    assert not (await house.sign_in("pat")).token
    return desk, support, pat, patient


async def reset_factor(house: House, staff: Someone, patient: str, *, announced: bool) -> None:
    request = api_pb2.ResetFactorRequest(
        patient_id=patient, person_id=patient, how="Driver license", announced=announced
    )
    with calling(token=staff.token, idempotency_key=new_key()):
        await house.api.ResetFactor(request)


async def test_r36_the_desk_that_saw_a_photo_id_resets_a_lost_factor_at_once(house: House) -> None:
    desk, support, _, patient = await with_factor(house)
    with pytest.raises(NotAllowed):
        await reset_factor(house, support, patient, announced=False)
    await reset_factor(house, desk, patient, announced=False)
    assert (await house.sign_in("pat")).token


async def carry_out(house: House, account_id: UUID, late: timedelta) -> None:
    account = await house.ground.store.find(Account, account_id)
    assert account is not None
    assert account.factor_reset is not None
    due_at = account.factor_reset.due_at
    work = Work(house.ground.store, StreamQueues(), due_at + late, uuid7())
    await LostFactors(house.parts.vault).carry_out_factor_reset(
        CarryOutFactorReset(AccountId(account.id), due_at), work
    )


async def test_r36_support_resets_only_after_announced_24_hours(house: House) -> None:
    _, support, pat, patient = await with_factor(house)
    await reset_factor(house, support, patient, announced=True)
    account = await house.ground.store.find(Account, UUID(pat.account_id))
    assert account is not None
    assert account.factor_reset is not None
    rows = await house.ground.database.fetch(
        "SELECT due_at - at AS delay FROM effects WHERE kind = 'carry-out-factor-reset'"
    )
    assert [row["delay"] for row in rows] in ([FACTOR_RESET_AFTER], [])
    await carry_out(house, account.id, -timedelta(microseconds=1))
    assert not (await house.sign_in("pat")).token
    await carry_out(house, account.id, timedelta(0))
    assert (await house.sign_in("pat")).token


async def test_r36_the_account_cancels_an_announced_reset(house: House) -> None:
    _, support, pat, patient = await with_factor(house)
    await reset_factor(house, support, patient, announced=True)
    with pytest.raises(Refused):
        await reset_factor(house, support, patient, announced=True)
    plan = await house.ground.store.find(Account, UUID(pat.account_id))
    assert plan is not None
    assert plan.factor_reset is not None
    due_at = plan.factor_reset.due_at
    with calling(token=pat.token, idempotency_key=new_key()):
        me = await house.api.GetMe(api_pb2.GetMeRequest())
        assert me.factor_reset_due_at.ToDatetime(UTC) == due_at
        await house.api.CancelFactorReset(api_pb2.CancelFactorResetRequest())
        assert not (await house.api.GetMe(api_pb2.GetMeRequest())).HasField("factor_reset_due_at")
    work = Work(house.ground.store, StreamQueues(), due_at + timedelta(days=1), uuid7())
    await LostFactors(house.parts.vault).carry_out_factor_reset(CarryOutFactorReset(AccountId(plan.id), due_at), work)
    assert not (await house.sign_in("pat")).token


async def test_r36_staff_keep_a_factor_at_every_moment(house: House) -> None:
    """A patient who works somewhere as staff: no desk takes the factor away."""
    desk, _, pat, _ = await with_factor(house)
    account = await house.ground.store.find(Account, UUID(pat.account_id))
    assert account is not None
    account.staff[account.records[0].practice_id] = desk.account_id  # type: ignore[assignment]  # any member will do
    with pytest.raises(FactorNeeded):
        account.require_factor_to_reset()
