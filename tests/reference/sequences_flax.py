"""Flax' layers over sequences in f64, with gradients: writes sequences_flax.safetensors beside itself.

Made with flax 0.12.8, jax 0.10.2, safetensors 0.8.0: `python tests/reference/sequences_flax.py`. Names are as in
sequences_torch.py.
"""

import pathlib

import jax

jax.config.update("jax_enable_x64", True)

import flax.linen as nn
import jax.numpy as jnp
import numpy as np
from safetensors.numpy import save_file

rng = np.random.default_rng(5)
out = {}
F64 = dict(dtype=jnp.float64, param_dtype=jnp.float64)


def put(name, x):
    out[name] = np.ascontiguousarray(np.asarray(x))


def randomized(module, *inputs, **more):
    params = module.init(jax.random.key(0), *inputs, **more)["params"]
    return jax.tree.map(lambda p: jnp.asarray(rng.normal(size=p.shape) * 0.5), params)


def case(name, module, layout, x, **more):
    params = randomized(module, x, **more)
    y = module.apply({"params": params}, x, **more)
    ct = rng.normal(size=y.shape)
    loss = lambda params, x: (module.apply({"params": params}, x, **more) * ct).sum()
    grads, dx = jax.grad(loss, (0, 1))(params, x)
    for key, value in {"x": x, "y": y, "ct": ct, "dx": dx}.items():
        put(f"{name}.{key}", value)
    for prefix, tree in [("w", params), ("g", grads)]:
        for path, value in layout(tree).items():
            put(f"{name}.{prefix}.{path}", value)


def gates(tree, kind, names, what):
    return jnp.concatenate([tree[kind + name][what] for name in names], -1)


def lstm(tree, path="layers.0.forward."):
    return {
        f"{path}w_input": gates(tree, "i", "ifgo", "kernel"),
        f"{path}w_hidden": gates(tree, "h", "ifgo", "kernel"),
        f"{path}b": gates(tree, "h", "ifgo", "bias"),
    }


def gru(tree, path="layers.0.forward."):
    return {
        f"{path}w_input": gates(tree, "i", "rzn", "kernel"),
        f"{path}w_hidden": gates(tree, "h", "rzn", "kernel"),
        f"{path}b": gates(tree, "i", "rzn", "bias"),
        f"{path}b_hidden": tree["hn"]["bias"],
    }


def simple(tree, path="layers.0.forward."):
    return {f"{path}w_input": tree["i"]["kernel"], f"{path}w_hidden": tree["h"]["kernel"], f"{path}b": tree["i"]["bias"]}


x = rng.normal(size=(2, 5, 3))
case("lstm", nn.RNN(nn.LSTMCell(4, **F64)), lambda tree: lstm(tree["cell"]), x)
case("gru", nn.RNN(nn.GRUCell(4, **F64)), lambda tree: gru(tree["cell"]), x)
case("rnn", nn.RNN(nn.SimpleCell(4, **F64)), lambda tree: simple(tree["cell"]), x)
both = nn.Bidirectional(nn.RNN(nn.LSTMCell(4, **F64)), nn.RNN(nn.LSTMCell(4, **F64)))
case(
    "lstm_both",
    both,
    lambda tree: lstm(tree["forward_rnn"]["cell"]) | lstm(tree["backward_rnn"]["cell"], "layers.0.backward."),
    x,
)


def attention(tree, path=""):
    found = {}
    for name, ours in [("query", "query"), ("key", "key"), ("value", "value")]:
        found[f"{path}{ours}.w"] = tree[name]["kernel"].reshape(8, -1)
        found[f"{path}{ours}.b"] = tree[name]["bias"].reshape(-1)
    found[f"{path}output.w"] = tree["out"]["kernel"].reshape(-1, 8)
    found[f"{path}output.b"] = tree["out"]["bias"]
    return found


x = rng.normal(size=(2, 5, 8))
mha = nn.MultiHeadDotProductAttention(num_heads=2, **F64)
present = np.arange(5) < np.array([[5], [3]])
case("mha", mha, attention, x, mask=nn.make_attention_mask(jnp.ones((2, 5)), present))
case("mha_causal", mha, attention, x, mask=nn.make_causal_mask(jnp.ones((2, 5))))


class Block(nn.Module):
    @nn.compact
    def __call__(self, x):
        norm, dense = lambda: nn.LayerNorm(**F64), lambda n: nn.Dense(n, **F64)
        mask = nn.make_causal_mask(x[..., 0])
        x = x + nn.MultiHeadDotProductAttention(num_heads=2, name="attention", **F64)(norm()(x), mask=mask)
        return x + dense(8)(nn.gelu(dense(12)(norm()(x))))


def block(tree):
    found = attention(tree["attention"], "attention.")
    for i, name in enumerate(["attention_norm", "mlp_norm"]):
        found[f"{name}.scale"] = tree[f"LayerNorm_{i}"]["scale"]
        found[f"{name}.bias"] = tree[f"LayerNorm_{i}"]["bias"]
    # Arguments are made from the inside out: the first dense layer is the outer one.
    for i, name in enumerate(["down", "up"]):
        found[f"mlp.{name}.w"] = tree[f"Dense_{i}"]["kernel"]
        found[f"mlp.{name}.b"] = tree[f"Dense_{i}"]["bias"]
    return found


case("block", Block(), block, x)


class Tied(nn.Module):
    @nn.compact
    def __call__(self, x):
        embed = nn.Embed(6, 8, **F64)
        return embed.attend(x + embed(jnp.array([[1, 2, 5, 5, 0]])))


case("tied", Tied(), lambda tree: {"table": tree["Embed_0"]["embedding"]}, x)

save_file(out, pathlib.Path(__file__).with_suffix(".safetensors"))
