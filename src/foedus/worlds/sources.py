"""The sources of the model, so that a result tells which rules made it."""

from functools import cache
from hashlib import sha256
from pathlib import Path

#: Modules that decide the bits of a world.
MODEL = (
    "model.chronicle", "model.draws", "model.elementary", "model.levers", "model.parameters",
    "model.rules", "cases.alliance", "cases.schedule", "worlds.addresses", "worlds.agents",
    "worlds.buffers", "worlds.compiled", "worlds.engines", "worlds.kept", "worlds.kernel",
    "worlds.openings",
)  # fmt: skip


@cache
def source_hash() -> str:
    """SHA-256 of the model's sources, whatever their line ends."""
    total = sha256()
    package = Path(__file__).resolve().parents[1]
    for name in MODEL:
        total.update(name.encode())
        total.update(
            (package / f"{name.replace('.', '/')}.py").read_bytes().replace(b"\r\n", b"\n")
        )
    return total.hexdigest()
