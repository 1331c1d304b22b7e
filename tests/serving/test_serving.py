"""The service, asked by a real HTTP client, beside `predict` of the same rows."""

import io
import os
import shutil
import threading
import time

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

import lamina
from serving_client import serving

ARROW = "application/vnd.apache.arrow.stream"
PREDICT, INFER = "/v1/models/census/predict", "/v2/models/census/infer"


def stream_of(table, **options):
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema, options=pa.ipc.IpcWriteOptions(**options)) as writer:
        writer.write_table(table)
    return sink.getvalue()


def tensors_of(table):
    kinds = {True: "BYTES", False: "INT32"}
    return [
        {
            "name": n,
            "shape": [len(table), 1],
            "datatype": kinds[pa.types.is_string(table[n].type)],
            "data": table[n].to_pylist(),
        }
        for n in table.schema.names
    ]


@pytest.mark.parametrize("count", [1, 2, 300])
def test_each_way_to_ask_has_the_answers_of_predict(client, census, count):
    _, rows, model = census
    rows = rows.slice(0, count)
    labels, probabilities = model.predict(rows).tolist(), model.predict_proba(rows)
    for body in ({"rows": rows.to_pylist()}, {"columns": rows.to_pydict()}):
        status, _, found = client.ask(PREDICT, body)
        assert status == 200
        assert found["predictions"] == labels
        assert found["classes"] == ["<=50K", ">50K"]
        np.testing.assert_array_equal(found["probabilities"], probabilities)  # to the last bit, through JSON
    status, _, found = client.ask(INFER, {"id": "a7", "inputs": tensors_of(rows)})
    assert (status, found["id"]) == (200, "a7")
    label, shares = found["outputs"]
    assert (label["name"], label["datatype"], label["shape"], label["data"]) == ("label", "BYTES", [count], labels)
    np.testing.assert_array_equal(np.reshape(shares["data"], shares["shape"]), probabilities)
    status, headers, found = client.ask(PREDICT, stream_of(rows), Content_Type=ARROW)
    assert (status, headers["content-type"]) == (200, ARROW)
    table = pa.ipc.open_stream(found).read_all()
    assert table[0].to_pylist() == labels
    np.testing.assert_array_equal(np.stack([table[1], table[2]], axis=1), probabilities)


def test_numbers_without_names_are_asked_by_place(client, numbers):
    model = lamina.load(numbers)
    status, _, found = client.ask(
        "/v1/models/numbers/predict", {"rows": [{"x1": -1, "x0": 0.5}, {"x0": None, "x1": 2}]}
    )
    assert status == 200
    assert found["predictions"] == model.predict([[0.5, -1], [np.nan, 2]]).tolist()
    assert "classes" not in found


def test_intervals_and_sets_of_a_coverage(client, census, numbers):
    path, rows = "/v1/models/numbers/predict", [{"x0": 0.5, "x1": -1.0}, {"x0": 2.0, "x1": 0.0}]
    status, _, found = client.ask(path, {"rows": rows, "coverage": 0.8})
    expected = lamina.load(numbers).predict_interval([[0.5, -1.0], [2.0, 0.0]], 0.8)
    assert (status, found["intervals"]) == (200, expected.tolist())
    for coverage, said in ((0.999, "needs 999 rows"), (90, "Did you mean 0.9"), ("0.9", "between 0 and 1")):
        status, _, found = client.ask(path, {"rows": rows, "coverage": coverage})
        assert (status, said in found["error"]) == (422, True)
    _, table, model = census
    _, _, found = client.ask(PREDICT, {"rows": table.slice(0, 5).to_pylist(), "coverage": 0.9})
    sets = model.predict_set(table.slice(0, 5), 0.9)
    assert found["sets"] == [model.target.classes[one].tolist() for one in sets]


def test_what_a_client_of_the_protocol_asks_first(client, census):
    assert client.ask("/v2/health/live")[::2] == (200, {"live": True})
    assert client.ask("/v2/health/ready")[::2] == (200, {"ready": True})
    found = client.ask("/v2/models/census")[2]
    assert [one["name"] for one in found["inputs"]] == census[1].schema.names
    (version,) = found["versions"]
    assert client.ask(f"/v2/models/census/versions/{version}/ready")[0] == 200
    assert client.ask(f"/v2/models/census/versions/{version}/infer", {"inputs": tensors_of(census[1])})[0] == 200
    status, _, said = client.ask("/v2/models/census/versions/7/infer", {"inputs": []})
    assert (status, said["error"]) == (404, f"census is served in version {version}, not '7'.")


def test_the_document_lists_the_columns(client, census):
    found = client.ask("/openapi.json")[2]
    assert found["openapi"].startswith("3.1")
    assert found["components"]["schemas"]["census"]["required"] == census[1].schema.names
    assert {PREDICT, INFER} <= set(found["paths"])


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        (b"{", 400, "no JSON"),
        (b"[1]", 400, "a list, expected a JSON object"),
        (b'{"rows": [{"age": NaN}]}', 400, "NaN is no number of JSON; write null"),
        (b"[" * 100_000, 400, "nested too deeply"),
        ({"rows": [], "columns": {}}, 400, "Expected"),
        ({"rows": []}, 422, "no rows"),
        ({"rows": [5]}, 422, "row 0: expected an object"),
        ({"columns": {"age": 5}}, 400, "a list of values for each column"),
        ({"columns": {"age": [5]}}, 422, "missing: workclass"),
    ],
)
def test_a_body_that_is_none(client, body, status, said):
    found = client.ask(PREDICT, body)
    assert found[0] == status
    assert said in found[2]["error"]


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("old", "column 'age' held numbers in training, here it holds text: 'old'"),
        ([39], "column 'age', row 0: found a list, expected a number"),
        ({}, "column 'age', row 0: found an object"),
    ],
)
def test_a_value_that_is_none_is_named(client, census, value, said):
    status, _, found = client.ask(PREDICT, {"rows": [census[1].to_pylist()[0] | {"age": value}]})
    assert status == 422
    assert said in found["error"]


def test_a_column_that_lacks_is_named_with_its_row(client, census):
    rows = census[1].to_pylist()[:3]
    rows[1]["Age"] = rows[1].pop("age")
    status, _, found = client.ask(PREDICT, {"rows": rows})
    assert status == 422
    assert found["error"].startswith("row 1: ")
    assert "missing: age. Did you mean 'Age'?" in found["error"]


@pytest.mark.parametrize("compression", ["zstd", "lz4"])
def test_arrow_that_could_unpack_to_anything(client, census, compression):
    status, _, found = client.ask(PREDICT, stream_of(census[1], compression=compression), Content_Type=ARROW)
    assert (status, "without compression" in found["error"]) == (415, True)


@settings(
    deadline=None,
    max_examples=100,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(place=st.integers(0, 10**6), bits=st.integers(1, 255), cut=st.booleans())
def test_arrow_that_is_damaged(client, census, place, bits, cut):
    body = bytearray(stream_of(census[1].slice(0, 3)))
    body[place % len(body)] ^= bits
    status, _, _ = client.ask(PREDICT, bytes(body[: place % len(body)] if cut else body), Content_Type=ARROW)
    assert status in {200, 400, 413, 415, 422}


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8) | st.just("\ud800"),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=8,
)


@settings(
    deadline=None,
    max_examples=100,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_any_body_is_answered_with_a_sentence(client, census, data):
    names = census[1].schema.names
    row = census[1].to_pylist()[0]
    changed = row | data.draw(st.dictionaries(st.sampled_from(names), ANYTHING, max_size=3))
    columns = {name: [value, row[name]] for name, value in changed.items()}
    tensor = st.fixed_dictionaries({"name": st.sampled_from(names) | ANYTHING, "shape": ANYTHING, "data": ANYTHING})
    body = data.draw(
        st.just({"rows": [changed]})
        | st.just({"rows": [row, changed]})
        | st.just({"columns": columns})
        | st.fixed_dictionaries({"rows": ANYTHING})
        | st.fixed_dictionaries({"columns": ANYTHING})
        | st.fixed_dictionaries({"inputs": st.lists(tensor, max_size=3) | ANYTHING, "outputs": ANYTHING})
        | ANYTHING
    )
    sent = b"null" if body is None else body  # no body at all would be a GET
    status, _, found = client.ask(data.draw(st.sampled_from([PREDICT, INFER])), sent)
    assert status in {200, 400, 413, 422}
    assert status == 200 or found["error"]


def test_who_may_ask(census):
    secret = "a-secret-of-16-or-more"
    with serving({"census": census[0]}, token=secret) as client:
        assert client.ask("/v1/models")[0] == 401
        assert client.ask("/v1/models", Authorization="Bearer nothing")[0] == 401
        assert client.ask("/v1/models", Authorization=f"Bearer {secret}")[0] == 200
        assert client.ask("/v2/health/ready")[0] == 200
        assert client.ask("/v2/health/ready", Host="evil.example")[0] == 421
        assert client.ask("/v2/health/ready", Sec_Fetch_Site="cross-site")[0] == 403
        assert client.ask("/v1/models/census/predict")[0] == 401


def test_other_methods_and_types(client):
    status, headers, _ = client.ask(PREDICT)
    assert (status, headers["allow"]) == (405, "POST")
    status, headers, _ = client.ask("/v1/models", b"{}")
    assert (status, headers["allow"]) == (405, "GET, HEAD")
    assert client.ask("/nowhere")[0] == 404
    assert client.ask(PREDICT, b"{}", Content_Type="text/plain")[0] == 415


def test_how_much_is_taken_on(census):
    rows = census[1].to_pylist()
    with serving({"census": census[0]}, body=20_000, rows=10) as client:
        status, _, found = client.ask(PREDICT, {"rows": rows[:11]})
        assert (status, "10 at most" in found["error"]) == (413, True)
        status, _, found = client.ask(PREDICT, b" " * 20_001)
        assert (status, "0.02 MB at most" in found["error"]) == (413, True)
        assert client.ask(PREDICT, {"rows": rows[:10]})[0] == 200


def test_the_numbers_for_prometheus(census):
    with serving({"census": census[0]}) as client:
        client.ask(PREDICT, {"rows": census[1].to_pylist()[:5]})
        client.ask(PREDICT, b"{")
        client.ask("/v1/models/another/predict", b"{}")
        text = client.ask("/metrics")[2].decode()
    found = {
        (one.name, one.labels.get("status")): one.value
        for family in text_string_to_metric_families(text)
        for one in family.samples
        if one.labels.get("model", "census") == "census"
    }
    assert found["lamina_rows_total", None] == 5
    assert found["lamina_requests_total", "200"] == 1
    assert found["lamina_errors_total", "400"] == 1
    assert found["lamina_request_seconds_count", None] == 2
    assert "another" not in text


def test_a_new_file_is_taken_up_and_no_request_is_lost(census, tmp_path):
    path, said = tmp_path / "census.lamina", []
    shutil.copy(census[0], path)
    other = lamina.DeepClassifier(hidden_layer_sizes=(5,), max_iter=1, random_state=1)
    other.fit(census[1], [*census[2].predict(census[1]).tolist()[:-1], ">50K"])
    body = {"rows": census[1].to_pylist()[:1]}
    answers, ended = [], threading.Event()

    def ask():
        while not ended.is_set():
            answers.append(client.ask(PREDICT, body))

    with serving({"census": path}, said=said) as client:
        asking = threading.Thread(target=ask)
        asking.start()
        (tmp_path / "damaged").write_bytes(census[0].read_bytes()[:-9])
        os.replace(tmp_path / "damaged", path)
        wait_for(lambda: said)
        assert "stays, for the new file cannot be used" in said[0]
        other.model_.save(path)
        wait_for(lambda: len(said) > 1)
        wait_for(lambda: answers[-1][2]["version"] in said[1].split("in place")[0])
        ended.set()
        asking.join()
    assert {status for status, *_ in answers} == {200}
    assert len({found["version"] for *_, found in answers}) == 2


def wait_for(what):
    end = time.monotonic() + 20
    while not what():
        assert time.monotonic() < end
        time.sleep(0.02)
