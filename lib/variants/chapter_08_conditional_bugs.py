"""The larger list of bugs for chapter 8's clinic: lines, mistakes, reasons, and plans in words."""

from __future__ import annotations

#: What A makes of two neighbours, in words.
PAIRS = {
    (1.0, 1.0): "takes the sums of neighbours, $y_1 = x_1 + x_2$ and so on",
    (1.0, -1.0): "takes the differences of neighbours, $y_1 = x_1 - x_2$ and so on",
    (0.75, 0.25): "takes weighted means of neighbours, $y_1 = 0.75\\, x_1 + 0.25\\, x_2$ and so on",
    (0.2, 0.8): "takes weighted means of neighbours, $y_1 = 0.2\\, x_1 + 0.8\\, x_2$ and so on",
    (0.6, 0.2): "takes weighted sums of neighbours, $y_1 = 0.6\\, x_1 + 0.2\\, x_2$ and so on",
}
#: Lines of the right script and of the mistakes in them.
LINES = {
    "loop": "for t in range(len(alpha_bar) - 1, 0, -1):",
    "eps": ("eps = told(x, t) + w * (told(x, t) - untold(x, t))",
            "eps = untold(x, t) + w * (told(x, t) - untold(x, t))"),
    "clean": "clean = (x - np.sqrt(1 - kept) * eps) / np.sqrt(kept)",
    "gap": "gap = y - clean.reshape(len(clean), -1, 2) @ pair",
    "back": "clean = clean + np.kron(gap, pair / (pair @ pair))  # A^+ for each two neighbours",
    "fresh": ("fresh = noise[t - 1]", "fresh = noise[len(alpha_bar) - t]"),
    "posterior": (
        "beta = 1 - kept / before",
        "mean = np.sqrt(before) * beta / (1 - kept) * clean",
        "mean = mean + np.sqrt(1 - beta) * (1 - before) / (1 - kept) * x",
        "x = mean + np.sqrt(beta * (1 - before) / (1 - kept)) * fresh",
    ),
    "afresh": ("x = np.sqrt(before) * clean + np.sqrt(1 - before) * fresh",),
    "partial": (
        "new = {eta}**2 * (1 - kept / before) * (1 - before) / (1 - kept)  # variance",
        "way = (x - np.sqrt(kept) * clean) / np.sqrt(1 - kept)",
        "x = np.sqrt(before) * clean + np.sqrt(1 - before - new) * way + np.sqrt(new) * fresh",
    ),
}  # fmt: skip
#: Mistake -> (right text, wrong text) in the script; several for some steps.
BUGS = {
    "convention": [("eps = told(x, t) + w", "eps = untold(x, t) + w")],
    "turned": [("w * (told(x, t) - untold(x, t))", "w * (untold(x, t) - told(x, t))")],
    "root": [("x - np.sqrt(1 - kept) * eps", "x - (1 - kept) * eps")],
    "exchanged": [("np.sqrt(before) * beta / (1 - kept) * clean",
                   "np.sqrt(before) * beta / (1 - kept) * x"),
                  ("(1 - before) / (1 - kept) * x", "(1 - before) / (1 - kept) * clean")],
        "full": [("np.sqrt(1 - before - new) * way", "np.sqrt(1 - before) * way")],
    "transposed": [("np.kron(gap, pair / (pair @ pair))  # A^+", "np.kron(gap, pair)  # A^+")],
    "tiled": [("np.kron(gap, pair / (pair @ pair))", "np.kron(pair / (pair @ pair), gap)")],
    "sign": [("gap = y - clean.reshape(len(clean), -1, 2) @ pair",
              "gap = clean.reshape(len(clean), -1, 2) @ pair - y")],
    "shared": [("fresh = noise[t - 1]", "fresh = noise[t - 1, 0]"),
               ("fresh = noise[len(alpha_bar) - t]", "fresh = noise[len(alpha_bar) - t, 0]")],
    "quiet": [("fresh = noise[t - 1]", "fresh = noise[t - 1] * (t == 1)"),
              ("fresh = noise[len(alpha_bar) - t]",
               "fresh = noise[len(alpha_bar) - t] * (t == 1)")],
    "noisy": [("np.sqrt(beta * (1 - before) / (1 - kept)) * fresh", "np.sqrt(beta) * fresh"),
              ("np.sqrt(1 - before) * fresh", "np.sqrt(1 - kept) * fresh")],
    "early": [("range(len(alpha_bar) - 1, 0, -1)", "range(len(alpha_bar) - 1, 1, -1)")],
}  # fmt: skip
#: Mistake -> (title, why it is wrong, what it does to the report).
REASONS = {
    "convention": ("The wrong zero of the dial", "that is another convention, in which $w = 1$ is "
                   "the told answer. Here $w = 0$ should be; so $w = 0$ never hears the class",
                   "answers of both classes, so the share of class 0 is about one half and the "
                   "spread far too large; $A x = y$ holds"),
    "turned": ("Guidance turned round", "told - untold is what the class adds. With the sign turned "
               "round, $w = 1$ gives twice the untold prediction less the told one, away from the "
               "class", "no answer is of class 0 any more; $A x = y$ holds"),
    "root": ("A missing root in the guess", r"$x_t = \sqrt{\bar\alpha_t}\, x_0 + "
             r"\sqrt{1 - \bar\alpha_t}\, \epsilon$: the noise has the factor "
             r"$\sqrt{1 - \bar\alpha_t}$, and with $1 - \bar\alpha_t$ too little is taken away",
             "noise is left in the guesses: where $A$ is blind the spread is far too large, and "
             "some answers leave their class; $A x = y$ holds"),
    "exchanged": ("The two factors of the mean are exchanged", r"the guess has the factor "
                  r"$\sqrt{\bar\alpha_{t-1}}\, \beta_t / (1 - \bar\alpha_t)$ and $x_t$ the other; at "
                  r"$t = 1$ the factor of $x_t$ must be 0",
                  "the last $x_1$ is handed out instead of the corrected guess, so $A x - y$ has a "
                  "spread, and where $A$ is blind the spread is too small"),
    "full": ("The direction keeps too much", r"the fresh noise has taken $\sigma_t^2$ of the "
             r"variance $1 - \bar\alpha_{t-1}$; the direction must leave it out",
             "more noise than $x_{t-1}$ should have, so the spread where $A$ is blind is too large; "
             "$A x = y$ holds"),
    "transposed": ("$A^\\top$ for $A^{+}$", "one row $a$ of $A$ has the pseudo-inverse "
                   "$a^\\top / (a a^\\top)$, and here $a a^\\top = <<length>>$, not 1. The guess moves "
                   "by that factor times the right way", "answers miss $y$: $A x - y$ has a mean or a "
                   "spread that is not 0; class and spread are right"),
    "tiled": ("The correction goes to the wrong numbers", "`np.kron(gap, ...)` gives each number of "
              "`gap` to its two neighbours; the other order gives the first half of the picture all "
              "the first factors, and the second half the others", "$A x$ is not $y$, in mean and "
              "spread, and what is pushed where $A$ is blind shows there as well"),
    "sign": ("The guess moves away from the answer", "the gap is $y - A \\hat x_0$: what is missing, "
             "not what is too much", "the mean of $A x - y$ is far from 0: every step doubles what "
             "is wrong"),
    "shared": ("One noise for all answers", "index 0 takes one row of the noise for all 2,000. Only "
               "the start differs, and most of that the chain forgets",
               "the spread where $A$ is blind is far too small: one question, nearly one answer. "
               "Everything else looks perfect"),
    "quiet": ("Noise in the last step alone", "`(t == 1)` keeps the noise of the last step, where "
              "it has no weight, and drops that of all others. It should be the other way round, if "
              "anything", "the spread where $A$ is blind is far too small: one question, nearly one "
              "answer. Everything else looks perfect"),
    "noisy": ("Noise in the last step", "<<noisy_why>> Noise is added after the question was answered "
              "for the last time", "$A x - y$ has mean 0 but a spread; where $A$ is blind the answers "
              "spread more as well"),
    "early": ("The loop ends too early", "`range(..., 1, -1)` stops at step 2; what is handed out is "
              r"$x_1$, which is $x_0$ shrunk a little and with noise",
              "$A x - y$ has a spread and a small mean below 0: the answers are "
              "those of step 1, shrunk and noisy"),
}  # fmt: skip
NOISY = {
    "posterior": r"the variance $\tilde\beta_t$ is 0 at $t = 1$, $\beta_1$ is not.",
    "afresh": r"$x_{t-1}$ has noise of variance $1 - \bar\alpha_{t-1}$, which is 0 at $t = 1$; "
    r"$1 - \bar\alpha_1$ is not.",
    "partial": "",
}
#: Kind of step -> the sentence of the plan.
STEPS = {
    "posterior": r"draw $x_{t-1}$ from the Gaussian $q(x_{t-1} \mid x_t, \hat x_0)$ of "
    r"{ref}`lesson-reverse`, whose variance is $\tilde\beta_t = \beta_t (1 - \bar\alpha_{t-1}) / "
    r"(1 - \bar\alpha_t)$ with $\beta_t = 1 - \bar\alpha_t / \bar\alpha_{t-1}$.",
    "afresh": r"forget $x_t$ and add noise to the guess afresh, $x_{t-1} = "
    r"\sqrt{\bar\alpha_{t-1}}\, \hat x_0 + \sqrt{1 - \bar\alpha_{t-1}}\, \epsilon$.",
    "partial": r"go on in the direction that leads from the moved guess to $x_t$, and replace a "
    r"part of it by fresh noise: $x_{t-1} = \sqrt{\bar\alpha_{t-1}}\, \hat x_0 + "
    r"\sqrt{1 - \bar\alpha_{t-1} - \sigma_t^2}\, (x_t - \sqrt{\bar\alpha_t}\, \hat x_0) / "
    r"\sqrt{1 - \bar\alpha_t} + \sigma_t \epsilon$, where $\sigma_t^2$ is <<eta>>$^2$ times the "
    r"variance of $q(x_{t-1} \mid x_t, \hat x_0)$ in {ref}`lesson-reverse`.",
}
