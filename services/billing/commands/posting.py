"""A new statement over charges: its number, and the streams that it is made of."""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from services.billing.domain.bills import Bill
from services.billing.domain.charges import Charge, Origin
from services.billing.domain.errors import ConfidentialityMixed, NothingToState
from services.billing.domain.numbers import StatementNumber
from services.billing.domain.statements import Statement
from shared.errors import NotFound
from shared.handling import Streams, Work
from shared.money import Money

NUMBER_INDEX = "statement-number"
"""The purpose under which a number's blind index is the id of its stream."""


@dataclass(frozen=True, slots=True)
class Issue:
    """One statement to be made; ``name`` tells it from others that the same command makes."""

    statement_id: UUID
    patient_id: UUID
    due_on: date
    origin: Origin
    name: str = ""


async def charges_of(streams: Streams, charge_ids: Sequence[UUID]) -> list[Charge]:
    """The named charges, each once; NotFound where one does not exist."""
    return [await streams.get(Charge, charge_id) for charge_id in dict.fromkeys(charge_ids)]


def add_statement(streams: Streams, work: Work, charges: Sequence[Charge], issue: Issue) -> Statement:
    """Puts the charges on a new statement, all or none; its number ends in 12 random characters (R1)."""
    if any(charge.patient_id != issue.patient_id for charge in charges):
        raise NotFound
    if not charges:
        raise NothingToState
    confidential = charges[0].item.confidential
    if any(charge.item.confidential != confidential for charge in charges):
        raise ConfidentialityMixed
    amount = Money(0, charges[0].item.amount.currency)
    for charge in charges:
        charge.put_on(issue.statement_id)
        amount += charge.owed
    number = statement_number(work, issue.name)
    bill = Bill(number, tuple(charge.id for charge in charges), amount, issue.due_on, confidential)
    practice_id = charges[0].practice_id
    streams.add(StatementNumber(work.store.blind(NUMBER_INDEX, number), issue.statement_id))
    return streams.add(Statement(issue.statement_id, practice_id, issue.patient_id, bill, issue.origin, work.now))


def statement_number(work: Work, name: str = "") -> str:
    """``YYYYMMDD-`` and 12 characters of base 32 under the service's key: the same for a retry, else not guessable."""
    named = "-".join(filter(None, ("statement-number", name)))
    secret = work.store.blind("statement-number-seed", str(work.new_id(named)))
    letters = base64.b32encode(hashlib.sha256(secret.bytes).digest()).decode()
    return f"{work.now:%Y%m%d}-{letters[:12]}"
