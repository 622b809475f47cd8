"""The stable words under which documents' events are stored."""

from services.documents.domain.record import RecordEntry
from services.documents.domain.results import Result
from shared.eventstore.stored import Stored

STORED = (
    Stored("ResultReceived", Result.Received),
    Stored("ResultReleased", Result.Released),
    Stored("ResultRetracted", Result.Retracted),
    Stored("RecordEntryListed", RecordEntry.Listed),
)
