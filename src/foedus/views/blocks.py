"""What briefs are composed of: tables, figures and texts."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable

    from foedus.views.sheet import Picture

Row = tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """A table with a title above and a caption below.

    Attributes
    ----------
    title
        Empty where the heading above says what the table shows.
    header
        Empty texts where the columns need none.
    look
        ``numbers`` if all columns but the first hold numbers, which stand one below another;
        ``named`` if the first column begins with a line that names the row.
    """

    title: str
    header: Row
    rows: tuple[Row, ...]
    caption: str = ""
    look: Literal["words", "numbers", "named"] = "words"
    kind: str = "table"


@dataclass(frozen=True)
class FigureBlock:
    """A figure with its caption.

    Attributes
    ----------
    name
        Name of the figure's file, without suffix.
    alt
        What it shows, for those who do not see it.
    draw
        Draws the figure; called only if the picture is needed.
    caption
        Text below the figure; empty where the figure explains itself.
    """

    name: str
    alt: str
    draw: Callable[[], Picture]
    caption: str = ""
    kind: str = "figure"

    def image(self, form: str) -> bytes:
        """Return the picture as the bytes of a file: ``png`` or ``svg``."""
        return self.draw().content(form)

    @property
    def data_uri(self) -> str:
        """The picture as a data URI, which an HTML page can contain."""
        return f"data:image/svg+xml;base64,{b64encode(self.image('svg')).decode()}"


@dataclass(frozen=True)
class Words:
    """Lines of text: paragraphs, a note that stands out, a list, small print, or code.

    Lines that are ``named`` begin with a line of their own that names what they tell.
    """

    lines: tuple[str, ...]
    kind: Literal["paragraphs", "note", "named", "list", "small", "code"] = "paragraphs"


Block = Table | FigureBlock | Words


@dataclass(frozen=True)
class Section:
    """A heading and the blocks under it."""

    title: str
    blocks: tuple[Block, ...]
