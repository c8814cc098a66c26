"""The campaign of claimed gradients: what it takes for the truth, and that it notices failures."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence

import pytest
from mpmath import mpf

from benchmarks.trust import claims
from testkit.claimed_functions import KINDS, ClaimedFunction, claimed_function, outputs_of
from testkit.jets import MP

SAMPLE = 120  # functions
PER_KIND = 4  # of them are compared with differences of many digits
DIGITS = 30
FAINT = MP.mpf(10) ** -120  # what differences give where a derivative is exactly 0
EVALUATION = {"noisy": 3e-4, "float32": 1e-5}  # relative errors of floats; of others 1e-9


@functools.cache
def sample() -> list[ClaimedFunction]:
    return [claimed_function(seed) for seed in range(SAMPLE)]


def of_kind(kind: str) -> list[ClaimedFunction]:
    return [made for made in sample() if made.kind == kind][:PER_KIND]


def slope(made: ClaimedFunction, output: int, i: int, side: int, total: mpf) -> mpf:
    """Return a derivative from differences along one input, on plain numbers of many digits.

    The digits are so many that what the function changes by is seen beside its value.
    """
    inputs = [MP.mpf(x) for x in made.inputs]
    size = abs(inputs[i]) or MP.mpf(1)

    def along(t: mpf) -> mpf:
        moved = [x + t * size if k == i else x for k, x in enumerate(inputs)]
        return outputs_of(made.draft.text(), made.args, moved)[output]

    hidden = MP.mag(along(0)) - MP.mag(total * size) if total else 0
    with MP.extraprec(2 * max(0, int(hidden))):
        return MP.diff(along, MP.mpf(0), direction=side) / size


@pytest.mark.parametrize("kind", KINDS)
def test_the_truth_agrees_with_differences_to_30_digits(kind: str) -> None:
    assert of_kind(kind)
    for made in of_kind(kind):
        if not made.draft.is_continuous:
            continue
        n = len(made.inputs)
        for k, (both, total) in enumerate(zip(made.truths, made.sums)):
            for side, truth in zip((-1, 1) if len(both) == 2 else (0,), both):
                found = slope(made, k // n, k % n, side, total)
                assert abs(found - truth) <= MP.mpf(10) ** -DIGITS * total + FAINT, made


def test_the_function_of_floats_is_the_one_that_was_meant() -> None:
    for made in sample():
        if not made.draft.is_deterministic:
            continue
        meant = outputs_of(made.draft.text(), made.args, [MP.mpf(x) for x in made.inputs])
        n = len(made.inputs)
        for k, (value, truth) in enumerate(zip(made.value(), meant)):
            parts = zip(made.sums[n * k : n * (k + 1)], made.inputs)
            size = abs(truth) + sum(s * abs(x) for s, x in parts)
            allowed = EVALUATION.get(made.kind, 1e-9) * size + 8 * made.draft.grain
            assert abs(value - truth) <= allowed, made


def test_a_right_claim_is_right_to_13_digits_and_a_wrong_one_is_not() -> None:
    for made in sample():
        if made.kind != "kink":
            assert all(f <= 1e-13 * s for f, s in zip(made.faults(made.right), made.sums)), made
            assert max(made.faults(made.wrong)) > 0, made


def test_a_seed_gives_the_same_function() -> None:
    assert [str(claimed_function(seed)) for seed in range(20)] == list(map(str, sample()[:20]))


def test_a_judge_who_lets_everything_pass_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    def generous(made: ClaimedFunction, claim: Sequence[float]) -> claims.Verdict:
        return claims.Verdict("passed", bounds=(0.0,) * len(claim))

    monkeypatch.setattr(claims, "verdict", generous)
    failures = failures_of(of_kind("analytic")[0])
    assert "a fault above twice the resolution passed" in failures


def test_a_judge_who_calls_everything_wrong_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claims, "verdict", lambda made, claim: claims.Verdict("wrong"))
    assert "a right gradient is called wrong" in failures_of(of_kind("analytic")[0])
    assert "a right gradient is called wrong" in failures_of(of_kind("kink")[0])


def test_a_judge_whose_resolution_is_too_coarse_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    def blind(made: ClaimedFunction, claim: Sequence[float]) -> claims.Verdict:
        return claims.Verdict("passed", bounds=(math.inf,) * len(claim))

    monkeypatch.setattr(claims, "verdict", blind)
    assert "passed by a resolution worse than 1e-4" in failures_of(of_kind("analytic")[0])


def failures_of(made: ClaimedFunction) -> str:
    tally = claims.Tally()
    claims.examine(made, tally)
    return "\n".join(tally.failures)


def test_one_function_can_be_shown_by_its_seed(capsys: pytest.CaptureFixture[str]) -> None:
    seed = of_kind("analytic")[0].seed
    assert claims.run(["--seed", str(seed), "--only"]) == 0
    assert "as it should be" in capsys.readouterr().out
