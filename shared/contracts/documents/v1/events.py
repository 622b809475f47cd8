"""What documents tells its peers: results and documents received and released, the record's growth."""

from typing import Literal
from uuid import UUID

from shared.contracts.event import PatientEvent

Origin = Literal["portal", "desk", "import"]


class ResultReceived(PatientEvent):
    """A result arrived and waits for approval; not visible to anyone but staff."""

    result_id: UUID
    ordering_provider_id: UUID | None = None
    origin: Origin = "desk"


class ResultReleased(PatientEvent):
    """A provider approved the result; it is visible from now on."""

    result_id: UUID
    provider_id: UUID


class ResultRetracted(PatientEvent):
    """A released result was taken back."""

    result_id: UUID
    provider_id: UUID


class ResultWithdrawn(PatientEvent):
    """A waiting result left the queue without ever having been visible: corrected before, or of another record."""

    result_id: UUID


class DocumentReceived(PatientEvent):
    """A document was filed and waits for approval."""

    document_id: UUID
    origin: Origin = "desk"


class DocumentReleased(PatientEvent):
    """A provider approved the document."""

    document_id: UUID
    provider_id: UUID


class DocumentRetracted(PatientEvent):
    """A released document was taken back."""

    document_id: UUID
    provider_id: UUID


class RecordEntryListed(PatientEvent):
    """A medication, allergy, immunisation or problem joined the health record; visible on arrival (R14)."""

    entry_id: UUID
    kind: Literal["medication", "allergy", "immunization", "problem"]
    origin: Origin = "desk"


class RecordEntryRetracted(PatientEvent):
    """A line of the health record was found to be another patient's, whom nothing names (R44)."""

    entry_id: UUID
    kind: Literal["medication", "allergy", "immunization", "problem"]


class RecordTransmitted(PatientEvent):
    """A link to a part of the record is to be mailed; the address is asked for when the mail is written (R39)."""

    transmission_id: UUID
