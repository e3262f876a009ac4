//! The reference interpreter as the backend of `jit`: what it computes, refuses and tells is what the compiler does.

use super::events::events;
use super::{near, scalar, vector};
use gradus::{
    Array, BackendKind, Config, Result, Tree, Val, check, debug_callback, fori_loop, grad, jit, linalg, scan,
    value_and_grad, vmap, while_loop,
};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

fn interpreter() -> Config {
    Config { backend: BackendKind::Interpreter, ..Config::default() }
}
/// The compiler, each operation rounded as written.
fn compiler() -> Config {
    Config { backend: BackendKind::Compiler, precise: true, ..Config::default() }
}

#[derive(Tree, Clone, Debug, PartialEq)]
struct Model<T = Array> {
    w: T,
    b: T,
    steps: T,
}

/// A recurrent network along the first axis of `xs`.
fn run(model: &Model<Val>, xs: &Val) -> Val {
    scan(model.b * 0.0, xs, |h, x| {
        let h = (h.dot(model.w) + x + model.b).tanh();
        (h, h.sum())
    })
    .1
    .sum()
}
fn loss(model: &Model<Val>, xs: &Val) -> Val {
    vmap(|xs: &Val| run(model, xs))(xs).mean()
}

#[test]
fn a_model_step_is_the_same_under_both_backends() -> Result<()> {
    let step = jit(|model: &mut Model<Val>, xs: &Val| {
        let (value, grads) = value_and_grad(|m: &Model<Val>, xs: &Val| loss(m, xs))(model, xs);
        model.w -= 0.1 * grads.w;
        model.b -= 0.1 * grads.b;
        model.steps += 1;
        value
    });
    let start = || Model {
        w: Array::from([[0.5f32, -0.25], [0.125, 1.0]]),
        b: vector(&[0.1, -0.2]),
        steps: scalar(0.),
    };
    let xs = Array::new([2, 3, 2], (0..12).map(|i| i as f32 / 8.0 - 0.5).collect::<Vec<_>>())?;
    let (compiled, interpreted) = (step.with(compiler()), step.with(interpreter()));
    let (mut a, mut b) = (start(), start());
    for _ in 0..3 {
        // Up to rounding: the optimizer may order sums otherwise than they are written.
        near(&compiled(&mut a, &xs)?, &interpreted(&mut b, &xs)?.to_vec()?);
        for (compiled, interpreted) in [(&a.w, &b.w), (&a.b, &b.b), (&a.steps, &b.steps)] {
            near(compiled, &interpreted.to_vec()?);
        }
    }
    assert_eq!(b.steps, scalar(3.));
    assert_ne!(b.w, start().w);
    assert!(interpreted.explain().contains("interpreted:"), "{}", interpreted.explain());
    assert!(interpreted.memory().expect("a call") > 0);
    Ok(())
}

#[test]
fn loops_tapes_and_libraries_run_under_both_backends() -> Result<()> {
    let of_loops = jit(|x: &Val| {
        // The derivative reads what the steps left on a tape.
        let f = |x: &Val| while_loop(*x, |x| x.sum().lt(30.0), |x| x * x + 0.5).sum();
        grad(f)(x) + fori_loop(0, 3, *x, |_, x| x.sin())
    });
    let of_libraries = jit(|a: &Val| {
        let spd = a.dot(a.transpose()) + 2.0 * gradus::eye(2, gradus::Dtype::F32);
        linalg::cholesky(&spd)
    });
    let (x, a) = (vector(&[1.5, 0.25]), Array::from([[1.0f32, 2.0], [3.0, 4.0]]));
    for (f, x) in [(of_loops, &x), (of_libraries, &a)] {
        let (compiled, interpreted) = (f.with(compiler())(x)?, f.with(interpreter())(x)?);
        assert_eq!(compiled, interpreted);
    }
    Ok(())
}

#[test]
fn effects_happen_once_and_in_order() -> Result<()> {
    let seen = std::sync::Arc::new(Mutex::new(vec![]));
    let heard = seen.clone();
    let f = jit(move |x: &Val| {
        let heard = heard.clone();
        fori_loop(0, 3, *x, move |_, x| {
            let heard = heard.clone();
            debug_callback(&x, move |x: Array| {
                heard.lock().expect("no panic").push(x.item::<f32>().expect("a float"));
            });
            x * 2.0
        })
    });
    f.with(interpreter())(&scalar(1.))?;
    assert_eq!(*seen.lock().expect("no panic"), [1.0, 2.0, 4.0]);
    Ok(())
}

#[test]
fn a_call_that_fails_leaves_the_state_and_names_the_line() -> Result<()> {
    let step = jit(|total: &mut Val, x: &Val| {
        *total += x;
        check(x.gt(0.0), "x is {}, not positive", x);
        *total * 2.0
    });
    let (compiled, interpreted) = (step.with(compiler()), step.with(interpreter()));
    let (mut a, mut b) = (scalar(1.), scalar(1.));
    let errors = (
        compiled(&mut a, &scalar(-1.)).unwrap_err().to_string(),
        interpreted(&mut b, &scalar(-1.)).unwrap_err().to_string(),
    );
    assert_eq!(errors.0, errors.1);
    assert!(errors.1.contains("backend.rs:"), "{}", errors.1);
    assert_eq!((&a, &b), (&scalar(1.), &scalar(1.)));
    assert_eq!(interpreted(&mut b, &scalar(2.))?, scalar(6.));
    assert_eq!(b, scalar(3.));
    Ok(())
}

#[test]
fn checks_nans_and_limits_of_tapes_hold() {
    let log = jit(|x: &Val| x.log().sum());
    let error = log.with(Config { debug_nans: true, ..interpreter() })(&vector(&[1., -1.])).unwrap_err();
    assert!(error.to_string().contains("the first NaN is made here"), "{error}");
    let long = jit(|x: &Val| grad(|x: &Val| while_loop(*x, |x| x.lt(1e3), |x| x * x + 0.5))(x));
    let tight = Config { tape_bytes: 8, ..interpreter() };
    assert!(long.with(interpreter())(&scalar(1.)).is_ok());
    let error = long.with(tight)(&scalar(1.)).unwrap_err().to_string();
    assert!(error.contains("more than the 8 bytes") && error.contains("backend.rs:"), "{error}");
}

#[test]
fn a_subscriber_sees_each_line() -> Result<()> {
    let f = jit(|x: &Val| {
        let y = x + 1.0;
        let unused = y.sin();
        let _ = unused;
        fori_loop(0, 2, y, |_, y| y * 3.0)
    });
    let first = line!() - 5;
    let config = interpreter();
    let events = events("gradus::interpreter", || f.with(config)(&vector(&[1., 2.])).map(drop))?;
    let at = |operation: &str, line: u32| -> Vec<&str> {
        let place = format!("backend.rs:{line}:");
        let here = events.iter().filter(|event| event["operation"].contains(operation));
        here.filter(|event| event["place"].contains(&place)).map(|event| &*event["results"]).collect()
    };
    assert_eq!(at("add", first), ["f32[2] [2. 3.]"], "{events:#?}");
    assert_eq!(at("sin", first + 1).len(), 1, "a line that nobody reads is computed too: {events:#?}");
    assert_eq!(at("mul", first + 3), ["f32[2] [6. 9.]", "f32[2] [18. 27.]"], "{events:#?}");
    Ok(())
}

#[test]
fn the_backend_is_part_of_the_key() -> Result<()> {
    let traces = AtomicUsize::new(0);
    let f = jit(|x: &Val| {
        traces.fetch_add(1, Ordering::Relaxed);
        x + 1.0
    });
    for config in [compiler(), interpreter(), compiler(), interpreter()] {
        assert_eq!(f.with(config)(&scalar(1.))?, scalar(2.));
    }
    assert_eq!(traces.load(Ordering::Relaxed), 2);
    Ok(())
}

/// What a variable says is taken at its word or refused: by the call, and by that of the compiler alone.
#[test]
fn an_unknown_word_of_the_environment_is_refused() {
    const CHILD: &str = "GRADUS_TEST_VARIABLES";
    if std::env::var_os(CHILD).is_some() {
        let f = jit(|x: &Val| x + 1.0);
        let refused = f(&scalar(1.)).expect_err("no such word").to_string();
        let program = gradus::trace(|x: &Val| x + 1.0)(&scalar(1.)).expect("a sum");
        let compiled = gradus_compile::compile(&program, &gradus_compile::Config::default());
        let told = compiled.map(drop).err().map(|error| error.to_string()).unwrap_or_default();
        println!("> {refused}\n> {told}");
        return;
    }
    for (name, value, wanted) in [
        ("GRADUS_BACKEND", "interpeter", "`compiler` or `interpreter`"),
        ("GRADUS_THREADS", "0", "a number of threads, from 1 on"),
        ("GRADUS_ISA", "avx9", "one of scalar, sse"),
        ("GRADUS_TAPE_BYTES", "4GB", "a number of bytes"),
    ] {
        let this = std::env::current_exe().expect("this program");
        let child = std::process::Command::new(this)
            .args(["--exact", "api::backend::an_unknown_word_of_the_environment_is_refused", "--nocapture"])
            .envs([(CHILD, "1"), (name, value)])
            .output()
            .expect("a child");
        let said = String::from_utf8_lossy(&child.stdout);
        let message = format!("the environment variable {name} is `{value}`; make it {wanted}, or unset it");
        let lines: Vec<&str> = said.lines().filter(|line| line.starts_with("> ")).collect();
        assert!(child.status.success() && lines[0].contains(&message), "{said}");
        assert!(name == "GRADUS_BACKEND" || lines[1].contains(&message), "{said}");
        assert!(said.contains("tests/api/backend.rs"), "the user's line is named: {said}");
    }
}

#[test]
fn the_environment_selects_it() {
    const CHILD: &str = "GRADUS_TEST_BACKEND";
    if std::env::var_os(CHILD).is_some() {
        assert_eq!(Config::default().backend, BackendKind::Interpreter);
        let f = jit(|x: &Val| x + 1.0);
        f(&scalar(1.)).expect("a sum");
        assert!(f.explain().contains("interpreted:"));
        return;
    }
    let this = std::env::current_exe().expect("this program");
    let child = std::process::Command::new(this)
        .args(["--exact", "api::backend::the_environment_selects_it"])
        .envs([(CHILD, "1"), ("GRADUS_BACKEND", "interpreter")])
        .output()
        .expect("a child");
    let said = String::from_utf8_lossy(&child.stdout);
    assert!(child.status.success() && said.contains("1 passed"), "{said}");
}
