"""The package stays readable: few names at the top, no module too long or too short.

That imports go one way and not in circles is held by import-linter, see ``.ci/run``.
"""

from __future__ import annotations

from pathlib import Path

from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "src" / "foedus"
MODULES = sorted(PACKAGE.rglob("*.py"))
MOST_NAMES = 16
LONGEST, SHORTEST = 600, 30  # lines
#: Modules that may be short, and why.
SHORT = {
    "__main__.py": "the entry of the command, which only says how it ends",
    "defaults.py": "a leaf: constants that command line and library share",
    "html.py": "a leaf: the one table that every room may show in a notebook",
}


def name_of(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def lines_of(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def test_the_package_has_few_names_at_the_top() -> None:
    names = {path.name for path in PACKAGE.iterdir()} - {"__pycache__"}
    assert len(names) <= MOST_NAMES, sorted(names)


def test_no_module_is_too_long() -> None:
    long = {name_of(path): lines_of(path) for path in MODULES if lines_of(path) > LONGEST}
    assert long == {}


def test_no_module_is_too_short_without_a_reason() -> None:
    modules = [path for path in MODULES if path.name != "__init__.py"]
    short = {name_of(path): lines_of(path) for path in modules if lines_of(path) < SHORTEST}
    assert set(short) <= set(SHORT), short


def test_whatever_may_be_short_exists() -> None:
    assert set(SHORT) <= {name_of(path) for path in MODULES}


def test_the_picture_of_the_layout_shows_every_module() -> None:
    with Image.open(ROOT / "docs" / "images" / "layout.png") as picture:
        shown = set(picture.info["Modules"].split())
    modules = [path for path in MODULES if path.name != "__init__.py"]
    found = {name_of(path).removesuffix(".py").replace("/", ".") for path in modules}
    assert shown == found, "run: python docs/layout.py"
