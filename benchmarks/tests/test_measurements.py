"""The measurements beside others: everybody does the same, and a score is told from another."""

from __future__ import annotations

import random

import numpy as np
import pytest

from autograd import Value
from autograd import primitives as p
from benchmarks.speed import mnist, steps
from benchmarks.trust import javascript
from benchmarks.trust.people_files import Outcome, summary
from testkit import microgpt_style
from testkit.javascript import case_of, node_program


def test_ours_and_numpy_come_to_the_same_losses_and_outputs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(mnist, "SIZES", (4, 3, 2))
    monkeypatch.setattr(mnist, "TRAINED", 6)
    monkeypatch.setattr(mnist, "BATCH", 3)
    source = np.random.default_rng(1)
    batches = [[0, 1, 2], [5, 3, 4], [2, 0, 5]]
    work = mnist.Task(source.random((9, 4)), source.integers(0, 2, 9), batches)
    found = [list(run(work)) for run in (mnist.chainrule, mnist.numpy)]
    for ours, theirs in zip(*(one[1:-1] for one in found)):
        assert ours == pytest.approx(theirs, rel=1e-12)
    assert len(found[0]) == len(batches) + 2
    np.testing.assert_allclose(found[0][-1], found[1][-1], rtol=1e-12)


def test_another_package_than_expected_is_refused() -> None:
    with pytest.raises(ValueError, match="SHA-256"):
        mnist.check(b"")


def test_a_step_in_microgpts_style_has_the_losses_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    models = {name: make for name, make in steps.MODELS.items() if name != "micrograd"}
    monkeypatch.setattr(steps, "MODELS", models)
    runs = [steps.run_of(name, 4) for name in models]
    losses = [[run() for _ in range(3)] for run in runs]
    assert losses[0] == pytest.approx(losses[1], rel=1e-12)
    assert losses[0][2] < losses[0][0]


def test_a_network_of_any_values_draws_what_ours_draws() -> None:
    random.seed(steps.SEED)
    plain = steps.PlainMLP(microgpt_style.Value, *steps.SIZES)
    random.seed(steps.SEED)
    assert [p.data for p in plain.parameters()] == [p.data for p in steps.ours().parameters()]


def test_scores_are_compared_in_points() -> None:
    pairs = [
        ("97.5 %", "95.0 %"),
        ("R² 0.500", "R² 0.750"),
        ("R² -3.1e+09", "R² 0.100"),
        ("", "1 %"),
    ]
    outcomes = [Outcome("a", "trained", score=ours, rival=rival) for ours, rival in pairs]
    assert [outcome.ahead for outcome in outcomes] == [2.5, -25.0, -10.0, None]
    text = "on 3 files the median difference is -10.0 points, 2 are lower by more than 5, 0 higher"
    assert text in summary(outcomes)


def test_a_judge_of_javascript_counts_bits_and_names_what_is_wrong() -> None:
    judge = javascript.Judge()
    case = case_of(p.exp, [Value(1.0)])
    assert case is not None
    near = case.value * (1 + 2**-52)
    judge.see(case, case.value, {0: near}, False)
    assert judge.summary() == "2 numbers, 50.0% with the engine's bits, 0 wrong"
    judge.see(case, case.value, {0: case.value * (1 + 1e-14)}, False)
    judge.see(case, case.value, {}, False)
    judge.see(case, case.value, {0: near}, True)
    assert len(judge.wrong) == 3
    assert judge.rows[p.exp].cases == 2
    row = next(line for line in javascript.table({"Node": judge}) if "`exp`" in line)
    assert row.startswith("| `exp` | 2 |  | ")


@pytest.mark.skipif(node_program() is None, reason="Node is missing")
def test_random_graphs_are_judged_node_by_node_and_as_a_whole() -> None:
    judge, reverse, worst = javascript.judged_graphs("Node", 8, seed=3)
    assert (judge.wrong, reverse) == ([], 0)
    assert judge.numbers > 100
    assert worst <= javascript.END_TO_END
