"""Replicas that every service keeps to enforce access: windows, staff, patients, joined records and practices."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

import orjson

from shared.access.windows import HeldWindow, StaffMembership
from shared.contracts.consent.v1.events import AccessDecided, Window
from shared.contracts.event import PublicEvent
from shared.contracts.identity.v1.events import (
    PatientErased,
    PatientRegistered,
    PatientsJoined,
    PatientsParted,
    PracticeOpened,
    StaffJoined,
    StaffLeft,
    StaffRolesChanged,
)
from shared.envelope import Recorded
from shared.reading import Apply, ReadModel, Rows


async def decide_access(decided: Recorded[AccessDecided], rows: Rows) -> None:
    """All windows of one account on one patient; an older decision that comes late changes nothing."""
    event = decided.event
    known = await rows.fetch_one(
        "SELECT generation FROM access_windows WHERE account_id = $1 AND patient_id = $2",
        event.account_id, event.patient_id,
    )  # fmt: skip
    if known is not None and known["generation"] >= event.generation:
        return
    await rows.upsert(
        "access_windows",
        {"account_id": event.account_id, "patient_id": event.patient_id},
        {
            "practice_id": event.practice_id,
            "generation": event.generation,
            "windows": orjson.dumps([window.model_dump(mode="json") for window in event.windows]).decode(),
        },
    )


async def windows_of(rows: Rows, account_id: UUID, patient_id: UUID | None) -> list[HeldWindow]:
    """The replica's windows of the account, on one patient or on all."""
    found = await rows.fetch(
        """
        SELECT patient_id, practice_id, windows FROM access_windows
        WHERE account_id = $1 AND ($2::uuid IS NULL OR patient_id = $2) ORDER BY patient_id
        """,
        account_id, patient_id,
    )  # fmt: skip
    return [
        _held(row["patient_id"], row["practice_id"], Window.model_validate(window))
        for row in found
        for window in orjson.loads(row["windows"])
    ]


async def patients_decided_at(rows: Rows, practice_id: UUID) -> list[UUID]:
    """The practice's patients of whom somebody's access was ever decided."""
    found = await rows.fetch(
        "SELECT DISTINCT patient_id FROM access_windows WHERE practice_id = $1 ORDER BY patient_id", practice_id
    )
    return [row["patient_id"] for row in found]


def _held(patient_id: UUID, practice_id: UUID, window: Window) -> HeldWindow:
    return HeldWindow(
        patient_id=patient_id,
        practice_id=practice_id,
        person_id=window.person_id,
        acting_as=window.acting_as,
        scopes=frozenset(window.scopes),
        since=window.since,
        until=window.until,
        rule=window.rule,
        because=tuple(window.because),
    )


async def set_staff(told: Recorded[StaffJoined | StaffRolesChanged], rows: Rows) -> None:
    event = told.event
    await rows.upsert(
        "access_staff",
        {"account_id": event.account_id, "practice_id": event.practice_id},
        {"staff_id": event.staff_id, "roles": " ".join(sorted(event.roles)), "provider_id": event.provider_id},
    )


async def remove_staff(left: Recorded[StaffLeft], rows: Rows) -> None:
    await rows.delete("access_staff", {"account_id": left.event.account_id, "practice_id": left.event.practice_id})


async def memberships_of(rows: Rows, account_id: UUID) -> list[StaffMembership]:
    """The replica's memberships of the account, one a practice."""
    found = await rows.fetch(
        "SELECT practice_id, staff_id, roles, provider_id FROM access_staff WHERE account_id = $1 ORDER BY practice_id",
        account_id,
    )
    return [
        StaffMembership(row["practice_id"], row["staff_id"], frozenset(row["roles"].split()), row["provider_id"])
        for row in found
    ]


async def add_patient(registered: Recorded[PatientRegistered], rows: Rows) -> None:
    event = registered.event
    await rows.upsert("access_patients", {"patient_id": event.patient_id}, {"practice_id": event.practice_id})


async def remove_patient(erased: Recorded[PatientErased], rows: Rows) -> None:
    await rows.delete("access_patients", {"patient_id": erased.event.patient_id})


async def practice_of(rows: Rows, patient_id: UUID) -> UUID | None:
    """The practice whose patient it is, None for an unknown one."""
    found = await rows.fetch_one("SELECT practice_id FROM access_patients WHERE patient_id = $1", patient_id)
    return None if found is None else found["practice_id"]


async def join_records(joined: Recorded[PatientsJoined], rows: Rows) -> None:
    event = joined.event
    await rows.upsert("access_joined", {"duplicate_id": event.duplicate_id}, {"survivor_id": event.patient_id})


async def part_records(parted: Recorded[PatientsParted], rows: Rows) -> None:
    event = parted.event
    await rows.delete("access_joined", {"duplicate_id": event.duplicate_id, "survivor_id": event.patient_id})


async def record_of(rows: Rows, record_id: UUID) -> UUID:
    """The record to which that one belongs: the survivor's where it was joined to one (R44), else itself."""
    found = await rows.fetch_one("SELECT record_of($1) AS record_id", record_id)
    return record_id if found is None else found["record_id"]


async def records_of(rows: Rows, *record_ids: UUID) -> list[UUID]:
    """All records of the patients whose records those are, as SQL's ``records_of`` gives them one by one."""
    found = await rows.fetch(
        "SELECT DISTINCT unnest(records_of(named)) AS record_id FROM unnest($1::uuid[]) AS named ORDER BY record_id",
        list(record_ids),
    )
    return [row["record_id"] for row in found]


async def add_practice(opened: Recorded[PracticeOpened], rows: Rows) -> None:
    event = opened.event
    await rows.upsert(
        "access_practices",
        {"practice_id": event.practice_id},
        {
            "time_zone": event.time_zone,
            "adolescent_age": event.adolescent_age,
            "adult_age": event.adult_age,
        },
    )


async def time_zone_of(rows: Rows, practice_id: UUID) -> str | None:
    """The practice's IANA time zone, None for an unknown one."""
    found = await rows.fetch_one("SELECT time_zone FROM access_practices WHERE practice_id = $1", practice_id)
    return None if found is None else str(found["time_zone"])


REPLICAS: Sequence[ReadModel] = (
    ReadModel(
        name="access-windows",
        source="consent",
        tables=(
            """
            CREATE TABLE access_windows (
                account_id  uuid   NOT NULL,
                patient_id  uuid   NOT NULL,
                practice_id uuid   NOT NULL,
                generation  bigint NOT NULL,
                windows     text   NOT NULL,
                PRIMARY KEY (account_id, patient_id)
            )
            """,
        ),
        apply={AccessDecided: decide_access},
    ),
    ReadModel(
        name="access-staff",
        source="identity",
        tables=(
            """
            CREATE TABLE access_staff (
                account_id  uuid NOT NULL,
                practice_id uuid NOT NULL,
                staff_id    uuid NOT NULL,
                roles       text NOT NULL,
                provider_id uuid,
                PRIMARY KEY (account_id, practice_id)
            )
            """,
        ),
        apply={StaffJoined: set_staff, StaffRolesChanged: set_staff, StaffLeft: remove_staff},
    ),
    ReadModel(
        name="access-patients",
        source="identity",
        tables=("CREATE TABLE access_patients (patient_id uuid PRIMARY KEY, practice_id uuid NOT NULL)",),
        apply={PatientRegistered: add_patient, PatientErased: remove_patient},
    ),
    ReadModel(
        name="access-joined",
        source="identity",
        tables=(
            "CREATE TABLE access_joined (duplicate_id uuid PRIMARY KEY, survivor_id uuid NOT NULL)",
            "CREATE INDEX access_joined_of_survivor ON access_joined (survivor_id)",
        ),
        apply={PatientsJoined: join_records, PatientsParted: part_records},
    ),
    ReadModel(
        name="access-practices",
        source="identity",
        tables=(
            """
            CREATE TABLE access_practices (
                practice_id    uuid    PRIMARY KEY,
                time_zone      text    NOT NULL,
                adolescent_age integer NOT NULL,
                adult_age      integer NOT NULL
            )
            """,
        ),
        apply={PracticeOpened: add_practice},
    ),
)


def replicas_for(service: str, published: Mapping[type, Any]) -> list[ReadModel]:
    """The replicas of a service. Where the source is the service itself they follow what it publishes."""
    return [model if model.source != service else _own(model, published) for model in REPLICAS]


def _own(model: ReadModel, published: Mapping[type, Any]) -> ReadModel:
    """The same read model, fed by the own stored events through ``published.py``'s rows."""

    async def apply(recorded: Recorded[Any], rows: Rows) -> None:
        public: PublicEvent | None = published[type(recorded.event)](recorded)
        change: Apply | None = model.apply.get(type(public))
        if public is not None and change is not None:
            await change(recorded._replace(event=public), rows)

    return replace(model, apply=dict.fromkeys(published, apply))
