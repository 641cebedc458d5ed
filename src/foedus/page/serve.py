"""Serving the page to this machine's browser."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import threading
import time
import webbrowser
from contextlib import contextmanager, suppress
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from foedus.cases.scenario_reader import load_scenario
from foedus.defaults import HOST, PORT
from foedus.errors import ResultError, installing

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from foedus.cases.scenario import Scenario
    from foedus.page.choices import Choice
LAST_PORT = 65_535
TRIED = 20  # ports to try if none was asked for and the usual one is taken
MOST_SENT = 8 * 1024**2  # largest message from a browser, in bytes
MOST_AWAITED = 5.0  # seconds to wait for each thread when the page closes
FORGOTTEN = "1h"  # time after which the choices of a visitor who lost the connection are dropped


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
        Scenario with which the page opens; the baseline if omitted.
    host
        Address to serve at. The usual one can be reached from this machine only.
    port
        Port to serve at. If omitted, the usual one or the next that is free; 0 takes any free port.
    browser
        Whether to open the page in a browser.
    tell
        Called with a sentence when the page is ready, and when it has stopped.

    Raises
    ------
    ScenarioError, InertScenarioError
        If the scenario cannot be loaded.
    ResultError
        If a package that the page needs is not installed, or host or port cannot be used.
    """
    loaded = load_scenario(scenario) if isinstance(scenario, str) else scenario
    with bound(host, port) as listening:
        from foedus.page import choices

        with choices.serving(), served(choices.opening(loaded), listening) as server:
            url = address(listening)
            tell(f"The page is at {url}; press Ctrl-C to stop.")
            if browser:
                threading.Thread(target=_open, args=(server, url), daemon=True).start()
            with suppress(KeyboardInterrupt):  # the server raises it again once it has stopped
                server.run(sockets=[listening])
        await_work()
        tell("Stopped.")


def bound(host: str, port: int | None) -> socket.socket:
    """Return a socket that listens at a host and a port.

    Parameters
    ----------
    port
        The port; 0 takes any that is free. If None, the usual one and those after it are tried.

    Raises
    ------
    ResultError
        If there is no such host, or no free port.
    """
    wanted = range(PORT, PORT + TRIED) if port is None else [port]
    reason = f"ports go from 0 to {LAST_PORT}"
    for number in wanted if 0 <= wanted[-1] <= LAST_PORT else ():
        try:
            family = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)[0][0]
        except (OSError, UnicodeError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            break
        try:
            return socket.create_server((host, number), family=family)
        except OSError as error:
            reason = error.strerror or str(error)
    message = (
        f"The page cannot be served at {host}, port {wanted[0]}: {reason}. Choose another --port "
        "(0 takes any that is free) or --host."
    )
    raise ResultError(message)


def address(listening: socket.socket) -> str:
    """Return the URL of a listening socket for a browser on this machine."""
    host, port = listening.getsockname()[:2]
    if ip_address(host).is_unspecified or host == HOST:
        host = "localhost"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


@contextmanager
def served(opening: Choice, listening: socket.socket) -> Iterator[Any]:
    """Yield the server of the page, set up so that it needs no network and reports nothing.

    Parameters
    ----------
    opening
        The choice with which the page opens.
    listening
        Socket at which it is served.

    Raises
    ------
    ResultError
        If a package that the page needs is not installed.
    """
    try:
        import solara_assets  # noqa: F401 (without it the page is blank where there is no network)
        import uvicorn
        from solara.server import app, settings, starlette

        from foedus.page import visitor
    except ImportError as error:
        message = (
            f"The page lacks packages ({error}). Install the extra 'explore', "
            f"{installing('explore')}"
        )
        raise ResultError(message) from None
    settings.telemetry.mixpanel_enable = False  # no usage data is sent
    settings.main.mode = "production"
    settings.kernel.cull_timeout = FORGOTTEN
    settings.theme.title = "foedus"
    settings.theme.loader = "plain"
    visitor.begin(opening)
    app.apps["__default__"] = app.AppScript("foedus.page.components")
    try:
        yield uvicorn.Server(
            uvicorn.Config(
                OwnPage(starlette.app, local=ip_address(listening.getsockname()[0]).is_loopback),
                log_level="error",
                access_log=False,
                timeout_graceful_shutdown=1,
                ws_max_size=MOST_SENT,
            )
        )
    finally:
        app.apps.pop("__default__").close()


class OwnPage:
    """ASGI middleware that refuses requests which the pages of other sites make.

    Such a page could otherwise use this one through the browser of a user who has both open.

    Parameters
    ----------
    page
        The ASGI application.
    local
        Whether only this machine is served. Then the host named in a request must be this machine.
    """

    def __init__(self, page: Any, *, local: bool) -> None:
        self.page, self.local = page, local

    async def __call__(
        self, scope: Any, receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Any]
    ) -> None:
        """Pass a request on to the application if it is the page's own; refuse it otherwise."""
        headers = {name: value.decode("latin-1") for name, value in scope.get("headers", ())}
        if scope["type"] == "lifespan" or self.is_own(headers):
            await self.page(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await send({"type": "http.response.start", "status": 403, "headers": []})
            await send({"type": "http.response.body", "body": b"Not asked by this page."})

    def is_own(self, headers: dict[bytes, str]) -> bool:
        """Whether a request comes from this page, or from a program that names no origin."""
        host, origin = headers.get(b"host", ""), headers.get(b"origin")
        if self.local and not _is_this_machine(host):
            return False
        return origin is None or urlsplit(origin).netloc == host


def _is_this_machine(host: str) -> bool:
    """Whether the host that a request names is ``localhost`` or a loopback address."""
    try:
        name = urlsplit(f"//{host}").hostname or ""
        return name == "localhost" or ip_address(name).is_loopback
    except ValueError:
        return False


def await_work() -> None:
    """Wait until the threads that still simulate or draw have noticed that the page is closed."""
    for thread in threading.enumerate():
        if not thread.daemon and thread is not threading.current_thread():
            thread.join(MOST_AWAITED)


def _open(server: Any, url: str) -> None:
    """Open the page in a browser as soon as the server has started."""
    while not server.started:
        if server.should_exit:
            return
        time.sleep(0.05)
    webbrowser.open(url)


@contextmanager
def elsewhere(*arguments: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Serve the page from a separate process while the context lasts.

    Parameters
    ----------
    *arguments
        Further arguments of ``foedus explore``.

    Yields
    ------
    tuple
        URL of the page, and the process.

    Raises
    ------
    ResultError
        If the page is not served; the message is the output of the process.
    """
    command = [sys.executable, "-m", "foedus", "explore", "--no-browser", "--port", "0"]
    with subprocess.Popen(  # noqa: S603 (foedus itself)
        [*command, *arguments], text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        try:
            assert process.stdout is not None
            said = process.stdout.readline()
            found = re.search(r"http://\S+:\d+", said)
            if found is None:
                raise ResultError(said + process.stdout.read())
            yield found.group(), process
        finally:
            process.kill()
