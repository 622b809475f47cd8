"""The decision itself, from consent's own store and never from a projection; with its reasons, also for the past."""

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.consent.decision_index import DecisionIndex
from services.consent.domain.access import Access
from services.consent.domain.dossier import Dossier, HeardFacts, read_dossier
from services.consent.domain.identifiers import access_stream, record_stream
from services.consent.domain.missing import missing
from services.consent.domain.record import PatientRecord
from services.consent.domain.windows import Window, windows
from services.consent.facts import IdentityFacts
from shared.access.windows import HeldWindow
from shared.errors import NotFound, Unavailable
from shared.eventstore.store import EventStore

MOST_REFERENCES = 10_000


@dataclass(frozen=True, slots=True)
class Explained:
    """One account on one record at one instant: as known then, and as known now."""

    known_then: tuple[Window, ...]
    known_now: tuple[Window, ...]
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ToSign:
    """A record that opens to an account once its holder has signed that version of the form."""

    patient_id: UUID
    practice_id: UUID
    form_version: int


@dataclass(frozen=True, slots=True)
class Viewer:
    """An account with windows that hold."""

    account_id: UUID
    windows: tuple[Window, ...]


class Decisions:
    """Who may see what. AccessUndecided where identity does not answer within its lease."""

    def __init__(self, store: EventStore, facts: IdentityFacts, now: Callable[[], datetime]) -> None:
        self._store, self._facts, self._now = store, facts, now
        self._index = DecisionIndex(store)
        self._positions: OrderedDict[str, str] = OrderedDict()

    async def head(self, applied: Mapping[int, int]) -> set[UUID] | None:
        """The patients about whom a peer that has applied so much must ask; None: about every one."""
        told = await self._facts.told()
        await self._index.catch_up()
        beyond = self._index.beyond(applied)
        return None if beyond is None or told.everyone else beyond | told.patients

    async def decide(self, account_id: UUID, patient_id: UUID | None) -> Sequence[HeldWindow]:
        """The windows that hold or will hold, on one patient or on all."""
        told = await self._facts.told()
        await self._index.catch_up()
        if patient_id is not None:
            return await self._on(account_id, patient_id, ask=told.names(patient_id))
        found: list[HeldWindow] = []
        for each in dict.fromkeys([*self._index.patients_of(account_id), *sorted(told.patients)]):
            found += await self._on(account_id, each, ask=told.names(each))
        return found

    async def to_sign(self, account_id: UUID) -> list[ToSign]:
        """The records on which nothing but a signature that counts is missing, where one was given before (R2)."""
        told = await self._facts.told()
        await self._index.catch_up()
        found = []
        for patient_id in self._index.patients_of(account_id):
            dossier = await self._dossier(patient_id, ask=told.names(patient_id))
            if dossier is not None and missing(dossier.facts(account_id), self._now()) == ["form"]:
                record, version = dossier.record, dossier.practice.form().version
                found.append(ToSign(patient_id, record.practice_id, version))
        return found

    async def _on(self, account_id: UUID, patient_id: UUID, *, ask: bool) -> list[HeldWindow]:
        if ask or self._index.is_outdated(patient_id):
            dossier = await self._dossier(patient_id, ask=ask)
            if dossier is None:
                return []
            decided = windows(dossier.facts(account_id), after=self._now())
            return [held(window, patient_id, dossier.record.practice_id) for window in decided]
        access = await self._store.find(Access, access_stream(account_id, patient_id))
        if access is None:
            return []
        now = self._now()
        return [held(window, patient_id, access.practice_id) for window in access.windows if not window.is_over(now)]

    async def ahead_of_events(self, patient_id: UUID) -> HeardFacts | None:
        """What identity says of a patient whose first event has not come yet; None where it has, or nobody knows."""
        if await self._store.find(PatientRecord, record_stream(patient_id)) is not None:
            return None
        return await self._facts.of(patient_id)

    async def viewers(self, patient_id: UUID, at: datetime | None) -> list[Viewer]:
        """Everybody who can see the record now, or could at a past instant by what was known then. NotFound."""
        record = await self._store.find(PatientRecord, record_stream(patient_id))
        if record is None:
            raise NotFound
        if at is not None:
            known = [Viewer(account, await self.known_then(account, patient_id, at)) for account in record.accounts]
            return [viewer for viewer in known if viewer.windows]
        return await self.viewers_known_now(patient_id, self._now())

    async def viewers_known_now(self, patient_id: UUID, at: datetime) -> list[Viewer]:
        """Everybody who can see the record at that instant by what is known now."""
        told = await self._facts.told()
        dossier = await self._dossier(patient_id, ask=told.names(patient_id))
        if dossier is None:
            return []
        found = [
            Viewer(account, tuple(window for window in windows(dossier.facts(account)) if window.holds(at)))
            for account in dossier.record.accounts
        ]
        return [viewer for viewer in found if viewer.windows]

    async def explain(self, account_id: UUID, patient_id: UUID, at: datetime) -> Explained:
        """Both answers about one instant, and what is missing where nothing is open now. NotFound."""
        told = await self._facts.told()
        dossier = await self._dossier(patient_id, ask=told.names(patient_id))
        if dossier is None:
            raise NotFound
        facts = dossier.facts(account_id)
        known_now = tuple(window for window in windows(facts) if window.holds(at))
        known_then = await self.known_then(account_id, patient_id, at)
        return Explained(known_then, known_now, tuple(missing(facts, at)))

    async def known_then(self, account_id: UUID, patient_id: UUID, at: datetime) -> tuple[Window, ...]:
        """The windows that held at that instant by the last decision made until then."""
        decided: tuple[Window, ...] = ()
        for recorded in await self._store.stream(access_stream(account_id, patient_id)):
            event = recorded.event
            if isinstance(event, Access.AccessDecided | Access.AccessDecidedAgain) and event.decided_at <= at:
                decided = event.windows
        return tuple(window for window in decided if window.holds(at))

    async def event_ids(self, references: Sequence[str]) -> list[str]:
        """``<service>:<position>`` of each event; consent's own are named by stream and version until then."""
        return [await self._event_id(reference) for reference in references if reference]

    async def _event_id(self, reference: str) -> str:
        stream, slash, version = reference.removeprefix("consent:").partition("/")
        if not slash:
            return reference
        if reference not in self._positions:
            for recorded in await self._store.stream(UUID(stream)):
                self._positions[f"consent:{stream}/{recorded.version}"] = recorded.event_id
            while len(self._positions) > MOST_REFERENCES:
                self._positions.popitem(last=False)
        return self._positions.get(reference, f"consent:{stream}/{version}")

    async def _dossier(self, patient_id: UUID, *, ask: bool) -> Dossier | None:
        """The record with all that bears on it; with ``ask``, brought to what identity says now."""
        heard = await self._facts.of(patient_id) if ask else None
        if ask and heard is None:
            return None
        record = await self._store.find(PatientRecord, record_stream(patient_id))
        if record is None and heard is None:
            return None
        now = self._now()
        try:
            dossier = await read_dossier(self._store, record or _begun(heard, now))
        except Unavailable:
            return None
        if heard is not None:
            for enrolment in heard.enrolments:
                await dossier.read_person(self._store, enrolment.person_id)
            dossier.hear(heard, now)
        return dossier


def _begun(heard: HeardFacts | None, now: datetime) -> PatientRecord:
    """The record of a patient whose first event is still on its way; never stored."""
    if heard is None:
        raise NotFound
    return PatientRecord(
        patient_id=heard.patient_id,
        practice_id=heard.practice_id,
        birth_date=heard.birth_date,
        recorded_at=now,
        cause="",
    )


def held(window: Window, patient_id: UUID, practice_id: UUID) -> HeldWindow:
    """A window as enforcement holds it."""
    return HeldWindow(
        patient_id=patient_id,
        practice_id=practice_id,
        person_id=window.person_id,
        acting_as=window.acting_as,
        scopes=frozenset(window.scopes),
        since=window.since,
        until=window.until,
        rule=window.rule,
        because=window.because,
    )
