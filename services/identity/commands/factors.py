"""Commands on lost factors: reset at the desk, or by support after announced 24 h (R36)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from services.identity.domain.account import Account
from services.identity.domain.values import AccountId, StaffId
from shared.envelope import Position
from shared.handling import Work


class Removing(Protocol):
    """As much of the vault as a reset needs."""

    async def remove_totp(self, account_id: UUID) -> None: ...


@dataclass(frozen=True, slots=True)
class ResetFactor:
    """``how``: which photo ID was seen; ``announced``: support, who saw none."""

    account_id: AccountId
    staff_id: StaffId
    how: str
    announced: bool


@dataclass(frozen=True, slots=True)
class CancelFactorReset:
    account_id: AccountId


@dataclass(frozen=True, slots=True)
class CarryOutFactorReset:
    account_id: AccountId
    due_at: datetime


class LostFactors:
    """The event first, then the secret goes; what a crash leaves is done by the effect of the event."""

    def __init__(self, vault: Removing) -> None:
        self._vault = vault

    async def reset_factor(self, command: ResetFactor, work: Work) -> Position:
        """Tells the account, whichever way."""

        def decide(account: Account) -> None:
            if command.announced:
                account.announce_factor_reset(command.staff_id, command.how, work.now)
            else:
                account.reset_factor(command.staff_id, command.how, work.now)
            account.notice("factor", work.now)

        position = await work.change(Account, command.account_id, decide)
        await self.forget_factor(command.account_id, work)
        return position

    async def carry_out_factor_reset(self, command: CarryOutFactorReset, work: Work) -> Position:
        """Decides again whether the announcement still stands."""

        def decide(account: Account) -> None:
            if account.carry_out_factor_reset(command.due_at, work.now):
                account.notice("factor", work.now)

        position = await work.change(Account, command.account_id, decide)
        await self.forget_factor(command.account_id, work)
        return position

    async def forget_factor(self, account_id: AccountId, work: Work) -> None:
        account = await work.store.find(Account, account_id)
        if account is None or not account.has_totp:
            await self._vault.remove_totp(account_id)


async def cancel_factor_reset(command: CancelFactorReset, work: Work) -> Position:
    def decide(account: Account) -> None:
        account.cancel_factor_reset(work.now)
        account.notice("factor", work.now)

    return await work.change(Account, command.account_id, decide)
