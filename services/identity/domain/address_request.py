"""Another e-mail address for an account's holder: asked for with a factor, confirmed from the new one (R35)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from services.identity.domain.errors import LinkGone
from services.identity.domain.values import AccountId, AddressRequestId, PracticeId
from shared.aggregate import Aggregate, event

LINK_LIFETIME = timedelta(minutes=60)


@dataclass(frozen=True, slots=True)
class Move:
    """From the address that counts until then, to the one that is to be confirmed; both in lower case."""

    former: str
    email: str


class AddressRequest(Aggregate):
    """Open for an hour, and only while it is the account's last one and the former address still stands."""

    class Asked(Aggregate.Created):
        request_id: AddressRequestId
        account_id: AccountId
        practice_id: PracticeId
        move: Move
        asked_at: datetime
        expires_at: datetime

    class Confirmed(Aggregate.Event):
        practice_id: PracticeId
        confirmed_at: datetime

    @staticmethod
    def create_id(request_id: AddressRequestId) -> UUID:
        return request_id

    @event(Asked)
    def __init__(
        self,
        request_id: AddressRequestId,
        account_id: AccountId,
        practice_id: PracticeId,
        move: Move,
        asked_at: datetime,
        expires_at: datetime,
    ) -> None:
        self.account_id = account_id
        self.practice_id = practice_id
        self.move = move
        self.expires_at = expires_at
        self.is_open = True

    @property
    def subject_id(self) -> UUID:
        return self.account_id

    def require_open(self, last: AddressRequestId | None, at: datetime) -> None:
        """LinkGone where it was used, has run out, or ``last``, the account's last request, is another one."""
        if not self.is_open or at >= self.expires_at or last != self.id:
            raise LinkGone

    def confirm(self, last: AddressRequestId | None, at: datetime) -> None:
        self.require_open(last, at)
        self._confirmed(practice_id=self.practice_id, confirmed_at=at)

    @event(Confirmed)
    def _confirmed(self, practice_id: PracticeId, confirmed_at: datetime) -> None:
        self.is_open = False
