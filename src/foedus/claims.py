"""Claims about the model's behaviour, evaluated under a posterior and reported, not forced.

Letters are those of the design: f, pressure makes limbo or suspension likelier than restraint does;
g, limbo or suspension outweighs withdrawal in every scenario; h, outreach lowers participation and
multiplies the exit hazard more where dependence is low; i, in the history refusing, missing,
freezing and defaulting come in that order more often than in any other.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import permutations
from math import log, sqrt
from typing import TYPE_CHECKING

import numpy as np

from foedus import ensemble, rules
from foedus.designs import FromTable
from foedus.estimates import Populations, standard_error
from foedus.scenario_reader import load_scenario
from foedus.shipped import shipped_scenarios
from foedus.worlds import DEFAULT_SEED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import numpy.typing as npt

    from foedus.posterior import Posterior
    from foedus.record import Record

BEYOND = 3.0  # standard errors by which a claim has to hold
LOW, HIGH = 0.3, 0.85  # dependence of a member hardly and heavily tied
ORDER = ("refused_documents", "missed_summit", "freeze", "unpaid_dues")
_LIMBO = [rules.STANDINGS.index(name) for name in ("suspended", "frozen", "frozen, suspended")]
_LEAVING = [rules.STANDINGS.index(name) for name in ("notice", "withdrawn")]


@dataclass(frozen=True)
class Claim:
    """A claim, and what the worlds say of it.

    Attributes
    ----------
    letter, text
        Which claim it is.
    value, error
        A quantity that the claim says is above 0, with its Monte Carlo standard error.
    """

    letter: str
    text: str
    value: float
    error: float

    @property
    def holds(self) -> bool:
        """Whether it is above 0 by more than three standard errors."""
        return self.value > BEYOND * self.error


def evaluate(
    posterior: Posterior,
    record: Record,
    *,
    member: str = "ARM",
    runs: int = 20_000,
    seed: int = DEFAULT_SEED,
    workers: int | None = None,
) -> list[Claim]:
    """Evaluate every claim about a member.

    Parameters
    ----------
    runs
        Worlds of each scenario.
    """
    known = Populations(*posterior.populations)

    def worlds(*names: str, settings: tuple[str, ...] = ()) -> tuple[ensemble.Worlds, ...]:
        scenarios = [load_scenario(name, settings=settings) for name in names]
        return ensemble.run(scenarios, posterior, runs, seed=seed, workers=workers).parts

    def claim(letter: str, text: str, values: npt.NDArray[np.float64]) -> Claim:
        return Claim(letter, text, float(values.mean()), standard_error(values, known)[0])

    names = [
        name
        for name in shipped_scenarios()
        if posterior.refusal(load_scenario(name, allow_inert=True)) is None
    ]
    parts = {part.scenario.name: part for part in worlds(*names)}
    limbo = {name: _among(part, member, _LIMBO) for name, part in parts.items()}
    found = [
        claim(
            "f",
            "limbo or suspension, pressure minus restraint",
            limbo["pressure"] - limbo["restraint"],
        )
    ]
    found += [
        claim(
            "g",
            f"limbo or suspension minus withdrawal, {name}",
            limbo[name] - _among(part, member, _LEAVING),
        )
        for name, part in parts.items()
    ]
    taking = [
        parts[name].of("takes_part", member).astype(float)
        for name in ("baseline", "western_outreach")
    ]
    found.append(claim("h", "taking part, baseline minus western outreach", taking[0] - taking[1]))
    found += _exit_claims(worlds, posterior, member)
    found += _order_claims(posterior, record, member, runs, seed, workers)
    return found


def _among(part: ensemble.Worlds, member: str, standings: list[int]) -> npt.NDArray[np.float64]:
    return np.isin(part.of("standing", member), standings).astype(float)


def _exit_claims(
    worlds: Callable[..., tuple[ensemble.Worlds, ...]], posterior: Posterior, member: str
) -> Iterator[Claim]:
    """Compare how outreach multiplies the exit hazard where dependence is low and where it is high.

    First by the rule, from the outside options that outreach leaves at the horizon, everything else
    alike; then by the notices that were given, in which all else that outreach does is at work.
    """
    gains, logs, errors = [], [], []
    for dependence in (LOW, HIGH):
        settings = (f"{member}.dependence={dependence}",)
        base, other = worlds("baseline", "western_outreach", settings=settings)
        weight = posterior.values["exit_hedging"][np.arange(base.runs) % posterior.size]
        options = [part.of("outside_option", member).astype(float) for part in (base, other)]
        ties = [1.0 - part.of("dependence", member).astype(float) for part in (base, other)]
        gains.append(weight * (options[1] * ties[1] - options[0] * ties[0]))
        shares = [float((part.event("notice", member) > 0).mean()) for part in (base, other)]
        least = 0.5 / base.runs
        logs.append(log(max(shares[1], least)) - log(max(shares[0], least)))
        errors.append(sum((1.0 - s) / (max(s, least) * base.runs) for s in shares))
    text = f"log of how outreach multiplies {{}}, dependence {LOW:g} minus dependence {HIGH:g}"
    difference = gains[0] - gains[1]
    error = standard_error(difference, Populations(*posterior.populations))[0]
    yield Claim("h", text.format("the exit hazard"), float(difference.mean()), error)
    yield Claim("h", text.format("notices"), logs[0] - logs[1], sqrt(sum(errors)))


def _order_claims(
    posterior: Posterior, record: Record, member: str, runs: int, seed: int, workers: int | None
) -> Iterator[Claim]:
    """Compare the order of first events in the history with the order that is next in frequency."""
    design = FromTable(posterior.values)
    (part,) = ensemble.run([record.history], design, runs, seed=seed, workers=workers).parts
    months = np.array([part.event(name, member) for name in ORDER])
    months = np.where(months == 0, 10_000, months)  # what never comes, comes last
    some = (months < 10_000).any(axis=0)
    orders = Counter(
        tuple(np.argsort(months[:, world], kind="stable").tolist())
        for world in np.flatnonzero(some)
    )
    wanted = orders[0, 1, 2, 3]
    others = {order: orders[order] for order in permutations(range(4)) if order != (0, 1, 2, 3)}
    rival = max(others, key=lambda order: others[order])
    shares = wanted / runs, others[rival] / runs
    error = sqrt((shares[0] + shares[1] - (shares[0] - shares[1]) ** 2) / runs)
    words = ", ".join(ORDER[place].replace("_", " ") for place in rival)
    yield Claim(
        "i",
        f"refuse, miss, freeze, default in that order ({shares[0]:.1%} of worlds) minus the "
        f"likeliest other order: {words}",
        shares[0] - shares[1],
        error,
    )
