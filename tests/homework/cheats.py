"""Dishonest answers to a homework: none may earn a point."""

from __future__ import annotations

import functools
from collections.abc import Callable

import nbformat

from lib.course import nbgrader
from tests.homework.grading import grade_id

REFERENCE = "def {0}(*args, **kwargs):\n    return {1}\n"

LIAR = """
class Liar(float):
    def yes(self, *args):
        return True

    def me(self, *args, **kwargs):
        return self

    __eq__ = __lt__ = __gt__ = __le__ = __ge__ = __bool__ = __contains__ = yes
    __getitem__ = __add__ = __sub__ = __abs__ = all = any = astype = copy = me
    __ne__ = lambda self, other: False
    __hash__ = lambda self: 0
    shape = property(lambda self: self)
"""

#: What takes the place of every function -> what it does, `{0}` being the function's name.
CHEATS = {
    "returns an object that equals everything": LIAR + REFERENCE.format("{0}", "Liar()"),
    "returns a list of such objects": LIAR + REFERENCE.format("{0}", "[Liar(), Liar()]"),
    "prints": "def {0}(*args, **kwargs):\n    print(True, 1.0, args)\n",
    "returns its input": REFERENCE.format("{0}", "args[0]"),
    "says yes": REFERENCE.format("{0}", "True"),
    "says no": REFERENCE.format("{0}", "False"),
    "replaces the checks": """
compare = check_joint = check_messages = check_beliefs = check_descent = print
check_viterbi = check_explaining_away = as_bool = as_numbers = as_picture = energy = print
best_flip = random_hmm = product = combinations = nx = print
check_covariance = check_components = check_gram = check_encode = check_decode = print
check_error = check_share = check_samples = check_ppca = check_log_prob = check_fit = print
check_study_error = check_study_samples = portraits = print
check_responsibilities = check_m_step = check_bound = check_discrete = check_kl = print
check_draw = check_bernoulli = check_gaussian = check_loss = check_posterior = print
check_linear_elbo = check_importance = check_training = check_steps = check_report = print
check_gradients = check_tied = check_projector = check_axes = check_step = check_curve = print
check_denoiser = check_score = check_pick = check_reuse = check_holes = check_frechet = print
check_sample_codes = check_study_loss = check_study_new = print
check_chain = check_bits = check_draws = check_mask = check_field = check_leaks = print
check_lstm = check_palette = check_stepper = check_script = print
check_tables = check_terminal = check_diffuse = check_jump = check_posterior = print
check_views = check_weights = check_mixture = check_chain = check_ddim = print
check_completion = check_sampler = print
check_discriminator = check_slopes = check_best = check_value = check_divergence = print
check_alternating = check_smallest = check_penalties = check_power = check_lines = print
check_distance = check_line = check_modes = check_gan = check_rounds = print
check_bayes = check_told = check_values = check_kl_between = check_bound_loss = print
check_forget = check_guided = check_judged = check_patch = check_pix2pix = check_nearest = print
check_posterior_mixture = check_dequantised = check_frontier = check_answered = print
SEED = 0


def {0}(*args, **kwargs):
    return 0
""",
}


def functions(notebook: nbformat.NotebookNode) -> dict[str, nbformat.NotebookNode]:
    """Name of a function that students write -> its cell."""
    cells = [c for c in notebook.cells if c.cell_type == "code" and grade_id(c)]
    solved = [c for c in cells if nbgrader("utils").is_solution(c)]
    return {c.source.partition("def ")[2].partition("(")[0]: c for c in solved}


#: What `recorded` has seen: (name of the function, its arguments in words) -> its answer.
SEEN: dict[tuple[str, str], object] = {}


def recorded(function: Callable) -> Callable:
    """The function; its answers are kept in SEEN."""

    @functools.wraps(function)
    def wrapper(*args: object, **kwargs: object) -> object:
        key = function.__name__, repr((args, kwargs))
        SEEN[key] = function(*args, **kwargs)
        return SEEN[key]

    return wrapper


def repeated(function: Callable) -> Callable:
    """Answers from SEEN alone, without any computation."""
    return lambda *args, **kwargs: SEEN.get((function.__name__, repr((args, kwargs))))


def wrapped(notebook: nbformat.NotebookNode, by: str) -> nbformat.NotebookNode:
    """A copy in which `by`, a function of this module, wraps everything that students write."""
    copy = nbformat.from_dict(notebook)
    for name, cell in functions(copy).items():
        cell.source += f"\n\nfrom tests.homework import cheats\n{name} = cheats.{by}({name})"
    return copy
