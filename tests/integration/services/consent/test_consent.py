"""Consent over gRPC: the desk signs, an account is joined, peers are told, consent is withdrawn, identity is ahead."""

from datetime import UTC, date, datetime
from uuid import UUID

import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from shared.access.windows import StaffMembership
from shared.contracts.consent.v1 import api_pb2, peers_pb2
from shared.contracts.identity.v1 import events as told
from shared.errors import (
    AccessUndecided,
    CommandReused,
    IdempotencyKeyRequired,
    InvalidField,
    NotAllowed,
    NotFound,
    Refused,
)
from shared.rpc.fields import date_message
from tests.integration.services.consent.conftest import (
    BORN,
    DESK,
    PARENT,
    PARENTS_ACCOUNT,
    PATIENT,
    PATIENTS_ACCOUNT,
    PRACTICE,
    STRANGER,
    House,
)
from tests.waiting import until

SIGN = api_pb2.SignConsentRequest(patient_id=str(PATIENT), form_version=1, method="screen")


async def sees(house: House, account: UUID = PATIENTS_ACCOUNT) -> set[str]:
    now = datetime.now(UTC)
    windows = await house.decide(account)
    return {
        scope
        for window in windows
        if window.since.ToDatetime(UTC) <= now
        and not (window.HasField("until") and window.until.ToDatetime(UTC) <= now)
        for scope in window.scopes
    }


async def test_r2_from_the_signature_at_the_desk_to_access_and_to_its_withdrawal(house: House) -> None:
    await house.open_practice()
    await house.register()
    signed = await house.sign()
    assert await sees(house) == set()
    await house.enrol()
    await until(lambda: sees(house))
    (window,) = await house.decide(PATIENTS_ACCOUNT)
    assert (window.acting_as, window.rule, window.practice_id) == ("self", "R12", str(PRACTICE))
    assert all(name.partition(":")[2].isdigit() for name in window.because)
    assert {name.partition(":")[0] for name in window.because} <= {"identity", "consent"}

    listed = await house.ask(
        "ListConsents", api_pb2.ListConsentsRequest(patient_id=str(PATIENT)), after=signed.position
    )
    assert [(consent.consent_id, consent.state) for consent in listed.consents] == [(signed.consent_id, "in_force")]
    mine = await house.ask("MyAccess", api_pb2.MyAccessRequest(), PATIENTS_ACCOUNT)
    assert [(one.patient_id, one.acting_as, len(one.scopes)) for one in mine.patients] == [(str(PATIENT), "self", 6)]

    withdraw = api_pb2.WithdrawConsentRequest(patient_id=str(PATIENT), consent_id=signed.consent_id)
    await house.command("WithdrawConsent", withdraw, PATIENTS_ACCOUNT)
    assert await sees(house) == set()
    with pytest.raises(NotFound):
        await house.command("WithdrawConsent", withdraw, PATIENTS_ACCOUNT)


async def test_a_repeated_command_gets_the_first_answer_and_another_request_under_its_key_is_refused(
    house: House,
) -> None:
    await house.open_practice()
    await house.register()
    first = await house.sign(key="one")
    assert await house.sign(key="one") == first
    with pytest.raises(CommandReused):
        await house.sign(key="one", signer=str(PARENT))
    with pytest.raises(IdempotencyKeyRequired):
        await house.ask("SignConsent", SIGN)


async def test_the_desk_of_another_practice_a_patient_and_a_peer_cannot_sign(house: House) -> None:
    await house.open_practice()
    await house.register()
    with pytest.raises(NotFound):
        await house.command("SignConsent", SIGN, STRANGER)
    with pytest.raises(NotFound):
        await house.command("SignConsent", SIGN, PATIENTS_ACCOUNT)
    absent = api_pb2.SignConsentRequest(patient_id=str(UUID(int=5)), form_version=1, method="screen")
    with pytest.raises(NotFound):
        await house.command("SignConsent", absent)
    with pytest.raises(NotAllowed):
        await house.peers("gateway").Decide(peers_pb2.DecideRequest(account_id=str(DESK)), timeout=30)


@pytest.mark.parametrize(
    ("field", "given"),
    [
        ("patient_id", {"patient_id": "b1"}),
        ("signer_id", {"signer_id": "nobody"}),
        ("form_version", {"form_version": 0}),
        ("method", {"method": "telegram"}),
        ("scan_id", {"method": "paper"}),
        ("scan_id", {"scan_id": str(PATIENT)}),
    ],
)
async def test_bad_fields_are_named(house: House, field: str, given: dict[str, str]) -> None:
    await house.open_practice()
    await house.register()
    request = api_pb2.SignConsentRequest(patient_id=str(PATIENT), form_version=1, method="screen")
    for name, value in given.items():
        setattr(request, name, value)
    with pytest.raises(InvalidField) as refused:
        await house.command("SignConsent", request)
    assert refused.value.field == field


async def test_the_signature_is_recorded_before_the_event_of_the_registration_has_come(house: House) -> None:
    await house.open_practice()
    house.identity.knows()
    await house.sign()
    await house.register()
    await house.enrol()
    await until(lambda: sees(house))


async def test_peers_are_told_whom_to_ask_about(house: House) -> None:
    await house.open_practice()
    await house.register()
    await house.sign()
    await house.enrol()
    await until(lambda: house.named({}))
    assert await house.named({}) == {str(PATIENT)}
    await until(lambda: sees(house))
    far = dict.fromkeys(range(12), 1000000)
    await until(lambda: nobody(house, far))
    house.identity.newer = {PATIENT}
    await until(lambda: house.named(far))


async def nobody(house: House, applied: dict[int, int]) -> bool:
    return await house.named(applied) == set()


async def test_r20_a_death_that_identity_recorded_ends_access_before_its_event_has_come(house: House) -> None:
    await house.open_practice()
    await house.register()
    await house.sign()
    await house.enrol()
    await until(lambda: sees(house))
    house.identity.newer = {PATIENT}
    house.identity.knows().deceased = True
    await until(lambda: blind(house), seconds=2)
    house.identity.newer = set()
    await until(lambda: sees(house), seconds=2)
    await house.tell(told.PatientDeceased(practice_id=PRACTICE, patient_id=PATIENT))
    await until(lambda: blind(house))


async def blind(house: House) -> bool:
    return await sees(house) == set()


async def test_identity_silent_there_is_no_access_after_its_lease(house: House) -> None:
    await house.open_practice()
    house.identity.silent = True

    async def undecided() -> bool:
        try:
            await house.decide(PATIENTS_ACCOUNT)
        except AccessUndecided:
            return True
        return False

    await until(undecided, seconds=5)


async def test_r17_r7_r37_a_parent_is_granted_access_by_verified_documents_and_asks_about_themselves_only(
    house: House,
) -> None:
    await house.open_practice()
    born = date(datetime.now(UTC).year - 9, 1, 1)
    await house.register(born)
    granted = await house.command(
        "GrantAuthorization",
        api_pb2.GrantAuthorizationRequest(
            patient_id=str(PATIENT), person_id=str(PARENT), kind="minor", signed_by=["representative"]
        ),
    )
    named = {"patient_id": str(PATIENT), "authorization_id": granted.authorization_id}
    brought = await house.command(
        "RecordDocument",
        api_pb2.RecordDocumentRequest(**named, kind="birth_certificate", scan_id=await house.scan()),
    )
    verify = api_pb2.VerifyDocumentsRequest(**named, document_id=brought.document_id)
    verify.expires_on.CopyFrom(date_message(date(2999, 1, 1)))
    with pytest.raises(Refused):
        await house.sign(signer=str(PARENT))
    verified = await house.command("VerifyDocuments", verify)
    await house.sign(signer=str(PARENT))
    await house.enrol(PARENTS_ACCOUNT, PARENT)
    await until(lambda: sees(house, PARENTS_ACCOUNT))
    windows = await house.decide(PARENTS_ACCOUNT)
    assert [(window.rule, window.acting_as, len(window.scopes)) for window in windows] == [
        ("R17", "representative", 6),
        ("R18", "representative", 2),
    ]
    listed = await house.ask(
        "ListAuthorizations", api_pb2.ListAuthorizationsRequest(patient_id=str(PATIENT)), PARENTS_ACCOUNT,
        after=verified.position,
    )  # fmt: skip
    (authorization,) = listed.authorizations
    assert (authorization.state, list(authorization.signed_by)) == ("in_force", ["representative"])
    assert [(d.kind, d.state, d.verified_by) for d in authorization.documents] == [
        ("birth_certificate", "verified", str(DESK))
    ]
    who = await house.ask("WhoCanSee", api_pb2.WhoCanSeeRequest(patient_id=str(PATIENT)), PARENTS_ACCOUNT)
    assert [(viewer.account_id, viewer.windows[0].rule) for viewer in who.viewers] == [(str(PARENTS_ACCOUNT), "R17")]
    about = api_pb2.ExplainAccessRequest(patient_id=str(PATIENT), account_id=str(PATIENTS_ACCOUNT))
    with pytest.raises(NotFound):
        await house.ask("ExplainAccess", about, PARENTS_ACCOUNT)
    suspend = api_pb2.SuspendPairRequest(patient_id=str(PATIENT), person_id=str(PARENT), reason="court asked")
    await house.command("SuspendPair", suspend)
    assert await sees(house, PARENTS_ACCOUNT) == set()


async def test_r19_an_adult_is_represented_by_what_both_sign_and_by_nothing_that_a_form_claims(house: House) -> None:
    """Forged requests: (a) for a minor, a parent's form for an adult, (a) on one signature; then both have signed."""
    await house.open_practice()
    ends = date_message(date(datetime.now(UTC).year + 1, 1, 1))

    def grant(kind: str, *signed_by: str) -> api_pb2.GrantAuthorizationRequest:
        return api_pb2.GrantAuthorizationRequest(
            patient_id=str(PATIENT), person_id=str(PARENT), kind=kind, signed_by=signed_by, until=ends
        )

    await house.register()
    await house.sign()
    await house.enrol()
    await until(lambda: sees(house))
    with pytest.raises(Refused):
        await house.command("GrantAuthorization", grant("minor", "representative"))
    for caller in (PATIENTS_ACCOUNT, PARENTS_ACCOUNT, STRANGER):
        with pytest.raises(NotFound):
            await house.command("GrantAuthorization", grant("adult_authorization", "patient", "representative"), caller)
    draft = await house.command("GrantAuthorization", grant("adult_authorization", "representative"))
    with pytest.raises(Refused):
        await house.sign(signer=str(PARENT))
    signed = api_pb2.SignAuthorizationRequest(
        patient_id=str(PATIENT), authorization_id=draft.authorization_id, signed_by="patient"
    )
    await house.command("SignAuthorization", signed)
    await house.sign(signer=str(PARENT))
    await house.enrol(PARENTS_ACCOUNT, PARENT)
    await until(lambda: sees(house, PARENTS_ACCOUNT))
    assert {window.rule for window in await house.decide(PARENTS_ACCOUNT)} == {"R19a"}


async def test_r37_who_can_see_and_who_could(house: House) -> None:
    await house.open_practice()
    await house.register()
    signed = await house.sign()
    await house.enrol()
    await until(lambda: sees(house))
    who = await house.ask("WhoCanSee", api_pb2.WhoCanSeeRequest(patient_id=str(PATIENT)), PATIENTS_ACCOUNT)
    assert [(viewer.account_id, viewer.acting_as) for viewer in who.viewers] == [(str(PATIENTS_ACCOUNT), "self")]
    then = Timestamp()
    then.FromDatetime(datetime.now(UTC))
    reason = "asked at the desk"
    withdraw = api_pb2.WithdrawConsentRequest(patient_id=str(PATIENT), consent_id=signed.consent_id, reason=reason)
    await house.command("WithdrawConsent", withdraw)
    explain = api_pb2.ExplainAccessRequest(patient_id=str(PATIENT), account_id=str(PATIENTS_ACCOUNT), at=then)
    past = await house.ask("ExplainAccess", explain)
    assert [window.rule for window in past.known_then] == ["R12"]
    now = await house.ask(
        "ExplainAccess", api_pb2.ExplainAccessRequest(patient_id=str(PATIENT), account_id=str(PATIENTS_ACCOUNT))
    )
    assert (list(now.known_now), list(now.missing)) == ([], ["consent"])
    who = await house.ask("WhoCanSee", api_pb2.WhoCanSeeRequest(patient_id=str(PATIENT), at=then))
    for viewers in (who.viewers, who.known_now):
        assert [viewer.account_id for viewer in viewers] == [str(PATIENTS_ACCOUNT)]


async def test_a_refusal_says_its_slug(house: House) -> None:
    await house.open_practice()
    await house.register()
    request = api_pb2.SignConsentRequest(patient_id=str(PATIENT), form_version=2, method="screen")
    with pytest.raises(Refused) as refused:
        await house.command("SignConsent", request)
    assert refused.value.slug == "form_not_in_force"
    assert str(BORN) not in str(refused.value)


async def test_r2_a_new_version_shuts_the_record_at_once_and_the_own_signature_opens_it(house: House) -> None:
    await house.open_practice()
    await house.register()
    await house.sign()
    await house.enrol()
    await until(lambda: sees(house))
    far = dict.fromkeys(range(12), 1000000)
    await until(lambda: nobody(house, far))
    publish = api_pb2.PublishFormRequest(
        practice_id=str(PRACTICE), texts=[api_pb2.FormText(language="en", text="New words")]
    )
    with pytest.raises(NotAllowed):
        await house.command("PublishForm", publish)
    with pytest.raises(NotFound):
        await house.command("PublishForm", publish, STRANGER)
    house.identity.staff[DESK] = [StaffMembership(PRACTICE, UUID(int=0xE1), frozenset({"front_desk", "admin"}))]
    published = await house.command("PublishForm", publish)
    assert published.form_version == 2
    assert await sees(house) == set()
    await until(lambda: nobody(house, far))
    mine = await house.ask("MyAccess", api_pb2.MyAccessRequest(), PATIENTS_ACCOUNT)
    assert [(one.patient_id, one.form_version) for one in mine.to_sign] == [(str(PATIENT), 2)]
    assert not mine.patients
    sign = api_pb2.SignOwnConsentRequest(for_patient_id=str(PATIENT), form_version=2)
    with pytest.raises(NotFound):
        await house.command("SignOwnConsent", sign, PARENTS_ACCOUNT)
    await house.command("SignOwnConsent", sign, PATIENTS_ACCOUNT)
    assert len(await sees(house)) == 6
