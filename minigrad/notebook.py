"""In a notebook, tracebacks show the user's own lines and the message, and not how minigrad came to raise it."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import TracebackType
from typing import Any

__all__ = ["shorten_tracebacks"]
__dir__ = __all__.copy  # what dir() and the completion of editors and shells show

_PACKAGE = str(Path(__file__).parent) + os.sep


def shorten_tracebacks(shell: Any = None) -> bool:
    """Leave minigrad's frames out of the tracebacks of IPython and Jupyter; done once, as minigrad is imported there.

    ``MINIGRAD_TRACEBACK=full`` in the environment, or another handler of exceptions in the shell, leaves things as they
    are. An error that minigrad did not raise on purpose, an AttributeError in its own code, say, is shown whole.

    Args:
        shell: of IPython; the one that is running if None.

    Returns:
        Whether there was a shell to do it in.

    Example:
        >>> shorten_tracebacks()
        False
    """
    if shell is None and "IPython" in sys.modules:
        shell = sys.modules["IPython"].get_ipython()
    if shell is None or os.environ.get("MINIGRAD_TRACEBACK") == "full" or shell.custom_exceptions:
        return False

    def show(shell: Any, kind: type[BaseException], error: BaseException, trace: Any, tb_offset: Any = None) -> None:
        shell.showtraceback((kind, error, shortened(trace)), tb_offset=tb_offset)

    shell.set_custom_exc((TypeError, ValueError, RuntimeError, IndexError, FloatingPointError, ImportError), show)
    return True


def shortened(trace: TracebackType | None) -> TracebackType | None:
    """The traceback without the frames of this package, unless it ends elsewhere: in another library, for example."""
    frames = []
    while trace is not None:
        frames.append(trace)
        trace = trace.tb_next
    if not frames or not _ours(frames[-1]):
        return frames[0] if frames else None
    kept: TracebackType | None = None
    for frame in reversed([frame for frame in frames if not _ours(frame)]):
        kept = TracebackType(kept, frame.tb_frame, frame.tb_lasti, frame.tb_lineno)
    return kept if kept is not None else frames[0]


def _ours(trace: TracebackType) -> bool:
    return trace.tb_frame.f_code.co_filename.startswith(_PACKAGE)
