"""Loops over many worlds abreast: the ensemble kernel, the month of every member at once.

The loops below run over months, members and lanes (worlds side by side, see ``buffers.py``) and
hold no rule: they load a record, call the function that the Mesa agents call, and store what it
returns. So a new parameter, state variable, lever, signal or event leaves this module as it is. The
loops are plain Python and run as they stand; ``compiled.py`` makes machine code of them that gives
the same bits. A function writes its results into the arrays that it is given.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from foedus.model.chronicle import FIRST, Events, absorbed, bin_of, counted, happened, stirred
from foedus.model.cohesion import Cohesion, Tally, cohesion, cohesion_index, end_state, tally
from foedus.model.draws import DESIGN, OPENING, draw, philox, uniform
from foedus.model.elementary import MONTH, exp, log
from foedus.model.order import befall, transition
from foedus.model.parameters import Parameters
from foedus.model.records import Drivers, Signals, State, attend_to, is_member, standing, takes_part
from foedus.model.rules import answer_chance, clash_chance, crisis_chance, lasting_difference
from foedus.worlds.buffers import LANES, STRIDE, first_times, load, store

HALF = LANES // 2
#: Log chance of what is impossible. It is so low that calibration never keeps such a world, and
#: finite so that it can be multiplied by 0 (the likelihood to a power).
IMPOSSIBLE = -100.0

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Integers = npt.NDArray[np.int64]
    Counts = npt.NDArray[np.int32]
    Codes = npt.NDArray[np.int8]


class Case(NamedTuple):
    """What all worlds of a scenario share."""

    seed_low: int
    seed_high: int
    addresses: Integers  # (member,)
    attention: Floats  # (member, member)
    drivers: Floats  # (month, member, field of Drivers)
    weights: Floats  # (weighting, member); the first weighting is 1 for each
    index_weights: Floats  # (component,)


class Fields(NamedTuple):
    """Which fields are kept, as places in their records, and the units in which sums are whole."""

    watched: Integers  # fields of State kept at the horizon and in histograms
    recorded: Integers  # fields of State that change: those with monthly sums
    units: Floats  # (power, recorded): units of their sums and of the sums of their squares
    signals: Integers  # fields of Signals with monthly sums
    totals: Integers  # fields of Signals summed over the months, world by world
    share_unit: float  # units per 1 in sums of shares
    parameters: Integers  # all fields of Parameters, and keys of the fingerprint for them
    parameter_keys: Integers
    states: Integers  # all fields of State, and keys for them
    state_keys: Integers


class Bench(NamedTuple):
    """Buffers for one batch of worlds, used again by the next."""

    runs: Integers  # (LANES,): addresses of the worlds
    parameters: Floats  # (field * STRIDE,)
    states: Floats  # (member, field * STRIDE)
    signals: Floats  # (member, field * STRIDE)
    seen: Floats  # (member, field * STRIDE)
    inside: Floats  # (LANES,): 1 in the worlds that count
    places: Integers  # (LANES,): bins of a histogram
    first_month: Floats  # (member, event * STRIDE): month of the first, from 1; 0 if never
    totals: Floats  # (member, signal * STRIDE): sums over the months
    tallies: Floats  # (weighting, field * STRIDE)
    components: Floats  # (weighting, field * STRIDE)
    cohesion: Floats  # (weighting, LANES): the index
    standing: Codes  # (member, LANES)
    takes_part: Codes  # (member, LANES)
    end_state: Codes  # (LANES,)
    fingerprint: Integers  # (LANES,)


class Monthly(NamedTuple):
    """Sums over worlds, month by month; whole numbers, so that their order does not matter."""

    standing: Counts  # (month, member, standing)
    taking_part: Counts  # (month, member)
    sums: Integers  # (power, recorded, month, member), over those who are members
    signals: Integers  # (signal, month, member)
    histogram: Counts  # (watched, month, member, bin), over those who are members; see count_bins
    end_state: Counts  # (month, end state)
    number_taking_part: Counts  # (month, 0..members)
    cohesion: Counts  # (weighting, month, bin)
    cohesion_sums: Integers  # (power, weighting, month)
    component_sums: Integers  # (weighting, component, month)


# ---------------------------------------------------------------------------------------------
# The opening


def design_uniforms(
    seed_low: int,
    seed_high: int,
    runs: Integers,
    owners: Integers,
    labels: Integers,
    out: Floats,  # (label, run)
) -> None:
    """Draw the uniform numbers that decide parameters and opening numbers.

    See ``draws.design_uniform``; ``owners`` and ``labels`` have one entry for each row of ``out``.
    """
    for k in range(out.shape[0]):
        owner, label, row = int(owners[k]), int(labels[k]), out[k]
        for r in range(out.shape[1]):
            word, _, _, _ = philox(int(runs[r]), DESIGN, owner, label, seed_low, seed_high)
            row[r] = uniform(word)


def lasting_differences(
    seed_low: int,
    seed_high: int,
    luck: Integers,  # (member, run): the world whose luck each has
    addresses: Integers,
    parameters: Floats,  # (parameter, run)
    out: Floats,  # (member, run)
) -> None:
    """Draw the lasting differences of the members, see ``rules.lasting_difference``."""
    count = out.shape[1]
    flat = parameters.reshape(parameters.size)
    for member in range(out.shape[0]):
        for r in range(count):
            world, address = int(luck[member, r]), int(addresses[member])
            drawn = draw(seed_low, seed_high, world, OPENING, address, 0)
            out[member, r] = lasting_difference(load(Parameters, flat, r, count), drawn)


# ---------------------------------------------------------------------------------------------
# The month, one member in all lanes


def endure(
    seed_low: int,
    seed_high: int,
    runs: Integers,
    month: int,
    address: int,
    row: Floats,
    parameters: Floats,
    states: Floats,
    signals: Floats,
) -> None:
    """Find what befalls one member in one month: ``signals``, from its ``states`` before.

    ``row`` holds the member's drivers of the month.
    """
    drivers = load(Drivers, row, 0, 1)
    for lane in range(LANES):
        luck = draw(seed_low, seed_high, int(runs[lane]), month, address, int(drivers.pair))
        p = load(Parameters, parameters, lane, STRIDE)
        store(signals, lane, STRIDE, befall(p, load(State, states, lane, STRIDE), drivers, luck))


def attend(attention: Floats, signals: Floats, seen: Floats) -> None:
    """Sum what each member sees of the others, in their order.

    The loops go in tiles: eight members that see, eight that are seen, half of the lanes. So the
    sums stay in the first-level cache while they are used.
    """
    members = signals.shape[0]
    eights = members - members % 8
    seen[:] = 0.0
    for start in range(0, members, 8):
        stop = min(start + 8, members)
        for first in range(0, LANES, HALF):
            for j in range(0, eights, 8):
                for i in range(start, stop):
                    attend_to_eight(first, attention[i, j : j + 8], signals[j : j + 8], seen[i])
        for j in range(eights, members):
            for i in range(start, stop):
                if attention[i, j] > 0.0:
                    attend_to_one(attention[i, j], signals[j], seen[i])


def attend_to_one(attention: float, signals: Floats, seen: Floats) -> None:
    """Add what is seen of one other."""
    for lane in range(LANES):
        total = attend_to(
            load(Signals, seen, lane, STRIDE), attention, load(Signals, signals, lane, STRIDE)
        )
        store(seen, lane, STRIDE, total)


def attend_to_eight(first: int, attention: Floats, signals: Floats, seen: Floats) -> None:
    """Add what is seen of eight others: the sums are loaded and stored once for all of them."""
    one, two, three, four = signals[0], signals[1], signals[2], signals[3]
    five, six, seven, eight = signals[4], signals[5], signals[6], signals[7]
    for lane in range(first, first + HALF):
        total = load(Signals, seen, lane, STRIDE)
        total = attend_to(total, attention[0], load(Signals, one, lane, STRIDE))
        total = attend_to(total, attention[1], load(Signals, two, lane, STRIDE))
        total = attend_to(total, attention[2], load(Signals, three, lane, STRIDE))
        total = attend_to(total, attention[3], load(Signals, four, lane, STRIDE))
        total = attend_to(total, attention[4], load(Signals, five, lane, STRIDE))
        total = attend_to(total, attention[5], load(Signals, six, lane, STRIDE))
        total = attend_to(total, attention[6], load(Signals, seven, lane, STRIDE))
        total = attend_to(total, attention[7], load(Signals, eight, lane, STRIDE))
        store(seen, lane, STRIDE, total)


def respond(
    seed_low: int,
    seed_high: int,
    runs: Integers,
    month: int,
    address: int,
    row: Floats,
    parameters: Floats,
    states: Floats,
    own: Floats,
    seen: Floats,
    first_month: Floats,
) -> None:
    """Replace one member's states by those at the end of the month, and note first events.

    ``row`` holds the member's drivers of the month, ``own`` its signals, ``seen`` the sums of the
    others' signals.
    """
    drivers = load(Drivers, row, 0, 1)
    for lane in range(LANES):
        before = load(State, states, lane, STRIDE)
        after = transition(
            load(Parameters, parameters, lane, STRIDE),
            before,
            drivers,
            draw(seed_low, seed_high, int(runs[lane]), month, address, int(drivers.pair)),
            load(Signals, own, lane, STRIDE),
            load(Signals, seen, lane, STRIDE),
        )
        store(states, lane, STRIDE, after)
        first = load(Events, first_month, lane, STRIDE)
        events = happened(before, after, drivers)
        store(first_month, lane, STRIDE, first_times(first, events, float(month)))


# ---------------------------------------------------------------------------------------------
# What is kept of it


def add_totals(fields: Integers, signals: Floats, totals: Floats) -> None:
    """Add this month's signals to the sums over the months."""
    for k in range(fields.shape[0]):
        source = signals[fields[k] * STRIDE : fields[k] * STRIDE + LANES]
        target = totals[k * STRIDE : k * STRIDE + LANES]
        for lane in range(LANES):
            target[lane] += source[lane]


def take_in(fields: Integers, keys: Integers, record: Floats, fingerprint: Integers) -> None:
    """Take every bit of some fields of a record into the fingerprints, two fields at a time."""
    count = fields.shape[0]
    for k in range(0, count - 1, 2):
        one, other = int(fields[k]), int(fields[k + 1])
        here = record[one * STRIDE : one * STRIDE + LANES]
        there = record[other * STRIDE : other * STRIDE + LANES]
        one_key, other_key = int(keys[one]), int(keys[other])
        for lane in range(LANES):
            partly = absorbed(int(fingerprint[lane]), float(here[lane]), one_key)
            fingerprint[lane] = absorbed(partly, float(there[lane]), other_key)
    if count % 2 == 1:
        last = int(fields[count - 1])
        values = record[last * STRIDE : last * STRIDE + LANES]
        key = int(keys[last])
        for lane in range(LANES):
            fingerprint[lane] = absorbed(int(fingerprint[lane]), float(values[lane]), key)
    for lane in range(LANES):
        fingerprint[lane] = stirred(int(fingerprint[lane]))


def find_inside(states: Floats, inside: Floats) -> None:
    """Mark the lanes in which a client is a member."""
    for lane in range(LANES):
        inside[lane] = is_member(load(State, states, lane, STRIDE))


def count_standings(
    worlds: int, states: Floats, standings: Codes, taking_part: Codes, counts: Counts
) -> int:
    """Find and count standings; return in how many worlds the member takes part."""
    total = 0
    for lane in range(worlds):
        state = load(State, states, lane, STRIDE)
        standings[lane] = standing(state)
        taking_part[lane] = int(takes_part(state))
        counts[standings[lane]] += 1
        total += taking_part[lane]
    return total


def sum_up(worlds: int, unit: float, values: Floats, inside: Floats) -> int:
    """Sum of a quantity over the worlds in which it counts, in whole units."""
    total = 0
    for lane in range(worlds):
        total += counted(float(values[lane]), unit) if inside[lane] > 0.0 else 0
    return total


def sum_up_squares(
    worlds: int, unit: float, square_unit: float, values: Floats, inside: Floats
) -> tuple[int, int]:
    """Sum of a quantity and of its squares, in whole units."""
    total, squares = 0, 0
    for lane in range(worlds):
        value = float(values[lane])
        total += counted(value, unit) if inside[lane] > 0.0 else 0
        squares += counted(value * value, square_unit) if inside[lane] > 0.0 else 0
    return total, squares


def count_bins(
    worlds: int, values: Floats, inside: Floats, places: Integers, counts: Counts
) -> None:
    """Count a share into a histogram; worlds that do not count go into an extra bin at the end."""
    bins = counts.shape[0] - 1
    for lane in range(LANES):
        value = float(values[lane]) if inside[lane] > 0.0 else 0.0
        places[lane] = bin_of(value, bins) if inside[lane] > 0.0 else bins
    for lane in range(worlds):
        counts[places[lane]] += 1


def keep_member(
    worlds: int, month: int, member: int, fields: Fields, bench: Bench, monthly: Monthly
) -> None:
    """Add one member's month to the sums over worlds."""
    states, inside = bench.states[member], bench.inside
    find_inside(states, inside)
    monthly.taking_part[month, member] += count_standings(
        worlds,
        states,
        bench.standing[member],
        bench.takes_part[member],
        monthly.standing[month, member],
    )
    for k in range(fields.recorded.shape[0]):
        at = fields.recorded[k] * STRIDE
        values = states[at : at + LANES]
        total, squares = sum_up_squares(
            worlds, fields.units[0, k], fields.units[1, k], values, inside
        )
        monthly.sums[0, k, month, member] += total
        monthly.sums[1, k, month, member] += squares
    for k in range(fields.watched.shape[0]):
        at = fields.watched[k] * STRIDE
        values = states[at : at + LANES]
        count_bins(worlds, values, inside, bench.places, monthly.histogram[k, month, member])
    for k in range(fields.signals.shape[0]):
        at = fields.signals[k] * STRIDE
        values = bench.signals[member, at : at + LANES]
        monthly.signals[k, month, member] += sum_up(worlds, fields.share_unit, values, inside)


def add_tally(weight: float, states: Floats, sums: Floats) -> None:
    """Count one client in all lanes towards cohesion."""
    for lane in range(LANES):
        total = tally(load(Tally, sums, lane, STRIDE), load(State, states, lane, STRIDE), weight)
        store(sums, lane, STRIDE, total)


def find_cohesion(weights: Floats, sums: Floats, components: Floats, index: Floats) -> None:
    """Cohesion and its components in all lanes."""
    weight = load(Cohesion, weights, 0, 1)
    for lane in range(LANES):
        found = cohesion(load(Tally, sums, lane, STRIDE))
        store(components, lane, STRIDE, found)
        index[lane] = cohesion_index(found, weight)


def count_end_states(
    worlds: int, sums: Floats, end_states: Codes, counts: Counts, taking_part: Counts
) -> None:
    """Find and count the end states if the horizon were now, and how many take part."""
    for lane in range(worlds):
        total = load(Tally, sums, lane, STRIDE)
        end_states[lane] = end_state(total.taking_part, total.members, total.clients)
        counts[end_states[lane]] += 1
        taking_part[int(total.taking_part)] += 1


def keep_alliance(
    worlds: int, month: int, case: Case, fields: Fields, bench: Bench, monthly: Monthly
) -> None:
    """Find the alliance's cohesion and end state, and add them to the sums over worlds."""
    bench.tallies[:] = 0.0
    for w in range(case.weights.shape[0]):
        sums, components = bench.tallies[w], bench.components[w]
        for member in range(case.weights.shape[1]):
            add_tally(case.weights[w, member], bench.states[member], sums)
        find_cohesion(case.index_weights, sums, components, bench.cohesion[w])
        keep_cohesion(worlds, month, w, fields, bench, monthly)
    count_end_states(
        worlds,
        bench.tallies[0],
        bench.end_state,
        monthly.end_state[month],
        monthly.number_taking_part[month],
    )


def keep_cohesion(
    worlds: int, month: int, w: int, fields: Fields, bench: Bench, monthly: Monthly
) -> None:
    """Add cohesion by one weighting to the sums over all worlds."""
    index, inside, unit = bench.cohesion[w], bench.inside, fields.share_unit
    inside[:] = 1.0
    count_bins(worlds, index, inside, bench.places, monthly.cohesion[w, month])
    total, squares = sum_up_squares(worlds, unit, unit, index, inside)
    monthly.cohesion_sums[0, w, month] += total
    monthly.cohesion_sums[1, w, month] += squares
    for c in range(monthly.component_sums.shape[1]):
        values = bench.components[w, c * STRIDE : c * STRIDE + LANES]
        monthly.component_sums[w, c, month] += sum_up(worlds, unit, values, inside)


# ---------------------------------------------------------------------------------------------
# A batch


def begin(fields: Fields, bench: Bench) -> None:
    """Clear the buffers and begin the fingerprints, with parameters and opening states."""
    bench.first_month[:] = 0.0
    bench.totals[:] = 0.0
    bench.fingerprint[:] = FIRST
    take_in(fields.parameters, fields.parameter_keys, bench.parameters, bench.fingerprint)
    for member in range(bench.states.shape[0]):
        take_in(fields.states, fields.state_keys, bench.states[member], bench.fingerprint)


def simulate(
    case: Case,
    fields: Fields,
    first: int,
    last: int,
    worlds: int,
    bench: Bench,
    monthly: Monthly,
) -> None:
    """Simulate a batch of worlds from one month to before another.

    Parameters
    ----------
    first, last
        Months since the start, from 0.
    worlds
        Number of lanes that count towards ``monthly``; the lanes after them are ignored.
    """
    members = case.drivers.shape[1]
    low, high = case.seed_low, case.seed_high
    for month in range(first, last):
        for i in range(members):
            endure(
                low, high, bench.runs, month + 1, int(case.addresses[i]), case.drivers[month, i],
                bench.parameters, bench.states[i], bench.signals[i],
            )  # fmt: skip
        attend(case.attention, bench.signals, bench.seen)
        for i in range(members):
            respond(
                low, high, bench.runs, month + 1, int(case.addresses[i]), case.drivers[month, i],
                bench.parameters, bench.states[i], bench.signals[i], bench.seen[i],
                bench.first_month[i],
            )  # fmt: skip
            add_totals(fields.totals, bench.signals[i], bench.totals[i])
            take_in(fields.recorded, fields.state_keys, bench.states[i], bench.fingerprint)
            keep_member(worlds, month, i, fields, bench, monthly)
        keep_alliance(worlds, month, case, fields, bench, monthly)


def live(case: Case, first: int, last: int, luck: Integers, bench: Bench) -> None:
    """Simulate a batch of worlds as :func:`simulate` does, without sums and fingerprints.

    Calibration and hindcast use it. Unlike in :func:`simulate`, the members of one world may have
    the luck of different worlds.

    Parameters
    ----------
    first, last
        Months since the start, from 0; ``last`` is not simulated.
    luck
        Shape (member, LANES): the world whose luck each member has.
    """
    members = case.drivers.shape[1]
    low, high = case.seed_low, case.seed_high
    for month in range(first, last):
        for i in range(members):
            endure(
                low, high, luck[i], month + 1, int(case.addresses[i]), case.drivers[month, i],
                bench.parameters, bench.states[i], bench.signals[i],
            )  # fmt: skip
        attend(case.attention, bench.signals, bench.seen)
        for i in range(members):
            respond(
                low, high, luck[i], month + 1, int(case.addresses[i]), case.drivers[month, i],
                bench.parameters, bench.states[i], bench.signals[i], bench.seen[i],
                bench.first_month[i],
            )  # fmt: skip


# ---------------------------------------------------------------------------------------------
# How likely the record is in a world


def judge_crisis(
    helped: float, row: Floats, parameters: Floats, states: Floats, out: Floats
) -> None:
    """Add the log chance of a crisis on record and of the patron's answer to it.

    Parameters
    ----------
    helped
        1 if the patron helped, 0 if not; between 0 and 1 it weighs the log chances of both answers.
    row
        The member's drivers in the month of the crisis.
    states
        The member at the end of the month before.
    out
        Log-likelihoods of the worlds, to which the log chances are added.
    """
    drivers = load(Drivers, row, 0, 1)
    for lane in range(LANES):
        p, state = load(Parameters, parameters, lane, STRIDE), load(State, states, lane, STRIDE)
        if is_member(state) == 0.0:
            out[lane] += IMPOSSIBLE
        else:
            chance = answer_chance(p, state, drivers)
            out[lane] += log(crisis_chance(state.threat, drivers.threat))
            out[lane] += helped * log(chance) + (1.0 - helped) * log(1.0 - chance)


def judge_quiet(exposure: Floats, first_month: Floats, states: Floats, out: Floats) -> None:
    """Add the log chance that the member had no crisis beside those on record, until it left.

    The log chance of one month without a crisis is -threat x multiplier / 12.

    Parameters
    ----------
    exposure
        Entry n is the sum of the threat multipliers of the first n months, those with a crisis on
        record left out.
    first_month
        When events first happened, of which withdrawal and expulsion end membership.
    out
        Log-likelihoods of the worlds, to which the log chances are added.
    """
    for lane in range(LANES):
        events = load(Events, first_month, lane, STRIDE)
        left = int(max(events.withdrawal, events.expulsion))
        passed = left if left > 0 else exposure.shape[0] - 1
        out[lane] -= load(State, states, lane, STRIDE).threat * MONTH * exposure[passed]


def judge_clashes(fought: Floats, quiet: float, parameters: Floats, out: Floats) -> None:
    """Add the log chance of fighting in some months, and in no others.

    ``fought`` is how open the dispute was in those, ``quiet`` its sum over the others.
    """
    for lane in range(LANES):
        p = load(Parameters, parameters, lane, STRIDE)
        for k in range(fought.shape[0]):
            out[lane] += log(clash_chance(p, fought[k]))
        out[lane] -= p.clash_rate * MONTH * quiet


def exponentials(values: Floats, out: Floats) -> None:
    """Exponential function, to the same bits everywhere."""
    for k in range(values.shape[0]):
        out[k] = exp(float(values[k]))


#: The functions that are called from outside.
ENTRIES = (
    design_uniforms, lasting_differences, begin, simulate, live,
    judge_crisis, judge_quiet, judge_clashes, exponentials,
)  # fmt: skip
