"""How a practice releases: one by one, or by what a provider signed for a category; and a patient's wish to wait."""

from datetime import datetime
from typing import Literal, get_args
from uuid import UUID

from services.documents.domain.documents import DocumentKind
from services.documents.domain.errors import StandingApprovalInForce, StandingApprovalNotInForce
from services.documents.domain.results import Category
from shared.aggregate import SERVICE_SUBJECT, Aggregate, event
from shared.ids import natural_id

Choice = Literal["manual", "immediate"]
DocumentCategory = Literal["letter", "note", "report", "form", "other-document"]
Covered = Category | DocumentCategory
"""What a standing approval is for: results of a category, or documents of a kind."""
COVERED: dict[str, Covered] = {word: word for word in (*get_args(Category), *get_args(DocumentCategory))}


def category_of(kind: DocumentKind) -> DocumentCategory:
    """Documents' kinds among the categories; results have another that is called other."""
    return "other-document" if kind == "other" else kind


class ReleasePolicy(Aggregate):
    """One practice's choice; ``manual`` until it makes one. ``immediate`` releases only what a standing one covers."""

    class Chosen(Aggregate.Created):
        practice_id: UUID
        choice: Choice
        account_id: UUID
        chosen_at: datetime

    class Changed(Aggregate.Event):
        practice_id: UUID
        choice: Choice
        account_id: UUID
        changed_at: datetime

    @staticmethod
    def create_id(practice_id: UUID) -> UUID:
        return natural_id(practice_id, "release policy")

    @event(Chosen)
    def __init__(self, practice_id: UUID, choice: Choice, account_id: UUID, chosen_at: datetime) -> None:
        self.practice_id = practice_id
        self.choice = choice

    @property
    def subject_id(self) -> UUID:
        return SERVICE_SUBJECT

    def change(self, choice: Choice, account_id: UUID, at: datetime) -> None:
        """Without effect where it is the choice already."""
        if choice != self.choice:
            self._changed(self.practice_id, choice, account_id, at)

    @event(Changed)
    def _changed(self, practice_id: UUID, choice: Choice, account_id: UUID, changed_at: datetime) -> None:
        self.choice = choice


class StandingApproval(Aggregate):
    """A named provider's signed approval of all results or documents of one category, as they arrive, until revoked."""

    class Signed(Aggregate.Created):
        practice_id: UUID
        provider_id: UUID
        category: Covered
        signed_at: datetime

    class SignedAgain(Aggregate.Event):
        practice_id: UUID
        signed_at: datetime

    class Revoked(Aggregate.Event):
        practice_id: UUID
        account_id: UUID
        revoked_at: datetime

    @staticmethod
    def create_id(practice_id: UUID, provider_id: UUID, category: Covered) -> UUID:
        return natural_id(practice_id, "standing approval", provider_id, category)

    @event(Signed)
    def __init__(self, practice_id: UUID, provider_id: UUID, category: Covered, signed_at: datetime) -> None:
        self.practice_id = practice_id
        self.provider_id = provider_id
        self.category = category
        self.in_force = True

    @property
    def subject_id(self) -> UUID:
        return SERVICE_SUBJECT

    def sign_again(self, at: datetime) -> None:
        if self.in_force:
            raise StandingApprovalInForce
        self._signed_again(self.practice_id, at)

    def revoke(self, account_id: UUID, at: datetime) -> None:
        if not self.in_force:
            raise StandingApprovalNotInForce
        self._revoked(self.practice_id, account_id, at)

    @event(SignedAgain)
    def _signed_again(self, practice_id: UUID, signed_at: datetime) -> None:
        self.in_force = True

    @event(Revoked)
    def _revoked(self, practice_id: UUID, account_id: UUID, revoked_at: datetime) -> None:
        self.in_force = False


class ReleaseWish(Aggregate):
    """A patient's wish that nothing becomes visible until they say so."""

    class Asked(Aggregate.Created):
        practice_id: UUID
        patient_id: UUID
        asked_at: datetime

    class AskedAgain(Aggregate.Event):
        practice_id: UUID
        patient_id: UUID
        asked_at: datetime

    class Ended(Aggregate.Event):
        practice_id: UUID
        patient_id: UUID
        ended_at: datetime

    @staticmethod
    def create_id(patient_id: UUID) -> UUID:
        return natural_id(patient_id, "release wish")

    @event(Asked)
    def __init__(self, practice_id: UUID, patient_id: UUID, asked_at: datetime) -> None:
        self.practice_id = practice_id
        self.patient_id = patient_id
        self.waits = True

    @property
    def subject_id(self) -> UUID:
        return self.patient_id

    def ask_again(self, at: datetime) -> None:
        """Without effect while it holds."""
        if not self.waits:
            self._asked_again(self.practice_id, self.patient_id, at)

    def end(self, at: datetime) -> None:
        """Without effect where it ended."""
        if self.waits:
            self._ended(self.practice_id, self.patient_id, at)

    @event(AskedAgain)
    def _asked_again(self, practice_id: UUID, patient_id: UUID, asked_at: datetime) -> None:
        self.waits = True

    @event(Ended)
    def _ended(self, practice_id: UUID, patient_id: UUID, ended_at: datetime) -> None:
        self.waits = False
