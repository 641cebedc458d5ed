"""The specification of every parameter by its name, and sets of parameters made from them."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, get_type_hints
from zlib import crc32

from foedus.errors import ParameterError, nearest
from foedus.model.draws import design_uniform
from foedus.model.parameters import Parameters

if TYPE_CHECKING:
    from collections.abc import Mapping

    from foedus.model.quantities import Parameter


@cache
def specifications() -> Mapping[str, Parameter]:
    """Return the specification of every parameter, in the order of :class:`Parameters`."""
    hints = get_type_hints(Parameters, include_extras=True)
    return {name: hints[name].__metadata__[0] for name in Parameters._fields}


def specification(name: str) -> Parameter:
    """Return the specification of one parameter.

    Raises
    ------
    ParameterError
        If there is no such parameter; the nearest name is offered.
    """
    table = specifications()
    if name not in table:
        message = f"There is no parameter '{name}'{nearest(name, table)}"
        raise ParameterError(message)
    return table[name]


def default_parameters(overrides: Mapping[str, float] | None = None) -> Parameters:
    """Return the declared values; those named in ``overrides`` are replaced.

    Raises
    ------
    ParameterError
        If a name is unknown or a value out of bounds.
    """
    values = {name: spec.value for name, spec in specifications().items()}
    return Parameters(**(values | _checked(overrides or {})))


def drawn_parameters(
    seed: int, run: int, overrides: Mapping[str, float] | None = None
) -> Parameters:
    """Draw the parameters of one world from their priors; overridden ones keep the given value.

    Each value depends on the seed, the run and the parameter's own name only.

    Raises
    ------
    ParameterError
        If a name is unknown or a value out of bounds.
    """
    values = {
        name: spec.prior.quantile(design_uniform(seed, run, 0, crc32(name.encode())))
        for name, spec in specifications().items()
    }
    return Parameters(**(values | _checked(overrides or {})))


def _checked(overrides: Mapping[str, float]) -> dict[str, float]:
    """Return the overrides; raise if a name is unknown or a value is out of its bounds."""
    for name, value in overrides.items():
        if reason := specification(name).refusal(value):
            message = f"{name}: {reason}"
            raise ParameterError(message)
    return dict(overrides)
