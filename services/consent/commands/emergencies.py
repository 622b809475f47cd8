"""Emergency access of staff to one record: declared, and reviewed by an admin (R43)."""

from dataclasses import dataclass
from uuid import UUID

from services.consent.commands.deciding import change_record
from services.consent.domain.dossier import Dossier
from services.consent.domain.emergency import DURATION, Declaration, EmergencyAccess, Finding
from services.consent.domain.errors import EmergencyOpen
from shared.envelope import Position
from shared.errors import OWN_RECORD, NotAllowed, NotFound
from shared.handling import Created, Streams, Work


@dataclass(frozen=True, slots=True)
class DeclareEmergency:
    """By a member of the practice's staff; policies let no one through who owns or represents the record."""

    patient_id: UUID
    account_id: UUID
    staff_id: UUID
    reason: str


async def declare_emergency(command: DeclareEmergency, work: Work) -> Created:
    def declare(dossier: Dossier, streams: Streams) -> None:
        own = (one for one in dossier.emergencies.values() if one.account_id == command.account_id)
        if any(one.emergency.span.holds(work.now) for one in own):
            raise EmergencyOpen
        until = work.now + DURATION
        emergency = EmergencyAccess(
            emergency_id=work.new_id("emergency"),
            practice_id=dossier.record.practice_id,
            patient_id=command.patient_id,
            declaration=Declaration(command.account_id, command.staff_id, command.reason, work.now, until),
        )
        dossier.emergencies[emergency.id] = streams.add(emergency)
        dossier.record.list_emergency(emergency.id, command.account_id)

    position = await change_record(work, command.patient_id, declare)
    return Created(work.new_id("emergency"), position)


@dataclass(frozen=True, slots=True)
class ReviewEmergency:
    """``practice_id`` is the admin's, ``own`` the patients whom they are or represent (R43)."""

    practice_id: UUID
    emergency_id: UUID
    finding: Finding
    note: str
    reviewed_by: UUID
    own: tuple[UUID, ...] = ()


async def review_emergency(command: ReviewEmergency, work: Work) -> Position:
    """What was not justified ends at once. NotFound for another practice's."""
    named = await work.store.find(EmergencyAccess, command.emergency_id)
    if named is None or named.practice_id != command.practice_id:
        raise NotFound
    if named.patient_id in command.own:
        raise NotAllowed(OWN_RECORD)

    def review(dossier: Dossier, streams: Streams) -> None:
        emergency = dossier.emergencies[command.emergency_id]
        emergency.review(command.finding, command.note, command.reviewed_by, work.now)

    return await change_record(work, named.patient_id, review)
