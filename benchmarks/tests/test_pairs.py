"""Two states of the repository in turns: what is compared, and how it is told."""

from pathlib import Path

import pytest

from benchmarks.commits import unpack
from benchmarks.speed import pairs
from benchmarks.speed.paired_work import WORK
from testkit.processes import ROOT


@pytest.mark.parametrize("name", WORK)
def test_each_work_runs(name: str) -> None:
    WORK[name]()()


def test_this_state_beside_itself_is_as_fast(tmp_path: Path) -> None:
    work = "core: operators"
    (ratio,) = pairs.ratios(work, 1, ROOT, tmp_path)
    assert 1 / 5 < ratio < 5  # that one pair of a busy machine can tell; a mistaken unit is further


def test_what_is_slower_is_marked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    times = {ROOT: 2.0, tmp_path: 1.0}
    monkeypatch.setattr(pairs, "seconds", lambda name, tree, cache: times[tree])
    *_, row = pairs.rows(["core: operators"], 3, tmp_path, tmp_path)
    assert row == "| core: operators | 2.000 | 2.000 to 2.000 | slower |"


def test_a_commit_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="git archive nowhere: .*nowhere"):
        unpack("nowhere", tmp_path)
