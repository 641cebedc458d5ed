"""Plain functions made machine code by Numba, to the same bits; nothing else imports it.

:func:`compile_modules` copies the functions of plain modules and compiles the copies, which call
each other. The originals stay plain Python, which a debugger can step through. The primitives,
functions that work on bits or buffers, are written again here in a form that processors without
AVX-512 vectorise too.
"""

from __future__ import annotations

import inspect
import sys
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from types import CodeType, FunctionType, ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Any

import llvmlite
import numba
import numpy as np
from numba import types
from numba.core import registry
from numba.core.caching import CompileResultCacheImpl, FunctionCache, _CacheLocator
from numba.extending import intrinsic
from numba.np.arrayobj import make_array

from foedus.model import elementary
from foedus.worlds import buffers

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

#: ``numpy``: division by zero gives infinity, as in IEEE 754, instead of a branch to an error.
_ENTRY = {"error_model": "numpy", "nogil": True, "no_cfunc_wrapper": True}
_LOOP = {**_ENTRY, "no_cpython_wrapper": True}
_INLINED = {**_LOOP, "forceinline": True}


_CONSTANT = int | float | str


def fingerprint(plain: Sequence[ModuleType], loops: ModuleType) -> str:
    """SHA-256 of all that decides the machine code: functions, constants, versions, processor.

    The parameters are those of :func:`compile_modules`.
    """
    target = registry.cpu_target.target_context.codegen().magic_tuple()
    total = sha256(repr((*_versions(), target)).encode())
    total.update(Path(__file__).read_bytes())
    for module in (buffers, *plain, loops):
        for name, value in sorted(vars(module).items()):
            if inspect.isfunction(value):
                total.update(f"{name}={_description(value.__code__)}".encode())
            elif isinstance(value, _CONSTANT) or (
                isinstance(value, tuple) and all(isinstance(item, _CONSTANT) for item in value)
            ):
                total.update(f"{name}={value!r}".encode())
            elif inspect.isclass(value):
                total.update(f"{name}={getattr(value, '_fields', '')}".encode())
    return total.hexdigest()


def _description(code: CodeType) -> tuple[Any, ...]:
    """Return the parts of a function's code object that decide what the function does."""
    constants = [_description(c) if isinstance(c, CodeType) else repr(c) for c in code.co_consts]
    return code.co_code, code.co_names, code.co_varnames, code.co_freevars, constants


def _versions() -> tuple[str, ...]:
    return numba.__version__, llvmlite.__version__, np.__version__, sys.version


def compile_modules(
    plain: Sequence[ModuleType], loops: ModuleType, cache: Path | None
) -> SimpleNamespace:
    """Compile the loops of one module over the inlined functions of others.

    Parameters
    ----------
    plain
        Modules of scalar functions.
    loops
        Module whose functions run over arrays and call the scalar ones; its ``ENTRIES`` are those
        that are called from outside.
    cache
        Directory for machine code, or None to keep none. Its name must change with all that decides
        the code, see :func:`fingerprint`: Numba itself notices changes in ``loops`` only.

    Returns
    -------
    types.SimpleNamespace
        The compiled entries by name.
    """
    if numba.config.DISABLE_JIT:
        return SimpleNamespace(**vars(loops))
    namespaces = {module: dict(vars(module)) for module in (*plain, loops)}
    clones: dict[Any, Any] = dict(_PRIMITIVES)
    for module, namespace in namespaces.items():
        for function in _own_functions(module):
            clone = FunctionType(
                function.__code__, namespace, function.__name__, function.__defaults__
            )
            clone.__module__ = module.__name__
            inner = _LOOP if module is loops else _INLINED
            entry = function in loops.ENTRIES
            clones[function] = numba.njit(**(_ENTRY if entry else inner))(clone)
            if entry and cache is not None:
                clones[function]._cache = _Cache(clone, cache)  # noqa: SLF001 (no public way to a directory of one's own)
    for namespace in namespaces.values():
        for name, value in namespace.items():
            if inspect.isfunction(value) and value in clones:
                namespace[name] = clones[value]
    return SimpleNamespace(**{entry.__name__: clones[entry] for entry in loops.ENTRIES})


def _own_functions(module: ModuleType) -> list[Any]:
    """Return the functions that a module defines itself, without primitives."""
    values: Iterable[Any] = vars(module).values()
    primitives: set[Any] = set(_PRIMITIVES)
    return [
        value
        for value in values
        if inspect.isfunction(value)
        and value.__module__ == module.__name__
        and value not in primitives
    ]


# ---------------------------------------------------------------------------------------------
# Machine code on disk


class _Cache(FunctionCache):
    """Numba's cache of machine code, in a directory of our choice.

    If an entry cannot be read or written, the function is compiled again; that is no error.
    """

    def __init__(self, function: Any, directory: Path) -> None:
        class Locator(_CacheLocator):
            def get_cache_path(self) -> str:
                return str(directory)

            def get_source_stamp(self) -> str:
                return directory.name

            def get_disambiguator(self) -> None:
                return None

            @classmethod
            def from_function(cls, *_: Any) -> Any:
                return cls()

        class Implementation(CompileResultCacheImpl):
            _locator_classes = [Locator]  # noqa: RUF012 (as Numba declares it)

        self._impl_class = Implementation
        super().__init__(function)

    def load_overload(self, signature: Any, context: Any) -> Any:
        try:
            return super().load_overload(signature, context)
        except Exception:  # noqa: BLE001 (a damaged entry of whatever kind: compile again)
            with suppress(OSError):
                self.flush()
            return None

    def save_overload(self, signature: Any, data: Any) -> None:
        with suppress(OSError):  # such as a full disk
            super().save_overload(signature, data)


# ---------------------------------------------------------------------------------------------
# Primitives on bits

_MAGIC = 6755399441055744.0  # 1.5 * 2**52: added, it leaves a whole number in the low bits
_MAGIC_BITS = 0x4338000000000000
_TWO_52 = 4503599627370496.0
_TWO_52_BITS = 0x4330000000000000
_MANTISSA = 0x000FFFFFFFFFFFFF
_EXPONENT = 0x7FF
_HALF_BITS = 0x3FE0000000000000


@intrinsic
def _to_bits(_context: Any, _x: Any) -> Any:
    def code(context: Any, builder: Any, _signature: Any, values: Any) -> Any:
        return builder.bitcast(values[0], context.get_value_type(types.int64))

    return types.int64(types.float64), code


@intrinsic
def _from_bits(_context: Any, _x: Any) -> Any:
    def code(context: Any, builder: Any, _signature: Any, values: Any) -> Any:
        return builder.bitcast(values[0], context.get_value_type(types.float64))

    return types.float64(types.int64), code


@numba.njit(**_INLINED)
def _scale(x: float, power: float) -> float:
    scaled: float = _from_bits(_to_bits(x) + (_to_bits(power + _MAGIC) << 52))
    return scaled


@numba.njit(**_INLINED)
def _split(x: float) -> tuple[float, float]:
    pattern = _to_bits(x)
    exponent = _from_bits(((pattern >> 52) & _EXPONENT) | _TWO_52_BITS) - _TWO_52
    return _from_bits((pattern & _MANTISSA) | _HALF_BITS), exponent - 1022.0


@numba.njit(**_INLINED)
def _wrapped(x: int) -> int:
    return x


@numba.njit(**_INLINED)
def _whole(x: float) -> int:
    rounded: int = _to_bits(x + _MAGIC) - _MAGIC_BITS
    return rounded


@numba.njit(**_INLINED)
def _number(word: int) -> float:
    exact: float = _from_bits(word | _TWO_52_BITS) - _TWO_52
    return exact


# ---------------------------------------------------------------------------------------------
# Primitives on buffers: a plain load or store for each field of the record


def _place(context: Any, builder: Any, array: Any, field: int, stride: Any, lane: Any) -> Any:
    """Return the memory address of one field in one lane."""
    size = context.get_value_type(types.intp)
    index = builder.add(builder.mul(size(field), stride), lane)
    return builder.gep(array.data, [index])


@intrinsic
def _load(_context: Any, record: Any, buffer: Any, lane: Any, stride: Any) -> Any:
    made = types.NamedUniTuple(
        buffer.dtype, len(record.instance_class._fields), record.instance_class
    )

    def code(context: Any, builder: Any, _signature: Any, values: Any) -> Any:
        array = make_array(buffer)(context, builder, values[1])
        fields = [
            builder.load(_place(context, builder, array, field, values[3], values[2]))
            for field in range(made.count)
        ]
        return context.make_tuple(builder, made, fields)

    return made(record, buffer, types.intp, types.intp), code


@intrinsic
def _store(_context: Any, buffer: Any, lane: Any, stride: Any, record: Any) -> Any:
    def code(context: Any, builder: Any, _signature: Any, values: Any) -> Any:
        array = make_array(buffer)(context, builder, values[0])
        for field in range(len(record)):
            value = builder.extract_value(values[3], field)
            builder.store(value, _place(context, builder, array, field, values[2], values[1]))
        return context.get_dummy_value()

    return types.void(buffer, types.intp, types.intp, record), code


@intrinsic
def _first_times(_context: Any, first: Any, happened: Any, month: Any) -> Any:
    def code(_context: Any, builder: Any, _signature: Any, values: Any) -> Any:
        zero = values[2].type(0.0)
        result = values[0]
        for field in range(len(first)):
            at = builder.extract_value(values[0], field)
            now = builder.extract_value(values[1], field)
            fresh = builder.and_(
                builder.fcmp_ordered("==", at, zero), builder.fcmp_ordered(">", now, zero)
            )
            result = builder.insert_value(result, builder.select(fresh, values[2], at), field)
        return result

    return first(first, happened, types.float64), code


_PRIMITIVES = {
    elementary.split: _split,
    elementary.scale: _scale,
    elementary.bits: _to_bits,
    elementary.wrapped: _wrapped,
    elementary.whole: _whole,
    elementary.number: _number,
    buffers.load: _load,
    buffers.first_times: _first_times,
    buffers.store: _store,
}
