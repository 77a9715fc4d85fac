"""A connection to Temporal."""

from __future__ import annotations

import os
import socket

from temporalio.client import Client
from temporalio.service import RPCError

from cerebros.errors import UserError
from cerebros.leaving import leave_cleanly
from cerebros.payload import DATA_CONVERTER
from cerebros.settings import Settings


def own_identity() -> str:
    """What this process is called in Temporal and in rows: `pid@host`."""
    return f"{os.getpid()}@{socket.gethostname()}"


async def connect(settings: Settings) -> Client:
    """Connects, and has this process leave cleanly. Raises `UserError` (exit 3) when Temporal does not answer."""
    leave_cleanly()
    try:
        return await Client.connect(**settings.temporal, identity=own_identity(), data_converter=DATA_CONVERTER)
    except (RPCError, RuntimeError) as error:
        cure = "start it with `cerebros dev`, or name another address, here or in TEMPORAL_ADDRESS"
        raise UserError(f"Temporal at {settings.temporal['target_host']} does not answer; {cure}. ({error})", 3) from error
