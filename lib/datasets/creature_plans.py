"""Body plans: where head, body, limbs and ornaments of a creature sit."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from lib.datasets.creature_parts import Figures

PLANS = ("cub", "blob", "bird", "ghost", "octopus", "beast", "worm", "crab")
CUB, BLOB, BIRD, GHOST, OCTOPUS, BEAST, WORM, CRAB = range(8)
EARS = ("none", "round", "long", "pointed", "horns", "antennae", "crest", "sprout")
TAILS = ("none", "puff", "brush", "whip")
HEAD, TORSO, LIMB, EAR, TIP, CREST, TAIL, WING = range(1, 9)  # parts; + 10, + 20 for copies
ORANGE, GREEN = 1, 3  # birds have orange feet, leaves are green

# Radii of the head as (least, most), and the height of its centre, for each plan.
SIZES = {
    CUB: ((4.4, 5.7), (3.7, 4.5), 9.6),
    BLOB: ((5.3, 6.7), (4.9, 5.8), 12.3),
    BIRD: ((4.3, 5.4), (5.2, 5.9), 11.7),
    GHOST: ((4.3, 5.6), (4.6, 5.3), 8.6),
    OCTOPUS: ((5.2, 6.5), (4.3, 5.0), 8.4),
    BEAST: ((4.2, 4.8), (3.6, 4.2), 8.6),
    WORM: ((4.2, 4.9), (3.4, 4.1), 8.3),
    CRAB: ((5.4, 6.4), (3.6, 4.2), 12.2),
}


class Anatomy:
    """Figures with their factors, and the measures that their parts are placed by."""

    def __init__(self, factors: Mapping[str, np.ndarray], rng: np.random.Generator) -> None:
        self.factors, self.n = factors, len(factors["plan"])
        self.figures, self.rng = Figures(self.n), rng
        self.add = self.figures.add
        plan = factors["plan"]
        low, high = (np.array([SIZES[p][k] for p in range(len(PLANS))])[plan] for k in (0, 1))
        self.rx = self.between(low[:, 0], low[:, 1])
        self.ry = self.between(high[:, 0], high[:, 1])
        self.rx = np.where(factors["wings"] == 1, np.minimum(self.rx, 4.9), self.rx)
        self.y = np.array([SIZES[p][2] for p in range(len(PLANS))])[plan]
        self.axis = np.where(plan == BEAST, -3, 0)
        self.hue, self.accent = factors["hue"], factors["accent"]

    def between(self, low: float | np.ndarray, high: float | np.ndarray) -> np.ndarray:
        """A uniform random number for every creature."""
        return self.rng.uniform(low, high, self.n)

    def plan(self, *plans: int) -> np.ndarray:
        """Which creatures have one of these body plans."""
        return np.isin(self.factors["plan"], plans)

    def has(self, factor: str, value: str) -> np.ndarray:
        """Which creatures have this kind of ears or tail."""
        return self.factors[factor] == {"ears": EARS, "tail": TAILS}[factor].index(value)

    def build(self) -> Figures:
        """Add all parts."""
        for step in (add_bodies, add_limbs, add_ears, add_horns, add_tails, add_wings):
            step(self)
        return self.figures


def add_bodies(a: Anatomy) -> None:
    """The head, and what is below it."""
    whole, y = np.ones(a.n, bool), a.y
    box, torso = (a.rx * 0.96, 4.6), (a.between(3.1, 3.8), 3.6)
    a.add(HEAD, (0, y), (a.rx, a.ry), a.hue, on=whole, front=2.0, axis=a.axis, power=2.3)
    a.add(TORSO, (0, y + 5.4), torso, a.hue, on=a.plan(CUB), axis=0)
    a.add(TORSO, (0, y + 3.4), box, a.hue, on=a.plan(GHOST), front=2.0, axis=0, power=4)
    back = a.between(4.4, 5.0), 3.2
    a.add(TORSO, (2.4, y + 4.4), back, a.hue, on=a.plan(BEAST), power=2.3)
    for k, (x, down) in enumerate([(0.4, 4.4), (-0.5, 6.6), (0.3, 9.0)]):
        coil, hue = (a.rx * (0.78 + 0.15 * k), 1.9), a.accent if k == 1 else a.hue
        a.add(TORSO + 10 * k, (x, y + down), coil, hue, on=a.plan(WORM), front=1.0 - 1.2 * k)


def add_limbs(a: Anatomy) -> None:
    """Feet, arms, legs, tentacles and claws."""
    blob, shoe = a.plan(BLOB), np.where(a.factors["belly"] == 1, a.accent, a.hue)
    both = {"on": a.plan(CUB, BLOB), "axis": 0}
    foot = np.where(blob, a.rx * 0.52, 2.3), 17.8
    hand = np.where(blob, a.rx - 0.2, 4.4), np.where(blob, a.y + 1.2, a.y + 4.6)
    a.add(LIMB, foot, (1.7, 1.2), shoe, front=2.5, **both)
    a.add(LIMB + 20, hand, (1.1, 2.0), a.hue, front=1.0, tilt=-a.between(0.3, 1.1), **both)
    _add_bird_limbs(a)
    _add_ghost_limbs(a)
    _add_beast_limbs(a, shoe)
    _add_octopus_limbs(a)
    _add_crab_limbs(a)


def _add_bird_limbs(a: Anatomy) -> None:
    bird, wing = {"on": a.plan(BIRD), "axis": 0}, (a.rx - 0.2, a.y + 1.6)
    a.add(LIMB, (1.9, 17.9), (1.5, 1.0), np.full(a.n, ORANGE), front=3.0, **bird)
    a.add(LIMB + 20, wing, (1.7, 3.6), a.accent, front=4.0, tilt=-0.25, **bird)


def _add_ghost_limbs(a: Anatomy) -> None:
    """Small hands, and the bumps of a wavy hem."""
    ghost = {"on": a.plan(GHOST), "axis": 0}
    a.add(LIMB + 20, (a.rx, a.y + 3.2), (1.1, 1.9), a.hue, tilt=-0.9, front=3.0, **ghost)
    for x in (0.27, 0.8):
        bump = 0.2 * a.rx, a.between(1.6, 2.2)
        a.add(LIMB, (x * a.rx, a.y + 7.6), bump, a.hue, front=1.0, power=3, **ghost)


def _add_beast_limbs(a: Anatomy, shoe: np.ndarray) -> None:
    """Two legs on this side and two beyond."""
    for x, front in ((-1.4, 1.6), (1.1, -1.0), (3.9, -1.0), (6.2, 1.6)):
        part, beast = LIMB + 10 * (front > 0), a.plan(BEAST)
        a.add(part, (x, 16.2), (1.15, 2.5), a.hue, on=beast, front=front, power=3)
        a.add(part, (x - 0.3, 18.0), (1.3, 0.8), shoe, on=beast, front=front + 1)


def _add_octopus_limbs(a: Anatomy) -> None:
    octopus = {"on": a.plan(OCTOPUS), "axis": 0}
    for k, (x, down, tilt) in enumerate([(1.1, 7.0, 0.0), (3.6, 6.4, -0.2), (5.7, 5.3, -0.6)]):
        radii = 1.15, 3.0 - 0.2 * k
        a.add(LIMB + 10 * k, (x, a.y + down), radii, a.hue, front=1 - k, tilt=tilt, **octopus)


def _add_crab_limbs(a: Anatomy) -> None:
    """Two legs and a raised claw on each side."""
    crab, claw = {"on": a.plan(CRAB), "axis": 0}, LIMB + 20
    for x, y, tilt in ((2.6, 16.6, -0.3), (5.2, 15.7, -0.7)):
        a.add(LIMB, (x, y), (1.0, 2.1), a.hue, tilt=tilt, **crab)
    a.add(LIMB + 10, (a.rx + 0.4, a.y - 1.4), (0.9, 2.4), a.hue, front=-0.5, tilt=0.2, **crab)
    a.add(claw, (6.9, a.y - 3.6), (1.8, 1.2), a.accent, front=1.0, **crab)
    a.add(claw, (5.5, a.y - 5.0), (0.8, 1.9), a.accent, front=1.0, tilt=0.1, **crab)
    a.add(claw, (8.0, a.y - 4.8), (0.8, 1.7), a.accent, front=1.0, tilt=0.1, **crab)


def add_ears(a: Anatomy) -> None:
    """Ears on top of the head, the inside in the accent colour."""
    top, x = a.y - a.ry, a.rx * 0.68
    size, tall = a.between(1.7, 2.2), a.between(2.6, 3.2)
    kind = {"on": a.has("ears", "round"), "axis": a.axis}
    a.add(EAR, (x, top + 0.9), (size, size), a.hue, front=-1.0, **kind)
    a.add(EAR, (x, top + 0.9), (0.9, 0.9), a.accent, front=0.4, **kind)
    kind = {"on": a.has("ears", "long"), "axis": a.axis, "tilt": 0.2}
    a.add(EAR, (2.9, top - 0.7), (1.35, tall), a.hue, front=-1.0, **kind)
    a.add(EAR, (2.9, top - 0.7), (0.6, 1.9), a.accent, front=0.4, **kind)
    kind = {"on": a.has("ears", "pointed"), "axis": a.axis, "tilt": 0.35, "power": 1.3}
    a.add(EAR, (x, top + 0.1), (2.0, 2.9), a.hue, front=-1.0, **kind)
    a.add(EAR, (x, top + 0.6), (0.8, 1.2), a.accent, **kind)


def add_horns(a: Anatomy) -> None:
    """Horns, feelers, a crest or two leaves."""
    top, leaf = a.y - a.ry, np.full(a.n, GREEN)
    kind = {"on": a.has("ears", "horns"), "axis": a.axis}
    a.add(EAR, (a.rx * 0.68, top), (1.3, 3.0), a.accent, front=-1.0, tilt=0.6, power=1.3, **kind)
    kind = {"on": a.has("ears", "antennae"), "axis": a.axis}
    a.add(EAR, (2.5, top - 0.6), (0.6, 2.6), a.hue, front=-1.0, **kind)
    a.add(TIP, (3.0, top - 2.4), (1.2, 1.2), a.accent, front=1.0, **kind)
    kind = {"on": a.has("ears", "crest"), "axis": a.axis, "power": 1.5}
    a.add(CREST, (0.0, top + 0.3), (1.1, 2.6), a.accent, front=3.0, **kind)
    a.add(CREST, (1.4, top + 1.5), (1.1, 1.6), a.accent, front=2.0, **kind)
    kind = {"on": a.has("ears", "sprout"), "axis": a.axis}
    a.add(CREST, (1.9, top - 1.6), (2.0, 1.1), leaf, front=3.0, tilt=-0.7, **kind)
    a.add(CREST, (0.0, top), (0.7, 1.6), leaf, front=2.0, **kind)


def add_tails(a: Anatomy) -> None:
    """Tails at one side, behind the body."""
    beast = a.plan(BEAST)
    x = np.where(beast, 6.6, np.where(a.plan(BLOB), a.rx + 0.5, 4.6))
    y = np.where(beast, 11.4, 15.4)
    puff, brush, whip = ({"on": a.has("tail", kind)} for kind in TAILS[1:])
    a.add(TAIL, (x, y), (1.9, 1.9), a.accent, front=-4.0, **puff)
    a.add(TAIL, (x + 0.3, y - 0.4), (1.7, 2.9), a.hue, front=-4.0, tilt=0.45, **brush)
    a.add(TIP, (x + 1.2, y - 2.4), (1.3, 1.3), a.accent, front=-3.0, **brush)
    a.add(TAIL, (x, y), (0.9, 2.6), a.hue, front=-4.0, tilt=0.9, **whip)
    a.add(TIP, (x + 1.9, y - 2.2), (1.4, 1.8), a.accent, front=-3.0, power=1.4, **whip)


def add_wings(a: Anatomy) -> None:
    """Wings behind the body, spread and raised."""
    x, y = np.where(a.plan(BLOB), 6.4, 6.0), np.where(a.plan(BLOB), 9.8, 11.4)
    winged = {"on": a.factors["wings"] == 1, "axis": 0}
    a.add(WING, (x, y), (3.2, 1.9), a.accent, front=-5.0, tilt=-0.75, **winged)
    a.add(WING, (x - 0.6, y + 2.0), (2.4, 1.3), a.accent, front=-5.5, tilt=-0.2, **winged)
