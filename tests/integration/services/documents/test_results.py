"""R14, R30, R39 over gRPC: who sees a result before and after its release, and what is kept of the looking."""

from collections.abc import Awaitable
from io import BytesIO
from typing import Any
from uuid import UUID, uuid4

import grpc
import pytest
from pypdf import PdfReader

from shared.contracts.documents.v1 import api_pb2
from shared.contracts.identity.v1 import events as told
from shared.errors import CommandReused, InvalidField, NotAllowed, NotFound, Refused
from shared.reading.replays import find_replay, request_replay
from tests.integration.services.documents import people
from tests.integration.services.documents.conftest import House
from tests.integration.services.documents.people import (
    ADMIN,
    BILLER,
    DESK,
    DOCTOR,
    DOCTOR_OUTSIDE,
    NURSE,
    OTHER_ACCOUNT,
    OTHER_PATIENT,
    PATIENT,
    PATIENTS_ACCOUNT,
    PRACTICE,
    PROVIDER,
    REPRESENTATIVE,
    SECOND_PATIENT,
    STRANGER,
    SUPPORT,
    TEENS_PARENT,
)
from tests.waiting import until


async def test_r14_before_its_release_a_result_exists_for_clinical_staff_only(house: House) -> None:
    result_id = await house.file()
    for account in (PATIENTS_ACCOUNT, REPRESENTATIVE):
        assert await house.listed(account) == []
        with pytest.raises(NotFound):
            await house.get(result_id, account)
        with pytest.raises(NotFound):
            await house.ask("DownloadResult", download(result_id), account)
    for outsider in (TEENS_PARENT, OTHER_ACCOUNT, STRANGER):
        with pytest.raises(NotFound):
            await house.get(result_id, outsider)
        with pytest.raises(NotFound):
            await house.listed(outsider)
    for account in (DESK, BILLER, SUPPORT, ADMIN):
        with pytest.raises(NotAllowed):
            await house.get(result_id, account)
    for account in (DOCTOR, NURSE):
        assert [row.result_id for row in await house.listed(account)] == [result_id]
        assert (await house.get(result_id, account)).summary.state == "waiting"
        assert [row.result_id for row in await house.pending(account)] == [result_id]


async def test_r14_an_absent_a_waiting_and_a_foreign_result_answer_alike(house: House) -> None:
    waiting = await house.file()
    told_of = set()
    for result_id, patient in ((waiting, PATIENT), (str(uuid4()), PATIENT), (waiting, SECOND_PATIENT)):
        with pytest.raises(NotFound) as refused:
            await house.get(result_id, PATIENTS_ACCOUNT, patient)
        told_of.add(str(refused.value))
    assert len(told_of) == 1


async def test_r14_from_its_release_the_patient_and_those_with_the_scope_see_it(house: House) -> None:
    result_id = await house.file()
    await house.release(result_id)
    for account in (PATIENTS_ACCOUNT, REPRESENTATIVE):
        assert [(row.result_id, row.state) for row in await house.listed(account)] == [(result_id, "released")]
        (value,) = (await house.get(result_id, account)).values
        assert (value.value, value.unit, value.flag) == ("90", "mg/dL", "normal")
    for outsider in (TEENS_PARENT, OTHER_ACCOUNT, STRANGER):
        with pytest.raises(NotFound):
            await house.get(result_id, outsider)
    assert await house.pending() == []


async def refused(slug: str, call: Awaitable[Any]) -> None:
    """The call is refused for that reason."""
    with pytest.raises(Refused) as told_why:
        await call
    assert told_why.value.slug == slug


async def test_r14_only_a_provider_of_the_practice_who_takes_part_releases(house: House) -> None:
    result_id = await house.file()
    await refused("provider_not_taking_part", house.release(result_id, DOCTOR_OUTSIDE))
    for account in (NURSE, DESK, ADMIN):
        with pytest.raises(NotAllowed):
            await house.release(result_id, account)
    for account in (STRANGER, PATIENTS_ACCOUNT, OTHER_ACCOUNT):
        with pytest.raises(NotFound):
            await house.release(result_id, account)
    with pytest.raises(NotFound):
        await house.release(result_id, patient=SECOND_PATIENT)
    await house.tell("identity", told.ProviderDeactivated(practice_id=PRACTICE, provider_id=PROVIDER))
    await refused("provider_not_taking_part", house.release(result_id))
    house.identity.staff[DOCTOR] = []
    with pytest.raises(NotFound):
        await house.release(result_id)
    assert await house.listed() == []


async def test_r43_nobody_approves_a_result_of_their_own_or_meets_it_in_the_queue(house: House) -> None:
    house.let_in(DOCTOR)
    result_id = await house.file()
    with pytest.raises(NotAllowed):
        await house.release(result_id)
    with pytest.raises(NotFound):
        await house.get(result_id, DOCTOR)
    assert await house.pending() == []
    assert len(await house.pending(NURSE)) == 1


async def test_r14_a_retracted_result_shows_that_it_was_and_why_and_nothing_else(house: House) -> None:
    result_id = await house.file()
    await house.release(result_id)
    await house.retract(result_id, "The sample was mislabelled")
    seen = await house.get(result_id)
    assert (seen.summary.state, seen.retraction_reason, list(seen.values)) == (
        "retracted",
        "The sample was mislabelled",
        [],
    )
    with pytest.raises(NotFound):
        await house.ask("DownloadResult", download(result_id), PATIENTS_ACCOUNT)
    with pytest.raises(Refused):
        await house.retract(result_id, "Again")
    with pytest.raises(Refused):
        await house.release(result_id)
    later = await house.file(days_ago=0.5)
    await house.release(later)
    (value,) = (await house.get(later)).values
    assert list(value.trend) == []


async def test_r14_a_release_repeated_under_its_key_is_one_release(house: House) -> None:
    first, second = await house.file(), await house.file("Metabolic panel")
    request = api_pb2.ReleaseResultRequest(patient_id=str(PATIENT), result_id=first)
    answers = {(await house.command("ReleaseResult", request, key="one")).position for _ in range(2)}
    assert len(answers) == 1
    request.result_id = second
    with pytest.raises(CommandReused):
        await house.command("ReleaseResult", request, key="one")


async def test_r39_each_look_is_recorded_and_representatives_see_their_own_alone(house: House) -> None:
    result_id = await house.file()
    await house.release(result_id)
    await house.get(result_id)
    await house.get(result_id, REPRESENTATIVE)
    await house.ask("DownloadResult", download(result_id), PATIENTS_ACCOUNT)

    async def seen() -> bool:
        found = [(one.acting_as, one.action) for one in await house.history()]
        wanted = {("self", "GetResult"), ("representative", "GetResult"), ("self", "DownloadResult")}
        return wanted <= set(found)

    await until(seen)
    own = await house.history(REPRESENTATIVE)
    assert {UUID(one.account_id) for one in own} == {REPRESENTATIVE}
    assert all(result_id in one.object_ids for one in own)
    assert {title for one in await house.history() for title in one.object_titles} == {"Lipid panel"}
    assert all(not one.object_titles for one in await house.history(ADMIN)), "an admin sees no record"
    assert await house.history(TEENS_PARENT) == []
    with pytest.raises(NotAllowed):
        await house.history(NURSE)
    assert len(await house.history(ADMIN)) >= 3


async def test_r39_a_look_that_cannot_be_recorded_gets_no_answer(house: House) -> None:
    result_id = await house.file()
    await house.release(result_id)
    await house.pool.execute("ALTER TABLE events RENAME TO events_away")
    try:
        with pytest.raises(grpc.aio.AioRpcError):
            await house.get(result_id)
    finally:
        await house.pool.execute("ALTER TABLE events_away RENAME TO events")


async def test_r15_the_history_betrays_no_look_at_what_waits(house: House) -> None:
    result_id = await house.file()
    await house.get(result_id, NURSE)
    await until(lambda: has_entries(house, ADMIN))
    assert await house.history() == []
    await house.release(result_id)
    await until(lambda: has_entries(house, PATIENTS_ACCOUNT))
    assert {one.acting_as for one in await house.history()} == {"staff"}


async def test_lists_are_paged_to_the_end_and_a_token_serves_its_caller_and_query_alone(house: House) -> None:
    filed = [await house.file(f"Panel {number}", days_ago=number + 1) for number in range(5)]
    for result_id in filed:
        await house.release(result_id)
    found: list[str] = []
    token = ""
    while True:
        request = api_pb2.ListResultsRequest(patient_id=str(PATIENT), page_size=2, page_token=token)
        answer = await house.ask("ListResults", request, PATIENTS_ACCOUNT)
        found += [row.result_id for row in answer.results]
        if not answer.next_page_token:
            break
        token = answer.next_page_token
    assert found == filed
    stolen = api_pb2.ListResultsRequest(patient_id=str(PATIENT), page_token=token)
    with pytest.raises(InvalidField):
        await house.ask("ListResults", stolen, REPRESENTATIVE)
    history = api_pb2.ListAccessHistoryRequest(patient_id=str(PATIENT), page_token=token)
    with pytest.raises(InvalidField):
        await house.ask("ListAccessHistory", history, PATIENTS_ACCOUNT)
    stolen.page_token = "bm90IGEgdG9rZW4"  # noqa: S105 - none of ours
    with pytest.raises(InvalidField):
        await house.ask("ListResults", stolen, PATIENTS_ACCOUNT)


async def test_an_import_brings_a_resource_in_once_and_reports_a_changed_one(house: House) -> None:
    first = await house.import_result("report-1")
    again = await house.import_result("report-1")
    changed = await house.import_result("report-1", title="Another panel")
    moved = await house.import_result("report-1", patient_id=str(SECOND_PATIENT))
    assert [one.outcome for one in (first, again, changed, moved)] == ["new", "unchanged", "changed", "changed"]
    assert {one.id for one in (first, again, changed, moved)} == {first.id}
    await house.settled(first.position)
    assert await house.listed() == []
    assert [row.title for row in await house.pending()] == ["Lipid panel"]
    with pytest.raises(NotFound):
        await house.import_result("report-2", patient_id=str(OTHER_PATIENT))
    request = people.importing(house.now(), "report-3")
    with pytest.raises(NotAllowed):
        await house.peers("messaging").ImportResult(request, metadata=(("idempotency-key", "x"),), timeout=30)


async def test_a_replay_gives_the_same_rows(house: House) -> None:
    for number in range(3):
        result_id = await house.file(f"Panel {number}")
        await house.release(result_id)
    await house.retract(result_id, "mislabelled")
    await house.file("Waiting")
    models = ["results", "record_entries", "access_history_documents"]
    replay_id = await request_replay(house.pool, models)

    async def ended() -> bool:
        found = await find_replay(house.pool, replay_id)
        return found is not None and found.ended

    await until(ended, seconds=30)
    found = await find_replay(house.pool, replay_id)
    assert found is not None
    assert found.state == "done", found.report
    assert found.report["results"]["rows"] >= 4


async def test_r30_the_pdf_of_a_released_result_is_tagged_and_shows_its_values(house: House) -> None:
    result_id = await house.file("Lipid *panel* #1")
    await house.release(result_id)
    body = await house.ask("DownloadResult", download(result_id), PATIENTS_ACCOUNT)
    assert body.content_type == "application/pdf"
    reader = PdfReader(BytesIO(body.data))
    assert "/StructTreeRoot" in reader.root_object
    text = " ".join(reader.pages[0].extract_text().split())
    for shown in ("Lipid *panel* #1", "Ada Example", "Elm Street Practice", "Glucose", "90", "70 - 99"):
        assert shown in text


async def test_an_orderer_of_another_practice_is_refused(house: House) -> None:
    with pytest.raises(InvalidField):
        await house.file(ordering_provider_id=str(people.STRANGE_PROVIDER))
    for account, error in ((DESK, NotAllowed), (STRANGER, NotFound), (PATIENTS_ACCOUNT, NotFound)):
        with pytest.raises(error):
            await house.command("FileResult", people.filing(house.now()), account)


def download(result_id: str) -> api_pb2.DownloadResultRequest:
    return api_pb2.DownloadResultRequest(patient_id=str(PATIENT), result_id=result_id)


async def has_entries(house: House, account: UUID) -> bool:
    return bool(await house.history(account))
