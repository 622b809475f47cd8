"""Who appears in messaging's tests, by id; addresses are identity's alone."""

from datetime import UTC, date, datetime
from typing import Literal
from uuid import UUID, uuid4

from shared.contracts.billing.v1.events import StatementPosted

MONDAY = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
"""10:00 in New York."""
PRACTICE, OTHER_PRACTICE = UUID(int=1), UUID(int=2)
PATIENT, PARENT, PROVIDER, HELEN, CLERK = (UUID(int=number) for number in range(11, 16))
PATIENTS_ACCOUNT, PARENTS_ACCOUNT = UUID(int=21), UUID(int=22)
ADDRESSES = {PATIENT: "patient@example.org", PARENT: "parent@example.org"}


def statement(*, confidential: bool = False, origin: Literal["desk", "import"] = "desk") -> StatementPosted:
    """A new statement to the patient over an amount that no mail may show."""
    return StatementPosted(
        practice_id=PRACTICE,
        patient_id=PATIENT,
        statement_id=uuid4(),
        amount_cents=987654321,
        currency="USD",
        due_on=date(2026, 4, 1),
        confidential=confidential,
        origin=origin,
    )
