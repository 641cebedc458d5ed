"""Which worlds depend on each other, and which model each goes on from.

Calibration finds a posterior by several populations of draws, which it keeps apart. Draws of one
population share its history, so that worlds that go on from them depend on each other; draws of
different populations do not. The error of an estimate is therefore taken from the differences
between populations (:mod:`foedus.outcomes.estimates`). A posterior may hold the draws of several
models, each with as many draws as its weight says; what they say apart is the range over models.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    Integers = npt.NDArray[np.int64]

#: Names of the attributes of a dataset that hold the arrays, and that of the models' names.
_ARRAYS = ("population_strata", "population_islands", "population_models")
_NAMES = "population_names"


@dataclass(frozen=True, eq=False)
class Populations:
    """Where each draw of a design belongs; world i has draw i mod ``size``.

    Attributes
    ----------
    strata
        Part with a fixed share of the worlds that each draw belongs to: a model with one value of
        the repair constant. Shape (draw,), as the others.
    islands
        Population within the stratum that each draw belongs to. Populations are independent.
    models
        Model that each draw belongs to, by its place in ``names``.
    names
        Names of the models; empty where the worlds come from no calibrated model.
    """

    strata: Integers
    islands: Integers
    models: Integers
    names: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        """How many draws there are."""
        return int(self.strata.size)

    @property
    def have_range(self) -> bool:
        """Whether there are several models, so that an estimate has a range over them."""
        return len(self.names) > 1

    @cached_property
    def groups(self) -> Integers:
        """Population (of whatever stratum) of each draw, counted from 0."""
        return np.asarray(self._groups[1], dtype=np.int64)

    @cached_property
    def group_strata(self) -> Integers:
        """Stratum of each population."""
        return self.strata[self._groups[0]]

    @cached_property
    def group_models(self) -> Integers:
        """Model of each population."""
        return self.models[self._groups[0]]

    @cached_property
    def _groups(self) -> tuple[Integers, Integers]:
        """First draw of each population, and population of each draw."""
        keys = self.strata * (int(self.islands.max()) + 1) + self.islands
        _, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
        return first.astype(np.int64), inverse.astype(np.int64)

    def attributes(self) -> dict[str, Any]:
        """Return the arrays as attributes of a dataset."""
        arrays = (self.strata, self.islands, self.models)
        found: dict[str, Any] = {
            name: array.tolist() for name, array in zip(_ARRAYS, arrays, strict=True)
        }
        return found | ({_NAMES: list(self.names)} if self.names else {})


def balanced(values: int = 1, islands: int = 1) -> Populations:
    """Return populations of equal parts.

    Parameters
    ----------
    values
        Number of strata: draw i belongs to stratum i mod ``values``.
    islands
        Number of populations of each: draw i belongs to population i // ``values``.
    """
    draws = np.arange(values * islands)
    return Populations(draws % values, draws // values, np.zeros_like(draws))


INDEPENDENT = balanced()


def populations_of(design: object) -> Populations:
    """Return the populations of a design; only a posterior has more than one."""
    found: Populations = getattr(design, "populations", INDEPENDENT)
    return found


def populations_in(attributes: Mapping[Any, Any]) -> Populations:
    """Return the populations that a dataset's attributes hold.

    Datasets of a posterior of a single model, as made by earlier versions, hold a pair instead: how
    many strata, and how many populations of each.
    """
    if _ARRAYS[0] not in attributes:
        return balanced(*(int(number) for number in attributes.get("populations", (1, 1))))
    strata, islands, models = (
        np.atleast_1d(np.asarray(attributes[name], dtype=np.int64)) for name in _ARRAYS
    )
    names = attributes.get(_NAMES, ())
    told = (names,) if isinstance(names, str) else tuple(map(str, names))
    return Populations(strata, islands, models, told)
