"""What every service tells of reading: who saw what of whom, acting as whom, and for which purpose (R39)."""

from uuid import UUID

from shared.contracts.event import PatientEvent


class RecordViewed(PatientEvent):
    """Someone was shown part of a patient's record; recorded before the answer left.

    ``acting_as`` is self, representative, executor, staff, or who came without an account: link or a service's name
    (``account_id`` is then all zeros). ``staff_id`` is set for staff.
    """

    account_id: UUID
    staff_id: UUID | None = None
    acting_as: str
    rpc: str
    purpose: str
    object_ids: list[UUID]
