"""Where the files that come with foedus lie, installed or in a checkout."""

from __future__ import annotations

from os.path import relpath
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

DATA = Path(__file__).resolve().parent / "data"


def scenario_directory() -> Path:
    """Directory of the shipped scenarios: inside the wheel, or beside ``src`` in a checkout."""
    package = Path(__file__).resolve().parents[1]
    installed = package / "scenarios"
    return installed if installed.is_dir() else package.parents[1] / "scenarios"


def shipped_scenarios() -> dict[str, Path]:
    """Shipped scenario files by bare name."""
    return {path.stem: path for path in sorted(scenario_directory().glob("*.yaml"))}


def shipped_alliances() -> dict[str, Path]:
    """Shipped alliance files by bare name."""
    return {path.stem: path for path in sorted((scenario_directory() / "alliances").glob("*.yaml"))}


def shipped_records() -> dict[str, Path]:
    """Shipped records by the name of their alliance."""
    return {path.stem.removeprefix("record_"): path for path in sorted(DATA.glob("record_*.yaml"))}


def shipped_file(name: str) -> Path | None:
    """Return a data file that comes with foedus, such as ``posterior_csto.npz``, or None."""
    path = DATA / name
    return path if path.is_file() else None


def is_path(reference: str) -> bool:
    """Whether a file is named by its path and not by the bare name of a shipped one."""
    return reference.endswith((".yaml", ".yml")) or "/" in reference or "\\" in reference


def shown_path(file: str) -> str:
    """Return how a reader is told of a file: by no absolute path, which is of one machine only.

    A file under the working directory is named from there, any other by its bare name. What is no
    absolute path stays as it is.
    """
    path = Path(file)
    if not path.is_absolute():
        return file
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else path.name


def reference_from_here(reference: str) -> str:
    """Return a reference to a file as one that is read from the working directory."""
    if not Path(reference).is_absolute():
        return reference
    try:
        text = relpath(reference)
    except ValueError:  # on another drive
        return reference
    return text if is_path(text) else f"./{text}"


def locate(
    reference: str, shipped: Mapping[str, Path], base: Path | None
) -> tuple[Path, str] | None:
    """Find a file named by path or, if shipped, by bare name.

    Returns
    -------
    tuple or None
        The path and the name under which errors should show it; None if a bare name is unknown.
    """
    if not is_path(reference):
        path = shipped.get(reference)
        return (path, f"{path.parent.name}/{path.name}") if path else None
    path = Path(reference).expanduser()
    if base is not None and not path.is_absolute():
        path = base / path
    return path, str(path)
