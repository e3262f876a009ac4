"""LeNet with batch normalization and dropout on MNIST's test set: `python lenet_flax.py FOLDER_OF_MNIST`."""

import gzip
import sys

import flax.linen as nn
import jax
import numpy as np
import optax


class LeNet(nn.Module):
    @nn.compact
    def __call__(self, x, training):
        x = x.reshape(-1, 28, 28, 1)
        x = nn.Conv(6, (5, 5), use_bias=False)(x)
        x = nn.relu(nn.BatchNorm(not training, momentum=0.9)(x))
        x = nn.max_pool(x, (2, 2), (2, 2))
        x = nn.Conv(16, (5, 5), padding="VALID", use_bias=False)(x)
        x = nn.relu(nn.BatchNorm(not training, momentum=0.9)(x))
        x = nn.max_pool(x, (2, 2), (2, 2))
        x = x.reshape(-1, 400)
        x = nn.relu(nn.Dense(120)(x))
        x = nn.Dropout(0.25, deterministic=not training)(x)
        x = nn.relu(nn.Dense(84)(x))
        return nn.Dense(10)(x)


net = LeNet()
adam = optax.adam(1e-3)


@jax.jit
def step(params, stats, state, key, x, y):
    def loss(params):
        variables = {"params": params, "batch_stats": stats}
        logits, updated = net.apply(variables, x, True, mutable=["batch_stats"], rngs={"dropout": key})
        return optax.softmax_cross_entropy_with_integer_labels(logits, y).mean(), updated["batch_stats"]

    (value, stats_), grads = jax.value_and_grad(loss, has_aux=True)(params)
    updates, state = adam.update(grads, state, params)
    return optax.apply_updates(params, updates), stats_, state, value


@jax.jit
def evaluate(params, stats, x, y):
    logits = net.apply({"params": params, "batch_stats": stats}, x, False)
    return (logits.argmax(-1) == y).mean()


def read(name, offset):
    with gzip.open(f"{sys.argv[1]}/{name}") as file:
        return np.frombuffer(file.read(), np.uint8, offset=offset)


images = read("t10k-images-idx3-ubyte.gz", 16).reshape(-1, 784).astype(np.float32) / 255
labels = read("t10k-labels-idx1-ubyte.gz", 8).astype(np.int32)
variables = net.init(jax.random.key(0), images[:1], False)
params, stats = variables["params"], variables["batch_stats"]
state = adam.init(params)
key = jax.random.key(1)
for start in range(0, 60 * 64, 64):
    key, dropout = jax.random.split(key)
    x, y = images[start : start + 64], labels[start : start + 64]
    params, stats, state, value = step(params, stats, state, dropout, x, y)
print("accuracy", evaluate(params, stats, images[9000:], labels[9000:]))
