//! Several threads trace, compile and call at once: right results, and no growth of memory.
//!
//! A second in every run; with `GRADUS_SLOW=1` a minute.

use gradus::{Array, Jitted, Result, Val, grad, jit, vmap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

const THREADS: usize = 4;

/// Bytes of this process that are in memory; `None` where the system does not say.
fn resident_bytes() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/statm").ok()?;
    Some(text.split_whitespace().nth(1)?.parse::<u64>().ok()? * 4096)
}

fn seconds() -> u64 {
    if std::env::var("GRADUS_SLOW").is_ok_and(|slow| slow == "1") { 60 } else { 1 }
}

/// `sum sin(k x)^2` over a vector of ones of length `n`, by a function made, traced and compiled here.
fn fresh(k: usize, n: usize) -> Result<f32> {
    let f = jit(move |x: &Val| (x * k as f64).sin().square().sum());
    f(&Array::full([n], 1f32))?.item()
}

/// The gradient of what the threads share, at `x`: `2 x` in every lane.
fn shared_gradient() -> Jitted<fn(&Val) -> Val> {
    jit(vmap(grad(|x: &Val| x * x)))
}

/// One round of a thread: a function of its own, the shared one on one of a few shapes, and state of its own.
fn round(
    number: u64,
    shared: &Jitted<fn(&Val) -> Val>,
    step: &Jitted<fn(&mut Val, &Val) -> Val>,
) -> Result<()> {
    let (k, n) = (1 + number as usize % 3, 10 + number as usize % 5);
    let (found, wanted) = (fresh(k, n)?, n as f32 * (k as f32).sin().powi(2));
    assert!((found - wanted).abs() < 1e-4 * wanted.max(1.0), "{found} is not {wanted}");
    let x: Vec<f32> = (0..1 + number % 7).map(|i| (number % 100 + i) as f32).collect();
    let gradient = shared(&Array::from(x.clone()))?.to_vec::<f32>()?;
    assert!(gradient.iter().zip(&x).all(|(g, x)| *g == 2.0 * x), "{gradient:?} is not twice {x:?}");
    let mut state = Array::full([20_000], number as f32 % 10.0);
    let total = step(&mut state, &Array::from(1f32))?.item::<f32>()?;
    assert_eq!(total, 20_000.0 * (number as f32 % 10.0 + 1.0));
    assert_eq!(state.to_vec::<f32>()?[7], number as f32 % 10.0 + 1.0);
    Ok(())
}

/// Rounds on all threads until the time is over; returns how many.
fn run_for(
    time: Duration,
    shared: &Jitted<fn(&Val) -> Val>,
    step: &Jitted<fn(&mut Val, &Val) -> Val>,
) -> u64 {
    let (end, next) = (Instant::now() + time, AtomicU64::new(0));
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                while Instant::now() < end {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    round(number, shared, step).unwrap_or_else(|e| panic!("round {number}: {e}"));
                }
            });
        }
    });
    next.into_inner()
}

#[test]
fn threads_share_functions_and_make_their_own() {
    let shared = shared_gradient();
    let step: Jitted<fn(&mut Val, &Val) -> Val> = jit(|state: &mut Val, x: &Val| {
        *state += x;
        state.sum()
    });
    // What is kept for later is there after the first rounds.
    run_for(Duration::from_millis(500), &shared, &step);
    let before = resident_bytes();
    let rounds = run_for(Duration::from_secs(seconds()), &shared, &step);
    assert!(rounds > THREADS as u64, "some rounds were run: {rounds}");
    if let (Some(before), Some(after)) = (before, resident_bytes()) {
        let grown = after.saturating_sub(before);
        assert!(grown < 32 << 20, "{rounds} rounds made the process {grown} bytes larger");
    }
}
