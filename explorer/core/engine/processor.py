"""The processor that the machine is compiled for: the one at hand, or the one that is asked for.

Numba's environment variables `CPU_NAME` and `CPU_FEATURES` ask for another, which the one at hand
must be able to stand in for: so it can be seen that both come to the same bits.
"""

import os
from typing import Any

import llvmlite.binding as llvm

CPU_NAME, CPU_FEATURES = "NUMBA_CPU_NAME", "NUMBA_CPU_FEATURES"


def name() -> str:
    """What LLVM calls it."""
    return os.environ.get(CPU_NAME) or str(llvm.get_host_cpu_name())


def features() -> str:
    """What it can do, as LLVM takes it: ``+avx2,-avx512f,…``."""
    given = os.environ.get(CPU_FEATURES)
    return str(llvm.get_host_cpu_features().flatten()) if given is None else given


def fuses() -> bool:
    """Whether it multiplies and adds with one rounding, as all but old x86 processors do."""
    is_x86 = llvm.get_process_triple().startswith(("x86", "i386", "i686"))
    return not is_x86 or "+fma" in features().split(",")


def target_machine() -> Any:
    """What turns code into its code."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    return llvm.Target.from_default_triple().create_target_machine(
        cpu=name(), features=features(), opt=3, reloc="default", codemodel="jitdefault", jit=True
    )
