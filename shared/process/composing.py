"""A service's tables together with what all services have: replicas, recorded reads, erasing."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from shared.access.replicas import replicas_for
from shared.contracts.identity.v1.events import PatientErased
from shared.effects import Carrying, Decide, Effect, Run
from shared.envelope import Recorded
from shared.privacy import SubjectKeys
from shared.process.foundation import ServiceRefused
from shared.reading.database import Pool
from shared.reading.erasing import erase_subject
from shared.rpc import viewing
from shared.service import SERVICES, Publish, Service

ERASE = "erase-subject"


def completed(service: Service, keys: SubjectKeys, pool: Pool) -> Service:
    """The service as it runs; ServiceRefused where its tables do not fit those of the house."""
    if service.name not in SERVICES:
        raise ServiceRefused(f"expected one of {', '.join(SERVICES)}, found {service.name}")
    published = {**service.published, viewing.View.Viewed: viewing.publish_view}
    processes, consumers = dict(service.processes), {name: dict(rows) for name, rows in service.consumers.items()}
    if service.name == "identity":
        for own in service.published:
            processes[own] = _also(processes.get(own), _own_erasure(service.published[own]))
    else:
        rows = consumers.setdefault("identity", {})
        rows[PatientErased] = _also(rows.get(PatientErased), erase_patient)
    known = {model.name for model in service.read_models}
    shared_models = replicas_for(service.name, published)
    if known & {model.name for model in shared_models}:
        raise ServiceRefused("expected other names of read models than access-…, which every service has")
    if ERASE in service.effects:
        raise ServiceRefused(f"expected no effect called {ERASE}: every service has it")
    return replace(
        service,
        stored=[*service.stored, *viewing.STORED],
        published=published,
        read_models=[*service.read_models, *shared_models],
        processes=processes,
        consumers=consumers,
        effects={**service.effects, ERASE: Erasing(keys, pool).run},
    )


def erase_patient(erased: Recorded[PatientErased]) -> Iterable[Effect]:
    """A patient erased at identity loses their key here, and everything that was derived under it."""
    patient_id = erased.event.patient_id
    return [Effect(ERASE, key=patient_id, details={"patient_id": str(patient_id)})]


@dataclass(frozen=True, slots=True)
class Erasing:
    """Carries out ``erase-subject``: the key first, so that nothing writes the rows again."""

    keys: SubjectKeys
    pool: Pool

    @property
    def run(self) -> Run:
        return self._run

    async def _run(self, carrying: Carrying) -> None:
        patient_id = UUID(carrying.effect.details["patient_id"])
        await self.keys.erase(patient_id)
        await erase_subject(self.pool, patient_id)


def _own_erasure(publish: Publish) -> Decide:
    """Identity hears of an erasure from itself: an own event that is published as PatientErased."""

    def decide(recorded: Recorded[Any]) -> Iterable[Effect]:
        event = publish(recorded)
        return erase_patient(recorded._replace(event=event)) if isinstance(event, PatientErased) else ()

    return decide


def _also(first: Decide | None, second: Callable[[Recorded[Any]], Iterable[Effect]]) -> Decide:
    if first is None:
        return second
    return lambda recorded: [*first(recorded), *second(recorded)]


def peers_of(service: Service) -> list[str]:
    """The services whose topics anything here rests on."""
    sources: Mapping[str, None] = dict.fromkeys([*(model.source for model in service.read_models), *service.consumers])
    return [source for source in sources if source != service.name]
