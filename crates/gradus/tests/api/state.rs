//! `&mut` state: replaced when the call succeeds, untouched when it does not, and always of one type.

use super::{near, scalar, vector};
use gradus::{Array, Result, Tree, Val, jit};
use std::collections::BTreeMap;

#[derive(Tree, Clone, Debug, PartialEq)]
struct State<T = Array> {
    w: T,
    layers: Vec<T>,
    #[tree(static)]
    epoch: usize,
}
fn state() -> State {
    State { w: vector(&[1., 2.]), layers: vec![scalar(3.)], epoch: 1 }
}
/// The first line of the error of a call that must leave the state alone.
fn refused<R>(f: impl Fn(&mut State) -> Result<R>) -> String {
    let mut s = state();
    let message = f(&mut s).map(|_| ()).expect_err("refused").to_string();
    assert_eq!(s, state(), "the state is untouched");
    message.lines().next().unwrap_or_default().to_string()
}

#[test]
fn state_is_replaced_leaf_by_leaf() -> Result<()> {
    let f = jit(|s: &mut State<Val>, x: &Val| {
        s.w += x;
        s.layers[0] *= 2.0;
        s.w.sum()
    });
    let mut s = state();
    let kept = s.clone();
    near(&f(&mut s, &scalar(1.))?, &[5.]);
    near(&s.w, &[2., 3.]);
    near(&s.layers[0], &[6.]);
    assert_eq!(kept, state(), "a clone that someone else holds is not changed");
    Ok(())
}

#[test]
fn state_keeps_shape_dtype_structure_and_static_fields() {
    assert_eq!(
        refused(|s| jit(|s: &mut State<Val>| s.w = s.w.sum())(s)),
        "jit: the state at `w`: f32[2] before, f32[] now; state keeps its structure, shapes and dtypes"
    );
    assert_eq!(
        refused(|s| jit(|s: &mut State<Val>| s.layers[0] = Val::from(1))(s)),
        "jit: the state at `layers.0`: f32[] before, i32[] now; state keeps its structure, shapes and dtypes"
    );
    assert_eq!(
        refused(|s| jit(|s: &mut State<Val>| s.layers.push(s.w))(s)),
        "jit: the state at `layers`: length 1 before, 2 now; state keeps its structure, shapes and dtypes"
    );
    assert_eq!(
        refused(|s| jit(|s: &mut State<Val>| s.epoch += 1)(s)),
        "jit: the state: static field `epoch` changed; state keeps its structure, shapes and dtypes"
    );
    let grow = jit(|m: &mut BTreeMap<String, Val>, x: &Val| {
        m.insert("new".into(), *x);
    });
    let mut m = BTreeMap::from([("w".to_string(), scalar(1.))]);
    assert!(grow(&mut m, &scalar(2.)).is_err());
    assert_eq!(m.len(), 1);
}

#[test]
fn state_is_untouched_when_an_operation_is_refused() {
    let message = refused(|s| {
        jit(|s: &mut State<Val>, x: &Val| {
            s.layers[0] *= 2.0;
            s.w += x;
        })(s, &vector(&[1., 2., 3.]))
    });
    assert!(message.starts_with("add: "), "{message}");
}
