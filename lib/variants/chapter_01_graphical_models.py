"""Private variants of the homework on graphical models, task by task."""

from __future__ import annotations

from lib.variants import Twist
from lib.variants import chapter_01_graphical_models_blanket as blanket
from lib.variants import chapter_01_graphical_models_clinic as clinic
from lib.variants import chapter_01_graphical_models_cost as cost
from lib.variants import chapter_01_graphical_models_messages as messages
from lib.variants import chapter_01_graphical_models_path as path
from lib.variants import chapter_01_graphical_models_separation as separation
from lib.variants import chapter_01_graphical_models_tables as tables
from lib.variants import chapter_01_graphical_models_words as words
from lib.variants.chapter_01_graphical_models_corners import CORNERS
from lib.variants.chapter_01_graphical_models_intervention import SEEN_OR_SET
from lib.variants.chapter_01_graphical_models_reversal import REVERSAL
from lib.variants.chapter_01_graphical_models_roles import ROLES
from lib.variants.chapter_01_graphical_models_shared import SHARED
from lib.variants.chapter_01_graphical_models_torus import TORUS
from lib.variants.chapter_01_graphical_models_witness import STRENGTHS

TWISTS: list[Twist] = [
    *(cost.CHILDREN, cost.SOFTMAX, SHARED),
    *(tables.OTHER_AXES, tables.LOGARITHMS, STRENGTHS),
    *(separation.CHILDREN, separation.HIDDEN, SEEN_OR_SET),
    *(blanket.CHILDREN, blanket.SETS, ROLES),
    *(messages.NORMALISED, messages.LARGEST, messages.ENERGIES),
    *(path.COSTS, path.BACKWARDS, path.CHANGING),
    *(clinic.ZERO_ONE, TORUS, CORNERS),
    *(REVERSAL, words.MEDIATOR, words.EQUIVALENT),
]
