"""Embeddings: both encodings give the same floats, on either kind of machine."""

import base64
import json
import os
import struct
import sys
from array import array
from pathlib import Path

import numpy
import pytest
from openai.types import CreateEmbeddingResponse, EmbeddingCreateParams

from tests.types.coverage import missing_fields, missing_keys
from tikhub_async._wire import codec
from tikhub_async.types.embeddings import Embedding, EmbeddingParams, EmbeddingRequest, EmbeddingResponse

NUMBERS = [0.5, -0.25, 0.1, 3.0]
PACKED = struct.pack("<4f", *NUMBERS)
BASE64 = base64.b64encode(PACKED).decode()


def both() -> list[Embedding]:
    return [Embedding(embedding=NUMBERS), Embedding(embedding=BASE64)]


def test_every_field_of_the_official_response_is_reachable() -> None:
    assert missing_fields(CreateEmbeddingResponse, EmbeddingResponse) == []


def test_every_request_key_of_the_official_sdk_is_there() -> None:
    assert missing_keys(EmbeddingCreateParams, EmbeddingRequest) == []


def test_model_and_input_are_required_and_nothing_else() -> None:
    assert EmbeddingRequest.__required_keys__ == EmbeddingParams.__required_keys__ == {"model", "input"}


def test_both_encodings_give_the_same_floats() -> None:
    for embedding in both():
        assert embedding.floats() == array("f", NUMBERS)
        assert embedding.to_bytes() == PACKED


def test_floats_belong_to_the_caller() -> None:
    embedding = Embedding(embedding=BASE64)
    embedding.floats()[0] = 7.0
    assert embedding.floats()[0] == 0.5


def test_numpy_vector_is_float32_and_writable() -> None:
    for embedding in both():
        vector = embedding.as_numpy()
        assert vector.dtype == numpy.float32
        assert vector.flags.writeable
        assert vector.tolist() == array("f", NUMBERS).tolist()


def test_big_endian_machines_swap_the_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "byteorder", "big")
    # This machine then reads the swapped numbers as a big-endian one reads the right ones.
    assert Embedding(embedding=BASE64).floats().tobytes() == struct.pack(">4f", *NUMBERS)
    assert Embedding(embedding=BASE64).to_bytes() == PACKED
    assert Embedding(embedding=NUMBERS).to_bytes() == struct.pack(">4f", *NUMBERS)


@pytest.mark.parametrize("damaged", ["AAA", "AAEC", "AA*A", "AAAA AAAA"])
def test_damaged_base64_is_a_value_error_not_wrong_numbers(damaged: str) -> None:
    embedding = Embedding(embedding=damaged)
    for decode in (embedding.floats, embedding.to_bytes, embedding.as_numpy):
        with pytest.raises(ValueError, match=r"padding|not a row|base64"):
            decode()


def test_response_matrix_is_in_the_order_of_the_inputs() -> None:
    items = [{"index": 1, "embedding": BASE64}, {"index": 0, "embedding": [1, 2, 3, 4]}]
    response = codec.decode(json.dumps({"data": items}).encode(), EmbeddingResponse)
    matrix = response.as_numpy()
    assert matrix.shape == (2, 4)
    assert matrix.dtype == numpy.float32
    assert matrix[0].tolist() == [1.0, 2.0, 3.0, 4.0]
    assert matrix[1].tolist() == array("f", NUMBERS).tolist()


def test_response_without_vectors_is_an_empty_matrix() -> None:
    assert EmbeddingResponse().as_numpy().shape == (0, 0)


def test_vectors_of_different_length_are_a_value_error() -> None:
    response = EmbeddingResponse(data=[Embedding(embedding=NUMBERS), Embedding(embedding=[1.0, 2.0])])
    with pytest.raises(ValueError, match="broadcast"):
        response.as_numpy()


def test_missing_numpy_names_the_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "numpy", None)
    for call in (Embedding(embedding=BASE64).as_numpy, EmbeddingResponse().as_numpy):
        with pytest.raises(ImportError, match=r"pip install numpy.*floats\(\)"):
            call()


def test_recorded_answers_decode_alike() -> None:
    root = os.environ.get("TIKHUB_FIXTURES")
    if not root:
        pytest.skip("TIKHUB_FIXTURES is not set, so there are no provider answers to read")
    folder = Path(root) / "fixtures" / "openai_embeddings"
    decoded = [codec.decode(file.read_bytes(), EmbeddingResponse) for file in sorted(folder.glob("*.json"))]
    assert len(decoded) == 2
    assert decoded[0].as_numpy().tolist() == decoded[1].as_numpy().tolist()
    assert decoded[0].as_numpy().shape == (2, 5)
    assert all(response.usage is not None and response.usage.total_tokens == 12 for response in decoded)


def test_recorded_gateway_answers_decode() -> None:
    root = os.environ.get("TIKHUB_FIXTURES")
    if not root:
        pytest.skip("TIKHUB_FIXTURES is not set, so there are no provider answers to read")
    exchanges = json.loads((Path(root) / "recorded" / "exchanges.json").read_bytes())
    wanted = [
        exchange["response"]["body"].encode()
        for exchange in exchanges
        if exchange["id"].startswith("embeddings.") and exchange["response"]["status"] == 200
    ]
    assert len(wanted) == 5
    for body in wanted:
        assert codec.decode(body, EmbeddingResponse).as_numpy().shape[1] == 3
