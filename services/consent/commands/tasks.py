"""The desk's tasks: raised by a patient's objection, settled by staff (R20)."""

from dataclasses import dataclass
from uuid import UUID

from services.consent.commands.deciding import change_record
from services.consent.domain.dossier import Dossier
from services.consent.domain.task import DeskTask, TaskAbout
from shared.envelope import Position
from shared.errors import OWN_RECORD, NotAllowed, NotFound
from shared.handling import Created, Streams, Work


@dataclass(frozen=True, slots=True)
class ObjectToRepresentative:
    """By the patient's own account, in their own words."""

    patient_id: UUID
    person_id: UUID
    words: str


async def object_to_representative(command: ObjectToRepresentative, work: Work) -> Created:
    """A task for this very day; what the representative sees stays until staff suspend or revoke (R20).

    NotFound for a person who represents nobody here: ids cannot be tried out.
    """

    def raise_task(dossier: Dossier, streams: Streams) -> None:
        if not any(a.person_id == command.person_id and a.is_open for a in dossier.authorizations.values()):
            raise NotFound
        streams.add(
            DeskTask(
                task_id=work.new_id("task"),
                practice_id=dossier.record.practice_id,
                patient_id=command.patient_id,
                about=TaskAbout("objection", command.person_id, command.words),
                raised_at=work.now,
                due_on=work.now.astimezone(dossier.practice.zone).date(),
            )
        )

    position = await change_record(work, command.patient_id, raise_task)
    return Created(work.new_id("task"), position)


@dataclass(frozen=True, slots=True)
class SettleTask:
    """``practice_id`` is that of the member of staff, ``own`` the patients whom they are or represent (R43)."""

    practice_id: UUID
    task_id: UUID
    note: str
    settled_by: UUID
    own: tuple[UUID, ...] = ()


async def settle_task(command: SettleTask, work: Work) -> Position:
    def settle(task: DeskTask) -> None:
        if task.practice_id != command.practice_id:
            raise NotFound
        if task.patient_id in command.own:
            raise NotAllowed(OWN_RECORD)
        task.settle(command.note, command.settled_by, work.now)

    return await work.change(DeskTask, command.task_id, settle)
