"""The sources of the model, so that a result tells which rules made it."""

from functools import cache
from hashlib import sha256
from pathlib import Path

#: Modules that decide the bits of a world.
MODEL = (
    "agents", "alliance", "chronicle", "compiled", "designs", "draws", "elementary", "engines",
    "kernel", "lanes", "levers", "parameters", "rules", "schedule", "summaries", "worlds",
)  # fmt: skip


@cache
def source_hash() -> str:
    """SHA-256 of the model's sources, whatever their line ends."""
    total = sha256()
    package = Path(__file__).resolve().parent
    for name in MODEL:
        total.update(name.encode())
        total.update((package / f"{name}.py").read_bytes().replace(b"\r\n", b"\n"))
    return total.hexdigest()
