"""Steps 6 to 8: a result is released, a statement is paid, a parent acts for a child until the child is twelve."""

import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

from operations import journey
from operations.demo.world import Patient, World, expect, password
from operations.keeping import advance_clock
from operations.outside import Answer, Person, eventually
from operations.samples import PRIMARY
from shared.clock import machine_now
from shared.ids import uuid7

HEALTH = re.compile(r"glucose|panel|hemoglobin|result|lipid|Okafor|Testerson|metformin|\$|USD", re.IGNORECASE)
"""What no mail may say: a test, a drug, a provider, a patient's name, an amount (R35)."""


async def a_result_is_released(world: World) -> None:
    """6. Approval → inbox item and a mail that says nothing of it → values, units, ranges and a PDF."""
    patient, provider = world.patient(PRIMARY.family), world.staff["provider"]
    pending = await provider.get(world.of_practice("pending-results?page_size=200"))
    mine = [one for one in pending["results"] if one["patient_id"] == patient.patient_id]
    result_id = next(one["result_id"] for one in mine if "metabolic" in one["title"])
    path = patient.path(f"results/{result_id}")
    await refused(world.staff["front_desk"].post(f"{path}/release"), "the front desk releases nothing")
    await refused(patient.account.get(path), "a waiting result does not exist for the patient")
    mailed = len(await world.portal.mails(patient.email))
    await provider.post(f"{path}/release")

    async def in_inbox() -> bool | None:
        inbox = await patient.account.get(patient.path("inbox"))
        return any(one["kind"] == "result" and one["object_id"] == result_id for one in inbox["items"]) or None

    await eventually("the result in the inbox", in_inbox)
    await new_mail(world, patient.email, mailed)
    read = await patient.account.get(path)
    glucose = next(one for one in read["values"] if one["name"].startswith("Glucose"))
    expect(glucose["value"] and glucose["unit"] == "mg/dL", "value and unit are shown")
    expect((glucose["reference_low"], glucose["reference_high"]) == ("70", "99"), "the reference range is shown")
    expect(glucose["flag"] in {"low", "normal", "high"}, "the value is held against its range")
    pdf = await patient.account.download(f"{path}/pdf")
    expect(pdf.content.startswith(b"%PDF-") and pdf.headers["content-type"] == "application/pdf", "the PDF downloads")
    history = await eventually("the read in the access history", lambda: _history(patient, result_id))
    expect(history["acting_as"] == "self", "the patient's own read is recorded")


async def a_statement_is_paid(world: World) -> None:
    """7. Charges → statement → inbox item and mail → hosted page → signed webhook → the balance is exact."""
    patient, billing = world.patient(PRIMARY.family), world.staff["billing"]
    mailed = len(await world.portal.mails(patient.email))
    before = await patient.account.get(patient.path("balance"))
    charge = {
        "serviced_on": journey.day(date(2026, 3, 2)),
        "category": "visit",
        "description": "Follow-up visit",
        "amount_cents": "12345",
    }
    charged = await billing.post(patient.path("charges"), charge)
    posted = await billing.post(patient.path("statements"), {"charge_ids": [charged["charge_id"]]})
    statement = patient.path(f"statements/{posted['statement_id']}")

    async def in_inbox() -> bool | None:
        inbox = await patient.account.get(patient.path("inbox"))
        return any(one["object_id"] == posted["statement_id"] for one in inbox["items"]) or None

    await eventually("the statement in the inbox", in_inbox)
    await new_mail(world, patient.email, mailed)
    too_much = patient.account.post(f"{statement}/payments", {"amount_cents": "12346"})
    await refused(too_much, "more than is due cannot be paid")
    key = str(uuid7())
    started = await patient.account.post(f"{statement}/payments", {"amount_cents": "12345"}, key=key)
    again = await patient.account.post(f"{statement}/payments", {"amount_cents": "12345"}, key=key)
    expect(again["payment_id"] == started["payment_id"], "a double click is one payment")
    await world.portal.http.post(started["checkout_url"], data={"outcome": "pay"})

    async def received() -> bool | None:
        path = patient.path(f"payments/{started['payment_id']}")
        payment = await patient.account.get(path, after=started["position"])
        return payment["payment"]["state"] == "received" or None

    await eventually("the payment", received)
    after = await patient.account.get(patient.path("balance"))
    expect(cents(after, "balance") == cents(before, "balance"), "the balance is what it was before the charge")
    expect(cents(after, "payments") == cents(before, "payments") + 12345, "the payment counts once")
    whole = cents(after, "charges") - cents(after, "payments") - cents(after, "adjustments") + cents(after, "refunds")
    expect(cents(after, "balance") == whole, "charges - payments - adjustments + refunds = balance")


async def a_parent_acts_for_a_child(world: World) -> None:
    """8. By verified documents a parent sees a child's results; past the 12th birthday, visits and bills only."""
    desk, provider = world.staff["front_desk"], world.staff["provider"]
    today = machine_now().astimezone(UTC).date()
    birth_date = date(today.year - 9, 1, 15)
    child = journey.NewPatient("Robin", "Ashdown", birth_date, "")
    patient_id = await journey.register_patient(desk, world.practice_id, child)
    patient = Patient(patient_id, "Ashdown", birth_date, "")
    world.patients["Ashdown"] = patient
    result_id = await _filed_and_released(provider, patient)

    morgan = journey.Representative(
        "Morgan", "Ashdown", date(1985, 6, 1), "morgan@mail.example", "morgan.ashdown", password()
    )
    parent = await journey.represent(desk, world.staff["support"], world.practice_id, patient_id, morgan)
    world.parent = parent
    await journey.reach(parent, patient_id, "results")
    read = await parent.get(patient.path(f"results/{result_id}"))
    expect(read["values"], "the parent reads the child's result")

    await advance_clock(world.channels, _until_birthday(birth_date, 12))
    await refused(parent.get(patient.path(f"results/{result_id}")), "past the 12th birthday the result is gone")
    await refused(parent.get(patient.path("conversations")), "past the 12th birthday messages are gone")
    access = await parent.get("/v1/account/access")
    (now,) = [one for one in access["patients"] if one["patient_id"] == patient_id]
    expect(set(now["scopes"]) == {"appointments", "billing"}, "appointments and billing are left")
    balance = await parent.get(patient.path("balance"))
    expect(cents(balance, "balance") == 0, "the parent sees the bills")


async def refused(call: Any, claim: str) -> Answer:
    """The refusal of what must not be answered."""
    try:
        await call
    except Answer as answer:
        expect(400 <= answer.status < 500, claim)
        return answer
    expect(False, claim)
    raise AssertionError


async def new_mail(world: World, address: str, known: int) -> None:
    """Waits for one mail more than were known, and holds it against R35."""

    async def ask() -> dict[str, Any] | None:
        found = await world.portal.mails(address)
        return found[0] if len(found) > known else None

    mail = await eventually("a mail", ask)
    said = mail["subject"] + "\n" + re.sub(r"https?://\S+", "", mail["text"])
    expect(not HEALTH.search(said), "the mail says only that something is there")


def cents(answer: dict[str, Any], name: str) -> int:
    return int(answer[f"{name}_cents"])


def _until_birthday(birth_date: date, age: int) -> timedelta:
    """From now until a day after that birthday began everywhere."""
    birthday = datetime(birth_date.year + age, birth_date.month, birth_date.day, tzinfo=UTC)
    return birthday + timedelta(days=1) - machine_now()


async def _filed_and_released(provider: Person, patient: Patient) -> str:
    value = {"name": "Hemoglobin", "value": "12.9", "unit": "g/dL", "reference_low": "11.5", "reference_high": "15.5"}
    result = {
        "title": "Blood count",
        "category": "laboratory",
        "effective_at": machine_now().strftime("%Y-%m-%dT%H:%M:%SZ"),
        "values": [value],
    }

    async def file() -> dict[str, Any] | None:
        return await journey.if_found(provider.post(patient.path("results"), result, key=key))

    key = str(uuid7())
    filed = await eventually("the patient at documents", file)
    result_id = str(filed["result_id"])
    await provider.post(patient.path(f"results/{result_id}/release"), after=filed["position"])
    return result_id


async def _history(patient: Patient, object_id: str) -> dict[str, Any] | None:
    listed = await patient.account.get(patient.path("access-history"))
    found: dict[str, Any] | None = next((one for one in listed["entries"] if object_id in one["object_ids"]), None)
    return found
