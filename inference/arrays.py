"""Names for the arrays that travel through this package."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Rgb: TypeAlias = npt.NDArray[np.uint8]  # (height, width, 3)
Gray: TypeAlias = npt.NDArray[np.uint8]  # (..., height, width)
Tensor: TypeAlias = npt.NDArray[np.float32]
Points: TypeAlias = npt.NDArray[np.float32]  # (n, 2): x, y in pixels
Ints: TypeAlias = npt.NDArray[np.int64]
