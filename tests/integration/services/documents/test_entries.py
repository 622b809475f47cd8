"""R44: a line of the health record in the wrong record, over the process: retracted naming nobody, and waiting anew."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from shared.contracts.documents.v1 import api_pb2, peers_pb2
from shared.errors import NotAllowed, NotFound
from tests.integration.services.documents import people
from tests.integration.services.documents.conftest import House
from tests.integration.services.documents.people import DOCTOR, NURSE, OTHER_PATIENT, PATIENT, SECOND_PATIENT
from tests.integration.services.documents.test_results import refused

PENDING = "ListPendingRecordEntries"


async def listing(house: House, title: str) -> str:
    request = peers_pb2.ImportRecordEntryRequest(
        practice_id=str(people.PRACTICE), patient_id=str(PATIENT), resource_id=title, kind="medication", title=title
    )
    answer = await house.peers().ImportRecordEntry(request, metadata=(("idempotency-key", title),), timeout=30)
    await house.settled(answer.position)
    return str(answer.id)


async def listed(house: House, account: Any, patient: Any = PATIENT) -> dict[str, tuple[str, str]]:
    request = api_pb2.ListRecordEntriesRequest(patient_id=str(patient))
    found = (await house.ask("ListRecordEntries", request, account)).entries
    return {one.entry_id: (one.title, one.state) for one in found}


async def refile(house: House, entry_id: str, to: Any = SECOND_PATIENT, account: Any = DOCTOR) -> str:
    request = api_pb2.RefileRecordEntryRequest(patient_id=str(PATIENT), entry_id=entry_id, to_patient_id=str(to))
    return str((await house.command("RefileRecordEntry", request, account)).entry_id)


async def approve(house: House, entry_id: str, patient: Any = SECOND_PATIENT, account: Any = DOCTOR) -> None:
    request = api_pb2.ApproveRecordEntryRequest(patient_id=str(patient), entry_id=entry_id)
    await house.command("ApproveRecordEntry", request, account)


async def test_r44_a_misfiled_line_is_retracted_naming_nobody_and_waits_where_it_belongs(house: House) -> None:
    wrong, kept = await listing(house, "Warfarin"), await listing(house, "Insulin")
    for to, account, error in (
        (PATIENT, DOCTOR, NotFound),
        (OTHER_PATIENT, DOCTOR, NotFound),
        (uuid4(), DOCTOR, NotFound),
        (SECOND_PATIENT, NURSE, NotAllowed),
        (SECOND_PATIENT, people.STRANGER, NotFound),
        (SECOND_PATIENT, people.PATIENTS_ACCOUNT, NotFound),
    ):
        with pytest.raises(error):
            await refile(house, wrong, to, account)
    await refused("provider_not_taking_part", refile(house, wrong, account=people.DOCTOR_OUTSIDE))
    right = await refile(house, wrong)
    theirs = await listed(house, people.PATIENTS_ACCOUNT)
    assert theirs == {wrong: ("\N{EM DASH}", "retracted"), kept: ("Insulin", "listed")}
    assert (await listed(house, DOCTOR))[wrong] == ("Warfarin", "retracted")
    assert await listed(house, people.SECOND_ACCOUNT, SECOND_PATIENT) == {}, "it waits for approval"
    assert await listed(house, DOCTOR, SECOND_PATIENT) == {right: ("Warfarin", "waiting")}
    history = await house.history(people.SECOND_ACCOUNT, SECOND_PATIENT)
    assert right not in str(history), "a look at what waits betrays it"
    with pytest.raises(NotFound):
        await approve(house, right, PATIENT)
    await approve(house, right)
    assert await listed(house, people.SECOND_ACCOUNT, SECOND_PATIENT) == {right: ("Warfarin", "listed")}
    await refused("result_not_waiting", approve(house, right))
    await refused("result_not_released", refile(house, wrong))
    events = await house.pool.fetch(
        "SELECT type, subject_id, metadata::text FROM events WHERE type LIKE 'RecordEntry%'"
    )
    assert [str(SECOND_PATIENT) in row["metadata"] for row in events if row["subject_id"] == PATIENT] == [False] * 3


async def pending(house: House, account: Any = DOCTOR) -> list[tuple[str, str]]:
    request = api_pb2.ListPendingRecordEntriesRequest(practice_id=str(people.PRACTICE))
    return [(one.entry_id, one.patient_id) for one in (await house.ask(PENDING, request, account)).entries]


async def tasks(house: House, account: Any) -> list[tuple[str, str, int]]:
    request = api_pb2.ListReviewTasksRequest(practice_id=str(people.PRACTICE))
    found = (await house.ask("ListReviewTasks", request, account)).tasks
    return [(one.entry_id, one.title, one.days_waiting) for one in found if one.entry_id]


async def test_r44_what_was_refiled_waits_in_a_queue_and_becomes_a_task_until_a_provider_approves_it(
    house: House,
) -> None:
    assert await pending(house) == []
    first, second = [await refile(house, await listing(house, title)) for title in ("Warfarin", "Insulin")]
    queued = [(first, str(SECOND_PATIENT)), (second, str(SECOND_PATIENT))]
    assert await pending(house) == await pending(house, NURSE) == queued
    for account, error in (
        (people.DESK, NotAllowed),
        (people.ADMIN, NotAllowed),
        (people.STRANGER, NotFound),
        (people.SECOND_ACCOUNT, NotFound),
    ):
        with pytest.raises(error):
            await pending(house, account)
    house.let_in(people.SECOND_DOCTOR, patient=SECOND_PATIENT)
    assert await pending(house, people.SECOND_DOCTOR) == [], "it is the provider's own record"
    await approve(house, first)
    assert await pending(house, NURSE) == queued[1:]
    assert await tasks(house, DOCTOR) == await tasks(house, people.ADMIN) == []
    await house.advance(timedelta(days=1))
    assert await tasks(house, DOCTOR) == [(second, "Insulin", 1)]
    assert await tasks(house, people.ADMIN) == []
    await house.advance(timedelta(days=4))
    assert await tasks(house, people.ADMIN) == [(second, "", 5)], "an admin sees no record"
    await approve(house, second)
    assert await tasks(house, DOCTOR) == await tasks(house, people.ADMIN) == []
