"""Composes identity: its adapters to the credentials tables, then its tables, handed to the machinery."""

from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

from services.identity.address_book import AddressBook
from services.identity.api import IdentityApi
from services.identity.consumers import CONSUMERS
from services.identity.credentials.handed import Handed
from services.identity.credentials.links import Links
from services.identity.credentials.passkeys import Passkeys
from services.identity.credentials.passwords import Passwords
from services.identity.credentials.sessions import Sessions
from services.identity.credentials.throttle import Throttle
from services.identity.credentials.tokens import TokenSigner
from services.identity.credentials.vault import Vault
from services.identity.heads import Heads
from services.identity.parts import Parts
from services.identity.peers import IdentityPeers, memberships_of
from services.identity.policies import POLICIES
from services.identity.processes import PROCESSES, Following
from services.identity.projections.addresses import Addresses
from services.identity.projections.changes import CHANGES
from services.identity.projections.duplicates import DUPLICATES
from services.identity.projections.enrolments import ENROLMENTS
from services.identity.projections.invitations import INVITATIONS
from services.identity.projections.patients import Directory
from services.identity.projections.persons import PERSONS
from services.identity.projections.practices import PRACTICES
from services.identity.projections.providers import PROVIDERS
from services.identity.projections.seconding import SECONDING
from services.identity.projections.staff import STAFF
from services.identity.projections.usual_providers import USUAL_PROVIDERS
from services.identity.published import PUBLISHED
from services.identity.recoveries import Answering
from services.identity.rules_clock import ClockOffset
from services.identity.settings import IdentitySettings
from services.identity.sign_in import Proofs, SignIn
from services.identity.stored import STORED
from shared.access.windows import StaffMembership
from shared.contracts.identity.v1 import api_pb2, peers_pb2
from shared.process import run
from shared.service import Endpoint, Foundation, Service


def parts_of(foundation: Foundation, settings: IdentitySettings) -> Parts:
    """Each adapter derives with a key of its own."""
    store, database, key = foundation.store, foundation.database, settings.service_key
    passwords, throttle = Passwords(), Throttle(database)
    passkeys = Passkeys(database, settings.public_url)
    vault = Vault(database, key.derived("factors"))
    return Parts(
        store=store,
        database=database,
        passwords=passwords,
        vault=vault,
        sessions=Sessions(database, key.derived("refresh tokens")),
        throttle=throttle,
        links=Links(key.derived("one-time links"), settings.public_url),
        signer=TokenSigner(settings.signing_key, settings.public_url),
        sign_in=SignIn(store, Proofs(vault, passwords, passkeys), throttle, key.derived("devices")),
        heads=Heads(store, database),
        book=AddressBook(store, database),
        passkeys=passkeys,
        handed=Handed(database, key.derived("handed tokens")),
        clock_offset=ClockOffset(database, foundation.clock, is_settable=not settings.is_production),
    )


def compose(foundation: Foundation) -> Service:
    """Identity asks no peer; the others ask it."""
    parts = parts_of(foundation, IdentitySettings())

    async def staff_of(account_id: UUID) -> Sequence[StaffMembership]:
        return await memberships_of(foundation.store, account_id)

    return Service(
        name="identity",
        stored=STORED,
        published=PUBLISHED,
        read_models=(
            PRACTICES,
            PROVIDERS,
            USUAL_PROVIDERS,
            STAFF,
            Directory(foundation.store.blind).read_model(),
            PERSONS,
            Addresses(foundation.store.blind).read_model(),
            INVITATIONS,
            ENROLMENTS,
            SECONDING,
            DUPLICATES,
            CHANGES,
        ),
        policies=POLICIES,
        api=Endpoint("portal.identity.v1.IdentityApi", api_pb2, IdentityApi(parts)),
        peers=Endpoint("portal.identity.v1.IdentityPeers", peers_pb2, IdentityPeers(parts)),
        processes=PROCESSES,
        consumers=CONSUMERS,
        effects={
            **Following(foundation.store, parts.sessions, parts.vault, parts.book).effects(),
            **Answering(foundation.store, parts.book, parts.throttle).effects(),
        },
        migrations=Path(__file__).with_name("migrations"),
        staff_of=staff_of,
        session_ended=parts.sessions.has_ended,
        background={"rules clock": parts.clock_offset.keep},
    )


if __name__ == "__main__":
    run("identity", compose)
