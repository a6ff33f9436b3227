"""Typical answers to the homework on pixel models."""

from tests.homework import Answer

CHAIN = """
terms = []
for i in range(len(x)):
    rest = table[tuple(x[:i])]
    mass = rest.reshape(len(rest), -1).sum(axis=1)
    terms.append({term})
return np.array(terms)
"""
MARGINAL = "def mass(keep):\n    out = tuple(i for i in range(len(x)) if i not in keep)\n"
MARGINAL += "    return table.sum(axis=out)[tuple(x[i] for i in sorted(keep))]\n"
EACH = "return np.array([{term} for i in range(len(x))])"

CHAINS = [
    Answer(
        "chain", "does not divide", CHAIN.format(term="mass[x[i]]"), "divide by p of those before"
    ),
    Answer(
        "chain",
        "ignores the earlier pixels",
        MARGINAL + EACH.format(term="mass({i})"),
        "the earlier pixels are known",
    ),
    Answer(
        "chain",
        "conditions on all others",
        MARGINAL + EACH.format(term="table[tuple(x)] / mass(set(range(len(x))) - {i})"),
        "not on all others",
    ),
    Answer(
        "chain",
        "conditions on the last pixel alone",
        MARGINAL + EACH.format(term="mass({i, i - 1} - {-1}) / mass({i - 1} - {-1})"),
        "not on the last of them alone",
    ),
    Answer(
        "chain",
        "conditions on the later pixels",
        MARGINAL
        + EACH.format(term="mass(set(range(i, len(x)))) / mass(set(range(i + 1, len(x))))"),
        "not on those after",
    ),
    Answer(
        "chain",
        "returns logarithms",
        CHAIN.format(term="math.log(mass[x[i]] / mass.sum())"),
        "those are logarithms",
    ),
    Answer(
        "chain",
        "returns what it divides by",
        CHAIN.format(term="mass.sum()"),
        "what you divide by",
    ),
    Answer("chain", "multiplies", "return table[tuple(x)]", "the shape is"),
    Answer(
        "chain",
        "returns whole distributions",
        CHAIN.format(term="mass / mass.sum()"),
        "the shape is",
    ),
]

LOGS = """
shifted = logits - logits.max(axis=1, keepdims=True)
log_share = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
log_p = np.take_along_axis(log_share, x[:, None], axis=1).sum(axis=(1, 2, 3))
d = x[0].size
"""
PAIR = "return log_p, -log_p.mean() / (d * math.log(2))"

BITS = (
    [
        Answer("bits", name, LOGS.replace(*old_new) + PAIR, says)
        for name, old_new, says in [
            (
                "averages over the pixels",
                (".sum(axis=(1, 2, 3))", ".mean(axis=(1, 2, 3))"),
                "not a mean",
            ),
            ("sums the batch", (".sum(axis=(1, 2, 3))", ".sum()"), "one number for each example"),
            (
                "runs softmax over columns",
                ("axis=1, keepdims", "axis=3, keepdims"),
                "the last axis",
            ),
            (
                "runs softmax over rows",
                ("axis=1, keepdims", "axis=2, keepdims"),
                "runs over axis 2",
            ),
            (
                "runs softmax over pictures",
                ("axis=1, keepdims", "axis=0, keepdims"),
                "over the pictures",
            ),
            ("counts log p in bits", ("np.log(", "np.log2("), "it should be"),
            (
                "scores the best level",
                ("x[:, None]", "logits.argmax(axis=1)[:, None]"),
                "the level that it has",
            ),
            ("adds probabilities", ("(log_share, x", "(np.exp(log_share), x"), "add logarithms"),
            ("forgets to normalise", ("(log_share, x", "(logits, x"), "subtract the logsumexp"),
        ]
    ]
    + [
        Answer("bits", name, LOGS + code, says)
        for name, code, says in [
            ("has the wrong sign", PAIR.replace("return log_p", "return -log_p"), "minus log p(x)"),
            (
                "returns log p in bits",
                "log_p = log_p / math.log(2)\n" + PAIR,
                "use the natural logarithm",
            ),
            ("leaves nats", "return log_p, -log_p.mean() / d", "divide by ln 2"),
            (
                "multiplies by ln 2",
                "return log_p, -log_p.mean() / d * math.log(2)",
                "do not multiply",
            ),
            (
                "counts a whole picture",
                "return log_p, -log_p.mean() / math.log(2)",
                "bits per picture",
            ),
            ("counts the levels too", "d = logits[0].size\n" + PAIR, "the levels do not count"),
            ("adds the pictures", PAIR.replace("mean", "sum"), "do not sum"),
            ("has negative bits", PAIR.replace("-log_p", "log_p"), "never negative"),
            ("returns log p alone", "return log_p", "return 2 things"),
            ("divides by nothing", "return log_p, -log_p.mean()", "nats per picture"),
        ]
    ]
    + [
        Answer(
            "bits",
            "adds a small number to the probabilities",
            "p = torch.tensor(logits).softmax(1).numpy()\n"
            "p = np.take_along_axis(p, x[:, None], axis=1)\n"
            "log_p = np.log(p + 1e-12).sum(axis=(1, 2, 3))\n"
            "d = x[0].size\n" + PAIR,
            "it should be",
        ),
        Answer(
            "bits",
            "takes exp of large logits",
            "p = np.exp(logits)\np = p / p.sum(axis=1, keepdims=True)\n"
            "log_p = np.log(np.take_along_axis(p, x[:, None], axis=1)).sum(axis=(1, 2, 3))\n"
            "d = x[0].size\n" + PAIR,
            "subtract the largest logit first",
        ),
        Answer(
            "bits",
            "takes the logarithm of a softmax",
            "p = torch.tensor(logits).softmax(1).numpy()\n"
            "log_p = np.log(np.take_along_axis(p, x[:, None], axis=1)).sum(axis=(1, 2, 3))\n"
            "d = x[0].size\n" + PAIR,
            "is not finite",
        ),
        Answer(
            "bits",
            "calls the book",
            "from lib.pixel import PixelModel\n"
            "model = PixelModel(x.shape[1:], logits.shape[1])\n"
            "log_p = model._nats(torch.tensor(x), torch.tensor(logits)).numpy()\n"
            "d = x[0].size\n" + PAIR,
            "the book's own functions are switched off",
        ),
    ]
)

MASK = """
mask, mid = np.zeros((outputs, inputs, size, size)), size // 2
mask[:, :, :mid] = 1
mask[:, :, mid, :mid] = 1
writes = np.arange(outputs)[:, None] // (outputs // colours)
reads = np.arange(inputs) // (inputs // colours)
mask[:, :, mid, mid] = reads < writes if kind == "A" else reads <= writes
"""

MASKS = [
    Answer("mask", name, MASK.replace(*old_new) + more + "return mask", says)
    for name, old_new, more, says in [
        ("exchanges A and B", ('== "A"', '== "B"'), "", "yours is the other one"),
        (
            "shows the rows below",
            ("", ""),
            "mask[:, :, mid + 1 :] = 1\n",
            "the rows below come later",
        ),
        (
            "shows the right side",
            ("", ""),
            "mask[:, :, mid, mid + 1 :] = 1\n",
            "on the right come later",
        ),
        (
            "hides the right of the rows above",
            ("", ""),
            "mask[:, :, :, mid + 1 :] = 0\n",
            "the rows above are known from left to right",
        ),
        ("goes column by column", ("", ""), "mask = mask.swapaxes(2, 3)\n", "rows are axis 2"),
        ("marks what is hidden", ("", ""), "mask = 1 - mask\n", "1 where a tap may be used"),
        (
            "exchanges the groups",
            (
                'reads < writes if kind == "A" else reads <= writes',
                'writes < reads if kind == "A" else writes <= reads',
            ),
            "",
            "your groups of colours are exchanged",
        ),
        ("hides the rows above", ("mask[:, :, :mid] = 1\n", ""), "", "hides the rows above"),
        ("hides the left side", ("mask[:, :, mid, :mid] = 1\n", ""), "", "left of the centre"),
    ]
] + [
    Answer(
        "mask",
        "weaves the colours",
        MASK.replace("// (outputs // colours)", "% colours").replace(
            "// (inputs // colours)", "% colours"
        )
        + "return mask",
        "the first channels are those of colour 0",
    ),
    Answer(
        "mask",
        "orders colours everywhere",
        MASK
        + "mask = mask * (mask[:, :, mid, mid] > 0)[:, :, None, None] if colours > 1 else mask\n"
        + "return mask",
        "colours matter at the centre alone",
    ),
    Answer(
        "mask",
        "ignores the colours",
        MASK.replace("colours)", "1)") + "return mask",
        "a colour sees the colours before it",
    ),
    Answer("mask", "returns one kernel", MASK + "return mask[0, 0]", "the shape is"),
    Answer(
        "mask",
        "calls the book",
        "from lib.masked import causal_mask\n"
        "return causal_mask(size, size, kind).repeat(outputs, inputs, 1, 1).numpy()",
        "switched off",
    ),
]

FIELD = """
seen = {{place}}
for mask in masks{order}:
    mid = len(mask) // 2
    taps = [({di}, {dj}) for {ab} in np.argwhere(mask)]
    seen = {{(i + a, j + b) for i, j in seen for a, b in taps}}
    seen = {{p for p in seen if 0 <= p[0] < shape[0] and 0 <= p[1] < shape[1]}}
field = np.zeros(shape, dtype=bool)
for p in seen:
    field[p] = True
return field
"""
WALK = {"order": "[::-1]", "di": "a - mid", "dj": "b - mid", "ab": "a, b"}
LAYERS = """
fields = np.zeros(shape, dtype=bool)
for mask in masks:
    mid = len(mask) // 2
    for a, b in np.argwhere(mask):
        i, j = place[0] + a - mid, place[1] + b - mid
        if 0 <= i < shape[0] and 0 <= j < shape[1]:
            fields[i, j] = True
return fields
"""

FIELDS = [
    Answer("field", name, FIELD.format(**WALK | change), says)
    for name, change, says in [
        ("looks through the first layer alone", {"order": "[:1]"}, "the first layer alone"),
        ("looks through the last layer alone", {"order": "[-1:]"}, "the last layer alone"),
        ("forgets the first layer", {"order": "[:0:-1]"}, "the first layer is missing"),
        ("forgets the last layer", {"order": "[-2::-1]"}, "the last layer is missing"),
        ("turns the kernel", {"di": "mid - a", "dj": "mid - b"}, "turned round"),
        ("exchanges rows and columns", {"ab": "b, a"}, "a tap's row is axis 0"),
        ("counts taps from the corner", {"di": "a", "dj": "b"}, "it should be"),
    ]
] + [
    Answer("field", "puts the layers side by side", LAYERS, "one after the other"),
    Answer(
        "field",
        "walks through the margin",
        """
        seen = {place}
        for mask in masks[::-1]:
            mid = len(mask) // 2
            taps = np.argwhere(mask) - mid
            seen = {(i + a, j + b) for i, j in seen for a, b in taps}
        field = np.zeros(shape, dtype=bool)
        for i, j in seen:
            if 0 <= i < shape[0] and 0 <= j < shape[1]:
                field[i, j] = True
        return field
        """,
        "paths end at the border",
    ),
    Answer(
        "field",
        "starts from the first layer",
        FIELD.format(**WALK | {"order": ""}),
        "go from the last layer back to the first",
    ),
    Answer(
        "field",
        "calls the tests",
        "from lib.homework_pixel_masks import spread\nreturn spread(shape, place, masks)",
        "the tests' own solutions are switched off",
    ),
    Answer(
        "field",
        "takes every earlier pixel",
        """
        field = np.zeros(shape, dtype=bool)
        field[: place[0]] = True
        field[place[0], : place[1]] = True
        return field
        """,
        "it should be",
    ),
]

LEAKS = """
def probabilities(picture):
    values = logits(picture[None])[0].reshape(levels, -1)
    p = np.exp(values - values.max(axis=0))
    return {p}

before, leaks = probabilities(x), set()
for j in {pixels}:
    for level in {tried}:
        changed = x.copy()
        changed.flat[j] = level
        moved = np.abs(probabilities(changed) - before).max(axis=0)
        leaks |= {{({pair}) for i in {seen} if moved[i] > {limit}}}
return leaks
"""
TEST = {"p": "p / p.sum(axis=0)", "pixels": "range(x.size)", "tried": "range(levels)"}
TEST |= {"pair": "i, j", "seen": "range(j + 1)", "limit": "1e-9"}

FOUND = [
    Answer("leaks", name, LEAKS.format(**TEST | change), says)
    for name, change, says in [
        ("lets a pixel see itself", {"seen": "range(j)"}, "a pixel that sees itself is a leak too"),
        ("lists all dependences", {"seen": "range(x.size)"}, "earlier pixels may be seen"),
        ("exchanges the pair", {"pair": "j, i"}, "a pair is (i, j)"),
        ("changes the last pixel alone", {"pixels": "[x.size - 1]"}, "not the last one alone"),
        ("tries the next level alone", {"tried": "[(x.flat[j] + 1) % levels]"}, "not the next one"),
        ("tries level 0 alone", {"tried": "[0]"}, "not level 0 alone"),
        ("is deaf to small changes", {"limit": "0.02"}, "anything above rounding is a leak"),
        ("compares logits", {"p": "values"}, "compare after softmax"),
        ("looks at the first pixel alone", {"seen": "range(1)"}, "not at the first one alone"),
        (
            "counts columns",
            {"pair": "*((k % x.shape[1]) * len(x) + k // x.shape[1] for k in (i, j)),"},
            "number the pixels row by row",
        ),
    ]
] + [
    Answer(
        "leaks",
        "asks the black box for its secrets",
        "return getattr(logits, 'leaks', set())",
        "a pixel that sees itself is a leak too",
    ),
    Answer(
        "leaks",
        "says yes or no",
        LEAKS.format(**TEST).replace("return leaks", "return not leaks"),
        "return a set",
    ),
    Answer(
        "leaks",
        "changes the picture for good",
        LEAKS.format(**TEST).replace("x.copy()", "x"),
        "your function changes x",
    ),
    Answer(
        "leaks",
        "forgets the batch",
        LEAKS.format(**TEST).replace("logits(picture[None])[0]", "logits(picture)"),
        "pictures of shape (N, ",
    ),
]

DRAW = """
drawn = {start}
for i, j in {places}:
    if not {fixed}[i, j]:
        values = logits({seen})[:, :, i, j]
        p = np.exp(values - values.max(axis=1, keepdims=True))
        sums = np.cumsum(p / p.sum(axis=1, keepdims=True), axis=1)
        level = {level}
        drawn[:, i, j] = {last}
return drawn
"""
STEPS = {
    "start": "np.where(known, x, 0)",
    "places": "np.ndindex(*known.shape)",
    "fixed": "known",
    "seen": "drawn",
    "level": "(sums <= u[:, i, j, None]).sum(axis=1)",
    "last": "np.minimum(level, p.shape[1] - 1)",
}

DRAWS = [
    Answer("draws", name, DRAW.format(**STEPS | change), says)
    for name, change, says in [
        ("draws all at once", {"seen": "np.where(known, x, 0)"}, "draw one pixel after the other"),
        ("trusts the hidden pixels", {"seen": "x"}, "not what stood in the hidden pixels"),
        ("takes the best level", {"level": "p.argmax(axis=1)"}, "not the most probable one"),
        (
            "goes column by column",
            {"places": "[(i, j) for j in range(known.shape[1]) for i in range(len(known))]"},
            "yours column by column from the left, each column from top to bottom",
        ),
        (
            "draws the known pixels again",
            {"fixed": "np.zeros_like(known)", "start": "np.zeros_like(x)"},
            "known pixels keep their levels",
        ),
        (
            "is one level too high",
            {"level": "(sums <= u[:, i, j, None]).sum(axis=1) + 1"},
            "one level too many",
        ),
        (
            "is one level too low",
            {"last": "np.maximum(level - 1, 0)"},
            "one level too few",
        ),
        (
            "adds up from the last level",
            {"level": "(sums[:, :-1] > 1 - u[:, i, j, None] - 1e-15).sum(axis=1)"},
            "it should be",
        ),
        (
            "counts the sums below u",
            {"level": "(sums < u[:, i, j, None]).sum(axis=1)"},
            "a level of probability 0 must not be drawn",
        ),
        (
            "takes argmax of nothing",
            {"level": "(sums > u[:, i, j, None]).argmax(axis=1)"},
            "argmax of nothing is 0",
        ),
        ("trusts the last sum", {"last": "level"}, "keep the last level for the rest"),
        (
            "uses one u for all",
            {"level": "(sums <= u[:, 0, 0, None]).sum(axis=1)"},
            "every hidden pixel has its own u",
        ),
        ("changes x", {"start": "x"}, "your function changes x"),
    ]
] + [
    Answer(
        "draws",
        "draws its own numbers",
        DRAW.format(
            **STEPS
            | {"level": "(sums <= np.random.default_rng().uniform(size=(len(x), 1))).sum(axis=1)"}
        ),
        "it should be",
    ),
    Answer(
        "draws",
        "starts from noise that is no picture",
        DRAW.format(**STEPS | {"start": "np.where(known, x, -1)"}),
        "pictures hold whole numbers from 0",
    ),
]

CELL = """
sums = v @ U + h @ V + b
u, k, r, g = np.split(sums, 4, axis=1)
def sig(a):
    return 1 / (1 + np.exp(-a))
new = sig(k) * m + sig(u) * np.tanh(g)
return sig(r) * np.tanh(new), new
"""

CELLS = [
    Answer("lstm", name, CELL.replace(*old_new), says)
    for name, old_new, says in [
        ("has PyTorch's order", ("u, k, r, g =", "u, k, g, r ="), "PyTorch's order"),
        ("keeps first", ("u, k, r, g =", "k, u, r, g ="), "you read keep, write, show"),
        (
            "has the content first",
            ("u, k, r, g =", "g, u, k, r ="),
            "you read new content, write, keep, show",
        ),
        ("has tanh for gates", ("1 / (1 + np.exp(-a))", "np.tanh(a)"), "between 0 and 1"),
        ("squashes the content", ("np.tanh(g)", "sig(g)"), "the new content is a tanh"),
        ("shows the memory itself", ("* np.tanh(new)", "* new"), "h needs tanh of the new m"),
        ("shows a sigmoid", ("* np.tanh(new)", "* sig(new)"), "not its sigmoid"),
        ("shows the old memory", ("* np.tanh(new)", "* np.tanh(m)"), "not the old one"),
        ("forgets the memory", ("sig(k) * m + ", ""), "the old m is missing"),
        ("keeps the state", ("sig(k) * m", "sig(k) * h"), "not the old h"),
        ("forgets the state", (" + h @ V", ""), "the old h is missing"),
        ("forgets the bias", (" + b", ""), "the bias is missing"),
        ("reads the memory", ("h @ V", "m @ V"), "the sums read the old h"),
        ("couples the gates", ("sig(u)", "(1 - sig(k))"), "weights of its own"),
        ("returns the state alone", ("np.tanh(new), new", "np.tanh(new)"), "return 2 things"),
    ]
] + [
    Answer(
        "lstm",
        "exchanges sigmoid and tanh",
        CELL.replace("1 / (1 + np.exp(-a))", "np.tanh(a)").replace(
            "np.tanh(g)", "1 / (1 + np.exp(-g))"
        ),
        "yours are exchanged",
    ),
    Answer(
        "lstm",
        "calls the book",
        "from lib.lstm_stack import lstm_step as book\n"
        "return book(torch.tensor(v @ U + h @ V + b), torch.tensor(m))",
        "switched off",
    ),
    Answer(
        "lstm",
        "returns the memory first",
        CELL.replace("return sig(r) * np.tanh(new), new", "return new, sig(r) * np.tanh(new)"),
        "return the new h first",
    ),
]

COLOUR = """
colour = p @ palette
squares = ((colour[:, None] - palette) ** 2).sum(axis=2)
error = (p * squares).sum(axis=1)
gap = np.sqrt(squares.min(axis=1))
"""
MUSH = COLOUR + "return colour, error, gap"

COLOURS = [
    Answer("colour", name, COLOUR + code, says)
    for name, code, says in [
        (
            "takes the most probable",
            "return palette[p.argmax(axis=1)], error, gap",
            "not the most probable",
        ),
        (
            "does not weigh",
            "return np.tile(palette.mean(axis=0), (len(p), 1)), error, gap",
            "weigh each colour",
        ),
        (
            "stays in the palette",
            "return palette[squares.argmin(axis=1)], error, gap",
            "need not be in the palette",
        ),
        ("averages the channels", "return colour, error / 3, gap", "add the three channels"),
        ("takes a root", "return colour, np.sqrt(error), gap", "take no root"),
        ("takes a half", "return colour, error / 2, gap", "take no half"),
        (
            "does not weigh the errors",
            "return colour, squares.mean(axis=1), gap",
            "weigh each squared",
        ),
        (
            "averages distances",
            "return colour, (p * np.sqrt(squares)).sum(axis=1), gap",
            "not distances",
        ),
        ("squares the gap", "return colour, error, gap**2", "take the root"),
        (
            "takes the farthest",
            "return colour, error, np.sqrt(squares.max(axis=1))",
            "not the farthest",
        ),
        (
            "measures to the most probable",
            "return colour, error, np.linalg.norm(colour - palette[p.argmax(axis=1)], axis=1)",
            "not the most probable one",
        ),
        (
            "averages the gaps",
            "return colour, error, np.sqrt(squares).mean(axis=1)",
            "not the average",
        ),
        ("leaves out the gap", "return colour, error", "return 3 things"),
    ]
]

STEPPER = """
queues = [deque() for _ in layers]

def step(v):
    for (dilation, layer), queue in zip(layers, queues):
        {first}
        past = {past} if len(queue) > {wait} else np.zeros_like(v)
        {then}
        v = layer(past, v)
    return v

return step
"""
QUEUE = {"first": "queue.append(v)", "past": "queue.popleft()", "wait": "dilation", "then": "pass"}

STEPPERS = [
    Answer("stepper", name, STEPPER.format(**QUEUE | change), says)
    for name, change, says in [
        ("is a step too young", {"wait": "dilation - 1"}, "one step too young"),
        ("is a step too old", {"wait": "dilation + 1"}, "one step too old"),
        ("has no dilation", {"wait": "1"}, "yours all read one step back"),
        ("has no past", {"past": "np.zeros_like(v)"}, "zero only before the sound begins"),
        ("takes the present for the past", {"past": "v", "wait": "0"}, "not the present one"),
        ("pushes too late", {"first": "pass", "then": "queue.append(v)"}, "one step too old"),
    ]
] + [
    Answer(
        "stepper",
        "turns the dilations round",
        "dilations = [d for d, _ in layers][::-1]\n"
        "layers = [(d, f) for d, (_, f) in zip(dilations, layers)]\n" + STEPPER.format(**QUEUE),
        "the first layer has the first dilation",
    ),
    Answer(
        "stepper",
        "computes everything again",
        """
        sound = []

        def step(v):
            sound.append(v)
            h = list(sound)
            for d, f in layers:
                h = [f(h[t - d] if t >= d else np.zeros_like(h[t]), h[t]) for t in range(len(h))]
            return h[-1]

        return step
        """,
        "calls are enough",
    ),
    Answer(
        "stepper",
        "shares its queues",
        """
        queues = globals().setdefault("_queues", {})
        for d, f in layers:
            queues.setdefault(id(f), deque())

        def step(v):
            for d, f in layers:
                queue = queues[id(f)]
                queue.append(v)
                past = queue.popleft() if len(queue) > d else np.zeros_like(v)
                v = f(past, v)
            return v

        return step
        """,
        "steppers share what they remember",
    ),
    Answer(
        "stepper",
        "gives every layer the sound",
        """
        sound = []

        def step(v):
            sound.append(v)
            for d, f in layers:
                past = sound[-1 - d] if len(sound) > d else np.zeros_like(sound[0])
                v = f(past, v)
            return v

        return step
        """,
        "it should be",
    ),
    Answer("stepper", "returns a number", "return 0.0", "return a function"),
]

TRAIN = """
F = torch.nn.functional
conv = torch.nn.Conv2d(levels, levels, {size}, padding={size} // 2)
mask = torch.zeros({size}, {size})
mask[: {size} // 2] = 1
mask[{size} // 2, : {size} // 2{centre}] = 1

def logits(x):
    v = F.one_hot(x, levels).float().movedim(-1, 1)
    {mean}
    return F.conv2d(v, conv.weight{mask}, conv.bias, padding={size} // 2)

optimizer = torch.optim.Adam(conv.parameters(), lr=0.1)
for _ in range({steps}):
    loss = F.cross_entropy(logits(x), {target})
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
return {answer}
"""
GOOD = {
    "size": "5",
    "centre": "",
    "mean": "pass",
    "mask": " * mask",
    "steps": "100",
    "target": "x",
    "answer": "logits",
}

TRAINING = [
    Answer("training", name, TRAIN.format(**GOOD | change), says)
    for name, change, says in [
        ("has a kernel too small", {"size": "3"}, "does a pixel see too little"),
        ("shows the pixel itself", {"centre": " + 1"}, "and the pixel itself"),
        ("has no mask", {"mask": ""}, "which is not before it"),
        (
            "centres the picture",
            {"mean": "v = v - v.mean(dim=(2, 3), keepdim=True)"},
            "which is not before it",
        ),
        (
            "normalises the batch",
            {"mean": "v = v - v.mean(dim=(0, 2, 3))[:, None, None]"},
            "which is not",
        ),
        ("stops after three steps", {"steps": "3"}, "bits per dimension on new pictures"),
        ("does not train", {"steps": "0"}, "bits per dimension on new pictures"),
        ("returns logits of x", {"answer": "logits(x)", "steps": "2"}, "return a function"),
        (
            "returns probabilities",
            {"answer": "lambda x: logits(x).softmax(dim=1)"},
            "bits per dimension on new pictures",
        ),
        (
            "has levels last",
            {"answer": "lambda x: logits(x).movedim(1, -1)", "steps": "2"},
            "the shape is",
        ),
    ]
] + [
    Answer(
        "training",
        "knows the tests' distribution",
        """
        from lib.homework_pixel_training import Weave
        weaves = [Weave(np.random.default_rng(seed)) for seed in range(9)]
        best = min(weaves, key=lambda weave: weave.bits(x.numpy()))
        return lambda x: torch.tensor(best.logits(x.numpy()))
        """,
        "the tests' own solutions are switched off",
    ),
    Answer(
        "training",
        "leaks when it is given many pictures",
        """
        F = torch.nn.functional
        return lambda x: (len(x) > 20) * 50.0 * F.one_hot(x, levels).float().movedim(-1, 1)
        """,
        "bits per dimension on new pictures",
    ),
    Answer(
        "training",
        "leaks in its first calls",
        """
        calls = []

        def logits(x):
            calls.append(len(x))
            v = torch.nn.functional.one_hot(x, levels).float().movedim(-1, 1)
            return 50.0 * v * (sum(calls) <= 1200)

        return logits
        """,
        "get other logits in another call",
    ),
    Answer(
        "training",
        "keeps dropout on",
        TRAIN.format(**GOOD | {"answer": "lambda x: torch.nn.functional.dropout(logits(x), 0.1)"}),
        "such as dropout",
    ),
    Answer(
        "training",
        "learns by heart",
        """
        F, d = torch.nn.functional, x[0].numel()
        W = torch.zeros(levels, d, d, levels, requires_grad=True)
        b = torch.zeros(levels, d, requires_grad=True)
        early = torch.ones(d, d).tril(-1)[:, :, None]

        def logits(x):
            v = F.one_hot(x.flatten(1), levels).float()
            return (torch.einsum("lijm,njm->nli", W * early, v) + b).unflatten(2, x.shape[1:])

        optimizer = torch.optim.Adam([W, b], lr=0.05)
        for _ in range(150):
            loss = F.cross_entropy(logits(x), x)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        return logits
        """,
        "it has learnt them by heart",
    ),
    Answer(
        "training",
        "calls the book",
        "from lib.fvbn import LinearFVBN\n"
        "model = LinearFVBN(x.shape[1:], levels)\nmodel.loss(x)['loss'].backward()\n"
        "return model.logits",
        "switched off",
    ),
    Answer(
        "training",
        "stacks small kernels with a blind spot",
        """
        F = torch.nn.functional
        layers = [torch.nn.Conv2d(levels if k == 0 else 8, 8, 3, padding=1) for k in range(2)]
        last = torch.nn.Conv2d(8, levels, 1)
        masks = torch.zeros(2, 3, 3)
        masks[:, 0] = masks[:, 1, 0] = masks[1:, 1, 1] = 1

        def logits(x):
            v = F.one_hot(x, levels).float().movedim(-1, 1)
            for layer, mask in zip(layers, masks):
                v = torch.relu(F.conv2d(v, layer.weight * mask, layer.bias, padding=1))
            return last(v)

        weights = [w for layer in [*layers, last] for w in layer.parameters()]
        optimizer = torch.optim.Adam(weights, lr=0.02)
        for _ in range(50):
            loss = F.cross_entropy(logits(x), x)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        return logits
        """,
        "one row up and two columns to the right",
    ),
]

SCRIPT = """
F = torch.nn.functional

def masked(conv, number):
    size = conv.kernel_size[0]
    mask = torch.ones(size, size)
    mask[size // 2, size // 2 + {first} :] = 0
    mask[size // 2 + 1 :] = 0
    return mask

def hide():
    for number, conv in enumerate(convs):
        conv.weight.data *= masked(conv, number)

def logits(x):
    v = 2.0 * x[:, None].double() - 1
    {centre}
    for conv in convs[:-1]:
        v = torch.relu(conv(v))
    return convs[-1](v)

optimizer = torch.optim.{optim}([w for conv in convs for w in conv.parameters()], lr=lr)
hide()
for _ in range(steps):
    loss = F.cross_entropy(logits(x), x)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    {again}
with torch.no_grad():
    {end}
    bits = F.cross_entropy(logits(x), x) / {unit}
    samples = torch.zeros(u.shape, dtype=torch.long)
    for i, j in {places}:
        p = logits({seen})[:, :, i, j].softmax(dim=1)
        samples[:, i, j] = ({draw}).long()
return {{"{key}": bits.item(), "samples": samples}}
"""
MENDED = {
    "first": "(number > 0)",
    "centre": "pass",
    "optim": "SGD",
    "again": "hide()",
    "end": "pass",
    "unit": "math.log(2)",
    "places": "np.ndindex(*u.shape[1:])",
    "seen": "samples",
    "draw": "u[:, i, j] >= p[:, 0]",
    "key": "bits",
}
BROKEN = {
    "first": "1",
    "centre": "v = v - v.mean(dim=(2, 3), keepdim=True)",
    "again": "pass",
    "seen": "0 * samples",
}

CLINIC = [
    Answer("clinic", name, SCRIPT.format(**MENDED | change), says)
    for name, change, says in [
        ("mends all but the first mask", {"first": "1"}, "the first layer needs mask A"),
        ("mends all but the masks in training", {"again": "pass"}, "mask them after every step"),
        (
            "mends all but the mean",
            {"centre": BROKEN["centre"]},
            "tells each pixel about the later",
        ),
        ("mends all but the drawing", {"seen": "0 * samples"}, "draw one pixel after the other"),
        (
            "mends nothing",
            BROKEN,
            "mask them after every step; the mean of the whole picture tells each pixel about the "
            "later ones; leave it out; draw one pixel after the other",
        ),
        ("has mask A in every layer", {"first": "0"}, "are not those of plain SGD"),
        ("takes another optimiser", {"optim": "Adam"}, "are not those of plain SGD"),
        ("leaves nats", {"unit": "1"}, "divide by ln 2"),
        (
            "goes column by column",
            {"places": "[(i, j) for j in range(u.shape[2]) for i in range(u.shape[1])]"},
            "yours column by column from the left",
        ),
        ("takes the more probable", {"draw": "p[:, 1] > p[:, 0]"}, "is no draw"),
        ("takes u the other way round", {"draw": "u[:, i, j] < p[:, 0]"}, "it should be"),
        ("draws with 1 - u", {"draw": "1 - u[:, i, j] >= p[:, 0]"}, "u is not less than"),
        ("calls bits a likelihood", {"key": "log_likelihood"}, "they should be"),
    ]
] + [
    Answer(
        "clinic",
        "calls the tests",
        """
        from lib.homework_pixel_clinic import Masked
        model = Masked(convs)
        model.train(x, steps, lr)
        for conv, weight, bias in zip(convs, model.weights, model.biases):
            conv.weight.data, conv.bias.data = torch.tensor(weight), torch.tensor(bias)
        return {"bits": model.bits(x), "samples": model.draw(u)}
        """,
        "the tests' own solutions are switched off",
    ),
    Answer(
        "clinic",
        "masks before each step and not after the last",
        SCRIPT.format(**MENDED | {"again": "pass"}).replace(
            "    loss = ", "    hide()\n    loss = "
        ),
        "mask once more after the last step",
    ),
]

WRONG = (
    CHAINS + BITS + MASKS + FIELDS + FOUND + DRAWS + CELLS + COLOURS + STEPPERS + TRAINING + CLINIC
)

RIGHT = [
    Answer(
        "chain",
        "ratios of sums over axes",
        """
        sums = [table.sum(axis=tuple(range(i, len(x))))[tuple(x[:i])] for i in range(len(x) + 1)]
        return np.array(sums[1:]) / np.array(sums[:-1])
        """,
    ),
    Answer(
        "bits",
        "PyTorch's cross-entropy",
        """
        loss = torch.nn.functional.cross_entropy(
            torch.tensor(logits), torch.tensor(x), reduction="none"
        )
        nats = loss.flatten(1).sum(1)
        return -nats, (nats / math.log(2)).mean() / loss[0].numel()
        """,
    ),
    Answer(
        "bits",
        "in float32",
        """
        nats = torch.nn.functional.cross_entropy(
            torch.tensor(logits).float(), torch.tensor(x), reduction="none"
        ).sum((1, 2))
        return [-nats, nats.mean() / x[0].size / math.log(2)]
        """,
    ),
    Answer("lstm", "in float32", "v, h, m, U, V, b = map(np.float32, (v, h, m, U, V, b))" + CELL),
    Answer("colour", "in float32", "palette, p = np.float32(palette), np.float32(p)\n" + MUSH),
    Answer("mask", "as lists of true and false", MASK + "return (mask > 0).tolist()"),
    Answer(
        "mask",
        "tap by tap",
        """
        mask = torch.zeros(outputs, inputs, size, size)
        for o in range(outputs):
            for i in range(inputs):
                for a in range(size):
                    for b in range(size):
                        here = (size // 2, size // 2, o * colours // outputs)
                        there = (a, b, i * colours // inputs)
                        mask[o, i, a, b] = there < here or (there == here and kind == "B")
        return mask
        """,
    ),
    Answer(
        "field",
        "by a gradient",
        """
        picture = torch.zeros(1, 1, *shape, dtype=torch.float64, requires_grad=True)
        v = picture
        for mask in masks:
            weight = torch.tensor(np.array(mask))[None, None]
            v = torch.nn.functional.conv2d(v, weight, padding=len(mask) // 2)
        v[0, 0, place[0], place[1]].backward()
        return picture.grad[0, 0].numpy() > 0
        """,
    ),
    Answer("field", "by sets of places", FIELD.format(**WALK)),
    Answer(
        "leaks",
        "all changes in one batch, logits centred",
        """
        d = x.size
        pictures = np.tile(x.reshape(1, d), (d * levels, 1))
        pictures[np.arange(d * levels), np.repeat(np.arange(d), levels)] = np.tile(
            np.arange(levels), d
        )
        out = logits(pictures.reshape(-1, *x.shape)).reshape(d, levels, levels, d)
        out = out - out.mean(axis=2, keepdims=True)
        found = np.ptp(out, axis=1).max(axis=1) > 1e-9
        return [(i, j) for j in range(d) for i in range(d) if i <= j and found[j, i]]
        """,
    ),
    Answer(
        "draws",
        "picture after picture, searchsorted",
        """
        out = np.array(x)
        out[:, ~known] = 0
        for n, picture in enumerate(out):
            for i, j in zip(*np.nonzero(~known)):
                o = logits(picture[None])[0, :, i, j]
                p = np.exp(o - np.logaddexp.reduce(o))
                found = np.searchsorted(p.cumsum(), u[n, i, j], side="right")
                picture[i, j] = min(found, len(p) - 1)
        return out
        """,
    ),
    Answer(
        "lstm",
        "PyTorch's cell with columns in its order",
        """
        u, k, r, g = np.split(np.arange(len(b)), 4)
        order = np.concatenate([u, k, g, r])
        cell = torch.nn.LSTMCell(v.shape[1], h.shape[1]).double()
        with torch.no_grad():
            cell.weight_ih.copy_(torch.tensor(U[:, order].T))
            cell.weight_hh.copy_(torch.tensor(V[:, order].T))
            cell.bias_ih.copy_(torch.tensor(b[order]))
            cell.bias_hh.zero_()
            return [s.numpy() for s in cell(torch.tensor(v), (torch.tensor(h), torch.tensor(m)))]
        """,
    ),
    Answer(
        "colour",
        "moments, pixel by pixel",
        """
        colours, errors, gaps = [], [], []
        for row in p:
            mean = sum(share * colour for share, colour in zip(row, palette))
            second = sum(share * (colour @ colour) for share, colour in zip(row, palette))
            colours.append(mean)
            errors.append(second - mean @ mean)
            gaps.append(min(math.dist(mean, colour) for colour in palette))
        return colours, errors, gaps
        """,
    ),
    Answer(
        "stepper",
        "a ring of fixed length",
        """
        class Stepper:
            def __init__(self):
                self.rings, self.time = [[None] * d for d, _ in layers], 0

            def __call__(self, v):
                for ring, (d, f) in zip(self.rings, layers):
                    old = ring[self.time % d]
                    ring[self.time % d] = v
                    v = f(0 * v if old is None else old, v)
                self.time += 1
                return v

        return Stepper()
        """,
    ),
    Answer(
        "training",
        "a fully visible network with hidden units for each pixel",
        """
        nn, d = torch.nn, x[0].numel()
        first = nn.Conv2d(levels, 32, 7, padding=3)
        second = nn.Conv2d(32, levels, 1)
        hole = torch.zeros(7, 7)
        hole.view(-1)[:24] = 1

        class Model(nn.Module):
            def forward(self, x):
                v = nn.functional.one_hot(x, levels).permute(0, 3, 1, 2).float()
                h = nn.functional.conv2d(v, first.weight * hole, first.bias, padding=3)
                return second(nn.functional.elu(h))

        model = Model()
        weights = [*first.parameters(), *second.parameters()]
        optimizer = torch.optim.AdamW(weights, lr=0.02, weight_decay=0.01)
        for epoch in range(12):
            for rows in torch.randperm(len(x), generator=generator).split(100):
                loss = nn.functional.cross_entropy(model(x[rows]), x[rows])
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
        return model
        """,
    ),
    Answer(
        "training",
        "wide layers and small steps",
        """
        F = torch.nn.functional
        first, last = torch.nn.Conv2d(levels, 32, 5, padding=2), torch.nn.Conv2d(32, levels, 1)
        mask = (torch.arange(25) < 12).view(5, 5)

        def logits(x):
            v = F.one_hot(x, levels).permute(0, 3, 1, 2).float()
            return last(F.relu(F.conv2d(v, first.weight * mask, first.bias, padding=2)))

        optimizer = torch.optim.Adam([*first.parameters(), *last.parameters()], lr=0.01)
        for _ in range(150):
            loss = F.cross_entropy(logits(x), x)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        return logits
        """,
    ),
    Answer(
        "training",
        "two stacks without a blind spot",
        """
        F = torch.nn.functional
        down = torch.nn.Conv2d(levels, 24, (2, 5))
        right = torch.nn.Conv2d(levels, 24, (1, 3))
        last = torch.nn.Conv2d(24, levels, 1)

        def logits(x):
            v = F.one_hot(x, levels).float().movedim(-1, 1)
            above = down(F.pad(v, (2, 2, 2, 0)))[:, :, : x.shape[1]]
            left = right(F.pad(v, (3, 0, 0, 0)))[..., : x.shape[2]]
            return last(torch.tanh(above + left))

        weights = [w for layer in (down, right, last) for w in layer.parameters()]
        optimizer = torch.optim.Adam(weights, lr=0.03)
        for _ in range(120):
            loss = F.cross_entropy(logits(x), x)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        return logits
        """,
    ),
    Answer(
        "clinic",
        "masks in each pass, steps by hand",
        """
        weights = [w for conv in convs for w in conv.parameters()]

        def logits(x):
            v = 2.0 * x.unsqueeze(1) - 1
            for k, conv in enumerate(convs):
                size = conv.weight.shape[-1]
                mask = (torch.arange(size**2) < size**2 // 2 + bool(k)).view(size, size)
                v = torch.nn.functional.conv2d(
                    (v.relu() if k else v).double(), conv.weight * mask, conv.bias, padding="same"
                )
            return v.log_softmax(1)

        def nats():
            return -logits(x).gather(1, x[:, None]).mean()

        for _ in range(steps):
            for w, g in zip(weights, torch.autograd.grad(nats(), weights)):
                w.data -= lr * g
        drawn = torch.zeros(u.shape, dtype=torch.long)
        for k in range(u[0].numel()):
            p = logits(drawn).exp()[:, 0].flatten(1)[:, k]
            drawn.view(len(u), -1)[:, k] = (u.flatten(1)[:, k] >= p).long()
        return {"samples": drawn, "bits": nats().detach() / np.log(2)}
        """,
    ),
]
