"""Pictures of one world at its present month: the network of members, and the path so far."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize, to_hex
from matplotlib.lines import Line2D
from matplotlib.patches import FancyArrowPatch

from foedus.cases.months import format_month
from foedus.model.records import WITHDRAWN, is_member
from foedus.outcomes.finding import index
from foedus.outcomes.phrases import STANDING_WORDS
from foedus.views.colours import GREY, INK, STANDING_COLOURS, member_look
from foedus.views.panels import (
    SHARES,
    add_key,
    as_mark,
    key_room,
    label_lines,
    names_width,
    share_axis,
)
from foedus.views.sheet import STYLE, Margins, Picture, sheet

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from foedus.worlds.agents import AllianceModel, MemberState

TRUST = mpl.colormaps["cividis"]
NODE, RING = 1300, 4.0  # area of a member's disc in square points, width of its ring in points
PAIR = 4.7  # width in inches of each of the two pictures side by side
WIDEST = 7.0  # width in points of a line that stands for a dependence of 1


# ---------------------------------------------------------------------------------------------
# On Axes


def network(ax: Axes, model: AllianceModel) -> Axes:
    """Draw the members around the patron, in their present state.

    Fill: trust in the patron. Ring: standing. Line to the patron: the wider, the more the member
    depends on its economy; dashed while the member does not take part, absent once it is out. Grey
    arrows: who watches whom, the wider the more attention.
    """
    around = np.linspace(0.0, 2.0 * np.pi, len(model.members), endpoint=False)
    places = [(float(np.sin(angle)), float(np.cos(angle))) for angle in around]
    attention = model.case.alliance.attention
    for watcher, row in enumerate(attention):
        for watched, share in enumerate(row):
            if share > 0.0 and watcher != watched:
                _draw_attention(ax, places[watcher], places[watched], share)
    for member, place in zip(model.members, places, strict=True):
        _draw_member(ax, member, place)
    ax.scatter([0], [0], NODE * 0.8, color=INK, marker="s", zorder=3)
    ax.text(0, 0, model.patron.code, ha="center", va="center", color="white", zorder=4)
    ax.text(
        0,
        -0.2,
        f"bandwidth {model.patron.bandwidth:.2f}",
        ha="center",
        va="top",
        fontsize=7.0,
        zorder=4,
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.0, "alpha": 0.8},
    )
    ax.set(xlim=(-1.6, 1.6), ylim=(-1.4, 1.3), aspect="equal")
    ax.set_axis_off()
    return ax


def _draw_attention(
    ax: Axes, watcher: tuple[float, float], watched: tuple[float, float], share: float
) -> None:
    """Draw the arrow from watcher to watched, curved so that opposite arrows do not overlap."""
    ax.add_patch(
        FancyArrowPatch(
            watcher,
            watched,
            connectionstyle="arc3,rad=0.14",
            arrowstyle="-|>,head_length=3,head_width=1.6",
            shrinkA=21,
            shrinkB=21,
            linewidth=max(0.3, WIDEST * share / 2.0),
            color=GREY,
            alpha=0.35,
            zorder=1,
        )
    )


def _draw_member(ax: Axes, member: MemberState, place: tuple[float, float]) -> None:
    """Draw a member, its line to the patron, and its name, standing and trust."""
    x, y = place
    is_out = not is_member(member.state)
    if not is_out:
        ax.plot(
            [0, x],
            [0, y],
            color=INK,
            alpha=0.55,
            linewidth=max(0.5, WIDEST * member.dependence),
            linestyle="-" if member.takes_part else (0, (1.0, 0.8)),
            solid_capstyle="butt",
            dash_capstyle="butt",
            zorder=2,
        )
    shade = "white" if is_out else TRUST(member.trust)
    ring = STANDING_COLOURS[member.standing]
    ax.scatter([x], [y], NODE, color=[shade], edgecolors=[ring], linewidths=RING, zorder=3)
    ink = "white" if not is_out and member.trust < 0.55 else INK
    ax.text(x, y, member.code, ha="center", va="center", color=ink, zorder=4, fontweight="bold")
    trust = "" if is_out else f", trust {member.trust:.2f}"
    above = y > 0.9
    ax.text(
        x,
        y + (0.26 if above else -0.26),
        f"{member.name}\n{STANDING_WORDS[member.standing]}{trust}",
        ha="center",
        va="bottom" if above else "top",
        fontsize=8,
        zorder=4,
    )


def path(ax: Axes, model: AllianceModel) -> Axes:
    """Draw cohesion and the trust of every member up to the present month.

    Lines of trust end where a member leaves the alliance.

    Raises
    ------
    ResultError
        If the model was made without collecting its months.
    """
    history = model.history()
    first = model.case.start
    months: Any = np.array([format_month(first + n) for n in range(model.case.horizon)], "M8[D]")
    for member in model.members:
        own = history[history["code"] == member.code]
        trust = own["trust"].where(own["membership"] < WITHDRAWN).to_numpy()
        drawn = member_look(model.case.alliance, member.code)
        ax.plot(
            months[: model.elapsed], trust, linewidth=1.6, label=f"trust of {member.name}", **drawn
        )
    cohesion = model.alliance_history()["cohesion"]
    ax.plot(
        months[: model.elapsed],
        cohesion,
        color=INK,
        linewidth=2.6,
        label="cohesion of the alliance",
    )
    return share_axis(ax, months)


# ---------------------------------------------------------------------------------------------
# Pictures


def network_figure(model: AllianceModel) -> Picture:
    """Return a figure of :func:`network` with title and legends."""
    rings = {STANDING_WORDS[name]: _ring(colour) for name, colour in STANDING_COLOURS.items()}
    line: dict[str, Any] = {"color": INK, "linewidth": 3.0, "alpha": 0.55}
    links = {
        "takes part": Line2D([], [], **line),
        "does not take part": Line2D([], [], linestyle=(0, (1.0, 0.8)), **line),
        "watches": Line2D([], [], color=GREY, alpha=0.5, linewidth=2.0, marker=">"),
    }
    labels = [*rings, *links]
    subtitle = f"{_when(model)}. Fill: trust in {model.patron.name}; ring: standing."
    with mpl.rc_context(STYLE):
        margins = Margins(left=0.1, right=0.75, top=0.2, bottom=0.05, foot=key_room(labels, PAIR))
        picture, axes = sheet(_standing(model), subtitle, [3.4], 1, margins, width=PAIR)
        network(axes[0][0], model)
        place = picture.add_axes((1 - 0.62 / PAIR, 0.4, 0.12 / PAIR, 0.35))
        bar = picture.colorbar(ScalarMappable(Normalize(0.0, 1.0), TRUST), cax=place)
        bar.set_ticks(SHARES, labels=[as_mark(mark) for mark in SHARES])
        add_key(picture, [*rings.values(), *links.values()], labels)
    return picture


def _ring(colour: str) -> Line2D:
    return Line2D(
        [],
        [],
        linestyle="none",
        marker="o",
        markersize=8,
        markerfacecolor="white",
        markeredgewidth=2.5,
        markeredgecolor=colour,
    )


def path_figure(model: AllianceModel) -> Picture:
    """Return a figure of :func:`path` with title and labels."""
    names = {f"trust of {member.name}": member.name for member in model.members}
    names["cohesion of the alliance"] = "Cohesion"
    subtitle = f"{_when(model)}. Cohesion, and trust in {model.patron.name} (0 to 1)."
    with mpl.rc_context(STYLE):
        margins = Margins(right=names_width(names.values()))
        picture, axes = sheet(_course(model), subtitle, [3.0], 1, margins, width=PAIR)
        ax = path(axes[0][0], model)
        label_lines(ax, [_named(line, names) for line in ax.get_lines()])
    return picture


def _named(line: Line2D, names: dict[str, str]) -> tuple[str, Any, str]:
    values = np.asarray(line.get_ydata(), float)
    return names[str(line.get_label())], values, to_hex(line.get_color())


def _when(model: AllianceModel) -> str:
    when = str(model.month) if model.elapsed else "Before the first month"
    return f"{when}, world {model.run}"


def _standing(model: AllianceModel) -> str:
    """Say who takes part at the present month."""
    away = [member.name for member in model.members if not member.takes_part]
    if not away:
        return "Every member takes part"
    if len(away) > 3:
        return f"{len(away)} of {len(model.members)} members do not take part"
    return f"{', '.join(away)}: {'does' if len(away) == 1 else 'do'} not take part"


def _course(model: AllianceModel) -> str:
    """Say how cohesion has moved up to the present month."""
    if not model.elapsed:
        return "Nothing has happened yet"
    course = model.alliance_history()["cohesion"].to_numpy()
    return f"Cohesion has gone from {index(course[0])} to {index(course[-1])}"
