//! A physics simulation differentiated end to end: how must a ball be thrown to hit a target?
//!
//! The ball flies through air; the flight is a `scan` of a thousand steps, and the gradient of the miss by the throw
//! goes back through all of them. Without air the answer is known by heart, and is checked first.
//!
//! `cargo run --release --example projectile`

use anyhow::{Result, ensure};
use gradus::{Array, Scan, Val, jit, stack, value_and_grad};
use indicatif::ProgressBar;

const GRAVITY: f64 = 9.81;
const STEPS: usize = 1000;

/// The path `[1000, 2]` of a ball thrown with `velocity` from the origin, at equal times until `duration`.
///
/// Semi-implicit Euler steps; air slows the ball by `drag · |v| v`.
fn flight(velocity: Val, duration: Val, drag: Val) -> Val {
    let step = duration / STEPS as f64;
    let down = stack([Val::from(0.0), Val::from(-GRAVITY)], 0);
    let simulate = |(x, v): (Val, Val), ()| {
        let speed = v.dot(v).sqrt();
        let v = v + step * (down - drag * speed * v);
        let x = x + step * v;
        ((x, v), x)
    };
    let start = (velocity * 0.0, velocity);
    Scan { length: Some(STEPS), ..Scan::default() }.run(start, &(), simulate).1
}

/// The squared distance from the target at the end of the flight.
fn miss(velocity: &Val, target: &Val, drag: &Val) -> Val {
    let end = flight(*velocity, Val::from(2.0), *drag).at(-1);
    (end - target).square().sum()
}

/// The throw that hits `target` after two seconds, by gradient descent.
fn aim(target: &Array, drag: f32) -> Result<Vec<f32>> {
    let step = jit(|velocity: &mut Val, target: &Val, drag: &Val| {
        let (miss, slope) = value_and_grad(miss)(velocity, target, drag);
        *velocity -= 0.1 * slope;
        miss
    });
    let mut velocity = Array::from([5.0f32, 5.0]);
    let bar = ProgressBar::new(300);
    for _ in 0..300 {
        let miss = step(&mut velocity, target, &Array::from(drag))?.item::<f32>()?;
        bar.set_message(format!("miss {miss:.2e}"));
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(velocity.to_vec::<f32>()?)
}

fn main() -> Result<()> {
    let target = Array::from([30.0f32, 5.0]);
    let in_vacuum = aim(&target, 0.0)?;
    // x = v t and y = v t - g t (t + dt) / 2 of the discrete steps.
    let (time, step) = (2.0, 2.0 / STEPS as f64);
    let by_heart = [30.0 / time, 5.0 / time + GRAVITY * (time + step) / 2.0];
    println!("in vacuum: throw with {in_vacuum:.3?} m/s, by heart {by_heart:.3?} m/s");
    ensure!(in_vacuum.iter().zip(by_heart).all(|(v, w)| (f64::from(*v) - w).abs() < 0.01), "missed");

    let in_air = aim(&target, 0.01)?;
    let path = jit(|v: &Val, drag: &Val| flight(*v, Val::from(2.0), *drag).at(-1));
    let end = path(&Array::from([in_air[0], in_air[1]]), &Array::from(0.01f32))?.to_vec::<f32>()?;
    println!("in air:    throw with {in_air:.3?} m/s, the ball lands at {end:.3?} m");
    ensure!(
        in_air[0] > in_vacuum[0] && (end[0] - 30.0).abs() < 0.01 && (end[1] - 5.0).abs() < 0.01,
        "missed"
    );
    Ok(())
}
