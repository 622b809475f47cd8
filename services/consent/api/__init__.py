"""Consent's API: message in, command or question, message out; one module a topic."""

from services.consent.api.access import Access
from services.consent.api.consents import Consents
from services.consent.api.emergencies import Emergencies
from services.consent.api.releases import Releases
from services.consent.api.representatives import Representatives
from services.consent.api.scans import Scans
from services.consent.api.signing import Signing
from services.consent.api.tasks import Tasks
from services.consent.decisions import Decisions
from shared.eventstore.store import EventStore
from shared.uploads.blobs import Blobs

__all__ = ["ConsentApi"]


class ConsentApi(Consents, Representatives, Access, Emergencies, Tasks, Signing, Scans, Releases):
    """One method an RPC of ``portal.consent.v1.ConsentApi``."""

    def __init__(self, decisions: Decisions, store: EventStore, blobs: Blobs) -> None:
        Consents.__init__(self, decisions)
        Representatives.__init__(self, decisions)
        Access.__init__(self, decisions)
        Signing.__init__(self, decisions, store)
        Scans.__init__(self, store, blobs)
