"""Exact posteriors: our variable elimination against pgmpy's, and reachability against networkx.

Run as `python -m tests.benchmarks.bench_bayes_net`; prints ratios of times taken in one run.
"""

import gzip
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import networkx as nx
import numpy as np

from lib.bayes_net import BayesNet, reachable
from lib.bif import read_bif

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import pgmpy
    from pgmpy.inference import VariableElimination
    from pgmpy.readwrite import BIFReader

PUBLISHED = Path(pgmpy.__file__).parent / "utils" / "example_models"


def seconds(run: Callable[[], object], repeats: int = 3) -> float:
    """The fastest of a few runs."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return min(times)


def queries(net: BayesNet, count: int, rng: np.random.Generator) -> list[tuple[str, dict]]:
    """A variable to ask for and three observed ones, from a sampled (so possible) state."""
    out = []
    for _ in range(count):
        query, *seen = rng.choice(net.nodes, size=4, replace=False).tolist()
        state = net.sample(1, rng)
        out.append((query, {v: net.states(v)[state[v][0]] for v in seen}))
    return out


def bench_posteriors() -> None:
    """Seconds for 10 queries on published networks; both answers must agree."""
    for name in ("asia", "insurance", "alarm", "hepar2", "win95pts", "andes"):
        text = gzip.decompress((PUBLISHED / f"{name}.bif.gz").read_bytes()).decode()
        net, peer = read_bif(text), VariableElimination(BIFReader(string=text).get_model())
        asked = queries(net, 10, np.random.default_rng(0))
        for q, e in asked[:3]:
            theirs = peer.query([q], evidence=e, show_progress=False)
            np.testing.assert_allclose(net.posterior(q, e).table, theirs.values, atol=1e-8)
        ours = seconds(lambda: [net.posterior(q, e) for q, e in asked])  # noqa: B023
        theirs = seconds(
            lambda: [peer.query([q], evidence=e, show_progress=False) for q, e in asked],  # noqa: B023
            repeats=1,
        )
        print(
            f"{name:10s} {len(net.nodes):4d} nodes: ours {1e2 * ours:8.2f} ms a query, "
            f"pgmpy {1e2 * theirs:8.2f} ms, ratio {theirs / ours:6.1f}"
        )


def bench_reachability() -> None:
    """Cost a node of d-separation on ever larger sparse graphs: constant if linear."""
    for n in (1_000, 10_000, 100_000):
        rng = np.random.default_rng(0)
        heads = rng.integers(1, n, size=2 * n)
        tails = (heads * rng.random(2 * n)).astype(int)
        graph = nx.DiGraph(zip(tails.tolist(), heads.tolist(), strict=True))
        given = rng.choice(list(graph)[1:], size=n // 10, replace=False).tolist()
        other = next(node for node in graph if node not in given and node != 0)
        ours = seconds(lambda: reachable(graph, {0}, given))  # noqa: B023
        theirs = seconds(lambda: nx.is_d_separator(graph, {0}, {other}, set(given)))  # noqa: B023
        print(f"{n:7d} nodes: {1e6 * ours / n:6.2f} us a node, networkx {1e6 * theirs / n:6.2f} us")


if __name__ == "__main__":
    bench_posteriors()
    bench_reachability()
