"""After records were joined (R44): access is interrupted, a task of the desk for each account, and verified again."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from services.consent.commands.deciding import change_record, take_fact
from services.consent.commands.facts import Told
from services.consent.domain.dossier import Dossier
from services.consent.domain.errors import NotInterrupted
from services.consent.domain.identifiers import verify_task
from services.consent.domain.interruption import Verified
from services.consent.domain.task import DeskTask, TaskAbout
from shared.envelope import Position
from shared.errors import OWN_RECORD, NotAllowed, NotFound
from shared.handling import Streams, Work

VERIFY_WITHIN = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class InterruptAccess:
    """Identity told that ``duplicate_id`` was joined to the patient's record."""

    patient_id: UUID
    duplicate_id: UUID
    told: Told


async def interrupt_access(command: InterruptAccess, work: Work) -> Position:
    """A task for each account that goes on waiting; one that waits already has its task."""

    async def interrupt(dossier: Dossier, streams: Streams) -> None:
        record = dossier.record
        record.interrupt(command.duplicate_id, command.told.at, command.told.cause)
        due_on = (work.now + VERIFY_WITHIN).astimezone(dossier.practice.zone).date()
        for joined in record.enrolments:
            waits = record.waiting(joined.account_id, joined.person_id) if joined.span.until is None else None
            if waits is None or waits.because != command.told.cause:
                continue
            task_id = verify_task(record.patient_id, joined.account_id, waits.because)
            if await streams.find(DeskTask, task_id) is None:
                about = TaskAbout("verify_access", joined.person_id, "")
                streams.add(DeskTask(task_id, record.practice_id, record.patient_id, about, work.now, due_on))

    return await take_fact(work, command.patient_id, interrupt)


@dataclass(frozen=True, slots=True)
class VerifyAccessAgain:
    """The desk saw ``document`` and knows that who is joined as that person may go on."""

    patient_id: UUID
    person_id: UUID
    document: str
    verified_by: UUID


async def verify_access_again(command: VerifyAccessAgain, work: Work) -> Position:
    """NotFound where nobody is joined as that person, NotAllowed for one's own, NotInterrupted where nothing waits."""

    async def verify(dossier: Dossier, streams: Streams) -> None:
        record = dossier.record
        account_id = record.account_of(command.person_id)
        if account_id is None:
            raise NotFound
        if account_id == command.verified_by:
            raise NotAllowed(OWN_RECORD)
        waits = record.waiting(account_id, command.person_id)
        if waits is None:
            raise NotInterrupted
        verified = Verified(account_id, command.person_id, command.document, command.verified_by)
        record.verify_again(verified, work.now)
        task = await streams.find(DeskTask, verify_task(record.patient_id, account_id, waits.because))
        if task is not None and not task.is_settled:
            task.settle("", command.verified_by, work.now)

    return await change_record(work, command.patient_id, verify)
