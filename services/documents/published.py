"""What documents tells its peers of its own events: ids and words, no clinical content."""

from services.documents.domain.record import RecordEntry
from services.documents.domain.results import Result
from shared.contracts.documents.v1.events import RecordEntryListed, ResultReceived, ResultReleased, ResultRetracted
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


def record_entry_listed(recorded: Recorded[RecordEntry.Listed]) -> RecordEntryListed:
    event = recorded.event
    return RecordEntryListed(
        practice_id=event.practice_id,
        patient_id=event.patient_id,
        entry_id=event.entry_id,
        kind=event.entry.kind,
        origin=event.origin,
    )


PUBLISHED: dict[type, Publish] = {
    Result.Received: result_received,
    Result.Released: result_released,
    Result.Retracted: result_retracted,
    RecordEntry.Listed: record_entry_listed,
}
