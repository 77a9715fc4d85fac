"""The worker's command line; that it serves is seen where a server is, in `test/conformance`."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from cerebros.worker import main


@pytest.mark.parametrize("slots", ["0", "65", "-1", "two"])
def test_refuses_a_number_of_slots_out_of_range(slots: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([f"--slots={slots}"])
    assert ended.value.code == 2
    assert f"expected a whole number from 1 to 64, got '{slots}'" in capsys.readouterr().err


def test_says_that_temporal_does_not_answer(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        # Bound and not listening: whoever connects is refused, and nobody else gets the port.
        with pytest.raises(SystemExit) as ended:
            main(["--address", f"127.0.0.1:{taken.getsockname()[1]}", "--artifacts", str(tmp_path)])
    assert ended.value.code == 3
    assert "does not answer; start it with `cerebros dev`" in capsys.readouterr().err
