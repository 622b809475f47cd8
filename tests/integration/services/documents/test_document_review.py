"""R14 for documents over the process: several approved at once, undone, held, corrected, and whose task they become."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from shared.contracts.documents.v1 import api_pb2
from shared.errors import InvalidField, NotAllowed, NotFound
from shared.rpc.fields import instant_message
from tests.integration.services.documents import people
from tests.integration.services.documents.conftest import House
from tests.integration.services.documents.people import DESK, DOCTOR, NURSE, PATIENT, PRACTICE
from tests.integration.services.documents.test_results import refused
from tests.integration.services.documents.test_review import sign
from tests.integration.services.documents.test_uploads import get, listed, release, upload
from tests.waiting import until


async def approve(house: House, *document_ids: str, results: tuple[str, ...] = (), account: Any = DOCTOR) -> None:
    request = api_pb2.ApproveResultsRequest(practice_id=str(PRACTICE), document_ids=document_ids, result_ids=results)
    await house.command("ApproveResults", request, account)


async def undo(house: House, *document_ids: str) -> None:
    request = api_pb2.UndoApprovalRequest(practice_id=str(PRACTICE), document_ids=document_ids)
    await house.command("UndoApproval", request)


async def hold(house: House, document_id: str, account: Any = NURSE, **span: float) -> None:
    request = api_pb2.HoldDocumentRequest(
        patient_id=str(PATIENT),
        document_id=document_id,
        reason="asks a colleague",
        until=instant_message(house.now() + timedelta(**span)),
    )
    await house.command("HoldDocument", request, account)


async def queue(house: House, *, held: bool = False) -> list[str]:
    request = api_pb2.ListPendingDocumentsRequest(practice_id=str(PRACTICE), held=held)
    return [one.document_id for one in (await house.ask("ListPendingDocuments", request)).documents]


async def tasks(house: House, account: Any = DOCTOR) -> list[str]:
    request = api_pb2.ListReviewTasksRequest(practice_id=str(PRACTICE))
    return [one.document_id for one in (await house.ask("ListReviewTasks", request, account)).tasks]


async def test_r14_documents_are_approved_with_results_undone_and_visible_after_30_seconds(house: House) -> None:
    kept, undone = await upload(house, title="Kept"), await upload(house, title="Undone")
    result = await house.file()
    for wrong, error in (((kept, kept), InvalidField), ((kept, str(uuid4())), NotFound), ((kept, result), NotFound)):
        with pytest.raises(error):
            await approve(house, *wrong)
    with pytest.raises(NotAllowed):
        await approve(house, kept, account=NURSE)
    await approve(house, kept, undone, results=(result,))
    assert await listed(house) == []
    assert await queue(house) == []
    await undo(house, undone)
    await house.advance(timedelta(seconds=31))

    async def both() -> bool:
        return len(await listed(house)) == 1 and len(await house.listed()) == 1

    await until(both)
    assert [one.document_id for one in await listed(house)] == [kept]
    assert await queue(house) == [undone]
    await refused("approval_not_pending", undo(house, kept))


async def test_r14_a_held_document_leaves_the_queue_and_returns_and_patients_see_nothing_of_it(house: House) -> None:
    document = await upload(house)
    with pytest.raises(NotAllowed):
        await hold(house, document, DESK, days=1)
    await refused("hold_too_long", hold(house, document, days=15))
    await hold(house, document, days=13)
    assert (await queue(house), await queue(house, held=True)) == ([], [document])
    await refused("result_held", release(house, document))
    await refused("result_held", approve(house, document))
    seen = await get(house, document, DOCTOR)
    assert (seen.hold_reason, seen.held_by_account_id) == ("asks a colleague", str(NURSE))
    await house.advance(timedelta(days=13))
    assert (await queue(house), await queue(house, held=True)) == ([document], [])
    assert await tasks(house) == [document], "after a day all who take part are asked, since nobody ordered it"
    assert await tasks(house, people.ADMIN) == [document]
    await hold(house, document, days=1)
    assert await tasks(house) == []
    lift = api_pb2.LiftDocumentHoldRequest(patient_id=str(PATIENT), document_id=document)
    await house.command("LiftDocumentHold", lift, NURSE)
    await release(house, document)
    shown = await get(house, document)
    assert (shown.hold_reason, shown.held_by_account_id, shown.document.HasField("held_until")) == ("", "", False)


async def test_r14_a_corrected_document_needs_a_new_approval_and_then_takes_the_old_ones_place(house: House) -> None:
    old, never_seen = await upload(house, title="Old"), await upload(house, title="Never seen")
    await release(house, old)
    theirs = await upload(house, patient_id=str(people.SECOND_PATIENT))
    with pytest.raises(InvalidField):
        await upload(house, corrects_document_id=theirs)
    new = await upload(house, b"Corrected", title="New", corrects_document_id=old)
    newer = await upload(house, b"Corrected, too", title="Newer", corrects_document_id=never_seen)
    assert [one.document_id for one in await listed(house)] == [old]
    assert set(await queue(house)) == {theirs, new, newer}
    await release(house, new)
    assert {one.document_id: one.state for one in await listed(house)} == {old: "corrected", new: "released"}
    shown = await get(house, old)
    assert (shown.document.corrected_by_document_id, shown.text) == (new, "")


async def test_r14_a_providers_signature_for_letters_releases_letters_alone_and_as_long_as_it_stands(
    house: House,
) -> None:
    request = api_pb2.ChooseReleasePolicyRequest(practice_id=str(PRACTICE), choice="immediate")
    await house.command("ChooseReleasePolicy", request, people.ADMIN)
    for wrong in ("novel", "", "Letter"):
        with pytest.raises(InvalidField):
            await sign(house, wrong)
    approval_id = await sign(house, "letter")
    letter, note = await upload(house), await upload(house, kind="note")
    assert [row.document_id for row in await listed(house)] == [letter]
    assert (await get(house, letter)).document.released_by_provider_id == str(people.PROVIDER)
    revoke = api_pb2.RevokeStandingApprovalRequest(practice_id=str(PRACTICE), approval_id=approval_id)
    await house.command("RevokeStandingApproval", revoke)
    later = await upload(house, title="Later")
    assert set(await queue(house)) == {note, later}
