"""What an import says of its bundles: a line each, whatever they call their things."""

from collections import Counter

from operations.importing import Summary

ESCAPE = "\x1b]0;owned\x07\x1b[2J"


def test_r30_what_a_bundle_calls_its_things_moves_no_terminal() -> None:
    summary = Summary(skipped=Counter({f"Basic{ESCAPE}": 2}), broken={"a\nb.json": f"expected a bundle{ESCAPE}"})
    summary.count("result", f"lab-1{ESCAPE}\u202e", "changed")
    summary.count("result", "lab-2", "unchanged")
    remarks = list(summary.remarks())
    assert [remark.partition(":")[0] for remark in remarks] == ["skipped", "changed, not overwritten", "broken"]
    assert all(remark.isprintable() for remark in remarks)
    assert "[2J" in remarks[0], "what can be read stays"
