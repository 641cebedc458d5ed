"""The floor: the kernel with rules that do nothing but take in every draw and store it.

What is left is what no rule can avoid: the draws of each member and month, and the stores of what
is kept of it. Compiled as the model is.
"""

from __future__ import annotations

from types import FunctionType, ModuleType, SimpleNamespace
from typing import Any

from foedus.model import chronicle, draws, elementary, rules
from foedus.model.draws import Draws
from foedus.model.records import Drivers, Signals, State
from foedus.worlds import kernel
from foedus.worlds.compiled import compile_modules


def befall(p: Any, state: State, drivers: Drivers, luck: Draws) -> Signals:
    return Signals(
        luck.disposition, luck.trust, luck.crisis, luck.answer, luck.attend, luck.consent,
        luck.pay, luck.settle, luck.freeze,
    )  # fmt: skip


def attend_to(seen: Signals, attention: float, signals: Signals) -> Signals:
    return seen


def transition(
    p: Any, state: State, drivers: Drivers, luck: Draws, own: Signals, seen: Signals
) -> State:
    """Every draw has a place in the next state; the rest of it stays."""
    return State(
        trust=luck.attend,
        trust_before=state.trust_before,
        expectation=luck.consent,
        expectation_initial=state.expectation_initial,
        dependence=luck.pay,
        dependence_initial=state.dependence_initial,
        erosion=luck.settle,
        outside_option=luck.freeze,
        affinity=luck.thaw,
        adversary_ties=state.adversary_ties,
        threat=state.threat,
        delivered=luck.exit,
        disposition=state.disposition,
        membership=state.membership,
        notice_left=luck.suspend,
        frozen=state.frozen,
        frozen_months=luck.expel,
        suspended=state.suspended,
        attended=state.attended,
        consented=state.consented,
        arrears=luck.crisis,
        grievance=luck.answer,
        patience=luck.trust,
    )


def compiled() -> SimpleNamespace:
    """Compile the kernel over these rules instead of the model's."""
    floor = ModuleType("foedus.worlds.kernel")
    floor.__dict__.update(vars(kernel))
    for function in (befall, attend_to, transition):
        floor.__dict__[function.__name__] = FunctionType(
            function.__code__, floor.__dict__, function.__name__
        )
        floor.__dict__[function.__name__].__module__ = floor.__name__
    return compile_modules((elementary, draws, rules, chronicle), floor, None)
