"""Print what the interleavings came to, over all workers."""

from collections import Counter

import pytest

SAID = "test_interleavings.py::"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    sums: Counter[str] = Counter()
    for outcome in ("passed", "failed"):
        for report in terminalreporter.getreports(outcome):
            if SAID in report.nodeid and report.when == "call":
                sums.update({name: value for name, value in report.user_properties if isinstance(value, int)})
    if sums["pairs"]:
        every = sum(sums[kind] for kind in ("serial", "orders", "unreduced", "by_lot"))
        terminalreporter.write_line(
            f"{sums['pairs']} pairs, {every} interleavings, {sums['violations']} violations\n"
            f"  {sums['serial']} serial, {sums['orders']} reduced, {sums['unreduced']} unreduced, "
            f"{sums['by_lot']} by lot; {sums['cut']} cut short as known; {sums['waits']} waits for a lock"
        )
