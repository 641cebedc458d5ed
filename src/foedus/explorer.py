"""Serving the page to a browser on this machine."""

from __future__ import annotations

import socket
import threading
import time
import webbrowser
from typing import TYPE_CHECKING, Any

from foedus.errors import ResultError
from foedus.scenario_reader import load_scenario

if TYPE_CHECKING:
    from collections.abc import Callable

    from foedus.exploration import Choice
    from foedus.scenario import Scenario

HOST, PORT = "127.0.0.1", 8765
TRIED = 20  # ports, where none was asked for and the usual one is taken
MOST_SENT = 8 * 1024**2  # bytes that a browser may send at once


def explore(
    scenario: Scenario | str | None = None,
    *,
    host: str = HOST,
    port: int | None = None,
    browser: bool = True,
    tell: Callable[[str], None] = print,
) -> None:
    """Serve the page until it is interrupted.

    Parameters
    ----------
    scenario
        What the page opens with; the baseline if omitted.
    host
        Address to bind; only this machine's own unless another is given.
    port
        Port to bind; 8765, or the next that is free, if omitted.
    browser
        Whether to open the page in a browser.
    tell
        Called with a sentence when the page is there.

    Raises
    ------
    ScenarioError, InertScenarioError
        If the scenario cannot be loaded.
    ResultError
        If what the page needs is not installed, or it cannot be served there.
    """
    loaded = load_scenario(scenario) if isinstance(scenario, str) else scenario
    with bound(host, port) as listening:
        from foedus import exploration

        server = _server(exploration.opening(loaded))
        url = f"http://{'localhost' if host == HOST else host}:{listening.getsockname()[1]}"
        tell(f"The page is at {url}; press Ctrl-C to stop.")
        if browser:
            threading.Thread(target=_open, args=(server, url), daemon=True).start()
        exploration.closing.clear()
        try:
            server.run(sockets=[listening])
        except KeyboardInterrupt:  # which the server passes on once it has stopped
            tell("Stopped.")
        finally:
            exploration.closing.set()


def bound(host: str, port: int | None) -> socket.socket:
    """Return a socket that listens, before anything heavy is loaded.

    Raises
    ------
    ResultError
        If there is no such host, or the port is taken.
    """
    wanted = range(PORT, PORT + TRIED) if port is None else [port]
    reason = ""
    for number in wanted:
        try:
            family = socket.getaddrinfo(host, number, type=socket.SOCK_STREAM)[0][0]
            return socket.create_server((host, number), family=family)
        except OSError as error:
            reason = error.strerror or str(error)
    message = (
        f"The page cannot be served at {host}, port {wanted[0]}: {reason}. Choose another --port "
        "(0 takes any that is free) or --host."
    )
    raise ResultError(message)


def _server(opening: Choice) -> Any:
    """Return the server of the page, its settings fit for one machine without a network."""
    try:
        import solara_assets  # noqa: F401 (without it the page is blank where there is no network)
        import uvicorn
        from solara.server import app, settings, starlette

        from foedus import page
    except ImportError as error:
        message = (
            f"The page needs the extra 'explore' ({error.name} is missing): python3 -m pip install "
            "'foedus[explore]'."
        )
        raise ResultError(message) from None
    settings.telemetry.mixpanel_enable = False  # nothing is told to anybody
    settings.main.mode = "production"
    settings.theme.title = "foedus"
    settings.theme.loader = "plain"
    page.begin(opening)
    app.apps["__default__"] = app.AppScript("foedus.page")
    return uvicorn.Server(
        uvicorn.Config(
            starlette.app,
            log_level="error",
            access_log=False,
            timeout_graceful_shutdown=1,
            ws_max_size=MOST_SENT,
        )
    )


def _open(server: Any, url: str) -> None:
    """Open the page in a browser as soon as it is served."""
    while not server.started:
        if server.should_exit:
            return
        time.sleep(0.05)
    webbrowser.open(url)
