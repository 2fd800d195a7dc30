"""all-MiniLM-L6-v2 as an ONNX graph, built from its safetensors weights.

The network is BERT (Devlin et al. 2019) with 6 layers of 384 units and 12 heads; pooling and normalisation are
left to the caller. The graph uses onnxruntime's fused operators (`com.microsoft`), because it runs nowhere else:
one node for the embeddings, five for a layer.

safetensors: 8 bytes little-endian length, a JSON header of that length, then the raw tensors.
"""

from __future__ import annotations

import hashlib
import json
import math
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from graphmem.errors import ModelRefused

WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""Of `model.safetensors` as its authors published it."""
GRAPH_VERSION = 1
"""Raise it when the graph built here changes, so that cached graphs are built again."""
LAYERS, HEADS, EPSILON = 6, 12, 1e-12

Array = npt.NDArray[Any]
_DTYPES = {"F32": np.float32, "I64": np.int64}
_FUSED = "com.microsoft"


def checked_weights(path: Path) -> dict[str, Array]:
    """The tensors of `path`, after its SHA-256 was compared. Raises ModelRefused when they are other weights."""
    content = path.read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != WEIGHTS_SHA256:
        raise ModelRefused(
            f"{path} does not hold the published weights of all-MiniLM-L6-v2 (SHA-256 {found[:12]}…).",
            advice="Install the package that holds them again, or give a folder with model.onnx and tokenizer.json.",
        )
    return read_safetensors(content)


def read_safetensors(content: bytes) -> dict[str, Array]:
    """Named tensors as views of `content`; nothing is copied."""
    (length,) = struct.unpack_from("<Q", content)
    header = json.loads(content[8 : 8 + length])
    tensors: dict[str, Array] = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        start, end = entry["data_offsets"]
        dtype = np.dtype(_DTYPES[entry["dtype"]])
        flat = np.frombuffer(content, dtype, count=(end - start) // dtype.itemsize, offset=8 + length + start)
        tensors[name] = flat.reshape(entry["shape"])
    return tensors


class _Graph:
    """Collects nodes and weights while the network is written down layer by layer."""

    def __init__(self, weights: Mapping[str, Array]) -> None:
        self._weights = weights
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def constant(self, name: str, value: Array) -> str:
        from onnx import numpy_helper

        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def weight(self, name: str) -> str:
        return self.constant(name, self._weights[name])

    def matrix(self, name: str) -> str:
        """A dense layer's matrix; the weights file keeps it as (out, in), MatMul wants (in, out)."""
        return self.constant(name, self._weights[name].T)

    def node(self, operator: str, inputs: list[str], output: str, *, domain: str = _FUSED, **attributes: Any) -> str:
        from onnx import helper

        self.nodes.append(helper.make_node(operator, inputs, [output], domain=domain, **attributes))
        return output

    def embeddings(self) -> str:
        tables = [self.weight(f"embeddings.{kind}_embeddings.weight") for kind in ("word", "position", "token_type")]
        norm = [self.weight("embeddings.LayerNorm.weight"), self.weight("embeddings.LayerNorm.bias")]
        from onnx import helper

        inputs = ["ids", "types", *tables, *norm]
        self.nodes.append(
            helper.make_node(
                "EmbedLayerNormalization", inputs, ["embedded", "embedded_mask"], domain=_FUSED, epsilon=EPSILON
            )
        )
        return "embedded"

    def layer(self, index: int, hidden: str) -> str:
        here = f"encoder.layer.{index}."
        attended = self._attention(here, hidden)
        hidden = self._add_and_norm(here + "attention.output", attended, hidden)
        inner = self.node("MatMul", [hidden, self.matrix(here + "intermediate.dense.weight")], here + "up", domain="")
        inner = self.node("BiasGelu", [inner, self.weight(here + "intermediate.dense.bias")], here + "gelu")
        return self._add_and_norm(here + "output", inner, hidden)

    def _attention(self, here: str, hidden: str) -> str:
        """Self-attention with query, key and value packed side by side in one matrix."""
        parts = [self._weights[f"{here}attention.self.{part}.weight"].T for part in ("query", "key", "value")]
        biases = [self._weights[f"{here}attention.self.{part}.bias"] for part in ("query", "key", "value")]
        packed = self.constant(here + "qkv.weight", np.concatenate(parts, axis=1))
        bias = self.constant(here + "qkv.bias", np.concatenate(biases))
        scale = 1.0 / math.sqrt(parts[0].shape[1] / HEADS)
        return self.node("Attention", [hidden, packed, bias, "mask"], here + "attended", num_heads=HEADS, scale=scale)

    def _add_and_norm(self, here: str, value: str, residual: str) -> str:
        product = self.node("MatMul", [value, self.matrix(here + ".dense.weight")], here + ".product", domain="")
        inputs = [product, residual, self.weight(here + ".LayerNorm.weight"), self.weight(here + ".LayerNorm.bias")]
        inputs.append(self.weight(here + ".dense.bias"))
        return self.node("SkipLayerNormalization", inputs, here + ".normed", epsilon=EPSILON)


def build(weights: Mapping[str, Array]) -> bytes:
    """The serialised model: int64 `input_ids`, `attention_mask`, `token_type_ids` of shape (batch, sequence) in,
    float32 `last_hidden_state` of shape (batch, sequence, 384) out.
    """
    from onnx import TensorProto, helper

    graph = _Graph(weights)
    names = {"input_ids": "ids", "attention_mask": "mask", "token_type_ids": "types"}
    for source, target in names.items():
        graph.node("Cast", [source], target, domain="", to=TensorProto.INT32)
    hidden = graph.embeddings()
    for index in range(LAYERS):
        hidden = graph.layer(index, hidden)
    graph.node("Identity", [hidden], "last_hidden_state", domain="")
    shape = ["batch", "sequence"]
    model = helper.make_model(
        helper.make_graph(
            graph.nodes,
            "all-MiniLM-L6-v2",
            [helper.make_tensor_value_info(name, TensorProto.INT64, shape) for name in names],
            [helper.make_tensor_value_info("last_hidden_state", TensorProto.FLOAT, [*shape, 384])],
            graph.constants,
        ),
        opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid(_FUSED, 1)],
        ir_version=8,
        producer_name="graphmem",
    )
    serialised: bytes = model.SerializeToString()
    return serialised
