"""What the numbers behind a result rest on: their kinds of evidence, and what was set by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from foedus.model.quantities import EVIDENCE_KINDS
from foedus.model.specifications import specifications
from foedus.worlds.openings import PRIOR, Declared
from foedus.worlds.posterior import Posterior, opening_numbers

if TYPE_CHECKING:
    from foedus.cases.scenario import Scenario
    from foedus.worlds.openings import Design

RECORD = "record"  # kind of a number that is inferred from the record
BY_HAND = "set by hand"  # kind of a number that the user gave, whatever its file declares


def evidence_kinds(scenario: Scenario, design: Design) -> dict[str, str]:
    """Return what each number that the worlds are drawn from rests on, parameters first.

    It is the kind of evidence that its file declares; or :data:`RECORD` where a posterior replaces
    the declared value: for parameters that the record informs, and for the opening numbers of
    members, since worlds go on from where they stood at the end of the record. What was set by hand
    is :data:`BY_HAND`, and neither informed nor assumed by anybody else.
    """
    kinds = {name: spec.evidence.kind for name, spec in specifications().items()}
    kinds |= {key: number.evidence.kind for key, number in scenario.alliance.numbers.items()}
    inferred: dict[str, str] = {}
    if isinstance(design, Posterior):
        names = (*design.informed, *opening_numbers(scenario.alliance))
        inferred = dict.fromkeys(names, RECORD)
    return {**kinds, **inferred, **dict.fromkeys(set_by_hand(scenario, design), BY_HAND)}


def set_by_hand(scenario: Scenario, design: Design) -> dict[str, float]:
    """Return the numbers that were set by hand, with their values.

    Those are what the scenario fixes (``parameters:`` in its file, ``--set``), and the parameters
    that were given in Python with other values than the declared ones.
    """
    given = design.parameters if isinstance(design, Declared) else None
    declared = {name: spec.value for name, spec in specifications().items()}
    own = {} if given is None else given._asdict()
    others = {name: value for name, value in own.items() if value != declared[name]}
    return {**others, **scenario.parameters}


def evidence_count(scenario: Scenario, design: Design = PRIOR) -> dict[str, int]:
    """How many of the numbers that worlds are drawn from rest on each kind of evidence."""
    kinds = list(evidence_kinds(scenario, design).values())
    others = [kind for kind in (RECORD, BY_HAND) if kind in kinds]
    return {kind: kinds.count(kind) for kind in (*EVIDENCE_KINDS, *others)}


def assumed_numbers(scenario: Scenario, design: Design = PRIOR) -> list[str]:
    """Names of the numbers that worlds are drawn from and that are assumed, parameters first."""
    kinds = evidence_kinds(scenario, design)
    return [name for name, kind in kinds.items() if kind == "assumed"]
