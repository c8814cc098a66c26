"""Texts and edges of small functions: what they say, and from where on they say something else."""

import math
from fractions import Fraction

import numpy as np
import pytest

from autograd import (
    Value,
    contributions,
    detect_anomaly,
    dist,
    explain_nan,
    ieee,
    isfinite,
    isinf,
    isnan,
    norm,
    paths,
    stop_gradient,
    where,
)
from autograd import primitives as p
from autograd.coercion import as_data, as_number
from autograd.messages import formatted, operand_text, shown
from autograd.modes import mode
from autograd.primitive_type import Primitive
from autograd.testing.locate import diagnosis
from autograd.testing.recording import Jitter, Ties, expression_of, is_suspect, record
from nn.evaluation import accuracy, decided, is_class
from nn.history import Evaluation, History
from nn.losses import mse_loss, over_samples
from nn.progress import Progress
from nn.settings import TrainingSettings, count, truth, whole

LARGEST = 1.7976931348623157e308


# Messages.


class Unspeakable:
    def __repr__(self):
        raise RuntimeError("no")


def test_an_object_is_shown_by_sixty_characters_of_its_repr():
    assert shown("x" * 58) == repr("x" * 58) and shown("x" * 59) == "'" + "x" * 58 + "…"
    assert shown(-(10**5000)) == "a very long int"
    assert shown(Unspeakable()).startswith("<") and "Unspeakable object at" in shown(Unspeakable())


def test_an_operand_is_shown_with_its_name_and_number():
    assert operand_text(Value(2.0)) == "2.0" and operand_text(Value(2.0, name="x")) == "x=2.0"
    assert operand_text("text") == "'text'"
    assert formatted(1 / 3) == "0.333333" and formatted(1 / 3, ".2f") == "0.33"


@pytest.mark.parametrize(
    ("x", "cure"),
    [
        ("1.5", "str '1.5' is not a real number; pass float(text)"),
        (1j, "complex 1j is not a real number; pass its real and imaginary parts: the engine is "
             "real"),
        (None, "NoneType None is not a real number; pass a number: did a function forget its "
               "return?"),
        ([1.0], "list [1.0] is not a real number; pass its elements"),
        (np.ones(1), "ndarray array([1.]) is not a real number; pass its elements"),
        (len, "builtin_function_or_method <built-in function len> is not a real number; pass a "
              "number"),
    ],
)  # fmt: skip
def test_what_is_no_number_is_told_with_its_cure(x, cure):
    with pytest.raises(TypeError) as caught:
        as_number(x)
    assert str(caught.value) == cure


@pytest.mark.parametrize(
    ("x", "number", "kind"),
    [
        (True, 1, int), (np.int64(3), 3, int), (np.float32(0.5), 0.5, float),
        (np.array(2.5), 2.5, float), (np.bool_(True), 1.0, float), (Fraction(1, 3),) * 2 + (Fraction,),
    ],
)  # fmt: skip
def test_numbers_of_numpy_become_those_of_python(x, number, kind):
    assert as_number(x) == number and type(as_number(x)) is kind


def test_an_int_beyond_the_floats_is_no_data():
    with pytest.raises(OverflowError, match="too large for a float; a Fraction of it stays exact"):
        as_data(10**400)
    assert as_data(Fraction(10**400)) == 10**400 and type(as_data(3)) is float


@pytest.mark.parametrize(
    ("op", "operands", "text"),
    [
        (p.neg, ["x"], "-x"), (p.sub, ["x", "y"], "x - y"), (p.tanh, ["x"], "tanh(x)"),
        (p.atan2, ["x", "y"], "atan2(x, y)"), (p.total, ["x", "y"], "sum([x, y])"),
        (p.power, ["x", "2"], "x ** 2"), (p.neg, [], "-"),
    ],
)  # fmt: skip
def test_a_primitive_is_spelled_as_python_has_it(op, operands, text):
    assert op.spell(*operands) == text


# Numbers that are not finite, distances and branches.


def test_values_beyond_the_floats_are_infinite():
    with ieee():
        for number in (math.inf, -math.inf, math.nan, LARGEST, -LARGEST, 0.0):
            x = Value(number)
            assert bool(isinf(x)) == math.isinf(number) == isinf(number)
            assert bool(isfinite(x)) == math.isfinite(number) == isfinite(number)
            assert bool(isnan(x)) == math.isnan(number) == isnan(number)


def test_the_distance_has_the_slopes_of_its_direction():
    x, y = [Value(1.0), Value(5.0)], [Value(4.0), Value(1.0)]
    found = dist(x, y)
    found.backward()
    assert found.data == 5.0
    assert [v.grad for v in (*x, *y)] == [-0.6, 0.8, 0.6, -0.8]
    with pytest.raises(ValueError, match="dist of 1 and 2 coordinates: they must agree"):
        dist([1.0], [1.0, 2.0])


def test_of_branches_that_are_functions_only_the_one_that_is_taken_runs():
    def fails():
        raise AssertionError("not to be called")

    x = Value(2.0)
    assert where(x > 1, lambda: x * 3.0, fails).data == 6.0
    assert where(x < 1, fails, lambda: 7.0) == 7.0
    assert where(True, 1.0, fails) == 1.0
    with pytest.raises(TypeError, match="the branch <lambda> returned None; did it forget"):
        where(True, lambda: None, 1.0)


# Explanations.


def test_contributions_are_the_edges_of_one_node_and_no_other():
    x, y = Value(2.0, name="x"), Value(5.0, name="y")
    z = x * y + x
    z.name = "z"
    found = contributions(z, x)
    assert [edge.product for edge in found.edges] == [1.0, 5.0] and found.total == 6.0
    assert str(found).splitlines()[0] == "d z / d x = 6: the sum of" and repr(found) == str(found)
    assert str(contributions(z, z)) == "d z / d z = 1"


def test_paths_are_counted_and_told_the_largest_first():
    x = Value(2.0, name="x")
    y = x * x + x
    y.name = "y"
    found = paths(y, x, k=2)
    assert str(found).splitlines() == [
        "3 paths from y to x", "    y -> * -> x: 1 * 2 = 2", "    y -> * -> x: 1 * 2 = 2",
        "    and 1 more",
    ]  # fmt: skip
    assert str(paths(x.tanh(), x)).splitlines()[0] == "1 path from tanh to x"
    assert repr(paths(x, x)) == "1 path from x to x\n    x: 1 = 1"
    assert str(paths(y, Value(1.0, name="z"))) == "0 paths from y to z"


def test_the_first_number_that_is_not_finite_is_told_forward_or_backward():
    x = Value(0.0, name="x")
    with ieee():
        forward = explain_nan(x.log() * 0.0)
        backward = explain_nan(x.sqrt() * 2.0)
    assert repr(forward).splitlines() == [
        "forward: the first number that is not finite is -inf", "log(x=0.0) = -inf",
        "for the line that made it, compute it again within detect_anomaly()",
    ]  # fmt: skip
    assert backward.facts() == [
        "backward: the first gradient that is not finite is inf, which goes to x (0)",
        "over the edge from sqrt(x=0.0) = 0.0, whose local derivative there is inf",
    ]
    assert explain_nan(x * 2.0) is None
    given = explain_nan(Value(math.inf, name="y") * 2.0)
    assert str(given).splitlines()[1:] == ["y = inf", "it was given: a Value of the caller's"]


def test_within_detect_anomaly_another_observer_is_told_in_the_same_order():
    told = []

    class Witness(Ties):
        def compared(self, relation, x, y):
            told.append((relation.symbol, x, y))
            return super().compared(relation, x, y)

    x, y = Value(1.0), Value(2.0)
    with mode(observer=Witness()), detect_anomaly():
        assert x < y
    assert told == [("<", x, y)]


# What was recorded.


def test_an_expression_has_the_names_and_numbers_of_operands():
    x, y = Value(2.0, name="x"), Value(3.0)
    assert expression_of(x * y) == "x=2.0 * 3.0"
    assert expression_of(x) == "x=2.0" and expression_of(y) == "leaf=3.0"


def test_a_point_is_suspect_at_kinks_zeros_and_borders_only():
    with ieee():
        for node, suspect in (
            (Value(0.0).relu(), True), (Value(2.0).relu(), True), (Value(0.0).sin(), True),
            (Value(2.0).sin(), False), (Value(0.0) * 0.0, False), (Value(0.0).sqrt(), True),
            (Value(2.0).sqrt(), False), (Value(2.0), False),
        ):  # fmt: skip
            assert is_suspect(node) is suspect, expression_of(node)


def test_a_cut_is_seen_in_any_output_and_numbers_are_none():
    assert record(lambda x: (x, 1.0, stop_gradient(x)), (2.0,)).is_cut()
    assert not record(lambda x: (x, 1.0, x * x), (2.0,)).is_cut()


def test_rounding_is_perturbed_by_one_unit_where_there_was_any():
    class Up:
        def choice(self, sides):
            return sides[1]

    with mode(observer=Jitter(Up())):
        x = Value(0.1)
        assert (x * 3.0).data == math.nextafter(0.1 * 3.0, math.inf)
        assert (x * 2.0).data == 0.2 and x.data == 0.1


# Which node is at fault.


def test_the_node_at_fault_is_named_with_its_operand():
    wrong = Primitive("wrong", lambda x, y: x * y, lambda x, y, out: y, lambda x, y, out: 2 * x)
    x, y = Value(3.0, name="x"), Value(5.0, name="y")
    assert diagnosis(wrong(x, y) + x) == (
        "the node at fault: wrong(x=3.0, y=5.0), whose local derivative by operand 1 is 6, and "
        "should be 3"
    )


def test_where_no_node_is_at_fault_a_dependence_was_lost():
    x, y = Value(3.0), Value(4.0)
    told = diagnosis(norm([x, y]) * x + x.relu())
    assert told.startswith("every recorded local derivative is right, so a dependence was not")


def test_an_operand_that_was_changed_is_told_with_both_results():
    x = Value(3.0, name="x")
    y = x * 2.0
    x.data = 4.0
    assert diagnosis(y) == (
        "an operand changed after it was used: x=4.0 * 2.0 would be 8.0 now, and was 6.0 when "
        "recorded"
    )
    with ieee():
        z = Value(math.nan) * 2.0
        assert "changed" not in diagnosis(z)


# Classes, histories and settings.


@pytest.mark.parametrize(
    ("row", "low", "outputs", "number"),
    [
        ([0.1, 0.9, 0.3], 0, None, 1), ([0.9], 0, None, 1), ([0.5], 0, None, 1),
        ([0.4], 0, None, 0), ([0.1], -1, None, 1), ([0.0], -1, None, 0), ([1.5], -1, None, 1),
        ([2], 0, 3, 2), ([1], 0, 1, 1), ([-1], -1, 1, 0),
    ],
)  # fmt: skip
def test_the_class_of_outputs_and_targets(row, low, outputs, number):
    assert decided(row, low, outputs) == number


@pytest.mark.parametrize(
    ("outputs", "targets", "share"),
    [
        ([[0.9, 0.1], [0.2, 0.8], [0.7, 0.3]], [0, 1, 1], 2 / 3),
        ([0.3, -0.2, 0.1], [1, -1, -1], 2 / 3),
        ([0.3, 0.7], [-1, 0], None),
        ([0.3, 0.7], [0.25, 1], None),
        ([[0.1, 0.2]], [[1, 1]], None),
        ([[0.1, 0.2]], [[-1, 1]], 1.0),
        ([[0.1, 0.2]], [2], None),
        ([], [], None),
    ],
)
def test_the_accuracy_is_the_share_of_right_classes_where_there_are_classes(
    outputs, targets, share
):
    assert accuracy(outputs, targets) == share


def test_a_class_is_an_index_a_sign_or_one_hot():
    assert is_class([1, 0, 0], 3) and is_class([-1, 1], 2) and is_class([2], 3)
    assert not is_class([3], 3) and not is_class([-1], 3) and is_class([-1], 1)
    assert not is_class([1, 1], 2) and not is_class([1, 0, 0.5], 3) and not is_class([2, 1], 2)


def test_an_iteration_that_is_settled_again_is_counted_once():
    history = History()
    history.settle(1, 0.5)
    history.settle(2, 0.25)
    history.settle(2, 0.125)
    assert (history.losses, history.iteration) == ([0.5, 0.125], 2)


def test_a_history_is_told_by_its_last_numbers():
    assert repr(History()) == "History of 0 iterations"
    history = History([0.5, 0.126], [Evaluation(2, 0.254, 0.876)], interrupted=True)
    assert repr(history) == (
        "History of 2 iterations: loss 0.13, held-out loss 0.25, held-out accuracy 87.6 % "
        "(interrupted)"
    )
    history.evaluations.append(Evaluation(2, 0.5, None))
    assert history.news() == "loss 0.13, held-out loss 0.5"


def test_a_history_comes_back_from_its_dict():
    settings = TrainingSettings(samples=4, batch_size=2, iterations=8)
    history = History([0.5], [Evaluation(1, 0.25, None)], False, {"a": 1}, {"b": 2}, settings)
    assert history.as_dict()["evaluations"] == [[1, 0.25, None]]
    assert History.from_dict(history.as_dict()) == history
    assert History().sampler == History().optimizer == {}
    with pytest.raises(ValueError, match="not the history of a training: KeyError"):
        History.from_dict({})


def test_settings_are_ints_and_truths():
    assert whole("n", np.int64(3)) == 3 and type(whole("n", np.int64(3))) is int
    assert (count("n", 1), truth("t", 1), truth("t", False), truth("t", np.True_)) == (
        1, True, False, True,
    )  # fmt: skip
    for name, check, x in (("n", count, 0), ("n", count, True), ("s", whole, 1.0)):
        with pytest.raises(ValueError, match=rf"^{name} must be an int"):
            check(name, x)
    for x in ("no", 2, 1.0, None):
        with pytest.raises(ValueError, match="^t must be True or False, not "):
            truth("t", x)


@pytest.mark.parametrize(
    ("iterations", "every", "interval"),
    [(100, None, 5), (39, None, 1), (40, None, 2), (5, None, 1), (100, 7, 7)],
)
def test_held_out_samples_are_evaluated_twenty_times_unless_told_otherwise(
    iterations, every, interval
):
    settings = TrainingSettings(
        samples=4, batch_size=4, iterations=iterations, evaluate_every=every
    )
    assert settings.evaluation_interval == interval


def test_progress_is_a_line_after_some_seconds_and_at_the_end(monkeypatch, capsys):
    clock = [100.0]
    monkeypatch.setattr("nn.progress.time.monotonic", lambda: clock[0])
    monkeypatch.setitem(__import__("sys").modules, "tqdm", None)
    progress = Progress(True, 0, 4)
    for clock[0], losses in ((101.9, 1), (102.0, 2), (103.9, 3), (103.95, 4)):
        progress.update(History([0.5] * losses))
    assert capsys.readouterr().err.splitlines() == [
        "iteration 2 of 4: loss 0.5", "iteration 4 of 4: loss 0.5",
    ]  # fmt: skip
    Progress(False, 0, 1).update(History([0.5]))
    assert capsys.readouterr().err == ""


def test_a_loss_is_of_one_sample_or_the_mean_of_many():
    assert over_samples(lambda out, y: sum(out) - y, [3.0, 4.0], 2.0) == 5.0
    assert over_samples(lambda out, y: sum(out) - y, [[3.0], [4.0]], [2.0, 1.0]) == 2.0
    assert mse_loss(3.0, 1.0) == 2.0
    for targets, many in (([1.0], "1"), (1.0, "one")):
        with pytest.raises(ValueError, match=f"2 samples of outputs but {many} of targets"):
            over_samples(lambda out, y: 0.0, [[3.0], [4.0]], targets)
