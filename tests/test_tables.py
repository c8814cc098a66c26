"""Reading tables, telling columns apart, and the objects that are tables too."""

import json
import math

import numpy
import pytest

from nn import MLP, Dataset, load_model, read_csv, save_model, split
from nn.columns.choices import Choice, chosen
from nn.columns.schema import Schema
from nn.reports import ClassReport, QuantityReport
from nn.tables.encodings import decoded
from nn.tables.objects import rows_of, table_of_object
from nn.tables.reading import Layout, table_of


def read(text, **layout):
    """Return the table of a text."""
    return table_of("own.csv", text.encode() if isinstance(text, str) else text, Layout(**layout))


# Encodings.


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("größe,art\n1,é\n2,à\n", "cp1252"),
        ("area m²,kind\n1,a\n2,b\n", "cp1252"),
        ("Genève,Zürich,Besançon\n1,2,3\n", "cp1252"),
        ("花瓣,种类\n1,白花\n2,红花\n", "GBK"),
        ("id,名\n1,王\n", "GBK"),
        ("a,b\n1,ж\n", "UTF-16"),
        ("a,b\n1,2\n", "UTF-16-LE"),
        ("a,b\n1,2\n", "UTF-16-BE"),
    ],
)
def test_an_encoding_is_found_and_told(text, encoding):
    found, note = decoded("own.csv", text.encode(encoding))
    assert found == text and encoding in note


def test_an_encoding_that_is_given_is_taken_or_refused():
    assert decoded("own.csv", "größe".encode("cp1252"), "latin-1") == ("größe", "")
    with pytest.raises(ValueError, match="line 2: not ascii text; see --encoding"):
        decoded("own.csv", "a\né".encode(), "ascii")
    with pytest.raises(ValueError, match="--encoding klingon: not known"):
        decoded("own.csv", b"a", "klingon")


# Separators, headers, decimals.


@pytest.mark.parametrize(
    "text",
    [
        "a,b,kind\n1,2.5,x y\n3,4.5,z\n",
        "a;b;kind\n1;2,5;x y\n3;4,5;z\n",
        "a\tb\tkind\n1\t2.5\tx y\n3\t4.5\tz\n",
        'a b kind\n1 2.5 "x y"\n3   4.5 z\n',
        'a b kind\n1 2,5 "x y"\n3   4,5 z\n',
        '"a";"b";"kind"\n"1";"2,5";"x y"\n"3";"4,5";"z"\n',
        "sep=|\na|b|kind\n1|2.5|x y\n3|4.5|z\n",
        "a,b,kind,,\n1,2.5,x y,,\n3,4.5,z,,\n",
        "a,b,kind\n1,2.5,x y,\n3,4.5,z,\n",
        "# one\na,b,kind\n# two, three\n1,2.5,x y\n\n3,4.5,z\n",
        'a,b,kind\r1,"2,5",x y\r3,"4,5",z\r',
    ],
)
def test_a_table_is_the_same_however_it_is_written(text):
    found = chosen(read(text), Choice())
    assert found.schema.encode(found.table) == [[1.0, 2.5], [3.0, 4.5]]
    assert found.schema.target.classes == ("x y", "z")
    assert [column.name for column in found.schema.columns] == ["a", "b"]


def test_points_between_thousands_stand_before_a_decimal_comma():
    found = chosen(read("a;kind\n1.234,50;x\n12,5;y\n"), Choice())
    assert found.schema.encode(found.table) == [[1234.5], [12.5]]


def test_columns_without_names_go_by_the_names_that_messages_give_them():
    found = chosen(read("1,2,a\n3,4,b\n"), Choice(drop=["x1"]))
    assert found.schema.input_names == ["x2"]


def test_a_comma_that_may_be_of_thousands_is_not_guessed():
    text = "a;b\n1,234;x\n2,345;y\n"
    with pytest.raises(ValueError, match="line 2, column 1: '1,234' is a fraction or thousands"):
        read(text)
    assert read(text, decimal=",").decimal == ","


def test_points_and_commas_before_fractions_are_not_guessed():
    text = "a;b;kind\n1,5;0.5;x\n2,5;1.5;y\n3,5;2.5;x\n"
    with pytest.raises(
        ValueError, match="line 2, column 1: '1,5' has a comma, but '0.5' in line 2"
    ):
        read(text)
    assert read(text, decimal=",").decimal == ","
    assert read("a;note;kind\n1.5;1,2;x\n2.5;see;y\n3.5;no;x\n").decimal == "."


@pytest.mark.parametrize(
    ("text", "header"),
    [
        ("?,red,yes\n1,tan,no\n2,red,yes\n", None),
        ("a,b\n1,x\n2,y\n", ("a", "b")),
        ("1,x\n2,y\n", None),
        ("cat,yes\ndog,no\ncat,yes\n", None),
        ("animal,adopted\ncat,yes\ncat,no\n", ("animal", "adopted")),
        (
            "name,2019,2020,2021,2022\nx,1,5,2,8\ny,2,3,1,1\n",
            ("name", "2019", "2020", "2021", "2022"),
        ),
        ("150,length,setosa\n" + "5.1,3.5,0\n" * 9, ("150", "length", "setosa")),
        ('"x" "y"\n"1" 5 6\n"2" 7 8\n', ("", "x", "y")),
    ],
)
def test_a_header_is_told_from_a_row(text, header):
    assert read(text).header == header


def test_lines_above_a_table_are_named_with_the_option():
    text = "Series,unemployment\n\nSource: x\nyear,month,rate\n" + "2001,1,5\n" * 9
    with pytest.raises(ValueError, match="line 3: 1 columns.*--skip 3") as caught:
        read(text)
    assert "line 1 has 2" in str(caught.value)
    assert read(text, skip=3).rows[0] == (5, ["2001", "1", "5"])


@pytest.mark.parametrize(
    ("layout", "message"),
    [
        ({"separator": "ab"}, "--sep"),
        ({"decimal": "x"}, "--decimal"),
        ({"separator": ",", "decimal": ","}, "both"),
        ({"skip": -1}, "--skip"),
    ],
)
def test_a_layout_that_cannot_be_is_refused(layout, message):
    with pytest.raises(ValueError, match=message):
        Layout(**layout)


# Columns.


def test_columns_are_named_or_numbered_dropped_or_kept():
    table = read("a,b,c,kind\n1,5,u,x\n2,6,v,y\n3,7,u,x\n")

    def names(**choice):
        return [column.name for column in chosen(table, Choice(**choice)).schema.columns]

    assert names() == ["a", "b", "c"]
    assert names(drop=["a", "3"]) == ["b"] and names(columns=["c", "kind"]) == ["c"]
    assert names(target="1", task="classes") == ["b", "c", "kind"]
    assert chosen(table, Choice(categorical=["a"])).schema.input_names[:3] == ["a=1", "a=2", "a=3"]
    with pytest.raises(ValueError, match="no column 9; there are 4"):
        names(drop=["9"])
    with pytest.raises(ValueError, match="no features are left"):
        names(drop=["a", "b", "c"])
    with pytest.raises(ValueError, match="is the target and left out"):
        names(target="a", drop=["a"])


def test_too_many_texts_are_no_category_unless_they_are_asked_for():
    table = read("name,kind\n" + "".join(f"n{i},{'xy'[i % 2]}\n" for i in range(300)))
    with pytest.raises(ValueError, match=r"column 1 \(name\): 300 different texts.*--drop name"):
        chosen(table, Choice())
    assert len(chosen(table, Choice(categorical=["name"])).schema.input_names) == 300


@pytest.mark.parametrize(
    ("cells", "task"),
    [
        ([0.5 * (i % 3) for i in range(30)], "quantity"),
        ([i % 20 for i in range(100)], "classes"),
        ([i % 21 for i in range(100)], "quantity"),
        ([i % 21 for i in range(1000)], "classes"),
        (["red", "tan"] * 5, "classes"),
        ([f"{i % 2}.0" for i in range(30)], "classes"),
    ],
)
def test_a_task_is_guessed_from_the_values(cells, task):
    table = read("x,y\n" + "".join(f"{i % 7},{y}\n" for i, y in enumerate(cells)))
    assert chosen(table, Choice()).schema.target.task == task


def test_numbers_of_one_value_are_one_class():
    found = chosen(read("x,y\n1,1\n2,1.0\n3,2\n4,01\n"), Choice())
    assert found.schema.target.classes == ("1", "2") and found.targets == [0, 0, 1, 0]


def test_a_schema_survives_json_and_refuses_anything_else():
    table = read("a,b,y\n1,u,0.5\n?,v,1.5\n3,u,2.5\n")
    schema = chosen(table, Choice(missing="mean", indicator=True)).schema
    assert Schema.from_dict(json.loads(json.dumps(schema.as_dict()))) == schema
    assert schema.input_names == ["a", "a is missing", "b=u", "b=v"]
    assert schema.flags == [False, True, True, True]
    assert math.isnan(schema.encode(table)[1][0]) and schema.encode(table)[1][1] == 1.0
    for name, value in (("columns", 3), ("width", True), ("missing", "maybe"), ("target", [])):
        with pytest.raises(ValueError, match="no schema"):
            Schema.from_dict({**schema.as_dict(), name: value})


# Objects.


class Frame:
    """What is known of a DataFrame here: columns, shape, iloc."""

    def __init__(self, columns):
        self.columns = list(columns)
        self.shape = (len(next(iter(columns.values()))), len(columns))
        self.cells = list(columns.values())

    @property
    def iloc(self):
        cells = self.cells

        class Cells:
            def __getitem__(self, places):
                return numpy.array(cells[places[1]], dtype=object)

        return Cells()


COLUMNS = {"size": [1.5, 2.0, math.nan, 4.0], "hue": ["red", "tan", "red", None], "y": [1, 2, 1, 2]}


@pytest.mark.parametrize(
    "make",
    [
        dict,
        Frame,
        lambda columns: [dict(zip(columns, row)) for row in zip(*columns.values())],
    ],
)
def test_named_columns_are_one_table_whatever_holds_them(make):
    table = table_of_object(make(COLUMNS))
    assert table.header == ("size", "hue", "y")
    assert table.rows[2] == (2, ["", "red", "1"]) and table.rows[3][1] == ["4.0", "", "2"]


def test_pandas_and_polars_are_tables():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(COLUMNS)
    assert table_of_object(frame).rows == table_of_object(COLUMNS).rows
    data = Dataset(frame[["y"]], frame["hue"].fillna("none"))
    assert data.class_names == ["none", "red", "tan"]


@pytest.mark.parametrize("make", [list, numpy.array])
def test_rows_of_numbers_are_a_data_set(make):
    rows = make([[1.0, 2.0], [3.0, 4.0], [5.0, 7.0], [0.0, 1.0]])
    data = Dataset(rows, make([0, 1, 1, 0]))
    assert data.inputs == [[1.0, 2.0], [3.0, 4.0], [5.0, 7.0], [0.0, 1.0]]
    assert data.class_names == ["0", "1"] and data.labels == [0, 1, 1, 0]
    assert data.feature_names == ["x1", "x2"]
    quantity = Dataset(rows, make([0.5, 1.5, 1.0, 0.0]))
    assert quantity.task == "quantity" and len(split(quantity, 0.25)[1]) == 1
    assert sum(y for (y,) in quantity.targets) == pytest.approx(0.0)
    with pytest.raises(ValueError, match="4 rows of inputs but 3 labels"):
        Dataset(rows, make([0, 1, 1]))


def test_a_model_predicts_from_objects_by_name_or_by_place(tmp_path):
    data = Dataset({"a": [1, 2, 3, 4], "b": [5, 5, 6, 7], "kind": ["x", "y", "x", "y"]}, "kind")
    save_model(
        tmp_path / "m.json", MLP(2, [2], seed=1), class_names=data.class_names, schema=data.schema
    )
    model = load_model(tmp_path / "m.json")
    expected = model.predict([[1, 5], [4, 7]])
    assert model.predict({"b": [5, 7], "a": [1, 4]}) == expected
    assert model.predict(numpy.array([[1, 5], [4, 7]])) == expected
    assert model.predict([{"b": 5, "a": 1}, {"a": 4, "b": 7}]) == expected
    with pytest.raises(ValueError, match="no column 'a'.*'A'"):
        model.predict({"A": [1], "b": [2]})
    with pytest.raises(ValueError, match=r"row 0, column 1 \(a\): 'one' is not a number"):
        model.predict({"a": ["one"], "b": [2]})


@pytest.mark.parametrize("wrong", ["text", 3, None])
def test_what_is_no_table_is_a_type_error(wrong):
    with pytest.raises(TypeError, match="rows are expected"):
        table_of_object(wrong)


def test_rows_of_a_frame_are_numbers_or_an_error():
    assert rows_of(Frame({"a": [1, 2], "b": [0.5, 1.5]})) == [[1.0, 0.5], [2.0, 1.5]]
    rows = [[1.0]]
    assert rows_of(rows) is rows
    with pytest.raises(ValueError, match=r"inputs, row 1, column 1 \(hue\): 'tan' is no number"):
        rows_of({"hue": [1, "tan"]})


# Reports.


def test_a_report_tells_what_a_large_class_hides():
    found = ClassReport.of([0] * 100, [0] * 98 + [1] * 2, ["fine", "faulty"])
    assert found.accuracy == found.largest_share == 0.98 and found.recall == [1.0, 0.0]
    assert "faulty 0.0 % (0 of 2)" in found.text()


def test_of_many_classes_the_lowest_recalls_are_told():
    labels = [k for k in range(20) for _ in range(2)]
    text = ClassReport.of([*labels[:-1], 0], labels, [f"c{k}" for k in range(20)]).text()
    assert "recall, the lowest of 20 classes: c19 50.0 % (1 of 2), c0 100.0 %" in text
    assert len(text.splitlines()) == 2


def test_columns_of_wide_letters_stand_below_each_other():
    _, _, head, first, second = ClassReport.of([0, 1], [0, 1], ["白花", "a"]).text().splitlines()
    assert [head, first, second] == ["found:  白花  a", "白花       1  0", "a          0  1"]


def test_a_quantity_that_never_changes_has_no_r2():
    assert QuantityReport.of([1.0, 2.0], [1.0, 1.0]).r2 is None
    assert QuantityReport.of([2.0, 2.0], [1.0, 3.0]).r2 == 0.0


def test_read_csv_says_what_it_guessed(tmp_path):
    path = tmp_path / "own.csv"
    path.write_text("a;b\n1,5;x\n2,5;y\n")
    notes = read_csv(path).notes
    assert [note.partition(":")[0] for note in notes] == [
        "separator",
        "decimal",
        "header",
        "target",
    ]
