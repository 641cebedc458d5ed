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
    told
        How a story tells it, with ``{member}`` (or the patron) and ``{patron}`` to be filled in; by
        its name if empty.
    """

    name: str
    scope: Scope
    default: float | None
    source: str
    told: str = ""

    def phrase(self, member: str, patron: str) -> str:
        """Say in a story what is set, by the full names of whom it addresses and of the patron."""
        return (self.told or f"{self.name} ({{member}})").format(member=member, patron=patron)


LEVERS: tuple[Lever, ...] = (
    Lever(
        name="pressure",
        meaning="diplomatic and rule-based pressure of the patron on the member",
        told="pressure on {member}",
        scope="member",
        unit="share of full pressure",
        low=0.0,
        high=1.0,
        default=0.0,
        source="II.2, III.1, III.2",
    ),
    Lever(
        name="restraint",
        meaning="restraint of the patron towards the member: acquiescence, doors left open",
        told="restraint towards {member}",
        scope="member",
        unit="share of full restraint",
        low=0.0,
        high=1.0,
        default=0.0,
        source="I.2, III.1, V.1",
    ),
    Lever(
        name="enforcement",
        meaning=(
            "enforcement of the alliance's rules on the member; nobody is expelled up to one half"
        ),
        told="enforcement of the rules on {member}",
        scope="member",
        unit="share of full enforcement",
        low=0.0,
        high=1.0,
        default=0.0,
        source="II.1, IV.5",
    ),
    Lever(
        name="bandwidth",
        meaning="what the patron can spare for its allies",
        told="bandwidth of {member}",
        scope="patron",
        unit="share of full bandwidth",
        low=0.0,
        high=1.0,
        default=None,
        source="IV.2, IV.6",
    ),
    Lever(
        name="threat",
        meaning="multiplier of the member's crises a year",
        told="threat to {member}",
        scope="member",
        unit="times the member's own threat",
        low=0.0,
        high=10.0,
        default=1.0,
        source="II.2, IV.3",
    ),
    Lever(
        name="normalisation",
        meaning=(
            "normalisation between an adversary, or another member, and the member, which lowers "
            "the threat from it or the chance that the two fight"
        ),
        told="normalisation with {member}",
        scope="adversary",
        unit="share of full normalisation",
        low=0.0,
        high=1.0,
        default=0.0,
        source="IV.4",
    ),
    Lever(
        name="outreach",
        meaning=(
            "outreach of a partner to the member, in security and economy as far as it can offer"
        ),
        told="outreach to {member}",
        scope="partner",
        unit="share of full outreach",
        low=0.0,
        high=1.0,
        default=0.0,
        source="III.3, IV.3, IV.4",
    ),
    Lever(
        name="dependence",
        meaning="the member's trade path: economic dependence before partners eat it away",
        told="dependence of {member} by trade",
        scope="member",
        unit="share of the patron's bloc in two-pole trade",
        low=0.0,
        high=1.0,
        default=None,
        source="III.3",
    ),
    Lever(
        name="adversary_ties",
        meaning="ties of the patron to the state that threatens the member",
        told="ties of {patron} to the adversary of {member}",
        scope="member",
        unit="share of closest ties",
        low=0.0,
        high=1.0,
        default=None,
        source="IV.3; event record 2020-2023",
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
    "new_government": Decision(
        "forced_government", 1.0, "gets a new government, as the calendar or chance has it"
    ),
    "same_government": Decision("forced_government", 0.0, "keeps its government"),
    "spare": Decision("forced_expel", 0.0, "is not expelled"),
}
