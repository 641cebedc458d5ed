"""Pictures of one world at its present month: the network of members, and the path so far."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.lines import Line2D
from matplotlib.patches import FancyArrowPatch

from foedus.cases.months import format_month
from foedus.model.records import WITHDRAWN, is_member
from foedus.views.colours import GREY, INK, STANDING_COLOURS, member_look
from foedus.views.plots import STYLE, Picture, grid, share_axis

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from foedus.worlds.agents import AllianceModel, MemberState

TRUST = mpl.colormaps["cividis"]
NODE, RING = 1300, 4.0  # area of a member's disc in square points, width of its ring in points
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
        fontsize=7.5,
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
        f"{member.name}\n{member.standing}{trust}",
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
    ax.set_xlim(months[0], months[-1])
    return share_axis(ax)


# ---------------------------------------------------------------------------------------------
# Pictures


def network_figure(model: AllianceModel) -> Picture:
    """Return a figure of :func:`network` with title and legends."""
    with mpl.rc_context(STYLE):
        picture, axes = grid(1, 1, width=4.0, height=3.5)
        ax = network(axes[0][0], model)
        bar = picture.colorbar(
            ScalarMappable(Normalize(0.0, 1.0), TRUST), ax=ax, shrink=0.6, pad=0.0, aspect=25
        )
        bar.set_label(f"Trust in {model.patron.name} (fill)")
        rings = [
            Line2D(
                [],
                [],
                linestyle="none",
                marker="o",
                markersize=8,
                markerfacecolor="white",
                markeredgewidth=2.5,
                markeredgecolor=colour,
                label=name,
            )
            for name, colour in STANDING_COLOURS.items()
        ]
        line: dict[str, Any] = {"color": INK, "linewidth": 3.0, "alpha": 0.55}
        links = [
            Line2D([], [], label="takes part", **line),
            Line2D([], [], linestyle=(0, (1.0, 0.8)), label="does not take part", **line),
            Line2D([], [], color=GREY, alpha=0.5, linewidth=2.0, marker=">", label="watches"),
        ]
        picture.legend(handles=[*rings, *links], loc="outside lower left", ncols=3, fontsize=7.5)
        picture.suptitle(_titled("Members", model), x=0.01, ha="left", fontweight="bold")
        return picture


def path_figure(model: AllianceModel) -> Picture:
    """Return a figure of :func:`path` with title and legend."""
    with mpl.rc_context(STYLE):
        picture, axes = grid(1, 1, width=4.4, height=3.3)
        ax = path(axes[0][0], model)
        ax.set_ylabel("Cohesion; trust in the patron (0 to 1)")
        handles, labels = ax.get_legend_handles_labels()
        picture.legend(
            handles, labels, loc="outside lower left", ncols=2, fontsize=8, handlelength=3.2
        )
        picture.suptitle(_titled("Cohesion and trust", model), x=0.01, ha="left", fontweight="bold")
        return picture


def _titled(what: str, model: AllianceModel) -> str:
    when = f"{model.month}" if model.elapsed else "before the first month"
    return f"{what}, {when} (world {model.run})"
