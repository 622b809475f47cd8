"""The payment processor's adapter, where nobody answers and where a signature does not fit."""

from uuid import UUID

import pytest

from deploy.local.ports import free_ports
from deploy.local.processor import sign
from services.billing.processor import Checkout, Processor, SignatureInvalid
from shared.clock import machine_now
from shared.errors import Unavailable
from shared.money import Money


async def test_a_processor_that_does_not_answer_is_tried_again_later() -> None:
    (port,) = free_ports(1)
    processor = Processor("sk_of_nobody", ["whsec_of_nobody"], f"http://127.0.0.1:{port}")
    checkout = Checkout(UUID(int=1), UUID(int=2), Money(100, "USD"), "https://portal.example/bills")
    with pytest.raises(Unavailable):
        await processor.open_page(checkout)


@pytest.mark.parametrize("signature", ["", "t=1,v1=00", "nonsense"])
async def test_a_webhook_with_another_signature_is_refused(signature: str) -> None:
    processor = Processor("sk_of_nobody", ["whsec_one", "whsec_two"])
    with pytest.raises(SignatureInvalid):
        await processor.read_event(b"{}", signature)


async def test_r33_while_a_webhook_secret_is_replaced_both_hold_and_a_former_one_does_not() -> None:
    processor = Processor("sk_of_nobody", ["whsec_new", "whsec_old"])
    body = b'{"id": "evt_1", "object": "event", "type": "customer.created", "data": {"object": {"id": "cus_1"}}}'
    for secret in ("whsec_new", "whsec_old"):
        assert await processor.read_event(body, sign(secret, body)) is None, "taken, and not for us"
    with pytest.raises(SignatureInvalid):
        await processor.read_event(body, sign("whsec_former", body))


async def test_r33_a_webhook_is_checked_over_its_raw_bytes_and_for_five_minutes() -> None:
    processor = Processor("sk_of_nobody", ["whsec_one"])
    body = b'{"id": "evt_1", "object": "event", "type": "customer.created", "data": {"object": {"id": "cus_1"}}}'
    signature = sign("whsec_one", body)
    for other in (body + b" ", body.replace(b": ", b":")):
        with pytest.raises(SignatureInvalid):
            await processor.read_event(other, signature)
    now = int(machine_now().timestamp())
    assert await processor.read_event(body, sign("whsec_one", body, at=now - 290)) is None
    with pytest.raises(SignatureInvalid):
        await processor.read_event(body, sign("whsec_one", body, at=now - 310))
