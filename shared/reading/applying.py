"""One batch of one source into one set of tables: whole if it can be, else record by record, the bad ones parked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import UUID

from shared.aggregate import SERVICE_SUBJECT
from shared.effects import Decide, Effect
from shared.effects.table import insert
from shared.envelope import Recorded
from shared.privacy import ErasedSubject
from shared.reading import Incoming, ReadModel
from shared.reading.failures import named, parks
from shared.reading.rows import Connection, PostgresRows, Seals

EFFECTS = "effects"
"""Stands among the read models' names in what a parked record has done."""


@dataclass(frozen=True, slots=True)
class Source:
    """What rests on one source: read models, and the effects of its events."""

    name: str
    read_models: Sequence[ReadModel]
    decide: Mapping[type, Decide] = field(default_factory=dict)

    def types(self) -> set[type]:
        """The event classes that change anything here."""
        return {kind for model in self.read_models for kind in model.apply} | set(self.decide)


def sources_of(
    own: str,
    read_models: Sequence[ReadModel],
    processes: Mapping[type, Decide],
    consumers: Mapping[str, Mapping[type, Decide]],
) -> dict[str, Source]:
    """A service's tables by source: the own store first, then each peer that anything rests on."""
    if own in consumers:
        raise ValueError(f"expected effects of {own}'s own events in processes, found them in consumers")
    decide = {own: processes, **consumers}
    names = dict.fromkeys([own, *(model.source for model in read_models), *consumers])
    return {
        name: Source(name, [model for model in read_models if model.source == name], decide.get(name, {}))
        for name in names
    }


class Shelf(Protocol):
    """Where parked records lie: the live ones, or those of a generation being built."""

    async def keys(self, connection: Connection, source: str, keys: Sequence[UUID]) -> set[UUID]:
        """Which of these keys have parked records."""

    async def park(self, connection: Connection, source: str, partition: int, parked: Sequence["Parked"]) -> None:
        """Keeps them; ``error`` '' for those that wait behind another."""


@dataclass(frozen=True, slots=True)
class Parked:
    incoming: Incoming
    error: str


class Batch:
    """One transaction's work: the tables of ``schema`` come first on its search path already."""

    def __init__(self, connection: Connection, schema: str, source: Source, sealer: Seals) -> None:
        self._connection, self._source = connection, source
        self._rows = PostgresRows(connection, schema, sealer)
        self._effects: list[tuple[Recorded[Any], Effect]] = []

    async def run(self, partition: int, incoming: Sequence[Incoming], shelf: Shelf) -> None:
        """Applies what can be applied. What time may mend, and what is nobody's record's fault, is raised."""
        parked_keys = await shelf.keys(self._connection, self._source.name, [one.key for one in incoming])
        skipped = await self._passed_over(incoming)
        todo = [one for one in incoming if one.position not in skipped]
        bad = [one for one in todo if one.recorded is None or one.key in parked_keys]
        if not bad and await self._whole([one.recorded for one in todo if one.recorded is not None]):
            return
        parked = []
        for one in todo:
            if one.key in parked_keys:
                parked.append(Parked(one, ""))
            elif (error := await self.one(one)) is not None:
                parked_keys.add(one.key)
                parked.append(Parked(one, error))
        if parked:
            await shelf.park(self._connection, self._source.name, partition, parked)

    async def one(self, incoming: Incoming, done: Sequence[str] = ()) -> str | None:
        """One record in a savepoint, without the parts it has done; what is wrong with it, None if it is in."""
        if incoming.recorded is None:
            return incoming.error or "expected a readable record"
        try:
            async with self._connection.transaction():
                await self._apply(incoming.recorded, done)
                await self._send()
        except ErasedSubject:
            self._forget()
        except Exception as error:
            self._forget()
            if not parks(error):
                raise
            return named(error)
        return None

    async def _whole(self, batch: Sequence[Recorded[Any]]) -> bool:
        try:
            async with self._connection.transaction():
                for recorded in batch:
                    await self._apply(recorded)
                await self._send()
        except Exception as error:
            self._forget()
            if not parks(error) and not isinstance(error, ErasedSubject):
                raise
            return False
        return True

    async def _apply(self, recorded: Recorded[Any], done: Sequence[str] = ()) -> None:
        for model in self._source.read_models:
            apply = model.apply.get(type(recorded.event))
            if apply is not None and model.name not in done:
                await apply(recorded, self._rows)
        decide = self._source.decide.get(type(recorded.event))
        if decide is not None and EFFECTS not in done:
            self._effects += [(recorded, effect) for effect in decide(recorded)]

    async def _send(self) -> None:
        await self._rows.flush()
        effects, self._effects = self._effects, []
        if effects:
            await insert(self._connection, effects)

    def _forget(self) -> None:
        self._rows.forget()
        self._effects.clear()

    async def _passed_over(self, incoming: Sequence[Incoming]) -> set[int]:
        """Positions that were dropped, or whose subject or patient a tombstone covers."""
        name = self._source.name
        subjects = {one.position: {one.key, one.recorded.subject_id} for one in incoming if one.recorded is not None}
        about_service = {
            one.position for one in incoming if one.recorded is not None and one.recorded.subject_id == SERVICE_SUBJECT
        }
        found = await self._connection.fetch(
            "SELECT position, NULL::uuid AS subject_id FROM public.drops WHERE source = $1 AND position = ANY($2) "
            "UNION ALL SELECT NULL, subject_id FROM public.tombstones WHERE subject_id = ANY($3)",
            name, [one.position for one in incoming], list(set().union(*subjects.values())),
        )  # fmt: skip
        erased = {row["subject_id"] for row in found} - {None}
        covered = {position for position, named in subjects.items() if named & erased} - about_service
        return covered | {row["position"] for row in found if row["position"] is not None}
