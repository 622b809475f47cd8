"""Composes billing: the payment processor, then its tables handed to the machinery."""

from pathlib import Path

from services.billing.api import BillingApi, GuestCheck
from services.billing.consumers import CONSUMERS
from services.billing.peers import BillingPeers
from services.billing.policies import POLICIES
from services.billing.processes import PROCESSES, Payments
from services.billing.processor import Processor
from services.billing.projections.charges import CHARGES
from services.billing.projections.guarantors import GUARANTORS
from services.billing.projections.joined import JOINED
from services.billing.projections.payments import PAYMENTS
from services.billing.projections.statements import STATEMENTS
from services.billing.published import PUBLISHED
from services.billing.settings import BillingSettings
from services.billing.stored import STORED
from shared.contracts.billing.v1 import api_pb2, peers_pb2
from shared.contracts.identity.v1.peers_pb2_grpc import IdentityPeersStub
from shared.names import Names
from shared.process import run
from shared.service import Endpoint, Foundation, Service
from shared.throttle import Throttle


def compose(foundation: Foundation) -> Service:
    """One processor serves the pages, the webhook and the refunds."""
    settings = BillingSettings()
    processor = Processor(settings.stripe_secret_key, settings.webhook_secrets, settings.api_base)
    identity = foundation.channel("identity")
    throttle = Throttle(foundation.database, "guest_tries")
    check = GuestCheck(foundation.store, throttle, IdentityPeersStub(identity))
    return Service(
        name="billing",
        stored=STORED,
        published=PUBLISHED,
        read_models=[CHARGES, STATEMENTS, PAYMENTS, GUARANTORS, JOINED],
        policies=POLICIES,
        api=Endpoint(
            "portal.billing.v1.BillingApi",
            api_pb2,
            BillingApi(processor, Names(identity), check, settings.public_url),
        ),
        peers=Endpoint("portal.billing.v1.BillingPeers", peers_pb2, BillingPeers()),
        processes=PROCESSES,
        consumers=CONSUMERS,
        effects=Payments(foundation.store, processor).effects(),
        migrations=Path(__file__).with_name("migrations"),
    )


if __name__ == "__main__":
    run("billing", compose)
