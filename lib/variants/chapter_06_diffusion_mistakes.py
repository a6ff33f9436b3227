"""The mistakes of chapter 6's bug clinics: one of each group is drawn."""

from __future__ import annotations

from dataclasses import dataclass

ON_X0 = "np.sqrt(before) * beta * x0"
ON_XT = "np.sqrt(1 - beta) * (1 - before) * path[-1]"


@dataclass(frozen=True)
class Mistake:
    """The pieces of code that a mistake changes, and what the key says about it."""

    code: dict[str, str]
    words: str


#: The names are those of `SLIPS` in lib/homework_diffusion_repairs.py.
VELOCITY: tuple[dict[str, Mistake], ...] = (
    {
        "sign": Mistake(
            {"x0": "np.sqrt(now) * path[-1] + np.sqrt(1 - now) * v"},
            r"""**A wrong sign.** `x0 = ...`: $\hat x_0 = \sqrt{\bar\alpha_t}\, x_t - \sqrt{1 - \bar\alpha_t}\, \hat v$; here the part of $v$ is added. The noise in
   $x_t$ is not taken away. The row of the data without a spread shows it best: $x_0$ gets a spread of 0.28
   where 0 is right. In the rows from $x_{10}$ and $x_4$ the spread is too large and the mean too near to 0.""",
        ),
        "turned": Mistake(
            {"x0": "np.sqrt(1 - now) * path[-1] - np.sqrt(now) * v"},
            r"""**Exchanged factors.** `x0 = ...`: $x_t$ has the factor of $\hat v$ and $\hat v$ that of $x_t$. Near the data
   $\sqrt{1 - \bar\alpha_t}$ is small, so $x_t$ is almost thrown away. The rows from $x_4$, $x_2$ and $x_1$ show it: means of
   -1.26, -0.99 and -0.42 where -1.44, -1.49 and -1.50 are right, and spreads far too small.""",
        ),
        "root": Mistake(
            {"x0": "np.sqrt(now) * path[-1] - (1 - now) * v"},
            r"""**A missing root.** `x0 = ...`: $1 - \bar\alpha_t$ is a variance, $\hat v$ has its root as a factor. Too little of $\hat v$
   is taken away, so $\hat x_0$ keeps some noise: the row of the data without a spread ends with a spread
   of 0.12. The whole run ends with a mean of about -1.1 and a spread of 0.7.""",
        ),
    },
    {
        "exchanged": Mistake(
            {"mean": f"{ON_X0.replace('x0', 'path[-1]')} + {ON_XT.replace('path[-1]', 'x0')}"},
            r"""**Exchanged factors in the mean.** `mean = ...`: $\hat x_0$ has the factor of $x_t$ and $x_t$ that of $\hat x_0$. Far from
   the data $x_t$ must weigh most. The rows from $x_{40}$ and $x_{25}$ show it: the mean is -1.3 at once, where
   -0.05 and -0.40 are right, and the spread is half of what it should be.""",
        ),
        "kept": Mistake(
            {"mean": f"{ON_X0.replace('np.sqrt(before)', 'before')} + {ON_XT}"},
            r"""**A missing root in the mean.** `mean = ...`: the factor of $\hat x_0$ has $\sqrt{\bar\alpha_{t-1}}$, not $\bar\alpha_{t-1}$. Each step pulls
   too little towards the data: in the row from $x_{25}$ the mean is -0.35 instead of -0.40. Forty small
   faults add up: the whole run ends at a mean of about -1.1.""",
        ),
        "alpha": Mistake(
            {"mean": f"{ON_X0} + {ON_XT.replace('np.sqrt(1 - beta)', '(1 - beta)')}"},
            r"""**A missing root in the mean.** `mean = ...`: the factor of $x_t$ has $\sqrt{\alpha_t}$, not $\alpha_t = 1 - \beta_t$. Large betas show
   it most: in the rows from $x_{40}$ and $x_{25}$ the spread is about 0.88 and 0.90 instead of 1.00 and 0.98. The
   whole run ends at a mean of about -1.25 with too little spread.""",
        ),
        "now": Mistake(
            {"mean": f"{ON_X0} + {ON_XT.replace('(1 - before)', '(1 - now)')}"},
            r"""**The wrong step.** `mean = ...`: the factor of $x_t$ has $1 - \bar\alpha_{t-1}$, not $1 - \bar\alpha_t$; at $t = 1$ it must vanish.
   Far from the data the two are alike, near the data not: in the rows from $x_4$, $x_2$ and $x_1$ the mean
   is -1.9, -2.3 and -3.0, twice what it should be. The whole run ends far away.""",
        ),
    },
    {
        "forward": Mistake(
            {"sigma2": "beta"},
            r"""**The wrong variance.** `sigma2 = ...`: $\beta_t$ is the variance of the step forward. With $\hat x_0$ known it is
   $\tilde\beta_t = \beta_t (1 - \bar\alpha_{t-1}) / (1 - \bar\alpha_t)$, which is 0 at $t = 1$. Where all data are one number, $x_0$ must have no spread;
   this row has $\sqrt{0.02} = 0.14$. On pictures it is grain.""",
        ),
        "spread": Mistake(
            {"append": "mean / (1 - now) + sigma2 * z[t]"},
            r"""**A variance taken for a standard deviation.** `path.append(...)`: $z$ is multiplied by $\sigma_t$, not by $\sigma_t^2$. Too
   little noise is added: the spread is about 0.88 instead of 1.00 in the row from $x_{40}$, and the whole run
   ends with 0.15 instead of 0.54.""",
        ),
    },
    {
        "entry": Mistake(
            {
                "table": "alpha_bar = np.cumprod(1 - betas)",
                "entries": "betas[t - 1], alpha_bar[t - 1], alpha_bar[t - 2]",
            },
            r"""**No entry for the data.** `alpha_bar = ...` and the line `beta, now, before = ...`: `alpha_bar[t - 2]` is right
   for $t \ge 2$; at $t = 1$ it is `alpha_bar[-1]`, which Python takes for the last entry, instead of $\bar\alpha_0 = 1$. The rows
   from $x_1$ show it: the mean is about -3.0, twice what it should be. In the whole run it is
   $\bar\alpha_T \approx 0$, and the mean ends far away.""",
        ),
        "late": Mistake(
            {"entries": "betas[t - 2], alpha_bar[t], alpha_bar[t - 1]"},
            r"""**The wrong beta.** `beta, now, before = ...`: `betas[0]` is $\beta_1$, so $\beta_t$ is `betas[t - 1]`. `betas[t - 2]` is that of the
   step before, and at $t = 1$ Python takes the last of all. In the row from $x_2$ the mean is -1.26 instead
   of -1.49, because the factors of $x_0$ and $x_t$ no longer fit together; the whole run ends far away.""",
        ),
    },
)

SCORE: tuple[dict[str, Mistake], ...] = (
    {
        "uphill": Mistake(
            {"term": "- beta"},
            r"""**A wrong sign.** `mean = ...`: the score points to where the data are, so its part is added. Here each
   step goes away from the data: in every row the spread is too large, 1.6 instead of 1.0 in the row
   from $x_{40}$, 0.28 instead of 0 where the data have no spread, and the whole run explodes.""",
        ),
        "noise": Mistake(
            {"term": "- beta / np.sqrt(1 - now)"},
            r"""**The score taken for the noise.** `mean = ...`: $-\beta_t / \sqrt{1 - \bar\alpha_t}$ is the factor of $\hat\epsilon = -\sqrt{1 - \bar\alpha_t}\, \hat s$. The factor of
   the score is $+\beta_t$: sign and size are wrong. In every row the spread is too large, most of all near the
   data: 0.76 instead of 0.40 in the row from $x_1$, 1.15 instead of 0 where the data have no spread.""",
        ),
        "step": Mistake(
            {"term": "+ np.sqrt(beta)"},
            r"""**A root too many.** `mean = ...`: the score has the factor $\beta_t$, not its root. Each step goes much too
   far. The spread is 0.76 instead of 1.00 in the row from $x_{40}$ and 0.08 instead of 0.40 in that from $x_1$;
   where the data have no spread, the step overshoots and makes one of 0.86.""",
        ),
    },
    {
        "times": Mistake(
            {"divided": " * np.sqrt(1 - beta)"},
            r"""**Multiplied, not divided.** `mean = ...`: a step forward shrinks by $\sqrt{\alpha_t}$, so the way back divides by it.
   Every mean is too small: 0.64 instead of 0.80 in the row from $x_{25}$, 2.94 instead of 3 in those from $x_1$;
   the whole run ends at 2.3.""",
        ),
        "whole": Mistake(
            {"divided": " / (1 - beta)"},
            r"""**A missing root.** `mean = ...`: a step forward shrinks by $\sqrt{\alpha_t}$, so the way back divides by the root and not
   by $\alpha_t = 1 - \beta_t$. Means are too large: 0.88 instead of 0.80 in the row from $x_{25}$, with a spread of 1.06
   instead of 0.97; the whole run ends at 3.9.""",
        ),
        "undivided": Mistake(
            {"divided": ""},
            r"""**The shrinking is not undone.** `mean = ...`: a step forward shrinks by $\sqrt{\alpha_t}$, and the way back must divide by
   it. Means are too small: 0.71 instead of 0.80 in the row from $x_{25}$; the whole run ends at 2.6.""",
        ),
    },
    {
        "forward": Mistake(
            {"sigma2": "beta"},
            r"""**The wrong variance.** `sigma2 = ...`: $\beta_t$ is the variance of the step forward. That of $q(x_{t-1} \mid x_t, x_0)$ is
   $\tilde\beta_t = \beta_t (1 - \bar\alpha_{t-1}) / (1 - \bar\alpha_t)$, which is 0 at $t = 1$. Where all data are one number, $x_0$ must have no spread;
   this row has $\sqrt{0.02} = 0.14$. On pictures it is grain.""",
        ),
        "spread": Mistake(
            {"root": "sigma2"},
            r"""**A variance taken for a standard deviation.** `path.append(...)`: $z$ is multiplied by $\sigma_t$, not by $\sigma_t^2$. Too
   little noise is added: the spread is about 0.88 instead of 1.00 in the row from $x_{40}$, and the whole run
   ends with 0.08 instead of 0.34.""",
        ),
    },
    {
        "late": Mistake(
            {"entries": "betas[t - 2], alpha_bar[t], alpha_bar[t - 1]"},
            r"""**The wrong beta.** `beta, now, before = ...`: `betas[0]` is $\beta_1$, so $\beta_t$ is `betas[t - 1]`. `betas[t - 2]` is that of the
   step before, a little smaller, which single steps hardly show. At $t = 1$ Python takes the last of all,
   0.3 instead of 0.02: the whole run ends at 3.6 instead of 3.""",
        ),
        "shared": Mistake(
            {"noise": "z[t][0]"},
            r"""**One noise for all.** `path.append(...)`: `z[t][0]` is the noise of the first example, and all examples get it. No
   fresh spread comes in, and all means jump together: in the rows from $x_{40}$ and $x_{25}$ the spread is about
   0.85 and the mean is off by chance, by as much as 1. After a whole run all samples are one number.""",
        ),
    },
)
