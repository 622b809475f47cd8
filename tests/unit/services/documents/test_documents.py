"""R14 for documents: they wait, are held, approved, undone and corrected like results, at the same boundaries."""

from datetime import timedelta
from uuid import UUID

import pytest

from services.documents.domain.documents import Document, File
from services.documents.domain.errors import ApprovalNotPending, HoldTooLong, ResultHeld, ResultNotWaiting
from services.documents.domain.review import LONGEST_HOLD, UNDO
from tests.unit.services.documents.test_results import AT, PROVIDER

SECOND = timedelta(seconds=1)
FILE = File("Referral", "letter", "text/plain; charset=utf-8", 4, 1, "", UUID(int=7))


def received() -> Document:
    return Document(
        document_id=UUID(int=1), practice_id=UUID(int=2), patient_id=UUID(int=3), file=FILE, origin="desk",
        received_at=AT,
    )  # fmt: skip


def test_r14_a_documents_bulk_approval_takes_effect_after_30_seconds_and_is_undoable_until_then() -> None:
    early, late = received(), received()
    for document in (early, late):
        document.approve(PROVIDER, AT)
        assert not document.take_effect(AT + UNDO - SECOND, patient_waits=False)
    early.undo_approval(AT + UNDO - SECOND, patient_waits=False)
    assert early.state == "waiting"
    with pytest.raises(ApprovalNotPending):
        late.undo_approval(AT + UNDO, patient_waits=False)
    assert late.take_effect(AT + UNDO, patient_waits=False)
    assert isinstance(late.pending_events[-1], Document.Released)


def test_r14_a_documents_hold_lasts_at_most_14_days_and_ends_at_its_instant() -> None:
    document = received()
    for until in (AT, AT - SECOND, AT + LONGEST_HOLD + SECOND):
        with pytest.raises(HoldTooLong):
            document.hold(PROVIDER, "asks a colleague", until, AT)
    document.hold(PROVIDER, "asks a colleague", AT + LONGEST_HOLD, AT)
    with pytest.raises(ResultHeld):
        document.release(PROVIDER, AT + LONGEST_HOLD - SECOND)
    document.release(PROVIDER, AT + LONGEST_HOLD)
    assert isinstance(document.pending_events[-1], Document.Released)


def test_r14_a_corrected_document_that_never_was_visible_is_approved_no_more() -> None:
    waiting, released = received(), received()
    released.release(PROVIDER, AT)
    for document, state in ((waiting, "withdrawn"), (released, "corrected")):
        document.correct(UUID(int=9), AT)
        assert document.state == state
        with pytest.raises(ResultNotWaiting):
            document.release(PROVIDER, AT)
