"""What identity's servicers stand on, made once in ``main.py``."""

from dataclasses import dataclass

from services.identity.address_book import AddressBook
from services.identity.credentials.handed import Handed
from services.identity.credentials.links import Links
from services.identity.credentials.passkeys import Passkeys
from services.identity.credentials.passwords import Passwords
from services.identity.credentials.sessions import Sessions
from services.identity.credentials.throttle import Throttle
from services.identity.credentials.tokens import TokenSigner
from services.identity.credentials.vault import Vault
from services.identity.heads import Heads
from services.identity.rules_clock import ClockOffset
from services.identity.sign_in import SignIn
from shared.eventstore.store import EventStore
from shared.reading import Database


@dataclass(frozen=True, slots=True)
class Parts:
    """The store, the adapters to the credentials tables, and what is built on them."""

    store: EventStore
    database: Database
    passwords: Passwords
    vault: Vault
    sessions: Sessions
    throttle: Throttle
    links: Links
    signer: TokenSigner
    sign_in: SignIn
    heads: Heads
    book: AddressBook
    handed: Handed
    passkeys: Passkeys
    clock_offset: ClockOffset


class Servicer:
    """Holds the parts for the methods of one topic."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
