"""What the page computes from what is chosen; needs no browser.

Nothing here depends on Solara, so that it can be tested without a browser.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from math import isnan
from threading import Event, Lock, RLock
from typing import TYPE_CHECKING, Any

from foedus.cases.frame import frame_of
from foedus.cases.scenario_reader import load_scenario, read_scenario
from foedus.cases.shipped import shipped_scenarios
from foedus.cases.sliders import Slider, moved, scenario_text, sliders
from foedus.cases.validation import NAME_LENGTH
from foedus.defaults import SEED
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
    from foedus.views.sheet import Picture

BASELINE = "baseline"
WORLDS = (500, RUNS, 10_000, 20_000)  # numbers of worlds that can be chosen
USUAL = "usual"  # numbers of the posterior where the scenario has one, else of the prior
DPI = {"screen": 130, "file": 220}
LONGEST = NAME_LENGTH - len("_moved99")  # characters of a name that leave room for the suffix

_drawing = Lock()  # one thread draws at a time: matplotlib's settings belong to the whole process


@dataclass(frozen=True, eq=False)
class Choice:
    """What a visitor of the page has chosen. It is never changed: each change is a new choice.

    Attributes
    ----------
    scenario
        Name of the scenario in which levers are moved.
    member
        Code of the member that the levers concern and whose trust is drawn.
    values
        Values of the levers that are moved, by key such as ``pressure.ARM``.
    baseline
        Name of the scenario that the others are compared with.
    beside
        Names of further scenarios to show.
    runs, seed
        Worlds of each scenario, and the seed of every draw.
    world
        Number of the world in the tab of one world.
    own
        Scenarios from the visitor's own files, by name.
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
        """Return the choice with another scenario and no lever moved.

        Member, baseline and further scenarios are kept where they fit the new scenario.
        """
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
        """Return the choice with a lever moved to a value.

        At the step of the slider that is nearest to the scenario's own value, the lever counts as
        not moved.
        """
        slider = next(slider for slider in self.sliders if slider.key == key)
        others = {other: at for other, at in self.values.items() if other != key}
        value = slider.at(value)
        values = others if value == slider.nearest else {**others, key: value}
        return self if values == self.values else replace(self, values=values)

    def adding(self, scenario: Scenario) -> Choice:
        """Return the choice with a scenario of the visitor's own added and chosen."""
        own = {**self.own, scenario.name: scenario}
        return replace(self, own=own).starting_from(scenario.name)

    def uploading(self, content: bytes, file: str) -> Choice:
        """Return the choice with the scenario of an uploaded file added and chosen.

        Parameters
        ----------
        content
            The file's bytes.
        file
            Its name.

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
        """Names of all scenarios that can be chosen, the visitor's own first."""
        return [*self.own, *(name for name in shipped_scenarios() if name not in self.own)]

    def loaded(self, name: str) -> Scenario:
        """Return a scenario by name, with no lever moved."""
        return self.own[name] if name in self.own else _shipped(name)

    @cached_property
    def stands(self) -> Scenario:
        """The chosen scenario, with no lever moved."""
        return self.loaded(self.scenario)

    @cached_property
    def sliders(self) -> tuple[Slider, ...]:
        """Sliders of the levers that concern the member, at the scenario's own values."""
        return sliders(self.stands, self.member)

    @cached_property
    def current(self) -> Scenario:
        """The chosen scenario, with the levers moved."""
        if not self.values:
            return self.stands
        base = f"{self.scenario[:LONGEST]}_moved"
        named = (base, *(f"{base}{number}" for number in range(2, 100)))
        # A name that is taken belongs to a file of moved levers that was downloaded and loaded.
        name = next(name for name in named if name not in self.names)
        return moved(self.stands, self.values, name)

    @cached_property
    def comparable(self) -> list[str]:
        """Names of the scenarios that can be compared with the chosen one."""
        stands = frame_of(self.stands)
        return [name for name in self.names if stands.fits(frame_of(self.loaded(name)))]

    @property
    def scenarios(self) -> tuple[Scenario, ...]:
        """The scenarios to simulate, once each: baseline, current and further ones."""
        others = (self.loaded(name) for name in self.beside)
        chosen = (self.loaded(self.baseline), self.current, *others)
        return tuple({scenario.name: scenario for scenario in chosen}.values())

    @property
    def address(self) -> tuple[Any, ...]:
        """All that decides what is shown of many worlds; equal addresses are shown alike."""
        shown = [(one.name, one.title, one.fingerprint) for one in self.scenarios]
        return self.current.name, shown, self.member, self.runs, self.seed

    @property
    def text(self) -> str:
        """Text of a scenario file with the moved levers."""
        return scenario_text(self.stands, self.values, self.current.name)

    @property
    def command(self) -> str:
        """The ``foedus`` command that makes the same worlds, once the scenario file is saved."""
        kind = "compare" if len(self.scenarios) > 1 else "run"
        files = " ".join(self._argument(scenario) for scenario in self.scenarios)
        return f"foedus {kind} {files} --runs {self.runs} --seed {self.seed}"

    def trace_command(self, parameters: str) -> str:
        """Return the ``foedus trace`` command that tells the chosen world as a dated story."""
        where = f"--run {self.world} --seed {self.seed} --parameters {parameters}"
        return f"foedus trace {self._argument(self.current)} {where}"

    def _argument(self, scenario: Scenario) -> str:
        is_shipped = scenario.name in shipped_scenarios() and scenario.name not in self.own
        return scenario.name if is_shipped else f"{scenario.name}.yaml"

    @property
    def world_address(self) -> tuple[Any, ...]:
        """All that decides which world is shown in the tab of one world."""
        now = self.current
        return now.name, now.title, now.fingerprint, self.world, self.seed

    @property
    def world_refusal(self) -> str:
        """A sentence that says why the chosen world does not exist; empty if it does."""
        try:
            checked_address(self.world, self.seed)
        except ResultError as error:
            return str(error)
        return ""


def opening(scenario: Scenario | None = None) -> Choice:
    """Return the choice with which the page opens.

    Parameters
    ----------
    scenario
        A shipped scenario or one of the user's own; the baseline if None.
    """
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
    """The simulated worlds of the chosen scenarios.

    Attributes
    ----------
    choice
        What was chosen.
    comparison
        The worlds of all scenarios, compared with the baseline.
    """

    choice: Choice
    comparison: Comparison

    @property
    def result(self) -> Result:
        """The worlds of all scenarios."""
        return self.comparison.result

    def futures(self) -> Picture:
        """Draw a hundred worlds of each scenario."""
        return self.result.plot("futures")

    def fans(self) -> Picture:
        """Draw fan charts of cohesion and of the member's trust."""
        return plots.member_figure(self.result, self.choice.member)

    def end_states(self) -> Picture:
        """Draw the share of worlds in each end state at the horizon."""
        return self.result.plot("end_states")

    def gaps(self) -> Picture:
        """Draw paired differences from the baseline in cohesion and in the member's trust."""
        return comparison_plots.member_difference_figure(self.comparison, self.choice.member)

    def standing(self) -> Picture:
        """Draw the share of worlds in which each member has each standing."""
        return self.result.plot("status")

    @cached_property
    def difference_table(self) -> list[tuple[str, ...]]:
        """Rows of the headline differences: the outcome, then the difference of each scenario."""
        content = {"differences": plain(self.comparison.differences)}
        return list(difference_rows(content, self.result.names))


def project(
    choice: Choice,
    known: Projection | None = None,
    notice: Callable[[str], None] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Projection:
    """Simulate the chosen scenarios.

    Parameters
    ----------
    known
        An earlier projection; its worlds are used where they are the same.
    notice
        Called with a sentence for a visitor who waits.
    progress
        Called with the number of worlds done and the number of all. An exception that it raises
        stops the simulation.

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
    """The world of a choice, which one thread simulates while others display it.

    Parameters
    ----------
    chosen
        Returns the present choice. It is a function because Mesa's Reset makes the world anew, of
        what is chosen then.
    parameters
        :data:`USUAL`, or as for :class:`~foedus.worlds.agents.AllianceModel`.

    Attributes
    ----------
    choice
        The choice that the world was made of.
    numbers
        The argument ``parameters``.
    held
        Lock to hold while the world is stepped, and while several of its values are read.

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
        """Make the next step stop the world, so that Mesa's player ends."""
        self._is_paused = True

    def resume(self) -> None:
        """Allow steps again; the world continues from its present month."""
        self._is_paused = False
        self.running = self.elapsed < self.case.horizon

    def picture(self, draw: Callable[[AllianceModel], Picture]) -> bytes:
        """Draw the world at its present month; return a PNG."""
        with self.held:
            return drawn(lambda: draw(self))


_closing = Event()


def closing() -> Event:
    """Return the event that is set when the page that is now served closes."""
    return _closing


@contextmanager
def serving() -> Iterator[None]:
    """Context in which the page is served; at its end all worlds that still play are stopped."""
    global _closing  # noqa: PLW0603 (a process serves one page at a time)
    ends = _closing = Event()
    try:
        yield
    finally:
        ends.set()
        _closing = Event()


def story_of(model: AllianceModel) -> Trace:
    """Return the story of a world to its horizon, however far it has been stepped."""
    return tell(model.case, model.run, model.seed_, model.design)


def told(whole: Trace, month: str) -> list[Entry]:
    """Return the entries of a story up to a month (``YYYY-MM``), the latest first."""
    return [entry for entry in whole.entries if entry.month <= month][::-1]


def member_rows(model: WatchedWorld) -> list[tuple[str, ...]]:
    """Rows of the members' state: name, standing, trust, takes part, years of arrears."""
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


def cohesion_line(model: WatchedWorld) -> str:
    """Say what cohesion is at the present month, and what the end state would be."""
    with model.held:
        index, among = model.cohesion, model.cohesion_among_those_who_stay
        stay = "nobody stays" if isnan(among) else f"{among:.2f} among those who stay"
        return f"Cohesion {index:.2f}, {stay}; end state if it ended now: {model.end_state}."


def world_table(model: WatchedWorld) -> pd.DataFrame:
    """Return a table of a world up to its present month, with a row for each month.

    Columns are those of :meth:`~foedus.worlds.agents.AllianceModel.alliance_history`, then for each
    member ``CODE.trust`` (share), ``CODE.standing``, ``CODE.takes_part`` and ``CODE.crisis`` (0 or
    1).
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
    """Draw a picture and return it as the bytes of a file.

    Only one picture is drawn at a time in the whole process.

    Parameters
    ----------
    draw
        Makes the picture.
    form
        ``png`` or ``svg``.
    use
        Key of :data:`DPI`: for the ``screen`` or for a ``file``.
    """
    with _drawing:
        return draw().content(form, dpi=DPI[use])
