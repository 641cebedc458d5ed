"""Which worlds depend on each other: those that go on from a posterior are not independent.

Calibration finds a posterior by several populations of draws, which it keeps apart. Draws of one
population share its history, so that worlds that go on from them depend on each other; draws of
different populations do not. The error of an estimate is therefore taken from the differences
between populations (:mod:`foedus.outcomes.estimates`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from foedus.worlds.openings import Design


class Populations(NamedTuple):
    """Which population each world belongs to.

    Attributes
    ----------
    values
        Number of values of the repair constant (the parameter ``repair_anchor``), each of which has
        an equal part of the worlds: world i has value i mod ``values``.
    islands
        Number of populations for each value: world i belongs to population
        (i // ``values``) mod ``islands`` of its value. It is 1 if all worlds are independent.
    """

    values: int = 1
    islands: int = 1


INDEPENDENT = Populations()


def populations_of(design: Design) -> Populations:
    """Return the populations of a design; only a posterior has more than one."""
    return Populations(*getattr(design, "populations", INDEPENDENT))
