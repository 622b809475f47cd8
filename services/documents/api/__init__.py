"""What patients and staff ask of documents: message in, command or query, message out; one module a topic."""

from services.documents.api.attachments import Attachments
from services.documents.api.documents import Documents
from services.documents.api.exporting import Exporting
from services.documents.api.policy import ReleasePolicies, ReleaseWishes
from services.documents.api.record import Record
from services.documents.api.results import Results
from services.documents.api.review import Review
from services.documents.api.transmissions import Transmissions
from services.documents.shares import Shares
from shared.names import Names
from shared.throttle import Throttle
from shared.uploads.blobs import Blobs

__all__ = ["DocumentsApi"]


class DocumentsApi(
    Results, Review, ReleasePolicies, ReleaseWishes, Documents, Attachments, Record, Exporting, Transmissions
):
    """The API port's servicer; policies have been applied before a method is called."""

    def __init__(self, names: Names, blobs: Blobs, shares: Shares, throttle: Throttle) -> None:
        Results.__init__(self, names)
        Documents.__init__(self, blobs)
        Attachments.__init__(self, blobs, throttle)
        Record.__init__(self, names)
        Exporting.__init__(self, names, blobs)
        Transmissions.__init__(self, names, blobs, shares, throttle)
