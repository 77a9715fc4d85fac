"""Processes end after Temporal's threads have left Python, which could abort them otherwise."""

from __future__ import annotations

import subprocess
import sys

import pytest

LEAVE_CLEANLY = "from cerebros.leaving import leave_cleanly; leave_cleanly()"
TRAINING_WORKER = """
from cerebros.worker import main
try:
    main(["--address", "127.0.0.1:1"])
except SystemExit as ended:
    assert ended.code == 3
"""


@pytest.mark.parametrize("set_up", [LEAVE_CLEANLY, TRAINING_WORKER], ids=["on demand", "training worker"])
@pytest.mark.parametrize("begins", ["pass", "threading.current_thread()"])
def test_a_process_ends_after_temporals_threads_have_left_python(set_up: str, begins: str) -> None:
    program = f"""
import _thread, threading, time
{set_up}
def foreign():
    {begins}
    time.sleep(0.3)
    print("left", flush=True)
_thread.start_new_thread(foreign, ())
time.sleep(0.1)
"""
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=True)
    assert said.stdout == "left\n"
