"""Consent's events and what follows here: the signer's invitation, or its end; who verified; who counts as adult."""

from collections.abc import Mapping

from shared.contracts.consent.v1.events import (
    ConsentSigned,
    ConsentWithdrawn,
    DocumentsVerified,
    EmancipationCorrected,
    PatientEmancipated,
)
from shared.effects import Decide, Effect
from shared.envelope import Recorded


def after_consent(recorded: Recorded[ConsentSigned]) -> list[Effect]:
    event = recorded.event
    details = {"person": str(event.signer_id), "consent": str(event.consent_id), "by": str(event.recorded_by or "")}
    return [Effect("take-consent", event.patient_id, details=details)]


def after_withdrawal(recorded: Recorded[ConsentWithdrawn]) -> list[Effect]:
    event = recorded.event
    details = {"person": str(event.signer_id), "consent": str(event.consent_id)}
    return [Effect("end-consent", event.patient_id, details=details)]


def after_verification(recorded: Recorded[DocumentsVerified]) -> list[Effect]:
    """Who verified a representative's documents does not invite that person as well (R43)."""
    event = recorded.event
    if event.verified_by is None:
        return []
    details = {"person": str(event.person_id), "by": str(event.verified_by)}
    return [Effect("note-verification", event.patient_id, details=details)]


def after_emancipation(recorded: Recorded[PatientEmancipated | EmancipationCorrected]) -> list[Effect]:
    """Who is emancipated is an adult in identity's rules, too: the own account, and the address (R18, R42)."""
    holds = "yes" if isinstance(recorded.event, PatientEmancipated) else ""
    return [Effect("note-emancipation", recorded.event.patient_id, details={"holds": holds})]


CONSUMERS: Mapping[str, Mapping[type, Decide]] = {
    "consent": {
        ConsentSigned: after_consent,
        ConsentWithdrawn: after_withdrawal,
        DocumentsVerified: after_verification,
        PatientEmancipated: after_emancipation,
        EmancipationCorrected: after_emancipation,
    }
}
