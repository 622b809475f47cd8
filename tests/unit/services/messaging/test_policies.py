"""The tables of messaging go together: each RPC has a row and a method, each own event a word."""

from services.messaging.api import MessagingApi
from services.messaging.peers import MessagingPeers
from services.messaging.policies import POLICIES
from services.messaging.processes import PROCESSES
from services.messaging.published import PUBLISHED
from services.messaging.stored import STORED
from shared.bus.language import PUBLISHED as LANGUAGE
from shared.contracts.messaging.v1 import api_pb2, peers_pb2
from shared.eventstore.stored import StoredTable
from shared.rpc.contract import check_tables
from shared.service import Endpoint


def test_each_rpc_has_one_row_and_one_method() -> None:
    check_tables(
        Endpoint("portal.messaging.v1.MessagingApi", api_pb2, MessagingApi),
        Endpoint("portal.messaging.v1.MessagingPeers", peers_pb2, MessagingPeers),
        POLICIES,
    )


def test_what_is_published_or_has_effects_is_stored() -> None:
    table = StoredTable(STORED)
    assert {*PUBLISHED, *PROCESSES} - set(table.by_class) == set()


def test_the_published_language_has_each_event_that_messaging_tells() -> None:
    told = {event.__name__ for event in LANGUAGE["messaging"]}
    assert {"MessageSent", "AppointmentConfirmed", "RefillDecided", "NotificationSent"} <= told


def test_every_writing_rpc_is_one_that_a_key_makes_repeatable() -> None:
    reading = ("List", "Get", "Count", "Who", "Unread", "Watch", "Download", "AttachmentsSent")
    writing = {name for name in POLICIES if not name.startswith(reading)}
    assert {name for name, policy in POLICIES.items() if policy.writes} == writing
