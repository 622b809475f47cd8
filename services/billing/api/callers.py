"""What a caller of billing may see, and the fields that several requests have."""

from uuid import UUID

from services.billing.projections import statements
from services.billing.projections.statements import StatementRow
from shared.errors import InvalidField, NotFound
from shared.reading import Rows
from shared.rpc.call import Call
from shared.rpc.fields import uuid_field

MOST_CENTS = 100_000_000
"""One million: above it an amount is taken for a mistake."""


def sees_all(call: Call) -> bool:
    """The patient and staff see confidential charges and procedures; representatives do not (R18)."""
    return call.actor.kind == "staff" or call.actor.acting_as == "self"


def located(call: Call) -> tuple[UUID, UUID]:
    """Practice and patient that the policy found."""
    if call.practice_id is None or call.patient_id is None:
        raise NotFound
    return call.practice_id, call.patient_id


def record_of(call: Call) -> UUID:
    """The record that holds the located charge or statement: a duplicate's where that was joined (R44)."""
    if call.record_id is None:
        raise NotFound
    return call.record_id


async def visible_statement(rows: Rows, statement_id: UUID, call: Call) -> StatementRow:
    """The statement, if this caller may see it: a hidden one does not exist for representatives."""
    row = await statements.one(rows, statement_id)
    if row is None or (row.hidden and not sees_all(call)):
        raise NotFound
    return row


async def named_statement(rows: Rows, statement_id: str, call: Call) -> StatementRow:
    """The statement that a request names, if this caller may see it."""
    return await visible_statement(rows, uuid_field(statement_id, "statement_id"), call)


def amount_field(cents: int) -> int:
    """Cents, more than 0 and at most one million units; InvalidField otherwise."""
    if not 0 < cents <= MOST_CENTS:
        raise InvalidField("amount_cents", f"expected 1 to {MOST_CENTS} cents")
    return cents


def before(keyset: str) -> int | None:
    """Lists that begin with the latest go on below this position."""
    return int(keyset) if keyset else None
