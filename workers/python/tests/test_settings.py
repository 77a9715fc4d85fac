"""Where Temporal and the artifacts are: flag, variable, running stack, profile, default."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from cerebros.errors import UserError
from cerebros.settings import Flags, load_settings

NOTHING = Flags()
GONE = 2**22 - 1
"""A pid that no process has."""


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    return folder


def write_stack(data_dir: Path, pids: dict[str, int]) -> None:
    stack = {"temporal_address": "127.0.0.1:4000", "database_url": "postgres://x", "web_url": None, "ui_url": None, "pids": pids}
    (data_dir / "stack.json").write_text(json.dumps(stack))


def env_of(data_dir: Path, **more: str) -> dict[str, str]:
    # No profile file of who runs the tests.
    return {"CEREBROS_DATA_DIR": str(data_dir), "HOME": str(data_dir), **more}


def test_without_anything_it_is_this_machine_and_the_folder_here(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(data_dir)
    settings = load_settings(NOTHING, {"HOME": str(data_dir)})
    assert settings.temporal == {"target_host": "127.0.0.1:7233", "namespace": "default"}
    assert settings.artifacts == data_dir / ".cerebros" / "artifacts"


def test_a_running_stack_names_the_address(data_dir: Path) -> None:
    write_stack(data_dir, {"dev": os.getpid(), "temporal": os.getpid()})
    settings = load_settings(NOTHING, env_of(data_dir, TEMPORAL_API_KEY="secret", TEMPORAL_NAMESPACE="other"))
    assert settings.temporal == {"target_host": "127.0.0.1:4000", "namespace": "other"}, "and gets no credentials"
    assert settings.artifacts == data_dir / "artifacts"


def test_a_stack_over_another_temporal_keeps_the_credentials_for_it(data_dir: Path) -> None:
    write_stack(data_dir, {"dev": os.getpid()})
    settings = load_settings(NOTHING, env_of(data_dir, TEMPORAL_API_KEY="secret"))
    assert (settings.temporal["target_host"], settings.temporal["api_key"]) == ("127.0.0.1:4000", "secret")
    assert settings.temporal["tls"], "a key turns TLS on"


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"temporal_address": 1, "pids": {}}', '{"temporal_address": "a:1", "pids": 3}'])
def test_a_damaged_stack_file_is_none(text: str, data_dir: Path) -> None:
    (data_dir / "stack.json").write_text(text)
    assert load_settings(NOTHING, env_of(data_dir)).temporal["target_host"] == "127.0.0.1:7233"


def test_a_stack_that_has_died_is_none(data_dir: Path) -> None:
    write_stack(data_dir, {"dev": GONE, "temporal": GONE})
    assert load_settings(NOTHING, env_of(data_dir)).temporal["target_host"] == "127.0.0.1:7233"


def test_flags_go_before_variables_and_variables_before_the_stack(data_dir: Path) -> None:
    write_stack(data_dir, {"dev": os.getpid(), "temporal": os.getpid()})
    env = env_of(data_dir, TEMPORAL_ADDRESS="variable:1", TEMPORAL_NAMESPACE="variable", CEREBROS_ARTIFACTS_DIR="/variable")
    by_variable = load_settings(NOTHING, env)
    assert by_variable.temporal == {"target_host": "variable:1", "namespace": "variable"}
    assert by_variable.artifacts == Path("/variable")
    by_flag = load_settings(Flags("flag:1", "flag", "/flag"), env)
    assert by_flag.temporal == {"target_host": "flag:1", "namespace": "flag"}
    assert by_flag.artifacts == Path("/flag")


def test_an_empty_variable_counts_as_unset(data_dir: Path) -> None:
    settings = load_settings(NOTHING, env_of(data_dir, TEMPORAL_ADDRESS="", CEREBROS_ARTIFACTS_DIR=""))
    assert settings.temporal["target_host"] == "127.0.0.1:7233"
    assert settings.artifacts == data_dir / "artifacts"


def test_a_profile_asked_for_by_name_goes_before_the_stack(data_dir: Path) -> None:
    write_stack(data_dir, {"dev": os.getpid(), "temporal": os.getpid()})
    profile = data_dir / "temporal.toml"
    profile.write_text('[profile.cloud]\naddress = "cloud:7233"\nnamespace = "n"\n')
    settings = load_settings(NOTHING, env_of(data_dir, TEMPORAL_PROFILE="cloud", TEMPORAL_CONFIG_FILE=str(profile)))
    assert settings.temporal == {"target_host": "cloud:7233", "namespace": "n"}


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"TEMPORAL_API_KEY": "secret", "TEMPORAL_TLS": "false"}, "the key would travel in clear text"),
        ({"TEMPORAL_CONFIG_FILE": "/nowhere/temporal.toml"}, "names /nowhere/temporal.toml, which does not exist"),
        ({"TEMPORAL_TLS_CLIENT_CERT_PATH": "/nowhere/cert"}, "Temporal's profile cannot be used: .*No such file"),
    ],
)
def test_refuses_settings_that_would_be_taken_silently_for_others(variables: dict[str, str], message: str, data_dir: Path) -> None:
    with pytest.raises(UserError, match=message):
        load_settings(NOTHING, env_of(data_dir, **variables))
