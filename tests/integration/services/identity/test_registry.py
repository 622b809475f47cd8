"""What desk, admin, operations and peers do with practices, providers, patients and persons, over gRPC."""

from uuid import UUID

import pytest
from google.type.date_pb2 import Date

from shared.contracts.identity.v1 import api_pb2, peers_pb2
from shared.errors import InvalidField, NotAllowed, NotFound, PortalError
from shared.rpc.metadata import calling
from tests.integration.services.identity.conftest import BORN, House, new_key
from tests.waiting import until


async def test_providers_are_registered_take_part_and_are_shown_to_staff(house: House) -> None:
    practice, admin = await house.open_practice()
    desk = await house.employ(practice, admin, "front_desk")
    request = api_pb2.RegisterProviderRequest(
        practice_id=practice, name=api_pb2.PersonName(given="Ada", family="Quist"), credentials="MD", npi="1234567890"
    )
    with calling(token=admin.token, idempotency_key=new_key()):
        made = await house.api.RegisterProvider(request)
    with pytest.raises(PortalError), calling(token=admin.token, idempotency_key=new_key()):
        await house.api.RegisterProvider(request)
    with pytest.raises(NotAllowed), calling(token=desk.token, idempotency_key=new_key()):
        await house.api.RegisterProvider(request)
    provider = api_pb2.ActivateProviderRequest(practice_id=practice, provider_id=made.provider_id)
    with calling(token=admin.token, idempotency_key=new_key()):
        active = await house.api.ActivateProvider(provider)
    with calling(token=desk.token, after=active.position):
        listed = await house.api.ListProviders(api_pb2.ListProvidersRequest(practice_id=practice))
    assert [(one.display_name, one.takes_part, one.npi) for one in listed.providers] == [
        ("Ada Quist, MD", True, "1234567890")
    ]
    names = await house.peers("messaging").NamesOf(
        peers_pb2.NamesOfRequest(ids=[made.provider_id, practice, str(UUID(int=9))])
    )
    assert dict(names.names) == {made.provider_id: "Ada Quist, MD", practice: "Elm Street Practice"}


async def test_another_practices_admin_changes_no_provider_here(house: House) -> None:
    practice, admin = await house.open_practice()
    other, stranger = await house.open_practice()
    request = api_pb2.RegisterProviderRequest(
        practice_id=practice, name=api_pb2.PersonName(given="Ada", family="Quist"), npi="1234567890"
    )
    with calling(token=admin.token, idempotency_key=new_key()):
        made = await house.api.RegisterProvider(request)
    for practice_id in (practice, other):
        forged = api_pb2.ActivateProviderRequest(practice_id=practice_id, provider_id=made.provider_id)
        with pytest.raises(NotFound), calling(token=stranger.token, idempotency_key=new_key()):
            await house.api.ActivateProvider(forged)


async def test_r35_a_correction_needs_a_document_and_holds_in_the_directory_and_for_peers(house: House) -> None:
    practice, admin = await house.open_practice()
    desk = await house.employ(practice, admin, "front_desk")
    patient = await house.register(practice, desk)
    with calling(token=desk.token, idempotency_key=new_key()):
        name = api_pb2.PersonName(given="Pat", family="Newname")
        request = api_pb2.CorrectNameRequest(patient_id=patient, name=name)
        with pytest.raises(InvalidField) as refusal:
            await house.api.CorrectName(request)
        assert refusal.value.field == "document"
        request.document = "Marriage certificate"
        await house.api.CorrectName(request)
    with calling(token=desk.token, idempotency_key=new_key()):
        born = Date(year=1981, month=1, day=2)
        corrected = await house.api.CorrectBirthDate(
            api_pb2.CorrectBirthDateRequest(patient_id=patient, birth_date=born, document="Passport")
        )

    async def found(name: str) -> list[api_pb2.PatientEntry]:
        with calling(token=desk.token, after=corrected.position):
            request = api_pb2.FindPatientsRequest(practice_id=practice, name=name)
            return list((await house.api.FindPatients(request)).patients)

    assert await found("Doe") == []
    assert [(one.name.family, one.birth_date) for one in await found("newn")] == [("Newname", born)]
    facts = await house.peers("consent").FactsOf(peers_pb2.FactsOfRequest(patient_id=patient))
    assert facts.birth_date == born


async def test_a_representative_is_registered_reached_and_invited(house: House) -> None:
    practice, admin = await house.open_practice()
    desk = await house.employ(practice, admin, "front_desk")
    patient = await house.register(practice, desk)
    request = api_pb2.RegisterPersonRequest(
        patient_id=patient, name=api_pb2.PersonName(given="Rae", family="Doe"), birth_date=BORN
    )
    with calling(token=desk.token, idempotency_key=new_key()):
        person = (await house.api.RegisterPerson(request)).person_id
    await house.sign_consent(patient, person)

    async def listed() -> api_pb2.ListInvitationsResponse:
        with calling(token=desk.token):
            return await house.api.ListInvitations(api_pb2.ListInvitationsRequest(patient_id=patient))

    async def waits_for_an_address() -> bool:
        return list((await listed()).persons_without_address) == [person]

    await until(waits_for_an_address)
    contact = api_pb2.Contact(email="Rae@Example.org", language="es")
    with calling(token=desk.token, idempotency_key=new_key()):
        await house.api.RecordContact(
            api_pb2.RecordContactRequest(patient_id=patient, person_id=person, contact=contact)
        )
    with calling(token=desk.token, idempotency_key=new_key()):
        await house.api.IssueInvitation(api_pb2.IssueInvitationRequest(patient_id=patient, person_id=person))
    reached = await house.peers("messaging").ContactOf(
        peers_pb2.ContactOfRequest(patient_id=patient, person_id=person, cause="identity:1")
    )
    assert (reached.email, reached.language, reached.practice_name) == (
        "rae@example.org", "es", "Elm Street Practice",
    )  # fmt: skip
    fetched = await house.ground.database.fetch("SELECT caller, what FROM credential_fetches WHERE what = 'contact'")
    assert fetched == [{"caller": "messaging", "what": "contact"}]
    link = await house.invitation_link(patient)
    with calling(idempotency_key=new_key()):
        joined = await house.api.AcceptInvitation(house.acceptance(link, "rae"))
    await house.settled(joined.position)
    rae = await house.sign_in("rae")
    with calling(token=rae.token):
        [enrolment] = (await house.api.ListEnrolments(api_pb2.ListEnrolmentsRequest())).enrolments
    assert (enrolment.patient_id, enrolment.person_id, enrolment.own) == (patient, person, False)


async def test_an_import_registers_once_reports_changes_and_an_erasure_makes_it_unreadable(house: House) -> None:
    practice, admin = await house.open_practice()
    desk = await house.employ(practice, admin, "front_desk")
    operations = house.peers("operations")
    request = peers_pb2.ImportPatientRequest(
        practice_id=practice, resource_id="r-1", given="Abe604", family="Frami345", birth_date=BORN, deceased=True
    )
    outcomes = []
    for family in ("Frami345", "Frami345", "Other"):
        request.family = family
        with calling(idempotency_key=new_key()):
            imported = await operations.ImportPatient(request)
        outcomes.append(imported.outcome)
    assert outcomes == ["registered", "unchanged", "changed"]
    with calling(token=desk.token, after=imported.position):
        seen = await house.api.GetPatient(api_pb2.GetPatientRequest(patient_id=imported.patient_id))
    assert (seen.name.family, seen.deceased, seen.origin) == ("Frami345", True, "import")
    with pytest.raises(NotAllowed), calling(idempotency_key=new_key()):
        await house.peers("web").ImportPatient(request)
    erase = peers_pb2.ErasePatientRequest(practice_id=practice, patient_id=imported.patient_id)
    with pytest.raises(PortalError, match="proposal_gone"), calling(idempotency_key=new_key()):
        await operations.ErasePatient(erase)
    with calling(token=admin.token, idempotency_key=new_key()):
        asked = await house.api.RequestErasure(api_pb2.RequestErasureRequest(patient_id=imported.patient_id))
    await house.settled(asked.position)
    with calling(idempotency_key=new_key()):
        await operations.ErasePatient(erase)

    async def is_gone() -> bool:
        try:
            with calling(token=desk.token):
                await house.api.GetPatient(api_pb2.GetPatientRequest(patient_id=imported.patient_id))
        except NotFound:
            return not await house.ground.database.fetch(
                "SELECT 1 FROM patients WHERE patient_id = $1", UUID(imported.patient_id)
            )
        return False

    await until(is_gone)
    with pytest.raises(NotFound), calling(idempotency_key=new_key()):
        await operations.ImportPatient(request)


async def test_a_look_at_a_registration_is_recorded_before_the_answer_leaves(house: House) -> None:
    practice, admin = await house.open_practice()
    desk = await house.employ(practice, admin, "front_desk")
    patient = await house.register(practice, desk)
    with calling(token=desk.token):
        await house.api.GetPatient(api_pb2.GetPatientRequest(patient_id=patient))
    recorded = [event async for page in house.ground.store.read(0) for event in page][-1]
    assert type(recorded.event).__qualname__ == "View.Viewed"
    assert recorded.metadata["actor"] == desk.account_id


async def test_a_practices_details_are_replaced_by_its_admin_and_seen_by_anyone(house: House) -> None:
    practice, admin = await house.open_practice()
    request = api_pb2.SetUpPracticeRequest(practice_id=practice, name="Oak Street Practice", fax="555-0199")
    with calling(token=admin.token, idempotency_key=new_key()):
        done = await house.api.SetUpPractice(request)
    with calling(after=done.position):
        seen = (await house.api.GetPractice(api_pb2.GetPracticeRequest(practice_id=practice))).practice
    assert (seen.name, seen.fax, seen.support_phone, seen.time_zone) == (
        "Oak Street Practice", "555-0199", "", "America/New_York",
    )  # fmt: skip
    with pytest.raises(NotFound):
        await house.api.GetPractice(api_pb2.GetPracticeRequest(practice_id=str(UUID(int=9))))
