"""Mutated scenario files: whatever is in them, a sentence or a good file, never a traceback."""

from __future__ import annotations

import contextlib
import io
from typing import TYPE_CHECKING

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from foedus.cases.shipped import shipped_scenarios
from foedus.cli import app
from foedus.model.levers import DECISIONS, LEVERS, POLICIES

if TYPE_CHECKING:
    from pathlib import Path

TEXTS = [path.read_text(encoding="utf-8") for path in shipped_scenarios().values()]
WORDS = [
    *(lever.name for lever in LEVERS),
    *POLICIES,
    *DECISIONS,
    *("ARM", "KAZ", "RUS", "EU", "AZE", "all", "ARX", "levers", "events", "parameters", "extends"),
    *("baseline", "pressure", "csto", "trust_loss", "ARM.trust", "2026-01", "2031-01", "2026-13"),
    *("from", "to", "value", "ramp", "event", "crisis", "decision", "date", "member", "support"),
    *("cohesion", "weights", "members", "foedus", "start", "horizon", "policy", "name", "title"),
]
SCALARS = st.one_of(
    st.sampled_from(WORDS),
    st.text(max_size=12),
    st.integers(-(10**20), 10**20),
    st.floats(),
    st.booleans(),
    st.none(),
)
TREES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.one_of(st.sampled_from(WORDS), st.text(max_size=8)), inner, max_size=4),
    ),
    max_leaves=12,
)
SNIPPETS = st.sampled_from(
    [
        *("&a ", "*a", "!!python/name:os.system ", "{", "[", "}", "- ", ": ", "\t", "\x00"),
        *("\ud7ff", "? ", "|\n", ">-\n", "---\n", "...\n", "%YAML 1.1\n", "'", '"', "#"),
        *(".nan", "1e999", "<<: "),
    ]
)


def check(path: Path) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = app.execute(["check", str(path)])
    return status, out.getvalue(), err.getvalue()


def assert_sentence_or_good(path: Path) -> None:
    before = sorted(entry.name for entry in path.parent.iterdir())
    status, out, err = check(path)
    assert status in (0, 2)
    if status == 2:
        assert out == ""
        assert err.strip()
        assert "Traceback" not in err
    else:
        assert ": good" in out
    assert sorted(entry.name for entry in path.parent.iterdir()) == before


@settings(max_examples=300)
@given(
    text=st.sampled_from(TEXTS),
    edits=st.lists(
        st.tuples(
            st.integers(0, 2000), st.integers(0, 40), st.one_of(SNIPPETS, st.text(max_size=6))
        ),
        min_size=1,
        max_size=4,
    ),
)
def test_texts_with_pieces_cut_out_and_put_in(
    text: str, edits: list[tuple[int, int, str]], tmp_path: Path
) -> None:
    for place, length, piece in edits:
        at = place % (len(text) + 1)
        text = text[:at] + piece + text[at + length :]
    path = tmp_path / "mutant.yaml"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    assert_sentence_or_good(path)


@settings(max_examples=300)
@given(
    text=st.sampled_from(TEXTS),
    where=st.lists(st.integers(0, 10**6), min_size=1, max_size=6),
    tree=TREES,
    key=st.one_of(st.none(), st.sampled_from(WORDS)),
)
def test_trees_with_a_branch_replaced_or_added(
    text: str, where: list[int], tree: object, key: str | None, tmp_path: Path
) -> None:
    content = yaml.safe_load(text)
    node = content
    for step in where[:-1]:
        children = list(node.values()) if isinstance(node, dict) else list(node)
        inner = [child for child in children if isinstance(child, dict | list) and child]
        if not inner:
            break
        node = inner[step % len(inner)]
    if isinstance(node, dict):
        names = list(node)
        node[key if key is not None else names[where[-1] % len(names)]] = tree
    else:
        node[where[-1] % len(node)] = tree
    path = tmp_path / "mutant.yaml"
    path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    assert_sentence_or_good(path)


@settings(max_examples=100)
@given(content=st.binary(max_size=300))
def test_bytes_of_any_kind(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "mutant.yaml"
    path.write_bytes(content)
    assert_sentence_or_good(path)
