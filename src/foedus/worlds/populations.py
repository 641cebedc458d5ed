"""How worlds hang together: those of a posterior are not independent."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from foedus.worlds.openings import Design


class Populations(NamedTuple):
    """How worlds hang together: world i is of the value i mod values of the repair constant.

    Attributes
    ----------
    values
        Values that have equal parts.
    islands
        Populations for each; world i is of the population (i // values) mod islands. One where
        every world is independent.
    """

    values: int = 1
    islands: int = 1


INDEPENDENT = Populations()


def populations_of(design: Design) -> Populations:
    """Return how worlds of a design hang together."""
    return Populations(*getattr(design, "populations", INDEPENDENT))
