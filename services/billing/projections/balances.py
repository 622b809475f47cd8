"""What a patient owes over what one viewer sees: counted from charges, statements and payments in the query (R33)."""

from dataclasses import dataclass
from uuid import UUID

from shared.reading import Rows


@dataclass(frozen=True, slots=True)
class Balance:
    """charges - payments - adjustments + refunds; what disputes took counts among the refunds."""

    charges_cents: int
    payments_cents: int
    adjustments_cents: int
    refunds_cents: int
    currency: str

    @property
    def cents(self) -> int:
        return self.charges_cents - self.payments_cents - self.adjustments_cents + self.refunds_cents


async def balance(rows: Rows, patient_id: UUID, hidden: bool) -> Balance:
    """One statement of SQL, so that all sums are of one moment and over all joined records (R44); ``hidden`` says what
    the viewer may see (R18)."""
    found = await rows.fetch_one(
        """SELECT charged.*, adjusted.*, paid.* FROM
               (SELECT coalesce(sum(amount_cents), 0)::bigint AS charges, coalesce(min(currency), 'USD') AS currency
                FROM charges WHERE patient_id = ANY(records_of($1)) AND ($2 OR NOT confidential)) AS charged,
               (SELECT coalesce(sum(adjustments.amount_cents), 0)::bigint AS adjustments
                FROM adjustments JOIN charges USING (charge_id)
                WHERE patient_id = ANY(records_of($1)) AND ($2 OR NOT confidential)) AS adjusted,
               (SELECT coalesce(sum(received_cents - carried_cents), 0)::bigint AS payments,
                       coalesce(sum(refunded_cents + disputed_cents), 0)::bigint AS refunds
                FROM payments JOIN statements USING (statement_id)
                WHERE patient_id = ANY(records_of($1)) AND ($2 OR NOT hidden)) AS paid""",
        patient_id,
        hidden,
    )
    if found is None:
        raise LookupError("expected one row of sums")
    return Balance(found["charges"], found["payments"], found["adjustments"], found["refunds"], found["currency"])


async def left_to_pay(rows: Rows, patient_id: UUID, hidden: bool) -> int:
    """Cents of the balance that the viewer sees, less what open payments reserve on statements that the viewer sees."""
    found = await rows.fetch_one(
        """SELECT coalesce(sum(payments.amount_cents), 0)::bigint AS cents
           FROM payments JOIN statements USING (statement_id)
           WHERE patient_id = ANY(records_of($1)) AND ($2 OR NOT hidden) AND payments.state = 'pending'""",
        patient_id,
        hidden,
    )
    return (await balance(rows, patient_id, hidden)).cents - (0 if found is None else int(found["cents"]))
