//! The exact message of every wrong program of this area: its first line, and that the user's line is named.

use super::{first_line, scalar, vector};
use gradus::{
    Array, BackendKind, Config, Dtype, Policy, Result, TransposeSolve, Type, Val, Vmap, all_gather_along,
    all_to_all, all_to_all_tiled, axis_index, axis_size, check, checkpoint, checkpoint_name,
    checkpoint_policy, custom_jvp, custom_linear_solve, custom_root, custom_vjp, debug_callback, debug_print,
    fori_loop, grad, hessian, jacfwd, jet, jit, jvp, linear_transpose, linearize, map, pmax, ppermute, psum,
    psum_scatter, psum_scatter_tiled, pure_callback, scan, vmap, while_loop,
};

/// The first line of the error of `f` on a vector of two.
#[track_caller]
fn refused<R: gradus::Traced>(f: impl Fn(&Val) -> R + Send + Sync + 'static) -> String
where
    R::Data: gradus::Stored<Traced = R>,
{
    first_line(jit(f)(&vector(&[1., 2.])))
}
/// The first line of the error of `f` on each of three lanes of an axis `i`.
#[track_caller]
fn refused_in_lanes(f: impl Fn(&Val) -> Val + Send + Sync + 'static) -> String {
    first_line(jit(Vmap::default().name("i").of(f))(&Array::from([[1f32, 2.], [3., 4.], [5., 6.]])))
}

const CAPTURED: &str = "the function or its rule captures a value that is being differentiated, and a rule says nothing \
                        about captured values; pass it as an argument, or through `stop_gradient`";
const FORWARD: &str = "forward mode (`jvp`, `jacfwd`, `linearize`) meets a `custom_vjp`, which has a rule for reverse mode \
                       only; use `grad`, `vjp` or `jacrev`, or give the function a `custom_jvp`";

#[test]
fn a_rule_that_captures_what_is_differentiated() {
    let f = |x: &Val| {
        let y = x * 2.0;
        custom_vjp(*x, |x| x * y, |x| (x * y, x), |x, ct| ct * x).sum()
    };
    assert_eq!(refused(grad(f)), format!("custom_vjp: {CAPTURED}"));
    let in_the_rule = |x: &Val| {
        let y = x * 2.0;
        custom_vjp(*x, |x| x * 1.0, |x| (x * 1.0, x), move |_, ct| ct * y).sum()
    };
    assert_eq!(refused(grad(in_the_rule)), format!("custom_vjp: {CAPTURED}"));
    let of_forward_mode = |x: &Val| {
        let y = x * 2.0;
        custom_jvp(*x, |x| x * y, |x, dx| (x * y, dx * y)).sum()
    };
    assert_eq!(refused(grad(of_forward_mode)), format!("custom_jvp: {CAPTURED}"));
    assert_eq!(refused(move |x| jvp(of_forward_mode, x, x).1), format!("custom_jvp: {CAPTURED}"));
}

#[test]
fn forward_mode_of_a_rule_for_reverse_mode() {
    let f = |x: &Val| custom_vjp(*x, |x| x * x, |x| (x * x, x), |x, ct| ct * x * 2.0);
    assert_eq!(refused(move |x| jvp(f, x, x).1), format!("custom_vjp: {FORWARD}"));
    assert_eq!(refused(jacfwd(f)), format!("custom_vjp: {FORWARD}"));
    assert_eq!(refused(move |x| linearize(f, x).1(x)), format!("custom_vjp: {FORWARD}"));
    assert_eq!(refused(vmap(move |x: &Val| jvp(f, x, x).1)), format!("custom_vjp: {FORWARD}"));
    let twice = move |x: &Val| jvp(|x: &Val| jvp(f, x, x).1, x, x).1;
    assert_eq!(refused(twice), format!("custom_vjp: {FORWARD}"));
    let _ = hessian(move |x: &Val| f(x).sum());
}

#[test]
fn rules_of_another_structure_or_type() {
    let f = |x: &Val| custom_jvp(*x, |x| x * 2.0, |x, dx| (x.sum(), dx));
    assert_eq!(refused(f), "custom_jvp: the value is f32[], but must be f32[2]");
    let f = |x: &Val| custom_jvp(*x, |x| x * 2.0, |x, dx| (x * 2.0, dx.sum()));
    assert_eq!(refused(f), "custom_jvp: the tangent is f32[], but must be f32[2]");
    let f = |x: &Val| custom_jvp(*x, |x| x * 2.0, |x, dx| (x * 2.0, dx.astype(Dtype::F64)));
    assert_eq!(refused(f), "custom_jvp: the tangent is f64[2], but must be f32[2]");
    let f = |x: &Val| custom_jvp(*x, |x| x * 2.0, |x, dx| (x * 2.0 + dx, dx));
    assert_eq!(
        refused(f),
        "custom_jvp: value 0 that the rule returns depends on the tangents; compute it from the arguments alone"
    );
    let f = |x: &Val| custom_jvp(*x, |x| vec![x, x], |x, dx| (vec![x], vec![dx]));
    assert_eq!(refused(f), "custom_jvp: the value differs in structure: trees differ: lengths 2 and 1");
    let f =
        |x: &Val| custom_jvp(*x, |x| (x, vec![x, x]), |x, dx| ((x, vec![x, x]), (dx, vec![dx, dx.sum()])));
    assert_eq!(refused(f), "custom_jvp: the tangent at leaf `1.1` is f32[], but must be f32[2]");
    let f = |x: &Val| custom_vjp(*x, |x| x * 2.0, |x| (x.sum(), x), |_, ct| ct);
    assert_eq!(refused(f), "custom_vjp: the value of `fwd` is f32[], but must be f32[2]");
    let f = |x: &Val| custom_vjp(*x, |x| x * 2.0, |x| (x * 2.0, ()), |(), ct| ct.sum());
    assert_eq!(refused(f), "custom_vjp: the gradient of `bwd` is f32[], but must be f32[2]");
    let f = |x: &Val| custom_vjp(vec![*x, *x], |x| x[0], |x| (x[0], ()), |(), ct| vec![ct]);
    assert_eq!(
        refused(f),
        "custom_vjp: the gradient of `bwd` differs in structure: trees differ: lengths 2 and 1"
    );
}

#[test]
fn errors_inside_of_rules_keep_their_line() {
    let wrong = |x: Val| x + Val::from(&vector(&[1., 2., 3.]));
    let message = "add: shapes [2] and [3] do not broadcast";
    assert!(refused(move |x| custom_jvp(*x, wrong, |x, dx| (x, dx))).starts_with(message));
    assert!(refused(move |x| custom_jvp(*x, |x| x, move |x, dx| (x, wrong(dx)))).starts_with(message));
    assert!(
        refused(move |x| custom_vjp(*x, |x| x, move |x| (wrong(x), ()), |(), ct| ct)).starts_with(message)
    );
    assert!(
        refused(move |x| custom_vjp(*x, |x| x, |x| (x, ()), move |(), ct| wrong(ct))).starts_with(message)
    );
    assert!(refused(checkpoint(move |x: &Val| wrong(*x))).starts_with(message));
}

#[test]
fn names_of_checkpoints() {
    let message = "is no name: it is empty or has a comma";
    assert_eq!(refused(|x| checkpoint_name(x, "a,b")), format!("checkpoint_name: `a,b` {message}"));
    assert_eq!(refused(|x| checkpoint_name(x, "")), format!("checkpoint_name: `` {message}"));
    let integer = |x: &Val| checkpoint_policy(|x: &Val| x.sum().astype(Dtype::I32), Policy::DotsSaveable)(x);
    assert_eq!(
        refused(grad(integer)),
        "grad: the function must return one float scalar, not i32[]; sum it, or use `jacrev` or `vjp`"
    );
}

#[test]
fn axes_that_no_vmap_names() {
    assert_eq!(
        refused(|x| psum(x, "j")),
        "psum: no enclosing `vmap` names an axis, so there is no `j`; write `Vmap::default().name(\"j\").of(f)`"
    );
    let unknown = "no enclosing `vmap` names an axis `j`; there is `i`";
    assert_eq!(refused_in_lanes(|x| psum(x, "j")), format!("psum: {unknown}"));
    assert_eq!(refused_in_lanes(|x| pmax(x, ["i", "j"])), format!("pmax: {unknown}"));
    assert_eq!(refused_in_lanes(|x| x + axis_index("j")), format!("axis_index: {unknown}"));
    assert_eq!(refused_in_lanes(|x| x + axis_size("j")), format!("axis_size: {unknown}"));
    let twice = |x: &Val| Vmap::default().name("i").of(|x: &Val| psum(x, "i"))(x);
    assert_eq!(
        refused_in_lanes(twice),
        "vmap: an enclosing `vmap` has an axis `i` already; give this one another name"
    );
    // A Val that was made inside of a `vmap` that is over.
    let f = |x: &Val| Vmap::default().size(3).inputs(None::<i64>).of(|x: &Val| x * 2.0)(x);
    assert!(jit(f)(&scalar(1.)).is_ok());
    let f = |x: &Val| Vmap::default().inputs(None::<i64>).of(|x: &Val| x * 2.0)(x);
    assert_eq!(refused(f), "vmap: no leaf is mapped: give at least one an axis");
    let f = |x: &Val| Vmap::default().size(5).of(|x: &Val| x * 2.0)(x);
    assert_eq!(refused(f), "vmap: leaf `0` (f32[2]) has 2 lanes, but the size is given as 5");
}

#[test]
fn what_does_not_fit_the_lanes() {
    assert_eq!(
        refused_in_lanes(|x| psum_scatter(x, "i")),
        "psum_scatter: axis 0 of f32[2] must have an element for each of the 3 lanes of `i`"
    );
    assert_eq!(
        refused_in_lanes(|x| all_to_all(x, "i", 0, 0)),
        "all_to_all: axis 0 of f32[2] must have an element for each of the 3 lanes of `i`"
    );
    assert_eq!(
        refused_in_lanes(|x| all_to_all_tiled(x, "i", 0, 0)),
        "all_to_all: axis 0 of f32[2] cannot be cut into a part for each of the 3 lanes of `i`"
    );
    assert_eq!(
        refused_in_lanes(|x| psum_scatter_tiled(x, "i", 0)),
        "psum_scatter: axis 0 of f32[2] cannot be cut into a part for each of the 3 lanes of `i`"
    );
    assert_eq!(
        refused_in_lanes(|x| all_gather_along(x, "i", 3)),
        "all_gather: there is no axis 3: there are 2"
    );
    assert_eq!(
        refused_in_lanes(|x| ppermute(x, "i", &[(0, 3)])),
        "ppermute: [0, 3] is no pair of lanes of `i`, which has 3"
    );
    assert_eq!(
        refused_in_lanes(|x| ppermute(x, "i", &[(0, 1), (2, 1)])),
        "ppermute: [2, 1]: a lane sends, or receives, once at most"
    );
    assert_eq!(
        refused_in_lanes(|x| psum(&x.gt(0.0), "i")),
        "psum: cannot add bool[2]; convert it to a number"
    );
}

#[test]
fn texts_with_placeholders() {
    let printed = |format: &'static str| {
        refused(move |x| {
            debug_print(format, x);
            *x
        })
    };
    assert_eq!(printed("x"), "debug_print: \"x\" has 0 placeholders, and 1 values are given");
    assert_eq!(printed("{} {}"), "debug_print: \"{} {}\" has 2 placeholders, and 1 values are given");
    assert_eq!(printed("{x}"), "debug_print: \"{x}\" has the placeholder `{x}`; write `{}` or `{:.3}`");
    assert_eq!(printed("{} }"), "debug_print: \"{} }\" has a single `}`; write `}}` for the brace itself");
    assert_eq!(printed("{} {"), "debug_print: \"{} {\" has a single `{`; write `{{` for the brace itself");
    let checked = refused(|x| {
        check(x.gt(0.0), "{}", &());
        *x
    });
    assert_eq!(checked, "check: \"{}\" has 1 placeholders, and 0 values are given");
    let number = refused(|x| {
        check(*x, "x", &());
        *x
    });
    assert_eq!(number, "check: what is checked is f32[2], not bool; compare it with something");
}

#[test]
fn callbacks_that_fail() {
    type Answer = std::result::Result<Array, String>;
    let ty = Type::new(Dtype::F32, [2]);
    let t = ty.clone();
    let failing =
        move |x: &Val| pure_callback(t.clone(), x, |_: Array| -> Answer { Err("the disk is full".into()) });
    assert_eq!(
        refused(failing),
        "pure_callback: the callback `@callbacks_that_fail` failed: the disk is full"
    );
    let t = ty.clone();
    let panicking =
        move |x: &Val| pure_callback(t.clone(), x, |_: Array| -> Answer { panic!("at the disk") });
    assert_eq!(
        refused(panicking),
        "pure_callback: the callback `@callbacks_that_fail` panicked: at the disk"
    );
    let t = ty.clone();
    let other = move |x: &Val| pure_callback(t.clone(), x, |_: Array| -> Answer { Ok(Array::from(1f32)) });
    assert_eq!(
        refused(other),
        "pure_callback: the callback `@callbacks_that_fail` returned f32[] as result 0, where f32[2] was promised"
    );
    let noted = |x: &Val| {
        debug_callback(x, |_: Array| panic!("noted"));
        *x
    };
    assert_eq!(refused(noted), "debug_callback: the callback `@callbacks_that_fail` panicked: noted");
    let structure = move |x: &Val| {
        let answer = |x: Array| -> std::result::Result<Vec<Array>, String> { Ok(vec![x]) };
        pure_callback(vec![ty.clone(), ty.clone()], x, answer)
    };
    assert_eq!(
        refused(structure),
        "pure_callback: the callback `@callbacks_that_fail` failed: trees differ: lengths 2 and 1"
    );
}

#[test]
fn a_callback_has_no_derivative() {
    let halved = |x: &Val| pure_callback(x.ty(), x, |x: Array| -> Result<Array> { Ok(x) }).sum();
    let message = "pure_callback: a callback has no derivative; put it into a `custom_jvp` or `custom_vjp`, or its \
                   arguments through `stop_gradient`";
    assert_eq!(refused(grad(halved)), message);
    assert_eq!(refused(move |x| jvp(halved, x, x).1), message);
}

#[test]
fn functions_that_are_not_linear() {
    let message =
        "linear_transpose: the function is not linear: its derivative depends on the argument; use `vjp`";
    assert_eq!(refused(|x| linear_transpose(|x: &Val| x * x, x)(x)), message);
    assert_eq!(refused(|x| linear_transpose(|x: &Val| x.sin(), x)(x)), message);
    assert_eq!(refused(|x| linear_transpose(|(x, y): &(Val, Val)| x * y, &(*x, *x))(x).0), message);
    assert_eq!(
        refused(|x| linear_transpose(|x: &Val| x * 2.0, x)(&x.sum())),
        "linear_transpose: cotangent 0 is f32[], but must be f32[2], the type of what it belongs to"
    );
    assert_eq!(
        refused(|x| linear_transpose(|x: &Val| x * 2, &x.astype(Dtype::I32))(x)),
        "linear_transpose: the first parameter is i32[2], and only floats have a derivative; make it another parameter, or its field a `#[tree(buffer)]`"
    );
    assert_eq!(
        refused(|x| jet(|x: &Val| x.sin(), x, &[Val::from(&vector(&[1., 2., 3.]))]).0),
        "add: shapes [2] and [3] do not broadcast; reshape one of them or add an axis of extent 1"
    );
}

#[test]
fn a_parsed_callback_is_not_run() {
    let text = "fn(%0: bool[], %1: f32[]) {\n  %2: f32[] = pure_callback(%0, %1) {function = @f, results = (f32[]), lanes = 0}\n  return %2\n}";
    let program: gradus::Program = text.parse().expect("well formed");
    assert_eq!(program.to_string(), text);
    let message = "pure_callback: `@f` is a name that text gives and no function is bound to it";
    let args = [Array::from(true), scalar(1.)];
    assert_eq!(gradus_ir::eval::eval(&program, &args).unwrap_err().to_string(), message);
    let compiled = gradus_compile::compile(&program, &gradus_compile::Config::default());
    assert_eq!(compiled.unwrap_err().to_string(), message);
}

/// The derivative of order `depth` of `f`.
fn derivative_of_order(depth: usize, f: fn(Val) -> Val, x: Val) -> Val {
    match depth {
        0 => f(x),
        _ => grad(move |x: &Val| derivative_of_order(depth - 1, f, *x))(&x),
    }
}

#[test]
fn derivatives_of_derivatives_end_before_the_memory_does() {
    let of = |depth: usize, f: fn(Val) -> Val| {
        jit(move |x: &Val| derivative_of_order(depth, f, *x))(&Array::from(0.5f64))
    };
    // What cancels and what is equal is found at every level: forty take a second.
    let found = of(40, |x| x.sin() * x).unwrap().item::<f64>().unwrap();
    let expected = 0.5 * 0.5f64.sin() - 40.0 * 0.5f64.cos();
    assert!((found - expected).abs() < 1e-9 * expected.abs(), "{found} {expected}");
    // Where nothing is equal each level has a few times the equations of the one below: that is refused in time.
    if std::env::var_os("GRADUS_SLOW").is_some() {
        let message = first_line(of(40, |x| (x.sin() * x.exp()).tanh()));
        assert!(message.contains("equations, more than"), "{message}");
    }
}

/// What an operation refuses late, when it is differentiated or run, is said of the function that the user called.
#[test]
fn late_errors_name_what_was_called_and_not_what_it_is_made_of() {
    let divided = |g: &dyn Fn(&Val) -> Val, y: Val| y / g(&y.ones_like());
    let by_solve = move |x: &Val| {
        let start = x * 2.0;
        custom_root(*x, |y| y * y - 4.0, move |_, x0| x0 * 0.0 + start, divided).sum()
    };
    assert_eq!(refused(grad(by_solve)), format!("custom_root: {CAPTURED}"));
    assert_eq!(refused(move |x| jvp(by_solve, x, x).1), format!("custom_root: {CAPTURED}"));
    let by_tangent = move |x: &Val| {
        let start = x * 2.0;
        custom_root(*x, |y| y * y - x, |_, x0| x0, move |g, y| y / g(&y.ones_like()) + start).sum()
    };
    assert_eq!(refused(grad(by_tangent)), format!("custom_root: {CAPTURED}"));
    let one_way =
        |x: &Val| custom_linear_solve(*x, |x: &Val| x * 2.0, |_, b| b / 2.0, TransposeSolve::Missing).sum();
    assert!(refused(grad(one_way)).starts_with("custom_linear_solve: reverse mode"));
    let short = Config { tape_bytes: 100, ..Config::default() };
    let message =
        |f: fn(&Val) -> Val, config: &Config| first_line(jit(grad(f)).with(config.clone())(&scalar(3.0)));
    let counted = |x: &Val| fori_loop(0, x.stop_gradient().astype(Dtype::I32) * 1000, *x, |_, c| c.sin() + c);
    let repeated = |x: &Val| while_loop(*x, |c| c.lt(1e9), |c| c + c.sqrt());
    for backend in [BackendKind::Compiler, BackendKind::Interpreter] {
        let config = Config { backend, ..short.clone() };
        assert!(message(counted, &config).starts_with("fori_loop: "), "{}", message(counted, &config));
        assert!(message(repeated, &config).starts_with("while_loop: "), "{}", message(repeated, &config));
    }
    // An error of a line of the user's inside keeps its name; the note says what it stands in.
    let checked = |x: &Val| check(x.sum().gt(100.0), "above", &());
    let inside: [(&str, Box<dyn Fn(&Val) -> Val + Send + Sync>); 3] = [
        (
            "fori_loop",
            Box::new(move |x: &Val| {
                fori_loop(0, 3, *x, |_, c| {
                    checked(&c);
                    c
                })
            }),
        ),
        (
            "map",
            Box::new(move |x: &Val| {
                map(move |x: &Val| {
                    checked(x);
                    *x
                })(x)
            }),
        ),
        (
            "scan",
            Box::new(move |x: &Val| {
                scan(*x, x, |c, _| {
                    checked(&c);
                    (c, ())
                })
                .0
            }),
        ),
    ];
    for (name, f) in inside {
        let f =
            jit(move |x: &Val| f(x)).with(Config { backend: BackendKind::Interpreter, ..Config::default() });
        let error = f(&vector(&[1., 2.])).expect_err("refused").to_string();
        assert!(error.contains("above") && error.contains(&format!("inside {name}")), "{error}");
    }
}
