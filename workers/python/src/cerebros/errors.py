"""The errors a person at the terminal meets."""

from __future__ import annotations


class UserError(Exception):
    """Something that who started the worker can mend; the message says what was expected, what came and what to do."""

    def __init__(self, message: str, exit_code: int = 2) -> None:
        """`exit_code` is that of the command: 2 for wrong use, 3 when Temporal does not answer."""
        super().__init__(message)
        self.exit_code = exit_code
