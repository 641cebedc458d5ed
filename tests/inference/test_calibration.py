"""Calibration: the likelihood against a second writing, and a posterior anyone can make again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from math import log
from typing import TYPE_CHECKING

import numpy as np
import pytest

from foedus.cases.months import parse_month
from foedus.cases.record import Observation, load_record
from foedus.errors import ResultError
from foedus.inference.calibration import calibrate
from foedus.inference.checks import checks
from foedus.inference.likelihood import (
    STRUCTURAL,
    Begun,
    Likelihood,
    Offsets,
    placed,
    seed_before,
    target,
)
from foedus.inference.structures import of_coding
from foedus.model import records, rules
from foedus.model.records import State
from foedus.model.specifications import specifications
from foedus.worlds.agents import AllianceModel
from foedus.worlds.openings import FromTable
from foedus.worlds.posterior import continued, load_posterior, shipped_posterior

if TYPE_CHECKING:
    from pathlib import Path

    from foedus.cases.record import Record
    from foedus.worlds.posterior import Posterior

FEW = 48_000  # worlds: the fewest that calibrate takes with one population a constant
SEED = 2018


@pytest.fixture(scope="module")
def record() -> Record:
    return load_record()


@pytest.fixture(scope="module")
def early(record: Record) -> Record:
    return record.until(parse_month("2019-12"))


@pytest.fixture(scope="module")
def posterior(early: Record) -> Posterior:
    return calibrate(early, draws=FEW, seed=3, workers=2, islands=1)


@pytest.fixture(scope="module")
def shipped() -> Posterior:
    found = shipped_posterior()
    assert found is not None
    return found


def by_hand(record: Record, model: AllianceModel) -> float:
    """Log-likelihood of the record in one world, stepped month by month with Mesa."""
    history, total, away = record.history, 0.0, []
    threatened = history.alliance.numbers["AZE.threatens.ARM"].value
    scripted = {(c.member, parse_month(c.date)): c for c in record.crises}
    while model.running:
        month = history.start + model.elapsed
        before = {member.code: member.state for member in model.members}
        model.step()
        if not model.running and month > record.end:
            break
        for member in model.members:
            drivers, state = member.drivers, before[member.code]
            crisis = scripted.get((member.code, month))
            if state.membership >= records.WITHDRAWN:
                total -= 100 if crisis else 0
                continue
            calm = np.exp(-state.threat * threats(member.code, month, threatened) / 12)
            total += log(1 - calm if crisis else calm)
            if crisis:
                chance = rules.support_chance(
                    model.parameters,
                    drivers.bandwidth,
                    drivers.ties_keep * state.adversary_ties + drivers.ties_set,
                    records.takes_part(state),
                )
                total += log(chance if crisis.support else 1 - chance)
        for item in record.fitted:
            if item.month == month:
                state = model.members[history.alliance.members.index(item.member)].state
                if not item.is_event:
                    away.append((item, getattr(state, item.what) - item.value))
                    continue
                true = {
                    "paid_up": state.arrears == 0,
                    "remains": state.membership == records.IN,
                }.get(item.what, getattr(state, item.what, None))
                total += log(1 - item.error if float(true or 0) == item.value else item.error)
    return total + normal(away) + fighting(record, model.parameters.clash_rate)


def fighting(record: Record, rate: float) -> float:
    """Log chance of the fighting between Kyrgyzstan and Tajikistan on record, and of no other.

    The border treaty of March 2025 left a quarter of the dispute.
    """
    fought = {parse_month(clash.date) for clash in record.clashes}
    total = 0.0
    for month in range(record.history.start, record.end + 1):
        quiet = np.exp(-rate * (0.25 if month >= parse_month("2025-04") else 1.0) / 12)
        total += log(1 - quiet if month in fought else quiet)
    return total


def normal(away: list[tuple[Observation, float]]) -> float:
    """Log density of differences, up to a constant: offsets make those of an instrument covary."""
    covariance = np.array(
        [
            [
                (one is other) * one.error**2
                + (one.instrument is not None and one.instrument == other.instrument) * one.house**2
                for other, _ in away
            ]
            for one, _ in away
        ]
    )
    values = np.array([value for _, value in away])
    return float(-0.5 * values @ np.linalg.solve(covariance, values))


def threats(code: str, month: int, threatened: float) -> float:
    """Multiplier of threat in the history: Azerbaijan's normalisation of August 2025 (IV.4)."""
    signed = code == "ARM" and month >= parse_month("2025-08")
    return 1 - 0.2 * threatened if signed else 1.0


def test_the_likelihood_is_that_of_a_world_stepped_with_mesa(record: Record) -> None:
    likelihood = Likelihood(replace(record, earlier=()), SEED, 1)
    count = 40
    numbers = np.random.default_rng(5).random((len(likelihood.wanted.names), count))
    values = placed(likelihood.wanted, numbers, np.full(count, 0.5))
    luck = np.tile(np.arange(7, 7 + count), (likelihood.blocks, 1))
    left = likelihood.ends(values, luck)[State._fields.index("membership")] >= records.WITHDRAWN
    assert left.any(), "some member has left in one of the worlds"
    found = likelihood.score(values, luck)
    likelihood.close()
    for k in range(count):
        own = FromTable({name: row[[k]] for name, row in values.items()})
        model = AllianceModel(
            record.history, seed=SEED, run=int(luck[0, k]), parameters=own, collect=False
        )
        assert found[k] == pytest.approx(by_hand(record, model), abs=1e-8)


def test_the_likelihood_of_several_records_is_the_sum_over_them(record: Record) -> None:
    (calm,), alone = record.earlier, replace(record, earlier=())
    whole, last = Likelihood(record, SEED, 1), Likelihood(alone, SEED, 1)
    count = 3
    numbers = np.random.default_rng(6).random((len(whole.wanted.names), count))
    values = placed(whole.wanted, numbers, np.full(count, 0.5))
    luck = np.tile(np.arange(7, 7 + count), (whole.blocks, 1))
    both, late = whole.score(values, luck), last.score(values, luck[-last.blocks :])
    listed = Likelihood([calm, alone], SEED, 1)
    assert np.array_equal(listed.score(values, luck), both)
    for likelihood in (whole, last, listed):
        likelihood.close()
    seed, members = seed_before(SEED, 1), len(calm.history.alliance.members)
    for k in range(count):
        own = Begun(
            {name: row[[k]] for name, row in values.items()},
            luck=np.tile(np.arange(99), (members, 1)),
        )
        model = AllianceModel(calm.history, seed=seed, run=7 + k, parameters=own, collect=False)
        assert both[k] - late[k] == pytest.approx(by_hand(calm, model), abs=1e-7)


def test_an_earlier_record_adds_no_number_and_leaves_the_last_ones_states_alone(
    record: Record,
) -> None:
    alone = replace(record, earlier=())
    whole, last = Likelihood(record, SEED, 1), Likelihood(alone, SEED, 1)
    assert whole.wanted == last.wanted
    values = placed(whole.wanted, np.full((len(whole.wanted.names), 4), 0.5), np.zeros(4))
    luck = np.random.default_rng(1).integers(0, 1000, (whole.blocks, 4))
    assert np.array_equal(whole.ends(values, luck), last.ends(values, luck[-last.blocks :]))
    scores = whole.score(values, luck)
    first = np.concatenate([luck[:1] + 1, luck[1:]])  # the first member's opening numbers
    assert (whole.score(values, first) != scores).all()
    for likelihood in (whole, last):
        likelihood.close()


def surveys(house: float, *values: float, error: float = 0.05) -> list[Observation]:
    return [
        Observation("trust", "KAZ", month, value, error, "s", "", scored=True, instrument="i",
                    house=house)
        for month, value in enumerate(values)
    ]  # fmt: skip


def agreement(items: list[Observation], seen: list[float]) -> float:
    offsets = Offsets()
    for item, true in zip(items, seen, strict=True):
        offsets.add(item, np.array([true]))
    return float(offsets.agreement()[0])


def test_an_offset_of_any_size_leaves_only_changes_to_tell() -> None:
    items, true = surveys(1e6, 0.9, 0.7, 0.8), [0.6, 0.5, 0.4]
    shifted = [value + 0.3 for value in true]
    assert agreement(items, true) == pytest.approx(agreement(items, shifted), abs=1e-6)
    assert agreement(items, true) < agreement(items, [0.6, 0.4, 0.5]) - 1.0
    assert agreement(surveys(1e6, 0.9), [0.1]) == pytest.approx(0.0, abs=1e-6)


def test_without_an_offset_surveys_are_independent() -> None:
    true = [0.6, 0.5, 0.4]
    alone = sum(-0.5 * ((0.8 - value) / 0.05) ** 2 for value in true)
    assert agreement(surveys(1e-9, 0.8, 0.8, 0.8), true) == pytest.approx(alone)


def test_an_offset_is_one_for_all_surveys_of_an_instrument() -> None:
    items, true = surveys(0.15, 0.8, 0.75, 0.7), [0.6, 0.5, 0.55]
    assert agreement(items, true) == pytest.approx(
        normal([(i, t - i.value) for i, t in zip(items, true, strict=True)])
    )
    other = [replace(item, instrument=str(k)) for k, item in enumerate(items)]
    assert agreement(other, true) < agreement(items, true), "three like offsets are less likely"


def test_luck_is_by_year_and_member(record: Record) -> None:
    likelihood = Likelihood(record, SEED, 1)
    numbers = np.full((len(likelihood.wanted.names), 2), 0.5)
    values = placed(likelihood.wanted, numbers, np.zeros(2))
    _, members = likelihood.shapes[-1]
    luck = np.zeros((likelihood.blocks, 2), dtype=np.int64)
    luck[1 - members, 1] = 99  # the second member's last year
    ends = likelihood.ends(values, luck)
    likelihood.close()
    trust = ends[State._fields.index("trust")]
    assert trust[1, 0] != trust[1, 1]
    assert trust[3, 0] == trust[3, 1]


def test_every_number_with_a_prior_is_drawn(record: Record) -> None:
    wanted = target(record.history)
    assert set(specifications()) - {STRUCTURAL} <= set(wanted.names)
    assert wanted.structural == (0.0, 0.5, 1.0)
    assert "ARM.trust" in wanted.names
    assert "ARM.trust_before" not in wanted.names, "it is drawn as another"


def test_any_number_of_workers_gives_the_same_posterior(
    early: Record, posterior: Posterior
) -> None:
    again = calibrate(early, draws=FEW, seed=3, workers=1, islands=1)
    assert again.fingerprint == posterior.fingerprint
    assert again.about == posterior.about
    assert posterior.about["pooled"] == 4 * posterior.about["particles"], "of the last rounds"


def test_another_seed_gives_another_posterior(early: Record, posterior: Posterior) -> None:
    other = calibrate(early, draws=FEW, seed=4, workers=2, islands=1)
    assert other.fingerprint != posterior.fingerprint


def test_nothing_later_reaches_an_earlier_posterior(record: Record, posterior: Posterior) -> None:
    later = parse_month("2019-12")
    changed = replace(
        record,
        observations=tuple(
            replace(item, value=1.0 - item.value) if item.month > later else item
            for item in record.observations
        ),
    )
    again = calibrate(changed.until(later), draws=FEW, seed=3, workers=2, islands=1)
    assert again.fingerprint == posterior.fingerprint


def test_each_value_of_the_repair_constant_has_an_equal_part(posterior: Posterior) -> None:
    values, counts = np.unique(posterior.values[STRUCTURAL], return_counts=True)
    assert values.tolist() == [0.0, 0.5, 1.0]
    assert len(set(counts.tolist())) == 1


def test_draws_go_round_the_constants_and_then_the_populations(early: Record) -> None:
    found = calibrate(early, draws=2 * FEW, seed=3, workers=2, islands=2, size=30)
    assert found.populations.strata.tolist() == [0, 1, 2, 0, 1, 2]
    assert found.populations.islands.tolist() == [0, 0, 0, 1, 1, 1]
    assert found.size == 30
    assert found.values[STRUCTURAL].tolist() == [0.0, 0.5, 1.0] * 10


def test_worlds_go_on_from_the_trade_path_they_had() -> None:
    states = np.zeros((len(State._fields), 1, 2))
    at = State._fields.index
    states[at("dependence")], states[at("erosion")] = 0.45, np.array([[0.1, 0.0]])
    after = continued(states)[at("dependence_initial"), 0]
    assert rules.traded_dependence(after[0], 1.0, 0.0, 0.1) == pytest.approx(0.45)
    assert after[1] == pytest.approx(0.45)


def test_too_few_draws_are_refused(early: Record) -> None:
    with pytest.raises(ResultError, match="too few; give at least 192,000"):
        calibrate(early, draws=1_000)


def test_a_checkpoint_of_another_calibration_is_refused(early: Record, tmp_path: Path) -> None:
    path = tmp_path / "kept.part"
    path.write_bytes(b"something else")
    with pytest.raises(ResultError, match="kept by another calibration"):
        calibrate(early, draws=FEW, islands=1, checkpoint=path)
    assert path.read_bytes() == b"something else"


def test_an_interrupted_calibration_goes_on_from_the_round_it_had_reached(
    early: Record, posterior: Posterior, tmp_path: Path
) -> None:
    path, seen = tmp_path / "kept.part", []

    def stop(done: int, total: int) -> None:
        if done > total / 3:
            raise KeyboardInterrupt

    options = {"draws": FEW, "seed": 3, "workers": 2, "islands": 1, "checkpoint": path}
    with pytest.raises(KeyboardInterrupt):
        calibrate(early, progress=stop, **options)  # type: ignore[arg-type]
    again = calibrate(early, progress=lambda done, total: seen.append(done / total), **options)  # type: ignore[arg-type]
    assert seen[0] > 1 / 3
    assert again.fingerprint == posterior.fingerprint
    assert not path.exists()


def test_a_killed_calibration_goes_on_and_ends_the_same(early: Record, tmp_path: Path) -> None:
    whole, out = tmp_path / "whole.npz", tmp_path / "out.npz"
    kept = tmp_path / "out.npz.part.free"
    options = ["--model", "free", "--until", "2019-12", "--draws", "192000", "--quiet"]

    def command(path: Path) -> list[str]:
        return [sys.executable, "-m", "foedus", "calibrate", *options, "--out", str(path)]

    process = subprocess.Popen(command(out), stderr=subprocess.DEVNULL)
    for _ in range(1200):
        if kept.exists() or process.poll() is not None:
            break
        time.sleep(0.05)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert kept.exists()
    assert not out.exists()
    subprocess.run(command(out), check=True)
    assert not kept.exists()
    subprocess.run(command(whole), check=True)
    assert out.read_bytes() == whole.read_bytes()


# The posterior that is shipped


def test_the_shipped_posterior_is_of_the_shipped_record(record: Record, shipped: Posterior) -> None:
    assert shipped.about["record"] == record.fingerprint
    assert shipped.date == record.end
    assert shipped.size == 1_800


def test_the_shipped_worlds_come_out_again_from_their_numbers_and_luck(
    shipped: Posterior,
) -> None:
    assert shipped.models
    for coding in dict.fromkeys(model["coding"] for model in shipped.models):
        own = of_coding(shipped, coding)
        likelihood = Likelihood(load_record(coding=coding), int(shipped.about["seed"]), 2)
        again = continued(likelihood.ends(own.values, own.luck))
        likelihood.close()
        assert np.array_equal(again.astype(np.float32).astype(float), own.states)


def test_the_shipped_worlds_fit_the_record(record: Record, shipped: Posterior) -> None:
    found = checks(record, of_coding(shipped, "main"), workers=2)
    armenia = [check for check in found if check.item.member == "ARM"]
    surveys = [c for c in armenia if c.item.what == "trust" and c.item.instrument is None]
    assert all(abs(check.kept - check.item.value) < 0.10 for check in surveys)
    assert sum(bool(check.is_inside) for check in surveys) >= len(surveys) - 1
    for check in armenia:
        year = check.item.month // 12
        if check.item.what == "attended" and year <= 2022:
            assert check.kept > 0.8
        if check.item.what == "attended" and year >= 2024:
            assert check.kept < 0.4
        if check.item.what == "frozen" and check.item.month == parse_month("2024-12"):
            assert check.kept > 0.6
    others = [
        check for check in found if check.item.member != "ARM" and check.item.what == "attended"
    ]
    assert np.mean([check.kept for check in others]) > 0.9
    assert np.mean([check.again for check in others]) > 0.9


def test_the_populations_agree_on_what_the_record_informs(shipped: Posterior) -> None:
    assert {"trust_loss", "ARM.trust", "ARM.expectation"} <= set(shipped.informed)
    assert min(shipped.about["effective"].values()) > 50
    for name, ratio in shipped.spread_ratio.items():
        assert 0.0 < ratio < 1.2, name


def test_a_saved_posterior_is_the_same_when_it_is_read(
    posterior: Posterior, tmp_path: Path
) -> None:
    path = tmp_path / "p.npz"
    posterior.save(path)
    again = load_posterior(path)
    assert again.fingerprint == posterior.fingerprint
    assert again.about == posterior.about
    assert again.spread_ratio == posterior.spread_ratio
