"""Whatever runs a program gives what the eager engine gives: both engines, JavaScript, `source()`."""

import pytest

import autograd
from testkit import back_ends
from testkit.back_ends import BACK_ENDS, by_eager_engine, complaints, is_here
from testkit.kernels import seldom

LOOPS = (100, 106, 107)  # with loops in loops, which the machine compiles in a second each
PROGRAMS = [
    *(("loops", number) for number in LOOPS),
    *(("graph", number) for number in range(4)),
    ("network", 0),
    *seldom(*(("loops", number) for number in range(100, 125) if number not in LOOPS)),
    *seldom(*(("graph", number) for number in range(4, 40))),
]


@pytest.mark.parametrize(("kind", "number"), PROGRAMS)
@pytest.mark.parametrize("back_end", BACK_ENDS)
def test_every_back_end_gives_what_the_eager_engine_gives(back_end, kind, number):
    if not is_here(back_end):
        pytest.skip(f"what runs {back_end} is not here")
    program = getattr(back_ends, kind)(number)
    assert complaints(BACK_ENDS[back_end](program), by_eager_engine(program)) == []


@pytest.mark.parametrize("number", LOOPS)
def test_the_programs_have_loops_in_loops(number):
    program = back_ends.loops(number)
    compiled = autograd.compile(program.function, program.parameters, (program.rows[0],))
    assert "for turn_2 in range(" in compiled.source()


def test_a_long_line_of_a_listing_is_whole_where_that_is_asked_for():
    def function(xs, w):
        for t, x in enumerate(xs):
            w = autograd.tanh(w + x) * xs[(t * t) % 31] + (0.5 / (1 + (5 * t) % 7))
        return [w, *xs]

    compiled = autograd.compile(function, example=([0.01 * i for i in range(40)], 0.5))
    short, whole = compiled.source(), compiled.source(whole=True)
    assert short.count(" more)") >= 3 and " more)" not in whole
    assert len(short.splitlines()) == len(whole.splitlines())
