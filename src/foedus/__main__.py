"""Entry of the ``foedus`` command: 0 done, 1 could not finish, 2 bad input, 130 interrupted."""

from __future__ import annotations

import os
import sys

from foedus.errors import ExitStatus


def main() -> None:
    """Run the command line and exit with its status."""
    try:
        from foedus.cli.app import execute

        status: int = execute(sys.argv[1:])
        sys.stdout.flush()
    except BrokenPipeError:  # the reader, such as head, has gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = ExitStatus.UNFINISHED
    except KeyboardInterrupt:  # before there was anything to interrupt
        status = ExitStatus.INTERRUPTED
    if status == ExitStatus.INTERRUPTED:
        sys.stderr.flush()
        os._exit(status)  # a thread that is compiling would hold up an orderly exit
    sys.exit(status)


if __name__ == "__main__":
    main()
