"""Registers a blueprint with the `cerebros` command: the registry is its client's, and there is no other way in."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cerebros.errors import UserError
from cerebros.steps.blueprint import Blueprint

_TIMEOUT_S = 60


def register_blueprint(blueprint: Blueprint, file: Path) -> Mapping[str, Any]:
    """Writes the blueprint to the file, registers it, and answers its row. Raises `UserError` with the command's exit code."""
    _write(blueprint, file)
    by_hand = f"cerebros blueprint register {file}"
    command = _command()
    if command is None:
        raise UserError(f"{file} is written, but no command cerebros is on PATH or known to npx here; where it is, run: {by_hand}", 3)
    try:
        said = subprocess.run(
            [*command, "blueprint", "register", str(file), "-o", "json"], capture_output=True, text=True, timeout=_TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired:
        raise UserError(f"{file} is written, but the command did not end within {_TIMEOUT_S} s; run: {by_hand}", 3) from None
    if said.returncode != 0:
        raise UserError(f"{by_hand} exited with {said.returncode}: {_message(said.stderr)}", said.returncode)
    return _row(by_hand, said.stdout)


def _write(blueprint: Blueprint, file: Path) -> None:
    try:
        file.write_text(f"{json.dumps(blueprint, ensure_ascii=False, indent=2)}\n", encoding="utf-8")
    except OSError as error:
        raise UserError(f"{file} cannot be written ({error.strerror}); name another file") from error


def _row(by_hand: str, stdout: str) -> Mapping[str, Any]:
    try:
        row: Mapping[str, Any] = json.loads(stdout)
        return row
    except ValueError:
        raise UserError(f"{by_hand}: expected a row as JSON, got {stdout!r:.80}; is it the cerebros of this release?", 3) from None


def _command() -> Sequence[str] | None:
    """`npx` only looks here: what npm's registry has under this name is not ours."""
    own = shutil.which("cerebros")
    if own is not None:
        return [own]
    npx = shutil.which("npx")
    if npx is None or not any(map(_has_command, (Path.cwd(), *Path.cwd().parents))):
        return None
    return [npx, "--no-install", "cerebros"]


def _has_command(folder: Path) -> bool:
    """Whether `npx cerebros` finds it in this folder: among what is installed there, or as what the folder is itself."""
    if (folder / "node_modules" / ".bin" / "cerebros").exists():
        return True
    try:
        return "cerebros" in json.loads((folder / "package.json").read_text("utf-8"))["bin"]
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _message(stderr: str) -> str:
    """With `-o json` an error is `{error: {code, message, hint}}`, behind what else was said."""
    try:
        error = json.loads(stderr[stderr.index("{") :])["error"]
        return f"{error['message']} ({error['hint']})" if error.get("hint") else str(error["message"])
    except (ValueError, KeyError, TypeError):
        return stderr.strip()[-2000:]
