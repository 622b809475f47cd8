"""The payment processor's adapter, where nobody answers and where a signature does not fit."""

from uuid import UUID

import pytest

from services.billing.processor import Checkout, Processor, SignatureInvalid
from shared.errors import Unavailable
from shared.money import Money
from tests.ports import ReservedPorts


async def test_a_processor_that_does_not_answer_is_tried_again_later() -> None:
    ports = ReservedPorts(1)
    (port,) = ports.numbers
    ports.close()
    processor = Processor("sk_of_nobody", ["whsec_of_nobody"], f"http://127.0.0.1:{port}")
    checkout = Checkout(UUID(int=1), UUID(int=2), Money(100, "USD"), "https://portal.example/bills")
    with pytest.raises(Unavailable):
        await processor.open_page(checkout)


@pytest.mark.parametrize("signature", ["", "t=1,v1=00", "nonsense"])
async def test_a_webhook_with_another_signature_is_refused(signature: str) -> None:
    processor = Processor("sk_of_nobody", ["whsec_one", "whsec_two"])
    with pytest.raises(SignatureInvalid):
        await processor.read_event(b"{}", signature)
