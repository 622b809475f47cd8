"""Commands sent again, at once, with another's key or without one; and links that are used, replaced or guessed at."""

import asyncio
import json
from datetime import date
from typing import Any

import httpx
import pytest
import pytest_asyncio

from operations import journey
from operations.demo.world import Patient
from operations.outside import Answer, Person, Portal, eventually
from shared.ids import uuid7
from tests.e2e.practices import BIRTH_DATE, House, password, unique
from tests.e2e.wire import refusal, send

pytestmark = pytest.mark.asyncio(loop_scope="session")

WRONG_DATE = date(1901, 1, 1)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def patient(house: House) -> Patient:
    found = await house.enrolled()
    await house.conversation_of(found)
    return found


def message(subject: str) -> dict[str, str]:
    return {"topic": "portal", "subject": subject, "body": "Body"}


async def count(patient: Patient, subject: str, after: str = "") -> int:
    listed = await patient.account.get(patient.path("conversations?page_size=200"), after=after)
    return sum(one["subject"] == subject for one in listed["conversations"])


@pytest.mark.parametrize(
    "rest", ["conversations", "appointments", "refills", "statements/{id}/payments", "consents/{id}/withdraw"]
)
async def test_a_command_without_a_key_is_refused_before_anything_else(
    portal: Portal, house: House, patient: Patient, rest: str
) -> None:
    named = await house.statement_of(patient) if "payments" in rest else patient.consent_id
    path = patient.path(rest.format(id=named))
    response = await send(
        portal, "POST", path, token=await patient.account.token(), content="{}", headers={"idempotency-key": ""}
    )
    assert refusal(response) == (400, "idempotency_key_required", "")


@pytest.mark.parametrize("key", ["x" * 201, "a\tb", "\u00e9"])
async def test_a_key_that_cannot_be_kept_is_refused(portal: Portal, patient: Patient, key: str) -> None:
    headers = [
        (b"authorization", f"Bearer {await patient.account.token()}".encode()),
        (b"content-type", b"application/json"),
        (b"idempotency-key", key.encode("latin-1")),
    ]
    response = await portal.http.post(
        patient.path("conversations"), content=json.dumps(message("key")), headers=headers
    )
    assert refusal(response) == (400, "idempotency_key_required", "")
    assert await count(patient, "key") == 0


async def test_two_keys_are_none(portal: Portal, patient: Patient) -> None:
    headers = [
        ("authorization", f"Bearer {await patient.account.token()}"),
        ("content-type", "application/json"),
        ("idempotency-key", str(uuid7())),
        ("idempotency-key", str(uuid7())),
    ]
    response = await portal.http.post(
        patient.path("conversations"), content=json.dumps(message("keys")), headers=headers
    )
    assert response.status_code == 400 or response.is_success, "one of them at most"
    position = response.json().get("position", "")
    assert await count(patient, "keys", after=position) <= 1


@pytest.mark.parametrize("key", ["1", "key", "00000000-0000-5000-8000-000000000001"])
async def test_where_nobody_is_signed_in_a_key_must_be_random_unless_a_link_names_the_caller(
    portal: Portal, key: str
) -> None:
    """A webhook's key is its event's; a link's holder is the link; nothing else takes commands from strangers."""
    body: dict[str, Any] = {
        "secret": "x" * 43,
        "birth_date": journey.day(BIRTH_DATE),
        "user_name": unique("u"),
        "password": password(),
    }
    response = await send(
        portal,
        "POST",
        f"/v1/invitations/{uuid7()}/accept",
        content=json.dumps(body),
        headers={"idempotency-key": key},
    )
    assert refusal(response, body["secret"]) == (400, "link_gone", "")
    body["secret"] = ""
    response = await send(
        portal,
        "POST",
        f"/v1/invitations/{uuid7()}/accept",
        content=json.dumps(body),
        headers={"idempotency-key": key},
    )
    assert refusal(response) == (400, "idempotency_key_required", "")


async def test_a_repeated_command_has_the_same_answer_and_one_effect(portal: Portal, patient: Patient) -> None:
    key, subject = str(uuid7()), unique("again")
    answers = [await patient.account.post(patient.path("conversations"), message(subject), key=key) for _ in range(3)]
    answers += await asyncio.gather(
        *(patient.account.post(patient.path("conversations"), message(subject), key=key) for _ in range(10))
    )
    assert all(answer == answers[0] for answer in answers)
    assert await count(patient, subject, after=answers[0]["position"]) == 1


async def test_the_same_key_with_another_request_is_refused(portal: Portal, patient: Patient) -> None:
    key, subject, other = str(uuid7()), unique("first"), unique("second")
    first = await patient.account.post(patient.path("conversations"), message(subject), key=key)
    for body in (message(other), message(subject) | {"body": "Another"}, message(subject) | {"topic": "billing"}):
        with pytest.raises(Answer) as refused:
            await patient.account.post(patient.path("conversations"), body, key=key)
        assert (refused.value.status, refused.value.slug) == (409, "idempotency_key_reused")
    assert await count(patient, other, after=first["position"]) == 0
    again = await patient.account.post(patient.path("conversations"), message(subject), key=key)
    assert again == first, "the first request's answer is still there"


async def test_a_stolen_key_of_another_account_gives_nothing_away(
    portal: Portal, house: House, patient: Patient
) -> None:
    """The key is the caller's: with another's, the same request is a command of one's own."""
    thief = await house.enrolled()
    await house.conversation_of(thief)
    key, subject = str(uuid7()), unique("stolen")
    first = await patient.account.post(patient.path("conversations"), message(subject), key=key)
    stolen = await thief.account.post(thief.path("conversations"), message(subject), key=key)
    assert stolen["conversation_id"] != first["conversation_id"]
    with pytest.raises(Answer) as refused:
        await thief.account.post(patient.path("conversations"), message(subject), key=key)
    assert (refused.value.status, refused.value.slug) == (404, "not_found")
    assert await count(patient, subject, after=first["position"]) == 1
    assert await count(thief, subject, after=stolen["position"]) == 1


async def test_r33_twenty_parallel_identical_payments_pay_once(portal: Portal, house: House, patient: Patient) -> None:
    statement = await house.statement_of(patient, 9900)
    path, key = patient.path(f"statements/{statement}/payments"), str(uuid7())
    body = {"amount_cents": "9900"}
    started = await asyncio.gather(*(patient.account.post(path, body, key=key) for _ in range(20)))
    assert {one["payment_id"] for one in started} == {started[0]["payment_id"]}
    checkout = {one["checkout_url"] for one in started}
    await asyncio.gather(*(portal.http.post(url, data={"outcome": "pay"}) for url in checkout for _ in range(5)))

    async def paid() -> dict[str, Any] | None:
        read = await patient.account.get(patient.path(f"statements/{statement}"))
        return read if read["statement"]["due_cents"] == "0" else None

    read = await eventually("the payment", paid)
    assert [(one["state"], one["amount_cents"]) for one in read["payments"]] == [("received", "9900")]
    refused = await send(portal, "POST", path, token=await patient.account.token(), content=json.dumps(body))
    assert refusal(refused) == (400, "amount_above_due", "")


async def test_r33_twenty_parallel_different_payments_reserve_what_is_due_once(
    portal: Portal, house: House, patient: Patient
) -> None:
    statement = await house.statement_of(patient, 5000)
    path, token = patient.path(f"statements/{statement}/payments"), await patient.account.token()
    content = '{"amount_cents": "5000"}'
    tried = await asyncio.gather(*(send(portal, "POST", path, token=token, content=content) for _ in range(20)))
    assert sum(response.is_success for response in tried) == 1
    slugs = {refusal(response)[1] for response in tried if not response.is_success}
    assert slugs <= {"amount_above_due", "conflict"}


@pytest.mark.parametrize(
    ("signature", "body"),
    [("", "{}"), ("t=1,v1=00", "{}"), ("t=99999999999,v1=" + "0" * 64, '{"type": "checkout.session.completed"}')],
)
async def test_r33_an_event_that_the_processor_did_not_sign_is_refused(
    portal: Portal, signature: str, body: str
) -> None:
    response = await send(portal, "POST", "/v1/processor-events", content=body, headers={"stripe-signature": signature})
    assert refusal(response) == (401, "signature_invalid", "")


async def accept(
    portal: Portal, link: str, *, born: date = BIRTH_DATE, name: str = "", secret: str = "", key: str = ""
) -> httpx.Response:
    invitation_id, mailed = link.rstrip("/").split("/")[-2:]
    body = {
        "secret": secret or mailed,
        "birth_date": journey.day(born),
        "user_name": name or unique("user"),
        "password": f"{password()} {name}",
    }
    headers = {"idempotency-key": key or str(uuid7())}
    path = f"/v1/invitations/{invitation_id}/accept"
    return await send(portal, "POST", path, content=json.dumps(body), headers=headers)


GONE = (400, "link_gone", "")


async def test_r10_two_tabs_submitting_one_invitation_at_once_make_one_account(portal: Portal, house: House) -> None:
    patient, link = await house.invited()
    names = [unique("tab") for _ in range(6)]
    tried = await asyncio.gather(*(accept(portal, link, name=name) for name in names))
    assert sum(response.is_success for response in tried) == 1
    assert {refusal(response) for response in tried if not response.is_success} <= {GONE, (409, "conflict", "")}
    desk = await house.staff("front_desk")
    opened = next(response.json() for response in tried if response.is_success)
    registration = await desk.get(patient.path("registration"), after=opened["position"])
    assert [one["state"] for one in registration["persons"]] == ["enrolled"]


async def test_a_double_click_on_one_form_is_one_account_and_one_answer(portal: Portal, house: House) -> None:
    _, link = await house.invited()
    invitation_id, secret = link.rstrip("/").split("/")[-2:]
    body: dict[str, Any] = {
        "secret": secret,
        "birth_date": journey.day(BIRTH_DATE),
        "user_name": unique("double"),
        "password": password(),
    }
    key = str(uuid7())

    async def submit() -> dict[str, Any]:
        return await portal.ask("POST", f"/v1/invitations/{invitation_id}/accept", body, key=key)

    answers = await asyncio.gather(*(submit() for _ in range(5)))
    answers.append(await submit())
    assert all(answer == answers[0] for answer in answers)
    signed_in = await Person(portal, body["user_name"], body["password"]).sign_in()
    assert signed_in.account_id == answers[0]["account_id"]


async def test_r10_used_replaced_unknown_and_forged_links_answer_alike(portal: Portal, house: House) -> None:
    """R10."""
    _, used = await house.invited()
    assert (await accept(portal, used)).is_success
    patient, replaced = await house.invited()
    desk = await house.staff("front_desk")
    await desk.post(patient.path("invitations"), {"person_id": patient.patient_id})

    async def newer() -> str | None:
        link = await portal.link_mailed_to(patient.email, "invitation")
        return link if link != replaced else None

    link = await eventually("the newer link", newer)
    unknown = f"{portal.base_url}/invitation/{uuid7()}/{'a' * 43}"
    crossed = f"{link.rpartition('/')[0]}/{used.rpartition('/')[2]}"
    answers = set()
    for gone in (used, replaced, unknown, crossed, f"{link}x", f"{link[:-1]}"):
        response = await accept(portal, gone)
        assert refusal(response) == GONE
        invitation_id, secret = gone.rstrip("/").split("/")[-2:]
        view = await send(
            portal, "POST", f"/v1/invitations/{invitation_id}/view", content=json.dumps({"secret": secret})
        )
        assert refusal(view, secret) == GONE
        answers |= {response.json()["message"], view.json()["message"]}
    assert len(answers) == 1
    assert (await accept(portal, link)).is_success, "the newest one is good"


async def test_r8_three_wrong_birth_dates_void_the_link_and_looking_at_it_does_not(
    portal: Portal, house: House
) -> None:
    """R8."""
    patient, link = await house.invited()
    invitation_id, secret = link.rstrip("/").split("/")[-2:]
    for _ in range(5):
        view = await portal.ask("POST", f"/v1/invitations/{invitation_id}/view", {"secret": secret})
        assert view["practice_id"] == house.practice_id
    assert refusal(await accept(portal, link, secret="b" * 43, born=WRONG_DATE)) == GONE, "no guess without the link"
    assert refusal(await accept(portal, link, born=WRONG_DATE)) == (400, "birth_date_differs", "")
    assert refusal(await accept(portal, link, born=WRONG_DATE)) == (400, "birth_date_differs", "")
    assert refusal(await accept(portal, link, born=WRONG_DATE)) == GONE
    assert refusal(await accept(portal, link)) == GONE, "the right one comes too late"
    desk = await house.staff("front_desk")

    async def void() -> dict[str, Any] | None:
        listed = await desk.get(patient.path("invitations"))
        return next((one for one in listed["invitations"] if one["state"] == "void"), None)

    assert (await eventually("the void invitation", void))["void_reason"] == "wrong_answers"


async def test_r8_guessing_at_once_gives_no_more_than_three_tries(portal: Portal, house: House) -> None:
    _, link = await house.invited()
    dates = [date(1971, 5, day) for day in range(1, 17)] + [BIRTH_DATE]
    tried = await asyncio.gather(*(accept(portal, link, born=born) for born in dates[:-1]))
    assert sum(refusal(response)[1] == "birth_date_differs" for response in tried) == 2
    assert refusal(await accept(portal, link)) == GONE


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("password", "short"),
        ("password", "password1234"),
        ("password", "x" * 129),
        ("user_name", "zq"),
        ("user_name", "a" * 65),
        ("security_answer", "blue"),
    ],
)
async def test_r9_what_may_not_be_chosen_names_its_field_and_costs_no_try(
    portal: Portal, house: House, field: str, value: str
) -> None:
    _, link = await house.invited()
    invitation_id, secret = link.rstrip("/").split("/")[-2:]
    body = {
        "secret": secret,
        "birth_date": journey.day(BIRTH_DATE),
        "user_name": unique("choice"),
        "password": password(),
        field: value,
    }
    path = f"/v1/invitations/{invitation_id}/accept"
    for _ in range(3):
        response = await send(portal, "POST", path, content=json.dumps(body))
        assert refusal(response, value, secret) == (400, "invalid_field", field)
    assert (await accept(portal, link)).is_success


async def test_r9_a_user_name_like_another_is_taken_and_says_nothing_of_whose(
    portal: Portal, house: House, patient: Patient
) -> None:
    _, link = await house.invited()
    name = patient.account.user_name
    for typed in (name, name.upper(), name.replace("e", "\u0435")):
        assert refusal(await accept(portal, link, name=typed), name) == (400, "user_name_taken", "")
    assert (await accept(portal, link)).is_success


async def test_r30_many_files_at_once_are_all_made_anew(house: House, patient: Patient) -> None:
    """Each by a child that is born while the service's other threads are at work."""
    desk = await house.staff("front_desk")
    kept = await asyncio.gather(*(journey.scan(desk, patient.patient_id, f"Paper {each}") for each in range(6)))
    assert len(set(kept)) == 6
