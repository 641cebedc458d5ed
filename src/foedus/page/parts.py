"""Small parts of the page."""

from __future__ import annotations

from base64 import b64encode

import solara.lab

from foedus.page import choices

SCREEN = 110 / choices.DPI["screen"]  # pixels of the page for a pixel of a picture


@solara.component
def Note(text: str) -> None:
    """Say something in small print."""
    solara.v.Html(tag="p", class_="foedus-note", children=[text])


@solara.component
def Refusal(sentence: str) -> None:
    """Show what is wrong, in the words of the command line."""
    with solara.v.Alert(type="error", dense=True, text=True):
        solara.v.Html(
            tag="div",
            class_="foedus-problem",
            attributes={"role": "alert"},
            children=[sentence],
        )


@solara.component
def Image(picture: bytes, meaning: str) -> None:
    """Show a PNG with words for those who do not see it."""
    source = "data:image/png;base64," + b64encode(picture).decode()
    width = round(int.from_bytes(picture[16:20]) * SCREEN)  # its header holds its width in pixels
    look = {"src": source, "alt": meaning, "width": width}
    solara.v.Html(tag="img", attributes=look)
