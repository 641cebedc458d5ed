"""Results on disk: a piece is complete or not there, and files of others are never lost.

A result is a directory. Each piece is one file, a zipped zarr group, written beside its place,
synced, moved into place, and only then listed with its checksum as a line of the manifest, which is
synced in turn. So whatever happens, what the manifest lists is whole on disk, and what it does not
list does not count. Everything else is written whole and moved into place at the end.
"""

from __future__ import annotations

import csv
import json
import os
import platform
import shutil
import tempfile
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from hashlib import file_digest, sha256
from importlib.metadata import version
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from foedus.errors import ResultError, UnfinishedError
from foedus.worlds.files import replace_file, sync
from foedus.worlds.kept import LABELS, MONTHLY, PATHS, TABLE, Kept, Piece
from foedus.worlds.kernel import Monthly

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

FORMAT_VERSION = 2
MARKER = "foedus.json"
MANIFEST = "manifest.jsonl"
CHUNKS = "chunks"
FIGURES = "figures"
TABLE_PREFIX = "table_"  # of the table's arrays in a piece
OURS = ".written.json"  # which files of a directory of figures foedus wrote
COMPARISON = "comparison"  # directory of what a comparison adds to the worlds of its scenarios
LIBRARIES = ("foedus", "mesa", "numba", "numpy", "xarray", "zarr")


def versions() -> dict[str, str]:
    """Versions of Python and of the libraries that decide a result."""
    return {"python": platform.python_version(), **{name: version(name) for name in LIBRARIES}}


# ---------------------------------------------------------------------------------------------
# Pieces


@dataclass(frozen=True)
class ManifestLine:
    """A line of the manifest: a piece that is complete on disk.

    Attributes
    ----------
    first, runs
        Number of its first world, and how many worlds it holds.
    file
        Path below the result's directory.
    size
        Bytes of the file.
    """

    scenario: str
    first: int
    runs: int
    file: str
    size: int
    sha256: str


def reached(point: str) -> None:
    """Do nothing.

    Tests replace this function by one that ends the process at a ``point`` of writing, to see that
    nothing is lost.
    """


class Directory:
    """The pieces of a result in its directory.

    Parameters
    ----------
    path
        The result's directory.
    complain
        Called with a sentence for each damaged piece that will be computed again; without it a
        damaged piece is an error.
    """

    def __init__(self, path: Path, complain: Callable[[str], None] | None = None) -> None:
        self.path = path
        self.complain = complain

    def entries(self) -> list[ManifestLine]:
        """Return the pieces that are listed; a line cut short by a sudden end does not count.

        Raises
        ------
        ResultError
            If a whole line cannot be read.
        """
        try:
            text = (self.path / MANIFEST).read_text(encoding="utf-8")
        except FileNotFoundError:
            return []
        lines = text.split("\n")[:-1]
        found = []
        for number, line in enumerate(lines, 1):
            try:
                found.append(ManifestLine(**json.loads(line)))
            except (ValueError, TypeError):
                message = (
                    f"{self.path / MANIFEST}:{number} is damaged. Delete the line and run "
                    f"foedus run --resume {self.path}: the pieces it listed are computed again."
                )
                raise ResultError(message) from None
        return found

    def tidy(self) -> None:
        """Remove what an interrupted process left: temporary files and pieces never listed."""
        (self.path / CHUNKS).mkdir(exist_ok=True)
        (self.path / MANIFEST).touch()
        listed = {entry.file for entry in self.entries()}
        for path in [*self.path.glob(".*.tmp"), *self.path.glob(".finish.*")]:
            path.unlink() if path.is_file() else shutil.rmtree(path, ignore_errors=True)
        for path in (self.path / CHUNKS).iterdir():
            if f"{CHUNKS}/{path.name}" not in listed:
                path.unlink()

    def pieces(self) -> Iterator[Piece]:
        """Read and check every piece that is listed.

        Raises
        ------
        ResultError
            If a piece is missing, cut short or altered, and ``complain`` is None.
        """
        for entry in self.entries():
            reason = self.damage(entry)
            if reason is None:
                yield self.read(entry)
                continue
            if self.complain is None:
                message = (
                    f"{self.path / entry.file} {reason}. Its {entry.runs:,} worlds are computed "
                    f"again by: foedus run --resume {self.path}"
                )
                raise ResultError(message)
            self.complain(
                f"{self.path / entry.file} {reason}; its {entry.runs:,} worlds are computed again."
            )
            self._forget(entry)

    def is_of_this_version(self) -> bool:
        """Whether its pieces hold of each world what is kept now, as its first whole piece tells.

        Raises
        ------
        ResultError
            If its monthly sums are those of another version.
        """
        whole = (entry for entry in self.entries() if self.damage(entry) is None)
        first = next(whole, None)
        return first is None or self.read(first).is_of_this_version

    def damage(self, entry: ManifestLine) -> str | None:
        """Return what is wrong with a piece, in words that follow its path, or None."""
        path = self.path / entry.file
        try:
            with path.open("rb") as stream:
                size = os.fstat(stream.fileno()).st_size
                if size != entry.size:
                    return f"has {size:,} bytes instead of {entry.size:,}"
                if file_digest(stream, "sha256").hexdigest() != entry.sha256:
                    return "was altered (its checksum differs)"
        except FileNotFoundError:
            return "is missing"
        except OSError as error:
            return f"cannot be read ({error.strerror})"
        return None

    def read(self, entry: ManifestLine) -> Piece:
        """Read one piece; whole worlds stay on disk until they are used."""
        import zarr
        from zarr.storage import ZipStore

        file = self.path / entry.file
        with ZipStore(file, mode="r") as zipped:
            group: Any = zarr.open_group(zipped, mode="r")
            arrays = {name: group[f"path_{name}"] for name in PATHS if f"path_{name}" in group}
            paths: Any = {name: _OnDisk(file, array) for name, array in arrays.items()}
            labels = {name: tuple(one) for name, one in group.attrs["labels"].items()}
            self._refuse_other_sums(group, labels)
            return Piece(
                entry.scenario,
                entry.first,
                entry.runs,
                {
                    name.removeprefix(TABLE_PREFIX): group[name][...]
                    for name in group
                    if name.startswith(TABLE_PREFIX)
                },
                Monthly(**{name: group[f"monthly_{name}"][...] for name in MONTHLY}),
                paths or None,
                labels,
            )

    def _refuse_other_sums(self, group: Any, labels: Mapping[str, tuple[str, ...]]) -> None:
        """Refuse pieces whose monthly sums are not those of this version.

        The table of a piece may hold more or less than this version keeps; monthly sums cannot be
        told apart once they are added up.
        """
        for name, kept in MONTHLY.items():
            others = [dim for dim in kept.dims if dim in LABELS and labels.get(dim) != LABELS[dim]]
            if f"monthly_{name}" in group and not others:
                continue
            lacks = f"other labels of '{others[0]}'" if others else f"no monthly sums of '{name}'"
            message = (
                f"{self.path} was written by another version of foedus, with {lacks}; {MARKER} "
                "there names that version. Read it with that one, or run the scenario again into "
                "another directory."
            )
            raise ResultError(message)

    def add(self, piece: Piece) -> Piece:
        """Keep a piece; return it with its whole worlds on disk.

        Raises
        ------
        UnfinishedError
            If it cannot be written; what was there before stays whole.
        """
        name = f"{CHUNKS}/{piece.scenario}-{piece.first:010d}-{piece.runs}.zarr.zip"
        target = self.path / name
        temporary = target.with_name(f".{target.name}.{os.getpid()}.tmp")
        try:
            reached("before the piece")
            _write_piece(temporary, piece)
            reached("piece written")
            sync(temporary)
            with temporary.open("rb") as stream:
                entry = ManifestLine(
                    piece.scenario,
                    piece.first,
                    piece.runs,
                    name,
                    os.fstat(stream.fileno()).st_size,
                    file_digest(stream, "sha256").hexdigest(),
                )
            temporary.replace(target)
            sync(target.parent)
            reached("piece in place")
            self._list(entry)
            reached("piece listed")
        except OSError as error:
            temporary.unlink(missing_ok=True)
            message = (
                f"The results could not be written to {self.path}: {error.strerror or error}. "
                f"{self.progress()} Make room, then: foedus run --resume {self.path}"
            )
            raise UnfinishedError(message) from None
        return self.read(entry) if piece.paths is not None else piece

    def progress(self) -> str:
        """Return a sentence that says how many worlds are complete on disk."""
        with suppress(ResultError):
            there = sum(entry.runs for entry in self.entries())
            return f"{there:,} worlds are whole there."
        return ""

    def _list(self, entry: ManifestLine) -> None:
        """Add a line to the manifest and write it to disk."""
        line = json.dumps(asdict(entry)).encode() + b"\n"
        with (self.path / MANIFEST).open("r+b") as stream:
            content = stream.read()
            whole = content.rfind(b"\n") + 1
            stream.truncate(whole)  # what a sudden end left of a line
            stream.seek(whole)
            stream.write(line[: len(line) // 2])
            reached("half a line")
            stream.write(line[len(line) // 2 :])
            stream.flush()
            os.fsync(stream.fileno())

    def _forget(self, entry: ManifestLine) -> None:
        """Delete a piece and its line of the manifest."""
        kept = [other for other in self.entries() if other != entry]
        text = "".join(json.dumps(asdict(other)) + "\n" for other in kept)
        replace_file(self.path / MANIFEST, text.encode())
        (self.path / entry.file).unlink(missing_ok=True)


class _OnDisk:
    """An array of a piece, read when it is indexed; no file stays open for it."""

    def __init__(self, file: Path, array: Any) -> None:
        self._file, self._name = file, array.basename
        self.shape, self.dtype, self.ndim = array.shape, array.dtype, array.ndim

    def __getitem__(self, key: Any) -> Any:
        import zarr
        from zarr.storage import ZipStore

        with ZipStore(self._file, mode="r") as zipped:
            group: Any = zarr.open_group(zipped, mode="r")
            return group[self._name][key]


def _unknown(array: Any) -> Kept:
    """Describe an array that another version of foedus kept."""
    dims = tuple(f"dimension_{place}" for place in range(array.ndim - 1))
    return Kept((*dims, "run"), array.dtype, "kept by another version of foedus")


def _write_piece(path: Path, piece: Piece) -> None:
    """Write a piece as a zipped zarr group: arrays ``table_...``, ``monthly_...``, ``path_...``."""
    import zarr
    from zarr.storage import ZipStore

    arrays: dict[str, tuple[Any, Kept]] = {
        f"{TABLE_PREFIX}{name}": (array, TABLE.get(name, _unknown(array)))
        for name, array in piece.table.items()
    }
    for name, kept in MONTHLY.items():
        arrays[f"monthly_{name}"] = (getattr(piece.monthly, name), kept)
    if piece.paths is not None:
        for name, kept in PATHS.items():
            arrays[f"path_{name}"] = (piece.paths[name], kept)
    attributes = {"scenario": piece.scenario, "first": piece.first, "labels": dict(piece.labels)}
    with ZipStore(path, mode="w") as store:
        group = zarr.create_group(store, attributes=attributes)
        for name, (array, kept) in arrays.items():
            group.create_array(
                name,
                data=array,
                chunks=array.shape,
                dimension_names=kept.dims,
                attributes={"long_name": kept.meaning, "units": kept.unit},
            )


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
