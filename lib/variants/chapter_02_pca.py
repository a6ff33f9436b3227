"""Private variants of chapter 2's homework: PCA and faces."""

from lib.variants.chapter_02_pca_components import COMPONENTS
from lib.variants.chapter_02_pca_gram import GRAM
from lib.variants.chapter_02_pca_heads import HEADS
from lib.variants.chapter_02_pca_models import MODELS
from lib.variants.chapter_02_pca_samples import SAMPLES
from lib.variants.chapter_02_pca_scores import SCORES
from lib.variants.chapter_02_pca_study import STUDY
from lib.variants.chapter_02_pca_words import WORDS

TWISTS = [*COMPONENTS, *GRAM, *SCORES, *SAMPLES, *MODELS, *HEADS, *STUDY, *WORDS]
