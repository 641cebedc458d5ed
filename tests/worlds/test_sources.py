"""The hash of the model changes with what a definition does, and with nothing else."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import foedus
from foedus.worlds import sources
from foedus.worlds.sources import MODEL, is_this_model, meaning, source_hash

PACKAGE = Path(foedus.__file__).parent
TEXTS = {name: (PACKAGE / f"{name.replace('.', '/')}.py").read_text("utf-8") for name in MODEL}

RULES = '''"""Rules of a tiny model."""

from __future__ import annotations

from math import exp
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

RATE = 0.5  # a month


def decayed(value: float, months: int = 1) -> float:
    """Return what is left."""
    rate = RATE * months
    return value * exp(-rate)


class World:
    """Holds values."""

    #: What they begin with.
    first = 1.0

    def total(self, values: Sequence[float]) -> float:
        """Return the sum."""
        return self.first + sum(values)
'''
STATES = '''"""States of a tiny model."""

NAMES = ("trust", "arrears")


def names() -> tuple[str, ...]:
    """Return the names."""
    return NAMES
'''


DRIVERS = TEXTS["model.records"].partition("class Drivers")[2].partition("class Signals")[0]


def hashed(*texts: str) -> str:
    return meaning(*(text.encode() for text in texts))


def edited(before: str, after: str, text: str = RULES) -> str:
    assert text.count(before) == 1
    return text.replace(before, after)


def without(name: str, text: str) -> tuple[str, str]:
    """Take a definition out of a module's text; return what is left, and the definition."""
    (found,) = (
        item for item in ast.parse(text).body if isinstance(item, ast.FunctionDef)
        and item.name == name
    )  # fmt: skip
    lines = text.splitlines(keepends=True)
    begin, end = found.lineno - 1, found.end_lineno
    return "".join([*lines[:begin], *lines[end:]]), "".join(lines[begin:end])


def test_it_is_of_the_modules_that_are_named_and_of_nothing_else() -> None:
    assert hashed(*TEXTS.values()) == source_hash()
    assert hashed(*list(TEXTS.values())[::-1]) == source_hash()
    for left_out in MODEL:
        rest = [text for name, text in TEXTS.items() if name != left_out]
        assert hashed(*rest) != source_hash(), left_out


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("  # a month", "  # whatever"),
        ("    rate = RATE", "    # this is so\n\n    rate = RATE"),
        ("#: What they begin with.", "#: Not said."),
        ('"""Rules of a tiny model."""\n', '"""Rules.\n\nAt more length.\n"""\n'),
        ('"""Return what is left."""', '"""Return the rest.\n\n    Or nearly.\n    """'),
        ('    """Return what is left."""\n', ""),
        ('"""Holds values."""', '"""Has values."""'),
        ('"""Return the sum."""', '"""Add up."""'),
        ("from math", "from foedus.model.draws import draw\nfrom math"),
        ("    from collections.abc import Sequence\n", "    from typing import Sequence\n"),
        ("if TYPE_CHECKING:\n    from collections.abc import Sequence\n", ""),
        ("value * exp(-rate)", "(value\n            * exp(-rate))"),
        ("RATE = 0.5", "RATE = .50"),
        ("\n", "\r\n"),
    ],
)
def test_explanations_layout_and_own_imports_do_not_change_it(before: str, after: str) -> None:
    changed = RULES.replace(before, after)
    assert changed != RULES
    assert hashed(changed) == hashed(RULES)


def test_it_is_the_same_when_the_model_is_written_without_comments_and_layout() -> None:
    bare = [ast.unparse(ast.parse(text)) for text in TEXTS.values()]
    assert "#:" not in "".join(bare)
    assert hashed(*bare) == source_hash()


def test_the_order_of_definitions_does_not_change_it() -> None:
    head, first, second = RULES.partition("class World:")
    rest, function = without("decayed", head)
    assert hashed(rest + first + second + function) == hashed(RULES)
    assert hashed(function + rest + first + second) == hashed(RULES)


def test_a_driver_that_no_rule_reads_does_not_change_it() -> None:
    more = edited("    pressure: float", "    novel: float\n    pressure: float", DRIVERS)
    changed = TEXTS["model.records"].replace(DRIVERS, more)
    assert changed != TEXTS["model.records"]
    assert hashed(*{**TEXTS, "model.records": changed}.values()) == source_hash()


def test_a_definition_that_moves_to_another_module_does_not_change_it() -> None:
    rest, moved = without("decayed", RULES)
    assert "def decayed" not in rest
    assert hashed(rest, STATES + moved) == hashed(RULES, STATES)
    assert hashed(rest, STATES) != hashed(RULES, STATES)
    rest, moved = without("takes_part", TEXTS["model.records"])
    texts = {**TEXTS, "model.records": rest, "model.rules": TEXTS["model.rules"] + moved}
    assert hashed(*texts.values()) == source_hash()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("RATE = 0.5", "RATE = 0.25"),
        ("RATE = 0.5", "RATE = 5e-2"),
        ("first = 1.0", "first = 1"),
        ("months: int = 1", "months: int = 2"),
        ("RATE * months", "RATE + months"),
        ("exp(-rate)", "exp(rate)"),
        ("exp(-rate)", "exp(-RATE)"),
        ("value * exp(-rate)", "exp(-rate) * value"),
        ("def decayed", "def grown"),
        ("from math import exp", "from foedus.model.elementary import exp"),
        ("from math import exp", "from numpy import exp"),
        ("self.first + sum(values)", "sum(values)"),
        ("    rate = RATE * months\n", "    rate = RATE * months\n    rate = min(rate, 1.0)\n"),
    ],
)
def test_a_changed_number_operator_name_or_import_changes_it(before: str, after: str) -> None:
    assert hashed(edited(before, after)) != hashed(RULES)


@pytest.mark.parametrize(
    ("module", "before", "after"),
    [
        ("model.rules", "trust - p.pressure_cost * pressure", "trust + p.pressure_cost * pressure"),
        ("model.rules", "if forced >= 0.0:", "if forced > 0.0:"),
        ("model.rules", "(bandwidth - 0.5)", "(bandwidth - 0.25)"),
        ("model.records", "* (1.0 - state.frozen) * state.attended", "* (1.0 - state.frozen)"),
        ("worlds.buffers", "LANES = 256", "LANES = 128"),
    ],
)
def test_a_changed_rule_of_the_model_changes_it(module: str, before: str, after: str) -> None:
    changed = edited(before, after, TEXTS[module])
    assert hashed(*{**TEXTS, module: changed}.values()) != source_hash()


def test_statements_in_another_order_change_it() -> None:
    rate, back = "    rate = RATE * months\n", "    return value * exp(-rate)\n"
    assert hashed(edited(rate + back, back + rate)) != hashed(RULES)


def test_hashes_under_which_the_model_went_before_are_this_model_and_no_others_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    own, earlier, first, other = source_hash(), "e" * 64, "f" * 64, "0" * 64
    assert is_this_model(own)
    assert not is_this_model(earlier)
    monkeypatch.setattr(sources, "BEFORE", {own: (earlier, first), other: ("1" * 64,)})
    assert all(map(is_this_model, (own, earlier, first)))
    assert not any(map(is_this_model, (other, "1" * 64, "", own[:-1], own.upper())))
    monkeypatch.setattr(sources, "BEFORE", {other: (earlier, first)})
    assert is_this_model(own)
    assert not any(map(is_this_model, (earlier, first))), "the model has changed since"


def test_entries_of_hashes_of_before_are_those_of_the_present_model() -> None:
    """An entry under another hash is moot: whoever changed the model takes it out."""
    assert set(sources.BEFORE) <= {source_hash()}


@pytest.mark.parametrize(
    "line",
    [
        "    from math import exp as grown\n",
        "    from foedus.model.elementary import logistic as exp\n",
        "    from foedus_fast import exp\n",
    ],
)
def test_an_import_that_gives_a_name_another_meaning_changes_it_wherever_it_stands(
    line: str,
) -> None:
    assert hashed(edited("    rate = RATE", f"{line}    rate = RATE")) != hashed(RULES)
    assert hashed(line.strip() + "\n" + RULES) != hashed(RULES)
