"""R33, R18 over the running service: processor, webhooks, read models; each thing seen by every kind of viewer."""

import asyncio
import json
from uuid import UUID, uuid4

import pytest
import stripe

from deploy.local.processor import sign
from shared.contracts.billing.v1 import api_pb2
from tests.integration.services.billing import people
from tests.integration.services.billing.conftest import SECRET, WEBHOOK_SECRET, House, Person, not_found, refused
from tests.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="module")


def adjustment(
    patient: UUID, charge_id: str, cents: int, reason: str = "insurance paid"
) -> api_pb2.AdjustChargeRequest:
    return api_pb2.AdjustChargeRequest(patient_id=str(patient), charge_id=charge_id, amount_cents=cents, reason=reason)


def marking(patient: UUID, charge_id: str) -> api_pb2.MakeChargeConfidentialRequest:
    return api_pb2.MakeChargeConfidentialRequest(patient_id=str(patient), charge_id=charge_id)


async def listed(house: House, patient: UUID, account: UUID) -> list[api_pb2.Statement]:
    request = api_pb2.ListStatementsRequest(patient_id=str(patient))
    return list((await house.ask("ListStatements", request, account)).statements)


async def adds_up(house: House, person: Person) -> None:
    """For each viewer: the sums of the balance, and what is due on the statements and owed on what is not stated."""
    for account in (person.own, person.representative, people.BILLER):
        found = await house.balance(person.id, account)
        sums = found.charges_cents - found.payments_cents - found.adjustments_cents + found.refunds_cents
        assert found.balance_cents == sums
        request = api_pb2.ListChargesRequest(patient_id=str(person.id), page_size=200)
        charges = (await house.ask("ListCharges", request, account)).charges
        unstated = sum(one.amount_cents - one.adjusted_cents for one in charges if not one.statement_id)
        assert found.balance_cents == unstated + sum(one.due_cents for one in await listed(house, person.id, account))


async def test_r33_an_adjustment_is_seen_with_its_reason_by_patient_and_staff_only(house: House) -> None:
    person = await house.enrolled()
    charge = await house.charged(person.id, 10_000)
    statement = await house.stated(person.id, charge)
    await house.ask("AdjustCharge", adjustment(person.id, charge, 2_500))
    for account, reason in (
        (person.own, "insurance paid"),
        (people.BILLER, "insurance paid"),
        (person.representative, ""),
    ):
        found = await house.get(person.id, statement, account)
        assert [(one.amount_cents, one.reason) for one in found.adjustments] == [(2_500, reason)]
        assert (found.statement.due_cents, found.charges[0].adjusted_cents) == (7_500, 2_500)
    assert (await house.balance(person.id, person.own)).adjustments_cents == 2_500
    await adds_up(house, person)


async def test_r33_only_billing_staff_of_the_practice_adjust_withdraw_and_mark(house: House) -> None:
    person = await house.enrolled()
    charge = await house.charged(person.id, 10_000)
    statement = await house.stated(person.id, charge)
    withdrawal = api_pb2.WithdrawStatementRequest(patient_id=str(person.id), statement_id=statement)
    for name, request in (
        ("AdjustCharge", adjustment(person.id, charge, 1)),
        ("MakeChargeConfidential", marking(person.id, charge)),
        ("WithdrawStatement", withdrawal),
    ):
        await not_found(house.ask(name, request, people.STRANGER))
        await not_found(house.ask(name, request, person.own))
        await refused(house.ask(name, request, people.DESK), "not_allowed")
        await refused(house.ask(name, request, None), "unauthenticated")
    await not_found(house.ask("AdjustCharge", adjustment(person.id, str(uuid4()), 1)))
    await not_found(house.ask("AdjustCharge", adjustment((await house.enrolled()).id, charge, 1)))
    await refused(house.ask("AdjustCharge", adjustment(person.id, charge, 1, reason="")), "invalid_field")
    tasks = api_pb2.ListRefundTasksRequest(practice_id=str(people.PRACTICE))
    await not_found(house.ask("ListRefundTasks", tasks, people.STRANGER))


async def test_r33_a_double_click_takes_off_once(house: House) -> None:
    person = await house.enrolled()
    charge, key = await house.charged(person.id, 10_000), str(uuid4())
    answers = await asyncio.gather(
        *(house.ask("AdjustCharge", adjustment(person.id, charge, 2_500), key=key) for _ in range(4))
    )
    assert len({one.adjustment_id for one in answers}) == 1
    assert (await house.balance(person.id, person.own)).balance_cents == 7_500


async def test_r33_what_comes_above_what_is_due_is_a_refund_task_until_it_is_on_its_way(house: House) -> None:
    person = await house.enrolled()
    charge = await house.charged(person.id, 10_000)
    statement = await house.stated(person.id, charge)
    payment = await house.paid(person.id, statement, 10_000, person.own)
    await house.ask("AdjustCharge", adjustment(person.id, charge, 4_000))

    async def tasks() -> list[tuple[str, int]]:
        found = await house.ask("ListRefundTasks", api_pb2.ListRefundTasksRequest(practice_id=str(people.PRACTICE)))
        return [(one.statement_id, one.credit_cents) for one in found.statements if one.patient_id == str(person.id)]

    assert await tasks() == [(statement, 4_000)]
    assert (await house.balance(person.id, person.own)).balance_cents == -4_000
    request = api_pb2.RefundPaymentRequest(
        patient_id=str(person.id), payment_id=payment.payment_id, amount_cents=4_000, reason="credit"
    )
    await house.ask("RefundPayment", request)
    assert await tasks() == []
    await house.shown(person.id, statement, payment.payment_id, "refunded")
    assert (await house.balance(person.id, person.own)).balance_cents == 0
    await adds_up(house, person)


async def test_r33_a_dispute_is_shown_as_it_stands_from_the_processors_own_words(house: House) -> None:
    person = await house.enrolled()
    statement = await house.billed(person.id, 5_000)
    payment = await house.paid(person.id, statement, 5_000, person.own)
    await house.settle(payment.checkout_url, "dispute")
    await house.shown(person.id, statement, payment.payment_id, "disputed")
    assert (await house.balance(person.id, person.own)).balance_cents == 5_000
    await adds_up(house, person)
    await house.settle(payment.checkout_url, "win")
    await house.shown(person.id, statement, payment.payment_id, "received")
    assert (await house.balance(person.id, person.own)).balance_cents == 0
    for raw, signature in list(house.webhooks):
        await house.tell_webhook(raw, signature)
    await house.shown(person.id, statement, payment.payment_id, "received")
    assert (await house.balance(person.id, person.own)).balance_cents == 0, "told again, all of it changes nothing"
    await adds_up(house, person)


async def test_r33_a_lost_dispute_stays_and_the_statement_is_open_again(house: House) -> None:
    person = await house.enrolled()
    statement = await house.billed(person.id, 5_000)
    payment = await house.paid(person.id, statement, 5_000, person.own)
    await house.settle(payment.checkout_url, "dispute", "lose")
    await house.shown(person.id, statement, payment.payment_id, "disputed")
    found = await house.get(person.id, statement, person.own)
    assert (found.statement.state, found.statement.due_cents, found.payments[0].disputed_cents) == (
        "open",
        5_000,
        5_000,
    )


async def test_r33_an_altered_or_foreign_webhook_is_refused(house: House) -> None:
    person = await house.enrolled()
    await house.paid(person.id, await house.billed(person.id, 5_000), 5_000, person.own)
    raw, signature = house.webhooks[-1]
    await refused(house.tell_webhook(raw + b" ", signature), "signature_invalid")
    await refused(house.tell_webhook(raw, signature.replace("v1=", "v0=")), "signature_invalid")


async def test_r18_a_charge_marked_late_vanishes_from_everything_a_representative_can_ask(house: House) -> None:
    person = await house.enrolled()
    plain, private = await house.charged(person.id, 6_000), await house.charged(person.id, 4_000)
    old = await house.stated(person.id, plain, private)
    payment = await house.paid(person.id, old, 7_000, person.representative)
    pending = await house.started(person.id, old, 1_000, person.representative)
    await house.ask("MakeChargeConfidential", marking(person.id, private))

    (rest,) = await listed(house, person.id, person.representative)
    assert (rest.amount_cents, rest.due_cents, rest.state) == (6_000, 0, "paid")
    states = {one.state for one in await listed(house, person.id, person.own)}
    assert states == {"open", "paid", "withdrawn"}
    (apart,) = [one for one in await listed(house, person.id, person.own) if one.state == "open"]
    assert (apart.due_cents, apart.confidential) == (3_000, True)
    representatives = await house.balance(person.id, person.representative)
    assert (representatives.balance_cents, representatives.charges_cents, representatives.payments_cents) == (
        0,
        6_000,
        6_000,
    )
    assert (await house.balance(person.id, person.own)).balance_cents == 3_000

    for hidden in (old, apart.statement_id):
        await not_found(house.get(person.id, hidden, person.representative))
        await not_found(house.started(person.id, hidden, 1, person.representative))
        download = api_pb2.DownloadStatementRequest(patient_id=str(person.id), statement_id=hidden)
        await not_found(house.ask("DownloadStatement", download, person.representative))
    asked = api_pb2.GetPaymentRequest(patient_id=str(person.id), payment_id=payment.payment_id)
    assert (await house.ask("GetPayment", asked, person.representative)).payment.amount_cents == 6_000
    asked = api_pb2.GetPaymentRequest(patient_id=str(person.id), payment_id=pending.payment_id)
    await not_found(house.ask("GetPayment", asked, person.representative))
    await adds_up(house, person)

    await house.settle(pending.checkout_url, "pay")
    await house.shown(person.id, apart.statement_id, pending.payment_id, "received")
    assert (await house.balance(person.id, person.representative)).balance_cents == 0
    assert (await house.balance(person.id, person.own)).balance_cents == 2_000
    await adds_up(house, person)


async def test_r33_read_models_agree_with_each_other_after_each_step_of_a_history(house: House) -> None:
    person = await house.enrolled()
    charges = [await house.charged(person.id, cents) for cents in (501, 2_003, 3_007, 4_009)]
    statement = await house.stated(person.id, *charges)
    first = await house.paid(person.id, statement, 1_000, person.own)
    await house.ask("AdjustCharge", adjustment(person.id, charges[0], 100))
    await adds_up(house, person)
    await house.charged(person.id, 700, confidential=True)
    await adds_up(house, person)
    await house.ask("MakeChargeConfidential", marking(person.id, charges[1]))
    await adds_up(house, person)
    await stands(house, person, first, "dispute", "disputed")
    await adds_up(house, person)
    await house.ask("AdjustCharge", adjustment(person.id, charges[1], 100))
    await adds_up(house, person)
    await house.ask("MakeChargeConfidential", marking(person.id, charges[2]))
    await adds_up(house, person)
    await stands(house, person, first, "win", "received")
    await adds_up(house, person)


async def stands(house: House, person: Person, payment: api_pb2.StartPaymentResponse, act: str, state: str) -> None:
    """Something happens at the payer's bank, and is shown."""
    await house.settle(payment.checkout_url, act)
    request = api_pb2.GetPaymentRequest(patient_id=str(person.id), payment_id=payment.payment_id)

    async def is_shown() -> bool:
        found = (await house.ask("GetPayment", request, person.own)).payment
        return bool(found.state == state and (found.disputed_cents > 0) == (state == "disputed"))

    await until(is_shown)


async def test_r33_a_refund_begun_at_the_processors_own_pages_is_recorded_once_and_the_sums_stay_whole(
    house: House,
) -> None:
    person = await house.enrolled()
    statement = await house.billed(person.id, 5_000)
    payment = await house.paid(person.id, statement, 5_000, person.own)
    told = [json.loads(raw)["data"]["object"] for raw, _ in house.webhooks]
    intent = next(one["payment_intent"] for one in told if one.get("client_reference_id") == payment.payment_id)
    client = stripe.StripeClient(SECRET, base_addresses={"api": house.processor})
    made = await asyncio.to_thread(client.v1.refunds.create, {"payment_intent": intent, "amount": 2_000})
    for number, word in enumerate(("refund.created", "refund.updated", "refund.created")):
        event = {"id": f"evt_{made.id}_{number}", "object": "event", "type": word, "data": {"object": {"id": made.id}}}
        body = json.dumps(event).encode()
        await house.tell_webhook(body, sign(WEBHOOK_SECRET, body))
    await house.shown(person.id, statement, payment.payment_id, "refunded")
    assert (await house.balance(person.id, person.own)).balance_cents == 2_000
    await adds_up(house, person)


async def test_r33_credit_on_one_statement_bounds_what_is_paid_on_another(house: House) -> None:
    person = await house.enrolled()
    charge = await house.charged(person.id, 10_000)
    first = await house.stated(person.id, charge)
    await house.paid(person.id, first, 10_000, person.own)
    await house.ask("AdjustCharge", adjustment(person.id, charge, 4_000))
    second = await house.billed(person.id, 5_000)
    assert (await house.balance(person.id, person.own)).balance_cents == 1_000
    await refused(house.started(person.id, second, 1_001, person.own), "amount_above_due")
    await house.started(person.id, second, 600, person.own)
    await refused(house.started(person.id, second, 401, person.own), "amount_above_due")
    await house.started(person.id, second, 400, person.own)
