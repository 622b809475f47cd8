"""Composes billing: the payment processor, then its tables handed to the machinery."""

from services.billing.api import BillingApi
from services.billing.consumers import CONSUMERS
from services.billing.peers import BillingPeers
from services.billing.policies import POLICIES
from services.billing.processes import PROCESSES, Payments
from services.billing.processor import Processor
from services.billing.projections.charges import CHARGES
from services.billing.projections.payments import PAYMENTS
from services.billing.projections.statements import STATEMENTS
from services.billing.published import PUBLISHED
from services.billing.settings import BillingSettings
from services.billing.stored import STORED
from shared.contracts.billing.v1 import api_pb2, peers_pb2
from shared.names import Names
from shared.process import run
from shared.service import Endpoint, Foundation, Service


def compose(foundation: Foundation) -> Service:
    """One processor serves the pages, the webhook and the refunds."""
    settings = BillingSettings()
    processor = Processor(settings.stripe_secret_key, settings.webhook_secrets, settings.api_base)
    names = Names(foundation.channel("identity"))
    return Service(
        name="billing",
        stored=STORED,
        published=PUBLISHED,
        read_models=[CHARGES, STATEMENTS, PAYMENTS],
        policies=POLICIES,
        api=Endpoint("portal.billing.v1.BillingApi", api_pb2, BillingApi(processor, names, settings.public_url)),
        peers=Endpoint("portal.billing.v1.BillingPeers", peers_pb2, BillingPeers()),
        processes=PROCESSES,
        consumers=CONSUMERS,
        effects=Payments(foundation.store, processor).effects(),
    )


if __name__ == "__main__":
    run("billing", compose)
