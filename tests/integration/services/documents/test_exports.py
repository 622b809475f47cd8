"""R39 over the process: what a patient takes along, and what the history tells of it and of staff."""

import json
from collections.abc import Mapping
from datetime import date, timedelta
from io import BytesIO
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pypdf import PdfReader

from shared.clock import machine_now
from shared.contracts.documents.v1 import api_pb2, peers_pb2
from shared.contracts.identity.v1 import events as told
from shared.errors import InvalidField, NotFound, StepUpRequired
from shared.rpc.fields import date_message, instant_message
from tests.integration.services.documents import people
from tests.integration.services.documents.conftest import House
from tests.integration.services.documents.people import (
    DOCTOR,
    NURSE,
    OTHER_ACCOUNT,
    PATIENT,
    PATIENTS_ACCOUNT,
    PRACTICE,
    REPRESENTATIVE,
    STRANGER,
    TEENS_PARENT,
)
from tests.integration.services.documents.test_uploads import TEXT, release, upload
from tests.waiting import until

NEW_YORK = ZoneInfo("America/New_York")


async def export(house: House, account: Any = PATIENTS_ACCOUNT, form: str = "fhir", **days: date) -> Any:
    today = house.now().astimezone(NEW_YORK).date()
    request = api_pb2.ExportRecordRequest(
        patient_id=str(PATIENT),
        since=date_message(days.get("since", today - timedelta(days=30))),
        until=date_message(days.get("until", today)),
        format=form,
    )
    return await house.ask("ExportRecord", request, account)


async def resources(house: House, **given: Any) -> dict[str, list[Mapping[str, Any]]]:
    """The bundle's resources by their type."""
    body = await export(house, **given)
    assert body.content_type == "application/fhir+json"
    found: dict[str, list[Mapping[str, Any]]] = {}
    for each in json.loads(body.data)["entry"]:
        found.setdefault(each["resource"]["resourceType"], []).append(each["resource"])
    return found


async def import_entry(house: House, kind: str, title: str) -> None:
    request = peers_pb2.ImportRecordEntryRequest(
        practice_id=str(PRACTICE), patient_id=str(PATIENT), resource_id=title, kind=kind, title=title, status="active"
    )
    request.since.CopyFrom(date_message(date(2019, 5, 1)))
    answer = await house.peers().ImportRecordEntry(request, metadata=(("idempotency-key", title),), timeout=30)
    await house.settled(answer.position)


async def test_r39_a_bundle_holds_what_is_released_and_nothing_else(house: House) -> None:
    released, waiting, retracted = [await house.file(f"Panel {number}") for number in range(3)]
    for result_id in (released, retracted):
        await house.release(result_id)
    await house.retract(retracted, "mislabelled")
    document_id = await upload(house)
    await release(house, document_id)
    await upload(house, title="A waiting letter")
    for kind in ("medication", "allergy", "immunization", "problem"):
        await import_entry(house, kind, f"Some {kind}")
    found = await resources(house)
    assert [one["id"] for one in found["DiagnosticReport"]] == [released]
    (observation,) = found["Observation"]
    assert observation["valueQuantity"] == {
        "value": 90.0,
        "unit": "mg/dL",
        "system": "http://unitsofmeasure.org",
        "code": "mg/dL",
    }
    assert [one["id"] for one in found["DocumentReference"]] == [document_id]
    kinds = ("MedicationStatement", "AllergyIntolerance", "Immunization", "Condition")
    assert [len(found[kind]) for kind in kinds] == [1, 1, 1, 1]
    assert found["Patient"][0]["name"] == [{"text": "Ada Example"}]
    whole = (await export(house)).data.decode()
    assert waiting not in whole
    assert retracted not in whole
    assert "waiting letter" not in whole


async def test_r39_each_takes_only_what_their_scopes_reach(house: House) -> None:
    await house.release(await house.file())
    await release(house, await upload(house))
    house.consent.windows[REPRESENTATIVE] = []
    house.let_in(REPRESENTATIVE, acting_as="representative", scopes=("documents", "billing"))
    assert set(await resources(house, account=REPRESENTATIVE)) == {"Patient", "DocumentReference"}
    for account in (TEENS_PARENT, OTHER_ACCOUNT, STRANGER, NURSE, DOCTOR):
        with pytest.raises(NotFound):
            await export(house, account)


async def test_r39_days_are_the_practices_and_both_ends_count(house: House) -> None:
    last_second = house.now().astimezone(NEW_YORK).replace(hour=23, minute=59, second=59) - timedelta(days=3)
    result_id = await house.file(effective_at=instant_message(last_second))
    await house.release(result_id)
    day = last_second.date()
    one_day = timedelta(days=1)
    assert "DiagnosticReport" in await resources(house, since=day, until=day)
    assert "DiagnosticReport" not in await resources(house, since=day + one_day, until=day + one_day)
    assert "DiagnosticReport" not in await resources(house, since=day - one_day, until=day - one_day)
    for since, until_day in ((day, day - one_day), (date(1, 1, 1), day)):
        with pytest.raises(InvalidField):
            await export(house, since=since, until=until_day)
    with pytest.raises(InvalidField):
        await export(house, form="word")


async def test_r39_the_pdf_is_tagged_and_holds_the_record_as_text(house: House) -> None:
    await house.release(await house.file("Lipid *panel* #1"))
    await import_entry(house, "allergy", "Peanut")
    body = await export(house, form="pdf")
    reader = PdfReader(BytesIO(body.data))
    assert "/StructTreeRoot" in reader.root_object
    text = " ".join(" ".join(page.extract_text() for page in reader.pages).split())
    for shown in ("Ada Example", "Lipid *panel* #1", "70 - 99", "Peanut", "2019-05-01"):
        assert shown in text


async def test_r45_an_export_needs_a_factor_of_the_last_five_minutes(house: House) -> None:
    old = int(machine_now().timestamp()) - 301
    token = house.signer.token(PATIENTS_ACCOUNT, factor_at=old)
    today = date_message(house.now().date())
    request = api_pb2.ExportRecordRequest(patient_id=str(PATIENT), since=today, until=today, format="pdf")
    with pytest.raises(StepUpRequired):
        await house.api.ExportRecord(request, metadata=(("authorization", f"Bearer {token}"),), timeout=30)


async def test_r39_an_export_is_in_the_history_with_all_that_left(house: House) -> None:
    result_id = await house.file()
    await house.release(result_id)
    document_id = await upload(house)
    await release(house, document_id)
    body = await export(house)
    assert TEXT.decode() not in body.data.decode(), "files are in it as base64"

    async def told_of() -> bool:
        exported = [one for one in await house.history() if one.action == "ExportRecord"]
        return bool(exported) and {result_id, document_id} <= set(exported[0].object_ids)

    await until(told_of)


async def test_r39_staff_stand_in_the_history_by_name_and_role_also_after_they_left(house: House) -> None:
    staff = {"staff_id": people.staff_of(NURSE), "account_id": NURSE}
    await house.tell("identity", told.StaffJoined(practice_id=PRACTICE, roles=["clinical"], **staff))
    result_id = await house.file()
    await house.release(result_id)
    await house.get(result_id, NURSE)
    await house.tell("identity", told.StaffLeft(practice_id=PRACTICE, **staff))

    async def named() -> bool:
        found = [one for one in await house.history() if one.account_id == str(NURSE)]
        return bool(found) and (found[0].staff_name, list(found[0].staff_roles)) == ("Nia Roe", ["clinical"])

    await until(named)
    assert all(one.staff_name == "" for one in await house.history() if one.acting_as == "self")
