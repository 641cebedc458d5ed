"""Results on disk: written whole or not at all, never over something else, with provenance."""

from __future__ import annotations

import csv
import json
import os
import platform
import shutil
import tempfile
from contextlib import contextmanager
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from foedus.errors import ResultError, UnfinishedError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import xarray as xr

FORMAT_VERSION = 1
MARKER = "foedus.json"
DATASET = "results.zarr"
LIBRARIES = ("foedus", "mesa", "numpy", "xarray", "zarr")


def source_hash() -> str:
    """SHA-256 of the package's sources, so that a result tells which rules made it."""
    total = sha256()
    package = Path(__file__).resolve().parent
    for path in sorted(package.glob("*.py")):
        total.update(path.name.encode())
        total.update(path.read_bytes().replace(b"\r\n", b"\n"))
    return total.hexdigest()


def versions() -> dict[str, str]:
    """Versions of Python and of the libraries that decide a result."""
    return {"python": platform.python_version(), **{name: version(name) for name in LIBRARIES}}


@contextmanager
def writing(directory: Path, *, overwrite: bool = False) -> Iterator[Path]:
    """Give a temporary directory that takes the place of ``directory`` once the block is done.

    Nothing is left behind when the block fails, and what stood there before stays as it was.

    Raises
    ------
    ResultError
        If the directory holds something else, or cannot be written.
    """
    refuse_foreign(directory, overwrite=overwrite)
    parent = directory.resolve().parent
    try:
        parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".{directory.name}.", dir=parent))
    except OSError as error:
        message = f"{directory} cannot be written: {error.strerror}. Choose another --out."
        raise ResultError(message) from None
    try:
        temporary.chmod(0o777 & ~_umask())
        yield temporary
        _replace(temporary, directory)
    except OSError as error:
        reason = error.strerror or error
        message = f"The results could not be written to {directory}: {reason}. Nothing was left."
        raise UnfinishedError(message) from None
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def refuse_foreign(directory: Path, *, overwrite: bool = False) -> None:
    """Refuse a place that holds something which writing would lose.

    Raises
    ------
    ResultError
        With what is there and what to do.
    """
    if directory.exists() and not directory.is_dir():
        message = f"{directory} is a file; name a directory with --out."
        raise ResultError(message)
    if not directory.is_dir() or not any(directory.iterdir()):
        return
    if not (directory / MARKER).is_file():
        message = f"{directory} is not empty and holds no foedus result; choose another --out."
        raise ResultError(message)
    if not overwrite:
        message = (
            f"{directory} holds other results; choose another --out, or replace them with "
            "--overwrite."
        )
        raise ResultError(message)


def refuse_unwritable(directory: Path) -> None:
    """Refuse a place where nothing can be written, before anything is computed for it.

    Raises
    ------
    ResultError
        With the reason.
    """
    parent = directory.resolve().parent
    while not parent.exists():
        parent = parent.parent
    try:
        with tempfile.TemporaryDirectory(prefix=f".{directory.name}.", dir=parent):
            pass
    except OSError as error:
        message = f"{directory} cannot be written: {error.strerror}. Choose another --out."
        raise ResultError(message) from None


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _replace(temporary: Path, directory: Path) -> None:
    if not directory.exists():
        temporary.rename(directory)
        return
    aside = Path(tempfile.mkdtemp(prefix=f".{directory.name}.old.", dir=directory.resolve().parent))
    directory.rename(aside / "old")
    try:
        temporary.rename(directory)
    except OSError:
        (aside / "old").rename(directory)
        raise
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def write_json(path: Path, content: Any) -> None:
    """Write plain data as JSON that any reader accepts (no NaN)."""
    text = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")


def write_csv(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    """Write rows with the same keys as CSV."""
    table = list(rows)
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(table[0]) if table else [], lineterminator="\n")
        writer.writeheader()
        writer.writerows(table)


def write_dataset(directory: Path, data: xr.Dataset) -> None:
    """Write the Dataset as a zarr store in the directory."""
    stored = data.copy()
    for name in stored.coords:
        if stored[name].dtype.kind == "U":
            stored = stored.assign_coords({name: stored[name].astype(object)})
    stored.to_zarr(directory / DATASET, mode="w-", consolidated=False)


def read_provenance(directory: Path) -> dict[str, Any]:
    """Read where a stored result comes from.

    Raises
    ------
    ResultError
        If the directory holds no result, or one of another format.
    """
    path = directory / MARKER
    if not path.is_file():
        message = f"{directory} holds no foedus result (no {MARKER})."
        raise ResultError(message)
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        written = content["format"]
    except (ValueError, KeyError, TypeError, OSError):
        message = f"{path} is damaged; run the scenario again into another directory."
        raise ResultError(message) from None
    if written != FORMAT_VERSION:
        message = f"{directory} has result format {written}; this foedus reads {FORMAT_VERSION}."
        raise ResultError(message)
    return dict(content)


def read_dataset(directory: Path) -> xr.Dataset:
    """Read a stored Dataset into memory.

    Raises
    ------
    ResultError
        If it is missing or damaged.
    """
    import xarray as xr

    try:
        with xr.open_zarr(directory / DATASET, consolidated=False, chunks=None) as stored:
            data: xr.Dataset = stored.load()
    except Exception as error:
        message = f"{directory / DATASET} cannot be read ({error}); run the scenario again."
        raise ResultError(message) from error
    for name in data.coords:
        if data[name].dtype.kind in "OT":
            data = data.assign_coords({name: [str(value) for value in data[name].values]})
    return data
