"""Reading orders for the twists of the homework on pixel models: drawn, in words and in code."""

from __future__ import annotations

import numpy as np

from lib.homework_pixel_scans import RASTER, WORDS

#: What grows along a step to each side, in code.
GROWS = {"right": "column", "left": "-column", "down": "row", "up": "-row"}
#: The same for a variable `place`, the pair (row, column).
KEYS = {"right": "place[1]", "left": "-place[1]", "down": "place[0]", "up": "-place[0]"}


def later(slow: str, fast: str, size: str) -> str:
    """Code for a number that grows in the order of a scan: `-column * size + row`."""
    return f"{slow} * {size} + {fast}".replace("+ -", "- ")


def scan_values(rng: np.random.Generator, among: tuple[str, ...] = ()) -> dict[str, str]:
    """A drawn order that is not raster order; its name, its words, and code that sorts by it."""
    others = among or tuple(scan for scan in WORDS if scan != RASTER)
    scan = others[rng.integers(len(others))]
    step, line = scan.split()
    return {
        "scan": scan,
        "reads": WORDS[scan],
        "slow": GROWS[line],
        "later": later(GROWS[line], GROWS[step], "size"),
        "when": later(GROWS[line], GROWS[step], "x.size"),
        "place_key": f"({KEYS[line]}, {KEYS[step]})",
    }


def pick(rng: np.random.Generator, options: list) -> object:
    """One of the options, each as likely."""
    return options[rng.integers(len(options))]
