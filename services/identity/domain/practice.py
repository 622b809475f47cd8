"""A practice: its details, the ages that its rules use, and the admins without whom it would be ungoverned."""

from datetime import datetime
from uuid import UUID

from services.identity.domain.errors import LastAdmin, ProposalGone, SecondPersonNeeded
from services.identity.domain.values import PracticeDetails, PracticeId, PracticeRules, StaffId
from shared.aggregate import SERVICE_SUBJECT, Aggregate, event


class Practice(Aggregate):
    """A medical practice that serves its patients through the portal."""

    class Opened(Aggregate.Created):
        practice_id: PracticeId
        details: PracticeDetails
        rules: PracticeRules
        opened_at: datetime

    class DetailsChanged(Aggregate.Event):
        details: PracticeDetails

    class AdminGained(Aggregate.Event):
        staff_id: StaffId

    class AdminLost(Aggregate.Event):
        staff_id: StaffId

    class SecurityQuestionSwitched(Aggregate.Event):
        asked: bool

    @staticmethod
    def create_id(practice_id: PracticeId) -> UUID:
        return practice_id

    @event(Opened)
    def __init__(
        self, practice_id: PracticeId, details: PracticeDetails, rules: PracticeRules, opened_at: datetime
    ) -> None:
        self.details = details
        self.rules = rules
        self.admins: set[StaffId] = set()
        self.asks_security_question = True

    @property
    def subject_id(self) -> UUID:
        return SERVICE_SUBJECT

    def set_up(self, details: PracticeDetails) -> None:
        if details != self.details:
            self._details_changed(details=details)

    @event(DetailsChanged)
    def _details_changed(self, details: PracticeDetails) -> None:
        self.details = details

    def switch_security_question(self, asked: bool) -> None:
        """Whether recovery by user name asks it (R23)."""
        if asked != self.asks_security_question:
            self._security_question_switched(asked=asked)

    @event(SecurityQuestionSwitched)
    def _security_question_switched(self, asked: bool) -> None:
        self.asks_security_question = asked

    def count_admin(self, staff_id: StaffId, is_admin: bool) -> None:
        """Keeps the admins who are active; LastAdmin where none would be left."""
        if is_admin and staff_id not in self.admins:
            self._admin_gained(staff_id=staff_id)
        elif not is_admin and staff_id in self.admins:
            if len(self.admins) == 1:
                raise LastAdmin
            self._admin_lost(staff_id=staff_id)

    def require_second_admin(self, first: StaffId, second: StaffId | None) -> None:
        """ProposalGone unless ``first`` is an admin still; SecondPersonNeeded unless ``second`` is another one.

        None, operations, counts only where there is no other admin who could.
        """
        if first not in self.admins:
            raise ProposalGone
        confirming = self.admins - {first}
        if second not in confirming and (second is not None or confirming):
            raise SecondPersonNeeded

    @event(AdminGained)
    def _admin_gained(self, staff_id: StaffId) -> None:
        self.admins.add(staff_id)

    @event(AdminLost)
    def _admin_lost(self, staff_id: StaffId) -> None:
        self.admins.discard(staff_id)
