"""How a story is worded: what each kind of entry means, and how it is told."""

from __future__ import annotations

import re
from math import isfinite

from foedus.cases.scenario_format import EVENTS, Crisis
from foedus.worlds.kept import event_meanings

#: What the scenario imposes: told first in a month.
IMPOSED: dict[str, str] = {
    "lever": "a lever of the scenario begins or ends",
    **{name: (model.__doc__ or "").strip() for name, model in EVENTS.items() if model != Crisis},
}
#: How it is told what happens to a member, in this order; an event of the chronicle that is not
#: listed is told by its meaning.
PHRASES: dict[str, str] = {
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
#: What becomes of the alliance: told last in a month.
OF_ALLIANCE: dict[str, str] = {
    "end_state": "the end state if the horizon were now has changed",
    "cohesion": "the cohesion index has moved",
}
_MEANINGS: dict[str, str] = {
    **event_meanings(),
    "crisis": "was in a crisis that invokes the treaty",
    "payment": "paid a year of arrears",
    "vote_regained": "regained its vote",
    "trust": "its trust has moved",
}
#: Every kind of entry and what it means, in the order in which a month is told. Those of what
#: happens to a member are the events of the chronicle and what the chronicle does not note.
KINDS: dict[str, str] = {
    **IMPOSED,
    **{name: _MEANINGS[name] for name in (*PHRASES, *_MEANINGS)},
    **OF_ALLIANCE,
}

#: How levers are told; one that is not listed is told by its name.
LEVER_PHRASES: dict[str, str] = {
    "pressure": "pressure on {member}",
    "restraint": "restraint towards {member}",
    "enforcement": "enforcement of the rules on {member}",
    "bandwidth": "bandwidth of {member}",
    "threat": "threat to {member}",
    "normalisation": "normalisation with {member}",
    "outreach": "outreach to {member}",
    "dependence": "dependence of {member} by trade",
    "adversary_ties": "ties of {patron} to the adversary of {member}",
}


# ---------------------------------------------------------------------------------------------
# Words


def decimal(x: float) -> str:
    """Write a number with two decimals and no zero before the point: ``.43``."""
    return re.sub(r"^(-?)0\.", r"\1.", f"{x:z.2f}")


def signed(x: float) -> str:
    """Write a number with its sign, and no zero before the point: ``+.43``."""
    return decimal(x) if x < 0.0 else f"+{decimal(x)}"


def change(before: float, after: float) -> str:
    """Write where a number came from and went to."""
    return f"{decimal(before)} -> {decimal(after)}"


def counted(count: float, noun: str) -> str:
    """Write a number of things: ``1 year``, ``2 years``."""
    return f"{count:g} {noun}{'' if count == 1 else 's'}"


def arrears(years: float) -> str:
    """Write years of arrears."""
    return f"{counted(years, 'year')} of arrears" if years > 0.0 else "no arrears"


def finite(x: float) -> float | None:
    """Return a number, or None where it is missing."""
    return x if isfinite(x) else None
