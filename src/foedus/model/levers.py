"""The closed table of levers, policies and decisions that a scenario can set.

The scenario format, its JSON Schema, the checks, the documentation and the drivers of the model
all derive from these tables.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from foedus.model.quantities import Quantity

Scope = Literal["patron", "member", "partner", "adversary"]


@dataclass(frozen=True)
class Lever(Quantity):
    """A quantity that a scenario can set over dated spans, such as pressure on a member.

    Attributes
    ----------
    name
        Key in the scenario file.
    scope
        Whom it addresses: the patron, a member, or a power (partner, adversary) and then a member.
    default
        Value where no span applies; None means the member's (or patron's) own value in the
        alliance file.
    source
        Article section.paragraph, or where else it comes from.
    """

    name: str
    scope: Scope
    default: float | None
    source: str


LEVERS: tuple[Lever, ...] = (
    Lever(
        "diplomatic and rule-based pressure of the patron on the member",
        "share of full pressure",
        0.0,
        1.0,
        "pressure",
        "member",
        0.0,
        "II.2, III.1, III.2",
    ),
    Lever(
        "restraint of the patron towards the member: acquiescence, doors left open",
        "share of full restraint",
        0.0,
        1.0,
        "restraint",
        "member",
        0.0,
        "I.2, III.1, V.1",
    ),
    Lever(
        "enforcement of the alliance's rules on the member; nobody is expelled up to one half",
        "share of full enforcement",
        0.0,
        1.0,
        "enforcement",
        "member",
        0.0,
        "II.1, IV.5",
    ),
    Lever(
        "what the patron can spare for its allies",
        "share of full bandwidth",
        0.0,
        1.0,
        "bandwidth",
        "patron",
        None,
        "IV.2, IV.6",
    ),
    Lever(
        "multiplier of the member's crises a year",
        "times the member's own threat",
        0.0,
        10.0,
        "threat",
        "member",
        1.0,
        "II.2, IV.3",
    ),
    Lever(
        "normalisation between an adversary and the member, which lowers the threat from it",
        "share of full normalisation",
        0.0,
        1.0,
        "normalisation",
        "adversary",
        0.0,
        "IV.4",
    ),
    Lever(
        "outreach of a partner to the member, in security and economy as far as it can offer",
        "share of full outreach",
        0.0,
        1.0,
        "outreach",
        "partner",
        0.0,
        "III.3, IV.3, IV.4",
    ),
    Lever(
        "the member's trade path: economic dependence before partners eat it away",
        "share of the patron's bloc in two-pole trade",
        0.0,
        1.0,
        "dependence",
        "member",
        None,
        "III.3",
    ),
    Lever(
        "ties of the patron to the state that threatens the member",
        "share of closest ties",
        0.0,
        1.0,
        "adversary_ties",
        "member",
        None,
        "IV.3; event record 2020-2023",
    ),
)

_BY_NAME = {lever.name: lever for lever in LEVERS}


def lever_named(name: str) -> Lever:
    """Return a lever by its name; raise KeyError if there is none."""
    return _BY_NAME[name]


#: How the patron adapts its conduct: each policy and what it means.
POLICIES: dict[str, str] = {
    "fixed": "levers as scripted",
    "adaptive": "pressure that does not bring a member back is dropped and becomes restraint "
    "(III.1)",
    "accounting": "grievances are stored and called in once bandwidth recovers above one half "
    "(IV.6)",
}


@dataclass(frozen=True)
class Decision:
    """A decision that a scenario can force.

    Attributes
    ----------
    driver
        Field of :class:`~foedus.model.records.Drivers` that it sets.
    value
        What it sets the field to: 1 (yes) or 0 (no).
    meaning
        In words that follow the member's name.
    only_in
        The month to which it is bound: that of the summit or that of the dues; None if it can be
        forced in any month.
    """

    driver: str
    value: float
    meaning: str
    only_in: Literal["summit", "dues"] | None = None


#: Decisions by the word that a scenario file uses.
DECISIONS: dict[str, Decision] = {
    "attend": Decision("forced_attend", 1.0, "attends the summit", "summit"),
    "stay_away": Decision("forced_attend", 0.0, "misses the summit", "summit"),
    "consent": Decision("forced_consent", 1.0, "lets the documents pass", "summit"),
    "refuse": Decision("forced_consent", 0.0, "refuses the documents", "summit"),
    "pay": Decision("forced_pay", 1.0, "pays its dues, or a year of arrears when active"),
    "default": Decision("forced_pay", 0.0, "does not pay", "dues"),
    "freeze": Decision("forced_freeze", 1.0, "freezes its participation, or keeps it frozen"),
    "resume": Decision("forced_freeze", 0.0, "ends the freeze, or does not freeze"),
    "give_notice": Decision("forced_exit", 1.0, "gives notice of withdrawal"),
    "remain": Decision("forced_exit", 0.0, "does not give notice"),
    "suspend": Decision("forced_suspend", 1.0, "loses its vote (the alliance's decision)"),
    "restore_vote": Decision("forced_suspend", 0.0, "keeps or regains its vote"),
    "expel": Decision("forced_expel", 1.0, "is expelled (the alliance's decision)"),
    "spare": Decision("forced_expel", 0.0, "is not expelled"),
}
