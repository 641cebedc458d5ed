"""A posterior beside its record, observation by observation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from foedus.inference.likelihood import Likelihood

if TYPE_CHECKING:
    from foedus.cases.record import Observation, Record
    from foedus.worlds.posterior import Posterior


# ---------------------------------------------------------------------------------------------
# Checking against the record


@dataclass(frozen=True)
class Check:
    """An observation beside what the posterior says of it.

    Attributes
    ----------
    item
        What is on record.
    kept
        Mean over the posterior's own worlds, which were chosen to fit the record.
    again, low, high
        Mean and 90 % predictive interval over the same numbers with fresh luck, of a survey with
        the error that surveys have; an event has no interval.
    """

    item: Observation
    kept: float
    again: float
    low: float | None
    high: float | None

    @property
    def is_inside(self) -> bool | None:
        """Whether a share lies in the predictive interval; None for an event."""
        if self.low is None or self.high is None:
            return None
        return self.low <= self.item.value <= self.high


def checks(record: Record, posterior: Posterior, workers: int = 1) -> list[Check]:
    """Put a posterior beside the record that it was fitted to.

    Parameters
    ----------
    posterior
        Of the same record.
    """
    seed = int(posterior.about["seed"])
    likelihood = Likelihood(record, seed, workers)
    try:
        fresh = np.tile(np.arange(posterior.size) + 2**31, (posterior.luck.shape[0], 1))
        kept = likelihood.along(posterior.values, posterior.luck)
        again = likelihood.along(posterior.values, fresh)
    finally:
        likelihood.close()
    noise = np.random.default_rng(seed)
    found = []
    for item, own, other in zip(record.scored, kept, again, strict=True):
        low = high = None
        if not item.is_event:
            seen = other + noise.normal(0.0, item.error, other.size)
            low, high = (float(value) for value in np.quantile(seen, [0.05, 0.95]))
        found.append(Check(item, float(own.mean()), float(other.mean()), low, high))
    return found
