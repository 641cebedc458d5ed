"""Small parts of which the page is composed."""

from __future__ import annotations

from base64 import b64encode

import solara.lab

from foedus.page import choices

SCREEN = 110 / choices.DPI["screen"]  # width on the page of one pixel of a picture, in pixels


@solara.component
def Note(text: str) -> None:
    """Show a text in small print."""
    solara.v.Html(tag="p", class_="foedus-note", children=[text])


@solara.component
def Refusal(sentence: str) -> None:
    """Show an error message, as the command line words it."""
    with solara.v.Alert(type="error", dense=True, text=True):
        solara.v.Html(
            tag="div",
            class_="foedus-problem",
            attributes={"role": "alert"},
            children=[sentence],
        )


@solara.component
def Image(picture: bytes, meaning: str) -> None:
    """Show a PNG, with a text for readers who do not see it (``meaning``)."""
    source = "data:image/png;base64," + b64encode(picture).decode()
    width = round(int.from_bytes(picture[16:20]) * SCREEN)  # its header holds its width in pixels
    look = {"src": source, "alt": meaning, "width": width}
    solara.v.Html(tag="img", attributes=look)
