"""Typical answers to the homework on graphical models."""

from tests.homework import Answer

PARAMETERS = [
    Answer(
        "parameters",
        "asks the book",
        """
        from lib.bayes_net import BayesNet

        net = BayesNet()
        for name in states:
            shape = [*(states[p] for p in parents[name]), states[name]]
            net.add(name, states[name], np.full(shape, 1 / states[name]), list(parents[name]))
        return net.n_parameters
        """,
        "switched off",
    ),
    Answer(
        "parameters",
        "counts every entry of the tables",
        """
        total = 0
        for name, k in states.items():
            rows = np.prod([states[p] for p in parents[name]], dtype=int)
            total += rows * k
        return total
        """,
        "count K - 1 numbers a row",
    ),
    Answer(
        "parameters",
        "adds the parents' states instead of multiplying them",
        """
        total = 0
        for name, k in states.items():
            rows = sum(states[p] for p in parents[name]) or 1
            total += rows * (k - 1)
        return total
        """,
        "multiply, do not add",
    ),
    Answer(
        "parameters",
        "counts the full joint table",
        """
        total = 1
        for k in states.values():
            total *= k
        return total - 1
        """,
        "it should be",
    ),
    Answer(
        "parameters",
        "counts one row a table",
        "return sum(k - 1 for k in states.values())",
        "a row for each configuration",
    ),
    Answer(
        "parameters",
        "forgets the roots",
        """
        total = 0
        for name, k in states.items():
            if parents[name]:
                total += (k - 1) * np.prod([states[p] for p in parents[name]], dtype=int)
        return total
        """,
        "it should be",
    ),
]

BLUR = [
    Answer(
        "blur",
        "asks the book",
        """
        from lib.factors import Factor

        table = Factor(("c",), p_c) * Factor(("s",), p_s) * Factor(("c", "s", "b"), p_b)
        return table.reorder("c", "s", "b").table
        """,
        "switched off",
    ),
    Answer(
        "blur",
        "puts p_c on the second axis",
        "return p_c[None, :, None] * p_s[:, None, None] * p_b",
        "p_c has the shape (2, 1, 1)",
    ),
    Answer("blur", "trusts broadcasting", "return p_b * p_c * p_s", "make p_c (2, 1, 1)"),
    Answer(
        "blur",
        "broadcasts the product of the priors",
        "return np.outer(p_c, p_s) * p_b",
        "must be (2, 2, 1)",
    ),
    Answer("blur", "forgets the priors", "return p_b", "multiply by p(c) and by p(s)"),
    Answer(
        "blur",
        "exchanges the parents in the table",
        'return np.einsum("c,s,scb->csb", p_c, p_s, p_b)',
        "do not exchange its axes c and s",
    ),
    Answer("blur", "prints instead of returning", "print(p_b)", "returned None"),
]

CAMERA = [
    Answer(
        "camera",
        "asks the book",
        """
        from lib.factors import Factor

        seen = {"b": b} if s is None else {"b": b, "s": s}
        table = Factor(("c", "s", "b"), joint).reduce(seen)
        return (table.sum_out("s") if s is None else table).normalise().table
        """,
        "switched off",
    ),
    Answer(
        "camera",
        "does not normalise",
        "return joint[:, :, b].sum(axis=1) if s is None else joint[:, s, b]",
        "divide by the probability of the evidence",
    ),
    Answer(
        "camera",
        "returns the likelihood p(b | c)",
        """
        table = joint.sum(axis=1) if s is None else joint[:, s]
        return table[:, b] / table.sum(axis=1)
        """,
        "that is p(B | C)",
    ),
    Answer(
        "camera",
        "ignores the subject",
        "return joint[:, :, b].sum(axis=1) / joint[:, :, b].sum()",
        "you left out the evidence on S",
    ),
    Answer(
        "camera",
        "takes the second axis for B",
        """
        scores = joint[:, b].sum(axis=1) if s is None else joint[:, b, s]
        return scores / scores.sum()
        """,
        "b is the last one",
    ),
    Answer(
        "camera",
        "sums over the camera",
        """
        scores = joint[:, :, b].sum(axis=0) if s is None else joint[:, s, b]
        return scores / scores.sum()
        """,
        "that is the posterior of S",
    ),
    Answer(
        "camera",
        "returns fixed numbers that fall as they should",
        "return np.array([0.69, 0.31]) if s is None else np.array([0.87, 0.13])",
        "it should be",
    ),
]

WALK = """
stack, seen = [(a, None, frozenset([a]))], False
while stack:
    node, previous, path = stack.pop()
    for other in parents:
        if other in path or not (other in parents[node] or node in parents[other]):
            continue
        if previous is not None:
            meets = previous in parents[node] and other in parents[node]
            if {rule}:
                continue
        if other == b:
            return False
        stack.append((other, node, path | {{other}}))
return True
"""

SEPARATION = [
    Answer(
        "separation",
        "asks the book",
        """
        import networkx as nx

        from lib import d_separation

        graph = nx.DiGraph([(u, v) for v in parents for u in parents[v]])
        graph.add_nodes_from(parents)
        return bool(d_separation.d_separated(graph, a, b, given))
        """,
        "switched off",
    ),
    Answer(
        "separation",
        "treats colliders like any other node",
        WALK.format(rule="node in given"),
        "an unobserved collider blocks the path",
    ),
    Answer(
        "separation",
        "forgets the descendants of a collider",
        WALK.format(rule="(node not in given) if meets else (node in given)"),
        "an observed descendant opens a collider",
    ),
    Answer(
        "separation",
        "lets every collider pass",
        WALK.format(rule="not meets and node in given"),
        "an unobserved collider blocks the path",
    ),
    Answer(
        "separation",
        "knows only what joins two parents of a node",
        """
        from itertools import combinations

        import networkx as nx

        graph = nx.Graph([(u, v) for v in parents for u in parents[v]])
        graph.add_nodes_from(parents)
        for v in parents:
            graph.add_edges_from(combinations(parents[v], 2))
        graph.remove_nodes_from(given)
        return not nx.has_path(graph, a, b)
        """,
        "an unobserved collider blocks the path",
    ),
    Answer("separation", "returns a set", "return set(given)", "return True or False, not a set"),
    Answer(
        "separation",
        "opens a collider only when a child is observed, not a later descendant",
        WALK.format(
            rule="(not ({node, *[n for n in parents if node in parents[n]]} & given)) "
            "if meets else (node in given)"
        ),
        "connected by an active path",
    ),
]

BLANKET = [
    Answer(
        "blanket",
        "asks the book",
        """
        import networkx as nx

        from lib import d_separation

        graph = nx.DiGraph([(u, v) for v in parents for u in parents[v]])
        graph.add_nodes_from(parents)
        return d_separation.markov_blanket(graph, node)
        """,
        "switched off",
    ),
    Answer(
        "blanket",
        "forgets the co-parents",
        "return set(parents[node]) | {c for c in parents if node in parents[c]}",
        "add the co-parents",
    ),
    Answer(
        "blanket",
        "keeps the node itself",
        """
        blanket = set(parents[node])
        for child, its_parents in parents.items():
            if node in its_parents:
                blanket |= {child, *its_parents}
        return blanket
        """,
        "not in the right answer",
    ),
    Answer(
        "blanket",
        "adds the siblings",
        """
        blanket = set(parents[node])
        for child, its_parents in parents.items():
            if node in its_parents or set(its_parents) & set(parents[node]):
                blanket |= {child, *its_parents}
        return blanket - {node}
        """,
        "not in the right answer",
    ),
    Answer("blanket", "takes the parents only", "return set(parents[node])", "missing"),
    Answer("blanket", "nests sets", "return [set(parents[node])]", "return it flat"),
]

MESSAGE = """
scores = log_unary[j].copy()
for k in neighbours[j]:
    if k != i:
        scores = scores + inbox[k, j]
terms = scores[:, None] + log_pair[j, i]
"""

MESSAGES = [
    Answer(
        "message",
        "asks the book",
        """
        from lib.messages import pass_message

        arrived = sum((inbox[k, j] for k in neighbours[j] if k != i), log_unary[j])
        return pass_message(log_pair[j, i], arrived)
        """,
        "switched off",
    ),
    Answer(
        "message",
        "calls the tests",
        """
        from lib.homework_graphical import Tree, _enumerated_message

        return _enumerated_message(Tree(log_unary, log_pair, neighbours, inbox), j, i)
        """,
        "switched off",
    ),
    Answer(
        "message",
        "sends the receiver's message back",
        """
        scores = log_unary[j] + sum(inbox[k, j] for k in neighbours[j])
        return np.logaddexp.reduce(scores[:, None] + log_pair[j, i], axis=0)
        """,
        "leave out the receiver",
    ),
    Answer(
        "message",
        "forgets the sender's potential",
        """
        scores = sum((inbox[k, j] for k in neighbours[j] if k != i), 0 * log_unary[j])
        return np.logaddexp.reduce(scores[:, None] + log_pair[j, i], axis=0)
        """,
        "the potential of the sender is missing",
    ),
    Answer(
        "message",
        "adds to the potential in place",
        """
        scores = log_unary[j]
        for k in neighbours[j]:
            if k != i:
                scores += inbox[k, j]
        return np.logaddexp.reduce(scores[:, None] + log_pair[j, i], axis=0)
        """,
        "your function changes log_unary",
    ),
    Answer("message", "returns a dictionary", "return {j: i}", "return numbers, not a dict"),
    Answer(
        "message", "maximises", MESSAGE + "return terms.max(axis=0)", "sum over the sender's states"
    ),
    Answer(
        "message",
        "takes exponentials of large numbers",
        MESSAGE + "return np.log(np.exp(terms).sum(axis=0))",
        "subtract the largest exponent",
    ),
    Answer(
        "message",
        "returns the message instead of its logarithm",
        MESSAGE + "return np.exp(terms).sum(axis=0)",
        "return the logarithm",
    ),
    Answer(
        "message",
        "sums over the receiver's states",
        MESSAGE + "return np.logaddexp.reduce(terms, axis=1)",
        "the log message from node",
    ),
    Answer(
        "message",
        "looks only one step away",
        "return np.logaddexp.reduce(log_unary[j][:, None] + log_pair[j, i], axis=0)",
        "the messages that arrived at the sender are missing",
    ),
]

BELIEFS = [
    Answer(
        "belief",
        "asks the book",
        """
        from lib.messages import normalised

        scores = log_unary[i] + sum(inbox[k, i] for k in neighbours[i])
        return np.exp(normalised(scores)[0])
        """,
        "switched off",
    ),
    Answer(
        "belief",
        "forgets the node's own potential",
        """
        scores = sum(inbox[k, i] for k in neighbours[i])
        return np.exp(scores - np.logaddexp.reduce(scores))
        """,
        "own potential is missing",
    ),
    Answer(
        "belief",
        "does not normalise",
        "return np.exp(log_unary[i] + sum(inbox[k, i] for k in neighbours[i]))",
        "a marginal sums to one",
    ),
    Answer(
        "belief",
        "adds to the potential in place",
        """
        scores = log_unary[i]
        for k in neighbours[i]:
            scores += inbox[k, i]
        scores -= scores.max()
        return np.exp(scores) / np.exp(scores).sum()
        """,
        "your function changes log_unary",
    ),
    Answer(
        "belief",
        "underflows",
        """
        weights = np.exp(log_unary[i] + sum(inbox[k, i] for k in neighbours[i]))
        return weights / weights.sum()
        """,
        "subtract the largest exponent",
    ),
    Answer(
        "belief",
        "returns the logarithm",
        """
        scores = log_unary[i] + sum(inbox[k, i] for k in neighbours[i])
        return scores - np.logaddexp.reduce(scores)
        """,
        "return probabilities",
    ),
]

VITERBI = [
    Answer(
        "viterbi",
        "asks the book",
        """
        from lib import hmm

        return hmm.viterbi(log_start, log_step, log_seen)[0]
        """,
        "switched off",
    ),
    Answer(
        "viterbi",
        "calls the tests",
        """
        from lib.homework_graphical_paths import _best_path

        return _best_path(log_start, log_step, log_seen)
        """,
        "switched off",
    ),
    Answer(
        "viterbi",
        "takes the best next state at each step",
        """
        path = [int((log_start + log_seen[0]).argmax())]
        for seen in log_seen[1:]:
            path.append(int((log_step[path[-1]] + seen).argmax()))
        return path
        """,
        "you took the best next state at each step",
    ),
    Answer(
        "viterbi",
        "looks at the observations only",
        "return [int(k) for k in log_seen.argmax(axis=1)]",
        "you took the best state for each observation alone",
    ),
    Answer(
        "viterbi",
        "counts states from one",
        "return [len(log_start)] * len(log_seen)",
        "and the states are 0 to",
    ),
    Answer(
        "viterbi",
        "does not walk back",
        """
        score = log_start + log_seen[0]
        path = [int(score.argmax())]
        for seen in log_seen[1:]:
            score = (score[:, None] + log_step).max(axis=0) + seen
            path.append(int(score.argmax()))
        return path
        """,
        "you took the best end of each step",
    ),
    Answer(
        "viterbi",
        "decodes each marginal by itself",
        """
        forward = [log_start + log_seen[0]]
        for seen in log_seen[1:]:
            forward.append(np.logaddexp.reduce(forward[-1][:, None] + log_step, axis=0) + seen)
        backward = [0 * log_start]
        for seen in log_seen[:0:-1]:
            backward.append(np.logaddexp.reduce(log_step + seen + backward[-1], axis=1))
        return [int((f + b).argmax()) for f, b in zip(forward, backward[::-1], strict=True)]
        """,
        "your path has log probability",
    ),
    Answer(
        "viterbi",
        "returns the path backwards",
        """
        score, came_from = log_start + log_seen[0], []
        for seen in log_seen[1:]:
            through = score[:, None] + log_step
            came_from.append(through.argmax(axis=0))
            score = through.max(axis=0) + seen
        path = [int(score.argmax())]
        for back in reversed(came_from):
            path.append(int(back[path[-1]]))
        return path
        """,
        "you walked back from the end",
    ),
    Answer(
        "viterbi",
        "reads the transition table the wrong way round",
        """
        score, came_from = log_start + log_seen[0], []
        for seen in log_seen[1:]:
            through = score[:, None] + log_step.T
            came_from.append(through.argmax(axis=0))
            score = through.max(axis=0) + seen
        path = [int(score.argmax())]
        for back in reversed(came_from):
            path.append(int(back[path[-1]]))
        return path[::-1]
        """,
        "read log_step[a, b] as from a to b",
    ),
    Answer(
        "viterbi",
        "multiplies probabilities",
        """
        score, came_from = np.exp(log_start + log_seen[0]), []
        for seen in log_seen[1:]:
            through = score[:, None] * np.exp(log_step)
            came_from.append(through.argmax(axis=0))
            score = through.max(axis=0) * np.exp(seen)
        path = [int(score.argmax())]
        for back in reversed(came_from):
            path.append(int(back[path[-1]]))
        return path[::-1]
        """,
        "keep the logarithm of the best score",
    ),
]

ICM = """
x = y.copy()
n_rows, n_columns = x.shape
for _ in range({sweeps}):
    old = {old}
    for r, c in product(range(n_rows), range(n_columns)):
        near = [(r - 1, c), (r + 1, c), (r, c - 1), (r, c + 1)]
        around = sum({pixel} for u, v in near if {inside})
        x[r, c] = 1 if {field} < 0 else -1
return x
"""
GOOD = {
    "sweeps": "n_sweeps",
    "old": "x",
    "pixel": "old[u, v]",
    "inside": "0 <= u < n_rows and 0 <= v < n_columns",
    "field": "h - beta * around - eta * y[r, c]",
}

CLINIC = [
    Answer(
        "clinic",
        "asks the book",
        """
        from lib.denoising import Ising, icm_raster

        return icm_raster(Ising(h, beta, eta), y, max_sweeps=n_sweeps).x
        """,
        "switched off",
    ),
    Answer(
        "clinic",
        "mends the border and the order, not the sign",
        ICM.format(**GOOD | {"field": "-(h - beta * around - eta * y[r, c])"}),
        "raised the energy",
    ),
    Answer(
        "clinic",
        "mends the sign and the border, still changes all pixels at once",
        ICM.format(**GOOD | {"old": "x.copy()"}),
        "does every pixel see the new values",
    ),
    Answer(
        "clinic",
        "mends the sign and the order, still wraps round",
        ICM.format(**GOOD | {"pixel": "old[u % n_rows, v % n_columns]", "inside": "True"}),
        "the picture does not wrap round",
    ),
    Answer(
        "clinic",
        "stops after one sweep",
        ICM.format(**GOOD | {"sweeps": "min(1, n_sweeps)"}),
        "flipping pixel",
    ),
    Answer(
        "clinic",
        "has the wrong sign of h",
        ICM.format(**GOOD | {"field": "-h - beta * around - eta * y[r, c]"}),
        "look at the sign",
    ),
    Answer("clinic", "returns the noisy picture", "return y.copy()", "sweeps left the energy"),
    Answer("clinic", "returns larger pixels", "return 10 * y", "a pixel is -1 or +1"),
]

WRONG = [
    *(PARAMETERS + BLUR + CAMERA + SEPARATION + BLANKET),
    *(MESSAGES + BELIEFS + VITERBI + CLINIC),
]

RIGHT = [
    Answer(
        "blur",
        "float32",
        """
        p_c, p_s, p_b = (np.float32(p) for p in (p_c, p_s, p_b))
        return np.einsum("c,s,csb->csb", p_c, p_s, p_b)
        """,
    ),
    Answer(
        "camera",
        "float32",
        """
        scores = np.float32(joint)[:, :, b]
        scores = scores.sum(axis=1) if s is None else scores[:, s]
        return scores / scores.sum()
        """,
    ),
    Answer(
        "message",
        "float32",
        """
        scores = np.float32(log_unary[j])
        for k in neighbours[j]:
            if k != i:
                scores = scores + np.float32(inbox[k, j])
        return np.logaddexp.reduce(scores[:, None] + np.float32(log_pair[j, i]), axis=0)
        """,
    ),
    Answer(
        "belief",
        "float32",
        """
        scores = np.float32(log_unary[i]) + sum(np.float32(inbox[k, i]) for k in neighbours[i])
        weights = np.exp(scores - scores.max())
        return weights / weights.sum()
        """,
    ),
    Answer(
        "viterbi",
        "float32",
        """
        log_start, log_step, log_seen = (np.float32(a) for a in (log_start, log_step, log_seen))
        score, came_from = log_start + log_seen[0], []
        for seen in log_seen[1:]:
            through = score[:, None] + log_step
            came_from.append(through.argmax(axis=0))
            score = through.max(axis=0) + seen
        path = [int(score.argmax())]
        for back in reversed(came_from):
            path.append(int(back[path[-1]]))
        return path[::-1]
        """,
    ),
    Answer(
        "separation",
        "the moral graph of the ancestors",
        """
        from itertools import combinations

        import networkx as nx

        dag = nx.DiGraph([(u, v) for v in parents for u in parents[v]])
        dag.add_nodes_from(parents)
        kept = {a, b} | set(given)
        kept = kept.union(*(nx.ancestors(dag, n) for n in kept))
        graph = nx.Graph()
        graph.add_nodes_from(kept)
        for v in kept:
            graph.add_edges_from(combinations([*parents[v], v], 2))
        graph.remove_nodes_from(given)
        return not nx.has_path(graph, a, b)
        """,
    ),
    Answer(
        "separation",
        "every path",
        "import networkx as nx\n"
        + WALK.format(
            rule="(not ({node} | nx.descendants(nx.DiGraph([(u, v) for v in parents "
            "for u in parents[v]]), node)) & given) if meets else (node in given)"
        ),
    ),
    Answer(
        "blanket",
        "a sorted list",
        """
        family = [{v, *parents[v]} for v in parents if v == node or node in parents[v]]
        return sorted(set().union(*family) - {node})
        """,
    ),
    Answer(
        "message",
        "normalised messages",
        MESSAGE + "m = np.logaddexp.reduce(terms, axis=0)\nreturn m - np.logaddexp.reduce(m)",
    ),
    Answer(
        "clinic",
        "the checkerboard order",
        """
        x, rows = y.copy(), np.indices(y.shape).sum(axis=0)
        for _ in range(n_sweeps):
            for colour in (0, 1):
                frame = np.pad(x, 1)
                around = frame[2:, 1:-1] + frame[:-2, 1:-1] + frame[1:-1, 2:] + frame[1:-1, :-2]
                better = np.where(h - beta * around - eta * y < 0, 1, -1)
                x = np.where(rows % 2 == colour, better, x)
        return x
        """,
    ),
    Answer(
        "viterbi",
        "from the last step to the first",
        """
        ahead, choices = np.zeros(len(log_start)), []
        for seen in log_seen[:0:-1]:
            through = log_step + seen + ahead
            choices.append(through.argmax(axis=1))
            ahead = through.max(axis=1)
        path = [int((log_start + log_seen[0] + ahead).argmax())]
        for choice in reversed(choices):
            path.append(int(choice[path[-1]]))
        return np.array(path)
        """,
    ),
]
