"""Composes consent: identity's facts and the decisions over its own store, then its tables, handed to the machinery."""

from services.consent.api import ConsentApi
from services.consent.consumers import CONSUMERS, EFFECTS, FACT_KINDS
from services.consent.decisions import Decisions
from services.consent.facts import IdentityFacts
from services.consent.peers import ConsentPeers
from services.consent.policies import POLICIES, reading_through
from services.consent.processes import PROCESSES
from services.consent.processes import effects as own_effects
from services.consent.projections.authorizations import AUTHORIZATIONS
from services.consent.projections.birth_dates import BIRTH_DATES
from services.consent.projections.consents import CONSENTS
from services.consent.projections.desk_tasks import DESK_TASKS
from services.consent.projections.emergencies import EMERGENCIES
from services.consent.projections.forms import FORMS
from services.consent.projections.releases import RELEASES
from services.consent.published import PUBLISHED
from services.consent.settings import ConsentSettings
from services.consent.stored import STORED
from shared.access.standing import standing_in
from shared.contracts.consent.v1 import api_pb2, peers_pb2
from shared.contracts.identity.v1.peers_pb2_grpc import IdentityPeersStub
from shared.process import run
from shared.service import Endpoint, Foundation, Service
from shared.uploads.blobs import Blobs

READ_MODELS = (FORMS, CONSENTS, AUTHORIZATIONS, EMERGENCIES, DESK_TASKS, RELEASES, BIRTH_DATES)


def compose(foundation: Foundation) -> Service:
    """Consent decides access in its own process, from its own store, under identity's lease, and keeps scans."""
    settings = ConsentSettings()
    facts = IdentityFacts(
        IdentityPeersStub(foundation.channel("identity")),
        foundation.database,
        standing_in(foundation.database),
        foundation.clock,
        kinds=FACT_KINDS,
    )
    decisions = Decisions(foundation.store, facts, foundation.clock.now)
    blobs = Blobs(settings.scans_url, foundation.database)
    return Service(
        name="consent",
        stored=STORED,
        published=PUBLISHED,
        read_models=READ_MODELS,
        policies=reading_through(POLICIES, facts),
        api=Endpoint("portal.consent.v1.ConsentApi", api_pb2, ConsentApi(decisions, foundation.store, blobs)),
        peers=Endpoint(
            "portal.consent.v1.ConsentPeers",
            peers_pb2,
            ConsentPeers(decisions, foundation.store, settings.public_url),
        ),
        processes=PROCESSES,
        consumers=CONSUMERS,
        effects={**EFFECTS, **own_effects(foundation.store)},
        decides_access=decisions.decide,
        background={"facts lease": facts.lease.keep},
    )


if __name__ == "__main__":
    run("consent", compose)
