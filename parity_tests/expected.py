"""Writes the expected number of checks of every op: `python -m parity_tests.expected`."""

from __future__ import annotations

import json
from pathlib import Path

from parity import loader, runner

if __name__ == "__main__":
    counts = {op: len(runner.checks_of(op)) for op in loader.catalogue()}
    Path(__file__).with_name("expected_checks.json").write_text(json.dumps(counts, indent=1) + "\n")
    print(f"{len(counts)} ops, {sum(counts.values())} checks")
