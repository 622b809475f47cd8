"""Composes documents: hands its tables to the machinery."""

from pathlib import Path

from services.documents.api import DocumentsApi
from services.documents.consumers import CONSUMERS
from services.documents.peers import DocumentsPeers
from services.documents.policies import POLICIES
from services.documents.processes import EFFECTS, PROCESSES, Purging
from services.documents.projections.access_history import ACCESS_HISTORY
from services.documents.projections.documents import DOCUMENTS
from services.documents.projections.history_staff import HISTORY_STAFF
from services.documents.projections.providers import PROVIDERS
from services.documents.projections.questions import QUESTIONS
from services.documents.projections.record_entries import RECORD_ENTRIES
from services.documents.projections.release_policies import RELEASE_POLICIES
from services.documents.projections.results import RESULTS
from services.documents.projections.transmissions import TRANSMISSIONS
from services.documents.published import PUBLISHED
from services.documents.settings import DocumentsSettings
from services.documents.shares import Shares
from services.documents.stored import STORED
from shared.contracts.consent.v1.peers_pb2_grpc import ConsentPeersStub
from shared.contracts.documents.v1 import api_pb2, peers_pb2
from shared.contracts.messaging.v1.peers_pb2_grpc import MessagingPeersStub
from shared.names import Names
from shared.process import run
from shared.service import Endpoint, Foundation, Service
from shared.throttle import Throttle
from shared.uploads.blobs import Blobs

READ_MODELS = (
    RESULTS,
    DOCUMENTS,
    RECORD_ENTRIES,
    RELEASE_POLICIES,
    PROVIDERS,
    QUESTIONS,
    HISTORY_STAFF,
    TRANSMISSIONS,
    *ACCESS_HISTORY,
)


def compose(foundation: Foundation) -> Service:
    """Documents asks identity for names, consent whether a mailed link may still show, and keeps files in a store."""
    settings = DocumentsSettings()
    blobs = Blobs(settings.blobs_url, foundation.database)
    names = Names(foundation.channel("identity"))
    shares = Shares(
        foundation.store,
        foundation.database,
        ConsentPeersStub(foundation.channel("consent")),
        settings.service_key.derived("transmissions"),
        settings.public_url,
    )
    throttle = Throttle(foundation.database, "account_tries")
    purging = Purging(MessagingPeersStub(foundation.channel("messaging")), blobs)
    return Service(
        name="documents",
        stored=STORED,
        published=PUBLISHED,
        read_models=READ_MODELS,
        policies=POLICIES,
        api=Endpoint("portal.documents.v1.DocumentsApi", api_pb2, DocumentsApi(names, blobs, shares, throttle)),
        peers=Endpoint(
            "portal.documents.v1.DocumentsPeers", peers_pb2, DocumentsPeers(foundation.store, blobs, shares, names)
        ),
        processes=PROCESSES,
        consumers=CONSUMERS,
        effects={**EFFECTS, **purging.effects()},
        migrations=Path(__file__).with_name("migrations"),
    )


if __name__ == "__main__":
    run("documents", compose)
