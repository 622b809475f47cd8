"""Own events → effects: a form's new version is decided upon for each patient of the practice (R2)."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from uuid import UUID

from services.consent.commands.forms import DecideForForm, decide_for_form
from services.consent.domain.practice import Practice
from shared.access.replicas import patients_decided_at
from shared.effects import Carrying, Decide, Effect, Run
from shared.envelope import Recorded

SPREAD_FORM = "spread-form"
"""One DECIDE_FOR_FORM a patient of the practice."""
DECIDE_FOR_FORM = "decide-for-form"


def after_publication(recorded: Recorded[Practice.FormPublished]) -> Iterable[Effect]:
    event = recorded.event
    details = {"practice_id": str(event.practice_id), "published_at": event.published_at.isoformat()}
    return [Effect(SPREAD_FORM, key=recorded.key, details=details)] if event.form_version > 1 else []


async def run_spread_form(carrying: Carrying) -> None:
    details = carrying.effect.details
    async with carrying.rows() as rows:
        patients = await patients_decided_at(rows, UUID(details["practice_id"]))
    for patient_id in patients:
        known = {**details, "patient_id": str(patient_id)}
        carrying.follow(Effect(DECIDE_FOR_FORM, key=patient_id, recipient=str(patient_id), details=known))


async def run_decide_for_form(carrying: Carrying) -> None:
    details = carrying.effect.details
    command = DecideForForm(UUID(details["patient_id"]), datetime.fromisoformat(details["published_at"]))
    await carrying.perform(decide_for_form, command)


PROCESSES: Mapping[type, Decide] = {Practice.FormPublished: after_publication}

EFFECTS: Mapping[str, Run] = {SPREAD_FORM: run_spread_form, DECIDE_FOR_FORM: run_decide_for_form}
