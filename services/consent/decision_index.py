"""Which patients were decided last, and whom each account was decided for: kept current from the own store."""

import asyncio
from collections import OrderedDict
from collections.abc import Mapping
from uuid import UUID

from services.consent.domain.access import Access
from services.consent.domain.practice import Practice
from shared.bus.partitions import PARTITIONS, key_bytes, partition_of
from shared.eventstore.store import EventStore, UnreadableEvent

MOST_PATIENTS = 1000
"""More patients than that: ask about every one."""


class DecisionIndex:
    """Small enough for memory: per patient position and practice, per account its patients. Rebuilt at each start."""

    def __init__(self, store: EventStore) -> None:
        self._store = store
        self._read_to = 0
        self._turn = asyncio.Lock()
        self._last: list[OrderedDict[UUID, int]] = [OrderedDict() for _ in range(PARTITIONS)]
        self._patients: dict[UUID, dict[UUID, None]] = {}
        self._unreadable: set[UUID] = set()
        self._practices: dict[UUID, UUID] = {}
        self._outdated: dict[UUID, None] = {}

    async def catch_up(self) -> None:
        """Reads the own store to its head as it is now."""
        head = await self._store.head()
        async with self._turn:
            while self._read_to < head:
                try:
                    await self._read(head)
                except UnreadableEvent as unreadable:
                    self._unreadable.add(unreadable.key)
                    self._read_to = unreadable.position

    async def _read(self, head: int) -> None:
        types = (Access.AccessDecided, Access.AccessDecidedAgain, Practice.FormPublished)
        async for page in self._store.read(self._read_to, until=head, types=types):
            for recorded in page:
                event = recorded.event
                if isinstance(event, Practice.FormPublished):
                    self._published(event.practice_id)
                elif isinstance(event, Access.AccessDecided | Access.AccessDecidedAgain):
                    self._practices[event.patient_id] = event.practice_id
                    self._decided(event.account_id, event.patient_id, recorded.position)
                self._read_to = recorded.position
        self._read_to = head

    def _decided(self, account_id: UUID, patient_id: UUID, position: int) -> None:
        last = self._last[partition_of(key_bytes(patient_id))]
        last[patient_id] = position
        last.move_to_end(patient_id)
        self._patients.setdefault(account_id, {})[patient_id] = None
        self._outdated.pop(patient_id, None)

    def _published(self, practice_id: UUID) -> None:
        """A form's new version bears on every patient of the practice; decisions on them follow one by one (R2).

        Whatever is decided later on a patient has read the new version: all accounts of the patient in one append.
        """
        self._outdated |= {patient: None for patient, where in self._practices.items() if where == practice_id}

    def is_outdated(self, patient_id: UUID) -> bool:
        """Whether the last decision on the patient is older than the practice's form."""
        return patient_id in self._outdated

    def patients_of(self, account_id: UUID) -> tuple[UUID, ...]:
        """Every patient on whom the account was ever decided."""
        return tuple(self._patients.get(account_id, ()))

    def beyond(self, applied: Mapping[int, int]) -> set[UUID] | None:
        """Patients decided beyond the caller's positions, or outdated, or with events that cannot be read.

        None: more than 1,000.
        """
        if len(self._outdated) > MOST_PATIENTS:
            return None
        found = self._unreadable | self._outdated.keys()
        for partition, last in enumerate(self._last):
            known = applied.get(partition, 0)
            for patient_id in reversed(last):
                if last[patient_id] <= known:
                    break
                found.add(patient_id)
                if len(found) > MOST_PATIENTS:
                    return None
        return found if len(found) <= MOST_PATIENTS else None
