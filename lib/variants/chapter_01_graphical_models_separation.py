"""Task 3 of the homework on graphical models: d-separation."""

from __future__ import annotations

from lib.variants import Cell, Edit, Twist

STATEMENT = (
    "Write `d_separated(parents, a, b, given)`, which returns `True` or `False`. `parents` maps each\n"
    "node to the tuple of its parents; `given` is a set of observed nodes without $a$ and $b$."
)
SIGNATURE = '''def d_separated({0}, a, b, {1}):
    """Whether {2} d-separates `a` from `b`."""
    ### BEGIN SOLUTION
'''
REACHABLE = """    open_colliders, stack = set(), list(given)  # observed nodes and their ancestors
    while stack:
        node = stack.pop()
        if node not in open_colliders:
            open_colliders.add(node)
            stack.extend(parents[node])
    visited, stack = set(), [(a, "from child")]
    while stack:
        node, entered = stack.pop()
        if (node, entered) in visited:
            continue
        visited.add((node, entered))
        if node == b:
            return False
        if node not in given:
            stack += [(child, "from parent") for child in children[node]]
        up = node in open_colliders if entered == "from parent" else node not in given
        if up:
            stack += [(parent, "from child") for parent in parents[node]]
    return True
    ### END SOLUTION"""
CHILDREN_LINE = "    children = {n: [c for c in parents if n in parents[c]] for n in parents}\n"
CANONICAL_START = "def test_separation_canonical():\n    from lib.homework import as_bool\n"
CANONICAL_ASK = (
    '        answer = ask(d_separated, what, parents=dict(graph), a="a", b="b", given=set(given))\n'
)
CANONICAL_SAYS = '        assert answer == right, f"{what}: you say {answer}, but {why}"\n'
RENAMED = "        seen = {new[n] for n in given}\n"
RENAMED_ASK = (
    '        answer = ask(d_separated, name, parents=named, a=new["a"], b=new["b"], given=seen)\n'
)
RANDOM_START = "def test_separation_random():\n    from itertools import combinations\n"
RANDOM_ASK = (
    "            answers = [d_separated(dict(parents), a, b, set(g)) for a, b, g in queries]\n"
)
ADVICE = "        for advice, opens in wrong_rules.items():\n"
FINALLY = '        raise AssertionError(f"{parents}: given {sorted(g)}, the nodes {a} and {b} are {truth}")\n'
IMPORT = "    from lib.homework_graphical_networks import children_of\n"

CHILDREN = Twist(
    3,
    "the graph is given by the children of each node",
    (
        Edit(
            STATEMENT,
            """Write `d_separated(children, a, b, given)`, which returns `True` or `False`. `children` maps each
node to the tuple of its children, the nodes that its arrows point to; `given` is a set of observed
nodes without $a$ and $b$.""",
        ),
        Cell(
            "separation",
            SIGNATURE.format("children", "given", "`given`")
            + "    parents = {n: [p for p in children if n in children[p]] for n in children}\n"
            + REACHABLE,
        ),
        Edit(CANONICAL_START, CANONICAL_START + IMPORT),
        Edit(CANONICAL_ASK, CANONICAL_ASK.replace("parents=dict(", "children=children_of(")),
        Edit(
            CANONICAL_SAYS,
            """        assert answer == right, (
            f"{what}: you say {answer}, but {why}; children[n] holds the nodes that n points to"
        )
""",
        ),
        Edit(RENAMED_ASK, RENAMED_ASK.replace("parents=named", "children=children_of(named)")),
        Edit(RANDOM_START, RANDOM_START + IMPORT),
        Edit(
            RANDOM_ASK,
            """            children = children_of(parents)
            answers = [d_separated(dict(children), a, b, set(g)) for a, b, g in queries]
""",
        ),
        Edit(
            ADVICE,
            """        turned = [nx.is_d_separator(dag.reverse(), a, b, g) for a, b, g in queries]
        assert answers != turned, f"{children}: children[n] holds the nodes that n points to"
"""
            + ADVICE,
        ),
        Edit(
            'assert answers != wrong, f"{parents}: {advice}"',
            'assert answers != wrong, f"{children}: {advice}"',
        ),
        Edit(FINALLY, FINALLY.replace("{parents}", "{children}")),
    ),
)

HIDDEN = Twist(
    3,
    "the nodes that are not observed are given",
    (
        Edit(
            STATEMENT,
            """Write `d_separated(parents, a, b, hidden)`, which returns `True` or `False`. `parents` maps each
node to the tuple of its parents. `hidden` is the set of the nodes that are **not** observed: every
node that is neither in it nor $a$ or $b$ is observed.""",
        ),
        Cell(
            "separation",
            SIGNATURE.format("parents", "hidden", "all that is not in `hidden`")
            + CHILDREN_LINE
            + "    given = set(parents) - set(hidden) - {a, b}\n"
            + REACHABLE,
        ),
        Edit(
            CANONICAL_ASK,
            """        hidden = set(graph) - set(given) - {"a", "b"}
        answer = ask(d_separated, what, parents=dict(graph), a="a", b="b", hidden=hidden)
""",
        ),
        Edit(
            CANONICAL_SAYS,
            """        assert answer == right, (
            f"{what} (hidden: {sorted(hidden) or 'nothing'}): you say {answer}, but {why}"
        )
""",
        ),
        Edit(RENAMED, '        hidden = {new[n] for n in set(graph) - set(given) - {"a", "b"}}\n'),
        Edit(
            RENAMED_ASK,
            RENAMED_ASK.replace("given=seen", "hidden=hidden").replace(
                '(d_separated, name, parents=named, a=new["a"], b=new["b"], hidden=hidden)',
                """(
            d_separated, name, parents=named, a=new["a"], b=new["b"], hidden=hidden
        )""",
            ),
        ),
        Edit(
            RANDOM_ASK,
            """            hidden = [set(names) - {a, b} - set(g) for a, b, g in queries]
            asked = zip(queries, hidden, strict=True)
            answers = [d_separated(dict(parents), a, b, set(h)) for (a, b, _), h in asked]
""",
        ),
        Edit(
            ADVICE,
            """        taken = [
            nx.is_d_separator(dag, a, b, h)
            for (a, b, _), h in zip(queries, hidden, strict=True)
        ]
        assert answers != taken, f"{parents}: `hidden` holds what is NOT observed"
"""
            + ADVICE,
        ),
        Edit(FINALLY, FINALLY.replace("given {sorted(g)}, the", "observed {sorted(g)}, the")),
    ),
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
