"""The folder that all workers share: the layout of `src/artifacts/store.ts`, read and written from Python."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from pathlib import Path

_URI = re.compile(r"artifact:sha256:([0-9a-f]{64})")
_RUN_NAME = re.compile(r"[A-Za-z0-9._:-]{1,200}")


class ArtifactError(Exception):
    """An artifact is damaged, or its URI or a run's id is none of ours."""


class ArtifactMissingError(ArtifactError):
    """An artifact is not in the store. Another worker may have it, when the stores are not the same folder."""


class ArtifactStore:
    """Content under `<dir>/sha256/ab/cdef…`, and a folder for each run under `<dir>/runs/`."""

    def __init__(self, folder: Path) -> None:
        """`folder` is made when first written to."""
        self.folder = folder

    def get(self, uri: str) -> bytes:
        """The content behind `artifact:sha256:<hex>`, checked against its hash. Raises `ArtifactError`."""
        match = _URI.fullmatch(uri)
        if match is None:
            raise ArtifactError(f"expected artifact:sha256:<64 hex digits>, got {uri!r}")
        sha256 = match[1]
        try:
            content = (self.folder / "sha256" / sha256[:2] / sha256[2:]).read_bytes()
        except FileNotFoundError as error:
            raise ArtifactMissingError(f"expected {uri} in {self.folder}, found none") from error
        got = sha256_of(content)
        if got != sha256:
            raise ArtifactError(f"{uri}: expected content of that hash, got sha256 {got}; the file is damaged")
        return content

    def put(self, content: bytes) -> str:
        """Stores content and returns its URI."""
        sha256 = sha256_of(content)
        write_atomically(self.folder / "sha256" / sha256[:2] / sha256[2:], content)
        return f"artifact:sha256:{sha256}"

    def run_folder(self, name: str) -> Path:
        """The folder of a run, by its id; not made. Raises `ArtifactError`."""
        if _RUN_NAME.fullmatch(name) is None or set(name) == {"."}:
            raise ArtifactError(f"expected a run's id as folder name, got {name!r}")
        return self.folder / "runs" / name


def write_atomically(file: Path, content: bytes) -> None:
    """Writes a file and the folders above it: a reader, or a crash, sees the old content or the new, never a part."""
    file.parent.mkdir(parents=True, exist_ok=True)
    temporary = file.with_name(f"{file.name}.{secrets.token_hex(4)}.tmp")
    try:
        with temporary.open("xb") as handle:
            handle.write(content)
            handle.flush()
            os.fsync(handle.fileno())
        temporary.replace(file)
    finally:
        temporary.unlink(missing_ok=True)


def sha256_of(content: bytes) -> str:
    """SHA-256 in hex."""
    return hashlib.sha256(content).hexdigest()
