from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest

from foedus.cases.documents import MAX_BYTES, MAX_DEPTH, parse_document, read_document
from foedus.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path


def refusal(text: str) -> str:
    with pytest.raises(InputError) as caught:
        parse_document(text, "f.yaml")
    return str(caught.value)


def test_plain_data_comes_back_with_the_line_of_every_key() -> None:
    document = parse_document("a: 1\nb:\n  c: [x, 2.5]\n", "f.yaml")
    assert document.data == {"a": 1, "b": {"c": ["x", 2.5]}}
    assert document.lines["a",] == 1
    assert document.lines["b", "c"] == 3
    assert document.line(("b", "c", 1)) == 3
    assert document.line(("nowhere",)) == 1


def test_months_codes_and_words_stay_text() -> None:
    document = parse_document('a: 2026-01\nNO: no\nb: yes\nc: "1"\nd: 1_000\n', "f.yaml")
    assert document.data == {"a": "2026-01", "NO": "no", "b": "yes", "c": "1", "d": "1_000"}


def test_numbers_truth_values_and_nulls_are_read() -> None:
    document = parse_document("a: -3\nb: 1e3\nc: .5\nd: true\ne: null\nf:\ng: .inf\n", "f.yaml")
    values = document.data
    assert (values["a"], values["b"], values["c"], values["d"]) == (-3, 1000.0, 0.5, True)
    assert values["e"] is None
    assert values["f"] is None
    assert math.isinf(values["g"])


def test_a_list_of_names_can_be_a_key() -> None:
    assert parse_document("[ARM, KAZ]: 1\n", "f.yaml").data == {"ARM, KAZ": 1}


def test_a_key_that_stands_twice_is_reported_with_both_lines() -> None:
    document = parse_document("a: 1\nb: 2\na: 3\n", "f.yaml")
    assert document.data == {"a": 1, "b": 2}
    assert [str(p) for p in document.problems] == [
        "f.yaml:3: a: The key stands twice (first on line 1); keep one of them."
    ]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "The file is empty"),
        ("# only a comment\n", "The file is empty"),
        ("- a\n- b\n", "must be a mapping"),
        ("just words", "must be a mapping"),
        ("a: &x 1\nb: *x\n", "Anchors and aliases"),
        ("a: !!python/object/apply:os.system [ls]\n", "Tags such as"),
        ("a: !thing 1\n", "Tags such as"),
        ("a: 1\n---\nb: 2\n", "more than one YAML document"),
        ("a: [1, 2\n", "not valid YAML"),
        ("a: b: c\n", "put a text that has a colon in quotes"),
        ("a:\n\tb: 1\n", "indent with spaces, not with tabs"),
        ("a: \x00\n", "not valid YAML"),
        ("? {x: 1}\n: 2\n", "A key must be a name"),
        ("[" * 100_000, f"more than {MAX_DEPTH} levels"),
        ("a:\n" + "".join("  " * i + "b:\n" for i in range(1, 30)), "levels deep"),
    ],
)
def test_what_cannot_be_used_is_refused_with_a_sentence(text: str, sentence: str) -> None:
    message = refusal(text)
    assert sentence in message
    assert message.startswith("f.yaml")


def test_an_alias_bomb_is_refused_before_it_is_built() -> None:
    lines = ["a: &a [x, x]"]
    lines += [f"{chr(98 + i)}: &{chr(98 + i)} [*{chr(97 + i)}, *{chr(97 + i)}]" for i in range(20)]
    assert "Anchors and aliases" in refusal("\n".join(lines))


def test_files_that_cannot_be_read_are_refused_with_a_sentence(tmp_path: Path) -> None:
    big = tmp_path / "big.yaml"
    big.write_text("a: 1\n" + "#" * MAX_BYTES)
    latin = tmp_path / "latin.yaml"
    latin.write_bytes("a: 1\nb: \xe9t\xe9\n".encode("latin-1"))
    cases = {
        tmp_path: "is a directory",
        tmp_path / "absent.yaml": "no such file",
        big: "larger than 4 MiB",
        latin: "not UTF-8",
    }
    for path, sentence in cases.items():
        with pytest.raises(InputError, match=sentence):
            read_document(path)
    with pytest.raises(InputError, match=r"latin.yaml:2"):
        read_document(latin)


def test_a_path_with_a_null_byte_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"cannot be read|no such file"):
        read_document(tmp_path / "a\0b.yaml")


def test_a_byte_order_mark_and_windows_line_ends_are_accepted(tmp_path: Path) -> None:
    path = tmp_path / "w.yaml"
    path.write_bytes(b"\xef\xbb\xbfa: 1\r\nb: 2\r\n")
    document = read_document(path)
    assert document.data == {"a": 1, "b": 2}
    assert document.lines["b",] == 2
