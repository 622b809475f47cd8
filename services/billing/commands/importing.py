"""Charges and statements of another system: the same resource again changes nothing and mails nobody."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal
from uuid import UUID

from services.billing.commands.posting import Issue, add_statement, charges_of
from services.billing.domain.charges import Charge, Item
from services.billing.domain.statements import Statement
from shared.envelope import Position
from shared.handling import Streams, Work
from shared.ids import natural_id

Outcome = Literal["new", "unchanged", "changed"]


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of one resource: a changed one is reported, never overwritten."""

    id: UUID
    outcome: Outcome
    position: Position


@dataclass(frozen=True, slots=True)
class ImportCharge:
    practice_id: UUID
    patient_id: UUID
    resource_id: str
    item: Item


async def import_charge(command: ImportCharge, work: Work) -> Imported:
    charge_id = natural_id(command.practice_id, "charge", command.resource_id)
    outcome: Outcome = "new"

    async def decide(streams: Streams) -> None:
        nonlocal outcome
        known = await streams.find(Charge, charge_id)
        if known is None:
            outcome = "new"
            streams.add(Charge(charge_id, command.practice_id, command.patient_id, command.item, "import", work.now))
        else:
            item = replace(known.item, confidential=command.item.confidential)
            outcome = "unchanged" if item == command.item else "changed"

    position = await work.decide(decide)
    return Imported(charge_id, outcome, position)


@dataclass(frozen=True, slots=True)
class ImportStatement:
    practice_id: UUID
    patient_id: UUID
    resource_id: str
    charge_ids: Sequence[UUID]
    due_on: date


async def import_statement(command: ImportStatement, work: Work) -> Imported:
    statement_id = natural_id(command.practice_id, "statement", command.resource_id)
    outcome: Outcome = "new"

    async def decide(streams: Streams) -> None:
        nonlocal outcome
        if await streams.find(Statement, statement_id) is not None:
            outcome = "unchanged"
            return
        outcome = "new"
        charges = await charges_of(streams, command.charge_ids)
        add_statement(streams, work, charges, Issue(statement_id, command.patient_id, command.due_on, "import"))

    position = await work.decide(decide)
    return Imported(statement_id, outcome, position)
