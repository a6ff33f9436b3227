"""Task 3 of the homework on graphical models: nodes that are seen or set."""

from __future__ import annotations

from lib.variants import Cell, Edit, Twist
from lib.variants.chapter_01_graphical_models_separation import (
    CANONICAL_ASK,
    CHILDREN_LINE,
    REACHABLE,
    RENAMED,
    SIGNATURE,
    STATEMENT,
)

SEEN_OR_SET = Twist(
    3,
    "nodes are seen, or set from outside",
    (
        Edit(
            STATEMENT,
            """A node can be known in two ways. Either it was **seen**: somebody looked. Or it was **set**:
somebody forced a value on it from outside, as an experiment does. A node that was set no longer
listens to its parents. So take away every arrow that points to a set node, and then ask about paths
in the graph that is left, where seen and set nodes are both observed.

Write `d_separated(parents, a, b, given)`, which returns `True` or `False`. `parents` maps each
node to the tuple of its parents; `given` maps each observed node, never $a$ or $b$, to the word
`"seen"` or `"set"`.""",
        ),
        Cell(
            "separation",
            SIGNATURE.format("parents", "given", "what was seen or set")
            + '    parents = {n: () if given.get(n) == "set" else parents[n] for n in parents}\n'
            + CHILDREN_LINE
            + REACHABLE,
        ),
        Edit(
            "The visible test asks about the three canonical connections and about the graph\n"
            r"$a \rightarrow e \leftarrow f \rightarrow b$ with $e \rightarrow c$.",
            "The visible test asks about the three canonical connections and about the graph\n"
            r"$a \rightarrow e \leftarrow f \rightarrow b$ with $e \rightarrow c$. A capital letter says that the node was"
            "\nset, a small one that it was seen.",
        ),
        Edit(
            """        ("a -> e <- f -> b, e -> c", lecture, "f", True, "f is no collider, and blocks"),
""",
            """        ("a -> e <- f -> b, e -> c", lecture, "f", True, "f is no collider, and blocks"),
        ("a -> c -> b", chain, "C", True, "c was set, so a has no say in it"),
        ("a <- c -> b", fork, "C", True, "a set common cause is observed, and blocks"),
        ("a -> c <- b", collider, "C", True, "c was set: it says nothing about its parents"),
        ("a -> c <- b, c -> d", collider, "D", True, "d was set: it says nothing about c"),
        ("a -> c <- b, c -> d", collider, "dC", True, "the arrows into c are gone"),
        ("a -> c <- b, c -> d", collider, "cD", False, "c was seen, and it is a collider"),
        ("a -> e <- f -> b, e -> c", lecture, "eF", True, "f is observed, and blocks"),
""",
        ),
        Edit(
            CANONICAL_ASK,
            """        known = {n.lower(): "seen" if n.islower() else "set" for n in given}
        answer = ask(d_separated, what, parents=dict(graph), a="a", b="b", given=dict(known))
""",
        ),
        Edit(
            RENAMED,
            '        seen = {new[n.lower()]: "seen" if n.islower() else "set" for n in given}\n',
        ),
        Cell(
            "separation-random",
            '''# Hidden: random graphs, every pair of nodes, every set of nodes, some of them set.
### BEGIN HIDDEN TESTS
def test_separation_random():
    from itertools import combinations

    import networkx as nx

    from lib.homework import as_bool
    from lib.homework_graphical import book_and_peers_off

    def after(parents, cut):
        """The graph without the arrows into the nodes of `cut`."""
        dag = nx.DiGraph([(m, n) for n in parents for m in parents[n] if n not in cut])
        dag.add_nodes_from(parents)
        return dag

    def without_arrows_from(parents, cut):
        """The graph without the arrows out of the nodes of `cut`."""
        return after({n: tuple(m for m in its if m not in cut) for n, its in parents.items()}, ())

    def blocked_on_paths(dag, a, b, given, opens):
        """Whether every path is blocked under the rule `opens(node, given)` for its colliders."""
        for path in nx.all_simple_paths(dag.to_undirected(), a, b):
            inner = zip(path[:-2], path[1:-1], path[2:], strict=True)
            if all(
                opens(node, given)
                if dag.has_edge(before, node) and dag.has_edge(behind, node)
                else node not in given
                for before, node, behind in inner
            ):
                return False
        return True

    rng = np.random.default_rng([SEED, 4])
    for round_ in range(10):
        u, v, w, x, y = names = [str(n) for n in rng.permutation(list("uvwxy"))]
        parents = {
            n: tuple(m for m in names[:i] if rng.random() < 0.45) for i, n in enumerate(names)
        }
        if round_ == 0:  # a collider whose observed descendant may be far away
            parents = {u: (), v: (), w: (u, v), x: (w,), y: (x,)}
        queries = []
        for a, b in combinations(names, 2):
            rest = [n for n in names if n not in (a, b)]
            for g in (g for r in range(4) for g in combinations(rest, r)):
                queries.append((a, b, {n: str(rng.choice(["seen", "set"])) for n in g}))
        cut = [{n for n, how in g.items() if how == "set"} for _, _, g in queries]
        asked = list(zip(queries, cut, strict=True))
        right = [nx.is_d_separator(after(parents, s), a, b, set(g)) for (a, b, g), s in asked]
        with book_and_peers_off():
            answers = [d_separated(dict(parents), a, b, dict(g)) for a, b, g in queries]
        answers = [as_bool(answer, "d_separated") for answer in answers]
        if answers == right:
            continue
        whole = after(parents, ())
        wrong_answers = {
            "a set node does not listen to its parents: take away the arrows into it": [
                nx.is_d_separator(whole, a, b, set(g)) for (a, b, g), _ in asked
            ],
            "a set node is observed too: it blocks where it is no collider": [
                nx.is_d_separator(after(parents, s), a, b, set(g) - s) for (a, b, g), s in asked
            ],
            "take away the arrows into a set node, not those out of it": [
                nx.is_d_separator(without_arrows_from(parents, s), a, b, set(g))
                for (a, b, g), s in asked
            ],
            "an observed descendant opens a collider too": [
                blocked_on_paths(after(parents, s), a, b, set(g), lambda n, given: n in given)
                for (a, b, g), s in asked
            ],
            "an unobserved collider blocks: it passes nothing on by itself": [
                blocked_on_paths(after(parents, s), a, b, set(g), lambda n, given: True)
                for (a, b, g), s in asked
            ],
            "an observed node blocks only where it is no collider; a collider does the opposite": [
                blocked_on_paths(after(parents, s), a, b, set(g), lambda n, given: n not in given)
                for (a, b, g), s in asked
            ],
        }
        for advice, wrong in wrong_answers.items():
            assert answers != wrong, f"{parents}: {advice}"
        pairs = zip(queries, answers, right, strict=True)
        a, b, g, true = next((*query, true) for query, mine, true in pairs if mine != true)
        truth = "d-separated" if true else "connected by an active path"
        raise AssertionError(f"{parents}: given {g}, the nodes {a} and {b} are {truth}")


test_separation_random()
### END HIDDEN TESTS''',
        ),
    ),
)
