"""The command on an account's security question: another one, chosen by its holder (R23)."""

from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from services.identity.domain.account import Account
from services.identity.domain.values import AccountId
from shared.envelope import Position
from shared.handling import Work


class Answers(Protocol):
    """As much of the vault as a new question needs."""

    async def put_answer(self, account_id: UUID, question: str, answer_hash: str) -> None: ...


@dataclass(frozen=True, slots=True)
class ChangeSecurityQuestion:
    """The password was right, a factor was just given."""

    account_id: AccountId
    question: str
    answer_hash: str


class SecurityQuestions:
    """Question and answer lie in the vault before the event that says so; the event says no word of them."""

    def __init__(self, vault: Answers) -> None:
        self._vault = vault

    async def change_security_question(self, command: ChangeSecurityQuestion, work: Work) -> Position:
        """Tells the account. A repeat changes nothing: another question may have been chosen since."""

        def decide(account: Account) -> None:
            account.choose_security_question(work.now)
            account.notice("question", work.now)

        if await work.store.command(work.command_id) is None:
            account = await work.store.find(Account, command.account_id)
            if account is not None and account.is_open:
                await self._vault.put_answer(command.account_id, command.question, command.answer_hash)
        return await work.change(Account, command.account_id, decide)
