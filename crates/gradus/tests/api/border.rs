//! The border of a trace: errors with the user's line, poisoned values, panics, threads.

use super::{near, scalar, vector};
use gradus::{Array, Config, Result, Val, fori_loop, grad, jit, trace, vmap};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Barrier;
use std::sync::Mutex;

/// Where this file is, as errors name it.
const HERE: &str = file!();

#[test]
fn an_error_names_operation_shapes_and_line() {
    let f = jit(|x: &Val, y: &Val| {
        let z = x + y; // the line
        z * 2.0
    });
    let line = line!() - 3;
    let message = f(&vector(&[1., 2.]), &vector(&[1., 2., 3.])).expect_err("no common shape").to_string();
    assert!(message.contains("[2]") && message.contains("[3]"), "{message}");
    assert!(message.contains(&format!("at {HERE}:{line}:")), "{message}");
    assert!(message.contains(&format!("jitted at {HERE}:{}:", line - 1)), "{message}");
}

#[test]
fn an_error_inside_a_transform_names_its_own_line_and_the_transforms() {
    let f = jit(|x: &Val, y: &Val| grad(|x: &Val| (x + y).sum())(x));
    let line = line!() - 1;
    let message = f(&vector(&[1., 2.]), &vector(&[1., 2., 3.])).expect_err("no common shape").to_string();
    assert!(message.contains(&format!("{HERE}:{line}:")), "{message}");
    let f = jit(|x: &Val| grad(|x: &Val| x * 2.0)(x));
    let line = line!() - 1;
    let message = f(&vector(&[1., 2.])).expect_err("not a scalar").to_string();
    assert!(message.starts_with("grad: "), "{message}");
    assert!(message.contains("f32[2]") && message.contains(&format!("{HERE}:{line}:")), "{message}");
    let message = jit(grad(|x: &Val| *x))(&Array::from(1i32)).expect_err("an integer").to_string();
    assert!(message.starts_with("grad: ") && message.contains("i32"), "{message}");
    let message = jit(vmap(|x: &Val| *x))(&scalar(1.)).expect_err("no axis").to_string();
    assert!(message.starts_with("vmap: "), "{message}");
    let message =
        jit(vmap(|x: &Val, y: &Val| x + y))(&vector(&[1.]), &vector(&[1., 2.])).expect_err("other extents");
    let message = message.to_string();
    assert!(message.starts_with("vmap: ") && message.contains('1') && message.contains('2'), "{message}");
}

#[test]
fn the_first_error_is_returned_and_poisoned_values_stay_silent() {
    let f = jit(|x: &Val, y: &Val| {
        let first = x + y;
        let second = first * 2.0 + x;
        second.sin() + first
    });
    let message = f(&vector(&[1., 2.]), &vector(&[1., 2., 3.])).expect_err("refused").to_string();
    assert!(message.starts_with("add: "), "{message}");
}

#[test]
fn asking_a_poisoned_value_for_its_shape_unwinds_to_the_border() {
    let reached = Mutex::new(false);
    let f = jit(|x: &Val, y: &Val| {
        let bad = x + y;
        let n = bad.rank();
        *reached.lock().expect("no panic") = true;
        x * n as i64
    });
    let message = f(&vector(&[1., 2.]), &vector(&[1., 2., 3.])).expect_err("refused").to_string();
    assert!(message.starts_with("add: "), "{message}");
    assert!(!*reached.lock().expect("no panic"));
    // also from within inner traces
    let f = jit(|x: &Val, y: &Val| grad(|x: &Val| x * (x + y).rank() as i64)(x));
    assert!(f(&vector(&[1., 2.]), &vector(&[1., 2., 3.])).is_err());
    near(&jit(|x: &Val| x + 1.0)(&scalar(1.)).expect("a new trace works"), &[2.]);
}

#[test]
fn a_panic_in_user_code_leaves_no_trace_open_and_poisons_nothing() -> Result<()> {
    let f = jit(|x: &Val, fail: &gradus::Fixed<bool>| {
        grad(|x: &Val| {
            assert!(!fail.0, "the user's own");
            x * 2.0
        })(x)
    });
    let panicked = catch_unwind(AssertUnwindSafe(|| f(&scalar(1.), &gradus::Fixed(true))));
    let payload = panicked.expect_err("goes on to the caller");
    assert_eq!(payload.downcast_ref::<&str>(), Some(&"the user's own"));
    near(&f(&scalar(1.), &gradus::Fixed(false))?, &[2.]);
    // outside of a trace again: a new one opens at the border, not inside a forgotten one
    assert_eq!(trace(|x: &Val| x + 1.0)(&scalar(1.))?.num_params(), 1);
    Ok(())
}

#[test]
fn two_threads_trace_at_once() {
    let barrier = Barrier::new(2);
    let f = jit(|x: &Val| {
        let y = x * 2.0;
        barrier.wait();
        grad(|x: &Val| x * x * y)(x)
    });
    std::thread::scope(|s| {
        for _ in 0..2 {
            s.spawn(|| near(&f(&scalar(3.)).expect("runs"), &[36.]));
        }
    });
    assert!(f.explain().contains("traced 1 times"), "one of the two is kept");
}

#[test]
fn a_value_is_refused_outside_of_its_trace() {
    let smuggled: Mutex<Option<Val>> = Mutex::new(None);
    let line = line!() + 1;
    jit(|x: &Val| {
        *smuggled.lock().expect("no panic") = Some(*x);
        *x
    })(&scalar(1.))
    .expect("runs");
    let v = smuggled.lock().expect("no panic").expect("kept");
    let message = jit(|x: &Val| x + v)(&scalar(1.)).expect_err("of another trace").to_string();
    assert!(message.contains(&format!("finished (begun at {HERE}:{line}:")), "{message}");
}

#[test]
fn a_value_is_refused_on_another_thread() {
    let f = jit(|x: &Val| {
        let x = *x;
        let other = std::thread::spawn(move || {
            jit(move |y: &Val| x + y)(&scalar(1.)).expect_err("foreign").to_string()
        });
        let message = other.join().expect("no panic");
        assert!(message.contains("open on another thread"), "{message}");
        x
    });
    near(&f(&scalar(1.)).expect("runs"), &[1.]);
}

#[test]
fn trace_returns_the_program() -> Result<()> {
    let program = trace(|x: &mut Val, y: &Val| *x += y)(&scalar(1.), &scalar(2.))?;
    assert_eq!((program.num_params(), program.results().len()), (2, 1));
    assert!(program.to_string().contains("add"), "{program}");
    assert!(trace(|x: &Val, y: &Val| x + y)(&vector(&[1., 2.]), &vector(&[1., 2., 3.])).is_err());
    let f = jit(|x: &Val| x * 2.0);
    assert!(f.program().is_none());
    f(&scalar(1.))?;
    assert_eq!(f.program().expect("called").num_params(), 1);
    Ok(())
}

#[test]
fn debug_nans_names_the_operation_that_made_the_first_nan() -> Result<()> {
    let config = Config { debug_nans: true, ..Config::default() };
    let f = jit(|s: &mut Val, x: &Val| {
        let root = x.sqrt(); // the line
        *s += root;
        root * 2.0
    });
    let line = line!() - 4;
    let (f, mut s) = (f.with(config), vector(&[1., 1.]));
    near(&f(&mut s, &vector(&[4., 9.]))?, &[4., 6.]);
    near(&s, &[3., 4.]);
    let message = f(&mut s, &vector(&[4., -9.])).expect_err("a NaN").to_string();
    assert!(message.starts_with("sqrt: the first NaN is made here, from f32[2]: [4, -9]"), "{message}");
    assert!(message.contains(&format!("at {HERE}:{line}:")), "{message}");
    near(&s, &[3., 4.]);
    Ok(())
}

#[test]
fn explain_shows_the_times_of_the_latest_measured_call() -> Result<()> {
    let f = jit(|x: &Val| fori_loop(0, 5, x.expand_dims(1) * x, |_, x| x.dot(x).sin()));
    let x = vector(&[0.5; 64]);
    // As in `[4 iterations, 1.2µs, 160 bytes of code, ..]`.
    let has_time = |line: &str| {
        let time = line.split("iterations, ").nth(1).and_then(|rest| rest.split(',').next());
        time.is_some_and(|t| t.ends_with('s') && t.starts_with(|c: char| c.is_ascii_digit()))
    };
    for (calls, measured) in [(1, 1), (1, 2), (1, 2), (3, 4), (2, 8)] {
        (0..calls).try_for_each(|_| f(&x).map(drop))?;
        let text = f.explain();
        assert!(text.contains(&format!("times: of call {measured},")), "{text}");
        let timed = text.lines().filter(|line| line.contains("iterations, ")).collect::<Vec<_>>();
        assert!(timed.len() > 1 && timed.iter().all(|line| has_time(line)), "the loop and its body:\n{text}");
    }
    Ok(())
}

#[test]
fn explain_shows_both_programs_and_the_code() -> Result<()> {
    let f = jit(|x: &Val| (x + 0.0).sin() * 2.0);
    assert!(f.memory().is_none());
    f(&vector(&[1., 2.]))?;
    let text = f.explain();
    for part in ["traced 1 times", "api/border.rs", "traced:", "optimized:", "compiled:", "sin"] {
        assert!(text.contains(part), "{part} is missing in\n{text}");
    }
    assert!(f.memory().expect("called") >= 8);
    Ok(())
}
