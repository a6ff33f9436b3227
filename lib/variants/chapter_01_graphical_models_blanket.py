"""Task 4 of the homework on graphical models: Markov blankets."""

from __future__ import annotations

from lib.variants import Cell, Edit, Twist

HEADING = "## Task 4: the Markov blanket (3 points)"
WRITE = "Write `markov_blanket(parents, node)`, which returns a set."
START = "def test_blanket_{0}():\n    from lib.homework import compare\n"
SEVEN = "def test_blanket_seven():"
IMPORT = "    from lib.homework_graphical_networks import children_of\n"
RANDOM_WHAT = '            what = f"the blanket of {node} in {parents}"\n'
RANDOM_ASK = "            answer = ask(markov_blanket, what, parents=parents, node=node)\n"
RANDOM_HINT = '                "add the co-parents: the other parents of every child": up | down,\n'

CHILDREN = Twist(
    4,
    "the graph is given by the children of each node",
    (
        Edit(
            WRITE,
            """Write `markov_blanket(children, node)`, which returns a set. `children` maps each node to the tuple
of its children, the nodes that its arrows point to.""",
        ),
        Cell(
            "blanket",
            '''def markov_blanket(children, node):
    """The Markov blanket of `node` in the network given by `children`."""
    ### BEGIN SOLUTION
    blanket = set(children[node])
    for other, its_children in children.items():
        if node in its_children or not set(its_children).isdisjoint(children[node]):
            blanket.add(other)  # a parent, or another parent of a child
    return blanket - {node}
    ### END SOLUTION''',
        ),
        Edit(START.format("seven"), START.format("seven") + IMPORT),
        Edit(
            "    compare(ask(markov_blanket, what, parents=seven, node=6), {4}, what)\n",
            """    shown = children_of(seven)
    turned = "children[n] holds the nodes that n points to: x4 points to x6"
    answer = ask(markov_blanket, what, children=shown, node=6)
    compare(answer, {4}, what, hints={turned: {4, 7}, "who points to x6?": set()})
""",
        ),
        Edit(
            "    compare(ask(markov_blanket, what, parents=seven, node=2), {1, 3, 4}, what, hints=hints)\n",
            """    answer = ask(markov_blanket, what, children=shown, node=2)
    compare(answer, {1, 3, 4}, what, hints=hints)
""",
        ),
        Edit(
            'what = f"the blanket of {new[node]} in {named}"',
            'what = f"the blanket of {new[node]} for the children {children_of(named)}"',
        ),
        Edit(
            "ask(markov_blanket, what, parents=named, node=new[node])",
            "ask(markov_blanket, what, children=children_of(named), node=new[node])",
        ),
        Edit(START.format("random"), START.format("random") + IMPORT),
        Edit(
            RANDOM_HINT,
            """                "children[n] holds the nodes that n points to": (up | down | siblings) - {node},
"""
            + RANDOM_HINT,
        ),
        Edit(
            RANDOM_WHAT,
            '            what = f"the blanket of {node} for the children {children_of(parents)}"\n',
        ),
        Edit(
            RANDOM_ASK,
            RANDOM_ASK.replace("parents=parents", "children=children_of(parents)"),
        ),
    ),
)

SETS = Twist(
    4,
    "the blanket of several nodes together",
    (
        Edit("| 4 | Markov blankets | 3 |", "| 4 | Markov blankets of sets | 3 |"),
        Cell(
            HEADING,
            HEADING
            + """

The Markov blanket of a set of nodes is the smallest set of other nodes that separates them from all
the rest: given the blanket, nothing else in the network says anything more about any of them. Other
nodes only: no member of the set is in its blanket.

Write `markov_blanket(parents, nodes)`, which returns a set; `nodes` is a set of one or more nodes.""",
        ),
        Cell(
            "blanket",
            '''def markov_blanket(parents, nodes):
    """The Markov blanket of the set `nodes` in the network given by `parents`."""
    ### BEGIN SOLUTION
    blanket = set()
    for child, its_parents in parents.items():
        if child in nodes:
            blanket |= set(its_parents)
        if not nodes.isdisjoint(its_parents):
            blanket |= {child, *its_parents}
    return blanket - nodes
    ### END SOLUTION''',
        ),
        Cell(
            "blanket-seven",
            """def test_blanket_seven():
    from lib.homework import compare
    from lib.homework_graphical import ask

    a_set = "`nodes` is a set of nodes"
    seven = {1: (), 2: (), 3: (), 4: (1, 2, 3), 5: (1, 3), 6: (4,), 7: (4, 5)}
    what = "the blanket of {x6}, a leaf with one parent"
    compare(ask(markov_blanket, what, a_set, parents=seven, nodes={6}), {4}, what)
    hints = {
        "x4 and x5 depend on x1 too: add the co-parents of every child": {4, 5},
        "x3 is no member of its own blanket": {1, 2, 3, 4, 5},
        "x2 and x3 are both in the set, so neither is in the blanket": {1, 2, 3, 4, 5},
    }
    what = "the blanket of {x2, x3}"
    answer = ask(markov_blanket, what, a_set, parents=seven, nodes={2, 3})
    compare(answer, {1, 4, 5}, what, hints=hints)
    ### BEGIN HIDDEN TESTS
    new = dict(zip(seven, np.random.default_rng([SEED, 17]).permutation(7).tolist(), strict=True))
    named = {new[n]: tuple(new[u] for u in seven[n]) for n in reversed(seven)}
    for nodes, right in [({6}, {4}), ({2, 3}, {1, 4, 5}), ({4, 5}, {1, 2, 3, 6, 7})]:
        asked = {new[n] for n in nodes}
        what = f"the blanket of {asked} in {named}"
        answer = ask(markov_blanket, what, a_set, parents=named, nodes=set(asked))
        compare(answer, {new[n] for n in right}, what)
    ### END HIDDEN TESTS


test_blanket_seven()""",
        ),
        Cell(
            "blanket-random",
            """# Hidden: random networks, sets of one to four nodes.
### BEGIN HIDDEN TESTS
def test_blanket_random():
    import networkx as nx

    from lib.homework import compare
    from lib.homework_graphical import ask

    rng = np.random.default_rng([SEED, 5])
    for _ in range(30):
        order = [int(n) for n in rng.permutation(8)]
        parents = {
            v: tuple(u for u in order[:i] if rng.random() < 0.35) for i, v in enumerate(order)
        }
        nodes = set(rng.choice(order, size=rng.integers(1, 5), replace=False).tolist())
        moral = nx.Graph([(u, v) for v in order for u in parents[v]])
        moral.add_nodes_from(order)
        family = nx.Graph(moral)
        for v in order:
            moral.add_edges_from((u, w) for u in parents[v] for w in parents[v] if u < w)
        near = {u for v in nodes for u in moral[v]}
        hints = {
            "a member of the set is not in its blanket": near,
            "a member of the set is not in its own blanket": near | nodes,
            "add the co-parents: the other parents of every child": (
                {u for v in nodes for u in family[v]} - nodes
            ),
            "add the parents": near - nodes - {u for v in nodes for u in parents[v]},
            "the blanket of a set is more than what its members have in common": (
                set.intersection(*(set(moral[v]) for v in nodes)) - nodes
            ),
        }
        what = f"the blanket of {nodes} in {parents}"
        a_set = "`nodes` is a set of nodes"
        answer = ask(markov_blanket, what, a_set, parents=parents, nodes=set(nodes))
        compare(answer, near - nodes, what, hints=hints)


test_blanket_random()
### END HIDDEN TESTS""",
        ),
    ),
)
