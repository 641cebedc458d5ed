"""A posterior beside its record, observation by observation."""

from __future__ import annotations

from dataclasses import dataclass
from math import hypot
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
    """An observation, with what the posterior's worlds have in its place.

    Attributes
    ----------
    item
        The observation.
    kept
        Mean over the posterior's own worlds. Both their numbers and their random draws were chosen
        to fit the record.
    again, low, high
        Mean over worlds with the same numbers but new random draws, which is the harder test, and
        the 90 % predictive interval of a survey in these worlds, its error included. An event has
        no interval: ``low`` and ``high`` are None.
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
    """Compare a posterior with each observation of its record that is fitted.

    What the alliance file declares for the end of the record is among them; earlier records are
    not. A series that asks another question than the one that defines the share is expected to lie
    off by its offset, which its interval includes.

    Parameters
    ----------
    record
        The record that the posterior was calibrated on.
    posterior
        Its draws.
    workers
        Number of threads.
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
    for item, own, other in zip(record.fitted, kept, again, strict=True):
        low = high = None
        if not item.is_event:
            seen = other + noise.normal(0.0, hypot(item.error, item.house), other.size)
            low, high = (float(value) for value in np.quantile(seen, [0.05, 0.95]))
        found.append(Check(item, float(own.mean()), float(other.mean()), low, high))
    return found
