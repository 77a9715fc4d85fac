"""Registering goes through the `cerebros` command, whose part a script takes here."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cerebros import Builder, UserError, step, workflow


@step
async def extract() -> None:
    """Does nothing."""


@workflow(version="2")
def report(wf: Builder) -> None:
    """Prüft."""
    wf.timeline(extract)


BLUEPRINT = {"name": "report", "version": "2", "steps": [{"name": "extract"}], "description": "Prüft."}


def program(file: Path, script: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in which nothing is installed."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/bin")
    return tmp_path


def test_writes_the_blueprint_and_runs_the_command(here: Path) -> None:
    program(here / "bin" / "cerebros", """echo "$@" > arguments; echo '{"name": "report", "sha256": "ab"}'; echo next >&2""")
    assert report.register() == {"name": "report", "sha256": "ab"}
    assert json.loads((here / "report-2.json").read_text("utf-8")) == BLUEPRINT
    assert (here / "arguments").read_text() == "blueprint register report-2.json -o json\n"
    report.register(here / "elsewhere.json")
    assert "elsewhere.json" in (here / "arguments").read_text()


@pytest.mark.parametrize("package", ["", '{"bin": {"cerebros": "main.js"}}'])
def test_runs_npx_where_the_package_is_and_never_elsewhere(package: str, here: Path) -> None:
    program(here / "bin" / "npx", "echo \"$@\" > arguments; echo '{}'")
    with pytest.raises(
        UserError, match=r"report-2\.json is written, but no command cerebros .*; where it is, run: cerebros blueprint register"
    ):
        report.register()
    assert not (here / "arguments").exists(), "npx would install what npm's registry has under this name"
    (here / "package.json").write_text(package)
    if package == "":
        program(here / "node_modules" / ".bin" / "cerebros", "")
    report.register()
    assert (here / "arguments").read_text() == "--no-install cerebros blueprint register report-2.json -o json\n"


REFUSED = json.dumps({"error": {"code": "VERSION_TAKEN", "message": "expected the definition", "hint": "give it another version"}})


@pytest.mark.parametrize(
    ("stderr", "says"),
    [
        (REFUSED, "exited with 5: expected the definition (give it another version)"),
        (f"started\n{REFUSED}", "exited with 5: expected the definition (give it another version)"),
        ("it broke", "exited with 5: it broke"),
    ],
)
def test_says_why_the_command_refused(stderr: str, says: str, here: Path) -> None:
    (here / "said").write_text(stderr)
    program(here / "bin" / "cerebros", "cat said >&2; exit 5")
    with pytest.raises(UserError) as caught:
        report.register()
    assert says in str(caught.value)
    assert caught.value.exit_code == 5


def test_says_where_the_file_cannot_be_written(here: Path) -> None:
    with pytest.raises(UserError, match="cannot be written"):
        report.register(here / "nowhere" / "it.json")


def test_a_command_that_answers_no_json_is_named(here: Path) -> None:
    program(here / "bin" / "cerebros", "echo hello")
    with pytest.raises(UserError, match="expected a row as JSON, got 'hello"):
        report.register()
