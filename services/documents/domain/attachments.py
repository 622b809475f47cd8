"""An attachment: a file brought for a message; nobody reaches it but through the message that it is sent in."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from shared.aggregate import Aggregate, event
from shared.ids import natural_id

KEPT_UNSENT_FOR = timedelta(hours=24)
SENDABLE_FOR = timedelta(hours=23)
"""Shorter, so that nothing is sent while it is let go of."""


@dataclass(frozen=True, slots=True)
class AttachedFile:
    """What is kept of an upload beside its bytes, which lie sealed under ``blob_id``; ``sha256`` is of those kept."""

    name: str
    content_type: str
    size_bytes: int
    pages: int
    sha256: str
    blob_id: UUID


class Attachment(Aggregate):
    """A file about one patient, of the account that uploaded it: only that account can send it (R4)."""

    class Uploaded(Aggregate.Created):
        attachment_id: UUID
        practice_id: UUID
        patient_id: UUID
        account_id: UUID
        file: AttachedFile
        uploaded_at: datetime

    class Purged(Aggregate.Event):
        purged_at: datetime

    @staticmethod
    def create_id(attachment_id: UUID) -> UUID:
        """A stream of its own name, so that the id of anything else opens nothing."""
        return natural_id(attachment_id, "attachment")

    @event(Uploaded)
    def __init__(
        self,
        attachment_id: UUID,
        practice_id: UUID,
        patient_id: UUID,
        account_id: UUID,
        file: AttachedFile,
        uploaded_at: datetime,
    ) -> None:
        self.patient_id = patient_id
        self.account_id = account_id
        self.file = file
        self.uploaded_at = uploaded_at
        self.is_purged = False

    @property
    def subject_id(self) -> UUID:
        return self.patient_id

    def can_be_sent(self, account_id: UUID | None, at: datetime) -> bool:
        """By the account that brought it, within 23 hours."""
        return self.account_id == account_id and not self.is_purged and at < self.uploaded_at + SENDABLE_FOR

    def purge(self, at: datetime) -> bool:
        """It was never sent: whether its bytes are to go. Nothing before 24 hours have passed."""
        if not self.is_purged and at >= self.uploaded_at + KEPT_UNSENT_FOR:
            self._purged(purged_at=at)
        return self.is_purged

    @event(Purged)
    def _purged(self, purged_at: datetime) -> None:
        self.is_purged = True
