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
