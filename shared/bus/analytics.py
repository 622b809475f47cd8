"""A public event as analytics may see it (R3): its kind, pseudonyms, who acted and when, and nothing it says."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, get_args
from uuid import UUID

from shared.bus.codec import Record
from shared.bus.language import wire_type
from shared.bus.partitions import key_bytes, partition_of
from shared.contracts.analytics.v1.events import Actor, AnalyticsEvent, Origin, Purpose
from shared.contracts.event import PatientEvent, PublicEvent
from shared.envelope import Recorded
from shared.privacy import ServiceKey

ANALYTICS = "analytics"
"""Names the topic, the principal that reads it, and the key of the pseudonyms, which all services share."""

ACTING: Mapping[str, Actor] = {
    "self": "patient",
    "representative": "representative",
    "executor": "executor",
    "staff": "staff",
    "emergency": "staff",
}
"""How an account reached the record → kind of actor."""
NAMED: Mapping[str, Actor] = {"anyone": "anyone", "operations": "operations"}
"""Actors without an account; every other one is a service, which is the portal itself."""
ORIGINS: Mapping[str | None, Origin] = {word: word for word in get_args(Origin)}
PURPOSES: Mapping[str | None, Purpose] = {word: word for word in get_args(Purpose)}
_CE_TYPE = wire_type(AnalyticsEvent).encode()
_CACHED = 16_384


def translate(recorded: Recorded[Any], event: PublicEvent, key: ServiceKey) -> AnalyticsEvent:
    """What of ``event``, the public face of ``recorded``, is told; ``key`` makes the pseudonyms.

    Of the event's own fields only its practice, its patient and its origin are read. Of metadata only words that
    are known here and the account's id: whatever else may stand there, none of it gets through.
    """
    metadata = recorded.metadata
    account = _of_account(key, metadata.get("actor", ""))
    return AnalyticsEvent(
        practice_id=event.practice_id,
        event_id=recorded.event_id,
        kind=type(event).__name__,
        patient=_of_patient(key, event.patient_id) if isinstance(event, PatientEvent) else None,
        account=account,
        actor=_actor(metadata, signed_in=account is not None),
        origin=ORIGINS.get(getattr(event, "origin", metadata.get("origin"))),
        purpose=PURPOSES.get(metadata.get("purpose")),
        happened_at=recorded.at,
        recorded_at=recorded.recorded_at,
    )


def encode_translated(recorded: Recorded[Any], event: PublicEvent, key: ServiceKey) -> Record:
    """Its record, keyed by the patient's pseudonym, else by the account's, else by the practice."""
    told = translate(recorded, event, key)
    name = key_bytes(told.patient or told.account or told.practice_id)
    headers = {
        "ce_specversion": b"1.0",
        "ce_id": told.event_id.encode(),
        "ce_type": _CE_TYPE,
        "ce_source": f"portal.{recorded.source}".encode(),
        "content-type": b"application/json",
    }
    value = AnalyticsEvent.__pydantic_serializer__.to_json(told)
    return Record(ANALYTICS, partition_of(name), name, value, headers)


@lru_cache(maxsize=_CACHED)
def _of_patient(key: ServiceKey, patient_id: UUID) -> UUID:
    return key.blind("patient", str(patient_id))


@lru_cache(maxsize=_CACHED)
def _of_account(key: ServiceKey, actor: str) -> UUID | None:
    """None for an actor that is named by a word."""
    try:
        return key.blind("account", str(UUID(actor)))
    except ValueError:
        return None


def _actor(metadata: Mapping[str, str], *, signed_in: bool) -> Actor:
    if (acting_as := metadata.get("acting_as", "")) in ACTING:
        return ACTING[acting_as]
    return "account" if signed_in else NAMED.get(metadata.get("actor", ""), "system")
