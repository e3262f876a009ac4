//! Loops and branches.

use super::{message, refused};
use expect_test::expect;
use gradus::{
    Array, AssociativeScan, Config, Jitted, Scan, Val, associative_scan, cond, fori_loop, jit, map_batches,
    scan, switch, value_and_grad, while_loop,
};

#[test]
fn a_carry_keeps_its_type() {
    expect![[r#"
        scan: the carry is f32[4], but the body returns f32[1,4]: the shapes must be those of the first carry; change it, or what the body returns
          at control.rs:L
          inside `scan` at control.rs:L
          in `errors::refused`, jitted at control.rs:L"#]].assert_eq(&refused(|_, v, _| scan(v, &v, |c, x| (c.expand_dims(0), x)).0));
    expect![[r#"
        scan: carry `1` is i32[2], but the body returns f32[2]: the element types must be those of the first carry; change it, or what the body returns
          at control.rs:L
          inside `scan` at control.rs:L
          in `errors::refused`, jitted at control.rs:L"#]].assert_eq(&refused(|_, v, i| scan((v, i), &v, |(c, i), x| ((c, i + x), ())).0.1));
    expect![[r#"
        while_loop: the carry is f32[4], but the body returns f32[]: the shapes must be those of the first carry; change it, or what the body returns
          at control.rs:L
          inside `while_loop` at control.rs:L
          in `errors::refused`, jitted at control.rs:L"#]].assert_eq(&refused(|_, v, _| while_loop(v, |c| c.sum().lt(3), |c| c.sum())));
    expect![[r#"
        fori_loop: the carry is i32[2], but the body returns f32[2]: the element types must be those of the first carry; change it, or what the body returns
          at control.rs:L
          inside `fori_loop` at control.rs:L
          in `errors::refused`, jitted at control.rs:L"#]].assert_eq(&refused(|_, v, i| fori_loop(0, 3, i, |_, c| c + v.sum())));
    expect![[r#"
        while_loop: carry `1.1` is i32[2], but the body returns i32[]: the shapes must be those of the first carry; change it, or what the body returns
          at control.rs:L
          inside `while_loop` at control.rs:L
          in `errors::refused`, jitted at control.rs:L"#]].assert_eq(&refused(|_, v, i| {
        while_loop((v, vec![i, i]), |(c, _)| c.sum().lt(3), |(c, i)| (c, vec![i[0], i[0].sum()])).0
    }));
}

#[test]
fn a_carry_keeps_its_structure() {
    expect![[r#"
        scan: trees differ: lengths 2 and 1
          at control.rs:L
          inside `scan` at control.rs:L
          in `errors::refused`, jitted at control.rs:L"#]]
    .assert_eq(&refused(|_, v, _| scan(vec![v, v], &v, |c, _| (vec![c[0]], ())).0[0]));
    expect![[r#"
        cond: trees differ: lengths 2 and 1
          at control.rs:L
          inside `cond` at control.rs:L
          in `errors::refused`, jitted at control.rs:L"#]]
    .assert_eq(&refused(|_, v, _| cond(v.sum().lt(0), (), |()| vec![v], |()| vec![v, v])[0]));
}

#[test]
fn xs_have_one_leading_axis() {
    expect![[r#"
        scan: leading axes differ in length: leaf `0` of `xs` has 4, leaf `1` of `xs` has 2
          at control.rs:L
          in `errors::refused`, jitted at control.rs:L"#]]
    .assert_eq(&refused(|x, v, _| scan(v.sum(), &(v, x), |c, _| (c, ())).0));
    expect![[r#"
        scan: `xs` is f32[]: it has no leading axis to scan over
          at control.rs:L
          in `errors::refused`, jitted at control.rs:L"#]]
    .assert_eq(&refused(|_, v, _| scan(v, &v.sum(), |c, _| (c, ())).0));
    expect![[r#"
        scan: `xs` has no leaves, so `Scan { length: Some(n), .. }` must say how often it runs
          at control.rs:L
          in `errors::refused`, jitted at control.rs:L"#]]
    .assert_eq(&refused(|_, v, _| scan(v, &(), |c, ()| (c * 2, ())).0));
    expect![[r#"
        scan: `xs` is f32[4], but `length` is 5
          at control.rs:L
          in `errors::refused`, jitted at control.rs:L"#]]
    .assert_eq(&refused(|_, v, _| {
        Scan { length: Some(5), ..Scan::default() }.run(v.sum(), &v, |c, x| (c + x, ())).0
    }));
    expect![[r#"
        scan: `unroll` is 0; it must be at least 1
          at control.rs:L
          in `errors::refused`, jitted at control.rs:L"#]]
    .assert_eq(&refused(|_, v, _| {
        Scan { unroll: 0, ..Scan::default() }.run(v.sum(), &v, |c, x| (c + x, ())).0
    }));
}

#[test]
fn a_condition_is_one_truth_value() {
    expect![[r#"
        while_loop: the condition must return bool[], but returns bool[4]
          at control.rs:L
          inside `while_loop` at control.rs:L
          in `errors::refused`, jitted at control.rs:L"#]]
    .assert_eq(&refused(|_, v, _| while_loop(v, |c| c.lt(3), |c| c + 1)));
    expect![[r#"
        while_loop: the condition must return bool[], but returns f32[]
          at control.rs:L
          inside `while_loop` at control.rs:L
          in `errors::refused`, jitted at control.rs:L"#]]
    .assert_eq(&refused(|_, v, _| while_loop(v.sum(), |c| c, |c| c + 1)));
    expect![[r#"
        cond: the predicate is bool[4]; it must be a scalar: use `where_` to choose by element
          at control.rs:L
          in `errors::refused`, jitted at control.rs:L"#]]
    .assert_eq(&refused(|_, v, _| cond(v.lt(0), v, |v| v, |v| -v)));
}

#[test]
fn branches_agree() {
    expect![[r#"
        cond: a result is f32[2,3] if the predicate holds, but f32[4] if it does not; all branches must return the same types
          at control.rs:L
          inside `cond` at control.rs:L
          in `errors::refused`, jitted at control.rs:L"#]].assert_eq(&refused(|x, v, _| cond(v.sum().lt(0), (), |()| x, |()| v)));
    expect![[r#"
        cond: result `1` is f32[4] if the predicate holds, but i32[] if it does not; all branches must return the same types
          at control.rs:L
          inside `cond` at control.rs:L
          in `errors::refused`, jitted at control.rs:L"#]].assert_eq(&refused(|_, v, i| cond(v.sum().lt(0), (), |()| (v, v), |()| (v, i.sum())).0));
    expect![[r#"
        switch: a result is f32[4] in branch 0, but f64[4] in branch 2; all branches must return the same types
          at control.rs:L
          inside `switch` at control.rs:L
          in `errors::refused`, jitted at control.rs:L"#]].assert_eq(&refused(|_, v, i| {
        switch(i.at(0), v, &[&|v| v, &|v| v + 1, &|v| v.astype(gradus::Dtype::F64)])
    }));
    expect![[r#"
        switch: the index is f32[]; it must be an integer scalar
          at control.rs:L
          in `errors::refused`, jitted at control.rs:L"#]]
    .assert_eq(&refused(|_, v, _| switch(v.sum(), v, &[&|v| v, &|v| v + 1])));
    expect![[r#"
        switch: the index is i32[2]; it must be an integer scalar
          at control.rs:L
          in `errors::refused`, jitted at control.rs:L"#]]
    .assert_eq(&refused(|_, v, i| switch(i, v, &[&|v| v, &|v| v + 1])));
    expect![[r#"
        switch: there is no branch; give at least one
          at control.rs:L
          in `errors::refused`, jitted at control.rs:L"#]]
    .assert_eq(&refused(|_, v, i| switch(i.at(0), v, &[])));
}

#[test]
fn bounds_are_integers_of_one_type() {
    expect![[r#"
        fori_loop: the upper bound is f32[]; it must be an integer scalar
          at control.rs:L
          in `errors::refused`, jitted at control.rs:L"#]]
    .assert_eq(&refused(|_, v, _| fori_loop(0, v.sum(), v, |_, c| c)));
    expect![[r#"
        fori_loop: the lower bound is i32[2]; it must be an integer scalar
          at control.rs:L
          in `errors::refused`, jitted at control.rs:L"#]]
    .assert_eq(&refused(|_, v, i| fori_loop(i, 3, v, |_, c| c)));
    expect![[r#"
        fori_loop: the bounds are of i16 and i32; convert one of them
          at control.rs:L
          in `errors::refused`, jitted at control.rs:L"#]]
    .assert_eq(&refused(|_, v, i| fori_loop(i.at(0).astype(gradus::Dtype::I16), i.at(1), v, |_, c| c)));
}

#[test]
fn what_is_wrong_inside_names_the_loop() {
    expect![[r#"
        add: shapes [4] and [2,3] do not broadcast; reshape one of them or add an axis of extent 1
          at control.rs:L
          inside `scan` at control.rs:L
          in `errors::refused`, jitted at control.rs:L"#]]
    .assert_eq(&refused(|x, v, _| scan(v, &v, |c, _| (c + x, ())).0));
    expect![[r#"
        add: shapes [4] and [2,3] do not broadcast; reshape one of them or add an axis of extent 1
          at control.rs:L
          inside `cond` at control.rs:L
          in `errors::refused`, jitted at control.rs:L"#]]
    .assert_eq(&refused(|x, v, _| cond(v.sum().lt(0), v, |v| v + x, |v| v)));
    expect![[r#"
        add: shapes [4] and [2,3] do not broadcast; reshape one of them or add an axis of extent 1
          at control.rs:L
          inside `while_loop` at control.rs:L
          in `errors::refused`, jitted at control.rs:L"#]]
    .assert_eq(&refused(|x, v, _| while_loop(v, |c| (c + x).sum().lt(0), |c| c)));
}

#[test]
fn prefixes_are_of_one_axis() {
    expect![[r#"
        associative_scan: leaves differ in length along axis 0: `0` has 2, `1` has 4
          at control.rs:L
          in `errors::refused`, jitted at control.rs:L"#]]
    .assert_eq(&refused(|x, v, _| associative_scan(&(x, v), |_, b| b).0));
    let second = AssociativeScan { axis: 1, ..AssociativeScan::default() };
    expect![[r#"
        associative_scan: the operand is f32[4]: it has no axis 1
          at control.rs:L
          in `errors::refused`, jitted at control.rs:L"#]]
    .assert_eq(&refused(move |_, v, _| second.run(&v, |a, b| a + b)));
    expect![[r#"
        map_batches: the batch size is 0; it must be at least 1
          at control.rs:L
          in `errors::refused`, jitted at control.rs:L"#]]
    .assert_eq(&refused(|_, v, _| map_batches(0, |x: &Val| x * 2)(&v)));
}

/// A loop whose number of steps shows only while it runs, so that only then its tape is too long.
#[test]
fn a_tape_over_its_limit_leaves_the_state_as_it_was() {
    let grown = |x: &Val, end: &Val| {
        let end = *end;
        while_loop(*x, move |x| x.sum().lt(end), |x| x + x.sqrt()).sum()
    };
    let step: Jitted<fn(&mut Vec<Val>, &Val) -> Val> = jit(move |state: &mut Vec<Val>, end: &Val| {
        let (sum, slope) = value_and_grad(grown)(&state[0], end);
        *state = vec![state[0] - 0.1 * slope, state[1] + 1];
        sum
    });
    let step = step.with(Config { tape_bytes: 10_000, ..Config::default() });
    let start = vec![Array::full([100], 1.0f32), Array::from(0i32)];
    let mut state = start.clone();
    for round in 0..3 {
        // Some 60 steps, each of which leaves 400 bytes or more.
        expect![[r#"
        while_loop: what this loop keeps of its steps for the derivative needs more than the 10000 bytes that tapes may take; raise GRADUS_TAPE_BYTES or the configuration's `tape_bytes`, or let the loop end sooner
          at control.rs:L"#]]
        .assert_eq(&message(step(&mut state, &Array::from(1e5f32))));
        assert_eq!(state[0], start[0]);
        assert_eq!(state[1], Array::from(0i32));
        // A shorter loop goes well before and after.
        let mut other = start.clone();
        let sum = step(&mut other, &Array::from(250f32)).and_then(|sum| sum.item::<f32>());
        let sum = sum.expect("two steps are few");
        assert!((sum - 341.42).abs() < 0.01, "{sum} in round {round}");
        assert_eq!(other[1], Array::from(1i32));
        assert_ne!(other[0], start[0]);
    }
}
