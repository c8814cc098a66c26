"""Text in LLVM's language becomes object code, and that becomes functions in this process.

The code is for this processor. It is kept on disk (`kept`) by what it was made from, so a new
process loads it in a fraction of a millisecond.
"""

from __future__ import annotations

import ctypes
import os
import threading
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import llvmlite.binding as llvm

from autograd.compile.machine import kept, translate

# Of a fork while another thread compiles.
PATIENCE_SECONDS = 10.0
OPTIMIZATION = 3
# Which passes look at a text.
USUAL = "usual"
PLAIN = "plain"
STRAIGHT = "straight"
# LLVM is asked by one thread at a time.
compiling = threading.RLock()
# Of functions that are loaded, by what they were made from.
addresses: dict[str, list[int]] = {}


@cache
def target_machine() -> Any:
    """Return LLVM's code generator for this processor."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    features = llvm.get_host_cpu_features().flatten()
    target = llvm.Target.from_default_triple()
    return target.create_target_machine(llvm.get_host_cpu_name(), features, OPTIMIZATION)


@cache
def vector_convention() -> str:
    """Return how functions of vectors are called here, as LLVM writes it before a type; "" for C's.

    By C's convention no vector register outlives a call. By this one, made for libraries like ours,
    16 of the 32 registers of AVX-512 do, and our functions need no more than the other 16.
    """
    machine = target_machine()
    has_them = llvm.get_host_cpu_features().get("avx512f", False)
    return "intel_ocl_bicc " if has_them and machine.triple.startswith("x86_64") else ""


@cache
def engine() -> Any:
    """Return what holds all code that was loaded; the functions of C that it calls are known."""
    machine = target_machine()
    for name in translate.IN_C.values():
        if not llvm.address_of_symbol(name):
            llvm.add_symbol(name, c_address(name))
    return llvm.create_mcjit_compiler(llvm.parse_assembly(""), machine)


def c_address(name: str) -> int:
    """Return where a function of the C library is."""
    library: Any = ctypes.CDLL("ucrtbase") if os.name == "nt" else ctypes.CDLL(None)
    return ctypes.cast(getattr(library, name), ctypes.c_void_p).value or 0


def object_code(text: str, passes: str = USUAL) -> bytes:
    """Return the object code of a module's text.

    Unrolling every loop would double the code, and the time to make it, for nothing.
    """
    module = llvm.parse_assembly(text)
    module.verify()
    machine = target_machine()
    if passes != STRAIGHT:
        options = llvm.create_pipeline_tuning_options(speed_level=OPTIMIZATION)
        options.loop_vectorization = True
        options.loop_unrolling = False
        builder = llvm.create_pass_builder(machine, options)
        manager = plain_passes() if passes == PLAIN else builder.getModulePassManager()
        manager.run(module, builder)
    code: bytes = machine.emit_object(module)
    return code


def plain_passes() -> Any:
    """Return passes that write calls out, and make values of variables."""
    found = llvm.create_new_module_pass_manager()
    found.add_always_inliner_pass()
    found.add_sroa_pass()
    found.add_instruction_combine_pass()
    found.add_simplify_cfg_pass()
    return found


def loaded(
    meaning: str, write: Callable[[], str], names: Sequence[str], passes: str = USUAL
) -> list[int]:
    """Return the addresses of functions, compiled unless their code was kept.

    Args:
        meaning: what the code is made from, and all that it depends on beside the sources.
        write: gives the text in LLVM's language.
        names: of the functions, which no other text defines.
        passes: which of LLVM's look at the text: USUAL, which make vectors of loops; PLAIN, where
            none gains by that, for they take a quarter of the time; STRAIGHT, none, where there is
            nothing to find. `meaning` decides it.
    """
    with compiling:
        machine = target_machine()
        holder = engine()
        processor = f"{machine.triple} {llvm.get_host_cpu_name()} {OPTIMIZATION}"
        features = llvm.get_host_cpu_features().flatten()
        said = f"{processor} {features}\n{meaning}\n"
        if said not in addresses:
            code = kept.code_for(said, lambda: object_code(write(), passes))
            holder.add_object_file(llvm.ObjectFileRef.from_data(code))
            holder.finalize_object()
            addresses[said] = [holder.get_function_address(name) for name in names]
        return addresses[said]


def hold_compiler() -> None:
    """Have a fork wait until no other thread compiles: what LLVM holds then, it holds for good."""
    held.append(compiling.acquire(timeout=PATIENCE_SECONDS))


def let_compiler_go() -> None:
    """Let others compile again."""
    if held.pop():
        compiling.release()


def let_child_compile() -> None:
    """Let a child compile, even where its parent was still at it."""
    global compiling
    if held.pop():
        compiling.release()
    else:
        compiling = threading.RLock()


# Whether a fork that is under way holds the compiler's lock.
held: list[bool] = []
if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=hold_compiler,
        after_in_parent=let_compiler_go,
        after_in_child=let_child_compile,
    )
