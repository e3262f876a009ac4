//! Samples a distribution known only by its logarithm: Hamiltonian Monte Carlo (Neal, 2011), many chains at once.
//!
//! One chain is a `scan` of leapfrog trajectories with gradients of the log density; `vmap` makes a thousand of it.
//! The target is a Gaussian, so that its mean and covariance are known.
//!
//! `cargo run --release --example hamiltonian_monte_carlo`

use anyhow::{Result, ensure};
use gradus::{Array, Scan, Val, fori_loop, grad, jit, random, vmap, where_};
use std::time::Instant;

/// Mean and inverse covariance of the target; the covariance is `[[2, 0.6], [0.6, 0.5]]`.
const MEAN: [f32; 2] = [1.0, -2.0];
const PRECISION: [[f32; 2]; 2] = [[0.78125, -0.9375], [-0.9375, 3.125]];

fn log_density(x: &Val) -> Val {
    let centred = x - Val::from(&Array::from(MEAN));
    -0.5 * centred.dot(Val::from(&Array::from(PRECISION)).dot(centred))
}

/// A trajectory of so many leapfrog steps of this length.
const STEPS: i64 = 12;
const STEP: f64 = 0.25;

/// The end of the trajectory from position and momentum.
fn leapfrog(position: Val, momentum: Val) -> (Val, Val) {
    let force = grad(log_density);
    let (x, p) = fori_loop(0, STEPS, (position, momentum + STEP / 2.0 * force(&position)), |_, (x, p)| {
        let x = x + STEP * p;
        (x, p + STEP * force(&x))
    });
    // The last kick was half a step too far.
    (x, p - STEP / 2.0 * force(&x))
}

/// One proposal, taken or not by its energy (Metropolis).
fn transition(x: Val, key: Val) -> Val {
    let [momentum_key, accept_key] = random::split_into(key);
    let momentum = random::normal(momentum_key, [2]);
    let energy = |x: &Val, p: Val| 0.5 * p.dot(p) - log_density(x);
    let (proposal, end) = leapfrog(x, momentum);
    let chance = (energy(&x, momentum) - energy(&proposal, end)).exp();
    where_(random::uniform(accept_key, Vec::<usize>::new()).lt(chance), proposal, x)
}

const CHAINS: usize = 1000;
const DRAWS: usize = 200;
const DROPPED: usize = 50;

/// The draws `[200, 2]` of one chain.
fn chain(key: &Val) -> Val {
    let keys = random::split(key, DRAWS);
    let start = Val::from(&Array::from([0.0f32, 0.0]));
    let step = |x, key| {
        let next = transition(x, key);
        (next, next)
    };
    Scan::default().run(start, &keys, step).1
}

fn main() -> Result<()> {
    let sample = jit(|key: &Val| {
        let draws = vmap(chain)(&random::split(key, CHAINS));
        let draws = draws.slice(gradus::s![.., DROPPED as i64.., ..]).reshape([-1, 2]);
        let centred = draws - draws.mean_axes(0);
        (draws.mean_axes(0), centred.transpose().dot(centred) / (CHAINS * (DRAWS - DROPPED)) as f64)
    });
    let start = Instant::now();
    let (mean, covariance) = sample(&random::seed(0))?;
    println!("{} draws of {CHAINS} chains in {:.2?}", CHAINS * DRAWS, start.elapsed());
    println!("mean\n{mean}\ncovariance\n{covariance}");

    let near = |found: &Array, truth: &[f32]| -> Result<bool> {
        Ok(found.to_vec::<f32>()?.iter().zip(truth).all(|(f, t)| (f - t).abs() < 0.03))
    };
    ensure!(near(&mean, &MEAN)?, "the mean is not that of the target");
    ensure!(near(&covariance, &[2.0, 0.6, 0.6, 0.5])?, "the covariance is not that of the target");
    Ok(())
}
