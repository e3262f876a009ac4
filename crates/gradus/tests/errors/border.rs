//! What crosses the border of a trace and should not, and state that does not keep its form.

use super::message;
use expect_test::expect;
use gradus::{Array, Dtype, Tree, Val, jit, trace};
use std::sync::Mutex;

fn vector() -> Array {
    Array::from([1.0f32, 2.0])
}

/// A place to carry a value out of its trace.
#[derive(Default)]
struct Smuggled(Mutex<Option<Val>>);

#[test]
fn value_of_a_finished_trace() {
    let kept = Smuggled::default();
    trace(|x: &Val| {
        *kept.0.lock().unwrap() = Some(*x);
        *x
    })(&vector())
    .unwrap();
    let old = kept.0.lock().unwrap().unwrap();
    let f = jit(move |x: &Val| x + old);
    expect![[r#"
        add: a Val of a trace that is finished (begun at border.rs:L) was used here; return it from its function, or pass its data as an Array
          at border.rs:L
          in `errors::border::value_of_a_finished_trace`, jitted at border.rs:L"#]].assert_eq(&message(f(&vector())));
}
#[test]
fn value_on_another_thread() {
    let elsewhere = Mutex::new(String::new());
    trace(|x: &Val| {
        let x = *x;
        let other = || message(trace(move |y: &Val| x + y)(&vector()));
        *elsewhere.lock().unwrap() = std::thread::scope(|scope| scope.spawn(other).join().unwrap());
        x
    })(&vector())
    .unwrap();
    expect![[r#"
        add: a Val of a trace that is open on another thread (begun at border.rs:L) was used here; return it from its function, or pass its data as an Array
          at border.rs:L"#]].assert_eq(&elsewhere.into_inner().unwrap());
}
#[test]
fn reshape_to_another_size() {
    expect![[r#"
        reshape: [2] has 2 elements, which do not fill shape [5,5]; give extents whose product is 2
          at border.rs:L
          in `errors::border::reshape_to_another_size`, jitted at border.rs:L"#]]
    .assert_eq(&message(jit(|x: &Val| x.reshape([5, 5]))(&vector())));
}
#[test]
fn state_of_another_type() {
    let f = jit(|s: &mut Val, x: &Val| *s = s.astype(Dtype::I32) + x.sum().astype(Dtype::I32));
    let mut state = vector();
    expect![[r#"
        jit: the state: f32[2] before, i32[2] now; state keeps its structure, shapes and dtypes
          at border.rs:L
          in `errors::border::state_of_another_type`, jitted at border.rs:L"#]]
    .assert_eq(&message(f(&mut state, &vector())));
    assert_eq!(state.to_vec::<f32>().unwrap(), [1.0, 2.0], "untouched");
}
#[test]
fn state_of_another_shape() {
    let f = jit(|s: &mut Val, x: &Val| *s += x.sum().reshape([1, 1]));
    let mut state = vector();
    expect![[r#"
        jit: the state: f32[2] before, f32[1,2] now; state keeps its structure, shapes and dtypes
          at border.rs:L
          in `errors::border::state_of_another_shape`, jitted at border.rs:L"#]]
    .assert_eq(&message(f(&mut state, &vector())));
    assert_eq!(state.to_vec::<f32>().unwrap(), [1.0, 2.0], "untouched");
}

#[derive(Tree, Clone)]
struct Layers<T = Array> {
    all: Vec<T>,
}

#[test]
fn state_that_grows() {
    let f = jit(|s: &mut Layers<Val>, x: &Val| s.all.push(*x));
    let mut state = Layers { all: vec![vector()] };
    expect![[r#"
        jit: the state at `all`: length 1 before, 2 now; state keeps its structure, shapes and dtypes
          at border.rs:L
          in `errors::border::state_that_grows`, jitted at border.rs:L"#]]
    .assert_eq(&message(f(&mut state, &vector())));
    assert_eq!(state.all.len(), 1, "untouched");
}
#[test]
fn trees_of_other_lengths() {
    let f = jit(|a: &Layers<Val>, b: &Layers<Val>| {
        use gradus::Traced;
        a.zip_map(b, |x, y| x + y)
    });
    let [one, two] = [1, 2].map(|n| Layers { all: vec![vector(); n] });
    expect![[r#"
        zip_map: trees differ at `all`: lengths 1 and 2
          at border.rs:L
          in `errors::border::trees_of_other_lengths`, jitted at border.rs:L"#]]
    .assert_eq(&message(f(&one, &two)));
}
#[test]
fn array_read_as_another_type() {
    expect![[r#"
        Array::to_vec: the elements are f32, not i32
          at border.rs:L"#]]
    .assert_eq(&message(vector().to_vec::<i32>()));
}
#[test]
fn item_of_many() {
    expect![[r#"
        Array::item: f32[2] has 2 elements, not one
          at border.rs:L"#]]
    .assert_eq(&message(vector().item::<f32>()));
}
