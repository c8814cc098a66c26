"""Campaigns in processes of their own: what ends a process is named, and what would do so does."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

pytest.importorskip("llvmlite")
if os.name == "nt":
    pytest.skip("processes do not end by signals there", allow_module_level=True)

from autograd.compile.machine import codegen, objects, trimming  # noqa: E402
from benchmarks.trust import campaigns, compiled_fuzz, loops  # noqa: E402
from benchmarks.trust.campaigns import Ended, judged_apart, marked_memory  # noqa: E402
from testkit.quick_code import quick_code  # noqa: E402
from testkit.short_buffers import number_at, result_with_short  # noqa: E402

RIGHT = [30.0, 9.0]  # the slopes of x*y*x at 3 and 5
CRASH = Ended(-signal.SIGSEGV)
TEXT = "define double @third(double %x) {\n  %y = fdiv double %x, 3.0\n  ret double %y\n}"


def test_a_program_that_ends_its_process_is_named_and_all_others_are_judged() -> None:
    """The number of a program is the signal that it raises; all but one of these are ignored."""
    programs = [signal.SIGCHLD, signal.SIGKILL, signal.SIGURG, signal.SIGWINCH]
    found = dict(judged_apart(signal.raise_signal, programs, processes=2, per_process=3))
    assert found == dict.fromkeys(programs) | {signal.SIGKILL: Ended(-signal.SIGKILL)}
    assert str(found[signal.SIGKILL]) == "ended the process by SIGKILL"
    assert str(Ended(3)) == "ended the process with exit code 3"


def test_a_kernel_that_runs_one_number_over_the_end_of_its_buffers_is_ended() -> None:
    """Program 0 has buffers as they should be; 1 and 2 have values or adjoints too short."""
    guarded = partial(marked_memory, "behind")
    assert dict(judged_apart(result_with_short, range(3), surroundings=guarded)) == {
        0: RIGHT,
        1: CRASH,
        2: CRASH,
    }


@pytest.mark.parametrize("guarded, first_beyond", [("behind", 2), ("before", -1)])
def test_only_the_number_beyond_the_guarded_end_is_out_of_reach(
    guarded: str, first_beyond: int
) -> None:
    surroundings = partial(marked_memory, guarded)
    found = dict(judged_apart(number_at, [0, 1, first_beyond], surroundings=surroundings))
    assert found == {0: 0.5, 1: 0.5, first_beyond: CRASH}


def test_guarded_arrays_grow_shrink_and_begin_with_zeros_like_others() -> None:
    with marked_memory("behind"):
        grown = np.arange(3.0)
        grown.resize(1000, refcheck=False)
        shrunk = np.arange(1000.0)
        shrunk.resize(3, refcheck=False)
        zeros = np.zeros(700)
        empty = np.zeros(0)
    assert grown[:3].tolist() == shrunk.tolist() == [0.0, 1.0, 2.0]
    assert not zeros.any() and not grown[3:].any() and empty.size == 0


@pytest.fixture
def nothing_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return an empty folder for code, of which none has been loaded."""
    monkeypatch.setenv(trimming.VARIABLE, str(tmp_path))
    monkeypatch.setattr(objects, "addresses", {})
    codegen.compiled_together.cache_clear()
    codegen.of_primitive.cache_clear()
    yield tmp_path
    codegen.compiled_together.cache_clear()
    codegen.of_primitive.cache_clear()


def test_quick_code_is_other_code_with_the_same_numbers_and_is_not_kept(nothing_kept: Path) -> None:
    usual = objects.object_code(TEXT)
    with quick_code():
        assert objects.object_code(TEXT) != usual
        assert result_with_short(0) == RIGHT
    with quick_code(quick=False):
        assert objects.object_code(TEXT) == usual
    assert objects.addresses
    assert list(nothing_kept.iterdir()) == []


@pytest.mark.parametrize("campaign", [compiled_fuzz, loops], ids=["graphs", "loops"])
def test_a_campaign_names_the_program_that_ended_its_process(
    campaign: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    right: float | tuple[list[str], list[str]] = 0.0 if campaign is compiled_fuzz else ([], [])
    answers = [(5, right), (6, CRASH)]
    monkeypatch.setattr(campaign, "judged_apart", lambda *arguments: iter(answers))
    count = "--graphs" if campaign is compiled_fuzz else "--count"
    assert campaign.main([count, "2"]) == 1
    assert "6 ended the process by SIGSEGV" in " ".join(capsys.readouterr().out.split(": "))
    answers.pop()
    assert campaign.main([count, "1"]) == 0


def test_of_four_programs_one_is_compiled_as_users_have_it() -> None:
    def quick(number: int) -> bool:
        with campaigns.compiled_in_turn(number):
            return objects.target_machine.__name__ == "<lambda>"

    assert [quick(number) for number in range(5)] == [False, True, True, True, False]
