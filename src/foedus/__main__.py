"""Entry of the ``foedus`` command: 0 done, 1 could not finish, 2 bad input, 130 interrupted."""

from __future__ import annotations

import os
import sys

from foedus.errors import ExitStatus


def main() -> None:
    """Run the command line and exit with its status."""
    try:
        from foedus.cli import execute

        status: int = execute(sys.argv[1:])
        sys.stdout.flush()
    except BrokenPipeError:  # the reader, such as head, has gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = ExitStatus.UNFINISHED
    except KeyboardInterrupt:
        status = ExitStatus.INTERRUPTED
    if status == ExitStatus.INTERRUPTED:
        print("Interrupted; nothing was written.", file=sys.stderr)  # noqa: T201
    sys.exit(status)


if __name__ == "__main__":
    main()
