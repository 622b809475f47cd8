"""What documents tells its peers of its own events: ids and words, no clinical content."""

from uuid import UUID

from services.documents.domain.documents import Document
from services.documents.domain.record import RecordEntry
from services.documents.domain.results import Result
from services.documents.domain.transmission import Transmission
from shared.contracts.documents.v1.events import (
    DocumentReceived,
    DocumentReleased,
    DocumentRetracted,
    RecordEntryListed,
    RecordEntryRetracted,
    RecordTransmitted,
    ResultReceived,
    ResultReleased,
    ResultRetracted,
    ResultWithdrawn,
)
from shared.envelope import Recorded
from shared.service import Publish


def result_received(recorded: Recorded[Result.Received]) -> ResultReceived:
    event = recorded.event
    return ResultReceived(
        practice_id=event.practice_id,
        patient_id=event.patient_id,
        result_id=event.result_id,
        ordering_provider_id=event.report.ordering_provider_id,
        origin=event.origin,
    )


def result_released(recorded: Recorded[Result.Released]) -> ResultReleased:
    event = recorded.event
    return ResultReleased(
        practice_id=event.practice_id,
        patient_id=event.patient_id,
        result_id=recorded.stream_id,
        provider_id=event.provider_id,
    )


def result_retracted(recorded: Recorded[Result.Retracted]) -> ResultRetracted:
    event = recorded.event
    return ResultRetracted(
        practice_id=event.practice_id,
        patient_id=event.patient_id,
        result_id=recorded.stream_id,
        provider_id=event.provider_id,
    )


def result_misfiled(recorded: Recorded[Result.Misfiled]) -> ResultRetracted | ResultWithdrawn:
    """To the record it was in it looks like any other that was taken back, or that never was."""
    event = recorded.event
    if not event.was_released:
        return _withdrawn(event.practice_id, event.patient_id, recorded.stream_id)
    return ResultRetracted(
        practice_id=event.practice_id,
        patient_id=event.patient_id,
        result_id=recorded.stream_id,
        provider_id=event.provider_id,
    )


def result_corrected(recorded: Recorded[Result.Corrected]) -> ResultWithdrawn | None:
    """A released one stays where it is, and tells by what it was corrected."""
    event = recorded.event
    return None if event.was_released else _withdrawn(event.practice_id, event.patient_id, recorded.stream_id)


def _withdrawn(practice_id: UUID, patient_id: UUID, result_id: UUID) -> ResultWithdrawn:
    return ResultWithdrawn(practice_id=practice_id, patient_id=patient_id, result_id=result_id)


def document_received(recorded: Recorded[Document.Received]) -> DocumentReceived:
    event = recorded.event
    return DocumentReceived(
        practice_id=event.practice_id, patient_id=event.patient_id, document_id=event.document_id, origin=event.origin
    )


def document_released(recorded: Recorded[Document.Released]) -> DocumentReleased:
    event = recorded.event
    return DocumentReleased(
        practice_id=event.practice_id,
        patient_id=event.patient_id,
        document_id=recorded.stream_id,
        provider_id=event.provider_id,
    )


def document_retracted(recorded: Recorded[Document.Retracted]) -> DocumentRetracted:
    event = recorded.event
    return _document_taken_back(event.practice_id, event.patient_id, recorded.stream_id, event.provider_id)


def document_misfiled(recorded: Recorded[Document.Misfiled]) -> DocumentRetracted | None:
    """One that never was visible has nothing to be told of."""
    event = recorded.event
    if not event.was_released:
        return None
    return _document_taken_back(event.practice_id, event.patient_id, recorded.stream_id, event.provider_id)


def _document_taken_back(
    practice_id: UUID, patient_id: UUID, document_id: UUID, provider_id: UUID
) -> DocumentRetracted:
    return DocumentRetracted(
        practice_id=practice_id, patient_id=patient_id, document_id=document_id, provider_id=provider_id
    )


def record_entry_listed(recorded: Recorded[RecordEntry.Listed]) -> RecordEntryListed | None:
    """One that waits is told of when it is approved."""
    event = recorded.event
    if event.entry.waits:
        return None
    return RecordEntryListed(
        practice_id=event.practice_id,
        patient_id=event.patient_id,
        entry_id=event.entry_id,
        kind=event.entry.kind,
        origin=event.origin,
    )


def record_entry_approved(recorded: Recorded[RecordEntry.Approved]) -> RecordEntryListed:
    event = recorded.event
    return RecordEntryListed(
        practice_id=event.practice_id, patient_id=event.patient_id, entry_id=event.entry_id, kind=event.kind
    )


def record_entry_misfiled(recorded: Recorded[RecordEntry.Misfiled]) -> RecordEntryRetracted | None:
    """One that never was visible has nothing to be told of."""
    event = recorded.event
    if not event.was_listed:
        return None
    return RecordEntryRetracted(
        practice_id=event.practice_id, patient_id=event.patient_id, entry_id=event.entry_id, kind=event.kind
    )


def record_transmitted(recorded: Recorded[Transmission.Sent]) -> RecordTransmitted:
    """To whom is asked for when the mail is written."""
    event = recorded.event
    return RecordTransmitted(
        practice_id=event.practice_id, patient_id=event.patient_id, transmission_id=event.transmission_id
    )


PUBLISHED: dict[type, Publish] = {
    Result.Received: result_received,
    Result.Released: result_released,
    Result.Retracted: result_retracted,
    Result.Misfiled: result_misfiled,
    Result.Corrected: result_corrected,
    Document.Received: document_received,
    Document.Released: document_released,
    Document.Retracted: document_retracted,
    Document.Misfiled: document_misfiled,
    RecordEntry.Listed: record_entry_listed,
    RecordEntry.Approved: record_entry_approved,
    RecordEntry.Misfiled: record_entry_misfiled,
    Transmission.Sent: record_transmitted,
}
