"""The compiled machine: built once for this processor, kept on disk, loaded without Numba.

Compiling takes seconds and much memory, so it happens in a process of its own, the first time
after an installation. What it leaves is loaded by LLVM alone.
"""

import ctypes
import hashlib
import os
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from importlib.metadata import version
from pathlib import Path
from threading import Lock
from typing import Any

import llvmlite.binding as llvm

import explorer
from explorer.core.engine.layout import Integers, Numbers
from explorer.core.errors import EngineError
from explorer.core.files import write_atomically

ENTRY = "run_machine"
# The arguments of `build.entry`: pointers to numbers and to integers, and integers.
ARGUMENTS = "nipniinipinipipinipii"
_SOURCES = (
    "build", "layout", "lines", "machine", "meeting", "native", "products", "vectors",
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
_KINDS = {"n": ctypes.c_void_p, "p": ctypes.c_void_p, "i": ctypes.c_int64}
_PROTOTYPE = ctypes.CFUNCTYPE(None, *(_KINDS[kind] for kind in ARGUMENTS))
_loading = Lock()


def run(
    memory: Numbers, program: Integers, scalars: Numbers, rounds: int, given: Numbers,
    given_to: Integers, made: Numbers, made_from: Integers, carried: Integers, shared: Numbers,
    arrivals: Integers, me: int,
) -> None:  # fmt: skip
    """`machine.run`, compiled; it lets go of the interpreter lock. All arrays are contiguous."""
    function = load(str(memory.dtype))
    at = [array.ctypes.data for array in (memory, program, scalars, given, given_to, made)]
    to = [array.ctypes.data for array in (made_from, carried, shared, arrivals)]
    function(
        at[0], memory.size, at[1], at[2], len(program), rounds, at[3], given.size, at[4],
        len(given_to), at[5], made.size, to[0], len(made_from), to[1], len(carried), to[2],
        shared.size, to[3], arrivals.size, me,
    )  # fmt: skip


def load(dtype: str) -> Callable[..., None]:
    """The machine for numbers of one type, built if need be.

    Raises:
        EngineError: it cannot be built.
    """
    with _loading:
        return _function(dtype)


@cache
def _function(dtype: str) -> Callable[..., None]:
    machine = target_machine()
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), machine)
    abort = ctypes.cast(ctypes.CDLL(None).abort, ctypes.c_void_p).value
    for name in _NEVER_CALLED:
        llvm.add_symbol(name, abort)
    engine.add_object_file(llvm.ObjectFileRef.from_data(_object_code(dtype)))
    engine.finalize_object()
    function: Any = _PROTOTYPE(engine.get_function_address(ENTRY))
    function.engine = engine  # which owns the code
    return function  # type: ignore[no-any-return]


def target_machine() -> Any:
    """What code is made for: this processor and all that it can do."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    return llvm.Target.from_default_triple().create_target_machine(
        cpu=llvm.get_host_cpu_name(),
        features=llvm.get_host_cpu_features().flatten(),
        opt=3,
        reloc="default",
        codemodel="jitdefault",
        jit=True,
    )


def _object_code(dtype: str) -> bytes:
    """From the disk, or built and put there; a damaged file is built anew."""
    path = cache_folder() / f"machine-{dtype}-{_key()}.o"
    try:
        found = path.read_bytes()
    except OSError:
        found = b""
    digest, code = found[:_DIGEST_SIZE], found[_DIGEST_SIZE:]
    if not code or hashlib.sha256(code).digest() != digest:
        code = _built(dtype)
        _keep(path, hashlib.sha256(code).digest() + code)
    return code


def _key() -> str:
    """Whatever makes another machine: sources, compiler, processor."""
    digest = hashlib.sha256()
    for name in _SOURCES:
        digest.update((Path(__file__).parent / f"{name}.py").read_bytes())
    features = llvm.get_host_cpu_features().flatten()
    about = (version("numba"), version("llvmlite"), llvm.get_host_cpu_name(), features)
    digest.update(repr(about).encode())
    return digest.hexdigest()[:16]


def cache_folder() -> Path:
    """The folder for what can be made again."""
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA", "~/AppData/Local")
    elif sys.platform == "darwin":
        base = "~/Library/Caches"
    else:
        base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser() / "maml-explorer"


def _keep(path: Path, content: bytes) -> None:
    """Keep it for the next start, which without it takes longer."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_atomically(path, content)
    except OSError:
        return


def _built(dtype: str) -> bytes:
    paths = [str(Path(explorer.__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
    done = subprocess.run(
        [sys.executable, "-m", "explorer.core.engine.build", dtype],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))},
        capture_output=True,
        check=False,
    )
    if done.returncode:
        reason = done.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        raise EngineError(f"The engine cannot be compiled ({reason}): install the program again.")
    return done.stdout
