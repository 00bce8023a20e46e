import numpy as np
from numpy.typing import NDArray

def json_lines(
    columns: list[tuple[str, bytes, bytes, NDArray[np.bool_] | None]], count: int
) -> bytearray: ...
