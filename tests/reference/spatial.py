"""Layers of space as PyTorch and Flax compute them in f64: writes spatial.safetensors beside this file.

Leaves are named and laid out as gradus_nn has them, features last. A case holds the leaves and the input (numbers that
f32 holds, so that they take half the room), the output, the weights of the loss `sum(y * ct)`, and its gradients.
Needs numpy, torch, jax, flax, safetensors; the versions used stand in the file's metadata.
"""

import os
from pathlib import Path

os.environ["JAX_ENABLE_X64"] = "1"

import flax
import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import torch
import torch.nn.functional as F
from safetensors.numpy import save_file

RNG = np.random.default_rng(11)
OUT = {}


def noise(*shape, scale=1.0):
    return (scale * RNG.standard_normal(shape)).astype(np.float32).astype(np.float64)


def positive(*shape):
    return (0.5 + np.abs(noise(*shape))).astype(np.float32).astype(np.float64)


def put(name, array, narrow=False):
    OUT[name] = np.ascontiguousarray(array, dtype=np.float32 if narrow else np.float64)


def given(case, leaves, x, ct):
    for path, leaf in leaves.items():
        put(f"{case}/leaf/{path}", leaf, narrow=True)
    put(f"{case}/x", x, narrow=True)
    put(f"{case}/ct", ct, narrow=True)


def is_buffer(path):
    return path.endswith(".mean") or path.endswith(".var") or path in ("mean", "var")


# ---- PyTorch: functions of leaves in our layout; images come and go with features last ----


def torch_case(case, leaves, x, f):
    t = {path: torch.tensor(leaf, requires_grad=not is_buffer(path)) for path, leaf in leaves.items()}
    xt = torch.tensor(x, requires_grad=True)
    y = f(t, xt)
    ct = noise(*y.shape)
    (y * torch.tensor(ct)).sum().backward()
    given(case, leaves, x, ct)
    put(f"{case}/y", y.detach().numpy())
    put(f"{case}/grad/x", xt.grad.numpy())
    for path, leaf in t.items():
        if is_buffer(path):
            put(f"{case}/after/{path}", leaf.numpy())
        else:
            put(f"{case}/grad/{path}", leaf.grad.numpy())


def first(x):
    return x.movedim(-1, 1)


def last(x):
    return x.movedim(1, -1)


def kernel(w):
    return w.permute(w.ndim - 1, w.ndim - 2, *range(w.ndim - 2))


def dims(n):
    return [F.conv1d, F.conv2d, F.conv3d][n - 1]


def conv(t, path, x, **options):
    w = t[path + "w"]
    return dims(w.ndim - 2)(x, kernel(w), t.get(path + "b"), **options)


def batch_norm(t, path, x, training=True):
    return F.batch_norm(
        x, t[path + "mean"], t[path + "var"], t.get(path + "scale"), t.get(path + "bias"), training, 0.1, 1e-5
    )


def conv_leaves(prefix, shape, bias=True):
    leaves = {prefix + "w": noise(*shape, scale=1 / np.sqrt(np.prod(shape[:-1])))}
    if bias:
        leaves[prefix + "b"] = noise(shape[-1])
    return leaves


def norm_leaves(prefix, n):
    return {
        prefix + "scale": positive(n),
        prefix + "bias": noise(n),
        prefix + "mean": noise(n),
        prefix + "var": positive(n),
    }


def torch_convolutions():
    def run(case, shape, x, **options):
        torch_case(case, conv_leaves("", shape), x, lambda t, x: last(conv(t, "", first(x), **options)))

    run("torch/conv1d", (3, 4, 6), noise(2, 9, 4), stride=2, dilation=2, padding=2)
    run("torch/conv2d", (3, 2, 4, 5), noise(2, 6, 7, 4), stride=(2, 1), padding=(1, 0))
    run("torch/conv2d_groups", (3, 3, 2, 6), noise(2, 5, 6, 4), padding=1, groups=2)
    run("torch/conv2d_depthwise", (3, 3, 1, 4), noise(2, 5, 6, 4), stride=2, padding=1, groups=4)
    run("torch/conv3d", (2, 3, 2, 2, 3), noise(2, 4, 5, 3, 2), dilation=(1, 1, 2))
    for mode in ["circular", "reflect", "replicate"]:

        def bordered(t, x, mode=mode):
            padded = F.pad(first(x), (2, 2, 1, 1), mode=mode)
            return last(conv(t, "", padded))

        torch_case(f"torch/conv2d_{mode}", conv_leaves("", (3, 5, 2, 3)), noise(2, 5, 6, 2), bordered)


def torch_transposed():
    def run(case, shape, x, groups, **options):
        def f(t, x):
            w = t["w"]
            n, each = w.ndim - 2, w.shape[-1] // groups
            # [spatial.., i / g, o] as PyTorch's [i, o / g, spatial..].
            apart = w.reshape(*w.shape[:-1], groups, each).movedim(-2, 0).movedim((-2, -1), (1, 2))
            w = apart.reshape(w.shape[-2] * groups, each, *w.shape[:n])
            run = [F.conv_transpose1d, F.conv_transpose2d][n - 1]
            return last(run(first(x), w, t["b"], groups=groups, **options))

        torch_case(case, conv_leaves("", shape), x, f)

    run("torch/conv_transpose1d", (3, 4, 5), noise(2, 5, 4), 1, stride=2, dilation=2)
    run("torch/conv_transpose2d", (3, 3, 2, 6), noise(2, 4, 5, 4), 2, stride=2, padding=1, output_padding=1)


def torch_norms():
    training = lambda t, x: last(batch_norm(t, "", first(x)))
    evaluating = lambda t, x: last(batch_norm(t, "", first(x), training=False))
    torch_case("torch/batch_norm_training", norm_leaves("", 5), noise(3, 4, 4, 5), training)
    torch_case("torch/batch_norm_evaluation", norm_leaves("", 5), noise(3, 4, 4, 5), evaluating)
    affine = lambda *shape: {"scale": positive(*shape), "bias": noise(*shape)}
    layer = lambda t, x: F.layer_norm(x, (4, 5), t["scale"], t["bias"], 1e-5)
    torch_case("torch/layer_norm", affine(4, 5), noise(2, 3, 4, 5), layer)
    rms = lambda t, x: F.rms_norm(x, (6,), t["scale"], 1e-6)
    torch_case("torch/rms_norm", {"scale": positive(6)}, noise(2, 3, 6), rms)
    group = lambda t, x: last(F.group_norm(first(x), 2, t["scale"], t["bias"], 1e-5))
    torch_case("torch/group_norm", affine(6), noise(2, 3, 4, 6), group)
    instance = lambda t, x: last(F.instance_norm(first(x), None, None, t["scale"], t["bias"], eps=1e-5))
    torch_case("torch/instance_norm", affine(3), noise(2, 7, 3), instance)


def torch_sizes():
    def run(case, x, f):
        torch_case(f"torch/{case}", {}, x, lambda _, x: last(f(first(x))))

    run("max_pool", noise(2, 7, 6, 3), lambda x: F.max_pool2d(x, 3, stride=2, padding=1))
    run("avg_pool", noise(2, 7, 6, 3), lambda x: F.avg_pool2d(x, (3, 2), padding=(1, 0), count_include_pad=False))
    run("avg_pool_counting", noise(2, 7, 3), lambda x: F.avg_pool1d(x, 3, stride=2, padding=1))
    run("adaptive_avg_pool", noise(2, 7, 6, 3), lambda x: F.adaptive_avg_pool2d(x, (3, 4)))
    run("adaptive_max_pool", noise(2, 7, 6, 3), lambda x: F.adaptive_max_pool2d(x, (3, 4)))
    run("upsample_nearest", noise(2, 3, 4, 3), lambda x: F.interpolate(x, scale_factor=(2, 3), mode="nearest"))
    run("upsample_bilinear", noise(2, 3, 4, 3), lambda x: F.interpolate(x, scale_factor=(2, 3), mode="bilinear"))
    run("pixel_shuffle", noise(2, 3, 2, 8), lambda x: F.pixel_shuffle(x, 2))
    run("pixel_unshuffle", noise(2, 4, 2, 3), lambda x: F.pixel_unshuffle(x, 2))


# ---- blocks and whole networks in PyTorch ----


def conv_norm_leaves(prefix, shape):
    return conv_leaves(prefix + "conv.", shape, bias=False) | norm_leaves(prefix + "norm.", shape[-1])


def even(t, path, x, stride=1, groups=1):
    return conv(t, path, x, stride=stride, padding=t[path + "w"].shape[0] // 2, groups=groups)


def conv_norm(t, path, x, stride=1, groups=1):
    return batch_norm(t, path + "norm.", even(t, path + "conv.", x, stride, groups))


def dense_leaves(prefix, inputs, outputs):
    return {prefix + "w": noise(inputs, outputs, scale=1 / np.sqrt(inputs)), prefix + "b": noise(outputs)}


def squeeze_excite(t, path, x, activation):
    s = x.mean((2, 3))
    s = activation(s @ t[path + "squeeze.w"] + t[path + "squeeze.b"])
    s = torch.sigmoid(s @ t[path + "expand.w"] + t[path + "expand.b"])
    return x * s[:, :, None, None]


def basic_leaves(prefix, inputs, outputs, changes):
    leaves = conv_norm_leaves(f"{prefix}stages.0.", (3, 3, inputs, outputs))
    leaves |= conv_norm_leaves(f"{prefix}stages.1.", (3, 3, outputs, outputs))
    if changes:
        leaves |= conv_leaves(f"{prefix}shortcut.", (1, 1, inputs, outputs), bias=False)
        leaves |= norm_leaves(f"{prefix}shortcut_norm.", outputs)
    return leaves


def block(t, path, x, strides, groups=1):
    """A post-activation block, as torchvision's BasicBlock and Bottleneck (v1.5)."""
    h = x
    for i, stride in enumerate(strides):
        middle = groups if len(strides) == 3 and i == 1 else 1
        h = conv_norm(t, f"{path}stages.{i}.", h, stride, middle)
        if i + 1 < len(strides):
            h = F.relu(h)
    if f"{path}shortcut.w" in t:
        x = even(t, f"{path}shortcut.", x, max(strides))
        x = batch_norm(t, f"{path}shortcut_norm.", x)
    return F.relu(x + h)


def resnet_leaves(depths, width, classes):
    leaves, inputs = conv_norm_leaves("stem.", (7, 7, 3, width)), width
    n = 0
    for stage, depth in enumerate(depths):
        for i in range(depth):
            outputs = width << stage
            leaves |= basic_leaves(f"blocks.{n}.", inputs, outputs, i == 0 and stage > 0)
            inputs, n = outputs, n + 1
    return leaves | dense_leaves("head.", inputs, classes)


def resnet(t, x, depths):
    h = F.max_pool2d(F.relu(conv_norm(t, "stem.", first(x), 2)), 3, stride=2, padding=1)
    n = 0
    for stage, depth in enumerate(depths):
        for i in range(depth):
            h = block(t, f"blocks.{n}.", h, [2 if i == 0 and stage > 0 else 1, 1])
            n += 1
    return h.mean((2, 3)) @ t["head.w"] + t["head.b"]


def torch_blocks():
    shapes = [(1, 1, 4, 6), (3, 3, 3, 6), (1, 1, 6, 8)]
    leaves = {}
    for i, shape in enumerate(shapes):
        leaves |= conv_norm_leaves(f"stages.{i}.", shape)
    leaves |= conv_leaves("shortcut.", (1, 1, 4, 8), bias=False) | norm_leaves("shortcut_norm.", 8)
    f = lambda t, x: last(block(t, "", first(x), [1, 2, 1], groups=2))
    torch_case("torch/bottleneck", leaves, noise(3, 5, 6, 4), f)

    def before(t, x):
        h = F.relu(batch_norm(t, "stages.0.norm.", first(x)))
        around = even(t, "shortcut.", h, 2)
        h = even(t, "stages.0.conv.", h, 2)
        h = F.relu(batch_norm(t, "stages.1.norm.", h))
        return last(around + even(t, "stages.1.conv.", h))

    leaves = conv_leaves("stages.0.conv.", (3, 3, 3, 4), bias=False) | norm_leaves("stages.0.norm.", 3)
    leaves |= conv_leaves("stages.1.conv.", (3, 3, 4, 4), bias=False) | norm_leaves("stages.1.norm.", 4)
    leaves |= conv_leaves("shortcut.", (1, 1, 3, 4), bias=False)
    torch_case("torch/pre_activation", leaves, noise(3, 5, 6, 3), before)

    def mobile(t, x):
        h = F.silu(conv_norm(t, "expand.", first(x)))
        h = F.silu(conv_norm(t, "depthwise.", h, 1, 6))
        h = squeeze_excite(t, "squeeze_excite.", h, F.silu)
        return last(first(x) + conv_norm(t, "project.", h))

    leaves = conv_norm_leaves("expand.", (1, 1, 3, 6)) | conv_norm_leaves("depthwise.", (5, 5, 1, 6))
    leaves |= dense_leaves("squeeze_excite.squeeze.", 6, 2) | dense_leaves("squeeze_excite.expand.", 2, 6)
    leaves |= conv_norm_leaves("project.", (1, 1, 6, 3))
    torch_case("torch/inverted_residual", leaves, noise(2, 6, 5, 3), mobile)

    depths = [2, 2, 2, 2]
    leaves, x = resnet_leaves(depths, 4, 10), noise(4, 32, 32, 3)
    torch_case("torch/resnet18", leaves, x, lambda t, x: resnet(t, x, depths))
    # Three steps of gradient descent: running statistics follow parameters.
    t = {path: torch.tensor(leaf, requires_grad=not is_buffer(path)) for path, leaf in leaves.items()}
    target = torch.tensor(OUT["torch/resnet18/ct"].astype(np.float64))
    descent = torch.optim.SGD([leaf for leaf in t.values() if leaf.requires_grad], lr=0.01)
    for _ in range(3):
        descent.zero_grad()
        loss = ((resnet(t, torch.tensor(x), depths) - target) ** 2).mean()
        loss.backward()
        descent.step()
    put("torch/resnet18/steps/loss", loss.detach().numpy())
    for path, leaf in t.items():
        if is_buffer(path) or path.startswith("head.") or path.startswith("stem."):
            put(f"torch/resnet18/steps/{path}", leaf.detach().numpy())


# ---- Flax: modules whose variables are our leaves under Flax's names ----


def flax_case(case, module, names, leaves, x, **call):
    """`names` maps our paths to Flax's (collection, name)."""

    def variables(leaves):
        tree = {}
        for path, leaf in leaves.items():
            collection, name = names[path]
            tree.setdefault(collection, {})[name] = leaf
        return tree

    buffers = {path: leaf for path, leaf in leaves.items() if is_buffer(path)}
    params = {path: jnp.asarray(leaf) for path, leaf in leaves.items() if path not in buffers}

    def forward(params, x):
        y, after = module.apply(variables(params | buffers), x, mutable=["batch_stats"], **call)
        return y, after

    ct = noise(*forward(params, x)[0].shape)

    def loss(params, x):
        y, after = forward(params, x)
        return (y * ct).sum(), (y, after)

    (grads, gx), (y, after) = jax.grad(loss, argnums=(0, 1), has_aux=True)(params, jnp.asarray(x))
    given(case, leaves, x, ct)
    put(f"{case}/y", y)
    put(f"{case}/grad/x", gx)
    for path, grad in grads.items():
        put(f"{case}/grad/{path}", grad)
    for path in buffers:
        put(f"{case}/after/{path}", after["batch_stats"][names[path][1]])


NAMES = {
    "w": ("params", "kernel"),
    "b": ("params", "bias"),
    "scale": ("params", "scale"),
    "bias": ("params", "bias"),
    "mean": ("batch_stats", "mean"),
    "var": ("batch_stats", "var"),
}


def flax_layers():
    def run(case, module, leaves, x, **call):
        flax_case(f"flax/{case}", module, NAMES, leaves, x, **call)

    run("conv_same", nn.Conv(5, (3, 4), strides=(2, 2)), conv_leaves("", (3, 4, 3, 5)), noise(2, 6, 7, 3))
    ring = nn.Conv(4, (3, 4), padding="CIRCULAR", strides=(1, 2))
    run("conv_circular", ring, conv_leaves("", (3, 4, 2, 4)), noise(2, 5, 6, 2))
    causal = nn.Conv(4, (3,), padding="CAUSAL", kernel_dilation=2)
    run("conv_causal", causal, conv_leaves("", (3, 2, 4)), noise(2, 7, 2))
    for padding in ["SAME", "VALID"]:
        larger = nn.ConvTranspose(5, (4, 3), strides=(2, 3), padding=padding)
        run(f"conv_transpose_{padding.lower()}", larger, conv_leaves("", (4, 3, 3, 5)), noise(2, 3, 4, 3))
    run("batch_norm", nn.BatchNorm(use_running_average=False), norm_leaves("", 4), noise(3, 5, 4))
    affine = lambda n: {"scale": positive(n), "bias": noise(n)}
    run("layer_norm", nn.LayerNorm(), affine(5), noise(2, 3, 5))
    run("rms_norm", nn.RMSNorm(), {"scale": positive(5)}, noise(2, 3, 5))
    run("group_norm", nn.GroupNorm(num_groups=3), affine(6), noise(2, 4, 3, 6))
    run("instance_norm", nn.InstanceNorm(), affine(3), noise(2, 4, 3, 3))


torch.set_default_dtype(torch.float64)
torch_convolutions()
torch_transposed()
torch_norms()
torch_sizes()
torch_blocks()
flax_layers()
versions = {"torch": torch.__version__, "jax": jax.__version__, "flax": flax.__version__}
save_file(OUT, Path(__file__).with_suffix(".safetensors"), metadata=versions)
print(versions, len(OUT), "arrays")
