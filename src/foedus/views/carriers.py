"""What carries an outcome, as text and as HTML."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from foedus.cases.months import month_in_words
from foedus.html import html_table
from foedus.outcomes.finding import called, capitalised, index, of_100, range_of_100

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from foedus.outcomes.carriers import Carrier
    from foedus.views.subjects import CarriedOutcome

HEADER = ("number", "evidence", "low, high", "outcome", "difference")
CAPTION = (
    "Low, high: the middle of the lowest and of the highest third of its draws; outcome: in the "
    "worlds of either; difference: with its 95 % interval. 'foedus why NUMBER' explains one."
)


def carried_lines(found: CarriedOutcome) -> Iterator[str]:
    """Yield sentences: the outcome with what is open of it, by model, and how much is luck."""
    if found.outcome.kind == "chance":
        told = found.outcome.told or f"{{who}}: {found.outcome.words}"
        value = f"in {of_100(found.estimate.value)} [{range_of_100(found.opened)}] of 100 worlds"
    else:
        told = "{who}: " + found.outcome.words
        least, most = (_number(bound) for bound in (found.opened.least, found.opened.most))
        value = f"{_number(found.estimate.value)} [{least} to {most}]"
    clause = told.format(who=found.who)
    month = month_in_words(found.horizon)
    yield f"{capitalised(clause)} {value} under {called(found.scenario)} by {month}."
    if not found.numbers:
        yield "No number moves it by more than chance does."
    if found.models:
        parts = ", ".join(f"{name} {_value(found, one)}" for name, one in found.models.items())
        yield f"Model by model: {parts}."
    if found.from_numbers is not None:
        share = 100 * found.from_numbers.value
        yield (
            f"Not knowing numbers and models makes {share:.0f} % of its variance over worlds; the "
            "rest is luck."
        )


def carried_rows(found: CarriedOutcome) -> list[tuple[str, ...]]:
    """Return a row for each number that carries it, under :data:`HEADER`."""
    return [_row(found, one) for one in found.numbers]


def _row(found: CarriedOutcome, one: Carrier) -> tuple[str, ...]:
    difference = one.difference
    parts = (difference.value, difference.low, difference.high)
    scale = 100.0 if found.outcome.kind == "chance" else 1.0
    digits = 0 if scale > 1.0 else 2
    value, low, high = (f"{scale * part:+.{digits}f}" for part in parts)
    return (
        one.name,
        _evidence(one),
        f"{one.lower:.3g}, {one.upper:.3g}",
        f"{_value(found, one.low)} to {_value(found, one.high)}",
        f"{value} [{low}, {high}]",
    )


def _evidence(one: Carrier) -> str:
    """Say what a number rests on, and whether the record informs it where that can be asked."""
    if one.informed is None or one.kind == "record":
        return one.kind
    return f"{one.kind}, {'' if one.informed else 'not '}informed"


def _value(found: CarriedOutcome, value: float) -> str:
    return of_100(value) if found.outcome.kind == "chance" else _number(value)


def _number(value: float) -> str:
    return index(value) if 0.0 <= value < 1.0 else f"{value:.2f}"


def carried_html(found: CarriedOutcome) -> str:
    """Return it as HTML for a notebook."""
    lines = "".join(f"<p>{escape(line)}</p>" for line in carried_lines(found))
    table = html_table(HEADER, carried_rows(found), CAPTION) if found.numbers else ""
    return f"{lines}{table}<p><small>{escape(found.provenance_line)}</small></p>"


def carried_text(found: CarriedOutcome) -> str:
    """Return it as text in columns."""
    rows: Sequence[tuple[str, ...]] = [HEADER, *carried_rows(found)] if found.numbers else []
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    table = (
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )
    return "\n".join([*carried_lines(found), *table, found.provenance_line])
