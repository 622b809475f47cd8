"""What was asked and what became of it, command by command; and what must then be found in store and read model."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum


class Outcome(Enum):
    INVOKED = "invoked"
    ACKNOWLEDGED = "acknowledged"
    REFUSED = "refused"
    UNKNOWN = "unknown"


@dataclass(slots=True)
class Command:
    """One command by its token, which stands in its event and nowhere else."""

    token: str
    outcome: Outcome = Outcome.INVOKED
    positions: list[int] = field(default_factory=list)
    """What each acknowledgement said."""
    tries: int = 0


@dataclass(slots=True)
class Recorder:
    """The history of a run."""

    commands: dict[str, Command] = field(default_factory=dict)

    def invoked(self, token: str) -> None:
        command = self.commands.setdefault(token, Command(token))
        command.tries += 1

    def acknowledged(self, token: str, position: int) -> None:
        command = self.commands[token]
        command.outcome = Outcome.ACKNOWLEDGED
        command.positions.append(position)

    def refused(self, token: str) -> None:
        self._unless_acknowledged(token, Outcome.REFUSED)

    def unknown(self, token: str) -> None:
        self._unless_acknowledged(token, Outcome.UNKNOWN)

    def _unless_acknowledged(self, token: str, outcome: Outcome) -> None:
        if self.commands[token].outcome is not Outcome.ACKNOWLEDGED:
            self.commands[token].outcome = outcome

    def of(self, outcome: Outcome) -> list[Command]:
        return [command for command in self.commands.values() if command.outcome is outcome]


@dataclass(frozen=True, slots=True)
class Findings:
    """What a checker found. ``complaints`` name tokens and positions; empty: the promise held."""

    lost: int = 0
    doubled: int = 0
    complaints: Sequence[str] = ()

    def __add__(self, other: "Findings") -> "Findings":
        return Findings(self.lost + other.lost, self.doubled + other.doubled, [*self.complaints, *other.complaints])

    @property
    def held(self) -> bool:
        return not self.complaints


def check_store(recorder: Recorder, stored: Mapping[str, Sequence[int]]) -> Findings:
    """``stored``: token → positions of the events that hold it. An acknowledged one is there once, where it said."""
    lost, doubled, complaints = 0, 0, []
    for command in recorder.commands.values():
        found = stored.get(command.token, ())
        if len(found) > 1:
            doubled += 1
            complaints.append(f"{command.token}: stored at {list(found)}")
        if command.outcome is Outcome.ACKNOWLEDGED and not found:
            lost += 1
            complaints.append(f"{command.token}: acknowledged at {command.positions} and not stored")
        elif found and set(command.positions) - {found[0]}:
            complaints.append(f"{command.token}: answered {command.positions}, stored at {found[0]}")
        if command.outcome is Outcome.REFUSED and found:
            complaints.append(f"{command.token}: refused, and stored at {list(found)}")
    unasked = set(stored) - set(recorder.commands)
    complaints += [f"{token}: stored and never asked for" for token in sorted(unasked)]
    return Findings(lost, doubled, complaints)


def check_read(public: Iterable[int], seen: Mapping[int, int], disorder: int) -> Findings:
    """``seen``: position → how often it took effect at a peer; ``disorder``: how often one came after a later one."""
    wanted = set(public)
    missing = sorted(wanted - set(seen))
    often = sorted(position for position, times in seen.items() if times > 1)
    strange = sorted(set(seen) - wanted)
    complaints = [f"position {position} never reached the peer" for position in missing]
    complaints += [f"position {position} took effect {seen[position]} times" for position in often]
    complaints += [f"position {position} took effect and was never published" for position in strange]
    if disorder:
        complaints.append(f"{disorder} events took effect after a later one of their patient")
    return Findings(len(missing), len(often), complaints)


def check_chain(partitions: Sequence[Sequence[tuple[int, int]]]) -> Findings:
    """(previous, position) as they lie in each partition's log: copies left out, each follows the one before."""
    complaints = []
    for number, records in enumerate(partitions):
        previous_of: dict[int, int] = {}
        for previous, position in records:
            if previous_of.setdefault(position, previous) != previous:
                complaints.append(f"partition {number}: position {position} with two predecessors")
        last = 0
        for position in sorted(previous_of):
            if previous_of[position] != last:
                complaints.append(f"partition {number}: {position} follows {previous_of[position]}, expected {last}")
            last = position
    return Findings(0, 0, complaints)
