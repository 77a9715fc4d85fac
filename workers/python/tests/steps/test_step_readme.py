"""The README's example does what is said of it, and so does the file beside it."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from cerebros import Workflow

PROJECT = Path(__file__).parents[2]


def test_the_readmes_example_runs() -> None:
    (code,) = re.findall(r"```python\n(.*?)```", (PROJECT / "README.md").read_text(), re.DOTALL)
    names: dict[str, Any] = {}
    exec(compile(code, "README.md", "exec"), names)
    report = names["report"]
    assert isinstance(report, Workflow)
    outputs = asyncio.run(report.run_local({"rows": [3, 4]}, time_scale=0, on_approval=lambda _: True))
    assert outputs["publish"] == {"published": True, "by": None, "key": "local/local/2.0/do/0"}
    assert outputs["total"] == {"sum": 7, "rows": 2}


def test_the_example_runs_without_a_server() -> None:
    example = PROJECT / "examples" / "report.py"
    said = subprocess.run([sys.executable, str(example), "local", "--yes"], capture_output=True, text=True, timeout=30, check=True)
    assert '"sum": 12' in said.stdout
    assert "cerebros.local: total: sleeping 2 s" in said.stderr
