"""The way in, over gRPC: a practice opens, staff join, a patient is registered, invited, enrolled, and leaves."""

import asyncio
from uuid import UUID

import grpc
import pyotp
import pytest
from google.protobuf.duration_pb2 import Duration
from google.type.date_pb2 import Date

from services.identity.domain.errors import BirthDateDiffers, LinkGone, WrongCredentials
from shared.contracts.identity.v1 import api_pb2, peers_pb2
from shared.errors import (
    IdempotencyKeyRequired,
    InvalidField,
    NotAllowed,
    NotFound,
    PortalError,
    Refused,
    StepUpRequired,
    Throttled,
    Unauthenticated,
)
from shared.rpc.metadata import calling
from tests.integration.services.identity.conftest import PASSWORD, House, Someone, new_key
from tests.waiting import until

WRONG = Date(year=1980, month=5, day=18)


def slug(failure: pytest.ExceptionInfo[PortalError]) -> str:
    return str(failure.value).partition(":")[0]


async def test_from_an_opened_practice_to_an_enrolled_patient(house: House) -> None:
    practice, admin = await house.open_practice()
    desk = await house.employ(practice, admin, "front_desk")
    patient = await house.register(practice, desk)
    pat = await house.enrol(patient, "pat")
    with calling(token=pat.token):
        me = await house.api.GetMe(api_pb2.GetMeRequest())
    assert me.display_name == "Pat Doe"
    assert [(e.patient_id, e.practice_name, e.own) for e in me.enrolments] == [(patient, "Elm Street Practice", True)]
    with calling(token=desk.token):
        seen = await house.api.GetPatient(api_pb2.GetPatientRequest(patient_id=patient))
        listed = await house.api.ListInvitations(api_pb2.ListInvitationsRequest(patient_id=patient))
    assert [(person.state, person.consented) for person in seen.persons] == [("enrolled", True)]
    assert [invitation.state for invitation in listed.invitations] == ["accepted"]
    facts = await house.peers("consent").FactsOf(peers_pb2.FactsOfRequest(patient_id=patient))
    assert [(fact.account_id, fact.person_id) for fact in facts.enrolments] == [(pat.account_id, patient)]


async def test_r8_looking_at_a_link_consumes_nothing_and_the_third_wrong_birth_date_voids_it(house: House) -> None:
    practice, admin = await house.open_practice()
    desk = await house.employ(practice, admin, "front_desk")
    patient = await house.register(practice, desk)
    await house.sign_consent(patient)
    link = await house.invitation_link(patient)
    for _ in range(4):
        await house.api.GetInvitation(api_pb2.GetInvitationRequest(invitation_id=link[0], secret=link[1]))
    expected: list[type[PortalError]] = [BirthDateDiffers, BirthDateDiffers, LinkGone]
    for error in expected:
        with pytest.raises(PortalError) as failure, calling(idempotency_key=new_key()):
            await house.api.AcceptInvitation(house.acceptance(link, "pat", WRONG))
        assert slug(failure) == error.slug
    with pytest.raises(PortalError) as failure, calling(idempotency_key=new_key()):
        await house.api.AcceptInvitation(house.acceptance(link, "pat"))
    assert slug(failure) == LinkGone.slug
    with calling(token=desk.token):
        listed = await house.api.ListInvitations(api_pb2.ListInvitationsRequest(patient_id=patient))
    assert [one.void_reason for one in listed.invitations] == ["wrong_answers"]


async def test_r10_used_void_unknown_and_forged_links_answer_alike(house: House) -> None:
    practice, admin = await house.open_practice()
    desk = await house.employ(practice, admin, "front_desk")
    patient = await house.register(practice, desk)
    await house.enrol(patient, "pat")
    used = (await house.ground.database.fetch("SELECT invitation_id FROM invitations"))[0]["invitation_id"]
    links = house.parts.links
    answers = set()
    for identifier, secret in (
        (str(used), links.secret("invitation", used)),
        (str(UUID(int=5)), links.secret("invitation", UUID(int=5))),
        (str(used), "forged"),
        ("no-uuid", "forged"),
    ):
        with pytest.raises(PortalError) as failure:
            await house.api.GetInvitation(api_pb2.GetInvitationRequest(invitation_id=identifier, secret=secret))
        answers.add(str(failure.value))
    assert len(answers) == 1


async def test_r10_two_tabs_submitting_at_once_make_one_account(house: House) -> None:
    practice, admin = await house.open_practice()
    desk = await house.employ(practice, admin, "front_desk")
    patient = await house.register(practice, desk)
    await house.sign_consent(patient)
    link = await house.invitation_link(patient)

    async def submit(name: str) -> str:
        with calling(idempotency_key=new_key()):
            return (await house.api.AcceptInvitation(house.acceptance(link, name))).account_id

    answers = await asyncio.gather(submit("one"), submit("two"), return_exceptions=True)
    assert sum(isinstance(answer, str) for answer in answers) == 1
    assert len(await house.ground.database.fetch("SELECT 1 FROM credential_passwords")) == 3


async def test_a_repeated_acceptance_is_answered_as_the_first(house: House) -> None:
    practice, admin = await house.open_practice()
    desk = await house.employ(practice, admin, "front_desk")
    patient = await house.register(practice, desk)
    await house.sign_consent(patient)
    request = house.acceptance(await house.invitation_link(patient), "pat")
    with calling(idempotency_key="form-1"):
        first = await house.api.AcceptInvitation(request)
        again = await house.api.AcceptInvitation(request)
    assert first == again
    await house.sign_in("pat")


async def test_r26_wrong_passwords_and_absent_accounts_are_answered_alike_and_throttled_alike(house: House) -> None:
    practice, admin = await house.open_practice()
    desk = await house.employ(practice, admin, "front_desk")
    pat = await house.enrol(await house.register(practice, desk), "pat")
    for name in ("pat", "nobody"):
        answers = []
        for _ in range(11):
            with pytest.raises(PortalError) as failure:
                await house.sign_in(name, "wrong-wrong-wrong")
            answers.append(str(failure.value))
        assert [answer.partition(":")[0] for answer in answers] == [WrongCredentials.slug] * 10 + [Throttled.slug]
    with pytest.raises(Throttled):
        await house.sign_in("pat")
    assert (await house.sign_in("pat", device=pat.device)).account_id == pat.account_id


async def test_r36_a_code_counts_once_and_so_does_a_recovery_code(house: House) -> None:
    practice, admin = await house.open_practice()
    name = f"ada-{practice[-12:]}"
    assert not (await house.sign_in(name)).token
    for code in (admin.recovery_codes[0], "000000", "not-a-code"):
        with pytest.raises(Unauthenticated):
            await house.sign_in(name, code=code)

    await house.ground.database.execute("UPDATE credential_totp SET last_step = 0")
    code = pyotp.TOTP(admin.totp).now()
    assert (await house.sign_in(name, code=code)).token
    with pytest.raises(Unauthenticated):
        await house.sign_in(name, code=code)
    assert (await house.sign_in(name, code=admin.recovery_codes[1].upper().replace("-", " "))).token


async def test_r45_sign_out_ends_the_session_at_once_and_everywhere(house: House) -> None:
    practice, admin = await house.open_practice()
    session = next(iter(await house.ground.database.fetch("SELECT session_id FROM credential_sessions")))["session_id"]
    with calling(token=admin.token):
        await house.api.GetMe(api_pb2.GetMeRequest())
        await house.api.SignOut(api_pb2.SignOutRequest())
    with pytest.raises(Unauthenticated), calling(token=admin.token):
        await house.api.GetMe(api_pb2.GetMeRequest())
    with pytest.raises(Unauthenticated):
        await house.api.Refresh(api_pb2.RefreshRequest(refresh_token=admin.refresh_token))
    head = await house.peers("documents").SessionHead(peers_pb2.SessionHeadRequest())
    assert str(session) in head.ended_session_ids
    assert practice


async def test_a_browsers_session_is_exchanged_rotated_and_ended(house: House) -> None:
    practice, admin = await house.open_practice()
    desk = await house.employ(practice, admin, "front_desk")
    await house.enrol(await house.register(practice, desk), "pat")
    web = house.peers("web")
    opened = await web.OpenSession(
        peers_pb2.OpenSessionRequest(user_name="Pat", password=PASSWORD, client_address="192.0.2.1", user_agent="Fox")
    )
    exchanged = await web.ExchangeSession(peers_pb2.ExchangeSessionRequest(cookie=opened.cookie))
    with calling(token=exchanged.access_token):
        listed = await house.api.ListSessions(api_pb2.ListSessionsRequest())
    assert {(one.client, one.current) for one in listed.sessions} == {("API", False), ("Fox", True)}
    with pytest.raises(Refused):
        await web.StepUpSession(peers_pb2.StepUpSessionRequest(cookie=opened.cookie, password="wrong"))  # noqa: S106
    rotated = await web.StepUpSession(peers_pb2.StepUpSessionRequest(cookie=opened.cookie, password=PASSWORD))
    with pytest.raises(Unauthenticated):
        await web.ExchangeSession(peers_pb2.ExchangeSessionRequest(cookie=opened.cookie))
    await web.ExchangeSession(peers_pb2.ExchangeSessionRequest(cookie=rotated.cookie))
    await web.EndSession(peers_pb2.EndSessionRequest(cookie=rotated.cookie))
    with pytest.raises(Unauthenticated):
        await web.ExchangeSession(peers_pb2.ExchangeSessionRequest(cookie=rotated.cookie))


async def test_r2_a_withdrawn_consent_ends_the_sessions_that_rest_on_it(house: House) -> None:
    practice, admin = await house.open_practice()
    desk = await house.employ(practice, admin, "front_desk")
    patient = await house.register(practice, desk)
    consent = await house.sign_consent(patient)
    link = await house.invitation_link(patient)
    with calling(idempotency_key=new_key()):
        await house.api.AcceptInvitation(house.acceptance(link, "pat"))
    pat = await house.sign_in("pat")
    await house.withdraw_consent(patient, consent)
    with pytest.raises(Unauthenticated), calling(token=pat.token):
        await house.api.GetMe(api_pb2.GetMeRequest())
    assert (await house.sign_in("pat")).token, "the account stays for a consent to come"


async def test_r43_roles_practices_and_keys_are_asked_for(house: House) -> None:
    practice, admin = await house.open_practice()
    other, stranger = await house.open_practice()
    desk = await house.employ(practice, admin, "front_desk")
    patient = await house.register(practice, desk)
    with pytest.raises(NotFound), calling(token=stranger.token):
        await house.api.GetPatient(api_pb2.GetPatientRequest(patient_id=patient))
    with pytest.raises(NotFound), calling(token=stranger.token):
        await house.api.ListStaff(api_pb2.ListStaffRequest(practice_id=practice))
    with pytest.raises(NotAllowed), calling(token=desk.token):
        await house.api.ListStaff(api_pb2.ListStaffRequest(practice_id=practice))
    with pytest.raises(IdempotencyKeyRequired), calling(token=desk.token):
        await house.api.RecordDeath(api_pb2.RecordDeathRequest(patient_id=patient))
    with pytest.raises(NotAllowed):
        await house.peers("billing").LinkOf(peers_pb2.LinkOfRequest())
    with pytest.raises((Unauthenticated, grpc.aio.AioRpcError)):
        await house.api.ListStaff(api_pb2.ListStaffRequest(practice_id=other))


async def test_r45_a_stale_proof_is_refused_and_a_code_renews_it(house: House) -> None:
    practice, admin = await house.open_practice()
    await house.ground.database.execute("UPDATE credential_sessions SET factor_at = factor_at - interval '6 minutes'")
    stale = await house.api.Refresh(api_pb2.RefreshRequest(refresh_token=admin.refresh_token))
    request = api_pb2.InviteStaffRequest(
        practice_id=practice, name=api_pb2.PersonName(given="N", family="R"), email="n@p.example", roles=["billing"]
    )
    with pytest.raises(StepUpRequired), calling(token=stale.access_token, idempotency_key=new_key()):
        await house.api.InviteStaff(request)
    await house.ground.database.execute("UPDATE credential_totp SET last_step = 0")
    with calling(token=stale.access_token):
        proved = await house.api.StepUp(api_pb2.StepUpRequest(code=pyotp.TOTP(admin.totp).now()))
    with calling(token=proved.access_token, idempotency_key=new_key()):
        await house.api.InviteStaff(request)


async def test_r44_a_possible_duplicate_is_warned_of_and_a_repeat_is_not_its_own_duplicate(house: House) -> None:
    practice, admin = await house.open_practice()
    desk = await house.employ(practice, admin, "front_desk")
    patient = await house.register(practice, desk, email="")
    request = api_pb2.RegisterPatientRequest(
        practice_id=practice, name=api_pb2.PersonName(given="Patrícia", family="DOE"),
        birth_date=Date(year=1980, month=5, day=17),
    )  # fmt: skip
    with calling(token=desk.token, idempotency_key="form-7"):
        warned = await house.api.RegisterPatient(request)
        assert (warned.patient_id, [one.patient_id for one in warned.possible_duplicates]) == ("", [patient])
        request.confirmed = True
        made = await house.api.RegisterPatient(request)
        await house.settled(made.position)
        assert await house.api.RegisterPatient(request) == made
    assert made.patient_id not in {"", patient}


async def test_patients_are_found_by_beginnings_birth_date_phone_and_address(house: House) -> None:
    practice, admin = await house.open_practice()
    desk = await house.employ(practice, admin, "front_desk")
    patient = await house.register(practice, desk, family="Müller-Li")

    async def found(**sought: object) -> list[str]:
        request = api_pb2.FindPatientsRequest(practice_id=practice, **sought)  # type: ignore[arg-type]  # its fields
        with calling(token=desk.token):
            return [one.patient_id for one in (await house.api.FindPatients(request)).patients]

    for sought in (
        {"name": "mul"}, {"name": "MULLER pat"}, {"name": "li"}, {"email": "PAT@example.org"},
        {"phone": "555-010-2345"}, {"phone": "+1 555 010 2345"}, {"birth_date": Date(year=1980, month=5, day=17)},
    ):  # fmt: skip
        assert await found(**sought) == [patient], sought
    for sought in ({"name": "mu"}, {"name": "mull xav"}, {"email": "at@example.org"}):
        assert await found(**sought) == [], sought
    with pytest.raises(InvalidField):
        await found()


async def test_heads_name_what_a_caller_has_not_applied_and_nothing_else(house: House) -> None:
    practice, admin = await house.open_practice()
    desk = await house.employ(practice, admin, "front_desk")
    patient = await house.register(practice, desk)
    consent, documents = house.peers("consent"), house.peers("documents")
    nothing = await consent.FactsHead(peers_pb2.FactsHeadRequest())
    assert list(nothing.patient_ids) == [patient]
    staff = await documents.SessionHead(peers_pb2.SessionHeadRequest())
    assert set(staff.changed_account_ids) == {admin.account_id, desk.account_id}
    head = await house.ground.store.head()
    applied = dict.fromkeys(range(12), head)
    assert not (await consent.FactsHead(peers_pb2.FactsHeadRequest(applied=applied))).patient_ids
    with calling(token=desk.token, idempotency_key=new_key()):
        await house.api.RecordDeath(api_pb2.RecordDeathRequest(patient_id=patient))
    assert list((await consent.FactsHead(peers_pb2.FactsHeadRequest(applied=applied))).patient_ids) == [patient]
    facts = await consent.FactsOf(peers_pb2.FactsOfRequest(patient_id=patient))
    assert facts.deceased
    assert facts.death_event_id.startswith("identity:")


async def test_the_rules_clock_only_goes_forward_and_every_lease_carries_it(house: House) -> None:
    operations = house.peers("operations")
    await operations.AdvanceClock(peers_pb2.AdvanceClockRequest(by=Duration(seconds=86_400)))
    with pytest.raises(InvalidField):
        await operations.AdvanceClock(peers_pb2.AdvanceClockRequest(by=Duration(seconds=-1)))
    head = await house.peers("documents").SessionHead(peers_pb2.SessionHeadRequest())
    assert head.clock_offset.seconds == 86_400
    with pytest.raises(NotAllowed):
        await house.peers("web").AdvanceClock(peers_pb2.AdvanceClockRequest(by=Duration(seconds=1)))


async def test_r27_who_leaves_is_out_and_the_name_never_works_again(house: House) -> None:
    practice, admin = await house.open_practice()
    desk = await house.employ(practice, admin, "front_desk")
    patient = await house.register(practice, desk)
    pat = await house.enrol(patient, "Pat")
    with calling(token=pat.token, idempotency_key=new_key()):
        await house.api.Unenrol(api_pb2.UnenrolRequest(leaving_practice_id=practice))

    async def is_out() -> bool:
        try:
            with calling(token=pat.token):
                await house.api.GetMe(api_pb2.GetMeRequest())
        except Unauthenticated:
            return True
        return False

    await until(is_out, seconds=3)
    for name in ("Pat", "pat", "PAT", "p\u0430t"):
        with pytest.raises(Unauthenticated):
            await house.sign_in(name)
    await house.sign_consent(patient)
    link = await house.invitation_link(patient)
    with pytest.raises(Refused), calling(idempotency_key=new_key()):
        await house.api.AcceptInvitation(house.acceptance(link, "p\u0430t"))
    with calling(idempotency_key=new_key()):
        await house.api.AcceptInvitation(house.acceptance(link, "pat-again"))


async def test_r45_sessions_end_when_idle_and_after_twelve_hours(house: House) -> None:
    practice, admin = await house.open_practice()
    assert practice
    web = house.peers("web")
    code = pyotp.TOTP(admin.totp)
    for column, minutes, holds in (("seen_at", 14, True), ("seen_at", 15, False), ("ends_at", 721, False)):
        await house.ground.database.execute("UPDATE credential_totp SET last_step = 0")
        opened = await web.OpenSession(
            peers_pb2.OpenSessionRequest(
                user_name=f"ada-{practice[-12:]}", password=PASSWORD, code=code.now(), device=admin.device
            )
        )
        await house.ground.database.execute(
            f"UPDATE credential_sessions SET {column} = {column} - make_interval(mins => $1)",  # noqa: S608
            minutes,
        )
        exchange = web.ExchangeSession(peers_pb2.ExchangeSessionRequest(cookie=opened.cookie))
        if holds:
            await exchange
        else:
            with pytest.raises(Unauthenticated):
                await exchange


async def test_a_refresh_token_counts_once_with_a_grace_and_reuse_ends_the_session(house: House) -> None:
    _, admin = await house.open_practice()
    request = api_pb2.RefreshRequest(refresh_token=admin.refresh_token)
    first, again = await asyncio.gather(house.api.Refresh(request), house.api.Refresh(request))
    assert first.refresh_token == again.refresh_token != admin.refresh_token
    await house.ground.database.execute(
        "UPDATE credential_refresh SET used_at = used_at - interval '31 seconds' WHERE used_at IS NOT NULL"
    )
    with pytest.raises(Unauthenticated):
        await house.api.Refresh(request)
    with pytest.raises(Unauthenticated):
        await house.api.Refresh(api_pb2.RefreshRequest(refresh_token=first.refresh_token))


async def test_no_secret_and_no_name_lies_in_clear_in_the_database(house: House) -> None:
    practice, admin = await house.open_practice()
    desk = await house.employ(practice, admin, "front_desk")
    pat: Someone = await house.enrol(await house.register(practice, desk, family="Canaryname"), "canaryuser")
    tables = await house.ground.database.fetch(
        "SELECT table_schema AS place, table_name AS name FROM information_schema.tables "
        "WHERE table_schema NOT IN ('pg_catalog', 'information_schema') AND table_type = 'BASE TABLE'"
    )
    for table in tables:
        name = f'"{table["place"]}"."{table["name"]}"'
        rows = await house.ground.database.fetch(f"SELECT t::text AS text FROM {name} t")  # noqa: S608
        text = "\n".join(row["text"] for row in rows)
        for canary in ("Canaryname", "canaryuser", "pat@example.org", PASSWORD, admin.totp, pat.refresh_token):
            assert canary not in text, (table, canary)
            assert canary.encode().hex() not in text, (table, canary)
