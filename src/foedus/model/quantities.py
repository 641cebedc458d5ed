"""What a number is: its unit and bounds, its prior, and the evidence behind it."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import Literal, NamedTuple

from foedus.errors import ParameterError, nearest
from foedus.html import html_table

EvidenceKind = Literal["article", "data", "literature", "assumed"]
EVIDENCE_KINDS: tuple[EvidenceKind, ...] = ("article", "data", "literature", "assumed")


@dataclass(frozen=True)
class Evidence:
    """Where a number comes from.

    Attributes
    ----------
    kind
        ``article`` (the calibrating article), ``data`` (a series of the public record),
        ``literature``, or ``assumed`` (our judgement).
    source
        Article section.paragraph, series, or reference; for an assumption what it leans on.
    why
        How the words or the series became the number.
    """

    kind: EvidenceKind
    source: str
    why: str

    def __post_init__(self) -> None:
        if self.kind not in EVIDENCE_KINDS:
            message = f"'{self.kind}' is not a kind of evidence{nearest(self.kind, EVIDENCE_KINDS)}"
            raise ParameterError(message)
        if not self.source.strip() or not self.why.strip():
            message = "A number needs evidence: give a source and say how it became the number."
            raise ParameterError(message)


@dataclass(frozen=True)
class Uniform:
    """Uniform prior on an interval."""

    low: float
    high: float

    def quantile(self, u: float) -> float:
        """Value at probability ``u``."""
        return self.low + (self.high - self.low) * u

    def __str__(self) -> str:
        return f"uniform on {self.low:g} to {self.high:g}"


@dataclass(frozen=True)
class OneOf:
    """Discrete prior: each value equally likely."""

    values: tuple[float, ...]

    def quantile(self, u: float) -> float:
        """Value at probability ``u``."""
        return self.values[min(int(u * len(self.values)), len(self.values) - 1)]

    def __str__(self) -> str:
        return "one of " + ", ".join(f"{value:g}" for value in self.values)


Prior = Uniform | OneOf


@dataclass(frozen=True)
class Quantity:
    """A number the model speaks of: meaning, unit and bounds."""

    meaning: str
    unit: str
    low: float
    high: float

    def __post_init__(self) -> None:
        if not self.low < self.high:
            message = f"'{self.meaning}' has empty bounds {self.low} to {self.high}."
            raise ParameterError(message)

    def refusal(self, value: float) -> str | None:
        """Say why a value cannot be used, or return None."""
        if not isfinite(value):
            return (
                f"{value} is not a finite number; give a number from {self.low:g} to {self.high:g}."
            )
        if not self.low <= value <= self.high:
            return (
                f"{value:g} is out of bounds; {self.meaning} goes from "
                f"{self.low:g} to {self.high:g} ({self.unit})."
            )
        return None


@dataclass(frozen=True)
class Parameter(Quantity):
    """The full specification of one behavioural number.

    Attributes
    ----------
    symbol, mechanism
        As in ``rules.py``: its symbol in the equations and the number of the mechanism.
    value
        The declared value, used where nothing is drawn.
    prior
        What is known of it before the record is looked at.
    evidence
        Where the value and the prior come from.
    """

    symbol: str
    mechanism: int
    value: float
    prior: Prior
    evidence: Evidence

    def __post_init__(self) -> None:
        super().__post_init__()
        for number in (self.value, self.prior.quantile(0.0), self.prior.quantile(1.0)):
            if reason := self.refusal(number):
                raise ParameterError(reason)

    def _repr_html_(self) -> str:
        rows = (
            ("meaning", self.meaning),
            ("value", f"{self.value:g} ({self.unit})"),
            ("bounds", f"{self.low:g} to {self.high:g}"),
            ("prior", str(self.prior)),
            ("mechanism", f"{self.mechanism}, written {self.symbol}"),
            ("evidence", f"{self.evidence.kind}: {self.evidence.source}. {self.evidence.why}"),
        )
        return html_table(("parameter", self.symbol), rows)


class Scale(NamedTuple):
    """Symbol, value, prior and bounds of a parameter.

    Attributes
    ----------
    symbol
        As in the equations of ``rules.py``.
    mechanism
        Number of the mechanism in ``rules.py`` that it belongs to.
    value
        The declared value, used where nothing is drawn.
    """

    symbol: str
    mechanism: int
    value: float
    prior: tuple[float, float] | Prior  # two numbers: uniform between them
    bounds: tuple[float, float]
    unit: str


def of_kind(kind: EvidenceKind, meaning: str, scale: Scale, source: str, why: str) -> Parameter:
    """Return the specification of a parameter whose evidence is of one kind."""
    symbol, mechanism, value, prior, bounds, unit = scale
    law = Uniform(*prior) if isinstance(prior, tuple) else prior
    evidence = Evidence(kind, source, why)
    return Parameter(meaning, unit, *bounds, symbol, mechanism, value, law, evidence)
