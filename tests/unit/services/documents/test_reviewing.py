"""R14 told in commands: results and documents wait, are held, released and corrected by the same ones."""

from datetime import timedelta
from uuid import UUID

import pytest

from services.documents.commands.documents import FileDocument, file_document
from services.documents.commands.filing import FileResult, file_result
from services.documents.commands.release_policy import AskToWait, EndWait, ask_to_wait, end_wait
from services.documents.commands.reviewing import (
    ApproveResults,
    Hold,
    Item,
    LiftHold,
    Release,
    Retract,
    Several,
    TakeEffect,
    approve_results,
    hold,
    lift_hold,
    release,
    retract,
    take_effect,
)
from services.documents.domain.documents import Document, File
from services.documents.domain.errors import ResultHeld
from services.documents.domain.results import Report, Result, Value
from services.documents.domain.review import UNDO, Reviewed
from services.documents.stored import STORED
from shared.errors import NotFound
from shared.eventstore.memory import MemoryEventStore
from shared.eventstore.stored import StoredTable
from shared.handling import StreamQueues, Work
from tests.unit.services.documents.test_results import AT, PROVIDER

PRACTICE, PATIENT, OTHER, NURSE = (UUID(int=number) for number in range(11, 15))
SECOND = timedelta(seconds=1)


class Desk:
    """Commands over the in-memory store, for one kind of item."""

    def __init__(self, kind: type[Result] | type[Document]) -> None:
        self.kind, self.at = kind, AT
        self.store = MemoryEventStore("documents", StoredTable(STORED))
        self._queues, self._numbers = StreamQueues(), iter(range(1000, 2000))

    def work(self) -> Work:
        return Work(self.store, self._queues, self.at, UUID(int=next(self._numbers)), metadata={})

    async def file(self, corrects: UUID | None = None, patient: UUID = PATIENT) -> Item:
        if self.kind is Result:
            report = Report("Lipids", "laboratory", AT, (Value("LDL", "99"),), corrects_id=corrects)
            filed = await file_result(FileResult(PRACTICE, patient, report), self.work())
        else:
            file = File("Letter", "letter", "text/plain", 6, 1, "0" * 64, UUID(int=9), corrects)
            filed = await file_document(FileDocument(PRACTICE, patient, file), self.work())
        return Item(self.kind, filed.id)

    async def state(self, item: Item) -> str:
        found: Reviewed | None = await self.store.find(self.kind, item.item_id)
        assert found is not None
        return found.state

    async def release(self, item: Item) -> None:
        await release(Release(item, PROVIDER), self.work())


@pytest.fixture(params=[Result, Document])
def desk(request: pytest.FixtureRequest) -> Desk:
    return Desk(request.param)


async def test_r14_a_hold_refuses_a_release_until_it_is_lifted_or_over(desk: Desk) -> None:
    lifted, over = await desk.file(), await desk.file()
    for item in (lifted, over):
        await hold(Hold(item, NURSE, "asks a colleague", AT + timedelta(days=14)), desk.work())
        with pytest.raises(ResultHeld):
            await desk.release(item)
    await lift_hold(LiftHold(lifted), desk.work())
    await desk.release(lifted)
    desk.at = AT + timedelta(days=14) - SECOND
    with pytest.raises(ResultHeld):
        await desk.release(over)
    desk.at += SECOND
    await desk.release(over)
    assert {await desk.state(lifted), await desk.state(over)} == {"released"}
    await retract(Retract(over, PROVIDER, "of another day"), desk.work())
    assert await desk.state(over) == "retracted"


async def test_r14_a_correction_takes_the_place_of_what_waits_at_once_and_of_what_was_released_when_it_is(
    desk: Desk,
) -> None:
    waiting, released = await desk.file(), await desk.file()
    await desk.release(released)
    await desk.file(waiting.item_id)
    correction = await desk.file(released.item_id)
    assert (await desk.state(waiting), await desk.state(released)) == ("withdrawn", "released")
    await desk.release(correction)
    assert await desk.state(released) == "corrected"
    with pytest.raises(NotFound):
        await desk.file(released.item_id, OTHER)


async def test_r14_what_is_approved_among_many_or_while_the_patient_waits_becomes_visible_at_its_time(
    desk: Desk,
) -> None:
    many, wished = await desk.file(), await desk.file()
    ids = (
        {"result_ids": (many.item_id,)} if desk.kind is Result else {"result_ids": (), "document_ids": (many.item_id,)}
    )
    await approve_results(ApproveResults(Several(PRACTICE, **ids), PROVIDER), desk.work())
    desk.at = AT + UNDO - SECOND
    await take_effect(TakeEffect(many), desk.work())
    assert await desk.state(many) == "approved"
    await ask_to_wait(AskToWait(PRACTICE, PATIENT), desk.work())
    await desk.release(wished)
    desk.at += SECOND
    for item in (many, wished):
        await take_effect(TakeEffect(item), desk.work())
        assert await desk.state(item) == "approved"
    await end_wait(EndWait(PATIENT), desk.work())
    for item in (many, wished):
        await take_effect(TakeEffect(item), desk.work())
        assert await desk.state(item) == "released"


async def test_r44_where_records_were_joined_the_wish_of_the_patient_they_belong_to_counts(desk: Desk) -> None:
    item = await desk.file()
    await ask_to_wait(AskToWait(PRACTICE, OTHER), desk.work())
    await release(Release(Item(desk.kind, item.item_id, OTHER), PROVIDER), desk.work())
    assert await desk.state(item) == "approved"
