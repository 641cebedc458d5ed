"""What the words of the output mean: of tables and figures, and keys of JSON and CSV.

Whatever the model declares (numbers, levers, outcomes, models) is explained by its declaration;
here are the words that stand around it. A test collects every header, label and key that is printed
and asks for each. A new word of a table is a new entry of :data:`WORDS`.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from foedus.cases.panel import KINDS as PANEL_KINDS
from foedus.cases.record import WORDS as OBSERVED
from foedus.cases.scenario_format import EVENTS
from foedus.model.chronicle import event_notes
from foedus.model.citations import ARTICLE, CLAIMS, MECHANISMS, mechanism_in_words
from foedus.model.cohesion import END_STATE_MEANINGS
from foedus.model.levers import POLICIES
from foedus.outcomes.phrases import KINDS as STORY_KINDS
from foedus.outcomes.phrases import STANDING_WORDS
from foedus.outcomes.sweeps import MEASURES
from foedus.views.words import ranges

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Pairs of label and text that explain a word.
Rows = tuple[tuple[str, str], ...]

#: Standings of a member at the end of a month; they exclude each other.
STANDING_MEANINGS: dict[str, str] = {
    "active": "a member that is not frozen, holds its vote and has given no notice",
    "suspended": "a member whose vote the alliance has suspended, and that is not frozen",
    "frozen": "a member that has frozen its participation by its own choice, and holds its vote",
    "frozen, suspended": "a member that has frozen its participation and whose vote is suspended",
    "notice": "a member that has given notice of withdrawal, which has not run out yet",
    "withdrawn": "no member any more: its notice has run out",
    "expelled": "no member any more: the alliance has expelled it",
}

WORDS: dict[str, str] = {
    # Who and what there is
    "member": "a client of the alliance: a state that has joined it beside the patron",
    "client": "a member of the alliance other than the patron",
    "patron": "the great power that leads the alliance and decides whether it helps in a crisis",
    "power": "a state or union outside the alliance: a partner makes offers to members, an "
    "adversary threatens them",
    "alliance": "the patron and its clients, taken together",
    "world": "one simulated course of events, with its own luck and its own draw of the numbers",
    "scenario": "what the patron and the outside powers do and what befalls the members, as a "
    "file says it",
    "baseline": "the scenario with which the others are compared: the first, or that of --baseline",
    "who": "whose outcome stands in the row: a member, or the alliance",
    "anybody": "the first member of all that does something otherwise",
    "lever": "something that a scenario sets over time, such as pressure of the patron on a member",
    "event": "what happens to a member in a month, or what a scenario scripts for a month",
    "outcome": "what is measured of each world, such as being active at the horizon",
    "standing": "what a member is at the end of a month: "
    + "; ".join(f"{name}: {meaning}" for name, meaning in STANDING_MEANINGS.items()),
    "end state": "what becomes of the alliance at the horizon, the first that applies: "
    + "; ".join(f"{name}: {meaning}" for name, meaning in END_STATE_MEANINGS.items()),
    "policy": "how the patron adapts its conduct: " + ", ".join(POLICIES),
    "component": "one of the six parts of which the cohesion index is the weighted mean",
    "summit": "the yearly meeting of the alliance's leaders, which members attend or stay away "
    "from",
    "horizon": "the last month that is simulated; in a scenario file the number of months",
    "start": "the first month that is simulated",
    "month": "a month as YYYY-MM",
    "title": "the scenario in a few words, as its file has it",
    "name": "by what something is called in commands, files and keys",
    "meaning": "what it is, in words",
    "kind": "which kind of evidence a number has, or which kind of value an outcome is",
    "subject": "whose outcome it is: a member by its code, or the alliance",
    # Numbers and what they rest on
    "number": "a number of the model or of the alliance; every one can be asked why",
    "numbers": "numbers that a scenario sets otherwise than the baseline, taken together",
    "parameter": "a number of the model's rules, the same for all members of a world",
    "unit": "in what a number is counted",
    "bounds": "the least and the most that a number can be",
    "declared": "the value that the model or the alliance file gives before the record is looked "
    "at",
    "symbol": "how a number is written in the equations of docs/model.md",
    "prior": "what is known of a number before the record is looked at: a range; as a draw of the "
    "parameters, every number from its range; as a forecaster, the model before it is calibrated",
    "posterior": "what is known of the numbers once the record is taken into account; as a draw "
    "of the parameters, every world goes on from one that fits the record",
    "default": "as a draw of the parameters, the declared values in every world",
    "given": "as a draw of the parameters, values given in Python; of a scenario, what its "
    "governments are taken to do (--given)",
    "parameter draw": "where the numbers of the worlds come from: posterior, prior, default or "
    "given",
    "parameters": "where the numbers of the worlds come from: posterior, prior, default or given; "
    "in a scenario file, numbers that are set by hand",
    "evidence": "what a number rests on: article, data, literature, assumed; record where worlds "
    "take it from the record; set by hand",
    "data": "kind of evidence: a public series or a dated event",
    "article": "kind of evidence: the words of the article, and how they became a number",
    "literature": "kind of evidence: a published study",
    "assumed": "kind of evidence: our judgement. What rests on such a number rests on that "
    "judgement",
    "record": "kind of evidence: worlds take the number from the calibration on the alliance's "
    "record; also the dated observations themselves (foedus record)",
    "set by hand": "kind of evidence: the user gave the number, with --set or parameters: in the "
    "scenario file or in Python; neither the record nor the file's own evidence says anything of "
    "it",
    "numbers by owner": "how many numbers each member, power or table of the alliance file has",
    "informed": "whether the record tells anything about a number: its range after calibration is "
    "less than .85 times as wide as before",
    "informed by the record": "whether the range of a number after calibration is less than .85 "
    "times as wide as before; - for what was not calibrated",
    "source": "where something comes from: a reference, a file with line, or the hash of the "
    "rules that made a result",
    "why": "how the source became the number",
    "carrier": "a number whose value moves an outcome by more than chance does",
    "carriers of cohesion": "the numbers whose value moves cohesion by more than chance does",
    "in its lowest third": "mean of the outcome over the worlds that drew the number low",
    "in its highest third": "mean of the outcome over the worlds that drew the number high",
    "repair constant": "the number repair_anchor: how far restraint alone can heal lost trust; no "
    "record tells it, so that 0, one half and 1 stand side by side",
    "by repair anchor": "outcomes apart for each value of the repair constant, which no record "
    "tells",
    "model": "one of several that can be defended and that are calibrated alike; as a forecaster, "
    "the calibrated one (foedus calibrate, docs/calibration.md)",
    "models": "the models that the worlds go on from, each with its weight; beside an estimate, "
    "how many of them it ranges over",
    "what it holds": "what a model takes for granted",
    "weight": "the part of a model in the result, by how well it fits the record",
    "weight error": "Monte Carlo error of a model's weight",
    "left out": "whether a model has so little weight that no world goes on from it",
    "log evidence": "how well a model fits the record: logarithm of the chance it gives to it",
    "draws here": "how many draws of the posterior are of this model",
    "draws": "simulated worlds from which a calibration is made",
    "effective draws": "how many independent draws the calibration is worth for this number",
    "spread, posterior / prior": "how wide the range is after calibration, before it being 1",
    "coding": "one way to turn the record into numbers: main, or other",
    "panel": "a table of who stepped back in other alliances, with sources (foedus panel)",
    # Estimates and their errors
    "estimate": "a value with its range or interval",
    "value": "the value itself",
    "error": "standard deviation: of a survey, or of an estimate from so many worlds",
    "monte carlo error": "how far an estimate may be off because only so many worlds were "
    "simulated",
    "monte carlo": "said of an interval or error that comes from simulating only so many worlds",
    "low": "lower end of the interval",
    "high": "upper end of the interval; of a carrier, where the number is drawn high",
    "interval": "which interval low and high are the ends of",
    "wilson": "a 95 % interval of a share: how well it is known from so many worlds and draws",
    "exact 95 %": "95 % interval of a rate from counts that holds however few they are",
    "least": "the least that one of the models says",
    "most": "the most that one of the models says",
    "median": "half of the worlds lie below and half above; of an event, the month by which half "
    "of all worlds have it",
    "mean": "average over worlds",
    "among": "the month by which half of those worlds have the event in which it comes at all",
    "by": "probability that the event has come by the end of each year",
    "total": "probability that the event comes by the horizon; of an attribution, the whole "
    "difference",
    "chance": "probability: the share of worlds in which it is so",
    "z": "a difference in standard errors; beyond 2 or so it is no chance",
    "share": "a part of the whole, 0 to 1, or of 100 worlds",
    "runs": "number of worlds of each scenario",
    "worlds": "how many simulated worlds an estimate is made from",
    "seed": "the number from which all luck is drawn: the same seed gives the same worlds",
    # Tables and JSON of a run
    "members": "outcomes of each member, by its code",
    "events": "when each kind of event first comes to a member; in a difference, what the "
    "scenarios script",
    "governments": "what each election or succession of the calendar decides",
    "comes": "share of worlds with a new government in that month",
    "changed": "the worlds with a new government in that month",
    "election or succession": "a month of the alliance's calendar in which a member's government "
    "may change",
    "stayed": "the worlds without one in that month",
    "overall": "all worlds",
    "close": "the new governments whose closeness to the patron exceeds one half",
    "distant": "the new governments whose closeness to the patron is one half or less",
    "ignored events": "scripted events that found their member gone, with the share of such worlds",
    "headline weighting": "how members count in the cohesion index that is told first: equal or "
    "capability",
    "equal": "each client counts alike in cohesion",
    "capability": "each client counts in cohesion by its military spending",
    "components": "the six parts of cohesion",
    "mean cohesion": "the mean of the cohesion index over worlds",
    "end states": "the probability of each end state",
    "skill": "how the model did when it forecast the past, in one line",
    "base rates": "how often members of other alliances froze or left, beside how often they do "
    "here (foedus panel)",
    "line": "the same as a sentence",
    "worth": "what the model was worth when it forecast the past, and how much of it is assumed",
    "set": "the numbers that were set by hand, the same in every world",
    "open": "on which number, not known, the answer hangs most",
    "made": "what made a result: worlds, months, parameters, seed and digest",
    "more": "where more is told",
    "finding": "the answer in a title and a few sentences",
    "sentences": "the finding in a few sentences",
    "skill in short": "how the model did when it forecast the past, in one sentence",
    "open ranges": "of each outcome that is told, the least and the most that can be defended: "
    "over the models, and over low and high values of the numbers that carry it",
    "low, high": "the number itself, in the lowest and in the highest third of its draws",
    "lower": "the number itself in the lowest third of its draws: its median",
    "upper": "the number itself in the highest third of its draws: its median",
    "freezes": "how often members freeze here, with the base rate beside it",
    "rate": "times in a year of one member",
    "history": "the base rate of other alliances",
    # Comparisons
    "difference": "scenario minus baseline, or high minus low, with its interval",
    "differences": "scenario minus baseline, world by world under the same luck",
    "other": "the value in the other scenario",
    "better": "share of worlds in which it holds the alliance together better than in the baseline",
    "worse": "share of worlds in which it holds the alliance together worse than in the baseline",
    "narrowing": "how many times comparing the same worlds narrows the interval",
    "narrower": "how many times comparing the same worlds narrows the interval, against as many "
    "worlds with a luck of their own",
    "floor": "the least difference that so many worlds could tell from none",
    "partings": "when a world first goes otherwise than in the baseline",
    "conduct": "attendance, documents, dues, freeze and membership: what members do",
    "anything": "any number of the world at all",
    "never": "share of worlds in which nothing ever differs",
    "attribution": "how a difference is split among the levers, events and numbers that differ",
    "shares": "the part of each lever in a difference",
    "its part": "the part of a lever in a difference (Shapley value); the parts sum to the whole",
    "its part of the difference": "the part of a lever: its effect averaged over all orders in "
    "which the levers could be changed (Shapley)",
    "shapley": "the part of a lever in a difference: its effect averaged over all orders in which "
    "the levers could be changed; the parts sum to the whole",
    "alone": "the effect of a lever if nothing else is changed",
    "alone; together beyond that": "the effect of a lever if nothing else is changed; of several, "
    "what they do together beyond that",
    "interactions": "what several levers do together beyond what they do alone",
    "dividend": "what several levers do together beyond their smaller sets",
    "levers": "the levers that are meant",
    "not attributed": "differences that are not split among levers, and why",
    "spread from numbers": "the share of the spread over worlds that comes from not knowing the "
    "numbers; the rest is luck",
    "from numbers": "the share of the spread that comes from not knowing the numbers",
    "resolution": "how many worlds it took to know the differences as well as was asked",
    "in baseline": "the value in the baseline",
    "in scenario": "the value in the scenario",
    "worlds looked at month by month": "how many worlds were compared month by month",
    "worlds of each mix": "how many worlds of each mixture of the two scenarios were simulated",
    "comparison": "the contents of a comparison",
    "scenarios": "the scenarios, each with the fingerprint of its inputs",
    # Sweeps
    "lower end": "the outcome where the lever is at its lowest value",
    "upper end": "the outcome where the lever is at its highest value",
    "change": "value at the upper end minus that at the lower end",
    "answer": "the findings of a sweep as sentences",
    "member name": "full name of the member",
    "outcomes": "the outcomes, by key",
    "keys": "what is moved together, as in --set",
    "values": "the values that the lever takes",
    "own": "the lever's value in the scenario itself",
    "moves": "whether the ends differ by a point of a hundred or more, and by more than the error",
    "at": "the estimate at each value of the lever",
    "gaps": "value at each step minus that at the lower end",
    # Provenance
    "provenance": "what made a result: inputs, versions, digest, and how to make it again",
    "summary": "every outcome with its interval",
    "inputs": "what decides a result",
    "design": "fingerprint of where the numbers of the worlds come from",
    "keep": "what is kept of the worlds: summaries, or whole trajectories",
    "versions": "versions of foedus and of the packages that made a result",
    "format": "version of the layout of the files",
    "created": "when the result was begun",
    "digest": "a hash of inputs and worlds: the same digest, the same worlds to the bit",
    "reproduce": "the command that makes the result again",
    "files": "checksums of the files of a result",
    "fingerprint": "a hash of everything that decides something: inputs, or every bit of a world",
    # Records, hindcasts and what they are worth
    "what": "what was observed, or what a number is about",
    "scored": "whether forecasts of it count in the hindcast; as a column, which forecasts are "
    "meant",
    "on record": "what was observed",
    "posterior worlds": "the mean over the worlds that were chosen to fit the record",
    "same numbers, fresh luck": "the mean over worlds with the same numbers and new luck, with "
    "the range of a survey: the harder check",
    "inside": "whether the observation lies in that range",
    "hindcast": "forecasts of the past with what was known then, scored against what came",
    "origin": "the last month that a forecaster knows",
    "origins": "the months from which was forecast",
    "forecaster": "who forecasts: model, prior, persistence, base rate, coin, linear trend or "
    "refusal rule",
    "n": "number of forecasts",
    "forecasts": "number of forecasts",
    "score": "Brier score of events, CRPS of surveys of trust; less is better",
    "scores": "scores of each forecaster, by group of observations",
    "brier": "score of a forecast chance: the squared distance from what happened (1 or 0), "
    "averaged; 0 is perfect, a coin gets .25",
    "crps": "continuous ranked probability score of a forecast share: how far the forecast spread "
    "lies from what came, averaged; 0 is perfect, in the unit of the share",
    "log score": "minus the logarithm of the chance given to what happened, averaged; less is "
    "better",
    "model better by": "score of the forecaster minus that of the model: above 0 the model is "
    "better",
    "gain": "score of the forecaster minus that of the model: above 0 the model is better",
    "gain low": "lower end of the gain's 90 % interval",
    "gain high": "upper end of the gain's 90 % interval",
    "persistence": "forecaster: what was last seen stays as it is",
    "base rate": "forecaster: how often it was so in the record until then; as a yardstick, how "
    "often it happened in other alliances",
    "coin": "forecaster: one half, whatever is asked",
    "linear trend": "forecaster: trust goes on along the straight line through the surveys so far",
    "refusal rule": "forecaster: trust falls with each crisis in which help was refused",
    "uncalibrated prior": "forecaster: the model before the record informed it",
    "bootstrap": "how the brackets of scores are made: the year-ends are drawn again, with "
    "repetition",
    "drivers": "what is assumed of levers and crises beyond the origin: coded, held or drawn",
    "group": "which observations a score is the mean of",
    "all events": "the group of all observations that are so or not so",
    "five years": "scores of forecasts up to five years ahead",
    "verdicts": "where calibration does not beat the uncalibrated prior",
    "claims": "claims about the model's behaviour, each with whether it holds",
    "claim": "a claim about the model's behaviour that the posterior is tested on",
    "letter": "by which a claim is called",
    "text": "the claim itself",
    "above 0 if it holds": "the quantity that a claim says is above 0",
    "holds": "whether it is so, beyond three errors for a claim",
    "simulated": "which worlds were simulated",
    "counted": "what was counted in them",
    "held against": "the value or range that history allows, with where it is from",
    "in the 90 % interval": "share of synthetic records in which the true number lies in the 90 % "
    "interval; .9 is right",
    "width / prior's": "width of the interval, that of the prior being 1",
    "mean rank": "where the true number lies among the draws on average; .5 is right",
    "years at risk": "years of members in which it could have happened",
    "a year": "times in a year of one member",
    "one more alliance, 95 %": "95 % range of the rate in an alliance that is not in the panel",
    "by alliance": "events and years of each alliance",
    "until": "the last month that counts",
    "without": "the alliance that was left out",
    "rates": "counts and rates by kind of event",
    "years": "years of members that could have done it, or years ahead",
    "another": "95 % range of the rate in one more alliance",
    "alliances": "counts by alliance",
    "together": "decisions to leave in a month in which another member decided so too",
    "joint": "how many decisions to leave fell in a month with another",
    "decisions": "decisions to leave; in a scenario, what it decides instead of the members",
    "age": "age of the freeze in months",
    # Figures
    "trajectory": "one whole world, month by month",
    "fan": "median over worlds, and the bands that hold half and nine tenths of them",
    "incidence": "by which month how many worlds have had an event",
    "status": "the share of worlds in each standing, month by month",
}


def folded(name: str) -> str:
    """Return a name as it is looked up: any case, spaces or underscores, without brackets."""
    bare = re.sub(r"\s*[\[(][^\])]*[\])]", "", name.casefold())
    spaced = " ".join(bare.replace("_", " ").split())
    return re.sub(r", (median|mean)$", "", spaced) if spaced not in ("", "mean") else spaced


def explained_words() -> tuple[str, ...]:
    """Return every word that :func:`word_rows` explains."""
    return tuple(dict.fromkeys(word for word, _ in _entries()))


def word_rows(name: str) -> Rows:
    """Explain a word of the output, in every sense that it has; nothing if there is none."""
    return _by_name().get(folded(name), ())


@cache
def _by_name() -> dict[str, Rows]:
    found: dict[str, Rows] = {}
    for word, row in _entries():
        rows = found.setdefault(folded(word), ())
        if row not in rows:
            found[folded(word)] = (*rows, row)
    return found


def _entries() -> Iterator[tuple[str, tuple[str, str]]]:
    """Yield each word with a label and what it means; those that the model declares come first."""
    from foedus.inference.hindcast import DRIVERS
    from foedus.inference.structures import STRUCTURES

    for name, meaning in STANDING_MEANINGS.items():
        yield from ((word, ("standing", meaning)) for word in (name, STANDING_WORDS[name]))
    for model in STRUCTURES:
        yield (
            model.name,
            ("model", f"one of {len(STRUCTURES)} that are calibrated. {model.meaning}"),
        )
    for name, scripted in EVENTS.items():
        yield name, ("event", f"of a scenario: {' '.join((scripted.__doc__ or '').split())}")
    for name in STORY_KINDS.keys() - event_notes().keys():
        yield name, ("story", f"told of a world: {STORY_KINDS[name]}")
    for name, meaning in OBSERVED.items():
        row = ("record", f"observed of a member: {meaning}")
        yield from ((word, row) for word in (name, meaning))
    for name, meaning in DRIVERS.items():
        yield name, ("drivers", f"of a hindcast: {meaning}")
    for name, kind in PANEL_KINDS.items():
        yield from ((word, ("panel", f"counted: {kind.meaning}")) for word in (name, kind.meaning))
    for name, measure in MEASURES.items():
        meaning = f"in a sweep of levers: {measure.words.format(member='the member')}"
        yield from ((word, ("outcome", meaning)) for word in (name, measure.short))
    for word, least, most in ranges():
        yield word, ("probability", f"{100 * least:.0f} to {100 * most:.0f} % (ICD 203)")
    for word in ("article", "the article"):
        yield word, ("article", f"{ARTICLE}; {CLAIMS} has it claim by claim")
    for number in MECHANISMS:
        yield f"mechanism {number}", ("mechanism", mechanism_in_words(number))
    for word, meaning in WORDS.items():
        yield word, ("word", meaning)
