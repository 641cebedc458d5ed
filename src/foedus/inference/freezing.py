"""How often members freeze in the worlds of a calibration, held against other alliances.

No parameter is a rate of freezing: it follows from how members come to stand. So the panel of
other alliances is put beside what is simulated. Each draw of a calibration lives on from the loyal
opening of the record, with a patron that has its hands free, and its members' freezes are counted.
A draw under which they freeze more often than the panel allows is kept more seldom.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from foedus.inference.panel import densities_for
from foedus.inference.rest import YEAR, loyal, reopened, simulated
from foedus.inference.smc import uniforms
from foedus.worlds.engines import compiled_kernel

if TYPE_CHECKING:
    import numpy.typing as npt

    from foedus.cases.record import Record
    from foedus.worlds.posterior import Posterior

    Floats = npt.NDArray[np.float64]
    Integers = npt.NDArray[np.int64]

CANDIDATES = 6_000  # most draws of a calibration that are weighed
EACH = 8  # worlds in which the freezes of a draw are counted
STREAM = 3  # stream of the random numbers that choose draws, see smc.uniforms


def freezing_rates(posterior: Posterior, record: Record, seed: int, workers: int) -> Floats:
    """Return freezes a member-year under each draw, from the loyal opening of a record on.

    Parameters
    ----------
    posterior
        Draws, with opening numbers of the record.
    record
        It gives the opening; see :func:`foedus.inference.rest.loyal` for what follows.

    Returns
    -------
    numpy.ndarray
        Shape (draw,): the mean over :data:`EACH` worlds with fresh luck, half a freeze added so
        that no rate is 0.
    """
    counts = simulated(loyal(record), reopened(posterior), EACH * posterior.size, seed, workers)
    freezes, years = (
        found.sum(axis=0).reshape(EACH, posterior.size).sum(axis=0)
        for found in (counts.freezes, counts.active_months / YEAR)
    )
    rates: Floats = (freezes + 0.5) / np.maximum(years, 1.0)
    return rates


def weighed(
    posterior: Posterior, record: Record, *, seed: int, size: int | None, workers: int = 1
) -> Posterior:
    """Return draws of a calibration, chosen by the chance that the panel gives to their freezes.

    The chance is that one more alliance freezes more often than the draw has it. Rates of the panel
    are upper readings, so it is a bound from above. The panel is cut at the end of the record, and
    leaves the record's own alliance out.

    Parameters
    ----------
    posterior
        Draws of a single model, all alike in weight.
    record
        What they were calibrated on.
    seed
        Seed of the choice and of the worlds in which freezes are counted.
    size
        Most draws to return; as many as are weighed if None.

    Returns
    -------
    Posterior
        Each value of the repair constant keeps its part. ``about["panel_log_evidence"]`` is the
        log of the mean chance: what the panel adds to the evidence of the model.
    """
    few = _first(posterior, CANDIDATES)
    rates = freezing_rates(few, record, seed, workers)
    logs = densities_for(record).freeze.log_chance_above(np.log(rates))
    weights = np.exp(logs - logs.max())
    known, draws = few.populations, np.arange(few.size)
    strata = known.strata[draws % known.size]
    count = len(np.unique(strata))
    each = min(few.size, few.size if size is None else size) // count
    luck = uniforms(seed, STREAM, 0, count + 1, each, compiled_kernel())
    shuffled = np.argsort(luck[-1], kind="stable")
    chosen = np.stack(
        [
            draws[strata == stratum][_systematic(weights[strata == stratum], each, luck[row, 0])][
                shuffled
            ]
            for row, stratum in enumerate(np.unique(strata))
        ],
        axis=-1,
    ).ravel()
    evidence = float(logs.max() + np.log(weights.mean()))
    return replace(
        few,
        values={name: column[chosen] for name, column in few.values.items()},
        states=few.states[..., chosen],
        luck=few.luck[:, chosen],
        groups=np.stack(
            [
                np.zeros(chosen.size, dtype=np.int64),
                strata[chosen],
                known.islands[chosen % known.size],
            ]
        ),
        about={
            **few.about,
            "panel_log_evidence": evidence,
            "freezing": [float(x) for x in np.quantile(rates[chosen], (0.05, 0.5, 0.95))],
        },
    )


def _first(posterior: Posterior, size: int) -> Posterior:
    """Return the leading draws, which are balanced over values and populations."""
    places = np.arange(min(size, posterior.size))
    return replace(
        posterior,
        values={name: column[places] for name, column in posterior.values.items()},
        states=posterior.states[..., places],
        luck=posterior.luck[:, places],
    )


def _systematic(weights: Floats, size: int, start: float) -> Integers:
    """Choose places in proportion to weights by systematic resampling."""
    edges = np.cumsum(weights) / weights.sum()
    places = np.searchsorted(edges, (np.arange(size) + start) / size)
    found: Integers = np.minimum(places, weights.size - 1)
    return found
