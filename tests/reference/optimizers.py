"""Trajectories of optax' optimizers and values of its schedules, in f64: writes optimizers.safetensors beside itself.

Made with optax 0.2.8, jax 0.10.2, safetensors 0.8.0: `python tests/reference/optimizers.py`. Each optimizer makes 20 steps from
given gradients; a trajectory is `[20, 9]`, after each step the elements of `b` and then of `w`.
"""

import pathlib

import jax

jax.config.update("jax_enable_x64", True)

import jax.numpy as jnp
import numpy as np
import optax
from safetensors.numpy import save_file

STEPS = 20
rng = np.random.default_rng(11)
params = {"b": rng.normal(size=3), "w": rng.normal(size=(2, 3))}
grads = {"b": rng.normal(size=(STEPS, 3)), "w": rng.normal(size=(STEPS, 2, 3)) * 3.0}
grads["b"][::4, 1] = 0.0  # an element that is often without a gradient
grads["w"][:, 0, 2] = 0.0  # and one that always is
complex_params = jax.tree.map(lambda x: x + 1j * np.roll(x, 1), params)
complex_grads = jax.tree.map(lambda x: x - 0.5j * np.flip(x, -1), grads)
out = {f"params.{k}": v for k, v in params.items()} | {f"grads.{k}": v for k, v in grads.items()}


def flat(tree):
    return np.concatenate([np.asarray(leaf).ravel() for leaf in jax.tree.leaves(tree)])


def trajectory(optimizer, params, grads):
    state, rows = optimizer.init(params), []
    for t in range(STEPS):
        updates, state = optimizer.update(jax.tree.map(lambda g: jnp.asarray(g[t]), grads), state, params)
        params = optax.apply_updates(params, updates)
        rows.append(flat(params))
    return np.stack(rows)


def matrices(tree):
    return jax.tree.map(lambda leaf: leaf.ndim > 1, tree)


def labels(_):
    return {"b": "fast", "w": "slow"}


def wide(schedule):
    """In f64: from a count of int32, optax computes a schedule in f32, whatever the mode."""
    return lambda count: schedule(jnp.asarray(count, jnp.float64))


warm = wide(optax.warmup_cosine_decay_schedule(0.0, 0.1, 5, 20, 0.01))
CASES = {
    "sgd": optax.sgd(0.1),
    "momentum": optax.sgd(0.1, momentum=0.9),
    "nesterov": optax.sgd(warm, momentum=0.8, nesterov=True),
    "adam": optax.adam(0.1),
    "adam.options": optax.adam(warm, b1=0.8, b2=0.95, eps=1e-3, eps_root=1e-4),
    "nadam": optax.nadam(0.1),
    "nadam.options": optax.nadam(0.05, b1=0.7, b2=0.9, eps=1e-5),
    "adamw": optax.adamw(0.1),
    "adamw.mask": optax.adamw(0.1, weight_decay=0.2, mask=matrices),
    "nadamw": optax.nadamw(0.1, weight_decay=0.01),
    "amsgrad": optax.amsgrad(0.1),
    "amsgrad.options": optax.amsgrad(0.1, b2=0.9, bias_correction_mu=False, bias_correction_nu=False),
    "rmsprop": optax.rmsprop(0.1),
    "rmsprop.centered": optax.rmsprop(0.05, decay=0.8, centered=True, eps=1e-3, momentum=0.9),
    "rmsprop.outside": optax.rmsprop(warm, eps_in_sqrt=False, eps=1e-4, initial_scale=0.5, momentum=0.7, nesterov=True),
    "rmsprop.corrected": optax.rmsprop(0.1, bias_correction=True, eps=1e-2),
    "rmsprop.centered.corrected": optax.rmsprop(0.1, centered=True, bias_correction=True, eps=1e-2),
    "adagrad": optax.adagrad(0.1),
    "adagrad.options": optax.adagrad(warm, initial_accumulator_value=0.0, eps=1e-5),
    "adadelta": optax.adadelta(1.0),
    "adadelta.options": optax.adadelta(0.5, rho=0.95, eps=1e-4, weight_decay=0.1, weight_decay_mask=matrices),
    "lion": optax.lion(0.01),
    "lion.options": optax.lion(warm, b1=0.95, b2=0.98, weight_decay=0.1, mask=matrices),
    "clip": optax.chain(optax.clip(0.5), optax.sgd(0.1)),
    "clip.block_rms": optax.chain(optax.clip_by_block_rms(0.5), optax.sgd(0.1)),
    "clip.global_norm": optax.chain(optax.clip_by_global_norm(1.5), optax.sgd(0.1)),
    "clip.global_norm.wide": optax.chain(optax.clip_by_global_norm(8.0), optax.adam(0.1)),
    "l2": optax.chain(optax.add_decayed_weights(0.3, matrices), optax.sgd(0.1)),
    "chain": optax.chain(optax.trace(0.5), optax.scale(0.5), optax.scale_by_schedule(lambda t: -0.1 / (t + 1))),
    "multi_steps": optax.MultiSteps(
        optax.adam(0.1), 3, accumulator_dtype=jnp.float64
    ).gradient_transformation(),
    "masked": optax.chain(optax.masked(optax.scale_by_adam(), matrices), optax.scale(-0.1)),
    "partition": optax.partition({"fast": optax.adam(0.1), "slow": optax.sgd(0.01, momentum=0.9)}, labels),
    "frozen": optax.partition({"fast": optax.set_to_zero(), "slow": optax.adamw(0.1)}, labels),
}
for name, optimizer in CASES.items():
    out[f"optimizer.{name}"] = trajectory(optimizer, params, grads)

faulty = {k: v.copy() for k, v in grads.items()}
for t in (3, 4, 7, 8, 9, 10):
    faulty["b"][t, 0] = np.nan if t % 2 else np.inf
out["faulty.b"] = faulty["b"]
out["optimizer.apply_if_finite"] = trajectory(optax.apply_if_finite(optax.adam(0.1), 5), params, faulty)

COMPLEX = {
    "adam": optax.adam(0.1),
    "nesterov": optax.sgd(0.1, momentum=0.9, nesterov=True),
    "rmsprop.centered": optax.rmsprop(0.05, centered=True, eps=1e-2),
    "adagrad": optax.adagrad(0.1),
    "lion": optax.lion(0.1),
    "adadelta": optax.adadelta(1.0),
    "clip.global_norm": optax.chain(optax.clip_by_global_norm(1.5), optax.sgd(0.1)),
}
for name, optimizer in COMPLEX.items():
    rows = trajectory(optimizer, complex_params, complex_grads)
    out[f"complex.{name}.real"], out[f"complex.{name}.imag"] = rows.real.copy(), rows.imag.copy()

SCHEDULES = {
    "constant": optax.constant_schedule(0.3),
    "linear": optax.linear_schedule(1.0, 0.1, 10, 5),
    "polynomial": optax.polynomial_schedule(0.1, 2.0, 3, 15),
    "cosine": optax.cosine_decay_schedule(0.5, 20),
    "cosine.options": optax.cosine_decay_schedule(0.5, 20, alpha=0.1, exponent=2.0),
    "warm_up_cosine": warm,
    "warm_up_cosine.options": optax.warmup_cosine_decay_schedule(0.02, 0.2, 8, 30, 0.05, 1.5),
    "exponential": optax.exponential_decay(0.5, 7, 0.6),
    "exponential.staircase": optax.exponential_decay(0.5, 7, 0.6, transition_begin=3, staircase=True, end_value=0.15),
    "exponential.rise": optax.exponential_decay(0.01, 4, 1.5, end_value=0.2),
    "piecewise": optax.piecewise_constant_schedule(1.0, {5: 0.5, 20: 0.1}),
    "one_cycle": optax.cosine_onecycle_schedule(30, 0.4),
    "one_cycle.options": optax.cosine_onecycle_schedule(30, 0.4, 0.25, 10.0, 100.0),
    "one_cycle.linear": optax.linear_onecycle_schedule(30, 0.4),
    "one_cycle.linear.options": optax.linear_onecycle_schedule(33, 0.4, 0.2, 0.7, 5.0, 50.0),
    "joined": optax.join_schedules(
        [optax.linear_schedule(0.0, 1.0, 6), optax.constant_schedule(1.0), optax.exponential_decay(1.0, 5, 0.5)], [6, 12]
    ),
}
for name, schedule in SCHEDULES.items():
    out[f"schedule.{name}"] = np.array([float(wide(schedule)(t)) for t in range(40)])


def rosenbrock(tree):
    x = jnp.concatenate([tree["b"].ravel(), tree["w"].ravel()])
    return jnp.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)


SEARCHES = {
    "zoom": optax.lbfgs(),
    "zoom.options": optax.lbfgs(
        memory_size=3,
        scale_init_precond=False,
        linesearch=optax.scale_by_zoom_linesearch(
            30, max_learning_rate=2.0, curv_rtol=0.3, increase_factor=3.0, initial_guess_strategy="one"
        ),
    ),
    "backtracking": optax.lbfgs(
        memory_size=5, linesearch=optax.scale_by_backtracking_linesearch(25, decrease_factor=0.5)
    ),
    "none": optax.lbfgs(learning_rate=0.1, linesearch=None),
}
for name, optimizer in SEARCHES.items():
    point, state = jax.tree.map(jnp.asarray, params), None
    state, rows = optimizer.init(point), []

    @jax.jit
    def step(point, state):
        value, grad = jax.value_and_grad(rosenbrock)(point)
        updates, state = optimizer.update(grad, state, point, value=value, grad=grad, value_fn=rosenbrock)
        return optax.apply_updates(point, updates), state

    for _ in range(STEPS):
        point, state = step(point, state)
        rows.append(flat(point))
    out[f"lbfgs.{name}"] = np.stack(rows)

path = pathlib.Path(__file__).with_suffix(".safetensors")
save_file({k: np.ascontiguousarray(v, dtype=np.float64) for k, v in out.items()}, path)
print(optax.__version__, jax.__version__, len(out), path.stat().st_size)
