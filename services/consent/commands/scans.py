"""Scans of papers: kept, and asked for by what names one (R6, R7, R21)."""

from dataclasses import dataclass
from uuid import UUID

from services.consent.domain.scan import Scan, ScannedFile
from shared.errors import InvalidField
from shared.handling import Created, Streams, Work


@dataclass(frozen=True, slots=True)
class KeepScan:
    practice_id: UUID
    patient_id: UUID
    file: ScannedFile
    kept_by: UUID


async def keep_scan(command: KeepScan, work: Work) -> Created:
    def build() -> Scan:
        return Scan(
            scan_id=work.new_id("scan"),
            practice_id=command.practice_id,
            patient_id=command.patient_id,
            file=command.file,
            kept_by=command.kept_by,
            kept_at=work.now,
        )

    position = await work.create(build)
    return Created(work.new_id("scan"), position)


async def require_scan(streams: Streams, patient_id: UUID, scan_id: UUID | None) -> None:
    """InvalidField unless it is a scan of this patient's papers; None where nothing was on paper."""
    if scan_id is None:
        return
    scan = await streams.find(Scan, Scan.create_id(scan_id))
    if scan is None or scan.patient_id != patient_id:
        raise InvalidField("scan_id", "expected a scan of this patient's that was uploaded before")
