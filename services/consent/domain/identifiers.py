"""Ids that their parts name, so that a command finds its streams without looking anything up; references to events."""

from uuid import UUID

from shared.ids import natural_id

_CONSENT = UUID("5f0c6a56-9f0e-5d0c-8a6e-6f1a3a1d7c01")


def practice_stream(practice_id: UUID) -> UUID:
    return natural_id(_CONSENT, "practice", practice_id)


def record_stream(patient_id: UUID) -> UUID:
    return natural_id(_CONSENT, "record", patient_id)


def consent_id(patient_id: UUID, signer_id: UUID) -> UUID:
    """One consent a patient and signer."""
    return natural_id(_CONSENT, "consent", patient_id, signer_id)


def pair_stream(patient_id: UUID, person_id: UUID) -> UUID:
    return natural_id(_CONSENT, "pair", patient_id, person_id)


def access_stream(account_id: UUID, patient_id: UUID) -> UUID:
    return natural_id(_CONSENT, "access", account_id, patient_id)


def scan_stream(scan_id: UUID) -> UUID:
    """A stream of its own name, so that the id of anything else is no scan."""
    return natural_id(_CONSENT, "scan", scan_id)


def signing_link(patient_id: UUID) -> UUID:
    """The one-time signing links of a patient: one is open at most."""
    return natural_id(_CONSENT, "signing", patient_id)


def offer_task(patient_id: UUID) -> UUID:
    """The one task to offer a patient an own account."""
    return natural_id(_CONSENT, "offer", patient_id)


def verify_task(patient_id: UUID, account_id: UUID, cause: str) -> UUID:
    """The one task to verify an account's access again after that event interrupted it."""
    return natural_id(_CONSENT, "verify", patient_id, account_id, cause)


def reference(stream_id: UUID, version: int) -> str:
    """Names one of consent's own events before it has a position: ``consent:<stream>/<version>``."""
    return f"consent:{stream_id}/{version}"
