"""Task 9 of chapter 7's homework: what the key says of each bug, and its rubric."""

TITLES = {
    "standard": "**Batch statistics.** `v = (v - v.mean(dim=0)) / v.std(dim=0)`",
    "twice": "**A sigmoid too many.** `return torch.sigmoid(d(v))`",
    "both": "**D's weights in G's optimiser.** `opt_g = ...[*g.parameters(), *d.parameters()]`",
    "decay": "**Weight decay.** `opt_g = ...weight_decay=0.2`",
    "frozen": "**G's own samples detached.** `on_fake = judge(g(z_g).detach())`",
    "attached": "**A gradient that stays in G.** `judge(g(z_d))`",
    "exchanged": "**Data and samples exchanged.** `... = cost(on_real, 0.0) + cost(on_fake, 1.0)`",
    "labels": "**The wrong goal.** `cost(on_fake, 0.0)` in G's step",
    "leftover": "**A gradient that stays in D.** `opt_d.zero_grad()` comes before G's backward pass",
}
#: Why each is wrong, and its mark, in the game of squares.
SQUARES = {
    "standard": "data and samples are scaled each by their own mean and spread, which are the very things to be learnt, so $D$ cannot see where the samples lie. Mark: mean and spread hardly move from the start, and $D$ is content with 0.5 for both.",
    "twice": "the loss of squares takes scores as they are. Behind a sigmoid they can hardly reach 0 and 1, the slopes are at most a quarter as steep, and the score that gives 0.5 is now 0. Mark: the score is near 0, not 0.5, on data **and** samples; the mean comes near 2, the spread is still too small.",
    "both": "$G$'s step moves $D$ as well, towards the score 1 for samples, and uses $D$'s last gradient once more. Mark: the samples are right, but the score comes to rest at about 0.6 for both, above 0.5.",
    "decay": "every step pulls $G$'s weights towards 0, whatever $D$ says; that is no part of $L_G$. Mark: mean and spread stop short, at about 0.75 and 0.55, and $D$ goes on telling data (0.7) from samples (0.3).",
    "frozen": "nothing of $G$'s loss gets back to $G$; the detach belongs into $D$'s steps. Mark: mean and spread do not move at all, and $D$ parts data (0.8 and more) from samples (near 0).",
    "attached": "it is not detached, so the backward passes of $D$'s steps fill the gradients of $G$, too, and both still lie there at $G$'s step: $G$ makes $D$'s work easier while it makes it harder. Mark: the spread is far too small (0.1 to 0.2), the mean is mostly short of 2, and $D$ gives data more (0.8) than samples (0.3).",
    "exchanged": "$D$ learns to give samples the score 1, and $G$, which follows the score 1, is driven away from the data. Mark: the mean runs away to below 0, the spread shrinks to 0, and $D$ is sure: 0 on data, **1** on samples.",
    "labels": "$G$ minimises the loss of being found out, and helps the detective. Mark: the mean runs away to below 0, the spread shrinks to 0, and $D$ is sure: 1 on data, 0 on samples.",
}
#: The same in the game of cross-entropy that G opens.
ENTROPY = {
    "standard": SQUARES["standard"],
    "twice": "the loss `with_logits` takes the sigmoid itself. What should be any real number lies between 0 and 1, so no sample can be called false; the cheapest answer to everything is 0. Mark: $D$ is near 0 on data **and** samples.",
    "both": "$G$'s step moves $D$ as well, to call samples real. Mark: the samples are right, but $D$ comes to rest at 0.65, not at 0.5: with equal distributions it is pulled to 1 twice a round and to 0 once.",
    "leftover": "so $G$'s loss leaves a gradient in $D$, and $D$'s step follows it as well: $D$ is moved to call samples real. Mark: the samples are right, but $D$ comes to rest at about 2/3, not at 0.5: with equal distributions it is pulled to 1 twice a round and to 0 once.",
    "decay": "every step pulls $G$'s weights towards 0, whatever $D$ says; that is no part of $L_G$. Mark: the mean stops at about 1.4 and the spread below 0.85, and $D$ still prefers data a little (0.56 against 0.44).",
    "frozen": SQUARES["frozen"].replace("steps.", "step."),
    "exchanged": "$D$ learns to call samples real, and $G$, which wants to be called real, is driven away from the data. Mark: the mean runs away to below 0, the spread shrinks to 0, and $D$ is sure: 0 on data, **1** on samples.",
    "labels": "$G$ minimises the loss of being found out, and helps the detective. Mark: the mean runs away to below 0, the spread shrinks to 0, and $D$ is sure: 1 on data, 0 on samples.",
}
RUBRIC = """**Rubric.** 0.4 points for each mistake with its line, its reason and its mark. A mistake without a reason or with the wrong mark: 0.2 points. Only the
mended lines, without words: nothing."""
