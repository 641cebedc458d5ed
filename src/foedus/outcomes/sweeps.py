"""What a lever moves when it goes from one end to the other, and which levers move nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from foedus.model.levers import lever_named
from foedus.model.records import STANDINGS
from foedus.model.specifications import specification
from foedus.outcomes.catalogue import of_alliance, of_member
from foedus.outcomes.estimates import Estimate, difference, mean, probability

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    import numpy.typing as npt

    from foedus.ensembles.gathered import Worlds

    Values = npt.NDArray[Any]

POINT = 0.01  # a smaller difference between the ends of a lever counts as none
_GAVE_NOTICE = STANDINGS.index("notice")  # from here on a member has given notice or is out


class Measure(NamedTuple):
    """Something that is followed along a lever.

    Attributes
    ----------
    words
        In tables and sentences, with ``{member}`` to be filled in.
    short
        In the legend of a figure.
    kind
        ``chance`` if it is so in a world or not, else ``mean``.
    values
        Takes the worlds of a scenario and the code of the member; returns a value a world.
    """

    words: str
    short: str
    kind: Literal["chance", "mean"]
    values: Callable[[Worlds, str], Values]


def _has_gone(worlds: Worlds, member: str) -> Values:
    gone: Values = worlds.of("standing", member) >= _GAVE_NOTICE
    return gone


#: What a sweep follows, all at the horizon. A member that has given notice can be frozen as well.
MEASURES: dict[str, Measure] = {
    "frozen": Measure(
        "{member} frozen", "frozen", "chance", lambda w, member: of_member(w, member, "frozen")
    ),
    "gone": Measure("{member} gave notice or is out", "gave notice or is out", "chance", _has_gone),
    "takes_part": Measure(
        "{member} takes part",
        "takes part",
        "chance",
        lambda w, member: of_member(w, member, "takes_part"),
    ),
    "cohesion": Measure(
        "cohesion of the alliance, mean",
        "cohesion of the alliance (mean)",
        "mean",
        lambda w, _: of_alliance(w, "cohesion"),
    ),
}

#: How each lever reaches what a sweep follows, and where its way ends: said of those that move
#: nothing. The numbers are those of the mechanisms in docs/model.md.
CHANNELS: dict[str, str] = {
    "bandwidth": "it only changes the chance that a crisis is answered (mechanism 3) and how risky "
    "it is to hedge (mechanism 8)",
    "pressure": "it only costs trust (mechanism 7), and holds a dependent member in (mechanism 11)",
    "restraint": "it only repairs trust that was lost since the rift (mechanism 7)",
    "enforcement": "up to one half nobody is expelled; it is a reason to pay, and only a member "
    "two years in arrears can lose its vote, which is a reason to leave (mechanisms 10, 11 and 12)",
    "threat": "it only sets how often there is a crisis, in which a member that expects little has "
    "little to lose (mechanisms 2 and 4)",
    "normalisation": "it lowers the threat, or the chance that two members fight, and does nothing "
    "else (mechanism 2)",
    "outreach": "it only adds to the outside option, which counts for leaving as far as it exceeds "
    "the support still expected, and eats slowly into trade (mechanisms 8, 9 and 11)",
    "dependence": "it is no part of the readiness to take part, and only holds a member in "
    "formally (mechanisms 10 and 11)",
    "adversary_ties": "they only lower the chance that a crisis of the member is answered "
    "(mechanism 3)",
}

#: Parameters that say how strongly a lever acts, by lever; those of CHANNELS in one place.
WEIGHTS: dict[str, tuple[str, ...]] = {
    "bandwidth": ("answer_bandwidth", "hedging_deterrence"),
    "pressure": ("pressure_cost", "exit_pressure"),
    "restraint": ("repair_rate", "repair_anchor"),
    "enforcement": ("suspension_rate", "expulsion_rate", "dues_enforcement"),
    "threat": ("trust_loss", "expectation_learning"),
    "normalisation": ("trust_loss", "clash_rate"),
    "outreach": ("hedging_outreach", "exit_hedging", "participation_hedging"),
    "dependence": ("exit_dependence",),
    "adversary_ties": ("answer_adversary_ties",),
}


@dataclass(frozen=True)
class Track:
    """One outcome along a lever.

    Attributes
    ----------
    outcome
        Key of :data:`MEASURES`.
    at
        Estimate at each value of the lever.
    gaps
        Value there minus that at the lower end, paired world by world, with its Monte Carlo 95 %
        interval; 0 at the lower end itself.
    """

    outcome: str
    at: tuple[Estimate, ...]
    gaps: tuple[Estimate, ...]

    @property
    def change(self) -> Estimate:
        """Value at the upper end minus that at the lower."""
        return self.gaps[-1]

    @property
    def moves(self) -> bool:
        """Whether the ends differ: by a point or more, and by more than the error."""
        return _counts(self.change)

    @property
    def flat(self) -> int:
        """Place of the last value up to which nothing differs from the lower end."""
        return next((i - 1 for i, gap in enumerate(self.gaps) if _counts(gap)), len(self.gaps) - 1)


def _counts(found: Estimate) -> bool:
    return abs(found.value) >= POINT and not found.low <= 0.0 <= found.high


@dataclass(frozen=True)
class Swept:
    """One lever, moved from end to end with all else as in the scenario.

    Attributes
    ----------
    lever
        Its name.
    keys
        What was moved together, as in ``--set``: ``pressure.ARM``, or the lever of every partner.
    values
        The values it took, in all months.
    own
        Its value in the scenario; None where partners differ.
    tracks
        What became of each outcome, by key of :data:`MEASURES`.
    """

    lever: str
    keys: tuple[str, ...]
    values: tuple[float, ...]
    own: float | None
    tracks: dict[str, Track]

    @property
    def words(self) -> str:
        """Its name in tables and sentences."""
        return self.lever.replace("_", " ")

    @property
    def moves(self) -> bool:
        """Whether any outcome differs between its ends."""
        return any(track.moves for track in self.tracks.values())

    @property
    def flat(self) -> int:
        """Place of the last value up to which no outcome differs from the lower end."""
        return min(track.flat for track in self.tracks.values())

    @property
    def strength(self) -> float:
        """Largest difference between its ends in any outcome."""
        return max(abs(track.change.value) for track in self.tracks.values())


def swept(
    lever: str,
    keys: Sequence[str],
    values: Sequence[float],
    own: float | None,
    parts: Sequence[Worlds],
    member: str,
) -> Swept:
    """Measure what became of a member and the alliance at each value of a lever.

    Parameters
    ----------
    parts
        The same worlds at each of the values.
    """
    tracks = {
        key: _track(key, [measure.values(worlds, member) for worlds in parts], parts[0])
        for key, measure in MEASURES.items()
    }
    return Swept(lever, tuple(keys), tuple(values), own, tracks)


def _track(key: str, values: Sequence[Values], worlds: Worlds) -> Track:
    known = worlds.populations
    at = tuple(
        probability(found, known)
        if MEASURES[key].kind == "chance"
        else mean(found, known, share=True)
        for found in values
    )
    gaps = tuple(difference((values[0], other), known) for other in values)
    return Track(key, at, gaps)


# ---------------------------------------------------------------------------------------------
# The answer


def answer(levers: Sequence[Swept], member: str, horizon: str) -> list[str]:
    """Say which lever moves what most, and which move nothing and why, a sentence each.

    Parameters
    ----------
    levers
        All that were swept.
    member
        Full name of the member.
    horizon
        Last month, as ``YYYY-MM``.
    """
    lines = [_ranking(key, levers, member, horizon) for key in MEASURES]
    return [*lines, *filter(None, map(_idle, levers))]


def ranked(levers: Iterable[Swept], outcome: str) -> list[Swept]:
    """Return the levers that move an outcome between their ends, the strongest first."""
    moving = [one for one in levers if one.tracks[outcome].moves]
    return sorted(moving, key=lambda one: -abs(one.tracks[outcome].change.value))


def _ranking(key: str, levers: Sequence[Swept], member: str, horizon: str) -> str:
    what = f"{MEASURES[key].words.format(member=member)} in {horizon}"
    what = what[:1].upper() + what[1:]
    moving = ranked(levers, key)
    if not moving:
        return f"{what}: no lever moves it by a point from one end to the other."
    first, *others = moving
    track = first.tracks[key]
    low, high = (_level(key, track.at[end]) for end in (0, -1))
    text = (
        f"{what}: {first.words} moves it most, from {low} at {first.values[0]:g} to {high} at "
        f"{first.values[-1]:g} ({points(track.change)})"
    )
    if others:
        rest = (f"{one.words} {points(one.tracks[key].change)}" for one in others)
        text += f"; then {', '.join(rest)}"
    if still := [one.words for one in levers if one not in moving]:
        text += f"; not by a point: {', '.join(still)}"
    return f"{text}. {rests_on(first)}".rstrip()


def rests_on(lever: Swept) -> str:
    """Say which assumed numbers carry the effect of a lever; nothing if none does."""
    weights = WEIGHTS.get(lever.lever, ())
    assumed = [name for name in weights if specification(name).evidence.kind == "assumed"]
    if not assumed:
        return ""
    carried = f"{lever.words[:1].upper()}{lever.words[1:]} acts through {' and '.join(assumed)}"
    return f"{carried}, whose size is assumed: the answer rests on that."


def _level(key: str, found: Estimate) -> str:
    return (
        f"{found.value:.0%}".replace("%", " %")
        if MEASURES[key].kind == "chance"
        else (f"{found.value:.2f}")
    )


def points(found: Estimate) -> str:
    """Write a difference in points of a hundred with its interval: ``-12.3 [-13.0, -11.6]``."""
    value, low, high = (f"{100.0 * x:+.1f}" for x in (found.value, found.low, found.high))
    value, low, high = (x.replace("-0.0", "+0.0") for x in (value, low, high))
    return f"{value} [{low}, {high}]"


def _idle(one: Swept) -> str:
    """Say where a lever moves nothing, over half of its way or more, and why; else nothing."""
    if not one.moves:
        last = one.values[-1]
        bends = [MEASURES[key].short for key, found in one.tracks.items() if _bends(found)]
        but = f" (though {', '.join(bends)} differ between)" if bends else ""
    elif 2 * one.flat >= len(one.values) - 1:
        last, but = one.values[one.flat], ""
    else:
        return ""
    name = one.words[:1].upper() + one.words[1:]
    return (
        f"{name} from {one.values[0]:g} to {last:g} moves none of these by a point{but}: "
        f"{channel(one.lever)}."
    )


def _bends(found: Track) -> bool:
    return not found.moves and found.flat < len(found.gaps) - 1


def channel(lever: str) -> str:
    """Say how a lever works according to the rules; its meaning if nothing else is known."""
    return CHANNELS.get(lever) or f"it is the {lever_named(lever).meaning}"
