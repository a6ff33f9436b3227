"""The bugs that the clinic of the homework on pixel models draws from, as its key explains them."""

from __future__ import annotations

TRAINING = ["first", "once", "centre", "side"]
REPORT = ["nats", "best"]
DRAWING = ["at once", "sharp", "one u", "order"]

#: What the key says of each; the fields are those of the script.
BUGS = {
    "first": """**Mask B in the first layer.** `later <= 0` shows the centre tap in every layer, also in the first: a pixel is predicted from itself.
   The bits fall towards zero without anything being learnt. The first layer needs mask A, the others keep B, for their input has
   already lost the pixel itself.""",
    "once": """**Masks applied once.** `hide()` is called before training and never again. The gradient of a hidden weight is not zero, so the first step
   fills it in, and from then on pixels see what comes later. The bits are no likelihood any more. Mask after every step,
   or multiply by the mask in each pass.""",
    "centre": """**The mean of the whole picture.** `v - v.mean(dim=(2, 3))` mixes all pixels into every input, later ones as well. With all but one pixel known, the
   mean gives that one away, so the bits are too low. While drawing, the mean is that of an unfinished picture, which is never seen in
   training.""",
    "side": """**Only whole rows are hidden.** `later = {slow}` counts rows, so the later taps of the centre's own row, those on the {side_words}, stay. A pixel sees
   the next one, which equals it nine times in ten, and the bits fall below what an honest model can reach. While drawing, that pixel is not there
   yet. The columns must count as well: `{later}`.""",
    "nats": """**Nats called bits.** The line `bits = ...` does not divide by `math.log(2)`, so every report is too small by the factor $\\ln 2 = 0.69$,
   however good the model is; even an honest one would seem to beat the entropy.""",
    "best": """**The wrong level is scored.** `amax(dim=1)` takes, at each pixel, the logarithm of the level that the model finds more probable, and not that of the
   level in `x`. Mistakes cost nothing, and a model that is sure, right or wrong, reports few bits. Score the level that the pixel has.""",
    "at once": """**All pixels at once.** `logits(samples)` is computed a single time, from an empty picture, so no pixel sees what was drawn before it. The pixels are drawn
   independently of one another, and neighbours are equal less often than in the data. One pass for each pixel is needed.""",
    "sharp": """**Nothing is drawn.** `p[:, 1] > p[:, 0]` takes the more probable level of each pixel, and `u` is not used at all. All pictures are the same one. Compare
   with `u[:, i, j]` instead.""",
    "one u": """**One number for a whole picture.** `u[:, 0, 0]` decides about every pixel, so the pixels are not drawn independently given the ones before: a large number is
   large everywhere. Only a few different pictures come out, and most of them are of one colour. Every pixel needs its own number, `u[:, i, j]`.""",
    "order": """**Drawn in another order.** `np.ndindex` goes through each row from the left, but this model reads from the right. When a pixel is drawn, the
   neighbour from which it is predicted is still empty, so nearly always black is likely, and neighbours are equal less often than in the data. Draw in the order in which the model reads.""",
}
