"""Writes docs/rules.md and docs/roles.md, or with the word ``check`` says which of them is stale."""

import sys
from collections.abc import Sequence

from deploy.tables import roles, rules

DOCS = rules.ROOT / "docs"


def main(arguments: Sequence[str]) -> int:
    """0, or 1 where ``check`` found a page that is not today's."""
    pages = {DOCS / "rules.md": rules.page(), DOCS / "roles.md": roles.page()}
    if arguments == ["check"]:
        stale = [path for path, text in pages.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
        for path in stale:
            sys.stderr.write(f"{path.relative_to(rules.ROOT)} is stale: run make rules\n")
        return 1 if stale else 0
    if arguments:
        sys.stderr.write("expected nothing, or the word check\n")
        return 2
    for path, text in pages.items():
        path.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
