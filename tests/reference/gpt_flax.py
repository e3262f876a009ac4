"""A GPT in Flax and optax, with a cache for generation: what crates/nn/tests/models/gpt.rs is held to."""
import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax

TEXT = "the cat sat on the mat; the dog lay by the log; the owl saw it all. " * 8
WIDTH, HEADS, LAYERS, BATCH, TIME, STEPS, DROP = 32, 4, 2, 16, 64, 200, 0.05
vocab = sorted(set(TEXT))
ids = jnp.array([vocab.index(c) for c in TEXT])


class Block(nn.Module):
    decode: bool

    @nn.compact
    def __call__(self, x, train):
        drop = lambda x: nn.Dropout(DROP, deterministic=not train)(x)
        mask = None if self.decode else nn.make_causal_mask(x[..., 0])
        attention = nn.MultiHeadDotProductAttention(
            HEADS, dropout_rate=DROP, deterministic=not train, decode=self.decode
        )
        x = x + drop(attention(nn.LayerNorm()(x), mask=mask))
        h = nn.gelu(nn.Dense(4 * WIDTH)(nn.LayerNorm()(x)))
        return x + drop(nn.Dense(WIDTH)(drop(h)))


class Gpt(nn.Module):
    decode: bool = False

    @nn.compact
    def __call__(self, ids, at=0, train=False):
        normal = nn.initializers.normal(0.02)
        tokens = nn.Embed(len(vocab), WIDTH, embedding_init=normal)
        places = nn.Embed(TIME, WIDTH, embedding_init=normal)
        x = tokens(ids) + places(at + jnp.arange(ids.shape[1]))
        for _ in range(LAYERS):
            x = Block(self.decode)(x, train)
        return tokens.attend(nn.LayerNorm()(x))  # [batch, time, vocab]


adamw = optax.adamw(3e-3)


def loss(params, key):
    key, drop = jax.random.split(key)
    at = jax.random.randint(key, (BATCH, 1), 0, len(ids) - TIME)
    x, labels = ids[at + jnp.arange(TIME)], ids[at + 1 + jnp.arange(TIME)]
    logits = Gpt().apply({"params": params}, x, train=True, rngs={"dropout": drop})
    return optax.softmax_cross_entropy_with_integer_labels(logits, labels).mean()


@jax.jit
def step(params, state, key):
    value, grads = jax.value_and_grad(loss)(params, key)
    updates, state = adamw.update(grads, state, params)
    return optax.apply_updates(params, updates), state, value


@jax.jit
def generate(params, prompt):
    model, n = Gpt(decode=True), len(prompt)
    cache = model.init(jax.random.key(0), jnp.zeros((1, TIME), int))["cache"]

    def next(carry, at):
        cache, id = carry
        variables = {"params": params, "cache": cache}
        logits, changed = model.apply(variables, id[None, None], at, mutable=["cache"])
        id = jnp.where(at + 1 < n, prompt[jnp.minimum(at + 1, n - 1)], logits[0, 0].argmax())
        return (changed["cache"], id), id

    return jax.lax.scan(next, (cache, prompt[0]), jnp.arange(TIME))[1][n - 1 :]


params = Gpt().init(jax.random.key(0), jnp.zeros((1, TIME), int))["params"]
state = adamw.init(params)
for i in range(STEPS):
    params, state, value = step(params, state, jax.random.fold_in(jax.random.key(1), i))
print(f"loss {value:.3f}")
written = "".join(vocab[i] for i in np.array(generate(params, ids[:16])))
print(written)
