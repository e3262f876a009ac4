"""Losses and metrics as PyTorch, optax, scikit-learn, sacreBLEU, jiwer and pycocotools compute them, in f64: writes
losses.safetensors and metrics.json beside this file.

A loss has the tensors NAME/in/*, its values NAME/y, the cotangent NAME/ct, and the gradients NAME/grad/* of
`sum(y * ct)`. Needs torch, optax, jax, numpy, scikit-learn, sacrebleu, jiwer, pycocotools, safetensors.
"""

import contextlib
import importlib.metadata
import io
import json
import os
from pathlib import Path

os.environ["JAX_ENABLE_X64"] = "1"

import jax
import jax.numpy as jnp
import jiwer
import numpy as np
import optax
import sacrebleu
import sklearn.metrics as skm
import torch
import torch.nn.functional as F
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval
from safetensors.numpy import save_file

RNG = np.random.default_rng(5)
OUT = {}


def noise(*shape, scale=1.0):
    return scale * RNG.standard_normal(shape)


def case(name, inputs, values, grads):
    for key, x in inputs.items():
        OUT[f"{name}/in/{key}"] = np.ascontiguousarray(x)
    ct = np.asarray(noise(*values.shape))
    OUT[f"{name}/y"] = np.ascontiguousarray(values, dtype=np.float64)
    OUT[f"{name}/ct"] = ct
    for key, grad in grads(ct).items():
        OUT[f"{name}/grad/{key}"] = np.ascontiguousarray(grad, dtype=np.float64)


def by_torch(name, inputs, differentiable, f):
    t = {key: torch.tensor(x) for key, x in inputs.items()}
    for key in differentiable:
        t[key].requires_grad_(True)
    y = f(**t)

    def grads(ct):
        (y * torch.tensor(ct)).sum().backward()
        return {key: t[key].grad.numpy() for key in differentiable}

    case(name, inputs, y.detach().numpy(), grads)


def by_optax(name, inputs, differentiable, f):
    t = {key: jnp.asarray(x) for key, x in inputs.items()}
    y = f(**t)

    def grads(ct):
        def total(part):
            return (f(**{**t, **part}) * ct).sum()

        return jax.grad(total)({key: t[key] for key in differentiable})

    case(name, inputs, np.asarray(y), grads)


# ---- losses of numbers ----
xy = {"x": noise(4, 5, scale=2), "y": noise(4, 5, scale=2)}
by_optax("squared_error", xy, ["x", "y"], lambda x, y: optax.squared_error(x, y))
by_torch("absolute_error", xy, ["x", "y"], lambda x, y: F.l1_loss(x, y, reduction="none"))
by_optax("huber", xy, ["x", "y"], lambda x, y: optax.huber_loss(x, y, delta=1.5))
by_optax("log_cosh", xy, ["x", "y"], lambda x, y: optax.log_cosh(x, y))
counts = {"x": noise(4, 5), "y": RNG.poisson(3.0, (4, 5)).astype(np.float64)}
by_torch("poisson_nll", counts, ["x"], lambda x, y: F.poisson_nll_loss(x, y, reduction="none"))
gaussian = {**xy, "variance": np.exp(noise(4, 5))}
by_torch("gaussian_nll", gaussian, ["x", "variance", "y"],
         lambda x, y, variance: F.gaussian_nll_loss(x, y, variance, reduction="none"))
regions = {"x": 1 / (1 + np.exp(-noise(2, 4, 4, 3))), "y": (RNG.random((2, 4, 4, 3)) > 0.5).astype(np.float64)}
by_torch("dice", regions, ["x"],
         lambda x, y: 1 - (2 * (x * y).sum((1, 2)) + 1) / (x.sum((1, 2)) + y.sum((1, 2)) + 1))

# ---- classes ----
logits, labels = noise(6, 5, scale=3), RNG.integers(0, 5, 6).astype(np.int32)
shares = np.exp(noise(6, 5))
shares /= shares.sum(-1, keepdims=True)
weights = np.exp(noise(5))
ignored = labels.copy()
ignored[[1, 4]] = -100
index = {"x": logits, "y": labels}
by_optax("softmax_cross_entropy", index, ["x"],
         lambda x, y: optax.softmax_cross_entropy_with_integer_labels(x, y))
by_optax("softmax_cross_entropy_shares", {"x": logits, "y": shares}, ["x", "y"], lambda x, y: optax.softmax_cross_entropy(x, y))
options = {"x": logits, "y": ignored, "w": weights}
for reduction in ["mean", "sum", "none"]:
    by_torch(f"cross_entropy_options_{reduction}", options, ["x"],
             lambda x, y, w: F.cross_entropy(x, y.long(), weight=w, ignore_index=-100, label_smoothing=0.1,
                                             reduction=reduction))
    by_torch(f"cross_entropy_shares_{reduction}", {"x": logits, "y": shares, "w": weights}, ["x"],
             lambda x, y, w: F.cross_entropy(x, y, weight=w, label_smoothing=0.1, reduction=reduction))
by_torch("kl_divergence", {"x": logits, "y": shares}, ["x", "y"],
         lambda x, y: F.kl_div(F.log_softmax(x, -1), y, reduction="none").sum(-1))
by_torch("softmax_focal", index, ["x"],
         lambda x, y: (1 - F.softmax(x, -1)[torch.arange(6), y.long()]) ** 2 * F.cross_entropy(x, y.long(), reduction="none"))
by_optax("multiclass_hinge", index, ["x"], lambda x, y: optax.losses.multiclass_hinge_loss(x, y))

# ---- yes and no ----
binary = {"x": logits, "y": (RNG.random((6, 5)) > 0.5).astype(np.float64)}
by_optax("sigmoid_cross_entropy", binary, ["x"], lambda x, y: optax.sigmoid_binary_cross_entropy(x, y))
by_torch("sigmoid_cross_entropy_weighted", {**binary, "w": weights}, ["x"],
         lambda x, y, w: F.binary_cross_entropy_with_logits(x, y * 0.9 + 0.05, weight=1 / w, pos_weight=w))
by_optax("sigmoid_focal", binary, ["x"],
         lambda x, y: optax.losses.sigmoid_focal_loss(x, y, alpha=0.25, gamma=2.0))
by_optax("sigmoid_focal_shares", {"x": logits, "y": shares}, ["x"],
         lambda x, y: optax.losses.sigmoid_focal_loss(x, y, alpha=0.25, gamma=1.5))
by_optax("hinge", {"x": noise(4, 5), "y": np.sign(noise(4, 5))}, ["x"], lambda x, y: optax.losses.hinge_loss(x, y))

# ---- vectors ----
three = {key: noise(6, 4) for key in ["a", "p", "n"]}
by_torch("triplet", three, ["a", "p", "n"],
         lambda a, p, n: F.triplet_margin_loss(a, p, n, margin=0.7, eps=0.0, reduction="none"))
pair = {"x": noise(5, 4), "y": noise(5, 4)}
by_optax("cosine_distance", pair, ["x", "y"], lambda x, y: optax.cosine_distance(x, y))
by_torch("info_nce", pair, ["x", "y"],
         lambda x, y: F.cross_entropy(F.normalize(x, dim=-1) @ F.normalize(y, dim=-1).T / 0.2, torch.arange(5),
                                      reduction="none"))

# ---- boxes, by torchvision's formulas ----
EPS = 1e-7


def boxes(n):
    corner, size = RNG.random((n, 2)) * 3, 0.5 + RNG.random((n, 2)) * 3
    return np.concatenate([corner, corner + size], -1)


def iou_parts(x, y):
    area = lambda b: (b[:, 2] - b[:, 0]) * (b[:, 3] - b[:, 1])
    low, high = torch.maximum(x[:, :2], y[:, :2]), torch.minimum(x[:, 2:], y[:, 2:])
    both = ((high > low).all(-1)) * (high - low).prod(-1)
    union = area(x) + area(y) - both
    hull = torch.maximum(x[:, 2:], y[:, 2:]) - torch.minimum(x[:, :2], y[:, :2])
    return both, union, hull


def giou(x, y):
    both, union, hull = iou_parts(x, y)
    hull = hull.prod(-1)
    return 1 - (both / (union + EPS) - (hull - union) / (hull + EPS))


def diou(x, y):
    both, union, hull = iou_parts(x, y)
    centre = lambda b: (b[:, :2] + b[:, 2:]) / 2
    distance = ((centre(x) - centre(y)) ** 2).sum(-1)
    return 1 - both / (union + EPS) + distance / ((hull**2).sum(-1) + EPS), both / (union + EPS)


def ciou(x, y):
    loss, iou = diou(x, y)
    angle = lambda b: torch.atan((b[:, 2] - b[:, 0]) / (b[:, 3] - b[:, 1]))
    v = 4 / torch.pi**2 * (angle(y) - angle(x)) ** 2
    with torch.no_grad():
        alpha = v / (1 - iou + v + EPS)
    return loss + alpha * v


two = {"x": boxes(12), "y": boxes(12)}
by_torch("iou_loss", two, ["x", "y"], lambda x, y: 1 - iou_parts(x, y)[0] / (iou_parts(x, y)[1] + EPS))
by_torch("generalized_iou_loss", two, ["x", "y"], giou)
by_torch("distance_iou_loss", two, ["x", "y"], lambda x, y: diou(x, y)[0])
by_torch("complete_iou_loss", two, ["x", "y"], ciou)

# ---- CTC: repeated labels, no labels, padded frames and labels; one case by PyTorch, one by optax ----
heard, spelt = np.array([9, 7, 5, 9], np.int32), np.array([3, 2, 0, 4], np.int32)
words = np.array([[1, 1, 2, 0], [3, 2, 0, 0], [0, 0, 0, 0], [4, 3, 3, 1]], np.int32)
sequences = {"x": noise(4, 9, 5), "heard": heard, "y": words, "spelt": spelt}
by_torch("ctc", sequences, ["x"],
         lambda x, heard, y, spelt: F.ctc_loss(F.log_softmax(x, -1).transpose(0, 1), y.long(), heard.long(), spelt.long(),
                                               reduction="none"))


def optax_ctc(x, heard, y, spelt):
    padding = lambda n, lengths: (jnp.arange(n)[None] >= lengths[:, None]).astype(jnp.float64)
    return optax.ctc_loss(x, padding(9, heard), y, padding(4, spelt), blank_id=4, log_epsilon=-1e30)


by_optax("ctc_blank", {**sequences, "y": np.array([[1, 1, 2, 0], [3, 2, 0, 0], [0, 0, 0, 0], [0, 3, 3, 1]], np.int32)},
         ["x"], optax_ctc)

# ---- metrics ----
METRICS = {}


def classified(name, labels, predictions):
    averages = ["micro", "macro", "weighted"] + (["binary"] if max(labels + predictions) <= 1 else [])
    scores = {"labels": labels, "predictions": predictions, "accuracy": skm.accuracy_score(labels, predictions)}
    for average in averages:
        for key, score in [("precision", skm.precision_score), ("recall", skm.recall_score), ("f1", skm.f1_score),
                           ("iou", skm.jaccard_score)]:
            scores[f"{key}_{average}"] = score(labels, predictions, average=average, zero_division=0.0)
    METRICS.setdefault("classified", {})[name] = scores


classified("five", RNG.integers(0, 5, 60).tolist(), RNG.integers(0, 5, 60).tolist())
classified("absent", [0, 0, 1, 4, 1], [0, 1, 1, 2, 0])
classified("binary", RNG.integers(0, 2, 40).tolist(), RNG.integers(0, 2, 40).tolist())
classified("never", [0, 0, 1], [0, 0, 0])
classified("only", [0, 0, 0], [0, 0, 0])


def ranked(name, scores, labels):
    METRICS.setdefault("ranked", {})[name] = {
        "scores": scores, "labels": labels, "auc": skm.roc_auc_score(labels, scores),
        "average_precision": skm.average_precision_score(labels, scores)}


ranked("distinct", noise(50).tolist(), RNG.integers(0, 2, 50).tolist())
ranked("ties", RNG.integers(0, 4, 50).astype(float).tolist(), RNG.integers(0, 2, 50).tolist())
ranked("constant", [1.0] * 6, [0, 1, 0, 1, 1, 0])
ranked("zeros", [0.0, -0.0, 1.0, -1.0], [1, 0, 1, 0])


def regressed(name, x, y):
    METRICS.setdefault("regressed", {})[name] = {
        "x": x, "y": y, "mae": skm.mean_absolute_error(y, x), "rmse": skm.root_mean_squared_error(y, x),
        "r2": skm.r2_score(y, x)}


regressed("noise", noise(30).tolist(), noise(30).tolist())
regressed("far", (1e3 + noise(30)).tolist(), (1e3 + noise(30)).tolist())
regressed("constant", [1.0, 2.0, 3.0], [0.25, 0.25, 0.25])
regressed("perfect", [0.1, 0.1, 0.1], [0.1, 0.1, 0.1])

METRICS["top_k"] = {
    "x": logits.tolist(), "y": labels.tolist(),
    "accuracies": [skm.top_k_accuracy_score(labels, logits, k=k, labels=range(5)) for k in [1, 2, 3, 4]],
    "log_loss": skm.log_loss(labels, np.exp(logits) / np.exp(logits).sum(-1, keepdims=True), labels=range(5))}

TEXTS = [
    ("The cat sat on a mat.", ["The cat sat on the mat.", "A cat was sitting on the mat."]),
    ("It costs $1,000.50 -- or 3-4 euros (about)!", ["It costs $1,000.50, or 3-4 euros (about)."]),
    ("&quot;Quoted&quot; &amp; &lt;tagged&gt; <skipped>text", ['"Quoted" & <tagged> text']),
    ("a.b.c ,, .. 5. .5 1,2 x,1 1.x 10-20 a-b 9-", ["a.b.c ,, .. 5. .5 1,2 x,1 1.x 10-20 a-b 9-"]),
    ("hyphen-\nated line\nbreaks and\ttabs   ", ["hyphenated line breaks and tabs"]),
    ("ünïcode „quotes“ … 日本語。 naïve café", ["ünïcode „quotes“ … 日本語。 naïve cafe"]),
    ("it's e.g. U.S.A., isn't it? [yes] {no} ~tilde `tick` ^hat _under \\back | pipe",
     ["it's e.g. U.S.A. isn't it? [yes] {no} ~tilde `tick` ^hat _under \\back / slash"]),
    ("&amp;lt; &lt;&quot;", ["&lt; <\""]),
    ("word\u00a0space\u2003wide\u001cfile", ["word space wide file"]),
    ("", ["something"]),
    ("off", ["on"]),
]
tokens = sacrebleu.metrics.BLEU().tokenizer
METRICS["tokens"] = [{"text": t, "tokens": tokens(t.rstrip()).split()} for h, r in TEXTS for t in [h, *r]]


def bleu(texts, **options):
    most = max(len(r) for _, r in texts)
    columns = [[r[i] if i < len(r) else None for _, r in texts] for i in range(most)]
    return {"texts": texts, "score": sacrebleu.corpus_bleu([h for h, _ in texts], columns, **options).score}


METRICS["bleu"] = [bleu(TEXTS), bleu(TEXTS[:1]), bleu(TEXTS[9:]), bleu(TEXTS[5:7]), bleu([("a b", ["a b"])]),
                   bleu([("the of the the the", ["the cat"])]),
                   bleu([("one two three four five six", ["one two nine four five ten"])])]
METRICS["bleu_lowercase"] = bleu([("The Cat SAT on A mat", ["the cat sat on a Mat!"])], lowercase=True)

SPOKEN = [("the cat sat on the mat", "the bat sat mat down"), ("hello", ""), ("  a   b c ", "a b  c d"),
          ("naïve café", "naive cafe"), ("same words", "same words"), ("x y z", "z y x")]
METRICS["spoken"] = {"pairs": SPOKEN, "wer": jiwer.wer([r for r, _ in SPOKEN], [h for _, h in SPOKEN]),
                     "cer": jiwer.cer([r for r, _ in SPOKEN], [h for _, h in SPOKEN])}


def coco():
    images, truths, found = 12, [], []
    for image in range(images):
        for _ in range(RNG.integers(0, 7)):
            x, y, w, h = *(RNG.random(2) * 60), *(5 + RNG.random(2) * 30)
            category = int(RNG.integers(0, 3))
            truths.append({"id": len(truths) + 1, "image_id": image, "category_id": category, "bbox": [x, y, w, h],
                           "area": w * h, "iscrowd": 0})
            for _ in range(RNG.integers(0, 3)):
                moved = (np.array([x, y, w, h]) + RNG.normal(0, 2.0, 4)).tolist()
                found.append({"image_id": image, "category_id": int(category if RNG.random() > 0.15 else RNG.integers(0, 4)),
                              "bbox": moved, "score": float(np.round(RNG.random(), 2))})
        for _ in range(RNG.integers(0, 3)):
            found.append({"image_id": image, "category_id": int(RNG.integers(0, 3)),
                          "bbox": [*(RNG.random(2) * 60), *(5 + RNG.random(2) * 30)],
                          "score": float(np.round(RNG.random(), 2))})
    with contextlib.redirect_stdout(io.StringIO()):
        known = COCO()
        known.dataset = {"images": [{"id": i} for i in range(images)], "annotations": truths, "info": {},
                         "categories": [{"id": i} for i in range(4)]}
        known.createIndex()
        run = COCOeval(known, known.loadRes([dict(f) for f in found]), "bbox")
        run.params.areaRng, run.params.areaRngLbl = [[0, 1e10]], ["all"]
        run.evaluate()
        run.accumulate()
    precision = run.eval["precision"][..., 0, -1]  # [thresholds, recalls, classes]
    mean = lambda p: float(p[p > -1].mean())
    return {"images": images, "truths": truths, "found": found, "map": mean(precision), "ap50": mean(precision[0]),
            "ap75": mean(precision[5])}


METRICS["coco"] = coco()

METRICS["versions"] = {name: importlib.metadata.version(name) for name in
                       ["torch", "optax", "jax", "numpy", "scikit-learn", "sacrebleu", "jiwer", "pycocotools"]}
here = Path(__file__).parent
save_file(OUT, here / "losses.safetensors", metadata=METRICS["versions"])
(here / "metrics.json").write_text(json.dumps(METRICS, ensure_ascii=False, separators=(",", ":")) + "\n")
