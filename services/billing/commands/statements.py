"""Statements: posted over charges, withdrawn when they were a mistake."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from services.billing.commands.posting import Issue, add_statement, charges_of
from services.billing.domain.statements import Statement
from shared.envelope import Position
from shared.handling import Created, Streams, Work


@dataclass(frozen=True, slots=True)
class PostStatement:
    patient_id: UUID
    charge_ids: Sequence[UUID]
    due_on: date


async def post_statement(command: PostStatement, work: Work) -> Created:
    async def decide(streams: Streams) -> None:
        charges = await charges_of(streams, command.charge_ids)
        issue = Issue(work.new_id("statement"), command.patient_id, command.due_on, "desk")
        add_statement(streams, work, charges, issue)

    position = await work.decide(decide)
    return Created(work.new_id("statement"), position)


@dataclass(frozen=True, slots=True)
class WithdrawStatement:
    statement_id: UUID


async def withdraw_statement(command: WithdrawStatement, work: Work) -> Position:
    """Its charges may stand on another one; what was paid on it is a credit to be sent back."""

    async def decide(streams: Streams) -> None:
        statement = await streams.get(Statement, command.statement_id)
        statement.withdraw("mistake", (), work.now)
        for charge in await charges_of(streams, statement.bill.charge_ids):
            charge.take_off()

    return await work.decide(decide, queue={command.statement_id})
