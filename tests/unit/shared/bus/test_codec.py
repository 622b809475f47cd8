"""The wire: what goes out comes in again, and what comes in malformed says so without a value in it."""

import json
from dataclasses import replace
from uuid import UUID

import pytest

from shared.bus.codec import Malformed, NotPublished, Record, decode, decode_raw, encode
from shared.bus.language import PUBLISHED, WIRE_TYPES
from shared.contracts.access.v1 import events as access
from shared.contracts.billing.v1 import events as billing
from shared.contracts.billing.v1.events import ChargePosted
from shared.contracts.consent.v1 import events as consent
from shared.contracts.documents.v1 import events as documents
from shared.contracts.event import PatientEvent, PublicEvent
from shared.contracts.identity.v1 import events as identity
from shared.contracts.identity.v1.events import PracticeOpened
from shared.contracts.messaging.v1 import events as messaging
from tests.unit.shared.bus.records import PATIENT, PRACTICE, STREAM, TRACEPARENT, record, recorded, released

CANARY = "Zwetschge"
MODULES = (access, billing, consent, documents, identity, messaging)


def changed(headers: dict[str, bytes]) -> Record:
    sent = record(7, 4)
    return replace(sent, headers={**sent.headers, **headers})


def test_a_record_comes_back_as_it_was_recorded() -> None:
    metadata = {"origin": "desk", "cause": "consent:12", "traceparent": TRACEPARENT}
    incoming = decode(encode(recorded(7, metadata), released(), 5, 4))
    assert incoming is not None
    assert incoming.recorded == recorded(7, metadata)._replace(event=released(), partition=5)
    assert (incoming.position, incoming.key, incoming.error) == (7, PATIENT, "")


def test_a_record_is_a_cloud_event_in_binary_form() -> None:
    sent = encode(recorded(7, {"traceparent": TRACEPARENT}), released(), 5, 4)
    assert sent.key == str(PATIENT).encode()
    assert json.loads(sent.value)["patient_id"] == str(PATIENT)
    assert {name: value.decode() for name, value in sent.headers.items()} == {
        "ce_specversion": "1.0",
        "ce_id": "documents:7",
        "ce_type": "ResultReleased.v1",
        "ce_source": "portal.documents",
        "ce_time": "2026-03-08T07:00:00+00:00",
        "ce_subject": str(PATIENT),
        "content-type": "application/json",
        "traceparent": TRACEPARENT,
        "position": "7",
        "previous": "4",
        "stream_id": str(STREAM),
        "version": "3",
        "recorded_at": "2026-11-24T20:00:00.123456+00:00",
    }


def test_an_event_without_a_patient_has_its_stream_as_key() -> None:
    opened = PracticeOpened(practice_id=PRACTICE, time_zone="America/New_York")
    sent = encode(recorded()._replace(source="identity"), opened, 1, 0)
    assert sent.key == str(STREAM).encode()


def test_of_the_metadata_only_words_and_ids_that_peers_need_go_out() -> None:
    metadata = {
        "origin": f"said {CANARY} at the desk",
        "acting_as": "self",
        "actor": CANARY,
        "purpose": CANARY,
        "practice": CANARY,
        "traceparent": CANARY,
    }
    sent = encode(recorded(7, metadata), released(), 5, 4)
    assert CANARY not in str(sent)
    assert sent.headers["acting_as"] == b"self"


def test_only_the_published_language_is_spoken() -> None:
    charge = ChargePosted(
        practice_id=PRACTICE, patient_id=PATIENT, charge_id=STREAM, amount_cents=1, currency="USD"
    )  # fmt: skip
    with pytest.raises(NotPublished, match="documents"):
        encode(recorded(), charge, 5, 4)


def test_every_public_event_class_is_in_the_table() -> None:
    in_table = {event_class for event_classes in PUBLISHED.values() for event_class in event_classes}
    written = {
        found
        for module in MODULES
        for found in vars(module).values()
        if isinstance(found, type) and issubclass(found, PublicEvent) and found not in (PublicEvent, PatientEvent)
    }
    assert written - in_table == set()


def test_no_two_classes_of_a_service_have_the_same_name_on_the_wire() -> None:
    assert {service: len(types) for service, types in WIRE_TYPES.items()} == {
        service: len(event_classes) for service, event_classes in PUBLISHED.items()
    }


def test_a_type_that_newer_code_publishes_is_passed_over() -> None:
    assert decode(changed({"ce_type": b"ResultReleased.v2"})) is None
    assert decode(changed({"ce_type": b"\xff\xfe"})) is None


def test_fields_that_newer_code_adds_are_ignored() -> None:
    sent = record(7, 4)
    value = json.dumps({**json.loads(sent.value), "urgency": "high"}).encode()
    incoming = decode(replace(sent, value=value))
    assert incoming is not None
    assert incoming.recorded is not None
    assert incoming.recorded.event == released()


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"\xff\x00",
        b"null",
        b"[]",
        f'{{"patient_id": "{CANARY}"}}'.encode(),
        f'"{CANARY}"'.encode(),
        f'{{"{CANARY}": '.encode(),
    ],
)
def test_a_malformed_value_becomes_an_error_without_any_of_it(value: bytes) -> None:
    incoming = decode(replace(record(7, 4), value=value))
    assert incoming is not None
    assert incoming.recorded is None
    assert (incoming.position, incoming.key) == (7, PATIENT)
    assert incoming.error.startswith("ResultReleased: ")
    assert CANARY not in incoming.error


@pytest.mark.parametrize("name", ["ce_time", "recorded_at", "stream_id", "version", "ce_subject", "ce_id"])
@pytest.mark.parametrize("word", [CANARY.encode(), b"", b"\xff", b"2026-03-08T07:00:00"])
def test_a_malformed_header_becomes_an_error_without_any_of_it(name: str, word: bytes) -> None:
    incoming = decode(changed({name: word}))
    assert incoming is not None
    assert incoming.recorded is None
    assert incoming.error
    assert CANARY not in incoming.error


def test_a_record_under_another_patients_key_is_an_error() -> None:
    incoming = decode(replace(record(7, 4), key=str(STREAM).encode()))
    assert incoming is not None
    assert incoming.error == "ResultReleased: expected the patient as key"


def test_a_key_that_is_no_id_still_has_one_place_to_be_parked() -> None:
    first, second = (decode(replace(record(7, 4), key=CANARY.encode())) for _ in range(2))
    assert first is not None
    assert second is not None
    assert first.key == second.key != UUID(int=0)
    assert CANARY not in first.error


def test_what_was_parked_decodes_again_to_the_same() -> None:
    good, bad = decode(record(7, 4)), decode(replace(record(7, 4), value=b"\x00\xff\n"))
    assert good is not None
    assert bad is not None
    assert decode_raw(bytes(good.raw)) == good
    assert decode_raw(bytes(bad.raw)) == bad


def test_what_was_parked_by_newer_code_stays_an_error() -> None:
    newer = decode(record(7, 4))
    assert newer is not None
    raw = bytes(newer.raw).replace(b"ResultReleased.v1", b"ResultReleased.v9")
    assert decode_raw(raw).error == "expected a type of the published language"


@pytest.mark.parametrize(
    ("previous", "position"),
    [(b"", b"7"), (b"4", b""), (b"7", b"7"), (b"9", b"7"), (b"-1", b"7"), (b"4", b"7.0"), (b"4", b"9" * 30)],
)
def test_a_record_without_a_place_in_the_chain_has_none(previous: bytes, position: bytes) -> None:
    stranger = changed({"previous": previous, "position": position})
    assert stranger.place() is None
    with pytest.raises(Malformed):
        decode(stranger)
