"""Own events → effects: a form's new version decided for each patient (R2); birthdays announced, and acted on."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import cast
from uuid import UUID

from services.consent.commands.birthdays import AnnounceBirthday, OfferAccount, announce_birthday, offer_account
from services.consent.commands.forms import DecideForForm, decide_for_form
from services.consent.domain.birthdays import BIRTHDAYS, announcements, birthday_at
from services.consent.domain.identifiers import practice_stream, record_stream
from services.consent.domain.practice import Practice
from services.consent.domain.record import Birthday, PatientRecord
from shared.access.replicas import patients_decided_at
from shared.effects import Carrying, Decide, Effect, Run
from shared.envelope import Recorded
from shared.errors import Unavailable
from shared.eventstore.store import EventStore

SPREAD_FORM = "spread-form"
"""One DECIDE_FOR_FORM a patient of the practice."""
DECIDE_FOR_FORM = "decide-for-form"
PLAN_BIRTHDAYS = "plan-birthdays"
"""Six announcements and one offer, each due on its day; a corrected birth date plans anew."""
ANNOUNCE_BIRTHDAY = "announce-birthday"
OFFER_ACCOUNT = "offer-account"


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


def after_birth_date(
    recorded: Recorded[PatientRecord.Registered | PatientRecord.BirthDateCorrected],
) -> Iterable[Effect]:
    return [Effect(PLAN_BIRTHDAYS, key=recorded.subject_id, details={"patient_id": str(recorded.subject_id)})]


class Birthdays:
    """Plans by the record as the store has it; each plan is decided again when it is due."""

    def __init__(self, store: EventStore) -> None:
        self._store = store

    async def plan(self, carrying: Carrying) -> None:
        patient_id = UUID(carrying.effect.details["patient_id"])
        record = await self._store.find(PatientRecord, record_stream(patient_id))
        if record is None:
            return
        practice = await self._store.find(Practice, practice_stream(record.practice_id))
        if practice is None:
            raise Unavailable("expected the practice to be known; its event is on its way")
        known = {"practice_id": str(record.practice_id), "patient_id": str(patient_id)}
        offered_at = birthday_at(record.birth_date, practice, "adolescent")
        planned = [Effect(OFFER_ACCOUNT, patient_id, due_at=offered_at, details=known)]
        for which in BIRTHDAYS:
            for due_at, told in announcements(record.birth_date, practice, which):
                details = {**known, "birthday": which, "days": str(told.days)}
                planned.append(Effect(ANNOUNCE_BIRTHDAY, patient_id, f"{which}/{told.days}", due_at, details))
        carrying.follow(*(effect for effect in planned if effect.due_at is not None and effect.due_at > carrying.now))


async def run_announce_birthday(carrying: Carrying) -> None:
    details = carrying.effect.details
    birthday = cast("Birthday", details["birthday"])
    command = AnnounceBirthday(UUID(details["patient_id"]), birthday, int(details["days"]))
    await carrying.perform(announce_birthday, command)


async def run_offer_account(carrying: Carrying) -> None:
    await carrying.perform(offer_account, OfferAccount(UUID(carrying.effect.details["patient_id"])))


PROCESSES: Mapping[type, Decide] = {
    Practice.FormPublished: after_publication,
    PatientRecord.Registered: after_birth_date,
    PatientRecord.BirthDateCorrected: after_birth_date,
}


def effects(store: EventStore) -> Mapping[str, Run]:
    """Effect kind → what carries it out."""
    return {
        SPREAD_FORM: run_spread_form,
        DECIDE_FOR_FORM: run_decide_for_form,
        PLAN_BIRTHDAYS: Birthdays(store).plan,
        ANNOUNCE_BIRTHDAY: run_announce_birthday,
        OFFER_ACCOUNT: run_offer_account,
    }
