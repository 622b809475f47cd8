"""What analytics is told of each public event: its kind, pseudonyms, who acted and when, and nothing it says (R3)."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args
from uuid import UUID

import pytest

from shared.bus.analytics import ACTING, encode_translated, translate
from shared.bus.codec import Record
from shared.bus.language import WIRE_TYPES, wire_type
from shared.bus.partitions import key_bytes, partition_of
from shared.contracts.analytics.v1.events import AnalyticsEvent, Purpose
from shared.contracts.consent.v1.events import ActingAs
from shared.contracts.event import PatientEvent, PublicEvent
from shared.contracts.identity.v1.events import PatientRegistered, PracticeOpened
from shared.contracts.messaging.v1.events import ConversationOpened
from shared.privacy import ServiceKey
from shared.rpc.policy import PURPOSES
from tests.unit.shared.bus.records import AT, PATIENT, PRACTICE, RECORDED_AT, TRACEPARENT, recorded, released

GOLDEN = Path(__file__).parents[3] / "contract/golden_public"
KEY = ServiceKey("analytics", bytes(range(32)))
ACCOUNT = UUID(int=0xB1)
ALLOWED = {
    "practice_id",
    "event_id",
    "kind",
    "patient",
    "account",
    "actor",
    "origin",
    "purpose",
    "happened_at",
    "recorded_at",
}
HEADERS = {"ce_specversion", "ce_id", "ce_type", "ce_source", "content-type"}
EVENTS = [(service, name) for service, types in WIRE_TYPES.items() for name in types]


@dataclass(frozen=True)
class Said:
    """A public event of the golden corpus, at a practice of its own, and its record for analytics."""

    event: PublicEvent
    record: Record

    @property
    def value(self) -> dict[str, Any]:
        value: dict[str, Any] = json.loads(self.record.value)
        return value


def golden(service: str, name: str) -> Said:
    written = (GOLDEN / service / f"{name}.json").read_text(encoding="utf-8")
    event = WIRE_TYPES[service][name].model_validate_json(written).model_copy(update={"practice_id": PRACTICE})
    return Said(event, encode_translated(recorded()._replace(source=service), event, KEY))


def leaves(value: object) -> Iterator[object]:
    if isinstance(value, dict):
        for part in value.values():
            yield from leaves(part)
    elif isinstance(value, list):
        for part in value:
            yield from leaves(part)
    else:
        yield value


@pytest.mark.parametrize(("service", "name"), EVENTS)
def test_r3_analytics_is_told_these_fields_of_every_event_and_no_other(service: str, name: str) -> None:
    said = golden(service, name)
    assert set(said.value) == set(AnalyticsEvent.model_fields) == ALLOWED
    assert set(said.record.headers) == HEADERS
    assert said.value["kind"] == type(said.event).__name__
    assert said.value["event_id"] == said.record.headers["ce_id"].decode() == f"{service}:7"
    assert said.value["practice_id"] == str(PRACTICE)
    assert (said.value["patient"] is None) is not isinstance(said.event, PatientEvent)


@pytest.mark.parametrize(("service", "name"), EVENTS)
def test_r3_nothing_that_an_event_says_reaches_analytics_but_practice_and_origin(service: str, name: str) -> None:
    said = golden(service, name)
    secret = json.loads(said.event.model_dump_json(exclude={"practice_id", "origin"}))
    told = {*said.value.values(), said.record.key.decode(), *(data.decode() for data in said.record.headers.values())}
    assert [value for value in leaves(secret) if value is not None and value in told] == []
    ids = [value for value in leaves(secret) if isinstance(value, str) and len(value) == len(str(PATIENT))]
    assert not [value for value in ids if value.encode() in bytes(said.record)]


def test_r3_nothing_in_an_events_metadata_reaches_analytics_but_known_words() -> None:
    canary = "Zwetschge"
    names = ("actor", "acting_as", "staff", "practice", "patient", "origin", "purpose", "cause", "anything")
    metadata = dict.fromkeys(names, canary) | {"traceparent": TRACEPARENT}
    sent = encode_translated(recorded(metadata=metadata), released(), KEY)
    assert canary.encode() not in bytes(sent)
    assert TRACEPARENT.encode() not in bytes(sent)
    value = json.loads(sent.value)
    assert (value["actor"], value["account"], value["origin"], value["purpose"]) == ("system", None, None, None)


def test_r3_no_id_of_a_person_reaches_analytics() -> None:
    metadata = {"actor": str(ACCOUNT), "acting_as": "staff", "staff": str(UUID(int=0xB2)), "patient": str(PATIENT)}
    sent = bytes(encode_translated(recorded(metadata=metadata), released(), KEY))
    assert not [
        one for one in (PATIENT, ACCOUNT, UUID(int=0xB2)) if str(one).encode() in sent or one.hex.encode() in sent
    ]


def test_r3_a_patient_has_one_pseudonym_whichever_service_tells() -> None:
    of_documents = translate(recorded(), released(), ServiceKey("analytics", bytes(range(32))))
    opened = ConversationOpened(practice_id=PRACTICE, patient_id=PATIENT, conversation_id=UUID(int=1), topic="billing")
    of_messaging = translate(recorded()._replace(source="messaging"), opened, ServiceKey("analytics", bytes(range(32))))
    assert of_documents.patient == of_messaging.patient == UUID("cfb5ae1d-39d5-8859-b853-07fad4d496a6")
    assert translate(recorded(), released(UUID(int=9)), KEY).patient != of_documents.patient
    assert translate(recorded(), released(), ServiceKey("analytics", b"k" * 32)).patient != of_documents.patient


def test_r3_a_patient_and_an_account_of_one_id_are_not_seen_to_have_it() -> None:
    told = translate(recorded(metadata={"actor": str(PATIENT), "acting_as": "self"}), released(), KEY)
    assert told.account is not None
    assert told.account != told.patient


def test_a_patients_events_lie_in_one_partition_under_the_pseudonym() -> None:
    first = encode_translated(recorded(), released(), KEY)
    second = encode_translated(recorded()._replace(source="messaging", position=9), released(), KEY)
    assert (first.key, first.partition) == (second.key, second.partition)
    assert first.key == key_bytes(KEY.blind("patient", str(PATIENT)))
    assert first.partition == partition_of(first.key)


def test_an_event_without_patient_and_account_lies_under_its_practice() -> None:
    opened = PracticeOpened(practice_id=PRACTICE, time_zone="America/New_York")
    assert encode_translated(recorded(), opened, KEY).key == key_bytes(PRACTICE)
    signed_in = encode_translated(recorded(metadata={"actor": str(ACCOUNT)}), opened, KEY)
    assert signed_in.key == key_bytes(KEY.blind("account", str(ACCOUNT)))


@pytest.mark.parametrize(
    ("metadata", "actor"),
    [
        ({"actor": str(ACCOUNT), "acting_as": "self"}, "patient"),
        ({"actor": str(ACCOUNT), "acting_as": "representative"}, "representative"),
        ({"actor": str(ACCOUNT), "acting_as": "executor"}, "executor"),
        ({"actor": str(ACCOUNT), "acting_as": "staff"}, "staff"),
        ({"actor": str(ACCOUNT), "acting_as": "emergency"}, "staff"),
        ({"actor": str(ACCOUNT)}, "account"),
        ({"actor": "anyone"}, "anyone"),
        ({"actor": "operations"}, "operations"),
        ({"actor": "messaging"}, "system"),
        ({}, "system"),
    ],
)
def test_r3_analytics_is_told_the_kind_of_actor(metadata: dict[str, str], actor: str) -> None:
    told = translate(recorded(metadata=metadata), released(), KEY)
    assert told.actor == actor
    assert (told.account is None) is (metadata.get("actor") != str(ACCOUNT))


def test_every_way_to_reach_a_record_is_a_kind_of_actor() -> None:
    assert set(ACTING) == {*get_args(ActingAs), "staff"}


def test_r3_analytics_is_told_the_origin_which_is_the_events_own_where_it_has_one() -> None:
    for origin in ("portal", "desk"):
        assert translate(recorded(metadata={"origin": origin}), released(), KEY).origin == origin
    assert translate(recorded(metadata={"origin": "system"}), released(), KEY).origin is None
    imported = PatientRegistered(practice_id=PRACTICE, patient_id=PATIENT, birth_date=AT.date(), origin="import")
    assert translate(recorded(metadata={"origin": "system"}), imported, KEY).origin == "import"


def test_r3_analytics_is_told_one_of_the_four_purposes_or_none() -> None:
    assert set(get_args(Purpose)) == PURPOSES - {"operations"}
    for purpose in PURPOSES:
        told = translate(recorded(metadata={"purpose": purpose}), released(), KEY)
        assert told.purpose == (None if purpose == "operations" else purpose)


def test_r3_analytics_is_told_when_it_happened_and_when_it_was_recorded() -> None:
    told = translate(recorded(), released(), KEY)
    assert (told.happened_at, told.recorded_at) == (AT, RECORDED_AT)


def test_the_page_of_analytics_names_every_field() -> None:
    page = (Path(__file__).parents[4] / "docs/analytics.md").read_text(encoding="utf-8")
    assert [name for name in ALLOWED if f"| `{name}` |" not in page] == []
    assert wire_type(AnalyticsEvent) in page
