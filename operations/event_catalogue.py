"""Writes the tables of public events into docs/analytics.md: ``python -m operations.event_catalogue``."""

import types
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin
from uuid import UUID

from pydantic import BaseModel

from shared.bus.language import PUBLISHED, wire_type
from shared.contracts.event import PublicEvent

PAGE = Path(__file__).parents[1] / "docs/analytics.md"
BEGIN, END = "<!-- events: written by operations/event_catalogue.py -->\n", "<!-- end of events -->\n"
PLAIN: dict[object, str] = {
    UUID: "id",
    str: "word",
    int: "integer",
    bool: "true or false",
    date: "date",
    datetime: "instant",
}


def catalogue() -> str:
    """One table a topic: event, fields with what they hold, and what it means. Markdown."""
    return "\n".join(line for service in PUBLISHED for line in topic(service))


def topic(service: str) -> Iterator[str]:
    yield f"### portal.{service}.v1\n"
    yield "| `ce_type` | fields | what happened |"
    yield "|---|---|---|"
    for event_class in PUBLISHED[service]:
        yield f"| `{wire_type(event_class)}` | {fields(event_class)} | {meaning(event_class)} |"
    yield ""


def fields(model: type[BaseModel]) -> str:
    return ", ".join(f"`{name}` {held(field.annotation)}" for name, field in model.model_fields.items())


def held(annotation: Any) -> str:
    """An annotation in words; TypeError for one that the published language does not have."""
    if annotation in PLAIN:
        return PLAIN[annotation]
    parts = get_args(annotation)
    origin = get_origin(annotation)
    if origin is Literal:
        return " / ".join(str(part) for part in parts)
    if origin is list:
        return f"list of ({held(parts[0])})"
    if origin in {Union, types.UnionType}:
        return " or ".join("nothing" if part is type(None) else held(part) for part in parts)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return fields(annotation)
    raise TypeError(f"expected an annotation of the published language, found {annotation}")


def meaning(event_class: type[PublicEvent]) -> str:
    """The class's docstring in one line."""
    return " ".join((event_class.__doc__ or "").split()).replace("|", "\\|").replace("``", "`")


def written(page: str) -> str:
    """The page with today's tables between its two marks."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{catalogue()}\n{END}{after}"


def main() -> None:
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
