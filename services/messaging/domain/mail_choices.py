"""Which mails the holder of an account does without; changes of access and security are always mailed (R35)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal, get_args
from uuid import UUID

from shared.aggregate import Aggregate, event
from shared.ids import natural_id

Switchable = Literal["message", "document", "statement", "appointment", "refill"]
SWITCHABLE: tuple[Switchable, ...] = get_args(Switchable)
GOVERNED_BY: Mapping[str, Switchable] = {
    "message": "message",
    "reminder": "message",
    "document": "document",
    "statement": "statement",
    "appointment": "appointment",
    "appointment-reminder": "appointment",
    "refill": "refill",
}
"""Kind of mail → the choice that it falls under; what is not here is always mailed."""


class MailChoices(Aggregate):
    """One account's choice; until it makes one, everything is mailed."""

    class Chosen(Aggregate.Created):
        account_id: UUID
        unwanted: tuple[Switchable, ...]
        chosen_at: datetime

    class Changed(Aggregate.Event):
        account_id: UUID
        unwanted: tuple[Switchable, ...]
        changed_at: datetime

    @staticmethod
    def create_id(account_id: UUID) -> UUID:
        return natural_id(account_id, "mail choices")

    @event(Chosen)
    def __init__(self, account_id: UUID, unwanted: tuple[Switchable, ...], chosen_at: datetime) -> None:
        self.account_id = account_id
        self.unwanted = unwanted

    @property
    def subject_id(self) -> UUID:
        return self.account_id

    def change(self, unwanted: tuple[Switchable, ...], at: datetime) -> None:
        """Without effect where it is the choice already."""
        if unwanted != self.unwanted:
            self._changed(account_id=self.account_id, unwanted=unwanted, changed_at=at)

    @event(Changed)
    def _changed(self, account_id: UUID, unwanted: tuple[Switchable, ...], changed_at: datetime) -> None:
        self.unwanted = unwanted
