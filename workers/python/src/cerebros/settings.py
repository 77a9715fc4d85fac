"""Where Temporal and the artifact store are: the rules of `src/config.ts` and `src/stack/temporal-connection.ts`."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from temporalio.envconfig import ClientConfigProfile, ClientConnectConfig

from cerebros.errors import UserError

_DEFAULT_ADDRESS = "127.0.0.1:7233"

Env = Mapping[str, str]
"""Environment variables; an empty value counts as unset."""


@dataclass(frozen=True)
class Flags:
    """What the command line says about where things are; None: not said."""

    address: str | None = None
    namespace: str | None = None
    artifacts: str | None = None


@dataclass(frozen=True)
class Settings:
    """Where things are. `temporal` holds arguments of `Client.connect`; `artifacts` is absolute."""

    temporal: ClientConnectConfig
    artifacts: Path


def load_settings(flags: Flags, env: Env) -> Settings:
    """Finds Temporal and the artifacts, each from the first that names it: flag, variable, default.

    Temporal may also be named by the running stack's `stack.json` (in `CEREBROS_DATA_DIR`, default `./.cerebros`), after the
    variable and before the profile file; a profile asked for by `TEMPORAL_PROFILE` goes before `stack.json`. Raises `UserError`.
    """
    settings = {name: value for name, value in env.items() if value != ""}
    data_dir = Path(settings.get("CEREBROS_DATA_DIR", ".cerebros")).absolute()
    artifacts = flags.artifacts or settings.get("CEREBROS_ARTIFACTS_DIR") or data_dir / "artifacts"
    return Settings(_temporal(flags, settings, data_dir), Path(artifacts).absolute())


def _temporal(flags: Flags, env: Env, data_dir: Path) -> ClientConnectConfig:
    address = flags.address or env.get("TEMPORAL_ADDRESS")
    stack = _read_stack(data_dir) if address is None and "TEMPORAL_PROFILE" not in env else None
    if stack is not None and "temporal" in stack["pids"]:
        # The embedded server is ours, on 127.0.0.1 and in clear text: it gets no credentials.
        namespace = flags.namespace or env.get("TEMPORAL_NAMESPACE", "default")
        return {"target_host": stack["temporal_address"], "namespace": namespace}
    config = _load_profile(env)
    if "api_key" in config and config.get("tls") is False:
        raise UserError(
            "An API key is set and TLS is off: the key would travel in clear text. "
            "Unset TEMPORAL_TLS (a key turns TLS on), or unset TEMPORAL_API_KEY."
        )
    config["target_host"] = address or (stack and stack["temporal_address"]) or config.get("target_host", _DEFAULT_ADDRESS)
    config["namespace"] = flags.namespace or config.get("namespace", "default")
    return config


def _load_profile(env: Env) -> ClientConnectConfig:
    file = env.get("TEMPORAL_CONFIG_FILE")
    # The SDK takes a missing file for an empty one, and would connect to this machine.
    if file is not None and not Path(file).exists():
        raise UserError(f"TEMPORAL_CONFIG_FILE names {file}, which does not exist. Correct it, or unset it.")
    try:
        return ClientConfigProfile.load(config_file_strict=True, override_env_vars=env).to_client_connect_config()
    except (RuntimeError, OSError) as error:
        raise UserError(f"Temporal's profile cannot be used: {error}. Correct the file, or name another.") from error


def _read_stack(data_dir: Path) -> Mapping[str, Any] | None:
    """What `stack.json` says; None when there is none, it is damaged, or none of its processes lives any more."""
    try:
        stack = json.loads((data_dir / "stack.json").read_text())
        named = isinstance(stack["temporal_address"], str)
        return stack if named and any(_is_alive(pid) for pid in stack["pids"].values()) else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
