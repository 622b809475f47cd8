"""A portal consent: who signed which version of the form for which record, and whether it was withdrawn (R2)."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal
from uuid import UUID

from services.consent.domain.errors import ConsentNotInForce
from services.consent.domain.facts import Signing
from services.consent.domain.identifiers import consent_id, reference
from shared.aggregate import Aggregate, event

Method = Literal["paper", "screen"]


@dataclass(frozen=True, slots=True)
class Signature:
    """How a form was signed. ``recorded_by`` is the account that recorded or gave it, ``scan_id`` the paper's scan."""

    form_version: int
    method: Method
    scan_id: UUID | None
    recorded_by: UUID | None
    signed_at: datetime


class PortalConsent(Aggregate):
    """A signer's portal consent for one record, in force until it is withdrawn; it may be signed again."""

    class Signed(Aggregate.Created):
        practice_id: UUID
        patient_id: UUID
        signer_id: UUID
        signature: Signature

    class SignedAgain(Aggregate.Event):
        practice_id: UUID
        patient_id: UUID
        signer_id: UUID
        signature: Signature

    class Withdrawn(Aggregate.Event):
        practice_id: UUID
        patient_id: UUID
        signer_id: UUID
        withdrawn_at: datetime
        withdrawn_by: UUID | None
        reason: str

    @staticmethod
    def create_id(patient_id: UUID, signer_id: UUID) -> UUID:
        return consent_id(patient_id, signer_id)

    @event(Signed)
    def __init__(self, practice_id: UUID, patient_id: UUID, signer_id: UUID, signature: Signature) -> None:
        self.practice_id = practice_id
        self.patient_id = patient_id
        self.signer_id = signer_id
        self.spans: tuple[Signing, ...] = (
            Signing(signature.signed_at, None, reference(self.id, 1), signature.form_version),
        )

    @property
    def subject_id(self) -> UUID:
        return self.patient_id

    @property
    def in_force(self) -> bool:
        return any(span.until is None for span in self.spans)

    def sign_again(self, signature: Signature) -> None:
        """A new version, or the adult's own signature at 18: it counts beside the earlier ones (R2)."""
        self._signed_again(
            practice_id=self.practice_id, patient_id=self.patient_id, signer_id=self.signer_id, signature=signature
        )

    @event(SignedAgain)
    def _signed_again(self, practice_id: UUID, patient_id: UUID, signer_id: UUID, signature: Signature) -> None:
        made_by = reference(self.id, self.version + 1)
        self.spans = (*self.spans, Signing(signature.signed_at, None, made_by, signature.form_version))

    def withdraw(self, at: datetime, by: UUID | None, reason: str) -> None:
        """Ends every signature of it."""
        if not self.in_force:
            raise ConsentNotInForce
        self._withdrawn(
            practice_id=self.practice_id,
            patient_id=self.patient_id,
            signer_id=self.signer_id,
            withdrawn_at=at,
            withdrawn_by=by,
            reason=reason,
        )

    @event(Withdrawn)
    def _withdrawn(  # the library wants each of the event's fields
        self,
        practice_id: UUID,
        patient_id: UUID,
        signer_id: UUID,
        withdrawn_at: datetime,
        withdrawn_by: UUID | None,
        reason: str,
    ) -> None:
        self.spans = tuple(replace(span, until=withdrawn_at) if span.until is None else span for span in self.spans)
