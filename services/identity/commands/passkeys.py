"""Commands on passkeys: the key is kept first, the event makes it count (R36)."""

from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from services.identity.domain.account import Account
from services.identity.domain.values import AccountId, PasskeyId
from shared.envelope import Position
from shared.handling import Created, Work


class Keeping(Protocol):
    """As much of the kept passkeys as the commands need."""

    async def register(self, account_id: UUID, passkey_id: UUID, credential: str, name: str) -> None: ...

    async def forget(self, passkey_id: UUID) -> None: ...


@dataclass(frozen=True, slots=True)
class AddPasskey:
    """``credential`` is the authenticator's answer, ``name`` the holder's word for it."""

    account_id: AccountId
    credential: str
    name: str


@dataclass(frozen=True, slots=True)
class RemovePasskey:
    account_id: AccountId
    passkey_id: PasskeyId


class PasskeyFactors:
    def __init__(self, passkeys: Keeping) -> None:
        self._passkeys = passkeys

    async def add_passkey(self, command: AddPasskey, work: Work) -> Created:
        """WrongPasskey unless the answer is right; a repeat does not need it again. Tells the account."""
        prepared = PasskeyId(work.new_id("passkey"))
        is_repeat = await work.store.command(work.command_id) is not None
        if not is_repeat:
            await self._passkeys.register(command.account_id, prepared, command.credential, command.name)

        def decide(account: Account) -> None:
            account.add_passkey(prepared, work.now)
            account.notice("factor", work.now)

        try:
            position = await work.change(Account, command.account_id, decide)
        except Exception:
            if not is_repeat:
                await self._passkeys.forget(prepared)
            raise
        return Created(work.new_id("passkey"), position)

    async def remove_passkey(self, command: RemovePasskey, work: Work) -> Position:
        def decide(account: Account) -> None:
            account.remove_passkey(command.passkey_id, work.now)
            account.notice("factor", work.now)

        position = await work.change(Account, command.account_id, decide)
        await self._passkeys.forget(command.passkey_id)
        return position
