"""What scenarios that are simulated together have in common: alliance, first month, horizon."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from foedus.cases.months import format_month
from foedus.errors import ResultError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from foedus.cases.alliance import Alliance
    from foedus.cases.scenario import Scenario


class Frame(NamedTuple):
    """Alliance and months of scenarios that can stand side by side.

    Attributes
    ----------
    alliance
        The alliance; single scenarios may set some of its numbers otherwise.
    start, horizon
        First month (number) and number of months.
    """

    alliance: Alliance
    start: int
    horizon: int

    @property
    def months(self) -> list[str]:
        """Every month, as YYYY-MM."""
        return [format_month(self.start + place) for place in range(self.horizon)]

    @property
    def span(self) -> str:
        """First and last month in words: ``2026-01 to 2030-12``."""
        return f"{self.months[0]} to {self.months[-1]}"

    def differences(self, other: Frame) -> Iterator[tuple[str, object, object]]:
        """Yield what keeps two frames from being one: what differs, here and there."""
        for what, one, two in (
            ("alliances", self.alliance.name, other.alliance.name),
            ("members", self.alliance.members, other.alliance.members),
            ("starts", format_month(self.start), format_month(other.start)),
            ("horizons", f"{self.horizon} months", f"{other.horizon} months"),
        ):
            if one != two:
                yield what, one, two

    def fits(self, other: Frame) -> bool:
        """Whether scenarios of both can be put side by side."""
        return not any(self.differences(other))


def frame_of(scenario: Scenario) -> Frame:
    """Return the frame of one scenario."""
    return Frame(scenario.alliance, scenario.start, scenario.horizon)


def shared_frame(scenarios: Sequence[Scenario]) -> Frame:
    """Return the frame that some scenarios, at least one, have in common.

    Raises
    ------
    ResultError
        If they cannot be put side by side.
    """
    first, *others = scenarios
    frame = frame_of(first)
    for other in others:
        for what, one, two in frame.differences(frame_of(other)):
            last = format_month(min(first.end, other.end))
            remedy = {
                "starts": "Give both one 'start', or run them apart.",
                "horizons": f"End both in one month, as with --horizon {last}, or put them side by "
                "side unpaired: foedus compare.",
            }.get(what, "Run them apart.")
            message = (
                f"'{first.name}' and '{other.name}' cannot be put side by side: their {what} "
                f"differ ({one} and {two}). {remedy}"
            )
            raise ResultError(message)
    return frame
