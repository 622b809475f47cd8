"""R14: what a provider signed for in advance covers documents by kind, and nothing earlier and no correction."""

from datetime import UTC, datetime
from typing import get_args
from uuid import UUID

import pytest

from services.documents.commands.documents import FileDocument, file_document
from services.documents.commands.release_policy import (
    AskToWait,
    ChooseReleasePolicy,
    RevokeStandingApproval,
    SignStandingApproval,
    ask_to_wait,
    choose_release_policy,
    revoke_standing_approval,
    sign_standing_approval,
)
from services.documents.domain.documents import Document, DocumentKind, File
from services.documents.domain.release_policy import COVERED, Choice, category_of
from services.documents.domain.results import Category
from services.documents.stored import STORED
from shared.eventstore.memory import MemoryEventStore
from shared.eventstore.stored import StoredTable
from shared.handling import StreamQueues, Work

PRACTICE, ELSEWHERE, PATIENT, PROVIDER, ADMIN = (UUID(int=number) for number in range(1, 6))
NOW = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)


class Desk:
    """Commands over the in-memory store, in one line each."""

    def __init__(self) -> None:
        self.store = MemoryEventStore("documents", StoredTable(STORED))
        self._queues, self._numbers = StreamQueues(), iter(range(1000, 2000))

    def work(self) -> Work:
        return Work(self.store, self._queues, NOW, UUID(int=next(self._numbers)), metadata={})

    async def choose(self, choice: Choice) -> None:
        await choose_release_policy(ChooseReleasePolicy(PRACTICE, choice, ADMIN), self.work())

    async def sign(self, kind: DocumentKind, practice_id: UUID = PRACTICE) -> UUID:
        signed = SignStandingApproval(practice_id, PROVIDER, category_of(kind))
        return (await sign_standing_approval(signed, self.work())).id

    async def file(self, kind: DocumentKind, standing: UUID | None, corrects: UUID | None = None) -> Document:
        file = File("Letter", kind, "text/plain", 6, 1, "0" * 64, UUID(int=9), corrects)
        filed = await file_document(FileDocument(PRACTICE, PATIENT, file, standing), self.work())
        found = await self.store.find(Document, filed.id)
        assert found is not None
        return found


@pytest.mark.parametrize("kind", get_args(DocumentKind))
async def test_r14_a_document_of_a_kind_signed_for_is_visible_on_arrival_in_the_signers_name(
    kind: DocumentKind,
) -> None:
    desk = Desk()
    await desk.choose("immediate")
    approval_id = await desk.sign(kind)
    document = await desk.file(kind, approval_id)
    assert (document.state, document.approver_id) == ("released", PROVIDER)


def test_r14_no_signature_for_results_is_one_for_documents() -> None:
    results, documents = set(get_args(Category)), {category_of(kind) for kind in get_args(DocumentKind)}
    assert results.isdisjoint(documents)
    assert set(COVERED) == results | documents


async def test_r14_nothing_else_is_covered() -> None:
    desk = Desk()
    letters, elsewhere = await desk.sign("letter"), await desk.sign("letter", ELSEWHERE)
    before = await desk.file("letter", letters)
    assert before.state == "waiting"  # the practice's policy is manual until it chooses
    await desk.choose("immediate")
    assert (await desk.file("note", letters)).state == "waiting"
    assert (await desk.file("letter", elsewhere)).state == "waiting"
    assert (await desk.file("letter", None)).state == "waiting"
    released = await desk.file("letter", letters)
    assert (await desk.file("letter", letters, corrects=released.id)).state == "waiting"
    await ask_to_wait(AskToWait(PRACTICE, PATIENT), desk.work())
    assert (await desk.file("letter", letters)).state == "approved"
    await revoke_standing_approval(RevokeStandingApproval(PRACTICE, letters, None, ADMIN), desk.work())
    assert (await desk.file("letter", letters)).state == "waiting"
