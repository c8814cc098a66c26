"""A smoke test for every commit, well under two seconds."""

import math

import autograd
from autograd import Value, grad


def test_the_square_of_a_square_gives_108_and_then_216():
    x = Value(3.0)
    y = (x * x) ** 2
    y.backward()
    assert (y.data, x.grad) == (81.0, 108.0)
    y.backward()
    assert x.grad == 216.0


def test_x_times_x_has_two_edges():
    x = Value(3.0)
    assert (x * x).parents == (x, x)
    assert (x * x).local_derivatives == (3.0, 3.0)


def test_two_roots_that_share_a_node_add_up():
    x = Value(2.0)
    c = x * x
    (c * c).backward()
    (c * 3).backward()
    assert x.grad == 44.0


def test_the_readme_example_of_micrograd_gives_its_three_numbers():
    a, b = Value(-4.0), Value(2.0)
    c = a + b
    d = a * b + b**3
    c += c + 1
    c += 1 + c + (-a)
    d += d * 2 + (b + a).relu()
    d += 3 * d + (b - a).relu()
    e = c - d
    f = e**2
    g = f / 2.0
    g += 10.0 / f
    g.backward()
    assert (f"{g.data:.4f}", f"{a.grad:.4f}", f"{b.grad:.4f}") == (
        "24.7041",
        "138.8338",
        "645.5773",
    )


def test_a_neuron_learns_its_sign():
    w, b = Value(-0.5, name="w"), Value(0.0, name="b")
    for _ in range(50):
        loss = sum(
            (((w * x + b).tanh() - y) ** 2 for x, y in ((1.0, 1.0), (-1.0, -1.0))), Value(0.0)
        )
        w.zero_grad(), b.zero_grad()
        loss.backward()
        w.data -= 0.5 * w.grad
        b.data -= 0.5 * b.grad
    assert loss.data < 0.01 < w.data


def test_derivatives_of_functions_nest():
    assert grad(grad(grad(autograd.sin)))(0.3) == -math.cos(0.3)


def test_every_public_name_exists_and_is_documented():
    for name in autograd.__all__:
        assert getattr(autograd, name).__doc__, name
