"""Data sets: those that ship, those that are generated, and a user's CSV."""

import gzip
import math

import pytest

from nn import (
    Standardizer,
    circles,
    load_digits,
    load_iris,
    moons,
    one_hot,
    read_csv,
    spirals,
    split,
    xor,
)


def test_iris_and_digits_are_the_published_ones():
    iris, digits = load_iris(), load_digits()
    assert (len(iris), len(iris.feature_names), iris.class_names) == (
        150,
        4,
        ["setosa", "versicolor", "virginica"],
    )
    assert iris.inputs[0] == [5.1, 3.5, 1.4, 0.2] and [iris.labels.count(k) for k in range(3)] == [
        50,
        50,
        50,
    ]
    assert math.fsum(map(math.fsum, iris.inputs)) == pytest.approx(2078.7)
    assert (len(digits), len(digits.feature_names), len(digits.class_names)) == (1797, 64, 10)
    assert {x for row in digits.inputs for x in row} == set(map(float, range(17)))
    assert digits.targets[0] == one_hot(0, 10)


@pytest.mark.parametrize("make", [moons, circles, xor, spirals])
def test_generated_data_are_repeatable_and_balanced(make):
    one, two, other = make(60, seed=1), make(60, seed=1), make(60, seed=2)
    assert one.inputs == two.inputs != other.inputs
    assert len(one) == 60 and abs(one.labels.count(0) - 30) <= 1
    with pytest.raises(ValueError, match="0|-1"):
        make(0)


def test_the_second_spiral_is_the_first_turned_by_half_a_turn():
    data = spirals(40, noise=0.0, turns=2.0)
    assert data.inputs[1::2] == [[-x, -y] for x, y in data.inputs[0::2]]
    angles = [math.atan2(y, x) % math.tau for x, y in data.inputs[0::2]]
    radii = [math.hypot(x, y) for x, y in data.inputs[0::2]]
    assert radii == sorted(radii) and radii[0] == 0.1 and radii[-1] < 1.0
    assert sum(after < before for before, after in zip(angles, angles[1:])) == 1  # the second turn


def test_a_split_is_stratified_and_repeatable():
    iris = load_iris()
    training, held_out = split(iris, 0.2, seed=3)
    assert (len(training), len(held_out)) == (120, 30)
    assert [held_out.labels.count(k) for k in range(3)] == [10, 10, 10]
    assert sorted(map(tuple, training.inputs + held_out.inputs)) == sorted(map(tuple, iris.inputs))
    assert (
        split(iris, 0.2, seed=3)[1].inputs == held_out.inputs != split(iris, 0.2, seed=4)[1].inputs
    )


def test_a_standardizer_gives_mean_0_and_variance_1_and_keeps_a_constant():
    rows = [[1.0, 5.0], [3.0, 5.0], [8.0, 5.0]]
    new = Standardizer.fit(rows).rows(rows)
    assert math.fsum(row[0] for row in new) == pytest.approx(0.0, abs=1e-15)
    assert math.fsum(row[0] ** 2 for row in new) / 3 == pytest.approx(1.0)
    assert [row[1] for row in new] == [0.0, 0.0, 0.0]


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("a,b,kind\n1,2,yes\n3,4,no\n", {}),
        ("1,2,yes\n3,4,no\n", {}),
        ("\ufeffa;b;kind\r\n1;2;yes\r\n\r\n3;4;no\r\n", {}),
        ("a\tb\tkind\n1\t2\tyes\n3\t4\tno", {}),
        ("kind,a,b\nyes,1,2\nno,3,4\n", {"target": "kind"}),
        ("yes,1,2\nno,3,4\n", {"target": 0}),
        ('a,b,kind\n"1"," 2 ",yes\n3,4e0,no\n', {}),
    ],
)
def test_a_csv_in_any_usual_form_gives_the_same_data(tmp_path, text, options):
    path = tmp_path / "own.csv"
    path.write_text(text, encoding="utf-8")
    data = read_csv(path, **options)
    assert data.inputs == [[1.0, 2.0], [3.0, 4.0]]
    assert [data.class_names[k] for k in data.labels] == ["yes", "no"]
    packed = tmp_path / "own.csv.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    assert read_csv(packed, **options).inputs == data.inputs


def test_classes_that_are_numbers_are_sorted_by_value(tmp_path):
    path = tmp_path / "own.csv"
    path.write_text("1,10\n2,9\n3,10\n4,9\n")
    assert read_csv(path).class_names == ["9", "10"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (b"\n \n", "the file is empty"),
        (b"a,b,kind\n", "a header but no rows"),
        (b"a,b,kind\n1,2,yes\n3,no\n", "own.csv, line 3: 2 columns, but line 1 has 3"),
        (b"a,b,kind\n1,2,yes\n3,x,no\n", r"own.csv, line 3, column 2 \(b\): 'x' is not a number"),
        (b"a,b,kind\n1,2,yes\n3,,no\n", r"line 3, column 2 \(b\): '' is not a number"),
        (b"a,b,kind\n1,nan,yes\n3,4,no\n", r"line 2, column 2 \(b\): 'nan' is not finite"),
        (b"a,b,kind\n1,1e999,yes\n3,4,no\n", "is not finite"),
        (b"a,b,kind\n1,2,yes\n3,4,\n", r"line 3, column 3 \(kind\): no class given"),
        (b"a,b,kind\n1,2,yes\n3,4,yes\n", "only one class, 'yes'"),
        (b"a\n1\n", "one column only"),
        (b"\x89PNG\r\n\x00\x01", "binary"),
        (b"\xff\xfea\x00", "UTF-16"),
        (b"a,b\n1,\xe9\n", "line 2: not UTF-8"),
        (b"\x1f\x8b\x00broken", "damaged gzip"),
        (b'a,b\n1,"x\n', "line"),
    ],
)
def test_a_csv_that_is_wrong_names_the_place(tmp_path, content, message):
    path = tmp_path / "own.csv"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=message):
        read_csv(path)


def test_a_column_that_is_not_there_is_named(tmp_path):
    path = tmp_path / "own.csv"
    path.write_text("a,b,kind\n1,2,yes\n3,4,no\n")
    with pytest.raises(ValueError, match="no single column 'sort'; the columns: a, b, kind"):
        read_csv(path, target="sort")
    with pytest.raises(ValueError, match="no column 7; there are 3"):
        read_csv(path, target=7)
    path.write_text("".join(f"{i},{i / 7}\n" for i in range(200)))
    with pytest.raises(ValueError, match="is it a quantity"):
        read_csv(path)
