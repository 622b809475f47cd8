"""What every run of the tests says at its end: what was not tried, loudly."""

import pytest

LOUD = ("NO BROWSER", "FHIR corpus")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """One line a reason for tests that were skipped since something is not on this machine."""
    reasons = [str(report.longrepr) for report in terminalreporter.stats.get("skipped", [])]
    for word in LOUD:
        count = sum(word in reason for reason in reasons)
        if count:
            terminalreporter.write_line(f"NOT TRIED: {count} tests were skipped: {word}", red=True, bold=True)
