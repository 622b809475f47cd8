"""R33 and R18 through the gateway, with the processor's hosted page and signed webhooks: what is paid is paid once."""

import asyncio
import hashlib
import hmac
import json
import time
from datetime import date
from typing import Any

import httpx
import pytest

from operations import journey
from operations.demo.world import Patient
from operations.outside import Answer, Portal, eventually
from operations.stack import Stack
from shared.clock import machine_now
from shared.ids import uuid7
from tests.e2e.practices import House, password, unique

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def start(patient: Patient, statement_id: str, cents: int, key: str = "") -> dict[str, Any]:
    path = patient.path(f"statements/{statement_id}/payments")
    return await patient.account.post(path, {"amount_cents": str(cents)}, key=key)


async def settle(portal: Portal, payment: dict[str, Any], outcome: str) -> None:
    await portal.http.post(payment["checkout_url"], data={"outcome": outcome})


async def stands(patient: Patient, payment: dict[str, Any], state: str) -> dict[str, Any]:
    """The payment, once it is shown in that state."""

    async def ask() -> dict[str, Any] | None:
        path = patient.path(f"payments/{payment['payment_id']}")
        found: dict[str, Any] = (await patient.account.get(path, after=payment["position"]))["payment"]
        return found if found["state"] == state else None

    return await eventually(f"the payment as {state}", ask)


async def balance(patient: Patient) -> dict[str, int]:
    found = await patient.account.get(patient.path("balance"))
    return {name.removesuffix("_cents"): int(value) for name, value in found.items() if name.endswith("_cents")}


async def refused(call: Any, slug: str, status: int = 400) -> None:
    with pytest.raises(Answer) as caught:
        await call
    assert (caught.value.status, caught.value.slug) == (status, slug)


async def test_r33_a_declined_payment_reserves_nothing_and_the_next_one_pays(house: House, portal: Portal) -> None:
    patient = await house.enrolled()
    statement = await house.statement_of(patient, 5000)
    first = await start(patient, statement, 5000)
    await settle(portal, first, "decline")
    await stands(patient, first, "failed")
    second = await start(patient, statement, 5000)
    await settle(portal, second, "pay")
    received = await stands(patient, second, "received")
    assert received["amount_cents"] == "5000"
    assert await balance(patient) == {"balance": 0, "charges": 5000, "payments": 5000, "adjustments": 0, "refunds": 0}


async def test_r33_two_tabs_cannot_reserve_more_than_is_due(house: House) -> None:
    patient = await house.enrolled()
    statement = await house.statement_of(patient, 5000)
    answers = await asyncio.gather(*(start(patient, statement, 3000) for _ in range(6)), return_exceptions=True)
    begun = [one for one in answers if isinstance(one, dict)]
    assert len(begun) == 1
    assert {one.slug for one in answers if isinstance(one, Answer)} == {"amount_above_due"}


async def test_r33_a_webhook_told_again_and_again_counts_once(
    house: House, portal: Portal, portal_stack: Stack
) -> None:
    patient = await house.enrolled()
    statement = await house.statement_of(patient, 5000)
    payment = await start(patient, statement, 2000)
    await settle(portal, payment, "pay")
    await stands(patient, payment, "received")
    async with httpx.AsyncClient(base_url=portal_stack.processor_url) as client:
        sessions = (await client.get("/ledger.json")).json()["sessions"]
    (session,) = [one for one in sessions if one["client_reference_id"] == payment["payment_id"]]
    secret = portal_stack.environment()["PORTAL_STRIPE_WEBHOOK_SECRETS"].partition(",")[0]
    told = {"type": "checkout.session.completed", "object": "event", "data": {"object": session}}
    for number in (1, 1, 2):
        raw = json.dumps({"id": f"evt_again_{number}", **told}).encode()
        headers = {"stripe-signature": signature(raw, secret), "content-type": "application/json"}
        answer = await portal.http.post("/v1/processor-events", content=raw, headers=headers)
        assert answer.status_code == 200
    assert (await balance(patient))["payments"] == 2000


async def test_r33_a_webhook_without_a_sound_signature_is_refused(house: House, portal: Portal) -> None:
    raw = b'{"id": "evt_1", "type": "checkout.session.completed", "data": {"object": {"id": "cs_1"}}}'
    for given in ("", "t=1,v1=00", signature(raw, "whsec_other"), signature(b"other", "whsec_other")):
        headers = {"stripe-signature": given, "content-type": "application/json"}
        answer = await portal.http.post("/v1/processor-events", content=raw, headers=headers)
        assert answer.status_code == 401
        assert "signature_invalid" in answer.text


async def test_r33_a_refund_goes_through_the_processor_and_the_sum_stays_whole(house: House, portal: Portal) -> None:
    patient, billing = await house.enrolled(), await house.staff("billing")
    statement = await house.statement_of(patient, 5000)
    payment = await start(patient, statement, 5000)
    refunds = patient.path(f"payments/{payment['payment_id']}/refunds")
    early = billing.post(refunds, {"amount_cents": "1", "reason": "early"}, after=payment["position"])
    await refused(early, "payment_not_received")
    await settle(portal, payment, "pay")
    await stands(patient, payment, "received")
    await refused(billing.post(refunds, {"amount_cents": "5001", "reason": "much"}), "amount_above_received")
    await refused(patient.account.post(refunds, {"amount_cents": "1", "reason": "own"}), "not_found", 404)
    key = str(uuid7())
    for _ in range(2):
        await billing.post(refunds, {"amount_cents": "2000", "reason": "billed twice"}, key=key)
    refunded = await stands(patient, payment, "refunded")
    assert refunded["refunded_cents"] == "2000"
    assert await balance(patient) == {
        "balance": 2000,
        "charges": 5000,
        "payments": 5000,
        "adjustments": 0,
        "refunds": 2000,
    }


async def test_r18_a_confidential_charge_does_not_exist_for_a_representative(house: House, portal: Portal) -> None:
    billing, desk = await house.staff("billing"), await house.staff("front_desk")
    today = machine_now().date()
    child = await house.registered("Robin", date(today.year - 9, 1, 15))
    open_statement = await house.statement_of(child, 4000)
    charge = {
        "serviced_on": journey.day(date(2026, 3, 2)),
        "category": "laboratory",
        "description": "Private",
        "amount_cents": "9900",
        "confidential": True,
    }
    hidden = await billing.post(child.path("charges"), charge)
    plain = await billing.post(child.path("charges"), {**charge, "confidential": False, "amount_cents": "100"})
    mixed = {"charge_ids": [hidden["charge_id"], plain["charge_id"]]}
    await refused(billing.post(child.path("statements"), mixed), "confidentiality_mixed")
    posted = await billing.post(child.path("statements"), {"charge_ids": [hidden["charge_id"]]})
    await billing.get(child.path(f"statements/{posted['statement_id']}"), after=posted["position"])

    name = unique("parent")
    morgan = journey.Representative("Morgan", "Parent", date(1985, 6, 1), f"{name}@mail.example", name, password())
    parent = await journey.represent(desk, await house.staff("support"), house.practice_id, child.patient_id, morgan)
    await journey.reach(parent, child.patient_id, "billing")
    assert [one["statement_id"] for one in (await parent.get(child.path("statements")))["statements"]] == [
        open_statement
    ]
    assert [one["amount_cents"] for one in (await parent.get(child.path("charges")))["charges"]] == ["100", "4000"]
    assert (await parent.get(child.path("charges")))["charges"][0]["description"] == ""
    assert (await parent.get(child.path("balance")))["balance_cents"] == "4100"
    await refused(parent.get(child.path(f"statements/{posted['statement_id']}")), "not_found", 404)
    paying = parent.post(child.path(f"statements/{posted['statement_id']}/payments"), {"amount_cents": "1"})
    await refused(paying, "not_found", 404)
    inbox = await parent.get(child.path("inbox?kind=statement"))
    assert posted["statement_id"] not in str(inbox)


def signature(raw: bytes, secret: str) -> str:
    """As the processor signs: HMAC-SHA-256 over time and raw bytes."""
    at = int(time.time())
    signed = hmac.new(secret.encode(), f"{at}.".encode() + raw, hashlib.sha256).hexdigest()
    return f"t={at},v1={signed}"
