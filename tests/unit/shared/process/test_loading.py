"""What a process loads at its start: large libraries wait until they are needed."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[4]
LATER = {
    "opentelemetry.exporter": "is needed where an endpoint is set",
    "opentelemetry.sdk.metrics": "is needed where an endpoint is set",
    "carebundle": "is needed once, for a fresh portal",
}


@pytest.mark.parametrize(
    "module", [f"services.{name}.main" for name in ("messaging", "documents", "billing")] + ["operations.main"]
)
def test_a_process_starts_without_what_only_later_work_needs(module: str) -> None:
    program = f"import sys, {module}; print(*(name for name in {list(LATER)} if name in sys.modules))"
    loaded = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-W", "ignore", "-c", program], cwd=ROOT, check=True, capture_output=True, text=True
    )
    assert {name: LATER[name] for name in loaded.stdout.split()} == {}
