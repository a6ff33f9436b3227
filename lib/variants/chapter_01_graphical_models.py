"""Private variants of the homework on graphical models, task by task."""

from __future__ import annotations

from lib.variants import Twist
from lib.variants import chapter_01_graphical_models_blanket as blanket
from lib.variants import chapter_01_graphical_models_clinic as clinic
from lib.variants import chapter_01_graphical_models_messages as messages
from lib.variants import chapter_01_graphical_models_path as path
from lib.variants import chapter_01_graphical_models_separation as separation
from lib.variants import chapter_01_graphical_models_torus as torus
from lib.variants import chapter_01_graphical_models_words as words
from lib.variants.chapter_01_graphical_models_cost import CHILDREN, SOFTMAX
from lib.variants.chapter_01_graphical_models_shared import SHARED
from lib.variants.chapter_01_graphical_models_tables import LOGARITHMS, OTHER_AXES, STRENGTHS

TWISTS: list[Twist] = [
    *(CHILDREN, SOFTMAX, SHARED),
    *(OTHER_AXES, LOGARITHMS, STRENGTHS),
    *(separation.CHILDREN, separation.HIDDEN, separation.SEEN_OR_SET),
    *(blanket.CHILDREN, blanket.SETS, blanket.ROLES),
    *(messages.NORMALISED, messages.LARGEST, messages.ENERGIES),
    *(path.COSTS, path.BACKWARDS),
    *(clinic.ZERO_ONE, torus.TORUS),
    *(words.REVERSAL, words.MEDIATOR, words.EQUIVALENT),
]
