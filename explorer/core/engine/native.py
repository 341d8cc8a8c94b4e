"""The compiled machine: built once for this processor, kept on disk, loaded without Numba.

Compiling takes seconds and much memory, so it happens in a process of its own, the first time
after an installation. What it leaves is loaded by LLVM alone.
"""

import atexit
import ctypes
import hashlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from threading import Lock, Thread
from typing import Any

import llvmlite.binding as llvm

import explorer
from explorer.core.base.atomic_files import write_atomically
from explorer.core.base.errors import EngineError
from explorer.core.base.folders import cache_folder
from explorer.core.engine import processor
from explorer.core.engine.layout import Integers, Numbers
from explorer.core.engine.status import STATUS, State

ENTRY = "run_machine"
# The arguments of `build.entry`: pointers to numbers and to integers, and integers.
ARGUMENTS = "nipniinipinipipinipii"
_SOURCES = (
    "barrier", "build", "elementwise", "hyperbolic", "interpreter", "layout", "matmul", "native",
    "processor", "vectors",
)  # fmt: skip
_DIGEST_SIZE = hashlib.sha256().digest_size
# What the code would call to report an error of Python. It makes none, so these are never called.
_NEVER_CALLED = (
    "NRT_Free",
    "NRT_MemInfo_call_dtor",
    "numba_do_raise",
    "numba_gil_ensure",
    "numba_gil_release",
    "numba_runtime_build_excinfo_struct",
    "numba_unpickle",
)
_NAMES = {"f": "float32", "d": "float64"}  # by numpy's codes: its own names take 9 µs
_KINDS = {"n": ctypes.c_void_p, "p": ctypes.c_void_p, "i": ctypes.c_int64}
_PROTOTYPE = ctypes.CFUNCTYPE(None, *(_KINDS[kind] for kind in ARGUMENTS))
_ABORT = ctypes.CFUNCTYPE(None)(os.abort)  # kept, because compiled code holds its address
Function = Callable[..., None]
_functions: dict[str, Function] = {}  # for each type of number
_builders: dict[str, Thread] = {}
_compilers: set[subprocess.Popen[bytes]] = set()  # at work
_loading, _beginning = Lock(), Lock()


def run(
    memory: Numbers, program: Integers, scalars: Numbers, rounds: int, given: Numbers,
    given_to: Integers, made: Numbers, made_from: Integers, carried: Integers, shared: Numbers,
    arrivals: Integers, me: int,
) -> None:  # fmt: skip
    """`interpreter.run`, compiled; it releases Python's lock. All arrays are contiguous."""
    call(
        load(_NAMES[memory.dtype.char]), memory, program, scalars, rounds, given, given_to, made,
        made_from, carried, shared, arrivals, me,
    )  # fmt: skip


def call(
    function: Function, memory: Numbers, program: Integers, scalars: Numbers, rounds: int,
    given: Numbers, given_to: Integers, made: Numbers, made_from: Integers, carried: Integers,
    shared: Numbers, arrivals: Integers, me: int,
) -> None:  # fmt: skip
    """`run` with a machine at hand."""
    at = [_address(array) for array in (memory, program, scalars, given, given_to, made)]
    to = [_address(array) for array in (made_from, carried, shared, arrivals)]
    function(
        at[0], memory.size, at[1], at[2], len(program), rounds, at[3], given.size, at[4],
        len(given_to), at[5], made.size, to[0], len(made_from), to[1], len(carried), to[2],
        shared.size, to[3], arrivals.size, me,
    )  # fmt: skip


def _address(array: Numbers | Integers) -> int:
    """Where its first number lies; `array.ctypes.data` takes twice as long."""
    return array.__array_interface__["data"][0]  # type: ignore[no-any-return]


def load(dtype: str) -> Function:
    """The machine for numbers of one type, built if need be; waits for that.

    Raises:
        EngineError: it cannot be built or loaded.
    """
    if dtype in _functions:  # and does not wait for one of another type
        return _functions[dtype]
    with _loading, _errors_in_one_sentence():
        if dtype not in _functions:
            _functions[dtype] = linked(_object_code(dtype))
            STATUS.enter(State.READY)
    return _functions[dtype]


def begin_loading(dtype: str) -> bool:
    """As `load`, but what must be built is built in the background.

    Returns:
        Whether it is loaded.

    Raises:
        EngineError: it cannot be loaded.
    """
    if dtype in _functions:
        return True
    with _beginning, _errors_in_one_sentence():
        if dtype in _builders:
            return False
        if not _kept(dtype):
            STATUS.enter(State.COMPILING)
            _builders[dtype] = Thread(target=_load_or_say, args=(dtype,), daemon=True)
            _builders[dtype].start()
            return False
    load(dtype)
    return True


@contextmanager
def _errors_in_one_sentence() -> Iterator[None]:
    try:
        yield
    except EngineError:
        raise
    except Exception as error:  # broken libraries raise much
        reason = str(error).strip().partition("\n")[0]
        raise EngineError(
            f"The engine cannot be loaded ({reason}): install the program again."
        ) from error


def _load_or_say(dtype: str) -> None:
    try:
        load(dtype)
    except EngineError as error:
        STATUS.turn_off(str(error))


def linked(code: bytes) -> Function:
    """The function in the machine's object code."""
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), processor.target_machine())
    for name in _NEVER_CALLED:
        llvm.add_symbol(name, ctypes.cast(_ABORT, ctypes.c_void_p).value)
    engine.add_object_file(llvm.ObjectFileRef.from_data(code))
    engine.finalize_object()
    function: Any = _PROTOTYPE(engine.get_function_address(ENTRY))
    function.engine = engine  # which owns the code
    return function  # type: ignore[no-any-return]


def _object_code(dtype: str) -> bytes:
    """From the disk, or built and put there; a damaged file is built anew."""
    code = _kept(dtype)
    if not code:
        STATUS.enter(State.COMPILING)
        code = _built(dtype)
        _keep(_place(dtype), hashlib.sha256(code).digest() + code)
    return code


def _kept(dtype: str) -> bytes:
    """What the disk has; empty if there is nothing or it is damaged."""
    try:
        found = _place(dtype).read_bytes()
    except OSError:
        return b""
    digest, code = found[:_DIGEST_SIZE], found[_DIGEST_SIZE:]
    return code if hashlib.sha256(code).digest() == digest else b""


def _place(dtype: str) -> Path:
    return cache_folder() / f"machine-{dtype}-{_key()}.o"


def _key() -> str:
    """Whatever makes another machine: sources, compiler, processor."""
    digest = hashlib.sha256()
    for name in _SOURCES:
        digest.update((Path(__file__).parent / f"{name}.py").read_bytes())
    about = (version("numba"), version("llvmlite"), processor.name(), processor.features())
    digest.update(repr(about).encode())
    return digest.hexdigest()[:16]


def _keep(path: Path, content: bytes) -> None:
    """Keep it for the next start, which without it takes longer."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_atomically(path, content)
    except OSError:
        return


def _built(dtype: str) -> bytes:
    paths = [str(Path(explorer.__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
    try:
        compiler = subprocess.Popen(
            [sys.executable, "-m", "explorer.core.engine.build", dtype],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
    except OSError as error:
        raise _not_compiled(str(error)) from error
    _compilers.add(compiler)
    with compiler:
        code, said = compiler.communicate()
    _compilers.discard(compiler)
    if compiler.returncode or not code:
        reason = said.decode(errors="replace").strip().rpartition("\n")[2]
        raise _not_compiled(reason or f"exit code {compiler.returncode}")
    return code


def _not_compiled(reason: str) -> EngineError:
    return EngineError(f"The engine cannot be compiled ({reason}): install the program again.")


@atexit.register
def _stop_compiling() -> None:
    """The process ends, and nobody waits for what is being compiled."""
    for compiler in tuple(_compilers):
        compiler.kill()
