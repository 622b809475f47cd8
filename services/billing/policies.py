"""Who may call what of billing, and how the patient concerned is found."""

from collections.abc import Mapping
from typing import Protocol

from services.billing.projections import charges, payments, statements
from shared.access.locating import patient_of_request, practice_of_request
from shared.errors import NotFound
from shared.reading import Rows
from shared.rpc.fields import uuid_field
from shared.rpc.policy import ACCOUNT, ANYONE, PEER, STAFF, Locate, Located, Policy

BILLING_STAFF = frozenset({"billing"})
"""R43: billing sees charges and statements."""


class OfStatement(Protocol):
    @property
    def statement_id(self) -> str: ...


class OfCharge(Protocol):
    @property
    def charge_id(self) -> str: ...


class OfPayment(Protocol):
    @property
    def payment_id(self) -> str: ...


async def statement_of_request(request: OfStatement, rows: Rows) -> Located:
    """Practice and patient of the named statement; NotFound where there is none."""
    found = await statements.where(rows, uuid_field(request.statement_id, "statement_id"))
    if found is None:
        raise NotFound
    return Located(*found)


async def charge_of_request(request: OfCharge, rows: Rows) -> Located:
    """Practice and patient of the named charge; NotFound where there is none."""
    found = await charges.one(rows, uuid_field(request.charge_id, "charge_id"))
    if found is None:
        raise NotFound
    return Located(found.practice_id, found.patient_id)


async def payment_of_request(request: OfPayment, rows: Rows) -> Located:
    """Practice and patient of the named payment; NotFound where there is none."""
    parts = await payments.shares(rows, uuid_field(request.payment_id, "payment_id"))
    found = await statements.where(rows, parts[0].statement_id) if parts else None
    if found is None:
        raise NotFound
    return Located(*found)


def _read(locate: Locate = patient_of_request, *, recorded: bool = False) -> Policy:
    return Policy(
        callers=frozenset({ACCOUNT, STAFF}),
        purpose="billing",
        roles=BILLING_STAFF,
        scope="billing",
        locate=locate,
        recorded=recorded,
    )


def _staff(locate: Locate = patient_of_request) -> Policy:
    return Policy(callers=frozenset({STAFF}), purpose="billing", roles=BILLING_STAFF, locate=locate, writes=True)


def _import() -> Policy:
    return Policy(
        callers=frozenset({PEER}),
        purpose="billing",
        locate=patient_of_request,
        writes=True,
        peers=frozenset({"operations"}),
    )


POLICIES: Mapping[str, Policy] = {
    "ListCharges": _read(recorded=True),
    "ListStatements": _read(),
    "GetStatement": _read(statement_of_request, recorded=True),
    "DownloadStatement": _read(statement_of_request, recorded=True),
    "GetBalance": _read(),
    "StartPayment": Policy(
        callers=frozenset({ACCOUNT}), purpose="billing", scope="billing", locate=statement_of_request, writes=True
    ),
    "GetPayment": _read(payment_of_request),
    "FindGuestStatement": Policy(
        callers=frozenset({ANYONE}), purpose="billing", secrets=frozenset({"number", "birth_date"})
    ),
    "StartGuestPayment": Policy(
        callers=frozenset({ANYONE}), purpose="billing", writes=True, secrets=frozenset({"birth_date"})
    ),
    "ReceiveProcessorEvent": Policy(callers=frozenset({ANYONE}), purpose="billing"),
    "PostCharge": _staff(),
    "PostStatement": _staff(),
    "AdjustCharge": _staff(charge_of_request),
    "MakeChargeConfidential": _staff(charge_of_request),
    "WithdrawStatement": _staff(statement_of_request),
    "RefundPayment": _staff(payment_of_request),
    "NameGuarantor": _staff(),
    "ReleaseGuarantor": _staff(),
    "GetGuarantor": Policy(
        callers=frozenset({STAFF}), purpose="billing", roles=BILLING_STAFF, locate=patient_of_request
    ),
    "ListGuaranteedStatements": Policy(callers=frozenset({ACCOUNT}), purpose="billing"),
    "StartGuaranteedPayment": Policy(callers=frozenset({ACCOUNT}), purpose="billing", writes=True),
    "ListRefundTasks": Policy(
        callers=frozenset({STAFF}), purpose="billing", roles=BILLING_STAFF, locate=practice_of_request
    ),
    "ImportCharge": _import(),
    "ImportStatement": _import(),
    "BalanceOf": Policy(callers=frozenset({PEER}), purpose="billing", peers=frozenset({"messaging", "web"})),
}
