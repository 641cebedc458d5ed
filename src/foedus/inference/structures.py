"""Several models of one alliance: calibrated alike, weighted by evidence, put into one posterior.

Which structure the model has, and how the record is coded, is as uncertain as the numbers are. So
each of a few models that can be defended is calibrated by itself, and the posterior holds draws of
all of them. What the models say apart is the range that is printed beside every probability.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from foedus.defaults import CALIBRATION_DRAWS, CALIBRATION_SEED
from foedus.errors import ResultError, nearest
from foedus.inference.calibration import ISLANDS, SHIPPED, calibrate
from foedus.inference.freezing import weighed
from foedus.inference.panel import bounding
from foedus.model.elementary import exp, log
from foedus.model.specifications import specification
from foedus.worlds.posterior import Posterior

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    import numpy.typing as npt

    from foedus.cases.record import Record
    from foedus.defaults import Coding

    Floats = npt.NDArray[np.float64]
    Integers = npt.NDArray[np.int64]
    #: Makes of a record a function that gives, from the numbers of some worlds, their log-density.
    PanelTerm = Callable[[Record], Callable[[dict[str, Floats]], Floats]]

WINDOW = 0.1  # of the range of a prior, in which draws count as having the value of a model
LEAST = 0.01  # a model with less weight is left out of the posterior, and so of the range


@dataclass(frozen=True)
class Structure:
    """A model that can be defended: what is taken for granted when the record is fitted.

    Attributes
    ----------
    name, meaning
        Short name, and a sentence that says what the model holds.
    coding
        Coding of the record that it is fitted to.
    panel
        Whether the panel of other alliances informs its numbers too.
    fixed
        Numbers that it fixes, by name; it draws all others.
    """

    name: str
    meaning: str
    coding: Coding = "main"
    panel: bool = True
    fixed: Mapping[str, float] = field(default_factory=dict)


STRUCTURES: tuple[Structure, ...] = (
    Structure("free", "How fast trust is drawn back to its resting point is drawn from its prior."),
    Structure(
        "slow",
        "Trust is drawn back to its resting point at .1 a year.",
        fixed={"trust_recovery": 0.1},
    ),
    Structure("none", "Trust is not drawn back after a rift.", fixed={"trust_recovery": 0.0}),
    Structure("other coding", "As free, with the other coding of the record.", coding="other"),
    Structure("no panel", "As free, without what other alliances tell.", panel=False),
    Structure(
        "other coding, none",
        "As none, with the other coding of the record.",
        coding="other",
        fixed={"trust_recovery": 0.0},
    ),
)


def structures_named(names: Sequence[str] = ()) -> tuple[Structure, ...]:
    """Return the models of some names, all of them for no name.

    Raises
    ------
    ResultError
        If there is no model of a name.
    """
    by_name = {one.name: one for one in STRUCTURES}
    for name in names:
        if name not in by_name:
            message = f"There is no model '{name}'{nearest(name, by_name)}"
            raise ResultError(message)
    return tuple(by_name[name] for name in names) or STRUCTURES


# ---------------------------------------------------------------------------------------------
# Calibrating


def calibrate_models(
    records: Mapping[Coding, Record],
    structures: Sequence[Structure] = STRUCTURES,
    *,
    draws: int = CALIBRATION_DRAWS,
    seed: int = CALIBRATION_SEED,
    workers: int = 1,
    size: int = SHIPPED,
    islands: int = ISLANDS,
    panel: PanelTerm | None = bounding,
    checkpoint: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Posterior:
    """Calibrate models on an alliance's record, and return one posterior with draws of all.

    Parameters
    ----------
    records
        The record in each coding that a model is fitted to.
    structures
        The models.
    draws
        Approximate number of worlds to simulate for each model.
    seed, workers, islands
        As for :func:`~foedus.inference.calibration.calibrate`.
    size
        Most draws of the posterior.
    panel
        What the panel tells beside a record, such as :func:`~foedus.inference.panel.bounding`;
        models that it informs take it into account. Without it such a model is the same as its
        sibling without the panel.
    checkpoint
        File beside which each model's state is saved, so that the same call continues after an
        interruption. The files are removed at the end.
    progress
        Called with the number of worlds simulated and the number of all, over all models.

    Returns
    -------
    Posterior
        Draws of each model in proportion to its weight; or those of the only model.
    """
    found, kept = [], [_beside(checkpoint, one) for one in structures]
    for place, (one, file) in enumerate(zip(structures, kept, strict=True)):
        record = records[one.coding]
        informed = panel is not None and one.panel
        made = calibrate(
            record,
            draws=draws,
            seed=seed,
            workers=workers,
            size=None if informed else size,
            islands=islands,
            model=one.name,
            fixed=one.fixed,
            prior_term=panel(record) if panel and informed else None,
            checkpoint=file,
            keep=True,
            progress=partial(_told, progress, place, len(structures)) if progress else None,
        )
        if informed:
            made = weighed(made, record, seed=seed, size=size, workers=workers)
        found.append(made)
    posterior = found[0] if len(found) == 1 else mixed(structures, found, size)
    for file in filter(None, kept):
        file.unlink(missing_ok=True)
    return posterior


def _beside(checkpoint: Path | None, structure: Structure) -> Path | None:
    if checkpoint is None:
        return None
    label = "_".join(structure.name.replace(",", "").split())
    return checkpoint.with_name(f"{checkpoint.name}.{label}")


def _told(
    progress: Callable[[int, int], None], place: int, models: int, done: int, each: int
) -> None:
    """Pass on the progress of one of several models."""
    progress(place * each + done, models * each)


# ---------------------------------------------------------------------------------------------
# Weights


def evidence(posterior: Posterior, without: int | None = None) -> float:
    """Log evidence of a model: of the mean of the evidences of its populations.

    Each value of the repair constant has an equal part, as in the draws. A population's evidence
    is unbiased, its logarithm is not; so evidences are averaged and not their logarithms.

    Parameters
    ----------
    posterior
        Draws of a single model.
    without
        Place of a population to leave out, under each value of the repair constant.
    """
    found = np.array(list(posterior.about["log_evidence"].values()), dtype=float)
    if without is not None:
        found = np.delete(found, without, axis=1)
    top = float(found.max())
    parts = [exp(float(value) - top) for value in found.ravel()]
    return top + log(sum(parts) / len(parts)) + float(posterior.about.get("panel_log_evidence", 0))


def nested_log_evidence(
    free: Posterior, fixed: Mapping[str, float], without: int | None = None
) -> float:
    """Log of how much more evidence there is for a model that fixes numbers than for a free one.

    It is the density of the fixed values under the posterior of the free model divided by that
    under its prior (Dickey 1971, The Annals of Mathematical Statistics 42:204-223). Densities are
    shares of draws in a window of a tenth of the prior's range about the value. It is known far
    better than the difference of two evidences that a sampler estimates.

    Parameters
    ----------
    free
        Draws of a model that is alike but draws the numbers.
    fixed
        The numbers, by name, and their values.
    without
        Population to leave out, under each value of the repair constant.
    """
    known = free.populations
    counts = np.ones(free.size, dtype=bool)
    if without is not None:
        counts = known.islands[np.arange(free.size) % known.size] != without
    inside, prior = counts, 1.0
    for name, value in fixed.items():
        law = specification(name).prior
        low, high = law.quantile(0.0), law.quantile(1.0)
        width = WINDOW * (high - low)
        start = min(max(value - 0.5 * width, low), high - width)
        values = free.values[name]
        inside = inside & (values >= start) & (values <= start + width)
        prior *= WINDOW
    share = max(float(inside.sum()), 0.5) / float(counts.sum())
    return log(share / prior)


def evidences(
    structures: Sequence[Structure], found: Sequence[Posterior], without: int | None = None
) -> list[float]:
    """Return the log evidence of each model.

    A model that fixes numbers which a model that is otherwise alike draws has that one's evidence
    and what :func:`nested_log_evidence` adds; every other has that of its own calibration.
    ``without`` is as for :func:`evidence`.
    """
    logs = []
    for one, own in zip(structures, found, strict=True):
        free = next(
            (
                draws
                for other, draws in zip(structures, found, strict=True)
                if not other.fixed and (other.coding, other.panel) == (one.coding, one.panel)
            ),
            None,
        )
        if one.fixed and free is not None:
            logs.append(evidence(free, without) + nested_log_evidence(free, one.fixed, without))
        else:
            logs.append(evidence(own, without))
    return logs


def weights(structures: Sequence[Structure], of_models: Sequence[float] | Floats) -> Floats:
    """Return the weights of models from their log evidences; they sum to 1.

    Notes
    -----
    Evidence says how well a model foretold what was observed, so it compares only models that
    score the same observations. Hence:

    - The codings have equal parts: each is other data, and none of them can be more likely.
    - Within a coding, models that the panel informs are weighted by evidence (their prior
      probabilities are equal). If the panel informs none of them, all are.
    - A model without the panel scores less, so its evidence cannot be set beside the others'. It
      shares the part of its sibling, the model that differs in nothing but the panel: each gets
      an equal part of what the sibling would have alone.

    Raises
    ------
    ResultError
        If a model without the panel has no sibling.
    """
    found = np.zeros(len(structures))
    codings = dict.fromkeys(one.coding for one in structures)
    for coding in codings:
        own = [k for k, one in enumerate(structures) if one.coding == coding]
        compared = [k for k in own if structures[k].panel] or own
        logs = np.array([of_models[k] for k in compared])
        parts = np.array([exp(float(value - logs.max())) for value in logs])
        found[compared] = parts / parts.sum() / len(codings)
        for leader in compared:
            others = [k for k in own if k not in compared]
            sharing = [leader, *(k for k in others if _siblings(structures, k, leader))]
            found[sharing] = found[leader] / len(sharing)
        for k in own:
            if k not in compared and not any(_siblings(structures, k, one) for one in compared):
                message = (
                    f"The model '{structures[k].name}' is without the panel, and none with it is "
                    "alike else, whose part it could share. Calibrate that one too."
                )
                raise ResultError(message)
    return found


def _siblings(structures: Sequence[Structure], one: int, other: int) -> bool:
    return dict(structures[one].fixed) == dict(structures[other].fixed)


def weight_errors(structures: Sequence[Structure], found: Sequence[Posterior]) -> Floats:
    """Return the Monte Carlo errors of the weights, by the jackknife over populations.

    The weights are computed again without each population in turn. With few populations the errors
    are rough; they are NaN with one.
    """
    islands = min(int(one.populations.islands.max()) + 1 for one in found)
    if islands < 2:
        return np.full(len(found), np.nan)
    again = np.array([weights(structures, evidences(structures, found, k)) for k in range(islands)])
    errors: Floats = np.sqrt((islands - 1) * again.var(axis=0))
    return errors


def quotas(shares: Sequence[float] | Floats, size: int) -> Integers:
    """Split a number of draws in proportion to shares, by the largest remainder.

    Parameters
    ----------
    shares
        They sum to 1.
    size
        How many draws there are to split.
    """
    exact = np.asarray(shares, dtype=float) * size
    found = np.floor(exact + 1e-9).astype(np.int64)
    left = size - int(found.sum())
    found[np.argsort(found - exact, kind="stable")[:left]] += 1
    return found


# ---------------------------------------------------------------------------------------------
# One posterior of all


def mixed(
    structures: Sequence[Structure], found: Sequence[Posterior], size: int = SHIPPED
) -> Posterior:
    """Put the posteriors of several models into one.

    Parameters
    ----------
    structures
        The models.
    found
        The posterior of each, whose leading draws are balanced over the values of the repair
        constant and the populations.
    size
        Most draws; fewer where a model has fewer than its weight asks for.

    Returns
    -------
    Posterior
        The draws of the models are spread evenly, so that any leading part has about the same
        shares of each. A model with less weight than :data:`LEAST` has none.
    """
    logs = evidences(structures, found)
    weight, errors = weights(structures, logs), weight_errors(structures, found)
    shares = np.where(weight < LEAST, 0.0, weight)
    shares /= shares.sum()
    have = np.array([one.size for one in found])
    fits = (have[shares > 0.0] / shares[shares > 0.0]).min()
    counts = quotas(shares, int(min(size, fits)))
    kept = [k for k, count in enumerate(counts) if count]
    order = _spread_evenly(counts[kept])
    names = dict.fromkeys(name for k in kept for name in found[k].values)

    def joined(arrays: Sequence[Any]) -> Any:
        columns = [arrays[k][..., : counts[k]] for k in kept]
        return np.concatenate(columns, axis=-1)[..., order]

    about = {
        **_common(found),
        "models": [
            {
                "name": one.name,
                "meaning": one.meaning,
                "coding": one.coding,
                "panel": one.panel,
                "fixed": dict(one.fixed),
                "record": found[k].about["record"],
                "weight": float(weight[k]),
                "weight_error": None if np.isnan(errors[k]) else float(errors[k]),
                "log_evidence": logs[k],
                "log_evidence_by_constant": found[k].about["log_evidence"],
                "accepted": found[k].about["accepted"],
                "draws": int(counts[k]),
                "left_out": not counts[k],
            }
            for k, one in enumerate(structures)
        ],
        "effective": _effective([found[k] for k in kept], shares[kept], names),
    }
    groups = np.concatenate(
        [_groups(found[k], place, int(counts[k])) for place, k in enumerate(kept)], axis=-1
    )
    return Posterior(
        {name: joined([one.values.get(name) for one in found]) for name in names},
        joined([one.states for one in found]),
        joined([one.luck for one in found]),
        about,
        groups=groups[:, order],
    )


def _spread_evenly(counts: Integers) -> Integers:
    """Order draws that stand model by model so that every model's are spread over the whole."""
    places = np.concatenate([(np.arange(count) + 0.5) / count for count in counts])
    return np.argsort(places, kind="stable")


def _groups(posterior: Posterior, place: int, count: int) -> Integers:
    """Model, stratum and population of the first draws of a single model's posterior."""
    known, draws = posterior.populations, np.arange(count) % posterior.populations.size
    strata = len(posterior.about["log_evidence"])
    return np.stack(
        [np.full(count, place), place * strata + known.strata[draws], known.islands[draws]]
    )


def _common(found: Sequence[Posterior]) -> dict[str, Any]:
    """What the posteriors of several models have in common, and sums over them."""
    first = found[0].about
    about = {
        key: value
        for key, value in first.items()
        if key not in ("model", "populations", "log_evidence", "effective")
    }
    about["coding"] = " and ".join(dict.fromkeys(one.about["coding"] for one in found))
    for key in ("draws", "particles", "pooled", "rounds"):
        about[key] = sum(one.about[key] for one in found)
    about["accepted"] = float(np.mean([one.about["accepted"] for one in found]))
    about["rounds_to_posterior"] = max(one.about["rounds_to_posterior"] for one in found)
    for key in ("prior", "prior_spread"):
        parts = [one.about[key].items() for one in reversed(found)]
        about[key] = {name: value for part in parts for name, value in part}
    return about


def _effective(
    found: Sequence[Posterior], shares: Floats, names: Mapping[str, Any]
) -> dict[str, float]:
    """Effective number of draws by number: variance over all models by squared error of the mean.

    The error adds up those of the models' means; the weights are taken as known.
    """
    numbers = {}
    for name in names:
        square, most = 0.0, 0.0
        for one, share in zip(found, shares, strict=True):
            if own := one.about["effective"].get(name):
                most += own
                square += share**2 * float(one.values[name].var()) / own
        means = np.array([float(one.values[name].mean()) for one in found])
        within = np.array([float(one.values[name].var()) for one in found])
        mean = float(shares @ means)
        variance = float(shares @ (within + (means - mean) ** 2))
        if most and square:
            numbers[name] = min(most, variance / square)
    return numbers


def of_coding(posterior: Posterior, coding: Coding) -> Posterior:
    """Return the draws of the models that were fitted to a coding; all for a single model."""
    models = [one["name"] for one in posterior.models if one["coding"] == coding]
    return posterior.only(*models) if posterior.models else posterior
