"""Files written whole or not at all."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from foedus.errors import ResultError

if TYPE_CHECKING:
    from pathlib import Path


def replace_file(path: Path, content: bytes) -> None:
    """Write a file completely or not at all: beside its place first, then moved there."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        temporary.write_bytes(content)
        sync(temporary)
        temporary.replace(path)
        sync(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


def refuse_file(path: Path, *, overwrite: bool) -> None:
    """Refuse a path to which a file is not to be written.

    Raises
    ------
    ResultError
        If a file is there already and ``overwrite`` is false, if a directory is there, or if the
        directory of the file does not exist.
    """
    if path.exists() and (path.is_dir() or not overwrite):
        what = "is a directory" if path.is_dir() else "exists already"
        message = f"{path} {what}; name another file, or replace a file with --overwrite."
        raise ResultError(message)
    if not path.parent.is_dir():
        message = f"{path.parent} is no directory; make it first."
        raise ResultError(message)


def sync(path: Path) -> None:
    """Have the system write a file, or the list of names in a directory, to disk now."""
    try:
        handle = os.open(path, os.O_RDONLY)
    except OSError:
        if path.is_dir():  # some systems do not open directories
            return
        raise
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
