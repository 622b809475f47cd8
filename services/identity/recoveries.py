"""Answers those who asked for a recovery, after the answer has left: who asked learns nothing from it (R26)."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from services.identity.address_book import AddressBook, Contacted, details_word
from services.identity.commands.recovery import BeginRecoveries, Matched, begin_recoveries
from services.identity.credentials import throttle
from services.identity.credentials.throttle import Throttle
from services.identity.domain.account import Account, UserName
from services.identity.domain.recovery import RecoveryAttempt, Route
from shared.effects import Carrying, Effect, Run
from shared.envelope import Recorded
from shared.errors import Throttled
from shared.eventstore.store import EventStore

ANSWER_RECOVERY = "answer-recovery"
DETAILS = "recovery details"
"""Purpose of the blind index over name and birth date."""


def after_attempt(recorded: Recorded[RecoveryAttempt.Made]) -> list[Effect]:
    event = recorded.event
    details = {"route": event.route, "word": str(event.word), "details": str(event.details)}
    return [Effect(ANSWER_RECOVERY, recorded.stream_id, details=details)]


class Answering:
    """Looks up who was meant, and begins what is mailed to them."""

    def __init__(self, store: EventStore, book: AddressBook, throttle: Throttle) -> None:
        self._store, self._book, self._throttle = store, book, throttle

    def effects(self) -> Mapping[str, Run]:
        return {ANSWER_RECOVERY: self.answer}

    async def answer(self, carrying: Carrying) -> None:
        """Beyond five mails an hour for one name nothing is sent; those sent still hold."""
        details = carrying.effect.details
        word = UUID(details["word"])
        try:
            await self._throttle.count(throttle.mails(str(word)))
        except Throttled:
            return
        if details["route"] == "user_name":
            route: Route = "user_name"
            reached = await self._by_user_name(word)
        else:
            route = "details"
            reached = await self._by_details(word, UUID(details["details"]))
        matched = [await self._matched(account, contacted) for account, contacted in reached
                   if not await self._book.is_silent(contacted, carrying.now)]  # fmt: skip
        if matched:
            await carrying.perform(begin_recoveries, BeginRecoveries(route, matched))

    async def _by_user_name(self, name_id: UUID) -> Sequence[tuple[Account, Contacted]]:
        """A name that has died finds nobody (R27)."""
        name = await self._store.find(UserName, name_id)
        account = await self._open_account(name.account_id) if name is not None and name.is_alive else None
        contacted = await self._book.of_account(account) if account is not None else None
        return [] if account is None or contacted is None else [(account, contacted)]

    async def _by_details(self, word: UUID, details: UUID) -> Sequence[tuple[Account, Contacted]]:
        """Every account of the person so named and born who is reached at that address; each once."""
        found: dict[UUID, tuple[Account, Contacted]] = {}
        for contacted in await self._book.at(word):
            if contacted.birth_date is None or contacted.account_id is None or contacted.account_id in found:
                continue
            if self._store.blind(DETAILS, details_word(contacted.name, contacted.birth_date)) == details:
                account = await self._open_account(contacted.account_id)
                if account is not None:
                    found[account.id] = (account, contacted)
        return list(found.values())

    async def _open_account(self, account_id: UUID) -> Account | None:
        account = await self._store.find(Account, account_id)
        return account if account is not None and account.is_open else None

    async def _matched(self, account: Account, contacted: Contacted) -> Matched:
        may_link = account.has_totp or not await self._book.proves_nobody(contacted, account.id)
        return Matched(account.id, contacted.reached, may_link)  # type: ignore[arg-type]  # an account's id
