"""A document: a file of a patient's that staff uploaded, visible once a provider approves it, like a result (R14)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from services.documents.domain.results import Origin
from services.documents.domain.review import Reviewed
from shared.aggregate import Aggregate, event

DocumentKind = Literal["letter", "note", "report", "form", "other"]


@dataclass(frozen=True, slots=True)
class File:
    """What is kept of an upload beside its bytes, which lie sealed under ``blob_id``; ``sha256`` is of those kept.

    ``corrects_id`` is the document of the same patient that it corrects.
    """

    title: str
    kind: DocumentKind
    content_type: str
    size_bytes: int
    pages: int
    sha256: str
    blob_id: UUID
    corrects_id: UUID | None = None


class Document(Reviewed):
    """A file of a patient, visible to nobody but staff until a provider approves it."""

    class Received(Aggregate.Created):
        document_id: UUID
        practice_id: UUID
        patient_id: UUID
        file: File
        origin: Origin
        received_at: datetime

    @staticmethod
    def create_id(document_id: UUID) -> UUID:
        return document_id

    @event(Received)
    def __init__(
        self, document_id: UUID, practice_id: UUID, patient_id: UUID, file: File, origin: Origin, received_at: datetime
    ) -> None:
        self.practice_id = practice_id
        self.patient_id = patient_id
        self.file = file
        self.state = "waiting"

    @property
    def corrects_id(self) -> UUID | None:
        return self.file.corrects_id
