"""The notebooks run from a clean kernel, and their stored outputs are those of such a run."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOKS = sorted((Path(__file__).resolve().parents[1] / "notebooks").glob("*.ipynb"))
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]


def test_the_notebooks_are_those_that_the_readme_names() -> None:
    readme = (NOTEBOOKS[0].parent.parent / "README.md").read_text(encoding="utf-8")
    assert len(NOTEBOOKS) == 4
    for path in NOTEBOOKS:
        assert f"(notebooks/{path.name})" in readme


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_from_a_clean_kernel(path: Path, tmp_path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    stored = [cell.copy() for cell in notebook.cells]
    client = NotebookClient(notebook, timeout=180, resources={"metadata": {"path": str(tmp_path)}})
    client.execute()
    for before, after in zip(stored, notebook.cells, strict=True):
        if before.cell_type == "code":
            assert before.outputs or not after.outputs, f"store the outputs: {before.source}"
            for output in after.outputs:
                assert output.output_type != "error"
                assert output.get("name") != "stderr", output.get("text")
