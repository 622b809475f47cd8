"""The number printed on a statement, by which guests and guarantors name it (R1)."""

from uuid import UUID

from shared.aggregate import SERVICE_SUBJECT, Aggregate, event


class StatementNumber(Aggregate):
    """A stream whose id is the number's blind index, so that none stands twice."""

    class Assigned(Aggregate.Created):
        index: UUID
        statement_id: UUID

    @staticmethod
    def create_id(index: UUID) -> UUID:
        return index

    @event(Assigned)
    def __init__(self, index: UUID, statement_id: UUID) -> None:
        self.statement_id = statement_id

    @property
    def subject_id(self) -> UUID:
        return SERVICE_SUBJECT
