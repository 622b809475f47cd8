"""Values of the domain as messages of the contract, and back, field by field."""

import re
from collections.abc import Sequence
from uuid import UUID

from services.identity.domain.errors import LinkGone
from services.identity.domain.values import (
    LANGUAGES,
    ROLES,
    Contact,
    Duty,
    PersonName,
    PostalAddress,
    PracticeDetails,
    ProviderId,
)
from shared.contracts.identity.v1 import api_pb2
from shared.errors import InvalidField
from shared.reading import Row
from shared.rpc.fields import choice_field, date_message, instant_message, text_field, uuid_field

_EMAIL = re.compile(r"[^@\s,;:<>()\[\]\\\"]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9-]*\.)+[A-Za-z]{2,24}")
_PHONE = re.compile(r"\+?[0-9 ().\-x/]{7,40}")
_NPI = re.compile(r"[0-9]{10}")
_IMPORTED_NPI = re.compile(r"[0-9]{1,20}")


def optional_text(text: str, field: str, *, most: int = 200) -> str:
    return text_field(text, field, most=most) if text.strip() else ""


def email_field(text: str, field: str, *, required: bool = False) -> str:
    """An address in lower case; '' where none is given and none is needed."""
    address = text.strip().lower()
    if not address and not required:
        return ""
    if len(address) > 254 or not address.isprintable() or not _EMAIL.fullmatch(address):
        raise InvalidField(field, "expected an e-mail address")
    return address


def phone_field(text: str, field: str) -> str:
    phone = text.strip()
    if phone and not _PHONE.fullmatch(phone):
        raise InvalidField(field, "expected a phone number")
    return phone


def npi_field(text: str, field: str) -> str:
    if not _NPI.fullmatch(text):
        raise InvalidField(field, "expected ten digits")
    return text


def imported_npi_field(text: str, field: str) -> str:
    """Digits as the source gives them: synthetic records number their practitioners from 10."""
    if not _IMPORTED_NPI.fullmatch(text):
        raise InvalidField(field, "expected 1 to 20 digits")
    return text


def name_field(message: api_pb2.PersonName, field: str) -> PersonName:
    return PersonName(
        text_field(message.given, f"{field}.given", most=100), text_field(message.family, f"{field}.family", most=100)
    )


def address_field(message: api_pb2.PostalAddress, field: str) -> PostalAddress:
    return PostalAddress(
        optional_text(message.street, f"{field}.street"),
        optional_text(message.city, f"{field}.city", most=100),
        optional_text(message.state, f"{field}.state", most=100),
        optional_text(message.postal_code, f"{field}.postal_code", most=20),
    )


def contact_field(message: api_pb2.Contact, field: str) -> Contact:
    return Contact(
        email_field(message.email, f"{field}.email"),
        phone_field(message.phone, f"{field}.phone"),
        address_field(message.address, f"{field}.address"),
        choice_field(message.language or "en", f"{field}.language", LANGUAGES),
    )


def duty_field(roles: Sequence[str], provider_id: str) -> Duty:
    """Roles and provider go together: the role provider names one, the others do not."""
    if not roles:
        raise InvalidField("roles", "expected at least one role")
    duty = Duty(
        frozenset(choice_field(role, "roles", ROLES) for role in roles),
        ProviderId(uuid_field(provider_id, "provider_id")) if provider_id else None,
    )
    if ("provider" in duty.roles) != (duty.provider_id is not None):
        raise InvalidField("provider_id", "expected a provider with the role provider, and only with it")
    return duty


def link_id(text: str) -> UUID:
    """The id in a link; what no link has answers like one that is gone."""
    try:
        return UUID(text)
    except ValueError:
        raise LinkGone from None


def name_message(name: PersonName) -> api_pb2.PersonName:
    return api_pb2.PersonName(given=name.given, family=name.family)


def address_message(address: PostalAddress) -> api_pb2.PostalAddress:
    return api_pb2.PostalAddress(
        street=address.street, city=address.city, state=address.state, postal_code=address.postal_code
    )


def contact_message(contact: Contact) -> api_pb2.Contact:
    return api_pb2.Contact(
        email=contact.email,
        phone=contact.phone,
        address=address_message(contact.address),
        language=contact.language,
    )


def practice_message(row: Row, details: PracticeDetails) -> api_pb2.Practice:
    return api_pb2.Practice(
        practice_id=str(row["practice_id"]),
        name=details.name,
        time_zone=row["time_zone"],
        support_phone=details.support_phone,
        support_email=details.support_email,
        support_hours=details.support_hours,
        address=address_message(details.address),
        fax=details.fax,
    )


def entry_message(row: Row) -> api_pb2.PatientEntry:
    return api_pb2.PatientEntry(
        patient_id=str(row["patient_id"]),
        name=api_pb2.PersonName(given=row["given"], family=row["family"]),
        birth_date=date_message(row["birth_date"]),
        deceased=row["deceased"],
        enrolled=row["enrolled"],
    )


def enrolment_message(row: Row) -> api_pb2.Enrolment:
    return api_pb2.Enrolment(
        patient_id=str(row["patient_id"]),
        person_id=str(row["person_id"]),
        practice_id=str(row["practice_id"]),
        practice_name=row["practice_name"],
        patient_name=f"{row['given']} {row['family']}".strip(),
        own=row["patient_id"] == row["person_id"],
        joined_at=instant_message(row["joined_at"]),
    )
