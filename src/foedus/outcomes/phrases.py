"""Words for events and standings, and the wording of a story: each kind of entry and its phrase."""

from __future__ import annotations

import re

from foedus.cases.scenario_format import EVENTS, Crisis
from foedus.model.chronicle import event_notes

#: Events in tables, figures and sentences, in words that cannot be taken for a standing: a member
#: that *is frozen* is another thing than one that *starts a new freeze*.
EVENT_WORDS: dict[str, str] = {
    "missed_summit": "misses a summit",
    "refused_documents": "refuses documents",
    "unpaid_dues": "leaves dues unpaid",
    "freeze": "starts a new freeze",
    "thaw": "ends a freeze",
    "return_to_summit": "returns to a summit",
    "suspension": "loses its vote",
    "notice": "gives notice",
    "withdrawal": "leaves",
    "expulsion": "is expelled",
    "new_government": "gets a new government",
}
#: Standings in figures and sentences, in the words of the outcomes.
STANDING_WORDS: dict[str, str] = {
    "active": "active",
    "suspended": "vote suspended",
    "frozen": "frozen",
    "frozen, suspended": "frozen, vote suspended",
    "notice": "has given notice",
    "withdrawn": "has left",
    "expelled": "has been expelled",
}
#: Kinds of entry that the scenario imposes, with their meaning; told first in a month.
IMPOSED: dict[str, str] = {
    "lever": "a lever of the scenario begins or ends",
    **{name: (model.__doc__ or "").strip() for name, model in EVENTS.items() if model != Crisis},
}
#: Phrases for what happens to a member, in the order in which they are told. An event of the
#: chronicle that is not listed here is told by its meaning.
PHRASES: dict[str, str] = {
    "new_government": "{name} gets a new government{occasion}, closeness to {patron} {affinity}",
    "same_government": "{name} keeps its government in the election or succession due",
    "crisis": "{crisis}, {name} appeals: {answer} ({expected} expected), trust {trust}",
    "return_to_summit": "{name} returns to the summit",
    "missed_summit": "{name} skips the summit{documents}",
    "refused_documents": "{name} refuses the documents of the summit",
    "unpaid_dues": "{name} leaves its dues unpaid ({arrears})",
    "payment": "{name} pays a year of arrears ({left} left)",
    "thaw": "{name} ends its freeze after {frozen}",
    "freeze": "{name} freezes its participation",
    "suspension": "{name} loses its vote",
    "vote_regained": "{name} regains its vote",
    "trust": "trust of {name} {drift}",
    "notice": "{name} gives notice of withdrawal (effective {effective})",
    "withdrawal": "{name} leaves",
    "expulsion": "{name} is expelled",
}
#: Kinds of entry about the whole alliance, with their meaning; told last in a month.
OF_ALLIANCE: dict[str, str] = {
    "end_state": "the end state if the horizon were now has changed",
    "cohesion": "the cohesion index has moved",
}
_MEANINGS: dict[str, str] = {
    **{name: note.meaning for name, note in event_notes().items()},
    "crisis": "was in a crisis that invokes the treaty",
    "same_government": "kept its government in an election or at a succession",
    "payment": "paid a year of arrears",
    "vote_regained": "regained its vote",
    "trust": "its trust has moved",
}
#: Every kind of entry and its meaning, in the order in which a month is told. The kinds about a
#: member are the events of the chronicle and those that the chronicle does not hold, such as a
#: payment.
KINDS: dict[str, str] = {
    **IMPOSED,
    **{name: _MEANINGS[name] for name in (*PHRASES, *_MEANINGS)},
    **OF_ALLIANCE,
}


# ---------------------------------------------------------------------------------------------
# Words


def decimal(x: float) -> str:
    """Write a number with two decimals and no zero before the point: ``.43``."""
    return re.sub(r"^(-?)0\.", r"\1.", f"{x:z.2f}")


def signed(x: float) -> str:
    """Write a number with two decimals and its sign: ``+.43``."""
    return decimal(x) if x < 0.0 else f"+{decimal(x)}"


def change(before: float, after: float) -> str:
    """Write how a number changed: ``.43 -> .38``."""
    return f"{decimal(before)} -> {decimal(after)}"


def counted(count: float, noun: str) -> str:
    """Write a count with its noun in singular or plural: ``1 month``, ``3 months``."""
    return f"{count:g} {noun}{'' if count == 1 else 's'}"


def arrears(years: float) -> str:
    """Write years of unpaid dues: ``2 years of arrears``, or ``no arrears``."""
    return f"{counted(years, 'year')} of arrears" if years > 0.0 else "no arrears"
