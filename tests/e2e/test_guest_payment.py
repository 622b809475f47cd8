"""R1 through the gateway: a statement is paid without an account, on pages without JavaScript and by the JSON API."""

import re
from typing import Any

import httpx
import pytest

from operations.outside import Portal, eventually
from shared.ids import uuid7
from tests.e2e.practices import BIRTH_DATE, House

pytestmark = pytest.mark.asyncio(loop_scope="session")

BORN = {"year": BIRTH_DATE.year, "month": BIRTH_DATE.month, "day": BIRTH_DATE.day}


async def numbered(house: House) -> tuple[Any, str, str]:
    """A patient without an account, and a statement that came by post."""
    patient = await house.registered()
    statement = await house.statement_of(patient, 5_000)
    billing = await house.staff("billing")
    found = await billing.get(patient.path(f"statements/{statement}"))
    return patient, statement, found["statement"]["number"]


async def send(portal: Portal, path: str, body: dict[str, Any]) -> httpx.Response:
    headers = {"idempotency-key": str(uuid7())}
    return await portal.http.post(path, json=body, headers=headers)


async def test_r01_what_cannot_be_paid_answers_alike_in_status_body_and_headers(house: House, portal: Portal) -> None:
    _, _, number = await numbered(house)
    wrong_day = {**BORN, "year": 1972}
    unknown = number[:-12] + "ABCDEFGHIJKL"
    answers = []
    for path, more in (("/v1/guest/statement", {}), ("/v1/guest/payments", {"amount_cents": "1"})):
        for typed, born in ((number, wrong_day), (unknown, BORN), ("nonsense", BORN)):
            answers.append(await send(portal, path, {"number": typed, "birth_date": born, **more}))
    assert {one.status_code for one in answers} == {404}
    assert len({re.sub(r"[0-9a-f]{32}", "trace", one.text) for one in answers}) == 1
    assert len({tuple(sorted(one.headers)) for one in answers}) == 1
    found = await send(portal, "/v1/guest/statement", {"number": number, "birth_date": BORN})
    assert found.json() == {
        "practice_id": house.practice_id,
        "practice_name": house.name,
        "due_cents": "5000",
        "currency": "USD",
    }


async def test_r01_a_guest_pays_on_pages_without_javascript(house: House, portal: Portal) -> None:
    patient, statement, number = await numbered(house)
    assert 'href="/pay"' in (await portal.http.get("/help")).text
    assert "Pagar un estado de cuenta" in (await portal.http.get("/pay", headers={"accept-language": "es"})).text

    async def form(path: str, **values: str) -> httpx.Response:
        return await portal.http.post(path, data=values, headers={"origin": portal.base_url})

    key = str(uuid7())
    wrong = await form("/pay", key=key, number=number, birth_date="1972-05-17")
    assert (wrong.status_code, "fits this number and birth date" in wrong.text) == (422, True)
    page = await form("/pay", key=key, number=number, birth_date=BIRTH_DATE.isoformat())
    assert house.name in page.text
    assert "$50.00" in page.text
    for hidden in ("Visit", patient.family, patient.patient_id, statement):
        assert hidden not in page.text
    typed = {"key": key, "number": number, "birth_date": BIRTH_DATE.isoformat()}
    much = await form("/pay/start", amount_cents="50.01", **typed)
    assert much.status_code == 422
    began = [await form("/pay/start", amount_cents="50.00", **typed) for _ in range(2)]
    assert [one.status_code for one in began] == [303, 303]
    assert began[0].headers["location"] == began[1].headers["location"], "a double click is one payment"
    back = await portal.http.post(began[0].headers["location"], data={"outcome": "pay"})
    assert back.headers["location"] == f"{portal.base_url}/pay/done"
    billing = await house.staff("billing")

    async def is_paid() -> bool:
        found = await billing.get(patient.path(f"statements/{statement}"))
        return bool(found["statement"]["state"] == "paid")

    await eventually("the guest's payment", is_paid)
