"""Reading scenarios by name, file or upload, with what is set and given of them by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from foedus.cases.documents import decoded, parse_document
from foedus.cases.given import apply_given
from foedus.cases.no_effect import refuse_inert
from foedus.cases.overrides import apply_settings
from foedus.cases.resolving import Resolver, resolve_file
from foedus.cases.scenario_format import MAX_HORIZON
from foedus.cases.shipped import is_path
from foedus.cases.spans import Origin
from foedus.errors import InputError, Problem, ScenarioError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from foedus.cases.scenario import Scenario


def load_scenario(
    reference: str | Path,
    *,
    horizon: int | None = None,
    settings: Sequence[str] = (),
    given: Sequence[str] = (),
    allow_inert: bool = False,
) -> Scenario:
    """Load a scenario by path or shipped name.

    Parameters
    ----------
    reference
        Path of a scenario file, or the bare name of a shipped one.
    horizon
        Months to simulate instead of the scenario's own.
    settings
        Changes such as ``pressure.ARM=0.6``, ``trust_loss=0.7``, ``ARM.trust=0.5`` or
        ``policy=adaptive``, applied to the whole horizon.
    given
        What is given of governments, such as ``ARM government changes 2026-06``, see
        :mod:`foedus.cases.given`.
    allow_inert
        Whether a scenario may equal what it extends.

    Returns
    -------
    Scenario
        Resolved: it holds all that a simulation needs, and no file is read again.

    Raises
    ------
    ScenarioError
        With every problem of the file, or of the settings, or of what is given.
    AllianceError
        If its alliance cannot be loaded.
    InertScenarioError
        If the scenario changes nothing; the message names the lines without effect.
    """
    scenario = resolve_file(str(reference))
    if not allow_inert:
        refuse_inert(scenario)
    if horizon is not None:
        if not 1 <= horizon <= MAX_HORIZON:
            message = f"A horizon goes from 1 to {MAX_HORIZON} months, not {horizon}."
            raise ScenarioError([Problem("--horizon", 0, "", message)])
        origins = {**scenario.origins, "horizon": Origin("--horizon", 0)}
        parent = scenario.parent and replace(scenario.parent, horizon=horizon)
        scenario = replace(scenario, horizon=horizon, origins=origins, parent=parent)
        if not allow_inert:
            refuse_inert(scenario, cut=True)
    if settings:
        scenario = apply_settings(scenario, settings)
    return apply_given(scenario, given)


def read_scenario(content: bytes, file: str) -> Scenario:
    """Read a scenario from the content of an uploaded file.

    Unlike a file on disk it may name no other files, so that nobody reads this machine's files by
    an upload.

    Parameters
    ----------
    content
        The bytes of the file.
    file
        Its name, for error sentences, and as the scenario's name if it gives none.

    Raises
    ------
    ScenarioError
        With every problem of the file; it may extend shipped scenarios only.
    InertScenarioError
        If the scenario changes nothing; the message names the lines without effect.
    """
    try:
        document = parse_document(decoded(content, file), file)
    except InputError as error:
        raise ScenarioError(error.problems) from None
    for key in ("extends", "alliance"):
        reference = document.data.get(key)
        if isinstance(reference, str) and is_path(reference):
            message = (
                f"'{reference}' is another file, and this one came alone; use the bare name of "
                f"what is shipped, or start with the file on disk: foedus explore ./{file}"
            )
            raise ScenarioError([document.problem((key,), message)])
    scenario = Resolver(document, Path(file), ()).scenario()
    refuse_inert(scenario)
    return scenario
