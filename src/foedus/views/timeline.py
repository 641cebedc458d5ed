"""A timeline of one world: the trust of members over time, with what happened to them."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np

from foedus.errors import ResultError, UnfinishedError
from foedus.model.chronicle import Events
from foedus.outcomes.phrases import KINDS
from foedus.outcomes.story import History, Pair, Trace, member_codes
from foedus.views.colours import member_look
from foedus.views.panels import add_key, key_room, label_lines, names_width, share_axis
from foedus.views.sheet import STYLE, Margins, Picture, sheet
from foedus.worlds.files import refuse_file, replace_file

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from matplotlib.axes import Axes


HELPED, REFUSED = "crisis, help came", "crisis, no help came"
FROZEN = "frozen (thin)"
#: Shapes in a timeline, by what they stand for: crises and events; an event without a shape of its
#: own has that of OTHER.
OTHER = "d"
MARKERS: dict[str, str] = {
    **dict.fromkeys((HELPED, REFUSED, *Events._fields), OTHER),
    HELPED: "P",
    REFUSED: "X",
    "return_to_summit": "^",
    "missed_summit": "v",
    "refused_documents": ">",
    "unpaid_dues": "o",
    "thaw": "D",
    "freeze": "s",
    "suspension": "<",
    "notice": "h",
    "withdrawal": "*",
    "expulsion": "p",
}
#: A mark at most CROWDED months after the last one is shifted by one level more, STACK in trust
#: each; after LEVELS levels it starts again at the line.
STACK, LEVELS, CROWDED = 0.04, 5, 2


# ---------------------------------------------------------------------------------------------
# The timeline


def timeline(ax: Axes, trace: Trace, members: Sequence[str] | None = None) -> Axes:
    """Draw the trust of members over time, with what happened to them.

    Lines are thin while a member is frozen and end when it leaves. Marks of events stand on the
    line of their member; where marks are close in time, the later ones are shifted off the line.

    Parameters
    ----------
    ax
        Axes to draw on.
    trace
        The world to draw.
    members
        Codes of the members to draw; those of the trace if omitted.

    Returns
    -------
    Axes
        The same as ``ax``.

    Raises
    ------
    ResultError
        If there is no such member.
    """
    scenario = trace.scenario
    chosen = member_codes(members or [standing.member for standing in trace.opening], scenario)
    for code in chosen:
        _draw_trust(ax, trace, code)
    if _is_anybody_frozen(trace, chosen):
        ax.plot([], [], linewidth=0.8, color="black", label=FROZEN)
    _draw_signs(ax, trace, chosen)
    ax.set_ylabel(f"Trust in {scenario.alliance.names[scenario.alliance.patron]}")
    ax.set_title(f"{scenario.title}, run {trace.run}", loc="left")
    ax.legend(
        loc="upper left",
        bbox_to_anchor=(0.0, -0.1),
        ncols=2,
        fontsize="small",
        frameon=False,
        handlelength=3.2,
    )
    share_axis(ax, trace.history.months)
    low, high = ax.get_xlim()
    ax.set_xlim(low, high + 0.015 * (high - low))  # room for the marks of the last month
    return ax


def _draw_trust(ax: Axes, trace: Trace, code: str) -> None:
    """Draw the trust of a member: thin from the first to the last month of a freeze."""
    history, place = trace.history, trace.scenario.alliance.members.index(code)
    trust = _trust(trace, place)
    frozen = history.of("frozen")[:, place] > 0.0
    beside = frozen | np.append(frozen[1:], False) | np.append(False, frozen[:-1])
    name, drawn = trace.scenario.alliance.names[code], member_look(trace.scenario.alliance, code)
    ax.plot(history.months, np.where(frozen, np.nan, trust), linewidth=1.8, label=name, **drawn)
    ax.plot(history.months, np.where(beside, trust, np.nan), linewidth=0.8, **drawn)


def _draw_signs(ax: Axes, trace: Trace, members: Sequence[str]) -> None:
    """Draw the marks of crises and events, with one label in the legend for each kind."""
    places: dict[str, list[tuple[Any, float, str]]] = defaultdict(list)
    for code in members:
        colour = member_look(trace.scenario.alliance, code)["color"]
        for sign, month, height in _signs(trace, code):
            places[sign].append((month, height, colour))
    for sign, marker in MARKERS.items():
        if found := places[sign]:
            months, heights, colours = zip(*found, strict=True)
            shape: dict[str, Any] = {"marker": marker, "edgecolors": "black", "linewidths": 0.8}
            size = 80 if marker == "*" else 30  # a star fills least of its square
            ax.scatter(months, heights, size, list(colours), zorder=3, **shape)
            ax.scatter([], [], size, "white", label=KINDS.get(sign, sign), **shape)


def _signs(trace: Trace, code: str) -> Iterator[tuple[str, Any, float]]:
    """Yield each mark of a member: its kind, month and height, shifted where marks crowd."""
    history, place = trace.history, trace.scenario.alliance.members.index(code)
    last, crowd = -1 - CROWDED, 0
    for month, at in enumerate(history.months):
        trust = float(history.trust[month, place])
        for sign in _signs_of_month(history, month, place):
            crowd = (crowd + 1) % LEVELS if month - last <= CROWDED else 0
            last = month
            yield sign, at, trust + crowd * (STACK if trust < 0.7 else -STACK)


def _signs_of_month(history: History, month: int, place: int) -> list[str]:
    """Return the kinds of marks, as in :data:`MARKERS`, of a member in a month."""
    happening = dict(zip(Events._fields, history.events[month, place].tolist(), strict=True))
    was_helped = bool(history.support[month, place] > 0.0)
    happening[HELPED] = bool(history.crisis[month, place]) and was_helped
    happening[REFUSED] = bool(history.crisis[month, place]) and not was_helped
    return [sign for sign in MARKERS if happening[sign]]


TIMELINE_FILES = (".png", ".svg", ".pdf")


def timeline_figure(told: Trace | Pair) -> Picture:
    """Return a figure of the timeline of one world, or of the same world under two scenarios."""
    worlds = (told.one, told.other) if isinstance(told, Pair) else (told,)
    first = worlds[0]
    labels = list(dict.fromkeys(label for world in worlds for label in _labels(world)))
    codes = dict.fromkeys(standing.member for world in worlds for standing in world.opening)
    names = [first.scenario.alliance.names[code] for code in codes]
    subtitle = (
        f"One world of many: run {first.run}, seed {first.seed}. Lines: trust of each member while "
        "it is one; marks: what happened to it, off its line where they crowd."
    )
    with mpl.rc_context(STYLE):
        margins = Margins(right=names_width(names), top=0.25, foot=key_room(labels))
        picture, axes = sheet(_ending(worlds), subtitle, [2.6] * len(worlds), 1, margins)
        handles: dict[str, Any] = {}
        for ax, world in zip(axes[:, 0], worlds, strict=True):
            timeline(ax, world).get_legend().remove()  # type: ignore[union-attr]
            label_lines(ax, _courses(world))
            found, known = ax.get_legend_handles_labels()
            handles |= dict(zip(known, found, strict=True))
        add_key(picture, [handles[label] for label in labels], labels)
    return picture


def _courses(trace: Trace) -> Iterator[tuple[str, Any, str]]:
    """Yield name, trust while a member, and colour of each member."""
    alliance = trace.scenario.alliance
    for standing in trace.opening:
        place = alliance.members.index(standing.member)
        yield (
            alliance.names[standing.member],
            _trust(trace, place),
            member_look(alliance, standing.member)["color"],
        )


def _trust(trace: Trace, place: int) -> Any:
    """Return a member's trust by month, NaN once it has left."""
    inside = trace.history.inside[:, place]
    return np.where(inside, trace.history.trust[:, place], np.nan)


def _labels(trace: Trace) -> list[str]:
    """Return what the key of a timeline explains: a freeze, and the marks that occur."""
    codes = [standing.member for standing in trace.opening]
    there = {sign for code in codes for sign, _, _ in _signs(trace, code)}
    frozen = [FROZEN] if _is_anybody_frozen(trace, codes) else []
    return [*frozen, *(KINDS.get(sign, sign) for sign in MARKERS if sign in there)]


def _is_anybody_frozen(trace: Trace, members: Sequence[str]) -> bool:
    places = [trace.scenario.alliance.members.index(code) for code in members]
    return bool((trace.history.of("frozen") * trace.history.inside)[:, places].any())


def _ending(worlds: Sequence[Trace]) -> str:
    """Say what becomes of the alliance in a world, under one scenario or two."""
    if len(worlds) == 1:
        return f"In this world {worlds[0].end}"
    one, other = worlds
    if one.end.end_state == other.end.end_state:
        return f"Under both scenarios the alliance of this world ends {one.end.end_state}"
    ends = (f"{world.end.end_state} under {world.scenario.name}" for world in worlds)
    return f"In this world the alliance ends {', '.join(ends)}"


def write_timeline(told: Trace | Pair, path: Path, *, overwrite: bool = False) -> Path:
    """Draw a timeline into a file: .png, .svg or .pdf.

    Parameters
    ----------
    told
        One world, or the same world under two scenarios.
    path
        The file to write.
    overwrite
        Whether an existing file may be replaced.

    Raises
    ------
    ResultError
        If the file exists already, or its name ends otherwise.
    UnfinishedError
        If the file cannot be written.
    """
    if path.suffix not in TIMELINE_FILES:
        message = f"{path}: a timeline is a file that ends in {', '.join(TIMELINE_FILES)}."
        raise ResultError(message)
    refuse_file(path, overwrite=overwrite)
    first = told.one if isinstance(told, Pair) else told
    described = (
        f"{first.scenario.name} {first.scenario.fingerprint}; seed {first.seed}; run {first.run}"
    )
    content = timeline_figure(told).content(path.suffix[1:], described)
    try:
        replace_file(path, content)
    except OSError as error:
        message = f"{path} cannot be written: {error.strerror or error}."
        raise UnfinishedError(message) from None
    return path
