"""Calendar months as whole numbers: months since year 0, so that arithmetic is plain."""

import re

LAST_MONTH = 12
MONTH_PATTERN = r"^[0-9]{4}-(0[1-9]|1[0-2])$"
_PATTERN = re.compile(MONTH_PATTERN)
_NAMES = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


def parse_month(text: str) -> int:
    """Read ``YYYY-MM`` as a month number.

    Raises
    ------
    ValueError
        If the text is not of that form.
    """
    if not _PATTERN.match(text):
        message = f"'{text}' is not a month; write YYYY-MM, for example 2026-01."
        raise ValueError(message)
    return int(text[:4]) * 12 + int(text[5:]) - 1


def format_month(month: int) -> str:
    """Write a month number as ``YYYY-MM``."""
    return f"{month // 12:04d}-{month % 12 + 1:02d}"


def month_in_words(text: str) -> str:
    """Write ``2030-12`` as ``December 2030``."""
    number = parse_month(text)
    return f"{_NAMES[month_of_year(number) - 1]} {number // 12}"


def month_of_year(month: int) -> int:
    """Return 1 for January to 12 for December."""
    return month % 12 + 1
