"""A mouse for a virtual X screen: plays strokes through the XTEST extension, as from a device.

A script of its own process, without Qt: it reads strokes (`mouse.Stroke`) as JSON, plays them,
and writes when each was sent, by a clock that all processes share.
"""

import ctypes
import ctypes.util
import json
import sys
import time
from typing import Any


def _libraries() -> tuple[Any, Any]:
    names = [ctypes.util.find_library(name) for name in ("X11", "Xtst")]
    if None in names:
        raise OSError("libX11 or libXtst is missing")
    x11, xtst = (ctypes.CDLL(name) for name in names)
    x11.XOpenDisplay.restype = ctypes.c_void_p
    x11.XFlush.argtypes = [ctypes.c_void_p]
    xtst.XTestFakeMotionEvent.argtypes = [
        *(ctypes.c_void_p, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_ulong)
    ]
    xtst.XTestFakeButtonEvent.argtypes = [
        *(ctypes.c_void_p, ctypes.c_uint, ctypes.c_int, ctypes.c_ulong)
    ]
    return x11, xtst


def play(strokes: list[dict[str, Any]]) -> list[float]:
    """Play strokes on the screen that DISPLAY names; returns when each was sent."""
    x11, xtst = _libraries()
    display = x11.XOpenDisplay(None)
    if not display:
        raise OSError("no X screen")
    sent = []
    begin = time.perf_counter() + 0.2
    for stroke in strokes:
        time.sleep(max(0.0, begin + stroke["at"] - time.perf_counter()))
        sent.append(time.perf_counter())
        xtst.XTestFakeMotionEvent(display, -1, stroke["x"], stroke["y"], 0)
        if stroke["kind"] != "move":
            button = 3 if stroke["right"] else 1
            xtst.XTestFakeButtonEvent(display, button, stroke["kind"] == "press", 0)
        x11.XFlush(display)
    return sent


if __name__ == "__main__":
    json.dump(play(json.load(sys.stdin)), sys.stdout)
