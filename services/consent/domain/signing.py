"""A one-time link by which a patient signs the portal consent form; a new one replaces the old (R6)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from services.consent.domain.errors import LinkGone
from services.consent.domain.identifiers import signing_link
from shared.aggregate import Aggregate, event

LIFE = timedelta(days=7)
MOST_TRIES = 3
"""R8: the third wrong birth date voids the link."""


@dataclass(frozen=True, slots=True)
class Issue:
    """``number`` counts the links of one patient: each has its own secret."""

    number: int
    issued_by: UUID
    issued_at: datetime
    expires_at: datetime


class SigningLink(Aggregate):
    """All links of one patient, of which the last one may be open."""

    class Issued(Aggregate.Created):
        practice_id: UUID
        patient_id: UUID
        issue: Issue

    class IssuedAgain(Aggregate.Event):
        practice_id: UUID
        patient_id: UUID
        issue: Issue

    class Mistried(Aggregate.Event):
        tried_at: datetime

    class Used(Aggregate.Event):
        used_at: datetime

    @staticmethod
    def create_id(patient_id: UUID) -> UUID:
        return signing_link(patient_id)

    @event(Issued)
    def __init__(self, practice_id: UUID, patient_id: UUID, issue: Issue) -> None:
        self.practice_id = practice_id
        self.patient_id = patient_id
        self.issue = issue
        self.tries = 0
        self.is_used = False

    @property
    def subject_id(self) -> UUID:
        return self.patient_id

    def is_open(self, at: datetime) -> bool:
        return not self.is_used and self.tries < MOST_TRIES and at < self.issue.expires_at

    def issue_again(self, by: UUID, at: datetime) -> None:
        issue = Issue(self.issue.number + 1, by, at, at + LIFE)
        self._issued_again(practice_id=self.practice_id, patient_id=self.patient_id, issue=issue)

    @event(IssuedAgain)
    def _issued_again(self, practice_id: UUID, patient_id: UUID, issue: Issue) -> None:
        self.issue, self.tries, self.is_used = issue, 0, False

    def mistry(self, at: datetime) -> None:
        """A wrong birth date was given."""
        self._require_open(at)
        self._mistried(tried_at=at)

    @event(Mistried)
    def _mistried(self, tried_at: datetime) -> None:
        self.tries += 1

    def use(self, at: datetime) -> None:
        self._require_open(at)
        self._used(used_at=at)

    @event(Used)
    def _used(self, used_at: datetime) -> None:
        self.is_used = True

    def _require_open(self, at: datetime) -> None:
        if not self.is_open(at):
            raise LinkGone
