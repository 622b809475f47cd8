"""The local payment processor, as Stripe's own SDK sees it, and the webhooks it sends."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
import stripe
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from deploy.local.ports import free_ports
from deploy.local.processor import Settings, application, form, sign
from tests.waiting import until

SECRET, WEBHOOK_SECRET = "sk_local", "whsec_local"
PARAMS: Any = {
    "mode": "payment",
    "client_reference_id": "p1",
    "metadata": {"payment_id": "p1"},
    "line_items": [
        {
            "quantity": 1,
            "price_data": {"currency": "usd", "unit_amount": 4250, "product_data": {"name": "Statement"}},
        }
    ],
    "success_url": "https://localhost:8443/paid?s={CHECKOUT_SESSION_ID}",
    "cancel_url": "https://localhost:8443/cancelled",
}


@dataclass
class Portal:
    """The receiver of webhooks, the SDK's client and a browser."""

    sdk: stripe.StripeClient
    browser: httpx.AsyncClient
    received: list[tuple[bytes, str]] = field(default_factory=list)
    refusals: int = 0

    def events(self) -> list[Any]:
        """What was told, each signature checked over the raw bytes."""
        return [stripe.Webhook.construct_event(body, signature, WEBHOOK_SECRET) for body, signature in self.received]

    def types(self) -> list[str]:
        return [event.type for event in self.events()]

    async def open(self, key: str = "k1", **changed: object) -> Any:
        params: Any = {**PARAMS, **changed}
        return await asyncio.to_thread(self.sdk.v1.checkout.sessions.create, params, {"idempotency_key": key})

    async def answer(self, session: Any, outcome: str) -> httpx.Response:
        return await self.browser.post(f"/pay/{session.id}", data={"outcome": outcome})


@pytest.fixture
async def portal(tmp_path: Path) -> AsyncIterator[Portal]:
    port, own_port = free_ports(2)
    base = f"http://127.0.0.1:{port}"
    settings = Settings(base, f"http://127.0.0.1:{own_port}/hook", SECRET, WEBHOOK_SECRET)
    client = stripe.StripeClient(SECRET, base_addresses={"api": base}, max_network_retries=0)
    async with httpx.AsyncClient(base_url=base, trust_env=False) as browser:
        running = Portal(client, browser)

        async def hook(request: Request) -> Response:
            if running.refusals:
                running.refusals -= 1
                return Response(status_code=503)
            running.received.append((await request.body(), request.headers["stripe-signature"]))
            return Response()

        servers = [
            uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=at, log_level="error"))
            for app, at in (
                (application(tmp_path / "processor", settings), port),
                (Starlette(routes=[Route("/hook", hook, methods=["POST"])]), own_port),
            )
        ]
        tasks = [asyncio.create_task(server.serve()) for server in servers]
        await until(lambda: all(server.started for server in servers))
        yield running
        for server in servers:
            server.should_exit = True
        await asyncio.gather(*tasks)


async def test_a_paid_session_is_told_with_what_the_portal_named_it(portal: Portal) -> None:
    session = await portal.open()
    assert (session.payment_status, session.amount_total, session.currency) == ("unpaid", 4250, "usd")
    assert "42.50 USD" in (await portal.browser.get(session.url)).text
    response = await portal.answer(session, "pay")
    assert response.headers["location"] == f"https://localhost:8443/paid?s={session.id}"
    await until(lambda: portal.received)
    [event] = portal.events()
    told = event.data.object
    assert (event.type, told["payment_status"], told["metadata"]["payment_id"]) == (
        "checkout.session.completed",
        "paid",
        "p1",
    )
    found = await asyncio.to_thread(portal.sdk.v1.checkout.sessions.retrieve, session.id)
    assert (found.payment_status, found.client_reference_id) == ("paid", "p1")
    assert str(found.payment_intent).startswith("pi_")


async def test_the_same_key_opens_one_session_and_another_request_under_it_is_refused(portal: Portal) -> None:
    first, second = await portal.open("k1"), await portal.open("k1")
    assert first.id == second.id
    with pytest.raises(stripe.IdempotencyError):
        await portal.open("k1", client_reference_id="p2")
    assert len((await portal.browser.get("/ledger.json")).json()["sessions"]) == 1


async def test_paying_twice_pays_once(portal: Portal) -> None:
    session = await portal.open()
    await asyncio.gather(*(portal.answer(session, "pay") for _ in range(5)))
    ledger = (await portal.browser.get("/ledger.json")).json()
    assert len(ledger["payments"]) == 1
    assert len(ledger["events"]) == 1


async def test_a_declined_card_ends_the_session(portal: Portal) -> None:
    session = await portal.open()
    assert (await portal.answer(session, "decline")).headers["location"] == "https://localhost:8443/cancelled"
    await portal.answer(session, "pay")
    await until(lambda: portal.received)
    assert portal.types() == ["checkout.session.expired"]


@pytest.mark.parametrize(
    ("bank", "told"),
    [("settle", "checkout.session.async_payment_succeeded"), ("refuse", "checkout.session.async_payment_failed")],
)
async def test_a_payment_left_pending_is_settled_by_the_bank_once(portal: Portal, bank: str, told: str) -> None:
    session = await portal.open()
    await portal.answer(session, "pending")
    for outcome in (bank, "settle", "refuse"):
        await portal.answer(session, outcome)
    await until(lambda: len(portal.received) == 2)
    assert portal.events()[0].data.object["payment_status"] == "unpaid"
    assert portal.types() == ["checkout.session.completed", told]


async def test_an_old_session_expires(portal: Portal) -> None:
    await portal.open(expires_at=1)
    await until(lambda: portal.received)
    assert portal.types() == ["checkout.session.expired"]


async def test_no_more_is_refunded_than_was_paid(portal: Portal) -> None:
    session = await portal.open()
    await portal.answer(session, "pay")
    paid = await asyncio.to_thread(portal.sdk.v1.checkout.sessions.retrieve, session.id)

    async def refund(amount: int, key: str) -> Any:
        params: Any = {"payment_intent": str(paid.payment_intent), "amount": amount}
        return await asyncio.to_thread(portal.sdk.v1.refunds.create, params, {"idempotency_key": key})

    assert (await refund(4000, "r1")).status == "succeeded"
    assert (await refund(4000, "r1")).amount == 4000, "the same refund"
    with pytest.raises(stripe.InvalidRequestError):
        await refund(251, "r2")
    with pytest.raises(stripe.InvalidRequestError):
        await refund(0, "r3")
    await refund(250, "r4")
    ledger = (await portal.browser.get("/ledger.json")).json()
    assert [made["amount"] for made in ledger["refunds"]] == [4000, 250]
    assert ledger["payments"][0]["amount_refunded"] == 4250


@pytest.mark.parametrize(
    ("decision", "status", "left", "told"),
    [
        ("win", "won", 0, ["charge.dispute.closed", "charge.dispute.funds_reinstated"]),
        ("lose", "lost", -4250, ["charge.dispute.closed"]),
    ],
)
async def test_a_dispute_takes_the_money_and_is_decided_once(
    portal: Portal, decision: str, status: str, left: int, told: list[str]
) -> None:
    session = await portal.open()
    await portal.answer(session, "pay")
    for outcome in ("dispute", "dispute", decision, "win", "lose"):
        await portal.answer(session, outcome)
    begun = ["checkout.session.completed", "charge.dispute.created", "charge.dispute.funds_withdrawn"]
    await until(lambda: portal.types() == [*begun, *told])
    dispute = await asyncio.to_thread(portal.sdk.v1.disputes.retrieve, portal.events()[1].data.object["id"])
    assert (dispute.status, sum(one.amount for one in dispute.balance_transactions)) == (status, left)
    intent = await asyncio.to_thread(portal.sdk.v1.payment_intents.retrieve, str(dispute.payment_intent))
    assert intent.amount == 4250


async def test_an_event_is_told_until_it_is_taken(portal: Portal) -> None:
    portal.refusals = 3
    await portal.answer(await portal.open(), "pay")
    await until(lambda: portal.received)
    await until(lambda: told_tries(portal, 4))


async def told_tries(portal: Portal, tries: int) -> bool:
    [event] = (await portal.browser.get("/ledger.json")).json()["events"]
    return bool(event["delivered"] and event["tries"] == tries)


async def test_a_wrong_secret_and_wrong_fields_are_refused(portal: Portal) -> None:
    with pytest.raises(stripe.InvalidRequestError):
        await portal.open("k2", line_items=[])
    with pytest.raises(stripe.InvalidRequestError):
        await portal.open("k3", success_url="javascript:alert(1)")
    base = str(portal.browser.base_url)
    stranger = stripe.StripeClient("sk_other", base_addresses={"api": base}, max_network_retries=0)
    with pytest.raises(stripe.AuthenticationError):
        await asyncio.to_thread(stranger.v1.checkout.sessions.create, PARAMS)


def test_forms_are_read_as_stripe_writes_them() -> None:
    assert form(b"a[0][b]=1&a[1][b]=2&c[d]=x+y&e=") == {"a": [{"b": "1"}, {"b": "2"}], "c": {"d": "x y"}, "e": ""}


def test_a_signature_fits_its_bytes_only() -> None:
    signature = sign(WEBHOOK_SECRET, b"{}", at=1_000)
    with pytest.raises(stripe.SignatureVerificationError):
        stripe.Webhook.construct_event(b"{ }", signature, WEBHOOK_SECRET, tolerance=10**12)
