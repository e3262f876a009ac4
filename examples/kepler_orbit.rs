//! Implicit differentiation: the orbit of a planet, found from where it was seen.
//!
//! Where a planet is after some time is a root of Kepler's equation E - e sin E = M, which has no closed form. Newton's
//! method finds it in a `while_loop`; `custom_root` differentiates the root by the implicit function theorem, without
//! a look at Newton's steps. With it gradient descent finds eccentricity and period from thirty sightings.
//!
//! `cargo run --release --example kepler_orbit`

use anyhow::{Result, ensure};
use gradus::{Array, Val, custom_root, grad, jit, linspace, stack, vmap, while_loop};
use gradus_nn::{Adam, Context, TrainState, Training};
use indicatif::ProgressBar;
use std::f64::consts::TAU;

/// The root of `f`, whose derivative is that of Kepler's equation for eccentricity `e`.
fn newton(f: &dyn Fn(&Val) -> Val, start: Val, e: Val) -> Val {
    let (root, _) = while_loop(
        (start, start + 1.0),
        |(x, before)| (x - before).abs().gt(1e-12),
        |(x, _)| (x - f(&x) / (1.0 - e * x.cos()), x),
    );
    root
}

/// The eccentric anomaly E with E - e sin E = `mean`.
fn eccentric_anomaly(e: &Val, mean: &Val) -> Val {
    // What Newton's steps read of `e` is a hint, not a dependence.
    let hint = gradus::stop_gradient(e);
    custom_root(
        *mean,
        |x: &Val| x - e * x.sin() - mean,
        |f, start| newton(f, start, hint),
        |slope, y| y / slope(&y.ones_like()),
    )
}

/// The planet's place `[2]` at `time`, in units of the large half axis; `orbit` is eccentricity and period.
fn place(orbit: &Val, time: &Val) -> Val {
    let e = orbit.at(0);
    let x = eccentric_anomaly(&e, &(TAU * time / orbit.at(1)));
    stack([x.cos() - e, (1.0 - e.square()).sqrt() * x.sin()], 0)
}

/// The places `[30, 2]` at thirty times.
fn sightings(orbit: &Val) -> Val {
    let orbit = *orbit;
    vmap(move |time: &Val| place(&orbit, time))(&linspace(0.0, 3.0, 30).astype(gradus::Dtype::F64))
}

fn main() -> Result<()> {
    // By heart: dE/dM = 1 / (1 - e cos E), dE/de = sin E / (1 - e cos E).
    let root = jit(|e: &Val, mean: &Val| {
        let by_both = grad(|x: &(Val, Val)| eccentric_anomaly(&x.0, &x.1))(&(*e, *mean));
        (eccentric_anomaly(e, mean), by_both.0, by_both.1)
    });
    let (e, mean) = (0.6, 1.0);
    let (x, by_e, by_mean) = root(&Array::scalar(e), &Array::scalar(mean))?;
    let (x, by_e, by_mean) = (x.item::<f64>()?, by_e.item::<f64>()?, by_mean.item::<f64>()?);
    println!("E = {x:.9}, dE/de = {by_e:.9}, dE/dM = {by_mean:.9}");
    let slope = 1.0 - e * x.cos();
    ensure!((x - e * x.sin() - mean).abs() < 1e-12, "not a root");
    ensure!((by_e - x.sin() / slope).abs() < 1e-12 && (by_mean - 1.0 / slope).abs() < 1e-12, "wrong slope");

    let truth = Array::from([0.6, 1.7]);
    let seen = jit(sightings)(&truth)?;
    let optimizer = Adam::new(0.01);
    let guess = Array::from([0.3, 1.6]);
    let mut state = TrainState::new(guess, &optimizer, 0)?;
    let step = jit(move |state: &mut Training<Val, Adam>, seen: &Val| {
        state.step(&optimizer, |orbit, _: &Context| (sightings(orbit) - seen).square().mean())
    });
    let bar = ProgressBar::new(800);
    for _ in 0..800 {
        bar.set_message(format!("{:.2e}", step(&mut state, &seen)?.item::<f64>()?));
        bar.inc(1);
    }
    bar.finish_and_clear();
    let found = state.model.to_vec::<f64>()?;
    println!("eccentricity {:.6} (0.6), period {:.6} (1.7)", found[0], found[1]);
    ensure!((found[0] - 0.6).abs() < 1e-4 && (found[1] - 1.7).abs() < 1e-4, "the orbit is not found");
    Ok(())
}
