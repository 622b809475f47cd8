"""R14, R15, R44 over the process: policies, holds, bulk approval, wishes, corrections, misfiling, whose task it is."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from shared.contracts.documents.v1 import api_pb2
from shared.contracts.identity.v1 import events as told
from shared.contracts.messaging.v1.events import MessageSent
from shared.errors import InvalidField, NotAllowed, NotFound
from shared.rpc.fields import instant_message
from tests.integration.services.documents import people
from tests.integration.services.documents.conftest import House
from tests.integration.services.documents.people import (
    ADMIN,
    DESK,
    DOCTOR,
    DOCTOR_OUTSIDE,
    NURSE,
    OTHER_PATIENT,
    PATIENT,
    PATIENTS_ACCOUNT,
    PRACTICE,
    PROVIDER,
    REPRESENTATIVE,
    SECOND_ACCOUNT,
    SECOND_DOCTOR,
    SECOND_PATIENT,
    STRANGER,
    TEENS_PARENT,
)
from tests.integration.services.documents.test_results import refused
from tests.waiting import until


async def approve(house: House, *result_ids: str, account: Any = DOCTOR) -> Any:
    request = api_pb2.ApproveResultsRequest(practice_id=str(PRACTICE), result_ids=result_ids)
    return await house.command("ApproveResults", request, account)


async def undo(house: House, *result_ids: str) -> Any:
    request = api_pb2.UndoApprovalRequest(practice_id=str(PRACTICE), result_ids=result_ids)
    return await house.command("UndoApproval", request)


async def hold(house: House, result_id: str, span: timedelta, account: Any = NURSE) -> Any:
    request = api_pb2.HoldResultRequest(
        patient_id=str(PATIENT),
        result_id=result_id,
        reason="A repeat is on its way",
        until=instant_message(house.now() + span),
    )
    return await house.command("HoldResult", request, account)


async def tasks(house: House, account: Any = DOCTOR) -> list[Any]:
    request = api_pb2.ListReviewTasksRequest(practice_id=str(PRACTICE))
    return list((await house.ask("ListReviewTasks", request, account)).tasks)


async def choose(house: House, choice: str, account: Any = ADMIN) -> None:
    request = api_pb2.ChooseReleasePolicyRequest(practice_id=str(PRACTICE), choice=choice)
    await house.command("ChooseReleasePolicy", request, account)


async def sign(house: House, category: str, account: Any = DOCTOR) -> str:
    request = api_pb2.SignStandingApprovalRequest(practice_id=str(PRACTICE), category=category)
    return str((await house.command("SignStandingApproval", request, account)).approval_id)


def visible(house: House, account: Any = PATIENTS_ACCOUNT, patient: Any = PATIENT) -> Any:
    async def ids() -> set[str]:
        return {row.result_id for row in await house.listed(account, patient)}

    return ids


async def test_r14_a_bulk_approval_becomes_visible_after_30_seconds_and_can_be_undone_until_then(house: House) -> None:
    kept, undone = await house.file("Kept"), await house.file("Undone")
    await approve(house, kept, undone)
    assert await house.listed() == []
    assert await house.pending() == []
    await undo(house, undone)
    assert [row.result_id for row in await house.pending()] == [undone]
    await house.advance(timedelta(seconds=31))
    await until(visible(house))
    assert await visible(house)() == {kept}
    await refused("approval_not_pending", undo(house, kept))
    await refused("result_not_waiting", approve(house, kept))


async def test_r14_a_bulk_approval_is_all_or_nothing_and_of_one_practice(house: House) -> None:
    first, second = await house.file("First"), await house.file("Second")
    await house.release(second)
    await refused("result_not_waiting", approve(house, first, second))
    assert [row.result_id for row in await house.pending()] == [first]
    house.let_in(SECOND_DOCTOR)
    for error, call in (
        (NotFound, approve(house, first, str(uuid4()))),
        (NotFound, approve(house, first, account=STRANGER)),
        (NotAllowed, approve(house, first, account=SECOND_DOCTOR)),
        (NotAllowed, approve(house, first, account=NURSE)),
        (InvalidField, approve(house, first, first)),
        (InvalidField, approve(house)),
    ):
        with pytest.raises(error):
            await call
    await refused("provider_not_taking_part", approve(house, first, account=DOCTOR_OUTSIDE))
    strange = api_pb2.ApproveResultsRequest(practice_id=str(people.OTHER_PRACTICE), result_ids=[first])
    with pytest.raises(NotFound):
        await house.command("ApproveResults", strange, STRANGER)


async def test_r14_a_held_result_leaves_the_queue_and_returns_at_the_end_of_the_hold(house: House) -> None:
    result_id = await house.file()
    await refused("hold_too_long", hold(house, result_id, timedelta(days=14, minutes=1)))
    await hold(house, result_id, timedelta(days=14))
    assert await house.pending() == []
    await refused("result_held", house.release(result_id))
    request = api_pb2.ListPendingResultsRequest(practice_id=str(PRACTICE), held=True)
    (held,) = (await house.ask("ListPendingResults", request)).results
    assert held.result_id == result_id
    whole = await house.get(result_id, DOCTOR)
    assert (whole.hold_reason, whole.held_by_account_id) == ("A repeat is on its way", str(NURSE))
    assert await house.listed() == []
    await house.advance(timedelta(days=14))
    assert [row.result_id for row in await house.pending()] == [result_id]
    await house.release(result_id)
    seen = await house.get(result_id)
    assert (seen.hold_reason, seen.held_by_account_id, seen.summary.HasField("held_until")) == ("", "", False)


async def test_r14_while_the_patient_waits_nothing_is_released_and_then_all_that_was_approved(house: House) -> None:
    wish = api_pb2.AskToWaitRequest(patient_id=str(PATIENT))
    for account, error in ((TEENS_PARENT, NotFound), (SECOND_ACCOUNT, NotFound), (DOCTOR, NotFound)):
        with pytest.raises(error):
            await house.command("AskToWait", wish, account)
    seen_before = await house.file("Before")
    await house.release(seen_before)
    await house.command("AskToWait", wish, PATIENTS_ACCOUNT)
    single, many = await house.file("Single"), await house.file("Many")
    await house.release(single)
    await approve(house, many)
    await house.advance(timedelta(minutes=1))
    ask = api_pb2.GetReleaseWishRequest(patient_id=str(PATIENT))
    assert (await house.ask("GetReleaseWish", ask, NURSE)).waits
    assert await visible(house)() == {seen_before}
    with pytest.raises(NotFound):
        await house.get(single)
    end = api_pb2.EndWaitRequest(patient_id=str(PATIENT))
    await house.command("EndWait", end, PATIENTS_ACCOUNT)
    await until(lambda: all_visible(house, 3))
    assert await visible(house)() == {seen_before, single, many}


async def all_visible(house: House, count: int) -> bool:
    return len(await house.listed()) == count


async def test_r14_immediate_is_a_providers_own_signature_for_a_category(house: House) -> None:
    await choose(house, "immediate")
    nobody_signed = await house.file("Nobody signed")
    approval_id = await sign(house, "laboratory")
    covered = await house.file("Covered")
    other = await house.file("Other category", category="imaging")
    correction = await house.file("A correction", corrects_result_id=covered)
    imported = await house.import_result("report-1")
    await house.settled(imported.position)
    assert await visible(house)() == {covered}
    assert (await house.get(covered)).released_by_provider_id == str(PROVIDER)
    assert {row.result_id for row in await house.pending()} == {nobody_signed, other, correction, imported.id}
    revoke = api_pb2.RevokeStandingApprovalRequest(practice_id=str(PRACTICE), approval_id=approval_id)
    with pytest.raises(NotFound):
        await house.command("RevokeStandingApproval", revoke, SECOND_DOCTOR)
    await house.command("RevokeStandingApproval", revoke)
    await house.file("After it was revoked")
    await sign(house, "laboratory")
    await choose(house, "manual")
    await house.file("After the policy changed")
    await choose(house, "immediate")
    await house.tell("identity", told.ProviderDeactivated(practice_id=PRACTICE, provider_id=PROVIDER))
    await house.file("After the provider left")
    assert await visible(house)() == {covered}


async def test_r14_who_may_choose_and_sign(house: House) -> None:
    for account in (DOCTOR, NURSE, DESK):
        with pytest.raises(NotAllowed):
            await choose(house, "immediate", account)
    with pytest.raises(NotFound):
        await choose(house, "immediate", STRANGER)
    with pytest.raises(InvalidField):
        await choose(house, "sometimes")
    with pytest.raises(NotAllowed):
        await sign(house, "laboratory", NURSE)
    await refused("provider_not_taking_part", sign(house, "laboratory", DOCTOR_OUTSIDE))
    await sign(house, "laboratory")
    await refused("standing_approval_in_force", sign(house, "laboratory"))


async def test_r14_a_corrected_result_needs_a_new_approval_and_then_takes_the_old_ones_place(house: House) -> None:
    original = await house.file("Original")
    await house.release(original)
    correction = await house.file("Corrected", corrects_result_id=original)
    assert await visible(house)() == {original}
    assert (await house.get(original)).values
    await house.release(correction)
    assert (await house.get(original)).summary.corrected_by_result_id == correction
    assert list((await house.get(original)).values) == []
    assert (await house.get(correction)).values
    waiting = await house.file("Waiting")
    await house.file("Its correction", corrects_result_id=waiting)
    with pytest.raises(NotFound):
        await house.get(waiting)
    await refused("result_not_waiting", house.release(waiting))
    for foreign in (str(uuid4()), await house.file(patient_id=str(SECOND_PATIENT))):
        with pytest.raises(InvalidField):
            await house.file(corrects_result_id=foreign)


async def test_r44_a_misfiled_result_is_taken_back_naming_nobody_and_waits_where_it_belongs(house: House) -> None:
    result_id = await house.file("Of somebody else")
    await house.release(result_id)
    await house.get(result_id)
    request = api_pb2.RefileResultRequest(
        patient_id=str(PATIENT), result_id=result_id, to_patient_id=str(SECOND_PATIENT)
    )
    with pytest.raises(NotAllowed):
        await house.command("RefileResult", request, NURSE)
    refiled = (await house.command("RefileResult", request)).result_id
    seen = await house.get(result_id)
    assert (seen.summary.state, seen.summary.misfiled, list(seen.values)) == ("retracted", True, [])
    assert "somebody" not in str(seen)
    assert str(SECOND_PATIENT) not in str(seen)
    assert refiled not in str(seen)
    assert await house.listed(SECOND_ACCOUNT, SECOND_PATIENT) == []
    with pytest.raises(NotFound):
        await house.get(refiled, SECOND_ACCOUNT, SECOND_PATIENT)
    await house.release(refiled, patient=SECOND_PATIENT)
    assert str(PATIENT) not in str(await house.get(refiled, SECOND_ACCOUNT, SECOND_PATIENT))
    metadata = await house.pool.fetchval("SELECT metadata::text FROM events WHERE stream_id = $1", refiled)
    assert str(PATIENT) not in metadata


async def test_r44_what_never_was_visible_leaves_no_trace_and_stays_in_its_practice(house: House) -> None:
    result_id = await house.file()
    request = api_pb2.RefileResultRequest(patient_id=str(PATIENT), result_id=result_id)
    for target in (OTHER_PATIENT, PATIENT, uuid4()):
        request.to_patient_id = str(target)
        with pytest.raises(NotFound):
            await house.command("RefileResult", request)
    request.to_patient_id = str(SECOND_PATIENT)
    await house.command("RefileResult", request)
    assert await house.listed() == []
    with pytest.raises(NotFound):
        await house.get(result_id)
    assert [row.patient_id for row in await house.pending()] == [str(SECOND_PATIENT)]


async def test_r14_what_waits_becomes_the_orderers_then_everybodys_then_the_admins_task(house: House) -> None:
    result_id = await house.file(ordering_provider_id=str(PROVIDER))
    await house.settled((await house.import_result("report-1")).position)
    met = []
    for _ in range(6):
        found = {account: await tasks(house, account) for account in (DOCTOR, SECOND_DOCTOR, ADMIN)}
        met.append(tuple(len(each) for each in found.values()))
        await house.advance(timedelta(days=1))
    assert met == [(0, 0, 0), (1, 0, 0), (1, 0, 0), (1, 1, 0), (1, 1, 0), (1, 1, 1)]
    (clinical,), (administrative,) = await tasks(house), await tasks(house, ADMIN)
    assert (clinical.result_id, clinical.title, clinical.days_waiting) == (result_id, "Lipid panel", 6)
    assert (administrative.result_id, administrative.title, administrative.patient_id) == (result_id, "", "")
    assert await tasks(house, DOCTOR_OUTSIDE) == []
    for account, error in ((NURSE, NotAllowed), (DESK, NotAllowed), (STRANGER, NotFound), (PATIENTS_ACCOUNT, NotFound)):
        with pytest.raises(error):
            await tasks(house, account)
    assert await house.listed() == []
    await house.release(result_id)
    assert await tasks(house) == []


async def test_r14_without_an_orderer_who_takes_part_all_are_asked_from_the_first_day(house: House) -> None:
    await house.file(ordering_provider_id=str(people.PROVIDER_OUTSIDE))
    await house.advance(timedelta(days=1))
    assert (len(await tasks(house)), len(await tasks(house, SECOND_DOCTOR))) == (1, 1)


async def test_r15_asking_makes_what_waits_due_on_the_next_business_day(house: House) -> None:
    await house.file(ordering_provider_id=str(PROVIDER))
    await house.file("Of another patient", patient_id=str(SECOND_PATIENT))
    for sender, origin in (("staff", "portal"), ("patient", "import")):
        await house.tell("messaging", message(sender=sender, origin=origin))
    assert await tasks(house) == []
    await house.tell("messaging", message(sender="representative"))
    (found,) = await tasks(house)
    assert found.title == "Lipid panel"
    assert found.due_on.year >= house.now().year
    assert not found.overdue
    assert await tasks(house, SECOND_DOCTOR) == []
    assert await house.listed(REPRESENTATIVE) == []
    await house.advance(timedelta(days=6))
    assert all(each.overdue for each in await tasks(house, SECOND_DOCTOR) if each.HasField("due_on"))
    asked_later = await house.file("Received after the question", ordering_provider_id=str(PROVIDER))
    assert asked_later not in {each.result_id for each in await tasks(house)}


def message(**changes: Any) -> MessageSent:
    given = {"sender": "patient", "account_id": PATIENTS_ACCOUNT, **changes}
    return MessageSent(practice_id=PRACTICE, patient_id=PATIENT, conversation_id=uuid4(), message_id=uuid4(), **given)
