"""The payment processor, through Stripe's SDK: hosted page, refund, signed webhook. The local one speaks the same."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar, cast
from uuid import UUID

import stripe

from services.billing.domain.payments import Outcome
from shared.errors import Refused, Unavailable
from shared.ids import natural_id
from shared.money import Money

T = TypeVar("T")
RefundState = Literal["sent", "failed", "on its way"]

PAYMENT_EVENTS = frozenset(
    {
        "checkout.session.completed",
        "checkout.session.async_payment_succeeded",
        "checkout.session.async_payment_failed",
        "checkout.session.expired",
    }
)
REFUND_EVENTS = frozenset({"refund.created", "refund.updated", "refund.failed", "charge.refund.updated"})
DISPUTE_EVENTS = frozenset(
    {
        "charge.dispute.created",
        "charge.dispute.updated",
        "charge.dispute.funds_withdrawn",
        "charge.dispute.funds_reinstated",
        "charge.dispute.closed",
    }
)
"""What of the processor's events concerns us, as a hint only: how things stand is fetched. Others are passed over."""
DISPUTE_OUTCOMES: Mapping[str, Outcome] = {"won": "won", "warning_closed": "won", "prevented": "won", "lost": "lost"}
"""How a dispute ended, by Stripe's word; with any other word it is open."""
REFUND_STATES: Mapping[str, RefundState] = {"succeeded": "sent", "failed": "failed", "canceled": "failed"}
"""With any other word it is on its way."""


class SignatureInvalid(Refused):
    """The webhook's signature does not fit its bytes, or is older than five minutes."""

    slug = "signature_invalid"


@dataclass(frozen=True, slots=True)
class Checkout:
    """What the processor's page is opened for. ``payment_id`` is its idempotency key."""

    payment_id: UUID
    statement_id: UUID
    amount: Money
    return_url: str


@dataclass(frozen=True, slots=True)
class Sent:
    """A refund to be carried out. ``refund_id`` is its idempotency key."""

    refund_id: UUID
    payment_id: UUID
    statement_id: UUID
    amount: Money
    processor_payment: str


@dataclass(frozen=True, slots=True)
class PaymentTold:
    """How a payment stands now with the processor, and the event that told of it."""

    event_id: str
    payment_id: UUID
    statement_id: UUID
    state: Literal["pending", "received", "failed"]
    amount: Money
    processor_payment: str


@dataclass(frozen=True, slots=True)
class RefundTold:
    """How a refund stands now. ``is_ours`` False: it was begun at the processor's own pages."""

    event_id: str
    payment_id: UUID
    statement_id: UUID
    refund_id: UUID
    state: RefundState
    amount: Money
    is_ours: bool


@dataclass(frozen=True, slots=True)
class DisputeTold:
    """How a dispute stands now; ``taken`` is what it took of the payment and did not return."""

    event_id: str
    payment_id: UUID
    statement_id: UUID
    processor_dispute: str
    outcome: Outcome
    taken: Money


Told = PaymentTold | RefundTold | DisputeTold


class Processor:
    """Stripe Checkout with full redirect. ``api_base`` '' is Stripe's own address.

    Several webhook secrets may hold at once while one is being replaced.
    """

    def __init__(self, secret_key: str, webhook_secrets: Sequence[str], api_base: str = "") -> None:
        self._client = stripe.StripeClient(
            secret_key, base_addresses={"api": api_base} if api_base else None, max_network_retries=2
        )
        self._webhook_secrets = webhook_secrets

    async def open_page(self, checkout: Checkout) -> str:
        """The address of the hosted page; the same for the same payment, however often it is asked."""
        named = {"payment_id": str(checkout.payment_id), "statement_id": str(checkout.statement_id)}
        session = await _ask(
            lambda: self._client.v1.checkout.sessions.create(
                {
                    "mode": "payment",
                    "client_reference_id": str(checkout.payment_id),
                    "metadata": named,
                    "payment_intent_data": {"metadata": named},
                    "line_items": [
                        {
                            "quantity": 1,
                            "price_data": {
                                "currency": checkout.amount.currency.lower(),
                                "unit_amount": checkout.amount.cents,
                                "product_data": {"name": "Statement"},
                            },
                        }
                    ],
                    "success_url": checkout.return_url,
                    "cancel_url": checkout.return_url,
                },
                {"idempotency_key": f"checkout-{checkout.payment_id}"},
            )
        )
        return session.url or ""

    async def refund(self, sent: Sent) -> RefundState:
        """Sends money back; once for one ``refund_id``. What the processor refuses has failed."""
        named = {
            "refund_id": str(sent.refund_id),
            "payment_id": str(sent.payment_id),
            "statement_id": str(sent.statement_id),
        }
        try:
            made = await _ask(
                lambda: self._client.v1.refunds.create(
                    {"payment_intent": sent.processor_payment, "amount": sent.amount.cents, "metadata": named},
                    {"idempotency_key": f"refund-{sent.refund_id}"},
                )
            )
        except stripe.InvalidRequestError:
            return "failed"
        return REFUND_STATES.get(made.status or "", "on its way")

    async def read_event(self, body: bytes, signature: str) -> Told | None:
        """What a webhook tells, checked over its raw bytes and fetched again from the processor; None: not for us.

        Raises SignatureInvalid.
        """
        event = self._verified(body, signature)
        try:
            named = str(event.data.object["id"])
            if event.type in PAYMENT_EVENTS:
                return await self._payment(event.id, event.type, named)
            if event.type in REFUND_EVENTS:
                return await self._refund(event.id, named)
            if event.type in DISPUTE_EVENTS:
                return await self._dispute(event.id, named)
        except (KeyError, ValueError):
            return None
        return None

    async def _payment(self, event_id: str, event_type: str, session_id: str) -> PaymentTold:
        session = await _ask(lambda: self._client.v1.checkout.sessions.retrieve(session_id))
        payment_id, statement_id = _named(session.metadata)
        return PaymentTold(
            event_id=event_id,
            payment_id=payment_id,
            statement_id=statement_id,
            state=_state(event_type, session.payment_status),
            amount=Money(session.amount_total or 0, (session.currency or "usd").upper()),
            processor_payment=_id(session.payment_intent),
        )

    async def _refund(self, event_id: str, processor_refund: str) -> RefundTold:
        refund = await _ask(lambda: self._client.v1.refunds.retrieve(processor_refund))
        state = REFUND_STATES.get(refund.status or "", "on its way")
        amount = Money(refund.amount, refund.currency.upper())
        named = cast("Mapping[str, str]", refund.metadata or {})
        if "refund_id" in named:
            payment_id, statement_id = _named(named)
            return RefundTold(event_id, payment_id, statement_id, UUID(named["refund_id"]), state, amount, is_ours=True)
        payment_id, statement_id = await self._paid_by(_id(refund.payment_intent))
        refund_id = natural_id(payment_id, "refund", refund.id)
        return RefundTold(event_id, payment_id, statement_id, refund_id, state, amount, is_ours=False)

    async def _paid_by(self, intent_id: str) -> tuple[UUID, UUID]:
        """Payment and statement for which the page was opened; KeyError, ValueError for a payment of others."""
        if not intent_id:
            raise KeyError("payment_intent")
        intent = await _ask(lambda: self._client.v1.payment_intents.retrieve(intent_id))
        return _named(intent.metadata)

    async def _dispute(self, event_id: str, processor_dispute: str) -> DisputeTold:
        dispute = await _ask(lambda: self._client.v1.disputes.retrieve(processor_dispute))
        payment_id, statement_id = await self._paid_by(_id(dispute.payment_intent))
        return DisputeTold(
            event_id=event_id,
            payment_id=payment_id,
            statement_id=statement_id,
            processor_dispute=dispute.id,
            outcome=DISPUTE_OUTCOMES.get(dispute.status, "open"),
            taken=Money(max(0, -sum(moved.amount for moved in dispute.balance_transactions)), dispute.currency.upper()),
        )

    def _verified(self, body: bytes, signature: str) -> stripe.Event:
        for secret in self._webhook_secrets:
            try:
                return cast("stripe.Event", stripe.Webhook.construct_event(body, signature, secret))
            except (ValueError, stripe.SignatureVerificationError):
                continue
        raise SignatureInvalid


def _named(metadata: object) -> tuple[UUID, UUID]:
    """Payment and statement, as the hosted page was opened for them; KeyError, ValueError for a payment of others."""
    named = cast("Mapping[str, str]", metadata or {})
    return UUID(named["payment_id"]), UUID(named["statement_id"])


def _id(object_: object) -> str:
    """The id of what may have come as its id alone; '' for none."""
    return object_ if isinstance(object_, str) else str(getattr(object_, "id", ""))


def _state(event_type: str, payment_status: str) -> Literal["pending", "received", "failed"]:
    if payment_status in {"paid", "no_payment_required"}:
        return "received"
    failed = event_type in {"checkout.session.expired", "checkout.session.async_payment_failed"}
    return "failed" if failed else "pending"


async def _ask(call: Callable[[], T]) -> T:
    """Runs one blocking call of the SDK in a thread; Unavailable where the processor does not answer."""
    try:
        return await asyncio.to_thread(call)
    except (stripe.APIConnectionError, stripe.RateLimitError, stripe.APIError) as error:
        raise Unavailable from error
