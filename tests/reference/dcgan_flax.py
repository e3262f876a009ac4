"""A DCGAN of MNIST's digits: `python dcgan_flax.py FOLDER_OF_MNIST`."""

import gzip
import sys

import flax.linen as nn
import jax
import numpy as np
import optax

LATENT = 64


class Generator(nn.Module):
    @nn.compact
    def __call__(self, z, training):
        h = nn.Dense(7 * 7 * 32)(z).reshape(-1, 7, 7, 32)
        h = nn.relu(nn.BatchNorm(not training)(h))
        h = nn.ConvTranspose(16, (4, 4), strides=(2, 2), use_bias=False)(h)
        h = nn.relu(nn.BatchNorm(not training)(h))
        return nn.tanh(nn.ConvTranspose(1, (4, 4), strides=(2, 2))(h))


class Discriminator(nn.Module):
    @nn.compact
    def __call__(self, x, training):
        h = nn.leaky_relu(nn.Conv(16, (4, 4), strides=(2, 2))(x), 0.2)
        h = nn.Conv(32, (4, 4), strides=(2, 2), use_bias=False)(h)
        h = nn.leaky_relu(nn.BatchNorm(not training)(h), 0.2)
        return nn.Dense(1)(h.reshape(-1, 7 * 7 * 32))


generator, discriminator = Generator(), Discriminator()
adam = optax.adam(2e-4, b1=0.5)


def apply(net, params, stats, x):
    variables = {"params": params, "batch_stats": stats}
    y, updated = net.apply(variables, x, True, mutable=["batch_stats"])
    return y, updated["batch_stats"]


@jax.jit
def step(networks, x, key):
    (gp, gs, go), (dp, ds, do) = networks
    real = x.reshape(-1, 28, 28, 1) * 2 - 1
    z = jax.random.normal(key, (x.shape[0], LATENT))
    fake, _ = apply(generator, gp, gs, z)

    def fooled(gp):
        images, stats = apply(generator, gp, gs, z)
        logits, _ = apply(discriminator, dp, ds, images)
        return nn.softplus(-logits).mean(), stats

    def told_apart(dp):
        on_real, stats = apply(discriminator, dp, ds, real)
        on_fake, stats = apply(discriminator, dp, stats, fake)
        return nn.softplus(-on_real).mean() + nn.softplus(on_fake).mean(), stats

    (g_loss, gs), g_grads = jax.value_and_grad(fooled, has_aux=True)(gp)
    (d_loss, ds), d_grads = jax.value_and_grad(told_apart, has_aux=True)(dp)
    updates, go = adam.update(g_grads, go, gp)
    gp = optax.apply_updates(gp, updates)
    updates, do = adam.update(d_grads, do, dp)
    dp = optax.apply_updates(dp, updates)
    return ((gp, gs, go), (dp, ds, do)), g_loss, d_loss


def start(net, key, x):
    variables = net.init(key, x, True)
    params = variables["params"]
    return params, variables["batch_stats"], adam.init(params)


with gzip.open(f"{sys.argv[1]}/t10k-images-idx3-ubyte.gz") as file:
    digits = np.frombuffer(file.read(), np.uint8, offset=16).reshape(-1, 784).astype(np.float32) / 255
networks = (
    start(generator, jax.random.key(0), np.zeros((2, LATENT), np.float32)),
    start(discriminator, jax.random.key(2), np.zeros((2, 28, 28, 1), np.float32)),
)
for i in range(20):
    x = digits[32 * i : 32 * (i + 1)]
    networks, g_loss, d_loss = step(networks, x, jax.random.key(i))
    print("generator", g_loss, "discriminator", d_loss)
