"""Consent's events and what follows from them here: an invitation to the signer, or the end of one."""

from collections.abc import Mapping

from shared.contracts.consent.v1.events import ConsentSigned, ConsentWithdrawn
from shared.effects import Decide, Effect
from shared.envelope import Recorded


def after_consent(recorded: Recorded[ConsentSigned]) -> list[Effect]:
    event = recorded.event
    details = {"person": str(event.signer_id), "consent": str(event.consent_id)}
    return [Effect("take-consent", event.patient_id, details=details)]


def after_withdrawal(recorded: Recorded[ConsentWithdrawn]) -> list[Effect]:
    event = recorded.event
    details = {"person": str(event.signer_id), "consent": str(event.consent_id)}
    return [Effect("end-consent", event.patient_id, details=details)]


CONSUMERS: Mapping[str, Mapping[type, Decide]] = {
    "consent": {ConsentSigned: after_consent, ConsentWithdrawn: after_withdrawal}
}
