"""``portal import``: FHIR R4 bundles into one practice, through the peer ports as the principal operations."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar
from uuid import UUID

from operations.fhir.mapping import BrokenFile, Charge, Entry, Mapped, Provider, Result, read_bundle
from operations.fhir.resources import Patient
from shared.clock import monotonic
from shared.contracts.billing.v1 import peers_pb2 as billing
from shared.contracts.billing.v1.peers_pb2_grpc import BillingPeersStub
from shared.contracts.documents.v1 import api_pb2 as documents_api
from shared.contracts.documents.v1 import peers_pb2 as documents
from shared.contracts.documents.v1.peers_pb2_grpc import DocumentsPeersStub
from shared.contracts.identity.v1 import peers_pb2 as identity
from shared.contracts.identity.v1.peers_pb2_grpc import IdentityPeersStub
from shared.errors import NotFound, PortalError, ReadModelBehind, Unavailable
from shared.ids import natural_id
from shared.rpc.client import ApiChannel
from shared.rpc.fields import date_message, instant_message
from shared.rpc.metadata import calling

AT_ONCE = 16
"""Calls in flight: enough to fill the services' group commits, few enough for one core each side."""
REPLICA_SECONDS = 60.0
"""How long the import waits for a new patient to reach documents and billing."""
PAUSE_SECONDS = 0.1

T = TypeVar("T")
S = TypeVar("S")


@dataclass(slots=True)
class Summary:
    """What an import did: kind → outcome → how many; skipped resources; broken files by name."""

    outcomes: dict[str, Counter[str]] = field(default_factory=dict)
    skipped: Counter[str] = field(default_factory=Counter)
    broken: dict[str, str] = field(default_factory=dict)
    changed: list[str] = field(default_factory=list)
    """``<kind> <resource id>`` of what differs from what is there; it was not overwritten."""

    def count(self, kind: str, resource_id: str, outcome: str) -> None:
        self.outcomes.setdefault(kind, Counter())[outcome] += 1
        if outcome == "changed":
            self.changed.append(f"{kind} {resource_id}")

    def remarks(self) -> Iterator[str]:
        """What was passed over, differs or is broken, a line each; what bundles and files call it moves no terminal."""
        for name, count in sorted(self.skipped.items()):
            yield printable(f"skipped: {name}: {count}")
        for what in self.changed:
            yield printable(f"changed, not overwritten: {what}")
        for name, why in self.broken.items():
            yield printable(f"broken: {name}: {why}")


def printable(text: str) -> str:
    """The same without line breaks, escapes and other control characters: what comes from outside is data (R30)."""
    return "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in text)


class Import:
    """Takes bundles into one practice. Running it again changes nothing; a broken file does not stop the others."""

    def __init__(self, channels: ApiChannel, practice_id: UUID, step: Callable[[str], None]) -> None:
        self._identity = IdentityPeersStub(channels.channel("identity"))
        self._documents = DocumentsPeersStub(channels.channel("documents"))
        self._billing = BillingPeersStub(channels.channel("billing"))
        self._practice_id = practice_id
        self._step = step
        self._gate = asyncio.Semaphore(AT_ONCE)
        self.summary = Summary()

    async def files(self, paths: Iterable[Path]) -> Summary:
        """One file after the other; ``step`` is told each file's name when it is done."""
        for path in paths:
            try:
                mapped = read_bundle(await asyncio.to_thread(path.read_bytes))
                await self.bundle(mapped)
            except BrokenFile as broken:
                self.summary.broken[path.name] = str(broken)
            except PortalError as refused:
                self.summary.broken[path.name] = f"{refused.slug}: {refused.field or 'request'}: {refused.expected}"
            self._step(path.name)
        return self.summary

    async def bundle(self, mapped: Mapped) -> None:
        """People first; then what is about them, in parallel; then one statement a patient over the new charges."""
        self.summary.skipped += mapped.skipped
        providers = dict(
            zip([one.npi for one in mapped.providers], await self._all(self._provider, mapped.providers), strict=True)
        )
        patients = dict(
            zip(mapped.patients, await self._all(self._patient, list(mapped.patients.values())), strict=True)
        )
        await self._all(lambda result: self._result(result, patients, providers), mapped.results)
        await self._all(lambda entry: self._entry(entry, patients), mapped.entries)
        positions = await self._all(lambda charge: self._charge(charge, patients), mapped.charges)
        after = max(positions, key=lambda position: int(position.partition(":")[2]), default="")
        charged = dict.fromkeys(charge.patient for charge in mapped.charges)
        await self._all(lambda patient: self._statement(patient, patients[patient], after), list(charged))

    async def _all(self, act: Callable[[T], Awaitable[S]], given: Sequence[T]) -> list[S]:
        async def one(item: T) -> S:
            async with self._gate:
                return await act(item)

        return list(await asyncio.gather(*(one(item) for item in given)))

    def _key(self, kind: str, resource_id: str) -> str:
        return str(natural_id(self._practice_id, "import", kind, resource_id))

    async def _ask(self, kind: str, resource_id: str, call: Callable[[], Awaitable[S]], after: str = "") -> S:
        """One command; tried again while a new patient is still on the way to the service, or the service is away."""
        deadline = monotonic() + REPLICA_SECONDS
        while True:
            try:
                with calling(idempotency_key=self._key(kind, resource_id), after=after):
                    return await call()
            except (NotFound, ReadModelBehind, Unavailable):
                if monotonic() > deadline:
                    raise
            await asyncio.sleep(PAUSE_SECONDS)

    async def _provider(self, provider: Provider) -> str:
        request = identity.ImportProviderRequest(
            practice_id=str(self._practice_id),
            npi=provider.npi,
            given=provider.given,
            family=provider.family,
            credentials=provider.credentials,
        )
        answer = await self._ask("provider", provider.npi, lambda: self._identity.ImportProvider(request))
        self.summary.count("provider", provider.npi, answer.outcome)
        return answer.provider_id

    async def _patient(self, patient: Patient) -> str:
        request = patient_request(str(self._practice_id), patient)
        answer = await self._ask("patient", patient.id, lambda: self._identity.ImportPatient(request))
        self.summary.count("patient", patient.id, answer.outcome)
        return answer.patient_id

    async def _result(self, result: Result, patients: dict[str, str], providers: dict[str, str]) -> None:
        request = documents.ImportResultRequest(
            practice_id=str(self._practice_id),
            patient_id=patients[result.patient],
            resource_id=result.resource_id,
            title=result.title,
            category=result.category,
            effective_at=instant_message(result.effective_at),
            ordering_provider_id=providers.get(result.provider, ""),
            values=[
                documents_api.ResultValue(
                    name=value.name,
                    value=value.value,
                    unit=value.unit,
                    reference_low=value.reference_low,
                    reference_high=value.reference_high,
                    code=value.code,
                )
                for value in result.values
            ],
        )
        answer = await self._ask("result", result.resource_id, lambda: self._documents.ImportResult(request))
        self.summary.count("result", result.resource_id, answer.outcome)

    async def _entry(self, entry: Entry, patients: dict[str, str]) -> None:
        request = documents.ImportRecordEntryRequest(
            practice_id=str(self._practice_id),
            patient_id=patients[entry.patient],
            resource_id=entry.resource_id,
            kind=entry.kind,
            title=entry.title,
            status=entry.status,
            since=None if entry.since is None else date_message(entry.since),
        )
        answer = await self._ask(entry.kind, entry.resource_id, lambda: self._documents.ImportRecordEntry(request))
        self.summary.count(entry.kind, entry.resource_id, answer.outcome)

    async def _charge(self, charge: Charge, patients: dict[str, str]) -> str:
        request = billing.ImportChargeRequest(
            practice_id=str(self._practice_id),
            patient_id=patients[charge.patient],
            resource_id=charge.resource_id,
            serviced_on=date_message(charge.serviced_on),
            category=charge.category,
            description=charge.description,
            amount_cents=charge.amount_cents,
            currency=charge.currency,
        )
        answer = await self._ask("charge", charge.resource_id, lambda: self._billing.ImportCharge(request))
        self.summary.count("charge", charge.resource_id, answer.outcome)
        return answer.position

    async def _statement(self, resource_id: str, patient_id: str, after: str) -> None:
        request = billing.ImportStatementRequest(
            practice_id=str(self._practice_id), patient_id=patient_id, resource_id=resource_id
        )
        answer = await self._ask("statement", resource_id, lambda: self._billing.ImportStatement(request), after=after)
        self.summary.count("statement", resource_id, answer.outcome)


def patient_request(practice_id: str, patient: Patient) -> identity.ImportPatientRequest:
    """The patient as identity takes it in; the official name where there are several."""
    name = next((one for one in patient.name if one.use == "official"), patient.name[0])
    address = patient.address[0] if patient.address else None
    reach = {contact.system: contact.value for contact in reversed(patient.telecom)}
    languages = [code for one in patient.communication for code in one.language.codes()]
    return identity.ImportPatientRequest(
        practice_id=practice_id,
        resource_id=patient.id,
        given=" ".join(name.given),
        family=name.family,
        birth_date=date_message(patient.birth_date),
        email=reach.get("email", ""),
        phone=reach.get("phone", ""),
        street=", ".join(address.line) if address else "",
        city=address.city if address else "",
        state=address.state if address else "",
        postal_code=address.postal_code if address else "",
        language="es" if any(code.startswith("es") for code in languages) else "en",
        deceased=patient.deceased or patient.deceased_at is not None,
    )
