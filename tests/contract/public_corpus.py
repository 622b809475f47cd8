"""The golden corpus of the published language: one sample of every public event ever sent, read back by tests.

``python -m tests.contract.public_corpus`` adds what is missing; it never changes a file.
"""

import json
from pathlib import Path

from pydantic import ValidationError

from shared.bus.language import PUBLISHED, WIRE_TYPES, wire_type
from shared.contracts.event import PublicEvent
from tests.contract.samples import sample

GOLDEN = Path(__file__).parent / "golden_public"


def add_missing(service: str, folder: Path) -> list[str]:
    """Writes a sample for each public event that has none; the names of the files."""
    folder.mkdir(parents=True, exist_ok=True)
    added = []
    for event_class in PUBLISHED[service]:
        path = folder / f"{wire_type(event_class)}.json"
        if not path.exists():
            event: PublicEvent = sample(event_class)
            path.write_text(event.model_dump_json(indent=1) + "\n", encoding="utf-8")
            added.append(path.name)
    return added


def check_corpus(service: str, folder: Path) -> list[str]:
    """What is wrong: a type that went, a sample that is missing, is not read, or loses a field or its value.

    Analytics and older services read what was sent years ago, so a field may be added (with a default), and
    none may go or change its meaning: that is a new version of the type.
    """
    types = WIRE_TYPES[service]
    present = {path.stem for path in folder.glob("*.json")}
    wrong = [f"{name}: is sent no longer, but lies in topics" for name in sorted(present - set(types))]
    wrong += [
        f"{name}: expected a sample; python -m tests.contract.public_corpus adds it"
        for name in sorted(set(types) - present)
    ]
    for name in sorted(present & set(types)):
        written = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
        try:
            event = types[name].model_validate(written)
        except ValidationError as error:
            wrong.append(f"{name}: cannot be read: {error.errors()[0]['loc']}")
            continue
        again = json.loads(event.model_dump_json())
        wrong += [f"{name}: lost or changed {field}" for field in written if again.get(field) != written[field]]
    return wrong


if __name__ == "__main__":
    for owner in PUBLISHED:
        for file in add_missing(owner, GOLDEN / owner):
            print(f"{owner}/{file}")
