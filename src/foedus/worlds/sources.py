"""A hash of what the model means, so that a result tells which rules made it.

The hash is of the definitions that decide the bits of a world, as Python understands them: each
definition's syntax tree, without documentation and comments, wherever it stands. Imports count only
where they come from other packages than foedus. So the hash changes with what a rule does, and not
with where it lives or how it is explained.
"""

import ast
from collections.abc import Iterator
from functools import cache
from hashlib import sha256
from pathlib import Path

#: Modules whose definitions decide the bits of a world.
MODEL = (
    "cases.alliance", "cases.schedule", "model.chronicle", "model.cohesion", "model.draws",
    "model.elementary", "model.order", "model.parameters", "model.quantities", "model.records",
    "model.rules", "model.specifications", "worlds.agents", "worlds.buffers", "worlds.compiled",
    "worlds.engines", "worlds.kept", "worlds.kernel", "worlds.openings",
)  # fmt: skip

#: Definitions of MODEL that decide no bit: a driver acts only where a rule reads it, by its name.
BY_NAME = ("Drivers",)
TYPES = ("__future__", "typing", "collections.abc")  # imports from these decide no bit

#: By the model's present hash, earlier hashes of models that give the same worlds. After a change
#: to a definition that leaves every world as it was to the bit, add the hash from before it. After
#: any other change an entry no longer applies, because the present hash is another.
BEFORE: dict[str, tuple[str, ...]] = {
    # Parameters in other forms are refused in sentences, or read as a table.
    "6ab020dcb28795d9caa76a3c77de441d2e252a4ef12814867dbc9221ca36216b": (
        "a40541b39dd10dd6ed70cc845e112cd8557b62b8bf382b9cf143ef641661884d",
    ),
}


@cache
def source_hash() -> str:
    """SHA-256 of the model's definitions, whatever their order, files, comments and line ends."""
    package = Path(__file__).resolve().parents[1]
    texts = ((package / f"{name.replace('.', '/')}.py").read_bytes() for name in MODEL)
    return meaning(*texts)


def is_this_model(source: str) -> bool:
    """Whether the model with a hash gives the same worlds as the present one, to the bit."""
    return source == source_hash() or source in BEFORE.get(source_hash(), ())


def meaning(*texts: bytes) -> str:
    """Return the SHA-256 of the definitions in the source texts of some modules."""
    found = {line for text in texts for line in _definitions(ast.parse(text))}
    return sha256("\n".join(sorted(found)).encode()).hexdigest()


def _definitions(module: ast.Module) -> Iterator[str]:
    """Yield each statement that is not documentation, and each import that may decide a bit."""
    for statement in module.body:
        test = statement.test if isinstance(statement, ast.If) else None
        if isinstance(test, ast.Name) and test.id == "TYPE_CHECKING":
            continue
        for node in ast.walk(statement):
            yield from _telling_imports(node)
        if not (getattr(statement, "name", "") in BY_NAME or _is_idle(statement)):
            yield _tree(statement)


def _telling_imports(node: ast.AST) -> Iterator[str]:
    """Yield what comes from other packages, such as ``exp`` of ``math``, or under another name."""
    if isinstance(node, ast.Import):
        yield from (f"import {alias.name} as {alias.asname}" for alias in node.names)
    if isinstance(node, ast.ImportFrom) and node.module not in TYPES:
        ours = str(node.module).split(".")[0] == "foedus"
        source = "foedus" if ours else node.module
        for alias in node.names:
            if alias.asname or not ours:
                yield f"from {source} import {alias.name} as {alias.asname}"


def _is_idle(statement: object) -> bool:
    """Whether a statement does nothing to a world: an import, or a text that stands alone."""
    if isinstance(statement, ast.Import | ast.ImportFrom):
        return True
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _tree(node: object) -> str:
    """Write a syntax tree as text; empty fields, which differ between Pythons, are left out."""
    if isinstance(node, list):
        return f"[{','.join(_tree(one) for one in node if not _is_idle(one))}]"
    if isinstance(node, ast.AST):
        fields = ((name, _tree(value)) for name, value in ast.iter_fields(node))
        told = ",".join(f"{name}={text}" for name, text in fields if text not in ("None", "[]"))
        return f"{type(node).__name__}({told})"
    return repr(node)
