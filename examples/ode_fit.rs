//! Fits the four parameters of an ordinary differential equation to observations of its solution.
//!
//! The solver chooses its own steps in a `while_loop`, so the number of steps depends on the data; reverse mode goes
//! through it all the same. The observations come from known parameters, which the fit must find again.
//!
//! `cargo run --release --example ode_fit`

use anyhow::{Result, ensure};
use gradus::{Array, Scan, Val, jit, stack, stop_gradient, where_, while_loop};
use gradus_nn::{Adam, Context, TrainState, Training};
use indicatif::{ProgressBar, ProgressStyle};

/// Prey and predators (Lotka and Volterra): `x' = a x - b x y`, `y' = d x y - c y`, for parameters `[a, b, c, d]`.
fn field(params: Val, state: Val) -> Val {
    let [a, b, c, d] = [0, 1, 2, 3].map(|i| params.at(i));
    let (prey, predators) = (state.at(0), state.at(1));
    stack([a * prey - b * prey * predators, d * prey * predators - c * predators], 0)
}

/// The largest error of one step.
const TOLERANCE: f64 = 1e-4;

/// The state after `time`: steps of Heun's method, as long as its distance from Euler's allows.
fn integrate(params: Val, start: Val, time: f64) -> Val {
    let (end, _, _) = while_loop(
        (start, Val::from(0.0), Val::from(0.1)),
        |(_, t, _)| t.lt(time),
        |(state, t, step)| {
            let step = step.min(time - t);
            let slope = field(params, state);
            let euler = state + step * slope;
            let heun = state + step * (slope + field(params, euler)) / 2.0;
            let error = stop_gradient(&(heun - euler).abs().amax()).max(1e-9);
            let accepted = error.le(TOLERANCE);
            let next = step * (0.9 * (TOLERANCE / error).sqrt()).clip(0.2, 5.0);
            (where_(accepted, heun, state), where_(accepted, t + step, t), next)
        },
    );
    end
}

const OBSERVATIONS: usize = 20;
const INTERVAL: f64 = 0.5;

/// The states `[20, 2]` at the times of observation.
fn trajectory(params: &Val) -> Val {
    let start = Val::from(&Array::from([1.0f32, 0.5]));
    let step = |state: Val, ()| {
        let next = integrate(*params, state, INTERVAL);
        (next, next)
    };
    Scan { length: Some(OBSERVATIONS), ..Default::default() }.run(start, &(), step).1
}

fn main() -> Result<()> {
    let truth = [1.1f32, 0.4, 0.4, 0.1].map(|p| p * 1.5);
    let observed = jit(trajectory)(&Array::from(truth))?;

    let optimizer = Adam::new(0.02);
    let guess = Array::from([1.0f32, 1.0, 1.0, 0.5]);
    let mut state = TrainState::new(guess, &optimizer, 0)?;
    let loss = |params: &Val, observed: &Val| (trajectory(params) - observed).square().mean();
    let step = jit(move |state: &mut Training<Val, Adam>, observed: &Val| {
        state.step(&optimizer, |params, _: &Context| loss(params, observed))
    });

    let bar = ProgressBar::new(1500);
    bar.set_style(ProgressStyle::with_template("{wide_bar} {pos}/{len}  {msg}")?);
    for _ in 0..1500 {
        let loss = step(&mut state, &observed)?.item::<f32>()?;
        bar.set_message(format!("loss {loss:.2e}"));
        bar.inc(1);
    }
    bar.finish();

    let found = state.model.to_vec::<f32>()?;
    println!("found {found:.3?}\ntruth {truth:.3?}");
    ensure!(found.iter().zip(truth).all(|(f, t)| (f - t).abs() < 0.02), "the fit missed the truth");
    Ok(())
}
