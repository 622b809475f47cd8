"""The tables of consent go together: policies and RPCs, stored words and events, public events and their sources."""

from services.consent.api import ConsentApi
from services.consent.consumers import CONSUMERS, EFFECTS, FACT_KINDS
from services.consent.peers import ConsentPeers
from services.consent.policies import POLICIES
from services.consent.processes import PROCESSES
from services.consent.processes import effects as own_effects
from services.consent.published import PUBLISHED
from services.consent.stored import STORED
from shared.contracts.consent.v1 import api_pb2, peers_pb2
from shared.eventstore.memory import MemoryEventStore
from shared.eventstore.stored import StoredTable
from shared.rpc.contract import check_tables
from shared.service import Endpoint


def test_each_rpc_has_its_policy_and_its_method() -> None:
    api = Endpoint("portal.consent.v1.ConsentApi", api_pb2, object.__new__(ConsentApi))
    peers = Endpoint("portal.consent.v1.ConsentPeers", peers_pb2, object.__new__(ConsentPeers))
    check_tables(api, peers, POLICIES)


def test_what_is_published_is_stored_under_a_word() -> None:
    table = StoredTable(STORED)
    assert [event for event in PUBLISHED if not table.word(event)] == []


def test_every_effect_of_a_consumer_can_be_carried_out() -> None:
    assert len(CONSUMERS["identity"]) == len(EFFECTS)
    assert EFFECTS.keys() > FACT_KINDS
    assert not EFFECTS.keys() & own_effects(MemoryEventStore("consent", StoredTable(STORED))).keys()


def test_what_leads_to_effects_is_stored_under_a_word() -> None:
    table = StoredTable(STORED)
    assert [event for event in PROCESSES if not table.word(event)] == []
