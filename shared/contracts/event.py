"""What all public events share. They hold ids, the portal's own words, dates and integer amounts, nothing else."""

from typing import ClassVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict


class PublicEvent(BaseModel):
    """An event of the published language. A field added later has a default; a changed meaning is a new version.

    On Kafka ``ce_type`` is ``<class name>.v<version>``. Readers ignore fields they do not know.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    version: ClassVar[int] = 1

    practice_id: UUID


class PatientEvent(PublicEvent):
    """An event about one patient, whose id is the record's Kafka key."""

    patient_id: UUID
