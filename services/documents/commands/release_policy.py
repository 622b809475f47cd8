"""What a practice, its providers and its patients decide of releasing in general; each command and its handler."""

from dataclasses import dataclass
from uuid import UUID

from services.documents.domain.release_policy import Choice, Covered, ReleasePolicy, ReleaseWish, StandingApproval
from shared.envelope import Position
from shared.errors import NotFound
from shared.handling import Created, Streams, Work


@dataclass(frozen=True, slots=True)
class ChooseReleasePolicy:
    practice_id: UUID
    choice: Choice
    account_id: UUID


async def choose_release_policy(command: ChooseReleasePolicy, work: Work) -> Position:
    async def decide(streams: Streams) -> None:
        policy = await streams.find(ReleasePolicy, ReleasePolicy.create_id(command.practice_id))
        if policy is None:
            streams.add(ReleasePolicy(command.practice_id, command.choice, command.account_id, work.now))
        else:
            policy.change(command.choice, command.account_id, work.now)

    return await work.decide(decide)


@dataclass(frozen=True, slots=True)
class SignStandingApproval:
    practice_id: UUID
    provider_id: UUID
    category: Covered


async def sign_standing_approval(command: SignStandingApproval, work: Work) -> Created:
    approval_id = StandingApproval.create_id(command.practice_id, command.provider_id, command.category)

    async def decide(streams: Streams) -> None:
        approval = await streams.find(StandingApproval, approval_id)
        if approval is None:
            streams.add(StandingApproval(command.practice_id, command.provider_id, command.category, work.now))
        else:
            approval.sign_again(work.now)

    return Created(approval_id, await work.decide(decide))


@dataclass(frozen=True, slots=True)
class RevokeStandingApproval:
    """``provider_id`` None: an admin, who may revoke anyone's."""

    practice_id: UUID
    approval_id: UUID
    provider_id: UUID | None
    account_id: UUID


async def revoke_standing_approval(command: RevokeStandingApproval, work: Work) -> Position:
    def revoke(approval: StandingApproval) -> None:
        foreign = command.provider_id not in (None, approval.provider_id)
        if approval.practice_id != command.practice_id or foreign:
            raise NotFound
        approval.revoke(command.account_id, work.now)

    return await work.change(StandingApproval, command.approval_id, revoke)


@dataclass(frozen=True, slots=True)
class AskToWait:
    practice_id: UUID
    patient_id: UUID


async def ask_to_wait(command: AskToWait, work: Work) -> Position:
    async def decide(streams: Streams) -> None:
        wish = await streams.find(ReleaseWish, ReleaseWish.create_id(command.patient_id))
        if wish is None:
            streams.add(ReleaseWish(command.practice_id, command.patient_id, work.now))
        else:
            wish.ask_again(work.now)

    return await work.decide(decide)


@dataclass(frozen=True, slots=True)
class EndWait:
    patient_id: UUID


async def end_wait(command: EndWait, work: Work) -> Position:
    async def decide(streams: Streams) -> None:
        wish = await streams.find(ReleaseWish, ReleaseWish.create_id(command.patient_id))
        if wish is not None:
            wish.end(work.now)

    return await work.decide(decide)
