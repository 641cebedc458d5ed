"""Make what docs/calibration.md shows: ``python docs/evaluate.py [coverage hindcast ...]``.

Each step is a command of foedus (``rest`` is a function of it); what they find goes to
``docs/results`` and to the data that come with foedus. On two processors the study of coverage
alone takes about half an hour.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from foedus.cases.record import load_record
from foedus.cases.shipped import DATA
from foedus.ensembles.workers import available_workers
from foedus.inference.drift import drift as drift_from_the_truth
from foedus.inference.rest import rest as checks_at_rest
from foedus.inference.structures import of_coding
from foedus.outcomes.worth import with_years_ahead
from foedus.worlds.posterior import Posterior, shipped_posterior

HERE = Path(__file__).resolve().parent
RESULTS, IMAGES = HERE / "results", HERE / "images"
CODED = ("baseline", "pressure", "restraint", "western_outreach")


def foedus(*arguments: str | Path) -> str:
    """Run a command of foedus and return what it prints."""
    command = [sys.executable, "-m", "foedus", *map(str, arguments)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)  # noqa: S603 (ours)
    return done.stdout


def shipped() -> Posterior:
    """Return the posterior that comes with foedus."""
    posterior = shipped_posterior()
    if posterior is None:
        message = "There is no posterior yet; run the step calibration first."
        raise FileNotFoundError(message)
    return posterior


def calibration(_: Path) -> None:
    """Make the posterior that comes with foedus."""
    file = DATA / "posterior_csto.npz"
    made = foedus("calibrate", "--json", "--overwrite", "--out", file)
    (RESULTS / "calibration.json").write_text(made, encoding="utf-8")


def hindcast(place: Path) -> None:
    """Score the model on the past: one year and five years ahead, and from a fixed origin."""
    foedus("hindcast", "--quiet", "--out", place / "rolling")
    foedus("hindcast", "--quiet", "--years", "5", "--out", place / "ahead")
    shutil.copy(place / "ahead" / "hindcast.json", RESULTS / "hindcast_5_years.json")
    rolling, ahead = (
        json.loads((place / name / "hindcast.json").read_text(encoding="utf-8"))
        for name in ("rolling", "ahead")
    )
    text = json.dumps(with_years_ahead(rolling, ahead), indent=2, ensure_ascii=False) + "\n"
    (DATA / "hindcast_csto.json").write_text(text, encoding="utf-8")
    shutil.copy(place / "rolling" / "hindcast_coded.png", IMAGES / "hindcast.png")
    foedus("hindcast", "--quiet", "--until", "2022-06", "--out", place / "fixed")
    shutil.copy(place / "fixed" / "hindcast.json", RESULTS / "hindcast_2022-06.json")


def codings(place: Path) -> None:
    """Project from the models of the other coding of the record beside those of the main one."""
    found, posterior = {}, shipped()
    for coding in ("main", "other"):
        draw = place / f"{coding}.npz"
        of_coding(posterior, coding).save(draw)
        found[coding] = json.loads(foedus("run", *CODED, "--json", "--parameters", draw))["summary"]
    kept = {
        coding: {
            name: {
                **{
                    f"{code} {what}": content["members"][code][what]
                    for code in content["members"]
                    for what in ("frozen", "out")
                },
                "cohesion, mean": content["alliance"]["mean_cohesion"]["equal"],
            }
            for name, content in summary.items()
        }
        for coding, summary in found.items()
    }
    text = json.dumps(kept, indent=2) + "\n"
    (RESULTS / "codings.json").write_text(text, encoding="utf-8")


def coverage(place: Path) -> None:
    """Calibrate synthetic records."""
    foedus("coverage", "--records", "200", "--quiet", "--out", place / "coverage")
    shutil.copy(place / "coverage" / "coverage.json", RESULTS / "coverage.json")
    shutil.copy(place / "coverage" / "ranks.png", IMAGES / "ranks.png")


def drift(_: Path) -> None:
    """Let particles start from the truth of synthetic records: a test of the likelihood alone."""
    record = replace(load_record(), earlier=())
    found = drift_from_the_truth(record, workers=available_workers())
    errors = found.numbers.std(axis=0, ddof=1) / len(found.numbers) ** 0.5
    means = found.numbers.mean(axis=0)
    kept = {
        "records": len(found.numbers),
        "mean_square_in_errors": float(((means / errors) ** 2).mean()),
        "numbers": {
            name: {"drift": float(mean), "error": float(error)}
            for name, mean, error in zip(found.names, means, errors, strict=True)
        },
    }
    text = json.dumps(kept, indent=2) + "\n"
    (RESULTS / "drift.json").write_text(text, encoding="utf-8")


def control(_: Path) -> None:
    """Project the scenario without any lever, further and further ahead."""
    found = {}
    for years in (5, 10, 20, 30):
        made = foedus("run", "null", "--horizon", f"{12 * years}", "--json")
        summary = json.loads(made)["summary"]["null"]
        found[years] = {
            "dissolved": summary["alliance"]["end_states"]["dissolved"],
            "everybody takes part": summary["alliance"]["end_states"]["restored"],
            "freezes": summary["base_rates"]["freezes"],
        }
    text = json.dumps(found, indent=2) + "\n"
    (RESULTS / "control.json").write_text(text, encoding="utf-8")


def sweep(place: Path) -> None:
    """Move each lever from one end to the other."""
    foedus("sweep", "baseline", "--quiet", "--out", place / "sweep")
    shutil.copy(place / "sweep" / "sweep.json", RESULTS / "sweep.json")
    shutil.copy(place / "sweep" / "sweep.png", IMAGES / "sweep.png")


def rest(_: Path) -> None:
    """Put what becomes of the alliance at rest beside what history allows."""
    posterior = shipped()
    found = checks_at_rest(load_record(), posterior, workers=available_workers())
    text = json.dumps([one.as_dict() for one in found], indent=2) + "\n"
    (RESULTS / "rest.json").write_text(text, encoding="utf-8")


STEPS = {
    step.__name__: step
    for step in (calibration, hindcast, codings, coverage, drift, control, sweep, rest)
}

if __name__ == "__main__":
    RESULTS.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as directory:
        for name in sys.argv[1:] or STEPS:
            STEPS[name](Path(directory))
