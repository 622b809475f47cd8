"""Commands on whom a patient usually sees, and what tells the patient that this provider joined the portal (R29)."""

from dataclasses import dataclass
from datetime import datetime

from services.identity.commands.practices import require_of
from services.identity.domain.patient import Patient
from services.identity.domain.provider import Provider
from services.identity.domain.usual_provider import UsualProvider
from services.identity.domain.values import AccountId, PatientId, ProviderId, usual_provider_id
from shared.envelope import Position
from shared.handling import Streams, Work


@dataclass(frozen=True, slots=True)
class NameUsualProvider:
    patient_id: PatientId
    provider_id: ProviderId
    by: AccountId | None = None


async def name_usual_provider(command: NameUsualProvider, work: Work) -> Position:
    """Any provider of the patient's practice, taking part or not; another practice's answers like an absent one."""

    async def decision(streams: Streams) -> None:
        patient = await streams.get(Patient, command.patient_id)
        require_of(await streams.get(Provider, command.provider_id), patient.practice_id)
        usual = await streams.find(UsualProvider, usual_provider_id(command.patient_id))
        if usual is None:
            streams.add(
                UsualProvider(patient.practice_id, command.patient_id, command.provider_id, command.by, work.now)
            )
        else:
            usual.name(command.provider_id, command.by, work.now)

    return await work.decide(decision, queue={command.patient_id})


@dataclass(frozen=True, slots=True)
class TellOfProvider:
    """That provider joined at ``activated_at``; one patient is to be told."""

    patient_id: PatientId
    provider_id: ProviderId
    activated_at: datetime


async def tell_of_provider(command: TellOfProvider, work: Work) -> Position:
    """Nothing where the provider left since (a later activation tells by itself), or the patient is dead."""

    async def decision(streams: Streams) -> None:
        usual = await streams.find(UsualProvider, usual_provider_id(command.patient_id))
        patient = await streams.find(Patient, command.patient_id)
        provider = await streams.find(Provider, command.provider_id)
        if usual is None or patient is None or provider is None or patient.is_deceased:
            return
        if provider.activated_at == command.activated_at:
            usual.note_joining(command.provider_id, command.activated_at)

    return await work.decide(decision, queue={command.patient_id})
