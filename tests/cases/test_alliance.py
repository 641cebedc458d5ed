from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from foedus.cases.alliance import GIVEN
from foedus.cases.alliance_reader import load_alliance
from foedus.cases.months import parse_month
from foedus.cases.shipped import shipped_alliances
from foedus.errors import AllianceError
from foedus.model.quantities import Uniform

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Edit = Callable[..., Path]

CSTO = shipped_alliances()["csto"].read_text(encoding="utf-8")


@pytest.fixture
def edited(tmp_path: Path) -> Edit:
    """Write the shipped alliance with one piece replaced and return its path."""

    def write(old: str, new: str) -> Path:
        assert old in CSTO
        path = tmp_path / "mine.yaml"
        path.write_text(CSTO.replace(old, new, 1), encoding="utf-8")
        return path

    return write


def refusal(path: Path, **options: Any) -> str:
    with pytest.raises(AllianceError) as caught:
        load_alliance(str(path), **options)
    return str(caught.value)


def test_the_csto_has_its_members_powers_and_two_dated_states() -> None:
    now = load_alliance("csto")
    assert now.patron == "RUS"
    assert now.members == ("ARM", "BLR", "KAZ", "KGZ", "TJK")
    assert [power.code for power in now.partners] == ["EU", "USA", "FRA", "IND"]
    (adversary,) = now.adversaries
    assert adversary.backers == ("Turkey", "Israel")
    assert now.numbers["ARM.participation"].shown == "frozen"
    assert now.value("ARM.trust") == 0.43
    before = load_alliance("csto", parse_month("2018-02"))
    assert before.numbers["ARM.participation"].shown == "active"
    assert before.value("ARM.trust") == 0.8
    assert "ARM.frozen_months" not in before.numbers


def test_figures_of_the_article_are_carried_with_their_citation() -> None:
    number = load_alliance("csto").numbers["ARM.dependence"]
    assert number.value == pytest.approx(12.7 / (12.7 + 2.3), abs=5e-4)
    assert (number.evidence.kind, number.evidence.source) == ("article", "III.3")


def test_attention_runs_over_the_other_clients_and_sums_to_one() -> None:
    for index, row in enumerate(load_alliance("csto").attention):
        assert row[index] == 0.0
        assert sum(row) == pytest.approx(1.0, abs=1e-12)


def test_the_opening_state_of_armenia_is_that_of_the_article() -> None:
    alliance = load_alliance("csto")
    state = alliance.opening("ARM", alliance.default_values("ARM"))
    assert (state.frozen, state.suspended, state.membership) == (1.0, 0.0, 0.0)
    assert (state.attended, state.consented, state.arrears, state.delivered) == (0, 1, 1, 0)
    assert state.frozen_months == 22.0
    assert state.expectation_initial == state.expectation
    assert state.dependence_initial == state.dependence


def test_drawn_opening_numbers_lie_in_their_priors_and_fixed_ones_do_not_move() -> None:
    alliance = load_alliance("csto")
    for run in range(20):
        for code in alliance.members:
            drawn = alliance.drawn_values(code, 1, run)
            assert drawn == alliance.drawn_values(code, 1, run)
            for name in GIVEN:
                number = alliance.numbers[f"{code}.{name}"]
                if isinstance(number.prior, Uniform):
                    assert number.prior.low <= drawn[name] <= number.prior.high
                else:
                    assert drawn[name] == number.value


def test_members_without_a_rift_have_lost_no_trust_in_any_world() -> None:
    alliance = load_alliance("csto")
    for run in range(10):
        for code in ("BLR", "KAZ", "KGZ", "TJK"):
            drawn = alliance.drawn_values(code, 1, run)
            assert drawn["trust_before"] == drawn["trust"]
    assert (
        alliance.drawn_values("BLR", 1, 3)["delivered"]
        == (alliance.drawn_values("BLR", 1, 3)["expectation"])
    )
    lower = alliance.with_values({"KAZ.trust": 0.3})
    assert lower.value("KAZ.trust_before") == 0.3
    assert alliance.with_values({"KAZ.trust_before": 0.9}).value("KAZ.trust") == 0.7


def test_adversaries_cannot_make_up_more_than_the_whole_threat(edited: Edit) -> None:
    other = (
        "  TUR:\n    name: Turkey\n    role: adversary\n    threatens:\n"
        '      ARM: {value: 0.2, assumed: "a test", why: "for a test"}\n'
    )
    assert "more than the whole of its threat" in refusal(edited("  AZE:\n", other + "  AZE:\n"))


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("trust: {value: 0.43,", "trust: {value: 1.43,", "1.43 is out of bounds"),
        ("trust: {value: 0.43,", "trust: {value: .nan,", "Give value, why"),
        ("prior: [0.35, 0.5]", "prior: [0.45, 0.5]", "must enclose the value"),
        ("prior: [0.35, 0.5]", "prior: [0.35, 1.5]", "1.5 is out of bounds"),
        ('data: "IRI survey, June 2025', 'dta: "IRI survey, June 2025', "Give value, why"),
        (
            'data: "IRI survey, June 2025 (TASS, 22 July 2025)", ',
            "",
            "Give exactly one kind of evidence",
        ),
        (
            'data: "IRI survey, June 2025',
            'article: "I.1", data: "IRI survey, June 2025',
            "Give exactly one kind of evidence",
        ),
        ("value: frozen", "value: frosen", "did you mean 'frozen'?"),
        ("      frozen_months: {value: 22,", "      frozen_month: {value: 22,", "frozen_months"),
        ("weights: {BLR: 0.3,", "weights: {BLR: 0.4,", "sum to 1.1, not to 1"),
        ("weights: {BLR: 0.3,", "weights: {ARM: 0.3,", "Attention goes to the other clients"),
        ("role: adversary", "role: partner", "The key 'security_offer' is missing"),
        ("      ARM: {value: 0.95", "      ARX: {value: 0.95", "No client; did you mean 'ARM'?"),
        ("summit_month: {value: 11", "summit_month: {value: 13", "13 is out of bounds"),
        ("  2018-01:\n", "  2018-1:\n", "states"),
        ("    RUS:\n      bandwidth", "    RUSS:\n      bandwidth", "RUS is missing"),
        ("foedus: 1", "foedus: 2", "choose 1"),
        (
            "summit_month: {value: 11,",
            "summit_month: {value: 11, prior: [10, 12],",
            "take out the prior",
        ),
        ("trust_before: {as: trust,", "trust_before: {as: truts,", "'as' names another number"),
        ("trust_before: {as: trust,", "trust_before: {as: delivered,", "'as' names another"),
        ("powers:\n", "pwers:\n", "did you mean 'powers'?"),
    ],
)
def test_an_alliance_that_is_wrong_or_lacks_evidence_does_not_load(
    old: str, new: str, sentence: str, edited: Edit
) -> None:
    shown = refusal(edited(old, new))
    assert sentence in shown
    assert "mine.yaml:" in shown


def test_a_start_far_from_every_dated_state_is_refused() -> None:
    with pytest.raises(AllianceError, match="there are states for 2001-12, 2018-01, 2025-12"):
        load_alliance("csto", parse_month("2031-01"))
    with pytest.raises(AllianceError, match="No state is dated"):
        load_alliance("csto", parse_month("2018-01"))


def test_an_unknown_alliance_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(AllianceError, match="did you mean 'csto'"):
        load_alliance("cstoo")


def test_an_alliance_of_ones_own_needs_no_python(edited: Edit, tmp_path: Path) -> None:
    from foedus.cases.scenario_reader import load_scenario

    edited("name: csto", "name: mine")
    (tmp_path / "s.yaml").write_text(
        "foedus: 1\nname: s\ntitle: T\nalliance: mine.yaml\nstart: 2026-01\n"
        "levers: {threat: {ARM: [{value: 2}]}}\n"
    )
    scenario = load_scenario(tmp_path / "s.yaml")
    assert scenario.alliance.name == "mine"
    assert scenario.schedule.scripted[0][0].threat == 2.0
