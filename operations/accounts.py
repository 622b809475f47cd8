"""The demo accounts: made with the demonstration data, kept with the secrets, printed at each start."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass

import pyotp

from deploy.local.files import write_private
from operations.stack.layout import State


@dataclass(frozen=True, slots=True)
class DemoAccount:
    """``who`` says in words what the account is for; ``totp_secret`` '' for one without a second factor."""

    user_name: str
    password: str
    who: str
    totp_secret: str = ""


def keep(state: State, accounts: Iterable[DemoAccount]) -> None:
    write_private(state.accounts, json.dumps([asdict(account) for account in accounts], indent=2).encode())


def kept(state: State) -> list[DemoAccount]:
    """In the order in which they were kept; none before the demonstration data are there."""
    if not state.accounts.exists():
        return []
    return [DemoAccount(**entry) for entry in json.loads(state.accounts.read_text())]


def code(state: State, user_name: str) -> str:
    """The current six digits of an account's second factor. Raises KeyError for an account that has none."""
    for account in kept(state):
        if account.user_name == user_name and account.totp_secret:
            return pyotp.TOTP(account.totp_secret).now()
    raise KeyError(user_name)
