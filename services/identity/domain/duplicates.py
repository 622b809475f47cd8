"""Two records of one person: one member of staff proposes to join or to part them, another confirms (R44)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from services.identity.domain.errors import ProposalGone, SecondPersonNeeded
from services.identity.domain.values import JoiningProposalId, PatientId, PracticeId, StaffId
from shared.aggregate import Aggregate, event

Act = Literal["join", "part"]


@dataclass(frozen=True, slots=True)
class Pair:
    """A duplicate record, and the survivor to whose record it is joined."""

    duplicate_id: PatientId
    survivor_id: PatientId


@dataclass(frozen=True, slots=True)
class Intent:
    """What is to be done with which two records, and why; ``reason`` may say something of the person."""

    act: Act
    pair: Pair
    reason: str


class JoiningProposal(Aggregate):
    """Open for 72 h, until another person confirms it or anyone withdraws it; belongs to the survivor."""

    class Made(Aggregate.Created):
        practice_id: PracticeId
        proposal_id: JoiningProposalId
        intent: Intent
        proposed_by: StaffId
        made_at: datetime
        expires_at: datetime

    class Confirmed(Aggregate.Event):
        practice_id: PracticeId
        confirmed_by: StaffId
        confirmed_at: datetime

    class Withdrawn(Aggregate.Event):
        practice_id: PracticeId
        withdrawn_by: StaffId
        withdrawn_at: datetime

    @staticmethod
    def create_id(proposal_id: JoiningProposalId) -> UUID:
        return proposal_id

    @event(Made)
    def __init__(
        self,
        practice_id: PracticeId,
        proposal_id: JoiningProposalId,
        intent: Intent,
        proposed_by: StaffId,
        made_at: datetime,
        expires_at: datetime,
    ) -> None:
        self.practice_id = practice_id
        self.intent = intent
        self.proposed_by = proposed_by
        self.expires_at = expires_at
        self.is_open = True

    @property
    def subject_id(self) -> UUID:
        return self.intent.pair.survivor_id

    def concerns(self, patient_id: PatientId) -> bool:
        return patient_id in (self.intent.pair.duplicate_id, self.intent.pair.survivor_id)

    def confirm(self, by: StaffId, at: datetime) -> None:
        """SecondPersonNeeded for who proposed it; ProposalGone once it is over."""
        self._require_open(at)
        if by == self.proposed_by:
            raise SecondPersonNeeded
        self._confirmed(practice_id=self.practice_id, confirmed_by=by, confirmed_at=at)

    @event(Confirmed)
    def _confirmed(self, practice_id: PracticeId, confirmed_by: StaffId, confirmed_at: datetime) -> None:
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
