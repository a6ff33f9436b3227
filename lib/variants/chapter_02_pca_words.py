"""Twist of chapter 2, task 8: other questions on ghosts, Gaussians and the choice of K."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lib.variants import Edit, Solution, Twist, Values


@dataclass(frozen=True)
class Question:
    """A question, the answer that earns all its points, and what earns which."""

    asks: str
    answer: str
    rubric: str


GHOSTS = (
    Question(
        "You take a portrait and the same portrait moved by <<pixels>> pixels to the <<side>>. What does the\n"
        "average of the two pictures show? You take a head of the morphable model and the same head moved\n"
        "to the <<side>>. What does the average of the two lists of vertices show? What does this say about\n"
        "faces drawn from random scores in either model?",
        "Two pale faces, one beside the other: a pixel is a place in the picture, and brightness is added\n"
        "there, whatever it shows. One sharp head half-way between: a vertex is the same point of every\n"
        "head, and its place is averaged. Random scores add components in the same way. So an edge that lies\n"
        "elsewhere in different faces becomes several pale edges in a random eigenface, and one edge\n"
        "in between on a random head.",
        "One point for 1: two pale faces against one head half-way, with the reason (brightness at fixed\n"
        "places, places of corresponding points), half a point without the reason or without the step to\n"
        "random faces.",
    ),
    Question(
        "Before PCA somebody turns, moves and scales all portraits so that <<aligned>> lie at the same\n"
        "pixels in each. Where do random eigenfaces still show double outlines, and where do they no\n"
        "longer? Why does a random head of the morphable model need no such step for its surface?",
        "They are gone around <<aligned>>, for there a pixel now shows the same part of every face. They stay\n"
        "where faces differ in what has not been aligned: <<elsewhere>>. There one pixel still shows\n"
        "different things, and adding pictures adds brightness. The vertices of all heads are in\n"
        "correspondence everywhere, not at a few points: adding moves each point of the surface.",
        "One point for 1: gone near what was aligned, still there elsewhere, with correspondence of\n"
        "pixels as the reason (half a point), and vertices that correspond everywhere (half a point).",
    ),
    Question(
        "Among the first eigenfaces some <<moves>>. The morphable model of the heads has no component\n"
        "that does this. Why do eigenfaces need such components? Where is it in the model of the heads,\n"
        "and what does that spare its random samples?",
        "Eigenfaces describe brightness at pixels, and <<cause>> changes many of them in the training\n"
        "pictures: that is variance, and PCA gives it components, mixed with who it is. A head is described\n"
        "by the places and the albedo of its vertices, which do not change with it; <<cause>> is\n"
        "chosen when the head is rendered. So random coefficients change the person alone, and the\n"
        "picture is right for <<cause>> by construction instead of being a sum of pale copies.",
        "One point for 1: variance of the pixels that PCA has to explain (half a point), set at the\n"
        "rendering, so that samples vary in person only (half a point).",
    ),
)
GAUSSIANS = (
    Question(
        "Over the training faces scores <<i>> and <<j>> are uncorrelated, and their scatter plot is a ring. You\n"
        "draw new scores from $\\mathcal{N}(0, \\Lambda)$. Where do many of them fall, and what do the faces look\n"
        "like? Which property do the two scores not have, although they are uncorrelated?",
        "A Gaussian is densest in the middle, where the ring is empty. So many new scores fall where no face of\n"
        "the data is, and the faces look blurred or impossible, being mixtures of faces from opposite sides. The\n"
        "scores are not independent: who knows one of them knows the other up to its sign, nearly.",
        "One point for 2: in the empty middle (half a point), uncorrelated but not independent (half a\n"
        'point). "They are not Gaussian" alone earns nothing more.',
    ),
    Question(
        "The histogram of score <<i>> has two humps, at about $-\\sqrt{\\lambda_{<<i>>}}$ and "
        "$\\sqrt{\\lambda_{<<i>>}}$: faces lit from\none side and from the other. Its mean is zero and its "
        "variance $\\lambda_{<<i>>}$. Which faces does\n$\\mathcal{N}(0, \\lambda_{<<i>>})$ produce far too often? Name "
        "a change in how the scores are drawn that mends it,\nwhile the components stay as they are.",
        "Scores near zero, so faces lit half from one side and half from the other, which the data hardly have.\n"
        "(Also scores far beyond the humps.) A mixture of two Gaussians for this score mends it, or a mixture\n"
        "for all scores together; so does drawing the score of a training face and adding a little noise.",
        "One point for 2: faces between the humps (half a point), a distribution of the scores with two\n"
        'humps (half a point). "More components" or "more data" mends nothing: no point for it.',
    ),
    Question(
        "Instead of drawing from a Gaussian, a friend takes each score of a new face from a training face, a\n"
        "different one for each of the <<k>> scores. Which property of the training scores do the new ones have\n"
        "that Gaussian scores do not? Which may they still lack, and how would you see it?",
        "Each single score has the right histogram, with its humps and tails, not only the right mean and\n"
        "variance. But the scores of a new face are independent of each other, and those of the training faces\n"
        "need not be: they are only uncorrelated. One sees it in a scatter plot of two scores: a ring or a\n"
        "curve in the data, a cloud without it among the new faces. There are no such faces.",
        "One point for 2: right histograms of single scores (half a point), dependence lost, seen in a\n"
        'scatter plot or in the correlation of squares (half a point). "The correlation is lost" is wrong:\n'
        "there was none.",
    ),
)
CHOICES = (
    Question(
        "A student has <<n>> training portraits of 4,096 pixels and takes all $K = <<most>>$ components. What is\n"
        "$\\sigma^2$ of probabilistic PCA now, and what is the density at the training pictures and at held-out\n"
        "people? What would the reconstruction error on held-out people have told the student, and why?",
        "<<n>> pictures span <<most>> directions around their mean, so all dropped eigenvalues are zero and\n"
        "$\\sigma^2 = 0$. The Gaussian is flat: its density is without bound on the plane, where the training\n"
        "pictures are, and zero beside it, where held-out people are, so their log-likelihood is $-\\infty$.\n"
        "The reconstruction error on held-out people is smaller than with any smaller $K$, because the planes\n"
        "lie inside each other, and would have given no warning. A smaller $K$ leaves $\\sigma^2 > 0$, and the\n"
        "held-out log-likelihood can choose it.",
        "Two points for 3: $\\sigma^2 = 0$ with the reason, and what it does to both densities (1 point,\n"
        "half for $\\sigma^2 = 0$ alone); the error falls with every component and gives no warning, because\n"
        "the planes are nested (1 point, half without the reason).",
    ),
    Question(
        "The log-likelihood of the *training* people under probabilistic PCA rises with every component, up\n"
        "to the last. Why must it? The log-likelihood of held-out people falls again from some $K$ on, and\n"
        "their reconstruction error does not. Why is that no contradiction?",
        "A model with $K + 1$ components can do what one with $K$ can: give $W$ a column of zeros. So the largest\n"
        "likelihood of the training people cannot fall. For held-out people a larger $K$ is no better fit by\n"
        "force. A density must integrate to one: variance that it spends on directions which chance made large\n"
        "in the training set, and a $\\sigma^2$ too small for new people, are paid for at their pictures. The\n"
        "reconstruction error asks for the distance from a plane only. The planes are nested, so it falls, and\n"
        "nothing is charged for a score, however improbable.",
        "Two points for 3: nested models and a maximum, for training people only (1 point); the density is\n"
        "normalised or the noise variance gets too small, while the distance from nested planes has no such\n"
        'price (1 point, half if only one of the two is said). "Overfitting" without either: nothing.',
    ),
    Question(
        "A student keeps as many components as hold <<share>> % of the variance. A second camera takes the same\n"
        "people with the same light, but adds independent noise to each of the $D$ pixels, and now the rule\n"
        "keeps many times as many components. Why? Which number of this chapter would hardly change its\n"
        "choice of $K$, and why?",
        "Noise of variance $\\tau^2$ adds $\\tau^2$ to every eigenvalue, so $D \\tau^2$ to the whole. The few\n"
        "components of the faces now hold a smaller share. The rest is spread evenly over all directions, and\n"
        "<<share>> % of the whole can only be reached by keeping very many of them. The log-likelihood of held-out\n"
        "people under probabilistic PCA: its $\\sigma^2$ describes noise that is the same in all directions, so\n"
        "components that hold nothing but noise do not raise it. $K$ changes only where the noise hides a weak\n"
        "component.",
        "Two points for 3: the noise has variance in all $D$ directions and counts in the whole (1 point);\n"
        "held-out log-likelihood of probabilistic PCA, because $\\sigma^2$ takes the noise (1 point, half\n"
        'without the reason). "The error on held-out people" is wrong: it falls with every component.',
    ),
)

#: What was aligned -> where outlines still double.
ALIGNED = {
    "both eyes": "at the mouth, the chin and the hairline",
    "the eyes and the mouth": "at the hairline, the ears and the outline of the head",
    "the chin and the top of the head": "at the eyes, the mouth and the hairline",
}
#: What an eigenface does -> what causes it.
MOVES = {
    "light one half of the face and darken the other": "the place of the lamp",
    "turn the head a little": "the pose",
}


def _questions(rng: np.random.Generator) -> Values:
    picked = [slot[rng.integers(len(slot))] for slot in (GHOSTS, GAUSSIANS, CHOICES)]
    aligned, moves = str(rng.choice(list(ALIGNED))), str(rng.choice(list(MOVES)))
    n, i = int(rng.integers(4, 30)) * 10, int(rng.integers(1, 4))
    drawn = {
        "pixels": rng.integers(4, 9),
        "side": rng.choice(["left", "right"]),
        "aligned": aligned,
        "elsewhere": ALIGNED[aligned],
        "moves": moves,
        "cause": MOVES[moves],
        "i": i,
        "j": i + rng.integers(1, 4),
        "k": rng.integers(2, 9) * 10,
        "n": n,
        "most": n - 1,
        "share": rng.choice([80, 90, 95]),
    }
    texts = {
        "asks": [question.asks for question in picked],
        "answers": [question.answer for question in picked],
    }
    numbered = {
        name: "\n".join(f"{at}. " + text.replace("\n", "\n   ") for at, text in enumerate(each, 1))
        for name, each in texts.items()
    }
    numbered["rubric"] = "**Rubric.** " + "\n".join(question.rubric for question in picked)
    for name, value in drawn.items():
        numbered = {key: text.replace(f"<<{name}>>", str(value)) for key, text in numbered.items()}
    return numbered


ASKED = """1. Random eigenfaces show double outlines: a hairline at two heights, a second, pale chin. Random
   heads of the morphable model do not. Both add components to a mean. Why the difference?
2. Over the training faces, all scores are uncorrelated and score $k$ has variance $\\lambda_k$. Does it
   follow that $\\mathcal{N}(0, \\Lambda)$ is the distribution of the scores? Say why, and name one thing
   you could look at.
3. A student chooses $K$ by the reconstruction error on held-out people. It falls with every
   component, up to the last. Why must it? Which number of this chapter can choose $K$ instead, and why
   does it not have this flaw?"""

WORDS = [
    Twist(
        8,
        "other questions on the same three matters",
        (Edit(ASKED, "<<asks>>"), Solution("ghosts-words", "<<answers>>\n\n<<rubric>>")),
        _questions,
    )
]
