//! Several threads trace, compile and call at once: right results, and no growth of memory.
//!
//! A second in every run; with `GRADUS_SLOW=1` a minute, after a quarter of one to warm up.

use gradus::{Array, Jitted, Result, Val, grad, jit, scan, stack, vmap, while_loop};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

const THREADS: usize = 4;
/// Memory is looked at so often.
const QUARTERS: u32 = 4;

/// Bytes of this process that are in memory; `None` where the system does not say.
fn resident_bytes() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/statm").ok()?;
    Some(text.split_whitespace().nth(1)?.parse::<u64>().ok()? * 4096)
}

/// How long threads warm up, and how long they are watched.
fn times() -> [Duration; 2] {
    match std::env::var("GRADUS_SLOW").is_ok_and(|slow| slow == "1") {
        true => [Duration::from_secs(15), Duration::from_secs(60)],
        false => [Duration::from_millis(500), Duration::from_secs(1)],
    }
}

/// The most that the process may grow while it is watched: what an allocator's arenas for threads come and go by.
const MOST_GROWTH: u64 = 16 << 20;

/// `sum sin(k x)^2` over a vector of ones of length `n`, by a function made, traced and compiled here. Its number is in
/// its code, so that no two are the same.
fn fresh(k: f64, n: usize) -> Result<f32> {
    let f = jit(move |x: &Val| (x * k).sin().square().sum());
    f(&Array::full([n], 1f32))?.item()
}

/// The derivative of a loop that squares `x` until it is above `end`, and of a scan, made here: tapes, nested steps.
fn fresh_loops(end: f64) -> Result<(f32, f32)> {
    let doubled = jit(grad(move |x: &Val| while_loop(*x, move |x| x.le(end), |x| x * x)));
    let cubed = jit(grad(|x: &Val| scan(*x, &stack([*x, x + 1.0], 0), |c, y| (c * y, ())).0));
    let two = Array::from(2f32);
    Ok((doubled(&two)?.item()?, cubed(&two)?.item()?))
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
    let (k, n) = (1.0 + number as f64 * 1e-4, 10 + number as usize % 5);
    let (found, wanted) = (fresh(k, n)?, n as f32 * (k as f32).sin().powi(2));
    assert!((found - wanted).abs() < 1e-3 * wanted.max(1.0), "{found} is not {wanted}");
    if number.is_multiple_of(8) {
        // 2, 4, 16, 256: 8 x^7 at 2; and x^3 + x^2, of which the derivative is 3 x^2 + 2 x.
        assert_eq!(fresh_loops(100.0 + number as f64 * 1e-4)?, (8.0 * 128.0, 16.0));
    }
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
    let [warm_up, watched] = times();
    // What is kept for later is there after the first rounds.
    let mut rounds = vec![run_for(warm_up, &shared, &step)];
    let mut bytes = vec![resident_bytes()];
    for _ in 0..QUARTERS {
        rounds.push(run_for(watched / QUARTERS, &shared, &step));
        bytes.push(resident_bytes());
    }
    println!("rounds, the first to warm up: {rounds:?}; bytes in memory after each: {bytes:?}");
    assert!(rounds.iter().sum::<u64>() > THREADS as u64, "some rounds were run: {rounds:?}");
    if let (Some(before), Some(after)) = (bytes[0], bytes[QUARTERS as usize]) {
        let grown = after.saturating_sub(before);
        assert!(grown < MOST_GROWTH, "{rounds:?} rounds made the process {grown} bytes larger: {bytes:?}");
    }
}
