"""Commands on practices and their providers."""

from dataclasses import dataclass

from services.identity.domain.practice import Practice
from services.identity.domain.provider import Provider
from services.identity.domain.staff import INVITATION_LIFETIME, StaffMember
from services.identity.domain.values import (
    Duty,
    Invitee,
    PersonName,
    PracticeDetails,
    PracticeId,
    PracticeRules,
    ProviderId,
    StaffId,
    provider_id_of,
)
from shared.envelope import Position
from shared.errors import NotFound, Refused
from shared.handling import Created, Streams, Work


@dataclass(frozen=True, slots=True)
class OpenPractice:
    """``admin`` is the first one, to whom the link is handed, not mailed (R43)."""

    details: PracticeDetails
    rules: PracticeRules
    admin: Invitee


@dataclass(frozen=True, slots=True)
class PracticeOpening:
    practice_id: PracticeId
    staff_id: StaffId
    position: Position


async def open_practice(command: OpenPractice, work: Work) -> PracticeOpening:
    async def decision(streams: Streams) -> None:
        practice_id = PracticeId(work.new_id("practice"))
        streams.add(Practice(practice_id, command.details, command.rules, work.now))
        streams.add(
            StaffMember(
                practice_id,
                StaffId(work.new_id("staff")),
                command.admin,
                Duty(frozenset({"admin"})),
                work.now,
                work.now + INVITATION_LIFETIME,
            )
        )

    position = await work.decide(decision)
    return PracticeOpening(PracticeId(work.new_id("practice")), StaffId(work.new_id("staff")), position)


@dataclass(frozen=True, slots=True)
class SetUpPractice:
    practice_id: PracticeId
    details: PracticeDetails


async def set_up_practice(command: SetUpPractice, work: Work) -> Position:
    return await work.change(Practice, command.practice_id, lambda practice: practice.set_up(command.details))


@dataclass(frozen=True, slots=True)
class SwitchSecurityQuestion:
    practice_id: PracticeId
    asked: bool


async def switch_security_question(command: SwitchSecurityQuestion, work: Work) -> Position:
    return await work.change(
        Practice, command.practice_id, lambda practice: practice.switch_security_question(command.asked)
    )


@dataclass(frozen=True, slots=True)
class RegisterProvider:
    practice_id: PracticeId
    npi: str
    name: PersonName
    credentials: str


async def register_provider(command: RegisterProvider, work: Work) -> Created:
    """Refused where the practice has a provider with that NPI already."""
    provider_id = provider_id_of(command.practice_id, command.npi)

    async def decision(streams: Streams) -> None:
        await streams.get(Practice, command.practice_id)
        if await streams.find(Provider, provider_id) is not None:
            raise Refused("expected an NPI that the practice does not have yet")
        streams.add(Provider(command.practice_id, command.npi, command.name, command.credentials, work.now))

    return Created(provider_id, await work.decide(decision))


@dataclass(frozen=True, slots=True)
class Imported:
    """``outcome``: registered, unchanged, or changed (differs from what was imported; nothing is overwritten)."""

    id: ProviderId
    outcome: str
    position: Position


async def import_provider(command: RegisterProvider, work: Work) -> Imported:
    provider_id = provider_id_of(command.practice_id, command.npi)
    outcome = "registered"

    async def decision(streams: Streams) -> None:
        nonlocal outcome
        await streams.get(Practice, command.practice_id)
        known = await streams.find(Provider, provider_id)
        if known is None:
            outcome = "registered"
            streams.add(Provider(command.practice_id, command.npi, command.name, command.credentials, work.now))
        else:
            same = (known.name, known.credentials) == (command.name, command.credentials)
            outcome = "unchanged" if same else "changed"

    position = await work.decide(decision, queue={provider_id})
    return Imported(provider_id, outcome, position)


@dataclass(frozen=True, slots=True)
class ActivateProvider:
    practice_id: PracticeId
    provider_id: ProviderId


async def activate_provider(command: ActivateProvider, work: Work) -> Position:
    def decide(provider: Provider) -> None:
        require_of(provider, command.practice_id)
        provider.activate(work.now)

    return await work.change(Provider, command.provider_id, decide)


@dataclass(frozen=True, slots=True)
class DeactivateProvider:
    practice_id: PracticeId
    provider_id: ProviderId


async def deactivate_provider(command: DeactivateProvider, work: Work) -> Position:
    def decide(provider: Provider) -> None:
        require_of(provider, command.practice_id)
        provider.deactivate(work.now)

    return await work.change(Provider, command.provider_id, decide)


def require_of(thing: Provider | StaffMember, practice_id: PracticeId) -> None:
    """Another practice's answers like an absent one."""
    if thing.practice_id != practice_id:
        raise NotFound
