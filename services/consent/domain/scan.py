"""A scan of a signed paper or of a document that somebody brought; its bytes lie sealed elsewhere (R6, R7, R21)."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.consent.domain.identifiers import scan_stream
from shared.aggregate import Aggregate, event


@dataclass(frozen=True, slots=True)
class ScannedFile:
    """What is kept of a scan beside its bytes, which lie sealed under ``blob_id``; ``sha256`` is of those kept."""

    content_type: str
    size_bytes: int
    pages: int
    sha256: str
    blob_id: UUID


class Scan(Aggregate):
    """Of one patient's papers. Kept once and never changed; what was signed or brought names it."""

    class Kept(Aggregate.Created):
        scan_id: UUID
        practice_id: UUID
        patient_id: UUID
        file: ScannedFile
        kept_by: UUID
        kept_at: datetime

    @staticmethod
    def create_id(scan_id: UUID) -> UUID:
        return scan_stream(scan_id)

    @event(Kept)
    def __init__(
        self, scan_id: UUID, practice_id: UUID, patient_id: UUID, file: ScannedFile, kept_by: UUID, kept_at: datetime
    ) -> None:
        self.patient_id = patient_id
        self.file = file

    @property
    def subject_id(self) -> UUID:
        return self.patient_id
