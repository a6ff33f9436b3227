"""Private variants of the homework of chapter 6, denoising diffusion."""

from lib.variants import chapter_06_diffusion_back as back
from lib.variants import chapter_06_diffusion_bound as bound
from lib.variants import chapter_06_diffusion_clinic as clinic
from lib.variants import chapter_06_diffusion_exact as exact
from lib.variants import chapter_06_diffusion_fewer as fewer
from lib.variants import chapter_06_diffusion_levels as levels
from lib.variants import chapter_06_diffusion_loss as loss
from lib.variants import chapter_06_diffusion_noise as noise
from lib.variants import chapter_06_diffusion_runs as runs
from lib.variants import chapter_06_diffusion_views as views
from lib.variants import chapter_06_diffusion_words as words

PARTS = (noise, levels, back, views, bound, loss, exact, runs, fewer, clinic, words)
TWISTS = [twist for part in PARTS for twist in part.TWISTS]
