"""What the tests share: settings of hypothesis, strategies over the model, small scenarios."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from xdist.scheduler import LoadScopeScheduling

from foedus.cases.scenario_reader import load_scenario
from foedus.cases.schedule import IDLE
from foedus.model import order, records
from foedus.model.draws import Draws
from foedus.model.parameters import Parameters
from foedus.model.records import state_quantities
from foedus.model.specifications import default_parameters, specifications

if TYPE_CHECKING:
    from pathlib import Path

    from foedus.cases.scenario import Scenario

settings.register_profile(
    "foedus",
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("foedus")


class PageTogether(LoadScopeScheduling):
    """Deals out tests one by one, but those of the page together: they share server and browser."""

    def _split_scope(self, nodeid: str) -> str:
        return "page" if "test_page.py" in nodeid else nodeid


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> PageTogether | None:
    return PageTogether(config, log) if config.getvalue("dist") == "load" else None


SHARE = st.floats(0.0, 1.0)
FLAG = st.sampled_from([0.0, 1.0])
NORMAL = ("trust", "disposition", "successor")  # draws that are normal; all others are uniform
FORCED = st.sampled_from([records.FREE, records.FREE, 0.0, 1.0])


@st.composite
def parameters(draw: st.DrawFn, /, *, bounds: bool = False, **fixed: float) -> Parameters:
    """Parameters from their priors, or from anywhere within their bounds."""
    values = {}
    for name, spec in specifications().items():
        if bounds:
            values[name] = draw(st.floats(spec.low, spec.high))
        else:
            values[name] = spec.prior.quantile(draw(st.floats(0.0, 1.0)))
    return Parameters(**{**values, **fixed})


@st.composite
def states(draw: st.DrawFn, /, **fixed: float) -> records.State:
    """Any state within its bounds, with whole numbers where a code is meant."""
    values: dict[str, float] = {}
    for name, quantity in state_quantities().items():
        if quantity.unit == "0 or 1":
            values[name] = draw(FLAG)
        elif name == "membership":
            values[name] = draw(st.sampled_from([records.IN, records.NOTICE]))
        elif quantity.unit in ("months", "years"):
            values[name] = float(draw(st.integers(0, 60)))
        else:
            values[name] = draw(st.floats(quantity.low, quantity.high))
    return records.State(**{**values, **fixed})


FLAGGED = ("crisis_scripted", "clash_scripted", "adaptive", "accounting", "summit", "dues")


@st.composite
def drivers(draw: st.DrawFn, /, **fixed: float) -> records.Drivers:
    """Any drivers a scenario can impose."""
    values: dict[str, float] = {}
    for name in records.Drivers._fields:
        if name.startswith("forced_"):
            values[name] = draw(FORCED)
        elif name in FLAGGED:
            values[name] = draw(FLAG)
        elif name in ("support_scripted", "successor"):
            values[name] = draw(st.one_of(st.just(records.FREE), SHARE))
        elif name == "threat":
            values[name] = draw(st.floats(0.0, 10.0))
        elif name == "affinity_change":
            values[name] = draw(st.floats(-1.0, 1.0))
        elif name in ("notice_period", "suspension_arrears", "expulsion_arrears"):
            values[name] = float(draw(st.integers(0, 24)))
        else:
            values[name] = draw(SHARE)
    for prefix in ("dependence", "ties"):
        keep = values[f"{prefix}_keep"]
        values[f"{prefix}_set"] = draw(st.floats(0.0, 1.0)) * (1.0 - keep)
    return records.Drivers(**{**values, **fixed})


@st.composite
def luck(draw: st.DrawFn) -> Draws:
    """Any luck: some numbers are normal, most are uniform."""
    normal = st.floats(-6.0, 6.0)
    inside = st.floats(2.0**-33, 1.0 - 2.0**-33)
    return Draws(**{name: draw(normal if name in NORMAL else inside) for name in Draws._fields})


@st.composite
def signals(draw: st.DrawFn, /, **fixed: float) -> records.Signals:
    """Attention-weighted sums of signals: every field within 0..1, taking part within members."""
    values = {name: draw(SHARE) for name in records.Signals._fields}
    values["takes_part"] = values["member"] * draw(SHARE)
    values["support"] = values["crisis"] * draw(SHARE)
    values["gain"] = values["crisis"] * draw(SHARE)
    values["loss"] = values["crisis"] * draw(SHARE)
    return records.Signals(**{**values, **fixed})


# One member in one month, for tests of single rules.


def member(**fields: float) -> records.State:
    """A member that takes part, somewhat cooled, for whom nothing is at stake."""
    values = {
        "trust": 0.6,
        "trust_before": 0.8,
        "expectation": 0.4,
        "expectation_initial": 0.4,
        "dependence": 0.6,
        "dependence_initial": 0.6,
        "outside_option": 0.2,
        "affinity": 0.6,
        "adversary_ties": 0.3,
        "threat": 0.0,
        "attended": 1.0,
        "consented": 1.0,
        "patience": 1.0,
        "tenure": 60.0,
    }
    blank = dict.fromkeys(records.State._fields, 0.0)
    return records.State(**{**blank, **values, **fields})


def quiet(**fields: float) -> records.Drivers:
    """A month in which nothing is imposed."""
    constants = {
        "bandwidth": 0.5,
        "notice_period": 6.0,
        "suspension_arrears": 2.0,
        "expulsion_arrears": 3.0,
        "dependence_keep": 1.0,
        "ties_keep": 1.0,
    }
    return records.Drivers(**{**IDLE, **constants, **fields})


def even_luck(**fields: float) -> Draws:
    """Luck in the middle, with which nobody freezes, leaves or changes its government."""
    even = {name: 0.0 if name in NORMAL else 0.5 for name in Draws._fields}
    never = dict.fromkeys(("freeze", "exit", "shared", "government"), 1.0 - 1e-9)
    return Draws(**{**even, **never, **fields})


def seen_nothing(**fields: float) -> records.Signals:
    """What a member sees of others who all take part and whom nothing befalls."""
    return records.NOTHING_SEEN._replace(member=1.0, takes_part=1.0, **fields)


def step(
    state: records.State,
    imposed: records.Drivers,
    draws: Draws,
    p: Parameters | None = None,
    seen: records.Signals | None = None,
) -> records.State:
    """One member's month, with the declared parameters unless others are given."""
    p = p or default_parameters()
    own = order.befall(p, state, imposed, draws)
    return order.transition(p, state, imposed, draws, own, seen or seen_nothing())


@pytest.fixture(scope="session")
def baseline() -> Scenario:
    return load_scenario("baseline")


@pytest.fixture
def write_scenario(tmp_path: Path) -> Any:
    """Write a scenario file that extends the baseline and return its path."""

    def write(body: str = "", *, name: str = "mine", head: str | None = None) -> str:
        top = f"foedus: 1\nname: {name}\ntitle: T\nextends: baseline\n" if head is None else head
        path = tmp_path / f"{name}.yaml"
        path.write_text(top + body, encoding="utf-8")
        return str(path)

    return write
