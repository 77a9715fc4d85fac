"""Asks who sits at the terminal."""

from __future__ import annotations

import asyncio
import getpass
import json
import os
import sys
from collections.abc import Sequence

from cerebros.steps.failures import refusal
from cerebros.steps.local.asking import ApprovalRequest, Verdict

_DATA_CHARS = 2000
_ANSWERS = {"y": True, "yes": True, "n": False, "no": False}


class Terminal:
    """Asks for approvals on standard error and reads the answers from standard input, one question at a time."""

    def __init__(self) -> None:
        """To be made for one run."""
        self._lines = _Lines()
        self._turn = asyncio.Lock()

    async def ask(self, request: ApprovalRequest) -> Verdict:
        """The verdict: y or n, and behind it a comment. Raises a refusal when the input ends."""
        async with self._turn:
            print(_question(request), file=sys.stderr)
            while True:
                print("approve? y or n, and a comment if you like: ", end="", file=sys.stderr, flush=True)
                line = await self._lines.next()
                if line == "":
                    cure = "run it at a terminal, or give run_local(on_approval=…)"
                    raise refusal("INVALID_INPUT", f"nobody can decide {request.approval_type}: the input has ended; {cure}")
                answer, _, comment = line.strip().partition(" ")
                if answer.lower() in _ANSWERS:
                    return Verdict(_ANSWERS[answer.lower()], _person(), comment.strip() or None)


class _Lines:
    """Lines of standard input, read without a thread: one would go on waiting, and take the next line, when its question is over."""

    def __init__(self) -> None:
        self._rest = b""

    async def next(self) -> str:
        """The next line with its end; empty when there is none any more."""
        while b"\n" not in self._rest:
            read = await _read(sys.stdin.fileno())
            if read == b"":
                last, self._rest = self._rest, b""
                return last.decode(errors="replace")
            self._rest += read
        line, _, self._rest = self._rest.partition(b"\n")
        return f"{line.decode(errors='replace')}\n"


async def _read(descriptor: int) -> bytes:
    loop = asyncio.get_running_loop()
    readable = asyncio.Event()
    try:
        loop.add_reader(descriptor, readable.set)
    except PermissionError:  # a file: it never lets anybody wait
        return os.read(descriptor, 4096)
    try:
        await readable.wait()
    finally:
        loop.remove_reader(descriptor)
    return os.read(descriptor, 4096)


def _question(request: ApprovalRequest) -> str:
    data = json.dumps(request.data, ensure_ascii=False, indent=2)[:_DATA_CHARS]
    may = f"; {_listed(request.approvers)} may decide" if request.approvers else ""
    when = f"within {request.timeout_ms / 1000:g} s, else it counts as {request.on_timeout}{may}"
    return f"\nstep {request.step_name} asks for approval: {request.approval_type} ({when})\n{data}"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names)


def _person() -> str | None:
    try:
        return os.environ.get("CEREBROS_USER") or getpass.getuser()
    except (KeyError, OSError):
        return None
