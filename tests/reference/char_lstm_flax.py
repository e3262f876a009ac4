"""A character LSTM in Flax and optax: what crates/nn/tests/models/char_lstm.rs is held to."""
import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax

TEXT = "the cat sat on the mat; the dog lay by the log; the owl saw it all. " * 8
HIDDEN, BATCH, TIME, STEPS = 64, 16, 32, 200
vocab = sorted(set(TEXT))
ids = jnp.array([vocab.index(c) for c in TEXT])


class CharLstm(nn.Module):
    def setup(self):
        self.embed = nn.Embed(len(vocab), 16)
        self.cell = nn.OptimizedLSTMCell(HIDDEN)
        self.lstm = nn.RNN(self.cell)
        self.head = nn.Dense(len(vocab))

    def __call__(self, ids):
        return self.head(self.lstm(self.embed(ids)))  # [batch, time, vocab]

    def step(self, carry, id):
        carry, h = self.cell(carry, self.embed(id))
        return carry, self.head(h)


model = CharLstm()
adam = optax.adam(1e-2)


def loss(params, key):
    at = jax.random.randint(key, (BATCH, 1), 0, len(ids) - TIME)
    logits = model.apply(params, ids[at + jnp.arange(TIME)])
    labels = ids[at + 1 + jnp.arange(TIME)]
    return optax.softmax_cross_entropy_with_integer_labels(logits, labels).mean()


@jax.jit
def step(params, state, key):
    value, grads = jax.value_and_grad(loss)(params, key)
    updates, state = adam.update(grads, state, params)
    return optax.apply_updates(params, updates), state, value


@jax.jit
def sample(params, key, first):
    def next(carry, key):
        carry, logits = model.apply(params, *carry, method=CharLstm.step)
        id = jax.random.categorical(key, logits / 0.5)
        return (carry, id), id

    zeros = (jnp.zeros(HIDDEN), jnp.zeros(HIDDEN))
    return jax.lax.scan(next, (zeros, first), jax.random.split(key, 60))[1]


params = model.init(jax.random.key(0), jnp.zeros((1, TIME), int))
state = adam.init(params)
for i in range(STEPS):
    params, state, value = step(params, state, jax.random.fold_in(jax.random.key(1), i))
print(f"loss {value:.3f}")
written = "".join(vocab[i] for i in np.array(sample(params, jax.random.key(2), ids[0])))
print(written)
