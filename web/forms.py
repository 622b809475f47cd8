"""Forms: what was typed and is never lost, the key that makes a double click one command, what is wrong where."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Literal
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from google.protobuf.timestamp_pb2 import Timestamp
from google.type.date_pb2 import Date
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request

from shared.rpc.fields import date_message, instant_message
from web.language import N_

KEY = "key"
PROOF = "proof"
CONTROLS = frozenset({KEY, PROOF})
MOST_FIELDS = 200
UNKNOWN_KIND = "application/octet-stream"
AMOUNT = re.compile(r"^\$?\s*(\d{1,3}(?:,\d{3})+|\d{1,15})(\.\d{2})?$", re.ASCII)

Kind = Literal[
    "text",
    "email",
    "tel",
    "password",
    "area",
    "day",
    "moment",
    "choice",
    "radio",
    "choices",
    "check",
    "code",
    "amount",
    "file",
    "files",
]


@dataclass(frozen=True, slots=True)
class Field:
    """How one field of a form is asked for. ``label``, ``hint`` and options are texts to be translated.

    ``name`` is the field's path in the API's request, so that what a service says about it finds its place.
    ``literal`` options are data (names, say) and are not translated.
    """

    name: str
    label: str
    kind: Kind = "text"
    hint: str = ""
    options: Sequence[tuple[str, str]] = ()
    required: bool = True
    autocomplete: str = "off"
    literal: bool = False


@dataclass(frozen=True, slots=True)
class Sent:
    """A file as the browser sent it; ``content_type`` is what the browser takes it for, '' where it does not know."""

    name: str
    content_type: str
    content: bytes = field(repr=False)


class Mistyped(Exception):
    """Something typed cannot be read; the form's ``errors`` say what."""


@dataclass(slots=True)
class Form:
    """``errors``: field name → text (English, to be translated), with '' for what concerns the whole form."""

    key: str = field(default_factory=lambda: str(uuid4()))
    values: Mapping[str, Sequence[str]] = field(default_factory=dict, repr=False)
    errors: dict[str, str] = field(default_factory=dict)
    blanks: dict[str, dict[str, object]] = field(default_factory=dict)
    """Field name → what is filled into its error text."""
    files: Mapping[str, Sequence[Sent]] = field(default_factory=dict, repr=False)
    """Field name → files. A browser never gives a file again: it is chosen anew after a mistake."""
    wants_proof: str = ""
    """``code`` or ``password`` where the command needs a proof of presence first."""

    @classmethod
    def filled(cls, **values: str | Sequence[str]) -> "Form":
        """A form that begins with these values; ``__`` in a name stands for a dot."""
        return cls(
            values={
                name.replace("__", "."): [value] if isinstance(value, str) else list(value)
                for name, value in values.items()
            }
        )

    @classmethod
    async def read(cls, request: Request, most_files: int = 0) -> "Form":
        """What the browser sent. A key that is no UUID is replaced: then no repeat is recognised."""
        async with request.form(max_files=most_files, max_fields=MOST_FIELDS) as data:
            values = gathered(data)
            files = await received(data)
        sent = (values.get(KEY) or [""])[0]
        try:
            key = str(UUID(sent))
        except ValueError:
            key = str(uuid4())
        return cls(key=key, values=values, files=files)

    def get(self, name: str) -> str:
        """What was typed, without blanks around it."""
        return self.raw(name).strip()

    def raw(self, name: str) -> str:
        """What was typed, as it was: for passwords."""
        found = self.values.get(name)
        return found[0] if found else ""

    def all(self, name: str) -> Sequence[str]:
        """What was ticked."""
        return [value for value in self.values.get(name, ()) if value]

    def blame(self, name: str, text: str, **blanks: object) -> None:
        """Says what is wrong with a field; the first word stands."""
        if name not in self.errors:
            self.errors[name] = text
            self.blanks[name] = blanks

    def check(self) -> None:
        """Raises Mistyped where something could not be read."""
        if self.errors:
            raise Mistyped

    def needed(self, name: str) -> str:
        """A text that must not be empty."""
        value = self.get(name)
        if not value:
            self.blame(name, N_("Fill this in."))
        return value

    def day(self, name: str) -> Date | None:
        """A calendar date; None when nothing was typed."""
        text = self.get(name)
        if not text:
            return None
        try:
            return date_message(date.fromisoformat(text))
        except ValueError:
            self.blame(name, N_("Enter a date as year-month-day, for example 2026-03-27."))
            return None

    def needed_day(self, name: str) -> Date:
        found = self.day(name)
        if found is None:
            self.blame(name, N_("Enter a date as year-month-day, for example 2026-03-27."))
        return found or Date()

    def moment(self, name: str, zone: ZoneInfo) -> Timestamp | None:
        """A date and time on the practice's clock; None when nothing was typed."""
        text = self.get(name)
        if not text:
            return None
        try:
            local = datetime.fromisoformat(text).replace(tzinfo=zone)
            return instant_message(local.astimezone(UTC))
        except (ValueError, OverflowError):
            self.blame(name, N_("Enter a date and time, for example 2026-03-27 14:30."))
            return None

    def needed_moment(self, name: str, zone: ZoneInfo) -> Timestamp:
        found = self.moment(name, zone)
        if found is None:
            self.blame(name, N_("Enter a date and time, for example 2026-03-27 14:30."))
        return found or Timestamp()

    def cents(self, name: str) -> int:
        """An amount of dollars and cents, in cents."""
        match = AMOUNT.match(self.get(name))
        try:
            if match is None:
                raise InvalidOperation
            return int(Decimal((match[1] + (match[2] or "")).replace(",", "")) * 100)
        except InvalidOperation:
            self.blame(name, N_("Enter an amount in dollars, for example 42.50."))
            return 0

    def needed_file(self, name: str) -> Sent:
        """A file that was chosen, and is not empty."""
        found = [one for one in self.files.get(name, ()) if one.content]
        if not found:
            self.blame(name, N_("Choose a file."))
        return found[0] if found else Sent("", "", b"")

    def kept(self) -> list[tuple[str, str]]:
        """Everything typed but the proof, to be sent again with the same key."""
        typed = [(name, value) for name, values in self.values.items() if name not in CONTROLS for value in values]
        return [(KEY, self.key), *typed]


def gathered(data: FormData) -> dict[str, list[str]]:
    """Name → texts; a browser's line ends become newlines."""
    values: dict[str, list[str]] = {}
    for name, value in data.multi_items():
        if isinstance(value, str):
            values.setdefault(name, []).append(value.replace("\r\n", "\n"))
    return values


async def received(data: FormData) -> dict[str, list[Sent]]:
    """Name → files; a field in which none was chosen has none."""
    files: dict[str, list[Sent]] = {}
    for name, value in data.multi_items():
        if isinstance(value, UploadFile) and value.filename:
            kind = (value.content_type or "").partition(";")[0].strip().lower()
            sent = Sent(value.filename, "" if kind == UNKNOWN_KIND else kind, await value.read())
            files.setdefault(name, []).append(sent)
    return files
