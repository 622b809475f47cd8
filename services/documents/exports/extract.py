"""What of a record one caller may take: by their scopes, released only, between two local days."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from services.documents.domain.escalation import day_begins
from services.documents.projections import documents, record_entries, results
from services.documents.projections.documents import DocumentRow
from services.documents.projections.record_entries import EntryRow
from services.documents.projections.results import ResultRow
from shared.errors import InvalidField
from shared.reading import Rows

MOST_RESULTS, MOST_ENTRIES, MOST_DOCUMENTS = 2000, 2000, 200


@dataclass(frozen=True, slots=True)
class Span:
    """From the first day until the last one, both included, on the practice's clock."""

    first: date
    last: date
    zone: ZoneInfo

    @property
    def since(self) -> datetime:
        return day_begins(self.first, self.zone)

    @property
    def until(self) -> datetime:
        """The first instant after the last day."""
        return day_begins(self.last + timedelta(days=1), self.zone)


@dataclass(frozen=True, slots=True)
class Extract:
    """What was found, oldest first. ``names`` are those of the practice and the patient."""

    practice_id: UUID
    patient_id: UUID
    span: Span
    results: Sequence[ResultRow]
    entries: Sequence[EntryRow]
    documents: Sequence[DocumentRow]

    @property
    def object_ids(self) -> list[UUID]:
        """Everything that leaves, for the access history."""
        return [
            *(row.result_id for row in self.results),
            *(row.entry_id for row in self.entries),
            *(row.document_id for row in self.documents),
        ]


async def extract(rows: Rows, practice_id: UUID, patient_id: UUID, scopes: frozenset[str], span: Span) -> Extract:
    """InvalidField where the range holds more than one file should.

    Of the record's entries those that began by the last day are taken, whenever that was: what a patient takes or is
    allergic to does not begin anew each year.
    """
    sees_results, sees_documents = "results" in scopes, "documents" in scopes
    found = Extract(
        practice_id,
        patient_id,
        span,
        await results.released_between(rows, patient_id, span.since, span.until, MOST_RESULTS + 1)
        if sees_results
        else [],
        await record_entries.begun_by(rows, patient_id, span.last, MOST_ENTRIES + 1) if sees_results else [],
        await documents.released_between(rows, patient_id, span.since, span.until, MOST_DOCUMENTS + 1)
        if sees_documents
        else [],
    )
    if len(found.results) > MOST_RESULTS or len(found.entries) > MOST_ENTRIES or len(found.documents) > MOST_DOCUMENTS:
        raise InvalidField("since", "expected a shorter range of dates")
    return found
