"""Results on disk: a piece is complete or not there, and files of others are never lost.

A result is a directory. Each piece is one file, a zipped zarr group, written beside its place,
synced, moved into place, and only then listed with its checksum as a line of the manifest, which is
synced in turn. So whatever happens, what the manifest lists is whole on disk, and what it does not
list does not count. Everything else is written whole and moved into place at the end.
"""

from __future__ import annotations

import json
import os
import shutil
from contextlib import suppress
from dataclasses import asdict, dataclass
from hashlib import file_digest
from typing import TYPE_CHECKING, Any

from foedus.ensembles import on_disk
from foedus.ensembles.on_disk import CHUNKS, MANIFEST, MARKER
from foedus.errors import ResultError, UnfinishedError
from foedus.worlds.files import replace_file, sync
from foedus.worlds.kept import ALWAYS, LABELS, MONTHLY, PATHS, TABLE, Kept, Piece
from foedus.worlds.kernel import Monthly

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path
TABLE_PREFIX = "table_"  # of the table's arrays in a piece


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


class Pieces:
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
        """Whether its pieces hold of each world what is kept now.

        Raises
        ------
        ResultError
            If its monthly sums are those of another version.
        """
        whole = (entry for entry in self.entries() if self.damage(entry) is None)
        return all(self.read(entry).is_of_this_version for entry in whole)

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
            labels = self._labels(file, group)
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

    def _labels(self, file: Path, group: Any) -> dict[str, tuple[str, ...]]:
        """Return the labels of a piece's dimensions; refuse a file that is no whole piece."""
        found = group.attrs.get("labels")
        lacking = [name for name in ALWAYS if f"{TABLE_PREFIX}{name}" not in group]
        if not isinstance(found, dict) or not found.keys() >= LABELS.keys() or lacking:
            lacks = f"'{lacking[0]}'" if lacking else "the labels of its dimensions"
            message = (
                f"{file} holds no piece that this version of foedus can read: it lacks {lacks}. "
                "Run the scenario again into another directory."
            )
            raise ResultError(message)
        return {name: tuple(map(str, labels)) for name, labels in found.items()}

    def _refuse_other_sums(self, group: Any, labels: Mapping[str, tuple[str, ...]]) -> None:
        """Refuse pieces whose monthly sums are not those of this version.

        The table of a piece may hold more or less than this version keeps, and its monthly sums
        less; sums of what this version does not know cannot be told apart once they are added up.
        """
        for name, kept in MONTHLY.items():
            others = [
                dim
                for dim in kept.dims
                if dim in LABELS and not _readable(dim, labels.get(dim, ("",)))
            ]
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
            on_disk.reached("before the piece")
            _write_piece(temporary, piece)
            on_disk.reached("piece written")
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
            on_disk.reached("piece in place")
            self._list(entry)
            on_disk.reached("piece listed")
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
            on_disk.reached("half a line")
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


def _readable(dimension: str, labels: tuple[str, ...]) -> bool:
    """Whether monthly sums with these labels can be read; of fields there may be fewer than now."""
    known = LABELS[dimension]
    return labels == known or (dimension == "field" and set(labels) <= set(known))


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
