from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foedus.errors import ParameterError
from foedus.model.parameters import Parameters
from foedus.model.quantities import EVIDENCE_KINDS, Evidence, OneOf, Parameter, Uniform
from foedus.model.specifications import (
    default_parameters,
    drawn_parameters,
    specification,
    specifications,
)

EVIDENCE = Evidence("assumed", "a source", "a reason")


def test_every_parameter_declares_meaning_unit_bounds_prior_and_evidence() -> None:
    assert tuple(specifications()) == Parameters._fields
    for name, spec in specifications().items():
        assert spec.meaning, name
        assert spec.unit, name
        assert spec.symbol, name
        assert 1 <= spec.mechanism <= 15, name
        assert spec.evidence.kind in EVIDENCE_KINDS, name
        assert len(spec.evidence.source) >= 3, name
        assert len(spec.evidence.why) >= 10, name
        ends = sorted((spec.prior.quantile(0.0), spec.prior.quantile(1.0)))
        assert spec.low <= ends[0] <= spec.value <= ends[1] <= spec.high, name


def test_symbols_are_unique() -> None:
    symbols = [spec.symbol for spec in specifications().values()]
    assert len(set(symbols)) == len(symbols)


def test_trust_is_slower_to_win_than_to_lose_at_every_quantile_of_the_priors() -> None:
    gain, loss = specification("trust_gain"), specification("trust_loss")
    assert gain.value < loss.value
    for level in (0.0, 0.25, 0.5, 0.75, 1.0):
        assert gain.prior.quantile(level) < loss.prior.quantile(level)


@pytest.mark.parametrize(("source", "why"), [("", "a reason"), ("a source", " ")])
def test_a_number_without_evidence_does_not_construct(source: str, why: str) -> None:
    with pytest.raises(ParameterError, match="needs evidence"):
        Evidence("data", source, why)


def test_an_unknown_kind_of_evidence_is_refused_with_the_nearest_one() -> None:
    with pytest.raises(ParameterError, match="did you mean 'article'"):
        Evidence("artcle", "a source", "a reason")  # type: ignore[arg-type]


def test_a_prior_that_leaves_the_bounds_does_not_construct() -> None:
    with pytest.raises(ParameterError, match="out of bounds"):
        Parameter("m", "u", 0.0, 1.0, "s", 4, 0.5, Uniform(0.0, 1.5), EVIDENCE)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 1.5, -0.1])
def test_a_value_that_cannot_be_used_is_refused_with_the_reason(value: float) -> None:
    with pytest.raises(ParameterError, match="trust_loss: "):
        default_parameters({"trust_loss": value})


def test_a_misspelt_parameter_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(ParameterError, match="did you mean 'trust_loss'"):
        specification("trust_los")
    with pytest.raises(ParameterError, match="did you mean 'contagion'"):
        drawn_parameters(1, 0, {"contagio": 0.1})


@given(st.integers(0, 2**64 - 1), st.integers(0, 2**32 - 1))
def test_drawn_parameters_lie_in_their_priors_and_depend_on_the_address_alone(
    seed: int, run: int
) -> None:
    drawn = drawn_parameters(seed, run)
    assert drawn == drawn_parameters(seed, run)
    for value, spec in zip(drawn, specifications().values(), strict=True):
        assert spec.refusal(value) is None
        assert spec.prior.quantile(0.0) <= value <= spec.prior.quantile(1.0)


def test_overriding_one_parameter_leaves_the_draws_of_the_others() -> None:
    free, fixed = drawn_parameters(1, 2), drawn_parameters(1, 2, {"contagion": 0.123})
    assert fixed.contagion == 0.123
    assert fixed._replace(contagion=free.contagion) == free


def test_discrete_priors_give_each_value_its_share() -> None:
    prior = OneOf((0.0, 0.5, 1.0))
    counts = dict.fromkeys(prior.values, 0)
    for run in range(600):
        counts[drawn_parameters(3, run).repair_anchor] += 1
    assert all(150 < count < 250 for count in counts.values())
    assert prior.quantile(0.0) == 0.0
    assert prior.quantile(1.0) == 1.0


def test_defaults_are_the_declared_values() -> None:
    for value, spec in zip(default_parameters(), specifications().values(), strict=True):
        assert value == spec.value
