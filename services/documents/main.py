"""Composes documents: hands its tables to the machinery."""

from services.documents.api import DocumentsApi
from services.documents.consumers import CONSUMERS
from services.documents.files.blobs import Blobs
from services.documents.peers import DocumentsPeers
from services.documents.policies import POLICIES
from services.documents.processes import EFFECTS, PROCESSES
from services.documents.projections.access_history import ACCESS_HISTORY
from services.documents.projections.documents import DOCUMENTS
from services.documents.projections.history_staff import HISTORY_STAFF
from services.documents.projections.providers import PROVIDERS
from services.documents.projections.questions import QUESTIONS
from services.documents.projections.record_entries import RECORD_ENTRIES
from services.documents.projections.release_policies import RELEASE_POLICIES
from services.documents.projections.results import RESULTS
from services.documents.published import PUBLISHED
from services.documents.settings import DocumentsSettings
from services.documents.stored import STORED
from shared.contracts.documents.v1 import api_pb2, peers_pb2
from shared.names import Names
from shared.process import run
from shared.service import Endpoint, Foundation, Service

READ_MODELS = (
    RESULTS,
    DOCUMENTS,
    RECORD_ENTRIES,
    RELEASE_POLICIES,
    PROVIDERS,
    QUESTIONS,
    HISTORY_STAFF,
    *ACCESS_HISTORY,
)


def compose(foundation: Foundation) -> Service:
    """Documents asks identity for the names that a PDF shows, and keeps files in an object store."""
    blobs = Blobs(DocumentsSettings().blobs_url, foundation.database)
    names = Names(foundation.channel("identity"))
    return Service(
        name="documents",
        stored=STORED,
        published=PUBLISHED,
        read_models=READ_MODELS,
        policies=POLICIES,
        api=Endpoint("portal.documents.v1.DocumentsApi", api_pb2, DocumentsApi(names, blobs)),
        peers=Endpoint("portal.documents.v1.DocumentsPeers", peers_pb2, DocumentsPeers(foundation.store, blobs)),
        processes=PROCESSES,
        consumers=CONSUMERS,
        effects=EFFECTS,
    )


if __name__ == "__main__":
    run("documents", compose)
