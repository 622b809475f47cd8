"""Emergency access, the desk's tasks and signing by a link, over gRPC."""

from contextlib import suppress
from datetime import UTC, date, datetime
from uuid import UUID

import pytest

from services.consent.domain.identifiers import signing_link
from shared.access.windows import StaffMembership
from shared.contracts.consent.v1 import api_pb2, peers_pb2
from shared.errors import InvalidField, NotAllowed, NotFound, Refused, StepUpRequired
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
from tests.integration.services.consent.test_consent import sees
from tests.waiting import until


async def test_r43_emergency_access_from_its_declaration_to_the_admins_finding(house: House) -> None:
    await house.open_practice()
    await house.register()
    await house.sign()
    await house.enrol()
    await until(lambda: sees(house))
    admin = UUID(int=0xC9)
    house.identity.staff[admin] = [StaffMembership(PRACTICE, UUID(int=0xE9), frozenset({"admin"}))]
    house.identity.changed.append(str(admin))
    declare = api_pb2.DeclareEmergencyAccessRequest(patient_id=str(PATIENT), reason="brought in unconscious")
    old = house.signer.token(DESK, factor_at=0)
    with pytest.raises(StepUpRequired):
        await house.api.DeclareEmergencyAccess(
            declare, metadata=(("authorization", f"Bearer {old}"), ("idempotency-key", "old")), timeout=5
        )
    for stranger in (STRANGER, PATIENTS_ACCOUNT):
        with pytest.raises(NotFound):
            await house.command("DeclareEmergencyAccess", declare, stranger)
    short = api_pb2.DeclareEmergencyAccessRequest(patient_id=str(PATIENT), reason=".")
    with pytest.raises(InvalidField):
        await house.command("DeclareEmergencyAccess", short)
    declared = await house.command("DeclareEmergencyAccess", declare, key="once")
    assert await house.command("DeclareEmergencyAccess", declare, key="once") == declared
    assert await sees(house, DESK) == {"results", "documents"}
    mine = await house.ask("MyAccess", api_pb2.MyAccessRequest(), DESK)
    assert not mine.patients
    shown = await house.ask(
        "ListEmergencyAccessOfPatient",
        api_pb2.ListEmergencyAccessOfPatientRequest(patient_id=str(PATIENT)),
        PATIENTS_ACCOUNT,
        after=declared.position,
    )
    assert [(one.reason, one.finding) for one in shown.emergencies] == [("brought in unconscious", "")]
    waiting = api_pb2.ListEmergencyAccessRequest(practice_id=str(PRACTICE), waiting_only=True)
    with pytest.raises(NotAllowed):
        await house.ask("ListEmergencyAccess", waiting)

    async def is_known() -> bool:
        """Within its lease the service hears of the new admin."""
        with suppress(NotFound):
            return len((await house.ask("ListEmergencyAccess", waiting, admin)).emergencies) == 1
        return False

    await until(is_known)
    review = api_pb2.ReviewEmergencyAccessRequest(
        practice_id=str(PRACTICE), emergency_id=declared.emergency_id, finding="unjustified"
    )
    reviewed = await house.command("ReviewEmergencyAccess", review, admin)
    assert await sees(house, DESK) == set()
    assert not (await house.ask("ListEmergencyAccess", waiting, admin, after=reviewed.position)).emergencies


async def test_r20_a_teens_objection_waits_at_the_desk_until_it_is_settled(house: House) -> None:
    await house.open_practice()
    await house.register(date(datetime.now(UTC).year - 14, 1, 1))
    await house.sign()
    await house.enrol()
    await until(lambda: sees(house))
    grant = api_pb2.GrantAuthorizationRequest(
        patient_id=str(PATIENT), person_id=str(PARENT), kind="minor", signed_by=["representative"]
    )
    await house.command("GrantAuthorization", grant)
    objection = api_pb2.ObjectToRepresentativeRequest(
        patient_id=str(PATIENT), person_id=str(PARENT), reason="we no longer speak"
    )
    for other in (DESK, STRANGER, PARENTS_ACCOUNT):
        with pytest.raises(NotFound):
            await house.command("ObjectToRepresentative", objection, other)
    raised = await house.command("ObjectToRepresentative", objection, PATIENTS_ACCOUNT)
    waiting = api_pb2.ListDeskTasksRequest(practice_id=str(PRACTICE))
    for other in (PATIENTS_ACCOUNT, STRANGER):
        with pytest.raises(NotFound):
            await house.ask("ListDeskTasks", waiting, other)
    (task,) = (await house.ask("ListDeskTasks", waiting, after=raised.position)).tasks
    assert (task.kind, task.person_id, task.words) == ("objection", str(PARENT), "we no longer speak")
    settle = api_pb2.SettleDeskTaskRequest(practice_id=str(PRACTICE), task_id=task.task_id)
    settled = await house.command("SettleDeskTask", settle)
    assert not (await house.ask("ListDeskTasks", waiting, after=settled.position)).tasks
    with pytest.raises(Refused):
        await house.command("SettleDeskTask", settle)
    emancipated = api_pb2.RecordEmancipationRequest(
        patient_id=str(PATIENT), kind="court_decree", scan_id=await house.scan()
    )
    await house.command("RecordEmancipation", emancipated)
    assert await sees(house) == set()


async def test_r6_signed_by_a_link_that_messaging_fetched_for_its_mail(house: House) -> None:
    await house.open_practice()
    await house.register()
    send = api_pb2.SendSigningLinkRequest(patient_id=str(PATIENT))
    with pytest.raises(NotFound):
        await house.command("SendSigningLink", send, STRANGER)
    sent = await house.command("SendSigningLink", send)
    link_id = str(signing_link(PATIENT))
    number = int(sent.position.partition(":")[2])
    ask = peers_pb2.SigningLinkRequest(link_id=link_id, cause=f"consent:{number}")
    with pytest.raises(NotAllowed):
        await house.peers("documents").SigningLink(ask, timeout=30)
    foreign = peers_pb2.SigningLinkRequest(link_id=link_id, cause=f"consent:{number - 1}")
    with pytest.raises(NotFound):
        await house.peers("messaging").SigningLink(foreign, timeout=30)
    url = (await house.peers("messaging").SigningLink(ask, timeout=30)).url
    secret = url.rpartition("/")[2]
    look = api_pb2.GetSigningFormRequest(link_id=link_id, secret=secret)
    for _ in range(5):
        shown = await house.api.GetSigningForm(look, timeout=30)
    assert shown.form_version == 1
    for wrong in (
        api_pb2.GetSigningFormRequest(link_id=link_id, secret="0" * 32),
        api_pb2.GetSigningFormRequest(link_id=str(UUID(int=9)), secret=secret),
        api_pb2.GetSigningFormRequest(link_id="none", secret=secret),
    ):
        with pytest.raises(Refused) as refused:
            await house.api.GetSigningForm(wrong, timeout=30)
        assert refused.value.slug == "link_gone"
    sign = api_pb2.SignByLinkRequest(
        link_id=link_id, secret=secret, birth_date=date_message(BORN), form_version=shown.form_version
    )
    await house.api.SignByLink(sign, metadata=(("idempotency-key", "form"),), timeout=30)
    await house.api.SignByLink(sign, metadata=(("idempotency-key", "form"),), timeout=30)
    with pytest.raises(Refused):
        await house.api.SignByLink(sign, metadata=(("idempotency-key", "again"),), timeout=30)
    await house.enrol()
    await until(lambda: sees(house))


async def test_r21_a_release_from_the_signature_to_the_accounting_of_disclosures(house: House) -> None:
    await house.open_practice()
    await house.register()
    await house.sign()
    await house.enrol()
    await until(lambda: sees(house))
    ask = api_pb2.RequestRecordsReleaseRequest(
        patient_id=str(PATIENT),
        what="imaging of 2019",
        from_whom="Elm Street Practice",
        to_whom="Dr. Roe, Albany",
        purpose="second opinion",
        expires_on=date_message(date(2999, 1, 1)),
    )
    for other in (STRANGER, PARENTS_ACCOUNT):
        with pytest.raises(NotFound):
            await house.command("RequestRecordsRelease", ask, other)
    with pytest.raises(InvalidField):
        await house.command("RequestRecordsRelease", ask)
    asked = await house.command("RequestRecordsRelease", ask, PATIENTS_ACCOUNT)
    about = {"patient_id": str(PATIENT), "release_id": asked.release_id}
    with pytest.raises(NotFound):
        await house.command("ExtendRecordsRelease", api_pb2.ExtendRecordsReleaseRequest(**about), PATIENTS_ACCOUNT)
    await house.command("ExtendRecordsRelease", api_pb2.ExtendRecordsReleaseRequest(**about, reason="late archive"))
    disclosure = api_pb2.RecordDisclosureRequest(
        patient_id=str(PATIENT), release_id=asked.release_id, what="two images", is_last=True
    )
    done = await house.command("RecordDisclosure", disclosure)
    mine = api_pb2.ListRecordsReleasesRequest(patient_id=str(PATIENT))
    (release,) = (await house.ask("ListRecordsReleases", mine, PATIENTS_ACCOUNT, after=done.position)).releases
    assert (release.state, release.method, release.extended, release.purpose) == (
        "fulfilled",
        "screen",
        True,
        "second opinion",
    )
    assert [(one.what, one.to_whom) for one in release.disclosures] == [("two images", "Dr. Roe, Albany")]
    ask.scan_id = str(UUID(int=7))
    for account in (PATIENTS_ACCOUNT, DESK):
        with pytest.raises(InvalidField):
            await house.command("RequestRecordsRelease", ask, account)
    ask.scan_id = await house.scan()
    paper = await house.command("RequestRecordsRelease", ask)
    waiting = api_pb2.ListOpenReleasesRequest(practice_id=str(PRACTICE))
    (open_one,) = (await house.ask("ListOpenReleases", waiting, after=paper.position)).releases
    assert (open_one.release_id, open_one.method, open_one.scan_id) == (paper.release_id, "paper", ask.scan_id)
    with pytest.raises(NotFound):
        await house.ask("ListOpenReleases", waiting, STRANGER)
