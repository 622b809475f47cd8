"""What patients, staff, guests and the payment processor ask of billing; one module a topic."""

from services.billing.api.guarantors import Guarantors
from services.billing.api.guests import GuestCheck, Guests
from services.billing.api.paying import Paying
from services.billing.api.posting import Posting
from services.billing.api.reading import Reading
from services.billing.processor import Processor
from shared.names import Names

__all__ = ["BillingApi", "GuestCheck"]


class BillingApi(Reading, Paying, Posting, Guests, Guarantors):
    """The API port's servicer; policies have been applied before a method is called."""

    def __init__(self, processor: Processor, names: Names, check: GuestCheck, public_url: str) -> None:
        Reading.__init__(self, names)
        Paying.__init__(self, processor, public_url)
        Guests.__init__(self, check, processor, public_url)
        Guarantors.__init__(self, processor, public_url)
