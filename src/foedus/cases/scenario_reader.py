"""Reading scenarios by name, file or upload, with what is set and given of them by hand."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from foedus.cases.documents import decoded, parse_document
from foedus.cases.given import apply_given
from foedus.cases.horizons import OPTION, parted, until, with_horizon
from foedus.cases.names import named
from foedus.cases.no_effect import refuse_inert
from foedus.cases.overrides import with_settings
from foedus.cases.resolving import Resolver, resolve_file
from foedus.cases.shipped import is_path
from foedus.errors import InputError, Problem, ScenarioError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from foedus.cases.horizons import Horizon
    from foedus.cases.overrides import Settings
    from foedus.cases.scenario import Scenario


def load_scenario(
    reference: str | Path,
    *,
    horizon: Horizon | None = None,
    settings: Settings = (),
    given: Sequence[str] = (),
    name: str | None = None,
    allow_inert: bool = False,
) -> Scenario:
    """Load a scenario by path or shipped name.

    Parameters
    ----------
    reference
        Path of a scenario file, or the bare name of a shipped one. With a horizon of its own, as in
        ``baseline@24`` or ``baseline@2027-12``, it is named by its last month.
    horizon
        Months to simulate instead of the scenario's own, or the last month as ``"2027-12"``.
    settings
        Changes such as ``pressure.ARM=0.6``, ``trust_loss=0.7``, ``ARM.trust=0.5`` or
        ``policy=adaptive``, applied to the whole horizon; or a mapping of names to values. Name and
        title of the scenario say what is set.
    given
        What is given of governments, such as ``ARM government changes 2026-06``, see
        :mod:`foedus.cases.given`. Name and title of the scenario say what is given.
    name
        Name to use instead.
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
    file, own = parted(str(reference))
    scenario = resolve_file(file)
    if not allow_inert:
        refuse_inert(scenario)
    if own is not None or horizon is not None:
        scenario = _cut(scenario, str(reference), own, horizon)
        if not allow_inert:
            refuse_inert(scenario, cut=True)
    if settings:
        scenario = with_settings(scenario, settings)
    scenario = apply_given(scenario, given)
    return scenario if name is None else named(scenario, name)


def _cut(
    scenario: Scenario, reference: str, own: Horizon | None, horizon: Horizon | None
) -> Scenario:
    """Return a scenario with the horizon that goes with its name, or that is asked for of all."""
    if own is not None:
        scenario = until(scenario, own, reference)
    if horizon is None:
        return scenario
    cut = with_horizon(scenario, horizon)
    if own is not None and cut.horizon != scenario.horizon:
        message = f"'{reference}' has a horizon of its own; leave one of the two out."
        raise ScenarioError([Problem(OPTION, 0, "", message)])
    return cut


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
