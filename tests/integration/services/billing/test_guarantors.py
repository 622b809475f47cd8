"""R33: a guarantor sees amount, number and practice of what is to be paid, and reaches nothing of the record by it."""

from uuid import UUID, uuid4

import pytest

from shared.contracts.billing.v1 import api_pb2
from shared.contracts.identity.v1 import events as told
from tests.integration.services.billing import people
from tests.integration.services.billing.conftest import House, Person, not_found, refused

pytestmark = pytest.mark.asyncio(loop_scope="module")


def naming(patient: UUID, person: UUID) -> api_pb2.NameGuarantorRequest:
    return api_pb2.NameGuarantorRequest(patient_id=str(patient), person_id=str(person))


async def joined(house: House, patient: UUID) -> tuple[UUID, UUID]:
    """A person of the record and their account, without any window."""
    person, account = uuid4(), uuid4()
    event = told.PatientEnrolled(practice_id=people.PRACTICE, patient_id=patient, account_id=account, person_id=person)
    await house.tell(event)
    return person, account


async def guaranteed(house: House) -> tuple[Person, UUID, UUID]:
    patient = await house.enrolled()
    person, account = await joined(house, patient.id)
    await house.ask("NameGuarantor", naming(patient.id, person))
    return patient, person, account


async def listed(house: House, account: UUID) -> list[api_pb2.GuaranteedStatement]:
    answer = await house.ask("ListGuaranteedStatements", api_pb2.ListGuaranteedStatementsRequest(), account)
    return list(answer.statements)


async def pay(
    house: House, statement_id: str, cents: int, account: UUID, key: str = ""
) -> api_pb2.StartGuaranteedPaymentResponse:
    request = api_pb2.StartGuaranteedPaymentRequest(statement_id=statement_id, amount_cents=cents)
    begun: api_pb2.StartGuaranteedPaymentResponse = await house.ask("StartGuaranteedPayment", request, account, key=key)
    return begun


async def test_r33_a_guarantor_sees_amount_number_and_practice_only_and_pays(house: House) -> None:
    patient, _, account = await guaranteed(house)
    statement = await house.billed(patient.id, 5_000)
    (found,) = await listed(house, account)
    number = (await house.get(patient.id, statement)).statement.number
    assert (found.statement_id, found.practice_id, found.number, found.due_cents) == (
        statement,
        str(people.PRACTICE),
        number,
        5_000,
    )
    fields = {field.name for field, _ in found.ListFields()}
    assert fields == {"statement_id", "practice_id", "number", "due_cents", "currency"}
    key = str(uuid4())
    begun = [await pay(house, statement, 5_000, account, key) for _ in range(2)]
    assert begun[0] == begun[1]
    await refused(pay(house, statement, 1, account), "amount_above_due")
    await house.settle(begun[0].checkout_url, "pay")
    payments = (await house.get(patient.id, statement)).payments
    await house.shown(patient.id, statement, payments[0].payment_id, "received")
    assert await listed(house, account) == []
    await not_found(pay(house, statement, 1, account))


async def test_r33_being_a_guarantor_opens_nothing_else(house: House) -> None:
    patient, _, account = await guaranteed(house)
    statement = await house.billed(patient.id, 5_000)
    named = str(patient.id)
    await not_found(house.get(patient.id, statement, account))
    await not_found(house.started(patient.id, statement, 1, account))
    await not_found(house.balance(patient.id, account))
    await not_found(house.ask("ListStatements", api_pb2.ListStatementsRequest(patient_id=named), account))
    await not_found(house.ask("ListCharges", api_pb2.ListChargesRequest(patient_id=named), account))
    download = api_pb2.DownloadStatementRequest(patient_id=named, statement_id=statement)
    await not_found(house.ask("DownloadStatement", download, account))


async def test_r18_a_guarantor_sees_no_confidential_statement_and_none_that_was_reissued(house: House) -> None:
    patient, _, account = await guaranteed(house)
    plain, private = await house.charged(patient.id, 6_000), await house.charged(patient.id, 4_000)
    old = await house.stated(patient.id, plain, private)
    mark = api_pb2.MakeChargeConfidentialRequest(patient_id=str(patient.id), charge_id=private)
    await house.ask("MakeChargeConfidential", mark)
    assert [one.due_cents for one in await listed(house, account)] == [6_000]
    hidden = [
        one.statement_id
        for one in (
            await house.ask("ListStatements", api_pb2.ListStatementsRequest(patient_id=str(patient.id)), patient.own)
        ).statements
        if one.confidential
    ]
    for statement_id in (old, *hidden, str(uuid4())):
        await not_found(pay(house, statement_id, 1, account))


async def test_r33_a_stranger_a_former_guarantor_and_one_who_left_see_nothing(house: House) -> None:
    patient, person, account = await guaranteed(house)
    statement = await house.billed(patient.id, 5_000)
    await not_found(pay(house, statement, 1, patient.representative))
    assert await listed(house, uuid4()) == []
    second, seconds_account = await joined(house, patient.id)
    await house.ask("NameGuarantor", naming(patient.id, second))
    assert await listed(house, account) == []
    await not_found(pay(house, statement, 1, account))
    left = told.PatientUnenrolled(
        practice_id=people.PRACTICE, patient_id=patient.id, account_id=seconds_account, person_id=second, by="self"
    )
    assert len(await listed(house, seconds_account)) == 1
    await house.tell(left)
    assert await listed(house, seconds_account) == []
    await house.ask("NameGuarantor", naming(patient.id, person))
    assert len(await listed(house, account)) == 1
    await house.ask("ReleaseGuarantor", api_pb2.ReleaseGuarantorRequest(patient_id=str(patient.id)))
    assert await listed(house, account) == []


async def test_r33_only_billing_staff_name_a_guarantor_and_only_a_person_of_the_record(house: House) -> None:
    patient, person, account = await guaranteed(house)
    await not_found(house.ask("NameGuarantor", naming(patient.id, person), people.STRANGER))
    await not_found(house.ask("NameGuarantor", naming(patient.id, person), account))
    await refused(house.ask("NameGuarantor", naming(patient.id, person), people.DESK), "not_allowed")
    for stranger in (uuid4(), patient.id, (await guaranteed(house))[1]):
        await not_found(house.ask("NameGuarantor", naming(patient.id, stranger)))
    asked = api_pb2.GetGuarantorRequest(patient_id=str(patient.id))
    assert (await house.ask("GetGuarantor", asked)).person_id == str(person)
