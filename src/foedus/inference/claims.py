"""Claims about the model's behaviour, tested under a posterior.

Whether they hold is reported; nothing in the model or its calibration enforces them. Each has a
letter. Limbo means that a member has frozen its participation without leaving.

f: pressure makes limbo or suspension of the vote likelier than restraint does.
g: in every scenario limbo or suspension is likelier than withdrawal.
h: outreach lowers participation and makes notice of withdrawal likelier. (That it does so the more
the less a member depends on the patron was a claim about a rule that has been given up, see
docs/decisions/0023-levers-that-did-nothing.md.)
i: in the simulated history the first refusal of documents, missed summit, freeze and default on
dues come in this order more often than in any other.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import permutations
from typing import TYPE_CHECKING

import numpy as np

from foedus.cases.scenario_reader import load_scenario
from foedus.cases.shipped import shipped_scenarios
from foedus.defaults import SEED
from foedus.ensembles import ensemble, gathered
from foedus.model import records
from foedus.outcomes.estimates import standard_error
from foedus.worlds.openings import FromTable
from foedus.worlds.posterior import shipped_posterior

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from foedus.cases.record import Record
    from foedus.worlds.posterior import Posterior

    Floats = npt.NDArray[np.float64]


BEYOND = 3.0  # a claim holds if its quantity exceeds 0 by this many standard errors
ORDER = ("refused_documents", "missed_summit", "freeze", "unpaid_dues")
_LIMBO = [records.STANDINGS.index(name) for name in ("suspended", "frozen", "frozen, suspended")]
_LEAVING = [records.STANDINGS.index(name) for name in ("notice", "withdrawn")]


@dataclass(frozen=True)
class Claim:
    """A claim, with the quantity that tests it.

    Attributes
    ----------
    letter, text
        Letter of the claim, and the quantity in words.
    value, error
        Estimate of the quantity, which the claim says is above 0, and its Monte Carlo standard
        error.
    """

    letter: str
    text: str
    value: float
    error: float

    @property
    def holds(self) -> bool:
        """Whether the quantity is above 0 by more than three standard errors."""
        return self.value > BEYOND * self.error


def evaluate(
    posterior: Posterior,
    record: Record,
    *,
    member: str = "ARM",
    runs: int = 20_000,
    seed: int = SEED,
    workers: int | None = None,
) -> list[Claim]:
    """Evaluate every claim about a member.

    Parameters
    ----------
    posterior
        Numbers of the worlds.
    record
        Record whose history is simulated for claim i: with the posterior's numbers, but with new
        random draws instead of those that were chosen to fit.
    member
        Code of the member that the claims are about.
    runs
        Worlds of each scenario.

    Raises
    ------
    ResultError
        If the shipped scenarios that the claims name cannot be opened with the posterior.
    """
    known = posterior.populations

    def worlds(*names: str, settings: tuple[str, ...] = ()) -> tuple[gathered.Worlds, ...]:
        scenarios = [load_scenario(name, settings=settings) for name in names]
        return ensemble.run(scenarios, posterior, runs, seed=seed, workers=workers).parts

    def claim(letter: str, text: str, values: Floats) -> Claim:
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
    baseline, outreach = (parts[name] for name in ("baseline", "western_outreach"))
    taking = [part.of("takes_part", member).astype(float) for part in (baseline, outreach)]
    found.append(claim("h", "taking part, baseline minus western outreach", taking[0] - taking[1]))
    notices = [(part.event("notice", member) > 0).astype(float) for part in (outreach, baseline)]
    found.append(
        claim("h", "notice given, western outreach minus baseline", notices[0] - notices[1])
    )
    design = FromTable(posterior.values)
    (history,) = ensemble.run([record.history], design, runs, seed=seed, workers=workers).parts
    return [*found, _order_claim(claim, history, member)]


def _among(part: gathered.Worlds, member: str, standings: list[int]) -> Floats:
    """1 for each world in which a member has one of some standings at the horizon, else 0."""
    return np.isin(part.of("standing", member), standings).astype(float)


def _order_claim(
    claim: Callable[[str, str, Floats], Claim], history: gathered.Worlds, member: str
) -> Claim:
    """Test claim i: the claimed order of first events against the most frequent other order.

    Events of the same month count in the claimed order. An event that never happens counts as last.
    """
    months = np.array([history.event(name, member) for name in ORDER], dtype=float)
    months[months == 0] = np.inf
    some = np.isfinite(months).any(axis=0)
    orders = np.argsort(months, axis=0, kind="stable").T
    counts = Counter(map(tuple, orders[some].tolist()))
    wanted = tuple(range(len(ORDER)))
    rival = max((o for o in permutations(wanted) if o != wanted), key=lambda order: counts[order])
    is_wanted, is_rival = (some & (orders == order).all(axis=1) for order in (wanted, rival))
    words = ", ".join(ORDER[place].replace("_", " ") for place in rival)
    text = (
        f"refuse, miss, freeze, default in that order ({is_wanted.mean():.1%} of worlds) minus the "
        f"likeliest other order: {words}"
    )
    return claim("i", text, is_wanted.astype(float) - is_rival.astype(float))


def claims(record: Record, workers: int | None = None) -> list[Claim]:
    """Evaluate the claims under the posterior shipped with foedus for the record's alliance.

    Returns an empty list if no posterior is shipped for it.
    """
    from foedus.inference.claims import evaluate

    posterior = shipped_posterior(record.history.alliance.name)
    return evaluate(posterior, record, workers=workers) if posterior else []
