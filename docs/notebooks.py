"""Run the notebooks from clean kernels and store what they show: ``python docs/notebooks.py``."""

from __future__ import annotations

import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

DIRECTORY = Path(__file__).resolve().parent.parent / "notebooks"


def refresh(path: Path) -> None:
    """Run one notebook and write it with its outputs, without anything of this machine."""
    notebook = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    NotebookClient(notebook, timeout=300).execute()
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{number:02d}"
        cell.metadata = {}
    notebook.metadata = {
        "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
        "language_info": {"name": "python"},
    }
    nbformat.write(notebook, path)  # type: ignore[no-untyped-call]


if __name__ == "__main__":
    chosen = [Path(name) for name in sys.argv[1:]] or sorted(DIRECTORY.glob("*.ipynb"))
    for one in chosen:
        refresh(one)
