"""The stepper as data and as a text of HTML; what a browser makes of it is in test_browser.py."""

import base64
import json
import math
import subprocess
import sys
from fractions import Fraction
from html.parser import HTMLParser
from unittest import mock
from xml.etree import ElementTree

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from autograd import (
    Value,
    contributions,
    dot,
    ieee,
    maximum,
    relu,
    stepper,
    stop_gradient,
    topological_order,
    where,
)
from autograd.primitive_type import Primitive
from autograd.stepping import picture as picture
from autograd.stepping.lines import shown
from autograd.stepping.model import Backward, Forward, Model, Seed
from testkit.random_graphs import everyday, graphs, leaves_of, tied

points = st.tuples(everyday, everyday, everyday)
HOSTILE = ["</script><script>alert(1)</script>", '"];', "<img src=x onerror=alert(1)>", "a\x00\x1b\n\u202eb",
           "-->", "&amp;\\N", "${css}$data", "]]>", "'", "\u2028", "数"]  # fmt: skip
ALLOWED = {"div", "style", "p", "strong", "span", "img", "details", "summary", "table", "thead",
           "tbody", "tr", "th", "td", "script", "pre"}  # fmt: skip


class Page(HTMLParser):
    """What a browser would find in the HTML: tags, the data, the table and the picture."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.rows, self.text, self.inside = [], [], "", ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        self.inside = tag
        if tag == "tr":
            self.rows.append([])
        if tag == "td":
            self.rows[-1].append("")
        if (tag, dict(attributes).get("class")) == ("script", "cs-data"):
            self.inside = "data"

    def handle_endtag(self, tag):
        self.inside = ""

    def handle_data(self, text):
        if self.inside == "data":
            self.data = json.loads(text)
        elif self.inside == "td":
            self.rows[-1][-1] += text
        elif self.inside not in ("script", "style"):
            self.text += text

    @property
    def svg(self):
        source = next(a["src"] for tag, a in self.tags if tag == "img")
        return base64.b64decode(source.removeprefix("data:image/svg+xml;base64,")).decode()


def number(coded):
    """Return a number of the page's data."""
    if not isinstance(coded, list):
        return coded
    return Fraction(coded[0]) if "n" not in coded[0] else float(coded[0])


def same(a, b):
    return a == b and math.copysign(1, a) == math.copysign(1, b) or (a != a and b != b)


def unplaced(root, **settings):
    """Return a stepper without asking Graphviz, for tests of many graphs."""
    with mock.patch.object(picture, "render", side_effect=RuntimeError):
        return stepper(root, **settings)


def example():
    x, w, b = Value(2.0, name="x"), Value(-3.0, name="w"), Value(6.5, name="b")
    return (w * x + b).tanh() ** 2 * 0.5


@given(graphs, points)
def test_the_numbers_of_the_page_are_those_of_backward_steps(program, numbers):
    root = tied(program, leaves_of(numbers))
    page = Page(unplaced(root, check=False).html)
    edges = [edge for step in root.backward_steps() for edge in (step.edges)]
    shown_edges = [step for step in page.data["steps"] if step[0] == "edge"]
    assert len(shown_edges) == len(edges)
    for (_, _, _, slope, product, before, after), edge in zip(shown_edges, edges):
        told = edge.local_derivative, edge.contribution, edge.before, edge.after
        assert all(map(same, map(number, (slope, product, before, after)), told))


@given(graphs, points)
def test_the_page_ends_with_exactly_the_gradients_of_backward(program, numbers):
    root = tied(program, leaves_of(numbers))
    page = Page(unplaced(root, check=False).html)
    nodes = Model(root).nodes
    gradients = [0.0] * len(nodes)
    for kind, place, *rest in page.data["steps"][:-1]:
        if kind == "seed":
            gradients[place] = number(rest[0])
        elif kind == "edge":
            gradients[page.data["arrows"][place][2]] = number(rest[-1])
    root.backward()
    assert all(map(same, gradients, (node.grad for node in nodes)))
    told = [0.0 if n["grad"] is None else number(n["grad"]) for n in page.data["nodes"]]
    assert all(map(same, told, gradients))


@given(graphs, points)
def test_the_steps_into_a_node_are_its_contributions(program, numbers):
    root = tied(program, leaves_of(numbers))
    model = Model(root)
    for node in topological_order(root):
        edges = [s for s in model.steps if isinstance(s, Backward)]
        into = [s for s in edges if model.arrows[s.arrow].operand == model.index[node]]
        terms = contributions(root, node)
        assert [s.contribution for s in into] == [e.product for e in terms.edges]
        assert [s.upstream for s in into] == [e.adjoint for e in terms.edges]


def test_values_come_first_and_every_edge_is_one_step():
    x = Value(3.0, name="x")
    kinds = [type(step).__name__ for step in Model((x * x).exp()).steps]
    assert kinds == ["Forward"] * 3 + ["Seed"] + ["Backward"] * 3 + ["Done"]


def test_every_sentence_holds_its_numbers():
    x, y = Value(3.0, name="x"), Value(-2.0, name="y")
    sentences = [step.sentence for step in Model(x * y, names={"area": None}).steps]
    assert sentences == [
        "x is given: x = 3.",
        "y is given: y = -2.",
        "u2 = x * y = 3 * (-2) = -6.",
        "The backward pass starts at u2 with the gradient 1.",
        "x receives ∂u2/∂u2 · y = 1 × (-2) = -2 from u2; its gradient becomes 0 + (-2) = -2.",
        "y receives ∂u2/∂u2 · x = 1 × 3 = 3 from u2; its gradient becomes 0 + 3 = 3.",
        "The pass is complete: the gradient of u2 with respect to x is -2, to y is 3.",
    ]


def test_looking_changes_no_gradient():
    root = example()
    root.backward()
    before = [node.grad for node in topological_order(root)]
    page = stepper(root)
    page.html, repr(page), page._repr_mimebundle_()
    assert [node.grad for node in topological_order(root)] == before


def test_a_page_after_a_pass_shows_one_pass_not_two():
    root = example()
    fresh = stepper(root).html
    root.backward()
    assert stepper(root).html == fresh


def test_a_seed_is_the_gradient_of_the_root():
    x = Value(3.0, name="x")
    page = stepper(x * x, seed=0.5)
    assert page.model.gradients == [3.0, 0.5] and page.verdict == "agrees"


def test_a_structural_zero_is_drawn_without_a_step():
    x, y = Value(1.0, name="x"), Value(2.0, name="y")
    page = Page(stepper(maximum(x, y) + 0.0).html)
    assert sum(step[0] == "edge" for step in page.data["steps"]) == 2
    assert page.data["nodes"][0]["grad"] is None and "stroke-dasharray" in page.svg
    assert page.data["nodes"][0]["paths"] == "0"


def test_both_edges_of_a_square_are_there():
    x = Value(3.0, name="x")
    page = Page(stepper(x * x).html)
    assert [arrow[0] for arrow in page.data["arrows"]] == ["e1-0", "e1-1"]
    assert page.data["nodes"][0]["paths"] == "2"
    assert 'id="e1-0"' in page.svg and 'id="e1-1"' in page.svg


def test_paths_are_counted_exactly_where_they_are_many():
    y = x = Value(1.0, name="x")
    for _ in range(100):
        y = y + y
    assert Page(stepper(y).html).data["nodes"][0]["paths"] == str(2**100)
    assert x.grad == 0.0


def test_the_table_has_a_row_for_every_step():
    page = stepper(example())
    rows = Page(page.html).rows[1:]
    assert [int(row[0]) for row in rows] == list(range(1, len(page.model.steps) + 1))
    assert rows[6] == ["7", "u6", "u5 ** 2 = 0.462117 ** 2", "0.213552"]
    assert rows[9] == ["10", "u7 → u6", "1 × 0.5 = 0.5", "0 + 0.5 = 0.5"]


def test_the_picture_is_xml_and_names_every_part():
    page = stepper(example())
    svg = ElementTree.fromstring(Page(page.html).svg)
    ids = [element.get("id") for element in svg.iter() if element.get("id")]
    assert len(ids) == len(set(ids))
    wanted = {f"n{i}" for i in range(len(page.model.nodes))} | {a.id for a in page.model.arrows}
    assert wanted <= set(ids)


def test_ids_are_those_of_the_other_pictures():
    from autograd import draw_dot
    from autograd.drawing.render import engine

    root = where(Value(1.0) > 0, Value(2.0), Value(3.0) * 2) * maximum(Value(1.0), Value(2.0))
    if engine() is None:
        pytest.skip("no program that draws graphs is installed")
    other = ElementTree.fromstring(draw_dot(root).svg())
    drawn = {e.get("id") for e in other.iter() if e.get("id", "g")[0] in "nez"}
    ours = ElementTree.fromstring(Page(stepper(root).html).svg)
    assert {e.get("id") for e in ours.iter() if e.get("id", "g")[0] in "nez"} == drawn


@pytest.mark.parametrize("name", HOSTILE, ids=ascii)
def test_a_hostile_name_is_text(name, tmp_path):
    x = Value(2.0, name=name)
    root = x * Value(3.0, name=name + "'")
    root.name = name
    page = stepper(root)
    found = Page(page.html)
    assert {tag for tag, _ in found.tags} <= ALLOWED
    assert not [a for _, attributes in found.tags for a in attributes if a.startswith("on")]
    assert page.html.count("</script>") == 2 and page.html.count("<script") == 2
    assert found.data["nodes"][0]["name"] == page.model.names[x]
    texts = "".join(ElementTree.fromstring(found.svg).itertext())
    assert page.model.names[x] in texts and not any(c < " " for c in texts)
    assert "alert" not in "".join(a for tag, at in found.tags for a in at if tag != "img")
    saved = page.save(tmp_path / "page.html").read_text(encoding="utf-8")
    assert page.html in saved and {t for t, _ in Page(saved).tags} - ALLOWED == {
        "html", "head", "meta", "title", "body", "main", "h1",
    }  # fmt: skip


def test_a_hostile_symbol_is_text():
    odd = Primitive("</script><b>", lambda x: x, lambda x, out: 1)
    found = Page(stepper(odd(Value(1.0, name="x"))).html)
    assert {tag for tag, _ in found.tags} <= ALLOWED
    assert found.data["nodes"][1]["op"] == "</script><b>"


def test_the_page_asks_for_nothing_from_anywhere():
    html = stepper(example()).html
    svg = Page(html).svg.replace('xmlns="http://www.w3.org/2000/svg"', "")
    for text in (html, svg):
        assert not any(word in text for word in ("http://", "https://", "@import", "url(", "<link"))


def test_names_come_from_variables():
    x = Value(2.0)
    weights = [Value(1.0), Value(3.0)]
    loss = x * weights[1]
    page = stepper(loss, names=locals())
    assert page.model.names[x] == "x" and page.name == "loss"
    assert page.model.names[weights[1]] == "weights[1]"


def test_a_page_is_the_same_bytes_in_every_process():
    program = (
        "from autograd import Value, stepper, maximum\n"
        "x, y = Value(2.0, name='x'), Value(0.1, name='y')\n"
        "print(stepper((x * y + x.tanh()) * 3 + maximum(x, y)).html)"
    )
    runs = [
        subprocess.run(
            [sys.executable, "-X", "utf8", "-c", program],
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert runs[0] == runs[1] and len(runs[0]) > 1000


def test_two_outputs_can_be_told_apart():
    x = Value(2.0, name="x")
    keys = {Page(stepper(f).html).tags[0][1]["data-stepper"] for f in (x * x, x + x)}
    assert len(keys) == 2


def chain(length):
    """Return a graph of two edges a node, with names and long numbers."""
    y = Value(0.7, name="y")
    for i in range(length):
        y = y * Value(1.01 + i / 1000, name=f"w{i}")
    return y


def test_207_steps_take_less_than_281_kilobytes():
    page = stepper(chain(51))
    assert len(page.model.steps) == 207
    assert len(page.html.encode()) < 281_000


def test_a_page_holds_one_picture_however_many_steps():
    assert stepper(chain(51)).html.count("<svg") == 0  # it is the image, and there only
    assert stepper(chain(51)).html.count("data:image/svg+xml") == 1


def test_200_nodes_are_within_the_limit():
    page = stepper(chain(100))
    assert len(page.model.nodes) == 201 and len(page.html) < 600_000


def test_beyond_the_limit_it_says_what_to_do():
    with pytest.raises(ValueError, match="1001 nodes and its passes 2003 steps") as caught:
        stepper(chain(500))
    told = str(caught.value)
    assert "stepper(v) of an inner Value" in told and "backward_steps()" in told
    assert "limit=2003" in told
    assert len(stepper(chain(500), limit=2003, check=False).model.steps) == 2003


def test_a_thousand_steps_are_a_page_and_one_more_are_too_many():
    def negated(x, times):
        return x if times == 0 else negated(-x, times - 1)

    with mock.patch("autograd.stepping.page.svg", return_value='<svg width="1"/>'):
        x = Value(1.0)
        assert len(stepper(negated(x * x, 497), check=False).model.steps) == 1000
        with pytest.raises(ValueError, match="1001 steps"):
            stepper(negated(x, 499), check=False)


def test_a_graph_far_too_large_is_refused_quickly():
    y = Value(1.0)
    for _ in range(100_000):
        y = y + 1.0
    with pytest.raises(ValueError, match="100001 nodes"):
        stepper(y)


def test_only_a_value_has_steps():
    with pytest.raises(TypeError, match=r"a stepper shows a Value, not list \[1\]"):
        stepper([1])
    with pytest.raises(ValueError, match="rankdir 'up'"):
        stepper(Value(1.0), rankdir="up")


def test_a_leaf_alone_is_a_page():
    page = stepper(Value(2.0, name="x"))
    assert page.model.steps[-1].sentence == "The pass is complete: no gradient leaves x."
    assert len(Page(page.html).rows) == 4


def test_fractions_stay_exact_on_the_page():
    third = Value(Fraction(1, 3), name="third")
    page = stepper(third**2 / 7)
    assert Page(page.html).data["nodes"][0]["grad"] == ["2/21", "2/21"]
    assert page.verdict == "agrees"
    assert shown(Fraction(10**30 + 1, 3)) == "≈3.33333e+29"
    assert shown(Fraction(10**400)) == "1" + 38 * "0" + "…"


def test_numbers_that_json_lacks_are_texts():
    x = Value(0.0, name="x")
    data = Page(stepper(x.sqrt()).html).data
    assert data["nodes"][0]["grad"] == ["inf", "inf"]
    data = Page(stepper(x.sqrt() ** 2).html).data
    assert data["nodes"][0]["grad"] == ["nan", "nan"]


def test_many_constants_of_one_operation_share_a_box():
    from autograd import dot

    xs = [Value(float(i)) for i in range(6)]
    model = Model(dot(xs, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0], 7.0))
    assert list(model.constants.values()) == ["7, 1, 2, … (7 numbers)"]


def test_without_an_engine_boxes_stand_in_columns(monkeypatch):
    def nothing(*_):
        raise RuntimeError("no program that draws graphs was found")

    monkeypatch.setattr(picture, "render", nothing)
    model = Model(example())
    layout = picture.column_layout(model, picture.box_sizes(model))
    for arrow in model.arrows:
        assert layout.centres[arrow.tail][0] < layout.centres[f"n{arrow.node}"][0]
    assert ElementTree.fromstring(picture.svg(model)) is not None
    assert all(0 <= x <= layout.width for x, _ in layout.centres.values())


def test_where_boxes_stand_in_columns_an_arrow_runs_from_side_to_side():
    """From the middle of a right side to the middle of a left one, where it arrives level."""
    model = Model(example())
    boxes = picture.box_sizes(model)
    layout = picture.column_layout(model, boxes)
    for arrow in model.arrows:
        head = f"n{arrow.node}"
        line = layout.curves[arrow.id].points
        (x, y), (head_x, head_y) = layout.centres[arrow.tail], layout.centres[head]
        assert line[0] == (x + boxes[arrow.tail][0] / 2, y)
        assert line[-1] == (head_x - boxes[head][0] / 2, head_y)
        assert line[1][1] == y and line[2][1] == line[3][1] == head_y
        assert [px for px, _ in line] == sorted(px for px, _ in line)
        assert line[-2][0] < line[-1][0]
        label_x, label_y = layout.curves[arrow.id].label
        assert line[0][0] < label_x < line[-1][0]
        assert min(y, head_y) - 6 <= label_y <= max(y, head_y) - 6


def test_boxes_of_a_column_stand_apart_and_fill_the_picture():
    model = Model(example())
    boxes = picture.box_sizes(model)
    layout = picture.column_layout(model, boxes)
    frames = {
        name: (x - boxes[name][0] / 2, y - boxes[name][1] / 2, *boxes[name])
        for name, (x, y) in layout.centres.items()
    }
    assert min(x for x, *_ in frames.values()) == min(y for _, y, *_ in frames.values()) == 0
    assert max(x + w for x, _, w, _ in frames.values()) == pytest.approx(layout.width)
    assert max(y + h for _, y, _, h in frames.values()) == pytest.approx(layout.height)
    for one, (x, y, w, h) in frames.items():
        for other, (x2, y2, w2, h2) in frames.items():
            apart = x + w < x2 or x2 + w2 < x or y + h < y2 or y2 + h2 < y
            assert one == other or apart


@given(*[st.floats(-500, 500)] * 4)
def test_the_head_of_an_arrow_is_a_symmetric_triangle_whose_tip_is_the_end(x, y, tip_x, tip_y):
    """Seven points long and seven wide, along the line from the start."""
    length = math.hypot(tip_x - x, tip_y - y)
    assume(length > 1)
    head = picture.triangle((x, y), (tip_x, tip_y))
    tip, left, right = [tuple(map(float, point.split(","))) for point in head[1:-1].split("L")]
    assert tip == pytest.approx((tip_x, tip_y), abs=0.051)
    along = (tip_x - x) / length, (tip_y - y) / length
    for side, sign in ((left, 1), (right, -1)):
        back = tip_x - side[0], tip_y - side[1]
        assert back[0] * along[0] + back[1] * along[1] == pytest.approx(7, abs=0.1)
        assert back[0] * along[1] - back[1] * along[0] == pytest.approx(3.5 * sign, abs=0.1)


def test_an_arrow_has_a_tip_at_each_end_of_its_line():
    line = [(0.0, 0.0), (10.0, 0.0), (10.0, 20.0), (14.0, 20.0), (20.0, 20.0)]
    model = Model(Value(2.0) * 3.0)
    edge = ElementTree.fromstring(
        picture.edge_svg(model.arrows[0], picture.Curve(line, (9.0, 8.0)))
    )
    path, tip, back = edge.iter("path")
    assert path.get("d") == "M0,0C10,0 10,20 14,20"
    assert tip.get("d") == picture.triangle(line[3], line[4])
    assert back.get("d") == picture.triangle(line[1], line[0])
    (text,) = edge.iter("text")
    assert (text.get("x"), text.get("y"), text.text) == ("9", "9", "3")


def test_the_frame_of_a_constant_is_as_wide_and_high_as_its_box():
    model = Model(Value(2.0) * 3.25)
    ((name, text),) = model.constants.items()
    layout = picture.Layout({name: (50.0, 20.0)}, {}, 100.0, 40.0)
    frame, label = ElementTree.fromstring(picture.pill_svg(name, text, layout))
    width, height = (float(frame.get(side)) for side in ("width", "height"))
    assert (width, height) == pytest.approx(picture.box_sizes(model)[name], abs=0.05)
    assert float(frame.get("x")) + width / 2 == pytest.approx(50.0, abs=0.1)
    assert float(frame.get("y")) + height / 2 == pytest.approx(20.0, abs=0.1)
    assert (label.get("x"), label.get("y"), label.text) == ("50.0", "24.0", "3.25")


def test_no_text_is_wider_than_its_box():
    model = Model(chain(20))
    for i, (width, _) in enumerate(list(picture.box_sizes(model).values())[: len(model.nodes)]):
        node = model.nodes[i]
        longest = max(len(shown(node.data)), len(shown(model.gradients[i])))
        assert width > 6 * (longest + 5)


def test_jupyter_is_given_html_and_a_line_of_text():
    page = stepper(example())
    assert set(page._repr_mimebundle_()) == {"text/html", "text/plain"}
    assert page._repr_html_() == page.html
    assert repr(page).startswith("<stepper of u")


# The gradient check.


def verdict(root):
    page = stepper(root)
    return page.verdict, page.badge


def test_a_right_gradient_is_told_right():
    x, y = Value(0.3, name="x"), Value(-1.2, name="y")
    told = verdict((x * y).sin() / (1 + y.exp()) + x.tanh())
    assert told == ("agrees", "gradient check: all 2 leaves are right, by 60-digit arithmetic")


@given(graphs, points)
def test_no_right_gradient_is_called_wrong(program, numbers):
    root = tied(program, leaves_of(numbers))
    assert unplaced(root).verdict != "differs"


@pytest.mark.parametrize("fault", [-1.0, 1.01, 0.0, 1 + 1e-6])
def test_a_wrong_rule_is_seen(fault):
    wrong = Primitive("wrong", math.sin, lambda x, out: fault * math.cos(x))
    told = verdict(wrong(Value(0.5, name="x")))
    assert told[0] == "differs" and told[1].startswith("gradient check: x has ")


def test_a_kink_is_called_a_kink():
    x, y = Value(0.0, name="x"), Value(2.0, name="y")
    told = verdict(relu(x) * y + y)
    assert told == ("unknown", "gradient check: 1 of 2 leaves are right, 1 at a kink")


def test_a_stopped_gradient_is_no_fault():
    x = Value(2.0, name="x")
    assert verdict(stop_gradient(x) * x)[0] == "agrees"


def test_a_leaf_changed_after_recording_is_told():
    x = Value(2.0, name="x")
    y = x * x
    x.data = 3.0
    told = verdict(y)
    assert told[0] == "unknown" and "changed" in told[1]


def test_a_gradient_that_is_not_finite_is_not_called_right():
    told = "gradient check: 0 of 1 leaves are right, 1 not finite"
    assert verdict(Value(0.0, name="x").sqrt()) == ("unknown", told)
    assert verdict(Value(math.nan, name="x").sin()) == ("unknown", told)
    with ieee():
        assert verdict(Value(0.0, name="x").log() * 2.0)[0] == "unknown"


def test_of_many_leaves_some_are_checked_and_the_badge_says_so():
    told = verdict(chain(120))
    assert told[0] == "agrees"
    assert told[1] == "gradient check: 41 of 121 leaves were checked, all right, by exact fractions"


@pytest.mark.parametrize(("leaves", "nodes", "checked"), [(50, 200, 50), (73, 137, 37)])
def test_leaves_times_nodes_that_are_checked_are_ten_thousand_at_most(leaves, nodes, checked):
    """Of 73 in 137 nodes, which is 1 too many, every other one."""
    root = dot([Value(1.0) for _ in range(leaves)], [1.0] * leaves)
    for _ in range(nodes - leaves - 1):
        root = -root
    with mock.patch("autograd.stepping.page.check_graph", return_value=[]) as check:
        stepper(root)
    assert len(check.call_args.args[1]) == checked


def test_a_check_can_be_left_out():
    assert stepper(example(), check=False).badge == "gradients not checked"


def test_without_mpmath_differences_judge():
    program = (
        "import sys; sys.modules['mpmath'] = None\n"
        "from autograd import Value, stepper\n"
        "print(stepper(Value(0.5, name='x').sin()).badge)"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert run.stdout.strip().endswith("the only leaf is right, by differences")


def test_steps_have_the_fields_that_are_told():
    model = Model(example())
    assert sum(isinstance(step, Forward) for step in model.steps) == len(model.nodes)
    assert sum(isinstance(step, Seed) for step in model.steps) == 1
