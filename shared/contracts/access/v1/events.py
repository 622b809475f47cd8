"""What every service tells of reading: who saw what of whom, acting as whom, and for which purpose (R39)."""

from uuid import UUID

from shared.contracts.event import PatientEvent


class RecordViewed(PatientEvent):
    """Someone was shown part of a patient's record; recorded before the answer left."""

    account_id: UUID
    acting_as: str
    rpc: str
    purpose: str
    object_ids: list[UUID]
