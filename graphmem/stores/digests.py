"""Content hashes that projections keep beside what they hold, so that `verify` need not read it back."""

from __future__ import annotations

import hashlib

import numpy as np
import numpy.typing as npt


def digest(vector: npt.NDArray[np.float32]) -> str:
    """Hash of a vector's float32 bytes, 16 hex digits."""
    return hashlib.blake2b(np.ascontiguousarray(vector, dtype=np.float32).tobytes(), digest_size=8).hexdigest()
