"""The payment processor, through Stripe's SDK: hosted page, refund, signed webhook. The local one speaks the same."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar, cast
from uuid import UUID

import stripe

from shared.errors import Refused, Unavailable
from shared.money import Money

T = TypeVar("T")

EVENTS = frozenset(
    {
        "checkout.session.completed",
        "checkout.session.async_payment_succeeded",
        "checkout.session.async_payment_failed",
        "checkout.session.expired",
    }
)
"""What of the processor's events concerns a payment; the others are taken and passed over."""


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
class Told:
    """What the processor told of a payment: its own event id, and how the payment stands now."""

    event_id: str
    payment_id: UUID
    statement_id: UUID
    state: Literal["pending", "received", "failed"]
    amount: Money
    processor_payment: str


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

    async def refund(self, refund_id: UUID, processor_payment: str, amount: Money) -> None:
        """Sends money back; once for one ``refund_id``."""
        await _ask(
            lambda: self._client.v1.refunds.create(
                {
                    "payment_intent": processor_payment,
                    "amount": amount.cents,
                    "metadata": {"refund_id": str(refund_id)},
                },
                {"idempotency_key": f"refund-{refund_id}"},
            )
        )

    async def read_event(self, body: bytes, signature: str) -> Told | None:
        """What a webhook tells, checked over its raw bytes and fetched again from the processor; None: not for us.

        Raises SignatureInvalid, InvalidField.
        """
        event = self._verified(body, signature)
        if event.type not in EVENTS:
            return None
        session_id = str(event.data.object["id"])
        session = await _ask(lambda: self._client.v1.checkout.sessions.retrieve(session_id))
        try:
            named = cast("Mapping[str, str]", session.metadata or {})
            payment_id, statement_id = UUID(named["payment_id"]), UUID(named["statement_id"])
        except (KeyError, ValueError):
            return None
        intent = session.payment_intent
        return Told(
            event_id=event.id,
            payment_id=payment_id,
            statement_id=statement_id,
            state=_state(event.type, session.payment_status),
            amount=Money(session.amount_total or 0, (session.currency or "usd").upper()),
            processor_payment=intent if isinstance(intent, str) else "" if intent is None else intent.id,
        )

    def _verified(self, body: bytes, signature: str) -> stripe.Event:
        for secret in self._webhook_secrets:
            try:
                return cast("stripe.Event", stripe.Webhook.construct_event(body, signature, secret))
            except (ValueError, stripe.SignatureVerificationError):
                continue
        raise SignatureInvalid


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
