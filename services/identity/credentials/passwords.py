"""Passwords: 12 to 128 characters, common and breached ones refused, argon2id in a bounded pool (R9)."""

import asyncio
import secrets
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from zxcvbn import zxcvbn  # type: ignore[import-untyped]  # ships no types
from zxcvbn.frequency_lists import FREQUENCY_LISTS  # type: ignore[import-untyped]  # ships no types

from shared.errors import InvalidField, Throttled

LEAST, MOST = 12, 128
EASY_GUESSES = 10**6
"""Fewer guesses than this: a listed password, or one with a digit, a year or a repetition added (zxcvbn)."""

TIME_COST, MEMORY_KIB, LANES = 2, 19_456, 1
"""OWASP's least argon2id: 19 MiB, two passes, one lane; 38 ms."""
AT_ONCE, MOST_WAITING = 2, 64

T = TypeVar("T")

_COMMON = frozenset(word for word in FREQUENCY_LISTS["passwords"] if len(word) >= LEAST)


def prepared(password: str) -> str:
    """NFKC, so that the same password typed on another keyboard is the same (NIST SP 800-63B)."""
    return unicodedata.normalize("NFKC", password)


def refuse_weak(password: str, *known: str, field: str = "password") -> None:
    """InvalidField unless it may be chosen; ``known`` are words that go with the person, such as the user name."""
    text = prepared(password)
    if not LEAST <= len(text) <= MOST:
        raise InvalidField(field, f"expected {LEAST} to {MOST} characters")
    lowered = text.casefold()
    words = [word.casefold() for word in known if len(word) >= 3]
    if lowered in _COMMON or lowered in words or zxcvbn(text[:72], user_inputs=words)["guesses"] < EASY_GUESSES:
        raise InvalidField(field, "expected a password that is not among those that attackers try first")


class Passwords:
    """Hashes and verifies off the loop; who comes when too many wait is told to come again."""

    def __init__(self) -> None:
        self._hasher = PasswordHasher(TIME_COST, MEMORY_KIB, LANES)
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="argon2")
        self._waiting = 0
        self._nobodys = self._hasher.hash(secrets.token_urlsafe(32))

    async def hash(self, password: str) -> str:
        text = prepared(password)
        return await self._run(lambda: self._hasher.hash(text))

    async def verify(self, hashed: str | None, password: str) -> bool:
        """Whether it is the password; for None the same work is done, against nobody's hash."""
        text = prepared(password[:MOST])
        matches = await self._run(lambda: self._matches(hashed or self._nobodys, text))
        return matches and hashed is not None

    def _matches(self, hashed: str, text: str) -> bool:
        try:
            return self._hasher.verify(hashed, text)
        except (VerificationError, InvalidHashError):
            return False

    async def _run(self, work: Callable[[], T]) -> T:
        if self._waiting >= MOST_WAITING:
            raise Throttled
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, work)
        finally:
            self._waiting -= 1
