//! Wrong uses of the transforms.

use super::message;
use expect_test::expect;
use gradus::{
    Array, Complex, Val, grad, grad_holomorphic, hessian, jacfwd, jacfwd_holomorphic, jacrev,
    jacrev_holomorphic, jit, jvp, outline, vjp, vmap, vmap_axes,
};

fn vector() -> Array {
    Array::from([1.0f32, 2.0])
}

#[test]
fn grad_of_a_vector() {
    let f = jit(|x: &Val| grad(|x: &Val| x * 2.0)(x));
    expect![[r#"
        grad: the function must return one float scalar, not f32[2]; sum it, or use `jacrev` or `vjp`
          at transforms.rs:L
          in `errors::transforms::grad_of_a_vector`, jitted at transforms.rs:L"#]]
    .assert_eq(&message(f(&vector())));
}
#[test]
fn grad_by_an_integer() {
    let f = jit(|x: &Val| grad(|x: &Val| (x * 2).sum())(x));
    expect![[r#"
        grad: the first parameter is i32[2], and only floats have a derivative; make it another parameter, or its field a `#[tree(buffer)]`
          at transforms.rs:L
          in `errors::transforms::grad_by_an_integer`, jitted at transforms.rs:L"#]].assert_eq(&message(f(&Array::from([1i32, 2]))));
}
#[test]
fn grad_of_an_integer() {
    let f = jit(|x: &Val| grad(|x: &Val| x.argmax(0))(x));
    expect![[r#"
        grad: the function must return one float scalar, not i32[]; sum it, or use `jacrev` or `vjp`
          at transforms.rs:L
          in `errors::transforms::grad_of_an_integer`, jitted at transforms.rs:L"#]]
    .assert_eq(&message(f(&vector())));
}
#[test]
fn error_inside_grad() {
    let f = jit(|x: &Val, y: &Val| grad(|x: &Val| (x + y).sum())(x));
    expect![[r#"
        add: shapes [2] and [3] do not broadcast; reshape one of them or add an axis of extent 1
          at transforms.rs:L
          inside `grad`, made at transforms.rs:L
          in `errors::transforms::error_inside_grad`, jitted at transforms.rs:L"#]]
    .assert_eq(&message(f(&vector(), &Array::from([1.0f32, 2.0, 3.0]))));
}
#[test]
fn jvp_along_another_shape() {
    let f = jit(|x: &Val| jvp(|x: &Val| x.sin(), x, &x.sum()).1);
    expect![[r#"
        jvp: tangent 0 is f32[], but must be f32[2], the type of what it belongs to
          at transforms.rs:L
          in `errors::transforms::jvp_along_another_shape`, jitted at transforms.rs:L"#]]
    .assert_eq(&message(f(&vector())));
}
#[test]
fn vjp_of_another_shape() {
    let f = jit(|x: &Val| {
        let (_, pull) = vjp(|x: &Val| x.sin(), x);
        pull(&x.sum())
    });
    expect![[r#"
        vjp: cotangent 0 is f32[], but must be f32[2], the type of what it belongs to
          at transforms.rs:L
          in `errors::transforms::vjp_of_another_shape`, jitted at transforms.rs:L"#]]
    .assert_eq(&message(f(&vector())));
}
#[test]
fn jacobian_by_an_integer() {
    let f = jit(|x: &Val| jacfwd(|x: &Val| x * 2)(x));
    expect![[r#"
        jacfwd: the first parameter is i32[2], and only floats have a derivative; make it another parameter, or its field a `#[tree(buffer)]`
          at transforms.rs:L
          in `errors::transforms::jacobian_by_an_integer`, jitted at transforms.rs:L"#]].assert_eq(&message(f(&Array::from([1i32, 2]))));
}
#[test]
fn hessian_of_an_error() {
    let f = jit(|x: &Val| hessian(|x: &Val| x.reshape([3]).sum())(x));
    expect![[r#"
        reshape: [2] has 2 elements, which do not fill shape [3]; give extents whose product is 2
          at transforms.rs:L
          inside `grad`, made at transforms.rs:L
          inside `hessian`, made at transforms.rs:L
          in `errors::transforms::hessian_of_an_error`, jitted at transforms.rs:L"#]]
    .assert_eq(&message(f(&vector())));
}
#[test]
fn vmap_of_a_scalar() {
    let f = jit(|x: &Val| vmap(|x: &Val| *x)(x));
    expect![[r#"
        vmap: leaf `0` is f32[]: it has no axis 0 to map
          at transforms.rs:L
          inside `vmap`, made at transforms.rs:L
          in `errors::transforms::vmap_of_a_scalar`, jitted at transforms.rs:L"#]]
    .assert_eq(&message(f(&Array::from(1.0f32))));
}
#[test]
fn vmap_of_other_extents() {
    let f = jit(|x: &Val, y: &Val| vmap(|x: &Val, y: &Val| x + y)(x, y));
    expect![[r#"
        vmap: mapped axes differ in length: leaf `0` (f32[2]) has 2, leaf `1` (f32[3]) has 3
          at transforms.rs:L
          inside `vmap`, made at transforms.rs:L
          in `errors::transforms::vmap_of_other_extents`, jitted at transforms.rs:L"#]]
    .assert_eq(&message(f(&vector(), &Array::from([1.0f32, 2.0, 3.0]))));
}
#[test]
fn vmap_along_no_axis() {
    let f = jit(|x: &Val| vmap_axes(|x: &Val| *x, (1,), 0)(x));
    expect![[r#"
        vmap: leaf `0` is f32[2]: it has no axis 1 to map
          at transforms.rs:L
          inside `vmap`, made at transforms.rs:L
          in `errors::transforms::vmap_along_no_axis`, jitted at transforms.rs:L"#]]
    .assert_eq(&message(f(&vector())));
}
#[test]
fn vmap_of_nothing() {
    let f = jit(|x: &Val| vmap_axes(|x: &Val| *x, (None,), 0)(x));
    expect![[r#"
        vmap: no leaf is mapped: give at least one an axis
          at transforms.rs:L
          inside `vmap`, made at transforms.rs:L
          in `errors::transforms::vmap_of_nothing`, jitted at transforms.rs:L"#]]
    .assert_eq(&message(f(&vector())));
}
#[test]
fn vmap_to_no_axis() {
    let f = jit(|x: &Val| vmap_axes(|x: &Val| *x, (0,), 3)(x));
    expect![[r#"
        vmap: result 0 is f32[2] with its lanes: it has no axis 3
          at transforms.rs:L
          in `errors::transforms::vmap_to_no_axis`, jitted at transforms.rs:L"#]]
    .assert_eq(&message(f(&vector())));
}
#[test]
fn error_inside_an_outlined_function() {
    let f = jit(|x: &Val| outline(|x: &Val| x.reshape([7]))(x));
    expect![[r#"
        reshape: [2] has 2 elements, which do not fill shape [7]; give extents whose product is 2
          at transforms.rs:L
          in `errors::transforms::error_inside_an_outlined_function`, jitted at transforms.rs:L"#]]
    .assert_eq(&message(f(&vector())));
}

#[test]
fn derivatives_by_and_of_complex_numbers() {
    let z = Array::from([Complex::new(1.0f32, 2.0), Complex::new(0.5, -1.0)]);
    let x = vector();
    let first_line = |text: String| text.lines().next().unwrap_or_default().to_string();
    let all = [
        message(jit(grad(|z: &Val| (z * z).sum()))(&z)),
        message(jit(grad(|z: &Val| z * z))(&z)),
        message(jit(jacfwd(|z: &Val| z * z))(&z)),
        message(jit(jacrev(|z: &Val| z * z))(&z)),
        message(jit(hessian(|z: &Val| z.abs().sum()))(&z)),
        message(jit(grad_holomorphic(|x: &Val| (x * x).sum()))(&x)),
        message(jit(grad_holomorphic(|z: &Val| z.abs().sum()))(&z)),
        message(jit(grad_holomorphic(|z: &Val| z * z))(&z)),
        message(jit(jacfwd_holomorphic(|x: &Val| x * x))(&x)),
        message(jit(jacrev_holomorphic(|z: &Val| z.abs()))(&z)),
    ];
    let lines: Vec<String> = all.into_iter().map(first_line).collect();
    expect![[r#"
        grad: the function must return one float scalar, not complex64[]; take its real part, or its `abs`, or use `grad_holomorphic` or `vjp`
        grad: the function must return one float scalar, not complex64[2]; take its real part, or its `abs`, or use `jacrev_holomorphic` or `vjp`
        jacfwd: takes derivatives by real numbers, not by complex64[2]; use `jacfwd_holomorphic` if the function is holomorphic, else `jvp`
        jacrev: takes derivatives of real numbers, not of complex64[2]; use `jacrev_holomorphic` if the function is holomorphic, else `vjp`
        hessian: takes derivatives by real numbers, not by complex64[2]; use `jacfwd_holomorphic` if the function is holomorphic, else `jvp`
        grad_holomorphic: takes a function of complex numbers, not of f32[2]; for real ones there is `grad`
        grad_holomorphic: the function must return one complex scalar, not f32[]; the gradient of a real function is `grad`
        grad_holomorphic: the function must return one complex scalar, not complex64[2]; sum it, or use `jacrev_holomorphic` or `vjp`
        jacfwd_holomorphic: takes a function of complex numbers, not of f32[2]; for real ones there is `jacfwd`
        jacrev_holomorphic: takes a function that returns complex numbers, not f32[2]: a real one is not holomorphic; use `grad`, `jacrev` or `jvp`"#]].assert_eq(&lines.join("\n"));
}
