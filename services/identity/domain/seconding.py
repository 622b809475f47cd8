"""What one admin proposes and a second one confirms (R43): another admin, and the erasure of a patient."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from services.identity.domain.errors import ProposalGone
from services.identity.domain.values import Duty, ErasureRequestId, Invitee, PatientId, PracticeId, ProposalId, StaffId
from shared.aggregate import SERVICE_SUBJECT, Aggregate, event

PROPOSAL_LIFETIME = timedelta(hours=72)
"""As long as an invitation to the staff holds."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """Who is to be an admin, with all roles that are to hold. ``is_new``: invited once confirmed."""

    staff_id: StaffId
    invitee: Invitee
    duty: Duty
    is_new: bool


class AdminProposal(Aggregate):
    """One admin wants somebody to be an admin, too; open for 72 h, until a second person decides."""

    class Made(Aggregate.Created):
        practice_id: PracticeId
        proposal_id: ProposalId
        candidate: Candidate
        proposed_by: StaffId
        made_at: datetime
        expires_at: datetime

    class Confirmed(Aggregate.Event):
        practice_id: PracticeId
        confirmed_by: StaffId | None
        confirmed_at: datetime

    class Declined(Aggregate.Event):
        practice_id: PracticeId
        declined_by: StaffId
        declined_at: datetime

    @staticmethod
    def create_id(proposal_id: ProposalId) -> UUID:
        return proposal_id

    @event(Made)
    def __init__(
        self,
        practice_id: PracticeId,
        proposal_id: ProposalId,
        candidate: Candidate,
        proposed_by: StaffId,
        made_at: datetime,
        expires_at: datetime,
    ) -> None:
        self.practice_id = practice_id
        self.candidate = candidate
        self.proposed_by = proposed_by
        self.expires_at = expires_at
        self.is_open = True

    @property
    def subject_id(self) -> UUID:
        return self.candidate.staff_id

    def confirm(self, by: StaffId | None, at: datetime) -> None:
        """``by`` None: operations, for a practice that has no second admin."""
        self._require_open(at)
        self._confirmed(practice_id=self.practice_id, confirmed_by=by, confirmed_at=at)

    @event(Confirmed)
    def _confirmed(self, practice_id: PracticeId, confirmed_by: StaffId | None, confirmed_at: datetime) -> None:
        self.is_open = False

    def decline(self, by: StaffId, at: datetime) -> None:
        self._require_open(at)
        self._declined(practice_id=self.practice_id, declined_by=by, declined_at=at)

    @event(Declined)
    def _declined(self, practice_id: PracticeId, declined_by: StaffId, declined_at: datetime) -> None:
        self.is_open = False

    def _require_open(self, at: datetime) -> None:
        if not self.is_open or at >= self.expires_at:
            raise ProposalGone


class ErasureRequest(Aggregate):
    """One admin wants a patient's data made unreadable; ids only, so that it outlives the patient's key."""

    class Made(Aggregate.Created):
        practice_id: PracticeId
        request_id: ErasureRequestId
        patient_id: PatientId
        requested_by: StaffId
        made_at: datetime
        expires_at: datetime

    class Confirmed(Aggregate.Event):
        practice_id: PracticeId
        confirmed_by: StaffId | None
        confirmed_at: datetime

    class Withdrawn(Aggregate.Event):
        practice_id: PracticeId
        withdrawn_by: StaffId
        withdrawn_at: datetime

    @staticmethod
    def create_id(request_id: ErasureRequestId) -> UUID:
        return request_id

    @event(Made)
    def __init__(
        self,
        practice_id: PracticeId,
        request_id: ErasureRequestId,
        patient_id: PatientId,
        requested_by: StaffId,
        made_at: datetime,
        expires_at: datetime,
    ) -> None:
        self.practice_id = practice_id
        self.patient_id = patient_id
        self.requested_by = requested_by
        self.expires_at = expires_at
        self.is_open = True

    @property
    def subject_id(self) -> UUID:
        return SERVICE_SUBJECT

    def confirm(self, by: StaffId | None, at: datetime) -> None:
        """``by`` None: operations, for a practice that has no second admin."""
        self._require_open(at)
        self._confirmed(practice_id=self.practice_id, confirmed_by=by, confirmed_at=at)

    @event(Confirmed)
    def _confirmed(self, practice_id: PracticeId, confirmed_by: StaffId | None, confirmed_at: datetime) -> None:
        self.is_open = False

    def withdraw(self, by: StaffId, at: datetime) -> None:
        self._require_open(at)
        self._withdrawn(practice_id=self.practice_id, withdrawn_by=by, withdrawn_at=at)

    @event(Withdrawn)
    def _withdrawn(self, practice_id: PracticeId, withdrawn_by: StaffId, withdrawn_at: datetime) -> None:
        self.is_open = False

    def _require_open(self, at: datetime) -> None:
        if not self.is_open or at >= self.expires_at:
            raise ProposalGone
