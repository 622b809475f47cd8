"""Composes messaging: its adapters, then its tables, handed to the machinery."""

from services.messaging.api import MessagingApi
from services.messaging.api.attaching import Files
from services.messaging.consumers import CONSUMERS
from services.messaging.mail import MailServer
from services.messaging.peers import MessagingPeers
from services.messaging.policies import POLICIES
from services.messaging.processes import PROCESSES, Notifying
from services.messaging.projections.appointment_policies import APPOINTMENT_POLICIES
from services.messaging.projections.appointments import APPOINTMENTS
from services.messaging.projections.conversations import CONVERSATIONS
from services.messaging.projections.guarantors import GUARANTORS, JOINED
from services.messaging.projections.inbox import INBOX_PROVIDERS, INBOX_RECORDS, INBOX_STATEMENTS
from services.messaging.projections.mail_choices import MAIL_CHOICES
from services.messaging.projections.medications import MEDICATIONS
from services.messaging.projections.notifications import NOTIFICATIONS
from services.messaging.projections.pending_results import PENDING_RESULTS
from services.messaging.projections.practice_queue import PRACTICE_QUEUE
from services.messaging.projections.practices import PRACTICES
from services.messaging.projections.providers import PROVIDERS
from services.messaging.projections.readers import READERS
from services.messaging.projections.refills import REFILLS
from services.messaging.projections.sent_attachments import SENT_ATTACHMENTS
from services.messaging.projections.staff import STAFF
from services.messaging.published import PUBLISHED
from services.messaging.settings import MailSettings
from services.messaging.stored import STORED
from shared.contracts.consent.v1.peers_pb2_grpc import ConsentPeersStub
from shared.contracts.documents.v1.peers_pb2_grpc import DocumentsPeersStub
from shared.contracts.identity.v1.peers_pb2_grpc import IdentityPeersStub
from shared.contracts.messaging.v1 import api_pb2, peers_pb2
from shared.process import run
from shared.service import Endpoint, Foundation, Service

READ_MODELS = (
    CONVERSATIONS,
    SENT_ATTACHMENTS,
    APPOINTMENTS,
    APPOINTMENT_POLICIES,
    REFILLS,
    MEDICATIONS,
    PRACTICE_QUEUE,
    NOTIFICATIONS,
    MAIL_CHOICES,
    INBOX_PROVIDERS,
    INBOX_RECORDS,
    INBOX_STATEMENTS,
    PENDING_RESULTS,
    READERS,
    GUARANTORS,
    JOINED,
    PRACTICES,
    PROVIDERS,
    STAFF,
)


def compose(foundation: Foundation) -> Service:
    """Messaging asks identity for addresses and links, documents for files, and hands mails to the mail server."""
    settings = MailSettings()
    identity = IdentityPeersStub(foundation.channel("identity"))
    documents = DocumentsPeersStub(foundation.channel("documents"))
    consent = ConsentPeersStub(foundation.channel("consent"))
    mails = MailServer(settings.smtp_url, settings.mail_from)
    return Service(
        name="messaging",
        stored=STORED,
        published=PUBLISHED,
        read_models=READ_MODELS,
        policies=POLICIES,
        api=Endpoint("portal.messaging.v1.MessagingApi", api_pb2, MessagingApi(Files(documents))),
        peers=Endpoint("portal.messaging.v1.MessagingPeers", peers_pb2, MessagingPeers()),
        processes=PROCESSES,
        consumers=CONSUMERS,
        effects=Notifying(identity, documents, mails, settings.public_url, consent).effects(),
    )


if __name__ == "__main__":
    run("messaging", compose)
