"""Every behavioural number of the model, once: value, unit, bounds, prior, and where it comes from.

:class:`Parameters` is the declaration; the table of specifications (``specifications.py``), the
checks, the documentation and the scenario format derive from it. To declare a number without
evidence is an error.
"""

from __future__ import annotations

from functools import partial
from typing import Annotated, NamedTuple

from foedus.model.quantities import OneOf, Scale, of_kind

_article = partial(of_kind, "article")
_literature = partial(of_kind, "literature")
_data = partial(of_kind, "data")
_assumed = partial(of_kind, "assumed")


_PER_YEAR = "1/year"
_PER_CRISIS = "share of the surprise, per crisis"
_LOG_ODDS = "log-odds"
_LOG_HAZARD = "log of a hazard per year"


class Parameters(NamedTuple):
    """The behavioural numbers of one world; rates are per year, a hazard is the log of a rate.

    Each is declared with its meaning, its scale (symbol, mechanism, value, prior, bounds, unit),
    the source of its evidence, and why that source supports it.
    """

    # 2. Fighting between members
    clash_rate: Annotated[
        float,
        _data(
            "outbreaks of fighting between two members whose dispute is open",
            Scale("cr", 2, 0.15, (0.03, 0.5), (0.0, 12.0), _PER_YEAR),
            "UCDP battle deaths v24.1: Kyrgyzstan - Tajikistan 2021 (56) and 2022 (150), none "
            "recorded 2002-2017",
            "Two outbreaks in the 23 years until the border treaty, both after 2018: .09 a year "
            "over all and .28 since 2018; the prior spans both.",
        ),
    ]
    # 3. The patron's answer
    answer_base: Annotated[
        float,
        _literature(
            "readiness of the patron to help when bandwidth is one half and nothing else counts",
            Scale("q0", 3, 1.0, (0.0, 2.0), (-10.0, 10.0), _LOG_ODDS),
            "Berkemeier and Fuhrmann 2018 (Research and Politics 5(1)): commitments honoured in "
            "war 50 % over all, 22 % in 1945-2003, 41 % for defence pacts",
            "With ties to the attacker of .4, which cost 1.6 at the declared weight, 22 to 50 % "
            "need .3 to 1.6; the prior leaves room on either side.",
        ),
    ]
    answer_bandwidth: Annotated[
        float,
        _article(
            "how much more readily a patron helps that has forces to spare",
            Scale("qk", 3, 3.0, (0.0, 6.0), (0.0, 20.0), f"{_LOG_ODDS} per unit of bandwidth"),
            "IV.2",
            "The war in Ukraine drew attention and means westward and tests the patron's other "
            "commitments: the sign is the article's, the size is assumed.",
        ),
    ]
    answer_adversary_ties: Annotated[
        float,
        _data(
            "how much the patron's ties to the attacker hold it back",
            Scale("qv", 3, 4.0, (2.0, 8.0), (0.0, 20.0), f"{_LOG_ODDS} per unit of adversary ties"),
            "event record 2020-2023: Kazakhstan (no rival claim) helped within days, Armenia "
            "(against Azerbaijan) refused in 2020, 2021, 2022 and 2023",
            "A contrast of this sharpness at similar bandwidth before 2022 needs a large "
            "coefficient; its range is assumed.",
        ),
    ]
    answer_participation: Annotated[
        float,
        _article(
            "how much a member that stays away loses of its claim to help",
            Scale("qb", 3, 1.0, (0.0, 3.0), (0.0, 10.0), _LOG_ODDS),
            "IV.5, IV.6",
            "A hardliner wants inaction and breaches called to account later; that this makes "
            "help less likely is our reading, its size assumed.",
        ),
    ]
    # 4. Trust from experience
    trust_gain: Annotated[
        float,
        _literature(
            "trust won by help",
            Scale("alpha+", 4, 0.25, (0.05, 0.5), (0.0, 1.0), "share of the help, per crisis"),
            "Slovic 1993 (Risk Analysis 13:675-682); Poortinga and Pidgeon 2004 (Risk Analysis "
            "24:1475-1486); Kydd 2005 (Trust and Mistrust in International Relations)",
            "Trust is slower to win than to lose (Slovic), but less so for those who trust already "
            "(Poortinga and Pidgeon); costly acts do reassure (Kydd). Half of trust_loss, widely.",
        ),
    ]
    trust_loss: Annotated[
        float,
        _literature(
            "trust lost by help below expectation",
            Scale("alpha-", 4, 0.5, (0.2, 0.9), (0.0, 1.0), _PER_CRISIS),
            "Slovic 1993; Kydd 2005; II.2",
            "The article puts the disappointments of 2020 and 2023 at the core of the rift; "
            "the literature gives the asymmetry, the range is assumed.",
        ),
    ]
    trust_recovery: Annotated[
        float,
        _assumed(
            "speed at which routine cooperation draws trust back to where it stood before a rift",
            Scale("rt", 4, 0.15, (0.0, 0.5), (0.0, 5.0), _PER_YEAR),
            "IRI polls of Armenia, .31 (Dec 2023) to .43 (June 2025)",
            "Twelve points of the .57 lost in a year and a half is .14 a year, if nothing else did "
            "it; zero is in the prior, and the models that come with foedus fix it at 0 and at .1.",
        ),
    ]
    clash_cost: Annotated[
        float,
        _assumed(
            "trust lost by fighting with another member",
            Scale("cc", 4, 0.08, (0.0, 0.3), (0.0, 1.0), "share of trust, per outbreak"),
            "IRI polls of Kyrgyzstan, .98 (2019) to .92 (mid 2021) and .81 (September 2021)",
            "Relations with Russia were called good a little less often after the fighting of "
            "April 2021, which does not show the cause; zero is in the prior.",
        ),
    ]
    trust_noise: Annotated[
        float,
        _assumed(
            "fluctuation of trust for reasons outside the model",
            Scale("sigma", 4, 0.1, (0.0, 0.3), (0.0, 0.5), "sd of log-odds over a year"),
            "IRI polls of Armenia 2018-2025",
            "Waves differ in wording and mood moves between them (.88 and .93 within 2019); "
            "bounded so that a shock can never carry trust out of 0..1.",
        ),
    ]
    # 5. Contagion
    contagion: Annotated[
        float,
        _literature(
            "how much members learn from what befalls another, against their own experience",
            Scale("kappa", 5, 0.2, (0.0, 0.6), (0.0, 1.0), "share"),
            "Crescenzi, Kathman, Kleinberg and Wood 2012 (International Studies Quarterly "
            "56:259-274); IV.2",
            "The article sees other members reassess their options; alliance reputation "
            "travels, but less than experience. Range assumed.",
        ),
    ]
    # 6. Security expectation
    expectation_learning: Annotated[
        float,
        _assumed(
            "how far expected support moves to what was delivered",
            Scale("eta", 6, 0.35, (0.1, 0.6), (0.0, 1.0), _PER_CRISIS),
            "II.2",
            "Repeated refusals lowered what Armenia expected without removing it: it appealed "
            "again in 2021 and 2022. Range assumed.",
        ),
    ]
    expectation_recovery: Annotated[
        float,
        _assumed(
            "return of expected support to its initial value between crises",
            Scale("rho", 6, 0.2, (0.0, 0.6), (0.0, 5.0), _PER_YEAR),
            "event record: appeals of May 2021 and September 2022 after the refusal of 2020",
            "Without recovery a later refusal could not disappoint again; the rate is assumed.",
        ),
    ]
    # 7. Pressure and restraint
    pressure_cost: Annotated[
        float,
        _assumed(
            "trust that full pressure costs",
            Scale("pi", 7, 0.2, (0.0, 0.6), (0.0, 5.0), _PER_YEAR),
            "III.1",
            "The article says only that pressure failed; that it costs trust is our "
            "assumption, and zero is in the prior.",
        ),
    ]
    repair_rate: Annotated[
        float,
        _assumed(
            "trust that full restraint repairs",
            Scale("rr", 7, 0.2, (0.0, 0.5), (0.0, 5.0), _PER_YEAR),
            "III.1, V.1; IRI polls .31 (Dec 2023) to .43 (June 2025)",
            "Trust rose while the patron's tone softened, which does not show the cause; zero "
            "is in the prior.",
        ),
    ]
    repair_anchor: Annotated[
        float,
        _assumed(
            "what restraint can heal to: 1 the trust before the rift, 0 only what the alliance's "
            "promise is believed to be worth",
            Scale("c", 7, 0.5, OneOf((0.0, 0.5, 1.0)), (0.0, 1.0), "share"),
            "no record identifies it",
            "A structural alternative, not a measurement: results that rest on restraint are "
            "shown for 0, 1/2 and 1 side by side.",
        ),
    ]
    # 8. Outside option
    hedging_outreach: Annotated[
        float,
        _article(
            "growth of the outside option under full outreach",
            Scale("gw", 8, 0.3, (0.0, 0.8), (0.0, 5.0), _PER_YEAR),
            "III.3, IV.3",
            "Ties in arms and economy with the West, with France, the United States and "
            "India, grew within a few years of the lost war; rate assumed from that pace.",
        ),
    ]
    hedging_distrust: Annotated[
        float,
        _article(
            "growth of the outside option when all trust has been lost",
            Scale("gt", 8, 0.2, (0.0, 0.6), (0.0, 5.0), _PER_YEAR),
            "IV.3",
            "Failing support made Armenia look for other suppliers; the sign is the article's, "
            "the size is assumed.",
        ),
    ]
    hedging_decay: Annotated[
        float,
        _assumed(
            "decay of the outside option without outreach",
            Scale("gd", 8, 0.1, (0.0, 0.4), (0.0, 5.0), _PER_YEAR),
            "IV.4",
            "Guarantees and resources from the West are uncertain and lapse unless renewed; "
            "rate assumed.",
        ),
    ]
    hedging_deterrence: Annotated[
        float,
        _article(
            "how far a patron with its hands free deters hedging",
            Scale("psi", 8, 0.4, (0.0, 1.0), (0.0, 1.0), "share, at full bandwidth"),
            "III.2, IV.4",
            "A full turn to the West is said to risk catastrophe and direct confrontation; "
            "that the risk grows with what the patron can spare is our reading.",
        ),
    ]
    partner_credibility: Annotated[
        float,
        _article(
            "how much of the partners' offers is believed",
            Scale("cw", 8, 0.6, (0.3, 1.0), (0.0, 1.0), "share"),
            "IV.4",
            "Whether the West's guarantees can replace the patron's is called uncertain; the "
            "prior leaves out only disbelief.",
        ),
    ]
    # 9. Dependence
    dependence_erosion: Annotated[
        float,
        _article(
            "dependence eaten away by a full economic offer of the partners",
            Scale("dw", 9, 0.03, (0.0, 0.08), (0.0, 2.0), _PER_YEAR),
            "III.3; Armstat trade 2018-2024",
            "Western ties grew while trade with the Union grew faster, so any erosion is slow; "
            "at most 8 % a year.",
        ),
    ]
    # 10. Participation
    participation_base: Annotated[
        float,
        _data(
            "readiness to take part of a member with trust and affinity of one half",
            Scale("b0", 10, 2.0, (0.5, 3.5), (-10.0, 10.0), _LOG_ODDS),
            "I.1; attendance record of Armenia 2018-2025",
            "All four other clients came to Bishkek at (assumed) trust around .75, Armenia "
            "came at .50 (2022) and stayed away at .31 (2023): readiness must be clearly "
            "positive for the first and negative for the last.",
        ),
    ]
    participation_trust: Annotated[
        float,
        _data(
            "weight of trust in taking part",
            Scale("bt", 10, 9.0, (5.0, 13.0), (0.0, 30.0), f"{_LOG_ODDS} per unit of trust"),
            "attendance of Armenia: came at trust .50 (2022-23), stayed away at .31 (Dec 2023)",
            "So abrupt a turn, with the others' steady attendance, needs several log-odds over "
            "a trust of .2 to .4; II.2 makes disappointment its core.",
        ),
    ]
    participation_affinity: Annotated[
        float,
        _article(
            "weight of political closeness in taking part",
            Scale("ba", 10, 1.5, (0.0, 3.0), (0.0, 30.0), f"{_LOG_ODDS} per unit of affinity"),
            "V.2",
            "Domestic political change is named among the tests of loyalty; size assumed.",
        ),
    ]
    participation_hedging: Annotated[
        float,
        _article(
            "weight of the outside option against taking part",
            Scale("bh", 10, 2.0, (0.0, 4.0), (0.0, 30.0), f"{_LOG_ODDS} per unit of option"),
            "IV.3, V.2",
            "The westward shift and the withdrawal from activities go together; size assumed.",
        ),
    ]
    participation_peers: Annotated[
        float,
        _article(
            "weight of the other clients' taking part",
            Scale("bp", 10, 1.0, (0.0, 3.0), (0.0, 30.0), _LOG_ODDS),
            "IV.2",
            "Other members are said to weigh their own options after Armenia's; size assumed.",
        ),
    ]
    disposition_spread: Annotated[
        float,
        _assumed(
            "lasting difference between worlds in a member's readiness to take part",
            Scale("sd eps", 10, 0.4, (0.0, 0.8), (0.0, 5.0), f"standard deviation of {_LOG_ODDS}"),
            "what the model leaves out",
            "Leaders, parties and accidents that do not change from month to month.",
        ),
    ]
    refusal_margin: Annotated[
        float,
        _data(
            "how much sooner a member refuses documents than it misses a summit",
            Scale("mr", 10, 1.0, (0.0, 3.0), (0.0, 20.0), _LOG_ODDS),
            "event record: documents refused November 2022, summit missed November 2023",
            "The order is the record's (one case); the distance is assumed.",
        ),
    ]
    absent_consent: Annotated[
        float,
        _article(
            "readiness of an absent member to let documents pass",
            Scale("ma", 10, 2.0, (0.0, 4.0), (-10.0, 10.0), _LOG_ODDS),
            "I.2; event record November 2024",
            "Absent, and not objecting to the documents, in 2024 and in 2025: two of two, so "
            "one half to .98 is left open.",
        ),
    ]
    dues_margin: Annotated[
        float,
        _data(
            "how much longer a member pays than it attends",
            Scale("md", 10, 2.0, (0.0, 4.0), (0.0, 20.0), _LOG_ODDS),
            "event record: summit missed November 2023, dues refused for 2024",
            "Default came last of the four refusals (one case); the distance is assumed.",
        ),
    ]
    frozen_default: Annotated[
        float,
        _article(
            "how much less readily a member pays that has frozen its participation",
            Scale("mf", 10, 3.0, (0.0, 6.0), (0.0, 20.0), _LOG_ODDS),
            "II.2",
            "The foreign minister gave the freeze as the reason for not paying; size assumed.",
        ),
    ]
    dues_enforcement: Annotated[
        float,
        _article(
            "how much more readily a member pays when its vote is at stake",
            Scale("me", 10, 1.0, (0.0, 2.0), (0.0, 20.0), f"{_LOG_ODDS} at full enforcement"),
            "II.1",
            "The vote was said to be at stake and the dues stayed unpaid, at little enforcement; "
            "zero is in the prior, the size is assumed.",
        ),
    ]
    settlement_rate: Annotated[
        float,
        _assumed(
            "years of arrears that a willing and active member settles",
            Scale("sd", 10, 1.0, (0.2, 2.0), (0.0, 12.0), _PER_YEAR),
            "no case in the record",
            "One payment settles one year; how fast a returning member catches up is assumed.",
        ),
    ]
    freeze_base: Annotated[
        float,
        _data(
            "hazard of freezing participation when readiness is even",
            Scale("f0", 10, -1.5, (-4.0, 0.0), (-15.0, 5.0), _LOG_HAZARD),
            "event record: freeze of February 2024, five months after the last refusal; no freeze "
            "by the four others; freezes in other alliances (foedus panel)",
            "A hazard of .02 to 1 a year at even readiness, more below; the record and the panel "
            "narrow it down.",
        ),
    ]
    freeze_slope: Annotated[
        float,
        _data(
            "fall of the freezing hazard with readiness to take part",
            Scale("fv", 10, 1.2, (0.4, 2.2), (0.0, 10.0), f"{_LOG_HAZARD} per {_LOG_ODDS}"),
            "event record: rows on who was not frozen, 2002-2025; freezes in other alliances "
            "(foedus panel)",
            "One freeze at low readiness and none by loyal members in more than 100 member-years.",
        ),
    ]
    thaw_base: Annotated[
        float,
        _data(
            "hazard of resuming participation when readiness is even",
            Scale("u0", 10, -2.5, (-4.5, -0.5), (-15.0, 5.0), _LOG_HAZARD),
            "freezes in alliances led by a patron 1949-2025 (foedus panel): 3 returns in 121 "
            "frozen years",
            "A return in .011 to .6 of the frozen years at even readiness; those on record (.025) "
            "mostly fell at a lower one, so the level is open upwards.",
        ),
    ]
    thaw_slope: Annotated[
        float,
        _assumed(
            "rise of the thawing hazard with readiness to take part",
            Scale("uv", 10, 0.8, (0.2, 1.4), (0.0, 10.0), f"{_LOG_HAZARD} per {_LOG_ODDS}"),
            "no series in the record",
            "Returns came after many years and at very different readiness, so the slope is "
            "flatter than that of freezing.",
        ),
    ]
    thaw_entrenchment: Annotated[
        float,
        _data(
            "fall of the thawing hazard with the years that a freeze and its government last",
            Scale("ua", 10, 0.05, (0.0, 0.15), (0.0, 10.0), f"{_LOG_HAZARD} per year"),
            "returns in other alliances after 6, 14 and 43 years (foedus panel); II.3",
            "A chance that falls faster would not have left three returns so late; a path without "
            "return (II.3) is that of a government.",
        ),
    ]
    # 11. Formal exit
    exit_base: Annotated[
        float,
        _data(
            "hazard of giving notice when nothing else counts",
            Scale("x0", 11, -4.5, (-6.5, -2.5), (-20.0, 3.0), _LOG_HAZARD),
            "formal exits from the CST/CSTO by members other than Russia 1992-2024: 4 in 185 "
            "member-years (2.2 % a year, .6-5.5); multilateral defence alliances 1949-2016: 23 "
            "in 9,910 (.23 % a year, .15-.35)",
            "Spans both base rates (-3.8 and -6.1) with room on either side.",
        ),
    ]
    exit_limbo: Annotated[
        float,
        _data(
            "rise of the exit hazard for a frozen member, and again for one without a vote",
            Scale("xf", 11, 1.25, (0.0, 2.5), (0.0, 20.0), _LOG_HAZARD),
            "event record June and September 2024; II.3; one exit from a freeze in 121 frozen "
            "years (foedus panel)",
            "Months after the freeze the prime minister spoke of leaving; it has not come to "
            "that. That a lost vote counts like a freeze is assumed.",
        ),
    ]
    exit_hedging: Annotated[
        float,
        _assumed(
            "rise of the exit hazard with an outside option beyond what the alliance still gives",
            Scale("xh", 11, 2.0, (0.0, 4.0), (0.0, 20.0), f"{_LOG_HAZARD} per unit of (h - e)+"),
            "III.3, IV.3, IV.4",
            "Whether alternatives can replace the patron's support is called uncertain: they make "
            "leaving thinkable as far as they exceed it. Size assumed.",
        ),
    ]
    exit_distrust: Annotated[
        float,
        _assumed(
            "rise of the exit hazard with distrust",
            Scale("xt", 11, 1.5, (0.0, 3.0), (0.0, 20.0), f"{_LOG_HAZARD} per unit of 1 - 2 trust"),
            "II.3",
            "Distrust pushes towards the door; size assumed.",
        ),
    ]
    exit_dependence: Annotated[
        float,
        _assumed(
            "fall of the exit hazard with economic dependence",
            Scale("xd", 11, 2.0, (0.0, 4.0), (0.0, 20.0), f"{_LOG_HAZARD} per unit of dependence"),
            "III.3, V.1 (inference)",
            "The article ties dependence to the Eurasian Economic Union and says the limbo "
            "protects those ties; that it also holds a member in the alliance is our "
            "inference.",
        ),
    ]
    exit_pressure: Annotated[
        float,
        _article(
            "how much pressure adds to the hold of dependence",
            Scale("xp", 11, 1.0, (0.0, 2.0), (0.0, 20.0), "share, at full pressure"),
            "III.2",
            "Warnings of catastrophe are meant to hold Armenia back; whether they do is "
            "unknown, so zero is in the prior.",
        ),
    ]
    exit_contagion: Annotated[
        float,
        _data(
            "rise of the exit hazard when other clients have gone",
            Scale("xo", 11, 1.0, (0.0, 3.0), (0.0, 20.0), f"{_LOG_HAZARD} per share gone"),
            "exits of 1999 (foedus panel): three of nine clients left CST, none of the other six "
            "within 36 months",
            "No exit in 18 member-years bounds the hazard near .17 a year (rule of three), 8 times "
            "that of CST/CSTO; at a third gone the prior allows at most 2.7 times.",
        ),
    ]
    exit_together: Annotated[
        float,
        _data(
            "chance that what decides on a member's exit in a month is common to all members",
            Scale("xc", 11, 0.55, (0.15, 0.95), (0.0, 1.0), "share"),
            "leaving decisions in alliances led by a patron 1949-2025 (foedus panel): 3 of 5 in "
            "one month",
            "The prior is the exact 95 % interval of that share.",
        ),
    ]
    # 12. The alliance's answer
    suspension_rate: Annotated[
        float,
        _article(
            "hazard of losing the vote once arrears allow it and enforcement is full",
            Scale("ss", 12, 1.0, (0.2, 3.0), (0.0, 12.0), _PER_YEAR),
            "II.1",
            "The patron's ministry warned that default may cost the vote; the summit that "
            "decides meets once a year, so about once a year at full enforcement.",
        ),
    ]
    expulsion_rate: Annotated[
        float,
        _article(
            "hazard of expulsion in a full case under full enforcement",
            Scale("se", 12, 0.3, (0.05, 1.0), (0.0, 12.0), _PER_YEAR),
            "IV.5",
            "A hardliner demands that members who fail in their duties be expelled; no member "
            "ever was, so the rate is assumed.",
        ),
    ]
    # 13. The patron's ledger
    grievance_absence: Annotated[
        float,
        _article(
            "grievance added by a missed summit",
            Scale("ga", 13, 0.1, (0.0, 0.2), (0.0, 1.0), "share of the distance to 1"),
            "IV.5, IV.6",
            "Breaches are to be remembered for a later reckoning; size assumed.",
        ),
    ]
    grievance_default: Annotated[
        float,
        _article(
            "grievance added by a year of unpaid dues",
            Scale("gb", 13, 0.15, (0.0, 0.3), (0.0, 1.0), "share of the distance to 1"),
            "II.1, IV.6",
            "The patron reacted particularly strongly to the unpaid dues; size assumed.",
        ),
    ]
    pressure_fatigue: Annotated[
        float,
        _article(
            "speed at which an adaptive patron drops pressure that does not work",
            Scale("fp", 13, 1.0, (0.2, 2.0), (0.0, 12.0), _PER_YEAR),
            "II.1, III.1, I.2",
            "From hard words in December 2024 (II.1) to restraint in November 2025 (I.2): "
            "about a year.",
        ),
    ]
    # 15. Governments
    government_rate: Annotated[
        float,
        _assumed(
            "changes of government outside elections and planned successions",
            Scale("gr", 15, 0.04, (0.01, 0.1), (0.0, 12.0), _PER_YEAR),
            "common knowledge, no row in the record: Kyrgyzstan 2005, 2010 and 2020, Armenia 2018, "
            "Kazakhstan 2019",
            "Five in 120 member-years of the five clients 2002-2025 is .042 a year (exact 95 % "
            ".014-.097).",
        ),
    ]
    government_spread: Annotated[
        float,
        _assumed(
            "how far a new government's closeness to the patron lies from what was foreseen",
            Scale("gs", 15, 0.15, (0.05, 0.3), (0.0, 1.0), "standard deviation of affinity"),
            "no series in the record",
            "From successions within a circle of power to a change of course; assumed.",
        ),
    ]
    government_window: Annotated[
        float,
        _data(
            "rise of the hazards of freezing and of resuming under a new government",
            Scale("gn", 15, 0.7, (0.0, 1.5), (0.0, 20.0), _LOG_HAZARD),
            "freezes in other alliances (foedus panel): a new government came in the three years "
            "before 2 of 7 freezes (Spain, New Zealand) and 2 of 3 returns (Spain, France)",
            "Some 4 of 10 turns where a third of the time would be expected: at most a few times "
            "the hazard, and zero is in the prior.",
        ),
    ]
