"""What is kept in the repository fits every machine: no paths of one, no registry's address, nothing generated."""

import re
from pathlib import Path

from tests.architecture.tracked import ROOT, tracked

OF_ONE_MACHINE = re.compile(r"(?<![\w.:/])/(?:work|root|home/\w+|Users/\w+|mnt|opt/hostedtoolcache)/")
REGISTRIES = re.compile(
    r"\b(?:pypi\.org|pythonhosted\.org|repo1\.maven\.org|repo\.maven\.apache\.org|registry\.npmjs|artifactory|nexus)\b"
)
OURS = "tests/architecture/test_tracked.py"
BINARY = {".binpb", ".woff2", ".png", ".ico", ".pdf", ".mo"}
GENERATED = re.compile(r"_pb2(_grpc)?\.pyi?$|\.pyc$|(^|/)openapi\.json$|(^|/)portal\.binpb$")
LARGEST_BYTES = 512 * 1024


def texts() -> list[tuple[str, str]]:
    return [
        (path, (ROOT / path).read_text(encoding="utf-8"))
        for path in tracked()
        if Path(path).suffix not in BINARY and path != OURS
    ]


def test_no_file_names_a_path_of_one_machine() -> None:
    assert [path for path, text in texts() if OF_ONE_MACHINE.search(text)] == []


def test_no_file_names_a_registry() -> None:
    assert [path for path, text in texts() if REGISTRIES.search(text)] == []


def test_nothing_generated_and_nothing_large_is_kept() -> None:
    large = [path for path in tracked() if (ROOT / path).stat().st_size > LARGEST_BYTES and not path.endswith(".lock")]
    assert [path for path in tracked() if GENERATED.search(path)] + large == []


def test_the_locks_hold_a_hash_for_everything() -> None:
    for lock in ("production", "development"):
        text = (ROOT / f"requirements/{lock}.lock").read_text(encoding="utf-8")
        blocks = re.split(r"\n(?=[a-z0-9])", text.partition("\n")[2].lstrip("#\n "))
        assert [block.split()[0] for block in blocks if "==" in block and "--hash=sha256:" not in block] == []
