"""R23 to R26 over gRPC: three ways back to an account, alike for those who have none."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from google.type.date_pb2 import Date

from services.identity.credentials import throttle
from services.identity.domain.errors import CallerNotVerified, LinkGone, WrongAnswer, WrongCode, WrongToken
from services.identity.domain.recovery import Recovery, RecoveryAttempt
from shared.contracts.identity.v1 import api_pb2, peers_pb2
from shared.errors import NotFound, PortalError, StepUpRequired, Throttled, Unauthenticated
from shared.rpc.metadata import calling
from tests.integration.services.identity.conftest import BORN, House, Someone, new_key
from tests.waiting import until

NEW = "gannet-basalt-tulip-3"
ANSWER = "Bramble Lane"


async def patients(house: House) -> tuple[str, Someone, str, Someone]:
    """Practice, its admin, a patient and that patient's account, called pat, with a security question."""
    practice, admin = await house.open_practice()
    desk = await house.employ(practice, admin, "front_desk")
    patient = await house.register(practice, desk)
    await house.sign_consent(patient)
    request = house.acceptance(await house.invitation_link(patient), "pat")
    request.security_question, request.security_answer = "The street you grew up in?", ANSWER
    with calling(idempotency_key=new_key()):
        joined = await house.api.AcceptInvitation(request)
    await house.settled(joined.position)
    return practice, admin, patient, await house.sign_in("pat")


async def ask(house: House, user_name: str) -> api_pb2.RequestRecoveryByUserNameResponse:
    with calling(idempotency_key=new_key()):
        return await house.api.RequestRecoveryByUserName(api_pb2.RequestRecoveryByUserNameRequest(user_name=user_name))


async def ask_by_details(house: House, given: str, family: str, email: str, born: Date = BORN) -> None:
    request = api_pb2.RequestRecoveryByDetailsRequest(
        name=api_pb2.PersonName(given=given, family=family), birth_date=born, email=email
    )
    with calling(idempotency_key=new_key()):
        assert await house.api.RequestRecoveryByDetails(request) == api_pb2.RequestRecoveryByDetailsResponse()


async def begun(house: House) -> list[Recovery.Begun]:
    return [
        recorded.event
        async for page in house.ground.store.read(0, types=(Recovery.Begun,))
        for recorded in page
        if isinstance(recorded.event, Recovery.Begun)
    ]


async def answered(house: House) -> None:
    """Until every attempt has been answered."""

    async def is_quiet() -> bool:
        attempts = [
            recorded.position
            async for page in house.ground.store.read(0, types=(RecoveryAttempt.Made,))
            for recorded in page
        ]
        done = await house.ground.database.fetch(
            "SELECT 1 FROM effects WHERE kind = 'answer-recovery' AND state = 'done'"
        )
        return len(done) == len(attempts)

    await until(is_quiet)


async def mailed(house: House) -> peers_pb2.LinkOfResponse:
    """What messaging gets for the last recovery that a mail leads."""
    positions = [
        (recorded.event_id, recorded.stream_id)
        async for page in house.ground.store.read(0, types=(Recovery.Begun,))
        for recorded in page
        if isinstance(recorded.event, Recovery.Begun) and recorded.event.beginning.in_mail
    ]
    cause, recovery_id = positions[-1]
    return await house.peers("messaging").LinkOf(
        peers_pb2.LinkOfRequest(cause=cause, issue_id=str(recovery_id), purpose="recovery")
    )


async def link(house: House, user_name: str = "pat") -> tuple[str, str]:
    await ask(house, user_name)
    await answered(house)
    *_, recovery_id, secret = (await mailed(house)).url.split("/")
    return recovery_id, secret


def form(
    found: tuple[str, str], password: str = NEW, answer: str = ANSWER, code: str = ""
) -> api_pb2.ResetPasswordRequest:
    return api_pb2.ResetPasswordRequest(
        recovery_id=found[0], secret=found[1], new_password=password, security_answer=answer, code=code
    )


async def refused(house: House, request: api_pb2.ResetPasswordRequest) -> str:
    with pytest.raises(PortalError) as failure, calling(idempotency_key=new_key()):
        await house.api.ResetPassword(request)
    return str(failure.value).partition(":")[0]


async def test_r23_link_then_question_then_a_new_password_that_ends_all_sessions(house: House) -> None:
    _, _, _, pat = await patients(house)
    found = await link(house)
    for _ in range(3):  # a scanner's looks consume nothing
        seen = await house.api.GetRecovery(api_pb2.GetRecoveryRequest(recovery_id=found[0], secret=found[1]))
    assert (seen.user_name, seen.security_question, seen.code_needed) == ("pat", "The street you grew up in?", False)
    with calling(idempotency_key="form-1"):
        first = await house.api.ResetPassword(form(found, answer="  bramble LANE "))
        assert await house.api.ResetPassword(form(found)) == first
    with pytest.raises(Unauthenticated):
        await house.sign_in("pat")
    again = await house.sign_in("pat", NEW)
    with pytest.raises(Unauthenticated), calling(token=pat.token):
        await house.api.GetMe(api_pb2.GetMeRequest())
    with calling(token=again.token):
        await house.api.GetMe(api_pb2.GetMeRequest())
    assert await refused(house, form(found)) == LinkGone.slug


async def test_r23_the_third_wrong_answer_voids_the_link_and_no_answer_opens_it_then(house: House) -> None:
    await patients(house)
    found = await link(house)
    slugs = [await refused(house, form(found, answer=f"wrong {number}")) for number in range(3)]
    assert slugs == [WrongAnswer.slug, WrongAnswer.slug, LinkGone.slug]
    assert await refused(house, form(found)) == LinkGone.slug


async def test_r23_a_practice_can_switch_the_question_off(house: House) -> None:
    practice, admin, _, _ = await patients(house)
    with calling(token=admin.token, idempotency_key=new_key()):
        await house.api.SwitchSecurityQuestion(api_pb2.SwitchSecurityQuestionRequest(practice_id=practice, asked=False))
    found = await link(house)
    seen = await house.api.GetRecovery(api_pb2.GetRecoveryRequest(recovery_id=found[0], secret=found[1]))
    assert seen.security_question == ""
    with calling(idempotency_key=new_key()):
        await house.api.ResetPassword(form(found, answer=""))
    await house.sign_in("pat", NEW)


async def test_r24_one_mail_lists_every_account_that_matches_each_with_its_link(house: House) -> None:
    await patients(house)
    other, admin = await house.open_practice()
    second = await house.register(other, await house.employ(other, admin, "front_desk", name="zoe"))
    await house.enrol(second, "patricia")
    await ask_by_details(house, "PÁT Anne", "doe", "Pat@example.org")
    await answered(house)
    mail = await mailed(house)
    urls = [mail.url, *(one.url for one in mail.further)]
    names = set()
    for url in urls:
        *_, recovery_id, secret = url.split("/")
        seen = await house.api.GetRecovery(api_pb2.GetRecoveryRequest(recovery_id=recovery_id, secret=secret))
        assert seen.security_question == ""
        names.add(seen.user_name)
    assert (mail.email, names) == ("pat@example.org", {"pat", "patricia"})


@pytest.mark.parametrize("wrong", ["name", "birth date", "address"])
async def test_r24_anything_wrong_is_answered_alike_and_mails_nobody(house: House, wrong: str) -> None:
    await patients(house)
    born = Date(year=1980, month=5, day=18) if wrong == "birth date" else BORN
    email = "other@example.org" if wrong == "address" else "pat@example.org"
    await ask_by_details(house, "Pat", "Roe" if wrong == "name" else "Doe", email, born)
    await answered(house)
    assert await begun(house) == []


async def issue_token(house: House, staff: Someone, patient: str, given: str = "Pat", born: Date = BORN) -> str:
    request = api_pb2.IssueRecoveryTokenRequest(
        patient_id=patient, person_id=patient, caller_name=api_pb2.PersonName(given=given, family="Doe"),
        birth_date=born, verification="call_back", how="Called back at the number on record",
    )  # fmt: skip
    with calling(token=staff.token, idempotency_key=new_key()):
        return (await house.api.IssueRecoveryToken(request)).token


async def use_token(house: House, token: str, email: str = "pat@example.org", code: str = "") -> str:
    """Done, factor, or the slug of the refusal."""
    request = api_pb2.ResetPasswordWithTokenRequest(token=token, email=email, new_password=NEW, code=code)
    try:
        with calling(idempotency_key=new_key()):
            answer = await house.api.ResetPasswordWithToken(request)
    except PortalError as refusal:
        return refusal.slug
    return "factor" if answer.factor_required else "done"


async def test_r25_supports_token_resets_once_for_a_verified_caller(house: House) -> None:
    practice, admin, patient, pat = await patients(house)
    support = await house.employ(practice, admin, "support", name="sue")
    with pytest.raises(PortalError, match=CallerNotVerified.slug):
        await issue_token(house, support, patient, born=Date(year=1980, month=5, day=18))
    with pytest.raises(PortalError, match=CallerNotVerified.slug):
        await issue_token(house, support, patient, given="Sam")
    token = await issue_token(house, support, patient)
    assert len(token.replace("-", "")) * 5 >= 50
    assert (await begun(house))[-1].beginning.verification == "call_back"
    assert await use_token(house, token, "other@example.org") == WrongToken.slug
    assert await use_token(house, "AAAA-BBBB-CCCC-DDDD") == WrongToken.slug
    assert await use_token(house, token.lower().replace("-", " ")) == "done"
    assert await use_token(house, token) == WrongToken.slug
    await house.sign_in("pat", NEW)
    with pytest.raises(Unauthenticated), calling(token=pat.token):
        await house.api.GetMe(api_pb2.GetMeRequest())


async def test_r25_the_fifth_wrong_try_ends_a_token_and_front_desk_may_not_issue_one(house: House) -> None:
    practice, admin, patient, _ = await patients(house)
    support = await house.employ(practice, admin, "support", name="sue")
    token = await issue_token(house, support, patient)
    for number in range(5):
        assert await use_token(house, token, f"other{number}@example.org") == WrongToken.slug
    assert await use_token(house, token) == WrongToken.slug
    desk = await house.employ(practice, admin, "front_desk", name="dee")
    with pytest.raises(PortalError, match="not_allowed"):
        await issue_token(house, desk, patient)


async def test_r25_another_practices_support_finds_nobody(house: House) -> None:
    _, _, patient, _ = await patients(house)
    other, admin = await house.open_practice()
    support = await house.employ(other, admin, "support", name="sue")
    with pytest.raises(NotFound):
        await issue_token(house, support, patient)


async def test_r26_answers_are_byte_equal_whether_or_not_the_account_exists(house: House) -> None:
    await patients(house)
    answers = {(await ask(house, name)).SerializeToString() for name in ("pat", "nobody", "\u0440at", "x" * 300)}
    assert answers == {b""}
    await answered(house)
    assert [one.beginning.means for one in await begun(house)] == ["link", "link"]  # the look-alike is pat's own


async def test_r26_success_ends_every_other_link_and_token(house: House) -> None:
    practice, admin, patient, _ = await patients(house)
    support = await house.employ(practice, admin, "support", name="sue")
    first, second = await link(house), await link(house)
    token = await issue_token(house, support, patient)
    with calling(idempotency_key=new_key()):
        await house.api.ResetPassword(form(second))
    assert await refused(house, form(first)) == LinkGone.slug
    assert await use_token(house, token) == WrongToken.slug


async def test_r26_two_tabs_with_one_link_choose_one_password(house: House) -> None:
    await patients(house)
    found = await link(house)

    async def submit(password: str) -> bool:
        try:
            with calling(idempotency_key=new_key()):
                await house.api.ResetPassword(form(found, password))
        except PortalError:
            return False
        return True

    passwords = [NEW, "osprey-granite-aster-8"]
    won = await asyncio.gather(*(submit(password) for password in passwords))
    assert sorted(won) == [False, True]
    await house.sign_in("pat", passwords[won.index(True)])
    assert await house.ground.database.fetch("SELECT 1 FROM credential_passwords_waiting") == []


@pytest.mark.parametrize(("seconds", "is_open"), [(-1, True), (0, False)])
async def test_r26_a_link_holds_sixty_minutes_to_the_second(house: House, seconds: int, is_open: bool) -> None:
    await patients(house)
    found = await link(house)
    recovery = await house.ground.store.find(Recovery, UUID(found[0]))
    assert recovery is not None
    at = (await begun(house))[-1].begun_at + timedelta(minutes=60, seconds=seconds)
    if is_open:
        recovery.require_open(1, at)
    else:
        with pytest.raises(LinkGone):
            recovery.require_open(1, at)


async def test_r26_a_second_factor_is_never_bypassed(house: House) -> None:
    """Staff have one: without a code neither link nor token helps, and an old code does not either."""
    _, admin, _, _ = await patients(house)
    with calling(token=admin.token):
        name = (await house.api.GetMe(api_pb2.GetMeRequest())).user_name
    found = await link(house, name)
    assert (await house.api.GetRecovery(api_pb2.GetRecoveryRequest(recovery_id=found[0], secret=found[1]))).code_needed
    assert await refused(house, form(found)) == WrongCode.slug
    assert await refused(house, form(found, code=admin.recovery_codes[0])) == WrongCode.slug
    with calling(idempotency_key=new_key()):
        await house.api.ResetPassword(form(found, code=admin.recovery_codes[1]))
    await house.sign_in(name, NEW, code=admin.recovery_codes[2])


async def test_r26_ten_wrong_answers_an_account_and_day_over_all_links_and_a_known_device_gets_in(house: House) -> None:
    _, admin, _, _ = await patients(house)
    with calling(token=admin.token):
        name = (await house.api.GetMe(api_pb2.GetMeRequest())).user_name
    links = [await link(house, name), await link(house, name)]
    slugs = [await refused(house, form(links[number % 2], code="wrong-code")) for number in range(11)]
    assert slugs == [WrongCode.slug] * 10 + [Throttled.slug]
    known = form(links[0], code=admin.recovery_codes[1])
    known.device = admin.device
    with calling(idempotency_key=new_key()):
        await house.api.ResetPassword(known)


async def test_r26_strangers_cannot_lock_out_who_holds_a_token(house: House) -> None:
    practice, admin, patient, _ = await patients(house)
    support = await house.employ(practice, admin, "support", name="sue")
    token = await issue_token(house, support, patient)
    slugs = [await use_token(house, f"AAAA-AAAA-AAAA-AA{number:02}") for number in range(11)]
    assert slugs == [WrongToken.slug] * 10 + [Throttled.slug]
    assert await use_token(house, token) == "done"


async def test_r26_more_than_five_mails_an_hour_for_one_name_are_not_sent_and_those_sent_hold(house: House) -> None:
    await patients(house)
    for _ in range(throttle.MAILS_AN_HOUR + 2):
        await ask(house, "pat")
    await answered(house)
    sent = await begun(house)
    assert len(sent) == throttle.MAILS_AN_HOUR
    assert {one.password_number for one in sent} == {1}


async def test_r26_one_may_change_ones_own_password_and_every_session_ends(house: House) -> None:
    _, _, _, pat = await patients(house)
    with calling(token=pat.token, idempotency_key=new_key()):
        await house.api.ChangePassword(api_pb2.ChangePasswordRequest(new_password=NEW))
    with pytest.raises(Unauthenticated), calling(token=pat.token):
        await house.api.GetMe(api_pb2.GetMeRequest())
    await house.sign_in("pat", NEW)


async def test_r26_a_crash_between_event_and_password_is_made_good(house: House) -> None:
    """The effect takes the waiting password and ends what was open."""
    _, _, _, pat = await patients(house)
    found = await link(house)
    account = UUID(pat.account_id)
    taken = house.parts.vault.take_waiting_password

    async def dies(account_id: UUID, issue: UUID) -> bool:
        raise ConnectionError

    vault = house.parts.vault
    vault.take_waiting_password = dies  # type: ignore[method-assign]  # the process dies here
    with pytest.raises(PortalError), calling(idempotency_key=new_key()):
        await house.api.ResetPassword(form(found))
    vault.take_waiting_password = taken  # type: ignore[method-assign]  # and comes back

    async def is_done() -> bool:
        rows = await house.ground.database.fetch(
            "SELECT 1 FROM credential_sessions WHERE account_id = $1 AND ended_at IS NULL", account
        )
        return not rows

    await until(is_done)
    await house.sign_in("pat", NEW)


async def test_r45_support_needs_a_fresh_factor_to_issue_a_token(house: House) -> None:
    practice, admin, patient, _ = await patients(house)
    support = await house.employ(practice, admin, "support", name="sue")
    session = (await house.parts.sessions.of_account(UUID(support.account_id)))[0]
    stale = replace(session, factor_at=session.opened_at - timedelta(minutes=6))
    token = house.parts.signer.sign(stale, session.opened_at).text
    with pytest.raises(StepUpRequired):
        await issue_token(house, Someone(support.account_id, token), patient)
