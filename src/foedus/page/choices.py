"""What somebody has chosen to explore, and what follows from it: all of the page but the page."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from threading import Event, Lock, RLock
from typing import TYPE_CHECKING, Any

from foedus.cases.scenario_reader import load_scenario, read_scenario
from foedus.cases.shipped import shipped_scenarios
from foedus.cases.sliders import Slider, moved, scenario_text, sliders
from foedus.cases.validation import NAME_LENGTH
from foedus.defaults import SEED
from foedus.ensembles.ensemble import frame
from foedus.errors import ResultError
from foedus.outcomes.summary import plain
from foedus.outcomes.telling import checked_address, tell
from foedus.page.widget import RUNS
from foedus.studies.comparison import SAMPLE, Comparison
from foedus.studies.running import run
from foedus.views import comparison_plots, plots
from foedus.views.comparison_tables import difference_rows
from foedus.worlds.agents import AllianceModel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import pandas as pd

    from foedus.cases.scenario import Scenario
    from foedus.outcomes.story import Entry, Trace
    from foedus.studies.results import Result
    from foedus.views.plots import Picture

BASELINE = "baseline"
WORLDS = (500, RUNS, 10_000, 20_000)  # to choose among
USUAL = "usual"  # numbers of the posterior where the scenario has one, else of the prior
DPI = {"screen": 130, "file": 220}
LONGEST = NAME_LENGTH - len("_moved99")  # of a name that is still to say that levers are moved

_drawing = Lock()  # matplotlib's settings and caches belong to the whole process


@dataclass(frozen=True, eq=False)
class Choice:
    """What somebody explores.

    Attributes
    ----------
    scenario
        Name of the scenario in which levers are moved.
    member
        Code of the member that the levers address and whose trust is drawn.
    values
        Levers that are moved, by key such as ``pressure.ARM``.
    baseline
        Name of the scenario that the others are compared with.
    beside
        Names of scenarios to show as well.
    runs, seed
        Worlds of each scenario, and the seed of every draw.
    world
        Number of the world that is watched by itself.
    own
        Scenarios from the user's own files, by name.
    """

    scenario: str = BASELINE
    member: str = ""
    values: Mapping[str, float] = field(default_factory=dict)
    baseline: str = BASELINE
    beside: tuple[str, ...] = ()
    runs: int = RUNS
    seed: int = SEED
    world: int = 0
    own: Mapping[str, Scenario] = field(default_factory=dict)

    # Changes, each a new choice

    def starting_from(self, name: str) -> Choice:
        """Take another scenario, levers as they stand; keep what goes with it of the rest."""
        chosen = replace(self, scenario=name, values={})
        members = chosen.stands.alliance.members
        comparable = chosen.comparable
        return replace(
            chosen,
            member=self.member if self.member in members else members[0],
            baseline=self.baseline if self.baseline in comparable else name,
            beside=tuple(one for one in self.beside if one in comparable and one != name),
        )

    def moving(self, key: str, value: float) -> Choice:
        """Move a lever; at the step nearest to its own value it counts as not moved."""
        knob = next(knob for knob in self.knobs if knob.key == key)
        others = {other: at for other, at in self.values.items() if other != key}
        value = knob.at(value)
        values = others if value == knob.nearest else {**others, key: value}
        return self if values == self.values else replace(self, values=values)

    def adding(self, scenario: Scenario) -> Choice:
        """Put a scenario of the user's own on the shelf, and take it."""
        own = {**self.own, scenario.name: scenario}
        return replace(self, own=own).starting_from(scenario.name)

    def uploading(self, content: bytes, file: str) -> Choice:
        """Check a file that was handed over, put it on the shelf, and take it.

        Raises
        ------
        ScenarioError, InertScenarioError
            With every problem of the file.
        ResultError
            If it has the name of a shipped scenario.
        """
        scenario = read_scenario(content, file)
        if scenario.name in shipped_scenarios():
            message = f"{file}: '{scenario.name}' is the name of a shipped scenario; give another."
            raise ResultError(message)
        return self.adding(scenario)

    # What is chosen

    @property
    def names(self) -> list[str]:
        """Every scenario on the shelf, the user's own first."""
        return [*self.own, *(name for name in shipped_scenarios() if name not in self.own)]

    def loaded(self, name: str) -> Scenario:
        """Return a scenario by name, as it stands."""
        return self.own[name] if name in self.own else _shipped(name)

    @cached_property
    def stands(self) -> Scenario:
        """The scenario with its levers as they stand."""
        return self.loaded(self.scenario)

    @cached_property
    def knobs(self) -> tuple[Slider, ...]:
        """Levers that bear on the member, at the values that they have by themselves."""
        return sliders(self.stands, self.member)

    @cached_property
    def current(self) -> Scenario:
        """The scenario with the levers as they are now."""
        if not self.values:
            return self.stands
        base = f"{self.scenario[:LONGEST]}_moved"
        named = (base, *(f"{base}{number}" for number in range(2, 100)))
        name = next(name for name in named if name not in self.names)  # else kept and loaded again
        return moved(self.stands, self.values, name)

    @cached_property
    def comparable(self) -> list[str]:
        """Names of the scenarios that can be put beside this one."""
        alike = frame(self.stands)
        return [name for name in self.names if frame(self.loaded(name)) == alike]

    @property
    def scenarios(self) -> tuple[Scenario, ...]:
        """What is simulated: the baseline, the current scenario, and those beside, once each."""
        others = (self.loaded(name) for name in self.beside)
        chosen = (self.loaded(self.baseline), self.current, *others)
        return tuple({scenario.name: scenario for scenario in chosen}.values())

    @property
    def address(self) -> tuple[Any, ...]:
        """All that decides what is shown under it; choices of the same address look the same."""
        shown = [(one.name, one.title, one.fingerprint) for one in self.scenarios]
        return self.current.name, shown, self.member, self.runs, self.seed

    @property
    def text(self) -> str:
        """The scenario file that the levers stand for."""
        return scenario_text(self.stands, self.values, self.current.name)

    @property
    def command(self) -> str:
        """The command that makes the same worlds, once the scenario file is saved."""
        kind = "compare" if len(self.scenarios) > 1 else "run"
        files = " ".join(self._argument(scenario) for scenario in self.scenarios)
        return f"foedus {kind} {files} --runs {self.runs} --seed {self.seed}"

    def trace_command(self, parameters: str) -> str:
        """Return the command that tells the world that is watched, as a dated story."""
        where = f"--run {self.world} --seed {self.seed} --parameters {parameters}"
        return f"foedus trace {self._argument(self.current)} {where}"

    def _argument(self, scenario: Scenario) -> str:
        is_shipped = scenario.name in shipped_scenarios() and scenario.name not in self.own
        return scenario.name if is_shipped else f"{scenario.name}.yaml"

    @property
    def world_address(self) -> tuple[Any, ...]:
        """All that decides which world is watched."""
        now = self.current
        return now.name, now.title, now.fingerprint, self.world, self.seed

    @property
    def world_refusal(self) -> str:
        """Why there is no such world; empty if there is."""
        try:
            checked_address(self.world, self.seed)
        except ResultError as error:
            return str(error)
        return ""


def opening(scenario: Scenario | None = None) -> Choice:
    """Return what the page opens with."""
    choice = Choice().starting_from(BASELINE)
    if scenario is None:
        return choice
    if scenario.name in shipped_scenarios() and _shipped(scenario.name) == scenario:
        return choice.starting_from(scenario.name)
    return choice.adding(scenario)


@cache
def _shipped(name: str) -> Scenario:
    return load_scenario(name)


# ---------------------------------------------------------------------------------------------
# Many worlds


@dataclass(frozen=True, eq=False)
class Projection:
    """What becomes of an alliance under the scenarios that were chosen.

    Attributes
    ----------
    choice
        What was chosen.
    comparison
        The worlds, the baseline first.
    """

    choice: Choice
    comparison: Comparison

    @property
    def result(self) -> Result:
        """The worlds of all scenarios."""
        return self.comparison.result

    def fans(self) -> Picture:
        """Cohesion and the member's trust."""
        return plots.member_figure(self.result.data, self.result.scenarios, self.choice.member)

    def end_states(self) -> Picture:
        """End states at the horizon."""
        return self.result.plot("end_states")

    def gaps(self) -> Picture:
        """Paired differences from the baseline in cohesion and the member's trust."""
        return comparison_plots.member_difference_figure(self.comparison, self.choice.member)

    def standing(self) -> Picture:
        """Standing of each member."""
        return self.result.plot("status")

    @cached_property
    def difference_table(self) -> list[tuple[str, ...]]:
        """Rows of outcome and difference by scenario, for what a comparison is judged by."""
        content = {"differences": plain(self.comparison.differences)}
        return list(difference_rows(content, self.result.names))


def project(
    choice: Choice,
    known: Projection | None = None,
    notice: Callable[[str], None] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Projection:
    """Simulate what was chosen.

    Parameters
    ----------
    known
        An earlier projection, whose worlds are taken where they are the same.
    notice
        Called with a sentence when there is something to know while waiting.
    progress
        Called with the number of worlds that are there and of all; what it raises ends the work.

    Raises
    ------
    FoedusError
        If the scenarios or numbers cannot be simulated, with a sentence that says why.
    """
    result = run(
        *choice.scenarios,
        runs=choice.runs,
        seed=choice.seed,
        keep="trajectories" if choice.runs <= SAMPLE else "summaries",
        reuse=[known.result] if known else (),
        notice=notice,
        progress=progress,
        allow_inert=True,
    )
    return Projection(choice, Comparison(result))


# ---------------------------------------------------------------------------------------------
# One world


class WatchedWorld(AllianceModel):
    """The world that a choice names, stepped by one thread while others look.

    Parameters
    ----------
    chosen
        Returns the choice; Mesa's Reset makes the world anew of what it returns then.
    parameters
        :data:`USUAL`, or as for :class:`~foedus.worlds.agents.AllianceModel`.

    Attributes
    ----------
    choice
        What it was made of.
    numbers
        The parameters that were asked for.
    held
        Held by whoever steps it, or looks at more than one thing of it.

    Raises
    ------
    ResultError
        If there is no such world or seed.
    """

    def __init__(self, chosen: Callable[[], Choice], parameters: str = USUAL) -> None:
        self.choice = chosen()
        self.numbers = parameters
        self.held = RLock()
        self._closing = closing()
        self._is_paused = False
        super().__init__(
            self.choice.current,
            seed=self.choice.seed,
            run=checked_address(self.choice.world, self.choice.seed),
            parameters=None if parameters == USUAL else parameters,
        )

    def step(self) -> None:
        """Simulate one month, unless the world is paused or the page closes."""
        with self.held:
            if self._is_paused or self._closing.is_set():
                self.running = False
            else:
                super().step()

    def pause(self) -> None:
        """Let whoever plays it stop."""
        self._is_paused = True

    def resume(self) -> None:
        """Let it be stepped again, from where it is."""
        self._is_paused = False
        self.running = self.elapsed < self.case.horizon

    def picture(self, draw: Callable[[AllianceModel], Picture]) -> bytes:
        """Draw the world as it stands."""
        with self.held:
            return drawn(lambda: draw(self))


_closing = Event()


def closing() -> Event:
    """Return what is set when the page that is served now is served no longer."""
    return _closing


@contextmanager
def serving() -> Iterator[None]:
    """Let worlds play as long as the page is served, and end them with it."""
    global _closing  # noqa: PLW0603 (a process serves one page at a time)
    ends = _closing = Event()
    try:
        yield
    finally:
        ends.set()
        _closing = Event()


def story_of(model: AllianceModel) -> Trace:
    """Return the whole of a world as a story, however far it has been stepped."""
    return tell(model.case, model.run, model.seed_, model.design)


def told(whole: Trace, month: str) -> list[Entry]:
    """Return what a story tells up to a month, the latest first."""
    return [entry for entry in whole.entries if entry.month <= month][::-1]


def member_rows(model: WatchedWorld) -> list[tuple[str, ...]]:
    """Rows of how the members stand: name, standing, trust, takes part, years of arrears."""
    with model.held:
        return [
            (
                member.name,
                member.standing,
                f"{member.trust:.2f}",
                "yes" if member.takes_part else "no",
                f"{member.arrears:g}",
            )
            for member in model.members
        ]


def world_table(model: WatchedWorld) -> pd.DataFrame:
    """Return a world so far as a table: a row a month.

    Columns are those of :meth:`~foedus.AllianceModel.alliance_history`, then for each member
    ``CODE.trust`` (share), ``CODE.standing``, ``CODE.takes_part`` and ``CODE.crisis`` (0 or 1).
    """
    with model.held:
        history, table = model.history(), model.alliance_history()
    for member in model.members:
        own = history[history["code"] == member.code]
        for name in ("trust", "standing", "takes_part", "crisis"):
            table[f"{member.code}.{name}"] = own[name].to_numpy()
    return table


# ---------------------------------------------------------------------------------------------
# Files


def drawn(draw: Callable[[], Picture], form: str = "png", use: str = "screen") -> bytes:
    """Draw a picture, one at a time in the whole process, and return it as a file."""
    from io import BytesIO

    buffer = BytesIO()
    options: dict[str, Any] = {"pil_kwargs": {"compress_level": 1}} if form == "png" else {}
    with _drawing:
        draw().savefig(buffer, format=form, dpi=DPI[use], **options)
    return buffer.getvalue()
