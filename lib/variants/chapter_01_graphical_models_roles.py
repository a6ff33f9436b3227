"""Task 4 of the homework on graphical models: the Markov blanket by its three roles."""

from __future__ import annotations

import numpy as np

from lib.variants import Cell, Edit, Twist, Values
from lib.variants.chapter_01_graphical_models_blanket import WRITE


def roles(rng: np.random.Generator) -> Values:
    """In which order the three roles are returned, and whether they may overlap."""
    words = ["parents", "children", "co-parents"]
    order = [words[k] for k in rng.permutation(3)]
    code = {"parents": "up", "children": "down", "co-parents": "partners"}
    alone = bool(rng.integers(2))
    rule = (
        "A co-parent may be a parent or a child of the node too; then it\nis listed there and **not** "
        "among the co-parents, so the three sets have no member in common."
        if alone
        else "A co-parent may be a parent or a child of the\nnode too; then it is listed **twice**, once "
        "for each of its roles."
    )
    return {
        "words": ", ".join(order),
        "values": ", ".join(code[word] for word in order),
        "rule": rule,
        "less": " - up - down" if alone else "",
        "more": "" if alone else " - up - down",
        "advice": (
            "a co-parent that is a parent or a child too is listed there and nowhere else"
            if alone
            else "a co-parent that is a parent or a child too is listed twice"
        ),
    }


ROLES = Twist(
    4,
    "the blanket by its three roles",
    (
        Edit("| 4 | Markov blankets | 3 |", "| 4 | Markov blankets and their roles | 3 |"),
        Edit(
            WRITE,
            """Its members have three roles: parents of the node, children of the node, and co-parents, which are the
other parents of its children. The node itself has no role. <<rule>>

Write `markov_blanket(parents, node)`, which returns a tuple of three sets in the order
<<words>>.""",
        ),
        Cell(
            "blanket",
            '''def markov_blanket(parents, node):
    """Three sets that make up the Markov blanket of `node`: <<words>>."""
    ### BEGIN SOLUTION
    up = set(parents[node])
    down = {child for child in parents if node in parents[child]}
    partners = {parent for child in down for parent in parents[child]} - {node}<<less>>
    return <<values>>
    ### END SOLUTION''',
        ),
        Cell(
            "blanket-seven",
            """def test_blanket_seven():
    from lib.homework import compare
    from lib.homework_asking import as_parts
    from lib.homework_graphical import ask

    names = "(<<words>>)"

    def roles(up, down, partners):
        return <<values>>

    def check(parents, node, right, what):
        answer = as_parts(ask(markov_blanket, what, parents=parents, node=node), what, names)
        words = names[1:-1].split(", ")
        hints = {
            f"those are its {word}; the order is {names}": role
            for word, role in zip(words, right, strict=True)
            if role
        }
        for word, mine, role in zip(words, answer, right, strict=True):
            compare(mine, role, f"{what}: the {word}", hints=hints)

    seven = {1: (), 2: (), 3: (), 4: (1, 2, 3), 5: (1, 3), 6: (4,), 7: (4, 5)}
    check(seven, 6, roles({4}, set(), set()), "the blanket of x6, a leaf with one parent")
    check(seven, 2, roles(set(), {4}, {1, 3}), "the blanket of x2")
    check(seven, 4, roles({1, 2, 3}, {6, 7}, {5}), "the blanket of x4")
    ### BEGIN HIDDEN TESTS
    new = dict(zip(seven, np.random.default_rng([SEED, 17]).permutation(7).tolist(), strict=True))
    named = {new[n]: tuple(new[u] for u in seven[n]) for n in reversed(seven)}
    for node, *right in [(6, {4}, (), ()), (2, (), {4}, {1, 3}), (4, {1, 2, 3}, {6, 7}, {5})]:
        sets = roles(*({new[n] for n in role} for role in right))
        check(named, new[node], sets, f"the blanket of {new[node]} in {named}")
    ### END HIDDEN TESTS


test_blanket_seven()""",
        ),
        Cell(
            "blanket-random",
            """# Hidden: random networks, every node.
### BEGIN HIDDEN TESTS
def test_blanket_random():
    from lib.homework import compare
    from lib.homework_asking import as_parts
    from lib.homework_graphical import ask

    names = "(<<words>>)"
    rng = np.random.default_rng([SEED, 5])
    for _ in range(10):
        order = [int(n) for n in rng.permutation(8)]
        parents = {
            v: tuple(u for u in order[:i] if rng.random() < 0.35) for i, v in enumerate(order)
        }
        for node in order:
            up = set(parents[node])
            down = {c for c in order if node in parents[c]}
            both = {u for c in down for u in parents[c]} - {node}
            partners = both<<less>>
            siblings = {c for u in up for c in order if u in parents[c]} - {node}
            what = f"the blanket of {node} in {parents}"
            answer = as_parts(ask(markov_blanket, what, parents=parents, node=node), what, names)
            wrong = {
                "a node is not its own co-parent": partners | {node},
                "<<advice>>": both<<more>>,
                "those are siblings": siblings,
            }
            roles = <<values>>
            for word, mine, role in zip(names[1:-1].split(", "), answer, roles, strict=True):
                compare(mine, role, f"{what}: the {word}", hints=wrong)


test_blanket_random()
### END HIDDEN TESTS""",
        ),
    ),
    roles,
)
