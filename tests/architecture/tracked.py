"""The files that are kept: as git says, or (in a copy without git) all that ``.gitignore`` does not name."""

import subprocess
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

ROOT = Path(__file__).parents[2]


def tracked() -> list[str]:
    """Paths from the repository's root: what is in the index, and what is new and not ignored."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],  # noqa: S607 - git of the machine
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )
    if listed.returncode == 0:
        return sorted(path for path in listed.stdout.split("\0") if path and (ROOT / path).is_file())
    return sorted(_walked(ROOT, (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()))


def _walked(folder: Path, ignored: list[str]) -> Iterator[str]:
    for path in folder.iterdir():
        place = str(path.relative_to(ROOT))
        if path.name == ".git" or any(fnmatch(path.name, rule.rstrip("/")) or place == rule for rule in ignored):
            continue
        if path.is_dir():
            yield from _walked(path, ignored)
        else:
            yield place
