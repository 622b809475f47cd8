"""Commands on duplicate records (R44): joining and parting are proposed by one person and confirmed by another."""

from dataclasses import dataclass

from services.identity.commands.patients import void_all_open
from services.identity.commands.staff import close_if_alone
from services.identity.domain.account import Account
from services.identity.domain.duplicates import Intent, JoiningProposal, Pair
from services.identity.domain.enrolments import Enrolments
from services.identity.domain.errors import NotJoinable, ProposalGone
from services.identity.domain.patient import Patient
from services.identity.domain.seconding import PROPOSAL_LIFETIME
from services.identity.domain.staff import StaffMember
from services.identity.domain.values import JoiningProposalId, PatientId, StaffId, enrolments_id
from shared.envelope import Position
from shared.errors import NotFound
from shared.handling import Created, Streams, Work


@dataclass(frozen=True, slots=True)
class ProposeJoining:
    """``duplicate_id`` is the same person as ``survivor_id``, whose record is to show the history of both."""

    duplicate_id: PatientId
    survivor_id: PatientId
    reason: str
    by: StaffId


async def propose_joining(command: ProposeJoining, work: Work) -> Created:
    """NotFound for a survivor of another practice: to this one it does not exist. NotJoinable as the record says."""

    async def decision(streams: Streams) -> None:
        duplicate = await streams.get(Patient, command.duplicate_id)
        survivor = await streams.get(Patient, command.survivor_id)
        if survivor.practice_id != duplicate.practice_id:
            raise NotFound
        duplicate.require_joinable_to(survivor)
        pair = Pair(command.duplicate_id, command.survivor_id)
        _propose(streams, duplicate, Intent("join", pair, command.reason), command.by, work)

    position = await work.decide(decision, queue={command.duplicate_id, command.survivor_id})
    return Created(work.new_id("joining proposal"), position)


@dataclass(frozen=True, slots=True)
class ProposeParting:
    """``duplicate_id`` was joined to another record by mistake."""

    duplicate_id: PatientId
    reason: str
    by: StaffId


async def propose_parting(command: ProposeParting, work: Work) -> Created:
    """NotJoinable where it is joined to none."""

    async def decision(streams: Streams) -> None:
        duplicate = await streams.get(Patient, command.duplicate_id)
        if duplicate.survivor_id is None:
            raise NotJoinable("expected a record that is joined to another one")
        pair = Pair(command.duplicate_id, duplicate.survivor_id)
        _propose(streams, duplicate, Intent("part", pair, command.reason), command.by, work)

    position = await work.decide(decision, queue={command.duplicate_id})
    return Created(work.new_id("joining proposal"), position)


def _propose(streams: Streams, duplicate: Patient, intent: Intent, by: StaffId, work: Work) -> None:
    """Nothing changes until a second person confirms."""
    proposal_id = JoiningProposalId(work.new_id("joining proposal"))
    until = work.now + PROPOSAL_LIFETIME
    streams.add(JoiningProposal(duplicate.practice_id, proposal_id, intent, by, work.now, until))


@dataclass(frozen=True, slots=True)
class ConfirmJoiningProposal:
    """``patient_id`` is either of the two records."""

    patient_id: PatientId
    proposal_id: JoiningProposalId
    by: StaffId


async def confirm_joining_proposal(command: ConfirmJoiningProposal, work: Work) -> Position:
    """SecondPersonNeeded for its maker; ProposalGone where it is over, or its maker has left; else as proposing."""

    async def decision(streams: Streams) -> None:
        proposal = await _proposal(streams, command.patient_id, command.proposal_id)
        maker = await streams.get(StaffMember, proposal.proposed_by)
        if maker.state != "active":
            raise ProposalGone
        proposal.confirm(command.by, work.now)
        pair = proposal.intent.pair
        duplicate = await streams.get(Patient, pair.duplicate_id)
        survivor = await streams.get(Patient, pair.survivor_id)
        if proposal.intent.act == "part":
            duplicate.part_from(survivor, work.now)
        else:
            duplicate.join_to(survivor, work.now)
            await _end_access(streams, pair, work)

    return await work.decide(decision, queue={command.proposal_id})


async def _end_access(streams: Streams, pair: Pair, work: Work) -> None:
    """Nobody is joined to the duplicate any longer, nor invited to either: who is let in is verified again.

    Consent interrupts whatever goes on at the survivor.
    """
    for patient_id in (pair.duplicate_id, pair.survivor_id):
        await void_all_open(streams, patient_id, "withdrawn", work)
    enrolments = await streams.find(Enrolments, enrolments_id(pair.duplicate_id))
    for person_id, account_id in dict(enrolments.accounts if enrolments is not None else {}).items():
        if enrolments is not None:
            enrolments.leave(person_id, "staff", "record joined to another one", work.now)
            account = await streams.get(Account, account_id)
            account.leave_record(enrolments.relation(person_id))
            await close_if_alone(streams, account, work)


@dataclass(frozen=True, slots=True)
class WithdrawJoiningProposal:
    patient_id: PatientId
    proposal_id: JoiningProposalId
    by: StaffId


async def withdraw_joining_proposal(command: WithdrawJoiningProposal, work: Work) -> Position:
    """By whoever may propose, the maker included."""

    async def decision(streams: Streams) -> None:
        (await _proposal(streams, command.patient_id, command.proposal_id)).withdraw(command.by, work.now)

    return await work.decide(decision, queue={command.proposal_id})


async def _proposal(streams: Streams, patient_id: PatientId, proposal_id: JoiningProposalId) -> JoiningProposal:
    proposal = await streams.get(JoiningProposal, proposal_id)
    if not proposal.concerns(patient_id):
        raise NotFound
    return proposal
