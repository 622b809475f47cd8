"""What all pages share: settings, services, sessions, templates in each language, practices as everybody knows them."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from shared.clock import monotonic
from shared.contracts.identity.v1 import api_pb2
from web.language import LANGUAGES, translator
from web.portal import Portal
from web.sealing import Sealer
from web.sessions import Sessions
from web.settings import WebSettings
from web.showing import Showing, measured, sized

FOLDER = Path(__file__).parent
KEPT_SECONDS = 30.0
FEW = 3


@cache
def static_version(name: str) -> str:
    """Changes with the file's contents, so that browsers may keep it."""
    return hashlib.sha256((FOLDER / "static" / name).read_bytes()).hexdigest()[:12]


def environment(language: str) -> Environment:
    """Templates whose texts are in one language; whatever is undefined is an error."""
    found = Environment(
        loader=FileSystemLoader(FOLDER / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    translate = translator(language)
    showing = Showing(language, translate)
    found.globals |= {
        "_": translate,
        "language": language,
        "languages": LANGUAGES,
        "style": f"/static/portal.css?v={static_version('portal.css')}",
    }
    found.filters |= {
        "day": showing.day,
        "moment": showing.moment,
        "money": showing.money,
        "said": showing.said,
        "measured": measured,
        "sized": sized,
    }
    return found


@dataclass(slots=True)
class Practices:
    """Names, support and hours of practices: public, kept for half a minute, and longer while identity is silent."""

    portal: Portal
    _kept: dict[str, tuple[float, api_pb2.Practice]] = field(default_factory=dict)
    _all: tuple[float, list[api_pb2.Practice]] = (0.0, [])

    async def one(self, practice_id: str) -> api_pb2.Practice:
        """Raises NotFound for an unknown id."""
        at, practice = self._kept.get(practice_id, (0.0, None))
        if practice is None or monotonic() - at > KEPT_SECONDS:
            answer = await self.portal.identity.GetPractice(api_pb2.GetPracticeRequest(practice_id=practice_id))
            practice = answer.practice
            self._kept[practice_id] = (monotonic(), practice)
        return practice

    async def all(self) -> list[api_pb2.Practice]:
        """Every practice of this portal, by name."""
        at, found = self._all
        if not found or monotonic() - at > KEPT_SECONDS:
            found = list((await self.portal.identity.ListPractices(api_pb2.ListPracticesRequest())).practices)
            self._all = (monotonic(), found)
        return found

    def remembered(self, practice_id: str = "") -> list[api_pb2.Practice]:
        """What is known without asking: for pages about a part that does not answer. One practice, or all if few."""
        if practice_id:
            kept = self._kept.get(practice_id)
            return [kept[1]] if kept else []
        found = self._all[1] or [practice for _, practice in self._kept.values()]
        return found if len(found) <= FEW else []

    def forget(self, practice_id: str) -> None:
        """Its details have just changed."""
        self._kept.pop(practice_id, None)
        self._all = (0.0, [])


@dataclass(frozen=True, slots=True)
class Site:
    """Made once, at start."""

    settings: WebSettings
    portal: Portal
    sessions: Sessions
    practices: Practices
    sealer: Sealer
    templates: Mapping[str, Environment]

    @classmethod
    def of(cls, settings: WebSettings, portal: Portal) -> "Site":
        return cls(
            settings,
            portal,
            Sessions(portal.sessions),
            Practices(portal),
            Sealer.of(settings.certificates),
            {language: environment(language) for language in LANGUAGES},
        )
