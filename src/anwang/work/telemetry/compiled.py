"""How the room's inner loops are compiled by numba: once, kept on disk, without holding Python's lock."""

from typing import Any

import numba

# Its type hints know nothing of the two options below.
_njit: Any = numba.njit

helper: Any = _njit(cache=True, nogil=True, no_cpython_wrapper=True, no_cfunc_wrapper=True)
"""For functions that only compiled ones call: without a way in from Python they take half the time to compile."""
