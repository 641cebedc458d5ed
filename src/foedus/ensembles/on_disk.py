"""A result's directory: made, held against other writers, finished and read."""

from __future__ import annotations

import csv
import json
import os
import platform
import shutil
import tempfile
from contextlib import contextmanager, suppress
from hashlib import sha256
from importlib.metadata import version
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from foedus.errors import ResultError, UnfinishedError
from foedus.worlds.files import replace_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from foedus.defaults import Figures


FORMAT_VERSION = 2
MARKER = "foedus.json"
MANIFEST = "manifest.jsonl"
CHUNKS = "chunks"
FIGURES = "figures"
OURS = ".written.json"  # which files of a directory of figures foedus wrote
COMPARISON = "comparison"  # directory of what a comparison adds to the worlds of its scenarios
LIBRARIES = ("foedus", "mesa", "numba", "numpy", "xarray", "zarr")


def versions() -> dict[str, str]:
    """Versions of Python and of the libraries that decide a result."""
    return {"python": platform.python_version(), **{name: version(name) for name in LIBRARIES}}


def reached(point: str) -> None:
    """Do nothing.

    Tests replace this function by one that ends the process at a ``point`` of writing, to see that
    nothing is lost.
    """


# ---------------------------------------------------------------------------------------------
# The directory


def create(
    directory: Path, marker: Mapping[str, Any], fill: Callable[[Path], None], *, overwrite: bool
) -> None:
    """Make the directory of a result, with everything but pieces, in one step.

    Parameters
    ----------
    marker
        Content of the file :data:`MARKER`: where the result comes from.
    fill
        Called with a directory, into which it writes the files that are to stand beside the marker.
    overwrite
        Whether another result in the directory may be replaced.

    Raises
    ------
    ResultError
        If the directory holds something else, or cannot be written.
    UnfinishedError
        If writing fails; nothing is left behind then.
    """
    refuse_foreign(directory, overwrite=overwrite)
    if (directory / MARKER).is_file():
        with held(directory):  # refused while another process writes into it
            pass
    with in_place_of(directory) as temporary:
        (temporary / CHUNKS).mkdir()
        (temporary / MANIFEST).touch()
        fill(temporary)
        write_json(temporary / MARKER, marker)


@contextmanager
def in_place_of(directory: Path) -> Iterator[Path]:
    """Give a temporary directory that takes the place of ``directory`` once the block is done."""
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
    """Refuse a directory that holds something which writing a result would destroy.

    Raises
    ------
    ResultError
        If ``directory`` is a file, holds something that is no result, or holds a result and
        ``overwrite`` is false.
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


@contextmanager
def held(directory: Path) -> Iterator[None]:
    """Keep other foedus processes from writing into a result until the block is done.

    Raises
    ------
    ResultError
        If another process is writing into it, or it cannot be written.
    """
    from filelock import FileLock, Timeout

    lock = FileLock(directory / ".lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        message = f"Another foedus writes into {directory}; wait for it or choose another --out."
        raise ResultError(message) from None
    except OSError as error:
        message = f"{directory} cannot be written: {error.strerror}. Choose another --out."
        raise ResultError(message) from None
    try:
        yield
    finally:
        lock.release()


def finish(directory: Path, marker: Mapping[str, Any], fill: Callable[[Path], None]) -> None:
    """Put summaries and figures in place, and say in the marker that the result is complete.

    Figures and comparison that foedus wrote there before are removed; the marker keeps the
    checksums of the new summaries.

    Parameters
    ----------
    marker
        Content of the file :data:`MARKER`, without the checksums.
    fill
        Called with a directory, into which it writes summaries and figures.

    Raises
    ------
    UnfinishedError
        If summaries and figures cannot be written; the pieces stay as they are.
    """
    try:
        with tempfile.TemporaryDirectory(prefix=".finish.", dir=directory) as name:
            temporary = Path(name)
            fill(temporary)
            files = {
                path.name: sha256(path.read_bytes()).hexdigest()
                for path in sorted(temporary.iterdir())
                if path.is_file()
            }
            for stale in (FIGURES, COMPARISON):
                _discard(directory / stale)
            for item in temporary.iterdir():
                if item.is_dir():
                    _move_in(item, directory / item.name)
                else:
                    item.replace(directory / item.name)
        reached("before the marker")
        replace_file(directory / MARKER, as_text({**marker, "files": files}).encode())
    except OSError as error:
        message = (
            f"Summary and figures could not be written to {directory}: {error.strerror or error}. "
            f"All worlds are whole there. Make room, then: foedus run --resume {directory}"
        )
        raise UnfinishedError(message) from None


def drawn(directory: Path) -> Figures:
    """Return whether a directory of figures is there, and whether they are there as SVG too."""
    return "svg" if any(directory.glob("*.svg")) else directory.is_dir()


def put(target: Path, fill: Callable[[Path], None]) -> None:
    """Fill a directory with new files.

    Files that foedus wrote there before are removed, unless they were edited since. Edited files
    and files of others stay; one in the way of a new file gets ``~`` added to its name.

    Parameters
    ----------
    fill
        Called with a directory, into which it writes the files.

    Raises
    ------
    UnfinishedError
        If it cannot be written.
    """
    try:
        with tempfile.TemporaryDirectory(prefix=".finish.", dir=target.parent) as name:
            temporary = Path(name)
            fill(temporary)
            _discard(target)
            _move_in(temporary, target)
    except OSError as error:
        message = f"{target} could not be written: {error.strerror or error}."
        raise UnfinishedError(message) from None


def _move_in(source: Path, target: Path) -> None:
    """Move files into a directory and note their names and checksums there, in :data:`OURS`."""
    target.mkdir(exist_ok=True)
    sums = {}
    for path in sorted(source.iterdir()):
        sums[path.name] = sha256(path.read_bytes()).hexdigest()
        there = target / path.name
        if there.exists():
            kept = (f"{there.name}{'~' * number}" for number in count(1))
            there.replace(next(p for name in kept if not (p := target / name).exists()))
        path.replace(there)
    replace_file(target / OURS, as_text(sums).encode())


def _discard(directory: Path) -> None:
    """Remove the files that foedus wrote into a directory and that were not edited since."""
    try:
        sums = json.loads((directory / OURS).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return
    for name, checksum in sums.items():
        path = directory / name
        with suppress(OSError):
            if sha256(path.read_bytes()).hexdigest() == checksum:
                path.unlink()
    (directory / OURS).unlink()
    with suppress(OSError):  # somebody else's files are in it
        directory.rmdir()


def altered_files(directory: Path, marker: Mapping[str, Any]) -> list[str]:
    """Return a sentence for each summary that is missing or was altered since it was written."""
    found = []
    for name, checksum in marker.get("files", {}).items():
        try:
            same = sha256((directory / name).read_bytes()).hexdigest() == checksum
        except OSError:
            found.append(f"{directory / name} is missing or cannot be read.")
        else:
            found += [] if same else [f"{directory / name} was altered."]
    return found


def _umask() -> int:
    """Return the process's mask for the permissions of new files."""
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _replace(temporary: Path, directory: Path) -> None:
    """Move a directory into the place of another, which comes back if that fails."""
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


# ---------------------------------------------------------------------------------------------
# Files


def as_text(content: Any) -> str:
    """Return plain data as JSON that any reader accepts (no NaN)."""
    return json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def write_json(path: Path, content: Any) -> None:
    """Write plain data as JSON."""
    path.write_text(as_text(content), encoding="utf-8")


def write_csv(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    """Write rows with the same keys as CSV."""
    table = list(rows)
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(table[0]) if table else [], lineterminator="\n")
        writer.writeheader()
        writer.writerows(table)


def read_marker(directory: Path) -> dict[str, Any]:
    """Read the marker of a stored result: its inputs, versions and digest.

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
    except (ValueError, OSError):
        content = None
    written = content.get("format") if isinstance(content, dict) else None
    if written not in (None, FORMAT_VERSION):
        message = f"{directory} has result format {written}; this foedus reads {FORMAT_VERSION}."
        raise ResultError(message)
    if written is None or not isinstance(content.get("inputs"), dict):
        message = f"{path} is damaged; run the scenario again into another directory."
        raise ResultError(message)
    return dict(content)
