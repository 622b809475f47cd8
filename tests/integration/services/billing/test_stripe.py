"""What is sent to Stripe, judged by stripe-mock: Stripe's own server that checks each request against its OpenAPI.

It is a Go module, which ``make test`` installs where Go is (``deploy/stripe_mock.py``). It keeps nothing: that a key
pays once is proved against the local processor, which does.
"""

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID

import httpx
import pytest
import stripe

from deploy.local.ports import free_ports
from deploy.local.processor import sign
from deploy.stripe_mock import find
from services.billing.processor import Checkout, Processor, Sent
from shared.money import Money
from tests.waiting import until

MOCK = find()
SECRETS = ["whsec_new", "whsec_old"]

pytestmark = pytest.mark.skipif(not MOCK, reason="stripe-mock is not here, and no Go to install it with")


@pytest.fixture
async def address() -> AsyncIterator[str]:
    (port,) = free_ports(1)
    process = await asyncio.create_subprocess_exec(MOCK, "-http-addr", f"127.0.0.1:{port}")
    base = f"http://127.0.0.1:{port}"

    async def is_up() -> bool:
        try:
            async with httpx.AsyncClient(trust_env=False) as client:
                return (await client.get(base, auth=("sk_test_1", ""))).status_code > 0
        except httpx.HTTPError:
            return False

    await until(is_up, seconds=30)
    yield base
    process.terminate()
    await process.wait()


async def test_r33_stripe_takes_the_session_that_opens_the_hosted_page(address: str) -> None:
    processor = Processor("sk_test_1", SECRETS, address)
    checkout = Checkout(UUID(int=1), UUID(int=2), Money(4_250), "https://portal.example/pay/done")
    assert (await processor.open_page(checkout)).startswith("https://checkout.stripe.com/")


async def test_r33_stripe_takes_the_refund(address: str) -> None:
    sent = Sent(UUID(int=3), UUID(int=1), UUID(int=2), Money(4_250), "pi_123")
    assert await Processor("sk_test_1", SECRETS, address).refund(sent) == "sent"


async def test_r33_a_field_that_stripe_does_not_know_is_found_out(address: str) -> None:
    client = stripe.StripeClient("sk_test_1", base_addresses={"api": address}, max_network_retries=0)
    unknown: stripe.params.checkout.SessionCreateParams = {"mode": "payment", "amount_in_dollars": 1}  # type: ignore[typeddict-unknown-key]  # what this is about
    with pytest.raises(stripe.InvalidRequestError):
        await asyncio.to_thread(client.v1.checkout.sessions.create, unknown)


@pytest.mark.parametrize(
    "type",
    ["checkout.session.completed", "refund.created", "charge.dispute.created", "charge.dispute.closed"],
)
@pytest.mark.parametrize("secret", SECRETS)
async def test_r33_a_signed_event_is_fetched_again_and_passed_over_where_it_names_no_payment_of_ours(
    address: str, type: str, secret: str
) -> None:
    body = b'{"id": "evt_1", "object": "event", "type": "%s", "data": {"object": {"id": "xx_1"}}}' % type.encode()
    assert await Processor("sk_test_1", SECRETS, address).read_event(body, sign(secret, body)) is None
