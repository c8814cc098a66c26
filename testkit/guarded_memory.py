"""Arrays that end where a page ends that nobody may touch: to run over them ends the process.

NumPy asks an allocator for the numbers of each array. The one here maps pages of their own for each
array and forbids the page behind it, or the one before it. So whoever reads or writes one number
too far, compiled code as well, meets a segmentation fault at once, not a neighbour's numbers. It is
machine code itself (NumPy frees arrays in the middle of errors, where Python cannot be called).
"""

from __future__ import annotations

import ctypes
import mmap
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import llvmlite.binding as llvm
import numpy as np

PAGE = mmap.PAGESIZE
SET_HANDLER = 304  # the place of PyDataMem_SetHandler in the table of NumPy's functions for C
PATTERN = 0xFF  # each byte that is new, unless zeros are asked for; so every float is NaN

# An array has a page for how long it is, the pages of its numbers, and a forbidden one between
# them or behind. `%place` says where the numbers begin, counted from the first page: 1 or 2.
TEXT = f"""
declare ptr @mmap(ptr, i64, i32, i32, i32, i64)
declare i32 @mprotect(ptr, i64, i32)
declare i32 @munmap(ptr, i64)
declare ptr @memset(ptr, i32, i64)
declare ptr @memcpy(ptr, ptr, i64)

define internal ptr @first_page(ptr %place, ptr %numbers) {{
  %before = ptrtoint ptr %place to i64
  %address = ptrtoint ptr %numbers to i64
  %page = and i64 %address, -{PAGE}
  %skipped = mul i64 %before, {PAGE}
  %first = sub i64 %page, %skipped
  %found = inttoptr i64 %first to ptr
  ret ptr %found
}}

define internal ptr @mapped(ptr %place, i64 %asked) {{
  %empty = icmp eq i64 %asked, 0
  %size = select i1 %empty, i64 1, i64 %asked
  %rounded = add i64 %size, {PAGE - 1}
  %length = and i64 %rounded, -{PAGE}
  %all = add i64 %length, {2 * PAGE}
  %base = call ptr @mmap(ptr null, i64 %all, i32 3, i32 {mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS}, i32 -1, i64 0)
  %number = ptrtoint ptr %base to i64
  %failed = icmp eq i64 %number, -1
  br i1 %failed, label %none, label %some
none:
  ret ptr null
some:
  store i64 %all, ptr %base
  %size_place = getelementptr i64, ptr %base, i64 1
  store i64 %size, ptr %size_place
  %before = ptrtoint ptr %place to i64
  %is_before = icmp eq i64 %before, 2
  %behind = add i64 %length, {PAGE}
  %forbidden = select i1 %is_before, i64 {PAGE}, i64 %behind
  %page = getelementptr i8, ptr %base, i64 %forbidden
  %done = call i32 @mprotect(ptr %page, i64 {PAGE}, i32 0)
  %gap = sub i64 %length, %size
  %up_to_the_end = add i64 %gap, {PAGE}
  %start = select i1 %is_before, i64 {2 * PAGE}, i64 %up_to_the_end
  %numbers = getelementptr i8, ptr %base, i64 %start
  ret ptr %numbers
}}

define ptr @obtain(ptr %place, i64 %size) {{
  %numbers = call ptr @mapped(ptr %place, i64 %size)
  %failed = icmp eq ptr %numbers, null
  br i1 %failed, label %done, label %fill
fill:
  %filled = call ptr @memset(ptr %numbers, i32 {PATTERN}, i64 %size)
  br label %done
done:
  ret ptr %numbers
}}

define ptr @obtain_zeros(ptr %place, i64 %count, i64 %each) {{
  %size = mul i64 %count, %each
  %numbers = call ptr @mapped(ptr %place, i64 %size)
  ret ptr %numbers
}}

define void @release(ptr %place, ptr %numbers, i64 %size) {{
  %nothing = icmp eq ptr %numbers, null
  br i1 %nothing, label %done, label %some
some:
  %base = call ptr @first_page(ptr %place, ptr %numbers)
  %all = load i64, ptr %base
  %gone = call i32 @munmap(ptr %base, i64 %all)
  br label %done
done:
  ret void
}}

define ptr @resize(ptr %place, ptr %numbers, i64 %size) {{
  %new = call ptr @obtain(ptr %place, i64 %size)
  %failed = icmp eq ptr %new, null
  br i1 %failed, label %done, label %copy
copy:
  %base = call ptr @first_page(ptr %place, ptr %numbers)
  %size_place = getelementptr i64, ptr %base, i64 1
  %old = load i64, ptr %size_place
  %grows = icmp ult i64 %old, %size
  %common = select i1 %grows, i64 %old, i64 %size
  %copied = call ptr @memcpy(ptr %new, ptr %numbers, i64 %common)
  call void @release(ptr %place, ptr %numbers, i64 %old)
  br label %done
done:
  ret ptr %new
}}
"""


class Handler(ctypes.Structure):
    """What NumPy calls a PyDataMem_Handler."""

    _fields_ = [
        ("name", ctypes.c_char * 127),
        ("version", ctypes.c_uint8),
        ("place", ctypes.c_void_p),
        ("obtain", ctypes.c_void_p),
        ("obtain_zeros", ctypes.c_void_p),
        ("resize", ctypes.c_void_p),
        ("release", ctypes.c_void_p),
    ]


@cache
def code() -> Any:
    """Return what holds the allocator's machine code."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    machine = llvm.Target.from_default_triple().create_target_machine()
    found = llvm.create_mcjit_compiler(llvm.parse_assembly(TEXT), machine)
    found.finalize_object()
    return found


@cache
def capsule(before: bool) -> tuple[Any, Handler]:
    """Return an allocator as NumPy takes it, and what has to live as long as its arrays."""
    handler = Handler(b"guarded", 1, 2 if before else 1)
    for name in ("obtain", "obtain_zeros", "resize", "release"):
        setattr(handler, name, code().get_function_address(name))
    create = ctypes.pythonapi.PyCapsule_New
    create.restype = ctypes.py_object
    create.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]
    return create(ctypes.addressof(handler), b"mem_handler", None), handler


def set_handler(new: Any) -> Any:
    """Have NumPy use an allocator in this thread, and return the one that it used before."""
    pointer = ctypes.pythonapi.PyCapsule_GetPointer
    pointer.restype = ctypes.c_void_p
    pointer.argtypes = [ctypes.py_object, ctypes.c_char_p]
    core: Any = getattr(np, "_core", None) or np.core  # the latter in NumPy 1
    table = pointer(core._multiarray_umath._ARRAY_API, None)
    address = ctypes.cast(table, ctypes.POINTER(ctypes.c_void_p))[SET_HANDLER]
    return ctypes.PYFUNCTYPE(ctypes.py_object, ctypes.py_object)(address)(new)


@contextmanager
def guarded_memory(before: bool = False) -> Iterator[None]:
    """Guard every array that this thread makes within the block, at its end or at its beginning.

    Where a size is no multiple of 8 bytes, addresses are none either.
    """
    previous = set_handler(capsule(before)[0])
    try:
        yield
    finally:
        set_handler(previous)
