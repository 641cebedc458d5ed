from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from foedus.cases.alliance import GIVEN, LONG_IN_OFFICE
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


# What members have of their own: elections, governments, disputes

HERE = "KGZ: {value: 0.2, assumed: a test, why: for a test}"
OTHER = HERE.replace("KGZ", "KAZ")
TENURE = "tenure: {value: 278,"  # of Tajikistan
PRIOR = "prior: [0.1, 0.4]"


def test_the_csto_has_a_calendar_of_elections_governments_and_one_dispute() -> None:
    now = load_alliance("csto")
    ((month, (chance, successor)),) = now.elections("ARM").items()
    assert month == parse_month("2026-06")
    assert (chance, successor) == (
        now.value("ARM.election.2026-06"),
        now.value("ARM.successor.2026-06"),
    )
    assert all(foreseen is None for _, foreseen in now.elections("KAZ").values())
    assert [*now.disputes] == [("KGZ", "TJK")]
    assert (now.rival("KGZ"), now.rival("TJK"), now.rival("ARM")) == ("TJK", "KGZ", None)
    assert now.powers_with("adversary") == ("AZE", "KGZ", "TJK")
    state = now.opening("ARM", now.default_values("ARM"))
    assert state.tenure == now.value("ARM.tenure") == 91.0, "since May 2018"


def test_a_government_of_unknown_age_counts_as_one_of_long_standing(edited: Edit) -> None:
    begin = CSTO.index("      tenure:", CSTO.index("  2025-12:"))
    line = CSTO[begin : CSTO.index("\n", begin) + 1]
    alliance = load_alliance(str(edited(line, "")))
    assert "ARM.tenure" not in alliance.numbers
    assert alliance.opening("ARM", alliance.default_values("ARM")).tenure == LONG_IN_OFFICE


def test_an_alliance_without_disputes_loads(edited: Edit) -> None:
    lines = [line for line in CSTO.splitlines() if not line.lstrip().startswith("dispute:")]
    path = edited("name: csto", "name: csto")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    alliance = load_alliance(str(path))
    assert alliance.disputes == {}
    assert alliance.powers_with("adversary") == ("AZE",)


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("dispute: {TJK: {", "dispute: {KGZ: {", "A dispute is with another client, not KGZ."),
        ("dispute: {TJK: {", "dispute: {UZB: {", "A dispute is with another client, not UZB."),
        ("dispute: {TJK: {", "dispute: {RUS: {", "A dispute is with another client, not RUS."),
        ("dispute: {TJK: {value:", "dispute: {TJK: {valu:", "Give value, why"),
        (TENURE, f"dispute: {{{HERE}}}\n      {TENURE}", "This dispute stands at KGZ already"),
        (TENURE, f"dispute: {{{OTHER}}}\n      {TENURE}", "TJK has a dispute with KGZ already"),
        (TENURE, f"dispute: 0.5\n      {TENURE}", "Name the other client, as in '{KGZ: "),
        (TENURE, "tenure: {value: -278,", "-278 is out of bounds"),
        (TENURE, "tenur: {value: 278,", "There is no key 'tenur' here"),
        ("2026-06:\n", "2026-13:\n", "This must be a month written YYYY-MM"),
        ("election: {value: 0.25,", "election: {value: 1.25,", "1.25 is out of bounds"),
        ("election: {value: 0.25,", "elction: {value: 0.25,", "did you mean 'election'?"),
        ("election: {value: 0.25,", f"election: {{value: 0.25, {PRIOR},", "take out the prior"),
        ("successor: {value: 0.7,", "successor: {value: -0.7,", "-0.7 is out of bounds"),
    ],
)
def test_elections_governments_and_disputes_that_are_wrong_are_refused_at_their_line(
    old: str, new: str, sentence: str, edited: Edit
) -> None:
    path = edited(old, new)
    at = CSTO[: CSTO.index(old)].count("\n") + 1
    shown = [line for line in refusal(path).splitlines() if sentence in line]
    assert shown, refusal(path)
    assert f"mine.yaml:{at}:" in shown[0]


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
