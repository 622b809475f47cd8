"""Commands that take two admins (R43): making an admin, erasing a patient. One proposes, another confirms."""

from dataclasses import dataclass

from services.identity.domain.patient import Erasure, Patient
from services.identity.domain.practice import Practice
from services.identity.domain.seconding import PROPOSAL_LIFETIME, AdminProposal, Candidate, ErasureRequest
from services.identity.domain.staff import INVITATION_LIFETIME, StaffMember
from services.identity.domain.values import ErasureRequestId, PatientId, PracticeId, ProposalId, StaffId
from shared.envelope import Position
from shared.errors import NotFound
from shared.handling import Created, Streams, Work


def propose_admin(
    streams: Streams, practice_id: PracticeId, candidate: Candidate, by: StaffId, work: Work
) -> ProposalId:
    """Nothing changes until a second admin confirms."""
    proposal_id = ProposalId(work.new_id("proposal"))
    streams.add(AdminProposal(practice_id, proposal_id, candidate, by, work.now, work.now + PROPOSAL_LIFETIME))
    return proposal_id


@dataclass(frozen=True, slots=True)
class ConfirmAdmin:
    """``by`` None: operations."""

    practice_id: PracticeId
    proposal_id: ProposalId
    by: StaffId | None


async def confirm_admin(command: ConfirmAdmin, work: Work) -> Position:
    """SecondPersonNeeded unless ``by`` is another admin; ProposalGone where it is over, or its maker no admin now."""

    async def decision(streams: Streams) -> None:
        proposal = await _proposal(streams, command.practice_id, command.proposal_id)
        practice = await streams.get(Practice, command.practice_id)
        practice.require_second_admin(proposal.proposed_by, command.by)
        proposal.confirm(command.by, work.now)
        candidate = proposal.candidate
        if candidate.is_new:
            until = work.now + INVITATION_LIFETIME
            streams.add(
                StaffMember(command.practice_id, candidate.staff_id, candidate.invitee, candidate.duty, work.now, until)
            )
        else:
            (await streams.get(StaffMember, candidate.staff_id)).change_duty(candidate.duty, work.now)
            practice.count_admin(candidate.staff_id, True)

    return await work.decide(decision, queue={command.proposal_id, command.practice_id})


@dataclass(frozen=True, slots=True)
class DeclineAdmin:
    practice_id: PracticeId
    proposal_id: ProposalId
    by: StaffId


async def decline_admin(command: DeclineAdmin, work: Work) -> Position:
    """By any admin, whoever proposed it included."""

    async def decision(streams: Streams) -> None:
        (await _proposal(streams, command.practice_id, command.proposal_id)).decline(command.by, work.now)

    return await work.decide(decision, queue={command.proposal_id})


async def _proposal(streams: Streams, practice_id: PracticeId, proposal_id: ProposalId) -> AdminProposal:
    proposal = await streams.get(AdminProposal, proposal_id)
    if proposal.practice_id != practice_id:
        raise NotFound
    return proposal


@dataclass(frozen=True, slots=True)
class RequestErasure:
    patient_id: PatientId
    by: StaffId


async def request_erasure(command: RequestErasure, work: Work) -> Created:
    """RecordJoined for joined records: they are parted first, so that each is erased or kept on its own (R44)."""

    async def decision(streams: Streams) -> None:
        patient = await streams.get(Patient, command.patient_id)
        patient.require_unjoined()
        request_id = ErasureRequestId(work.new_id("erasure request"))
        until = work.now + PROPOSAL_LIFETIME
        streams.add(ErasureRequest(patient.practice_id, request_id, command.patient_id, command.by, work.now, until))

    position = await work.decide(decision)
    return Created(work.new_id("erasure request"), position)


@dataclass(frozen=True, slots=True)
class ConfirmErasure:
    """``by`` None: operations."""

    patient_id: PatientId
    request_id: ErasureRequestId
    by: StaffId | None


async def confirm_erasure(command: ConfirmErasure, work: Work) -> Position:
    """Makes the patient's data unreadable everywhere. Refused as ``confirm_admin`` is."""

    async def decision(streams: Streams) -> None:
        request = await _request(streams, command.patient_id, command.request_id)
        practice = await streams.get(Practice, request.practice_id)
        practice.require_second_admin(request.requested_by, command.by)
        request.confirm(command.by, work.now)
        (await streams.get(Patient, command.patient_id)).require_unjoined()
        streams.add(Erasure(request.practice_id, command.patient_id, work.now))

    return await work.decide(decision, queue={command.request_id})


@dataclass(frozen=True, slots=True)
class WithdrawErasure:
    patient_id: PatientId
    request_id: ErasureRequestId
    by: StaffId


async def withdraw_erasure(command: WithdrawErasure, work: Work) -> Position:
    """By any admin of the practice."""

    async def decision(streams: Streams) -> None:
        (await _request(streams, command.patient_id, command.request_id)).withdraw(command.by, work.now)

    return await work.decide(decision, queue={command.request_id})


async def _request(streams: Streams, patient_id: PatientId, request_id: ErasureRequestId) -> ErasureRequest:
    request = await streams.get(ErasureRequest, request_id)
    if request.patient_id != patient_id:
        raise NotFound
    return request
