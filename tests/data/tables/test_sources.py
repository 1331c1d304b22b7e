"""What `read` makes of arrays, sparse matrices, dictionaries and objects."""

import datetime
import decimal
import subprocess
import sys

import numpy as np
import pytest
import scipy.sparse as sp

from lamina.data.tables.sources import read
from lamina.data.tables.table import Table
from lamina.errors import ColumnError, ColumnTypeError, DataError


def kinds(table):
    return [table.at(j).kind for j in range(len(table.names))]


def objects(*values):
    column = np.empty((len(values), 1), object)
    column[:, 0] = values
    return column


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.longdouble, np.int8, np.uint64, np.bool_])
def test_a_matrix_of_numbers_is_kept_as_it_is(dtype):
    X = np.ones((3, 2), dtype)
    X.flags.writeable = False
    table = read(X)
    assert table.matrix is X
    assert (table.names, table.named, table.n_rows) == (("x0", "x1"), False, 3)


def test_no_data_frame_library_for_a_matrix():
    code = """
import sys, numpy as np
from lamina.data.tables.sources import read
from lamina.data.encoding.learning import learn_encoder
table = read(np.eye(3))
learn_encoder(table).encode(table)
print(sorted({"pandas", "polars", "narwhals", "pyarrow", "sklearn", "scipy.sparse"} & set(sys.modules)))
"""
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed.strip() == "[]"


def test_take_select_drop_column_against_numpy():
    X = np.arange(12.0).reshape(4, 3)
    for source in (X, X[:, ::-1][:, ::-1], np.asfortranarray(X), X.astype(object)):
        table = read(source)
        for rows in (
            [2, 0],
            np.array([3, 3]),
            slice(1, 3),
            slice(None, None, -1),
            np.array([True, False, False, True]),
        ):
            taken = table.take(rows)
            assert taken.n_rows == len(X[rows])
            np.testing.assert_array_equal(np.column_stack([taken.column(name) for name in taken.names]), X[rows])
        assert table.select(["x2", "x0"]).names == ("x2", "x0")
        np.testing.assert_array_equal(table.select(["x2", "x0"]).column("x2"), X[:, 2])
        assert table.drop("x1").names == ("x0", "x2")


def test_row_numbers_survive_taking():
    table = read(np.zeros((10, 1)))
    numbers = np.arange(10)
    for rows in (slice(2, 9), slice(8, 1, -2), [5, 3, 4]):
        once = table.take(rows)
        twice = once.take(slice(1, None)).take([1, 0])
        expected = numbers[rows][1:][[1, 0]]
        assert [twice.row_number(i) for i in range(2)] == expected.tolist()


def test_an_unknown_column_is_named_with_the_nearest():
    with pytest.raises(
        ColumnError, match=r"no column 'incom'\. Did you mean 'income'\? The columns are 'age', 'income'"
    ):
        read({"age": [1], "income": [2]}).column("incom")


@pytest.mark.parametrize("form", ["csr", "csc", "coo", "lil", "dok", "bsr", "dia"])
@pytest.mark.parametrize("make", [sp.csr_matrix, sp.csr_array])
def test_sparse_stays_sparse(form, make):
    X = np.array([[0.0, 2, 0], [1, 0, 0]])
    table = read(make(X).asformat(form))
    assert table.is_sparse
    assert table.matrix.format == "csr"
    np.testing.assert_array_equal(table.take([1]).matrix.toarray(), X[[1]])
    np.testing.assert_array_equal(table.column("x1"), X[:, 1])


def test_sparse_duplicates_are_added_on_a_copy():
    source = sp.csr_array((np.array([1.0, 2.0]), np.array([0, 0]), np.array([0, 2])), shape=(1, 2))
    assert read(source).matrix.toarray().tolist() == [[3.0, 0.0]]
    assert read(source).matrix.nnz == 1
    assert source.data.tolist() == [1.0, 2.0]


@pytest.mark.parametrize(
    ("values", "kind", "expected"),
    [
        ((1, 2.5, None), "number", [1, 2.5, np.nan]),
        ((1, 2, 3), "number", [1, 2, 3]),
        ((np.float32(1.5), np.int8(2), True), "number", [1.5, 2, 1]),
        ((decimal.Decimal("1.5"), 2), "number", [1.5, 2]),
        ((None, float("nan")), "number", [np.nan, np.nan]),
        ((10**20, 1), "number", [1e20, 1]),
        (("a", None, "b", float("nan")), "category", ["a", None, "b", None]),
        (("a", 1, 2.0, 2.5, True), "category", ["a", "1", "2", "2.5", "True"]),
        ((True, None, False), "boolean", [True, None, False]),
        ((datetime.date(1970, 1, 3), None), "date", [2, np.nan]),
        ((datetime.datetime(1970, 1, 1, 12), None), "date", [0.5, np.nan]),
        ((datetime.timedelta(hours=12),), "number", [0.5]),
        ((datetime.time(12, 30),), "number", [12.5]),
    ],
)
def test_the_kind_of_objects(values, kind, expected):
    column = read(objects(*values)).at(0)
    assert column.kind == kind
    np.testing.assert_array_equal(column.array(), np.array(expected, column.array().dtype))


def test_object_columns_are_told_apart_one_by_one():
    assert kinds(read(np.array([[1, "a", True], [None, "b", False]], object))) == ["number", "category", "boolean"]
    assert kinds(read([[1, "a"], [2.5, "b"]])) == ["number", "category"]
    assert kinds(read(np.array([["1", "a"]]))) == ["category", "category"]


@pytest.mark.parametrize("value", [{"foo": "bar"}, [1], b"x", set(), object(), (1, 2)])
def test_other_objects_are_refused_by_name(value):
    with pytest.raises(ColumnTypeError, match=rf"column 'x0' holds {type(value).__name__} objects \(row 1: ") as caught:
        read(objects(1.0, value))
    assert isinstance(caught.value, TypeError)
    assert "argument must be a string or a real number" in str(caught.value)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (np.zeros(3), r"Expected 2D array, got 1D array instead .* Reshape your data"),
        (np.zeros((2, 2, 2)), r"Expected 2D array, got 3D array"),
        (3, r"Expected 2D array, got scalar array"),
        (np.zeros((0, 3)), r"0 sample\(s\) \(shape=\(0, 3\)\) while a minimum of 1 is required"),
        (np.zeros((12, 0)), r"0 feature\(s\) \(shape=\(12, 0\)\) while a minimum of 1 is required"),
        ({}, r"0 feature\(s\)"),
        ({"a": []}, r"0 sample\(s\)"),
        (np.zeros((2, 2), complex), "Complex data not supported"),
        (objects(1j, 2), "Complex data not supported: column 'x0'"),
        ({"z": np.array([1j])}, "Complex data not supported: column 'z'"),
        (sp.csr_matrix(np.array([[1j]])), "Complex data not supported"),
        (sp.csr_matrix((0, 3)), r"0 sample\(s\)"),
        ([[1, 2], [3]], "rows of one length expected"),
        (None, "rows expected: a path, a data frame or a two-dimensional array; found NoneType"),
        (b"abc", "found bytes"),
        ({"a": [1, 2], "b": ["x"]}, "columns of one length expected, found 'a': 2, 'b': 1"),
        ({"a": np.zeros((2, 2))}, r"column 'a': a one-dimensional array expected, found shape \(2, 2\)"),
        (np.array([[b"a"]]), r"column 'x0' holds \|S1"),
        (objects(10**400), "column 'x0' holds a whole number too large for float64"),
    ],
)
def test_what_is_no_table(source, message):
    with pytest.raises(DataError, match=message):
        read(source)


def test_structured_and_masked_arrays():
    rows = read(np.array([(1, "x"), (2, "y")], [("a", int), ("b", "U1")]))
    assert (rows.names, rows.named, kinds(rows)) == (("a", "b"), True, ["number", "category"])
    masked = read(np.ma.masked_array([[1, 2], [3, 4]], mask=[[0, 1], [0, 0]]))
    np.testing.assert_array_equal(masked.matrix, [[1, np.nan], [3, 4]])


def test_dates_of_numpy_are_days_since_1970():
    days = read(np.array([["1970-01-02", "NaT"]], "M8[s]"))
    assert kinds(days) == ["date", "date"]
    assert days.column("x0").tolist() == [1.0]
    assert np.isnan(days.column("x1")).all()
    months = read({"m": np.array(["1970-02", "NaT"], "M8[M]"), "h": np.array([12, 6], "m8[h]")})
    assert months.column("m")[0] == 31
    assert months.column("h").tolist() == [0.5, 0.25]


def test_a_table_is_its_own_source():
    table = read(np.eye(2))
    assert read(table) is table
    assert isinstance(table, Table)
