//! Tracing: what is written down, captures, and errors that name the user's line.

use gradus_ir::{Array, Capture, Dtype, SourceLocation, Type, Val, eval::eval, trace};

fn vector(n: usize) -> Type {
    Type::new(Dtype::F32, [n])
}

#[test]
fn a_function_becomes_a_program() {
    let traced = trace(SourceLocation::here(), &[vector(3)], |v| vec![v[0].sin() * v[0]]).unwrap();
    assert_eq!(
        traced.program.to_string(),
        "fn(%0: f32[3]) {\n  %1: f32[3] = sin(%0)\n  %2: f32[3] = mul(%1, %0)\n  return %2\n}"
    );
    let y = eval(&traced.program, &[Array::from([0.0f32, 1.0, 2.0])]).unwrap();
    let y = y[0].to_vec::<f32>().unwrap();
    assert!((y[1] - 1f32.sin()).abs() < 1e-6, "{y:?}");
}

#[test]
fn an_outer_value_becomes_an_operand_of_every_trace_between() {
    let data = Array::from([1.0f32, 2.0, 3.0]);
    let outer = trace(SourceLocation::here(), &[vector(3)], |x| {
        let middle = trace(SourceLocation::here(), &[], |_| {
            let inner = trace(SourceLocation::here(), &[], |_| vec![x[0] * Val::array(&data)]).unwrap();
            assert_eq!(inner.captures.len(), 2);
            let args: Vec<Val> = inner.captures.iter().map(captured).collect();
            inner.program.inline(&args)
        });
        let middle = middle.unwrap();
        assert_eq!(middle.captures.len(), 2);
        let args: Vec<Val> = middle.captures.iter().map(captured).collect();
        middle.program.inline(&args)
    });
    let outer = outer.unwrap();
    assert!(matches!(&outer.captures[..], [Capture::Array(a)] if *a == data));
    assert_eq!(outer.program.num_params(), 2);
}

fn captured(c: &Capture) -> Val {
    match c {
        Capture::Val(v) => *v,
        Capture::Array(a) => Val::array(a),
    }
}

#[test]
fn a_mismatch_names_the_users_line() {
    let error = trace(SourceLocation::here(), &[vector(3), vector(4)], |v| {
        let broken = v[0] * v[1];
        vec![broken.exp()]
    });
    let text = error.unwrap_err().to_string();
    assert!(text.starts_with("mul: shapes [3] and [4] differ; reshape or broadcast one of them"), "{text}");
    assert!(text.contains("tests/tracing.rs:"), "{text}");
}

#[test]
fn a_value_of_a_finished_trace_is_refused() {
    let mut leaked = None;
    trace(SourceLocation::here(), &[vector(3)], |v| {
        leaked = Some(v[0]);
        vec![v[0]]
    })
    .unwrap();
    let error = trace(SourceLocation::here(), &[vector(3)], |v| vec![v[0] + leaked.unwrap()])
        .unwrap_err()
        .to_string();
    assert!(error.contains("a Val of a trace that is finished (begun at "), "{error}");
}

#[test]
fn a_panic_leaves_no_trace_open() {
    let caught =
        std::panic::catch_unwind(|| trace(SourceLocation::here(), &[vector(3)], |_| panic!("by the user")));
    assert!(caught.is_err());
    assert!(!gradus_ir::trace::is_tracing());
}
