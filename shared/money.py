"""Money in integer cents of one currency."""

from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True, order=False)
class Money:
    """An exact amount; ``cents`` may be negative (a credit), ``currency`` is an ISO 4217 code."""

    cents: int
    currency: str = "USD"

    def __add__(self, other: Self) -> Self:
        return type(self)(self.cents + self._same(other).cents, self.currency)

    def __sub__(self, other: Self) -> Self:
        return type(self)(self.cents - self._same(other).cents, self.currency)

    def __neg__(self) -> Self:
        return type(self)(-self.cents, self.currency)

    def __lt__(self, other: Self) -> bool:
        return self.cents < self._same(other).cents

    def __le__(self, other: Self) -> bool:
        return self.cents <= self._same(other).cents

    def __str__(self) -> str:
        sign = "-" if self.cents < 0 else ""
        return f"{sign}{abs(self.cents) // 100:,}.{abs(self.cents) % 100:02d} {self.currency}"

    def _same(self, other: Self) -> Self:
        if other.currency != self.currency:
            raise ValueError(f"expected an amount in {self.currency}, found {other.currency}")
        return other
