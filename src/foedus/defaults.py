"""Defaults and closed sets of words, shared by the command line and the library.

This module imports nothing of foedus, so the command line can show its help without loading the
library.
"""

from typing import Literal

ALLIANCE = "csto"  # the alliance where a user names none
HORIZON = 60  # months
RUNS = 20_000  # worlds of each scenario
SEED = 1992  # the Collective Security Treaty was signed in that year
STEPS = 5  # values of a lever in a sweep, both ends included
REPLAYED = 8  # worlds of each scenario that are simulated again to verify a result

CALIBRATION_DRAWS, CALIBRATION_SEED = 2_000_000, 2018
HINDCAST_DRAWS = 500_000  # worlds of each calibration (one at each date forecast from)
AHEAD_DRAWS = 200_000  # the same, where several years ahead are forecast
COVERAGE_DRAWS, COVERAGE_RECORDS = 480_000, 200  # worlds for each synthetic record, and records

HOST, PORT = "127.0.0.1", 8765  # of the page: only this machine sees it

#: What simulates the worlds; the result is the same to the bit.
Engine = Literal["auto", "mesa", "kernel"]
#: What is kept of the worlds: outcomes and monthly statistics, or whole worlds too.
Keep = Literal["summaries", "trajectories"]
#: Coding of a record: ``main``, or ``other`` for a second reading of the sources that can be
#: defended.
Coding = Literal["main", "other"]
#: Whether figures are written: as PNG, with ``svg`` also as SVG.
Figures = bool | Literal["svg"]
#: What a brief is written as.
Format = Literal["html", "md"]
