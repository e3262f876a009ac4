//! Loops and branches.

use super::refused;
use expect_test::expect;
use gradus::{
    AssociativeScan, Scan, Val, associative_scan, cond, fori_loop, map_batches, scan, switch, while_loop,
};

#[test]
fn a_carry_keeps_its_type() {
    expect![[r#""#]].assert_eq(&refused(|_, v, _| scan(v, &v, |c, x| (c.expand_dims(0), x)).0));
    expect![[r#""#]].assert_eq(&refused(|_, v, i| scan((v, i), &v, |(c, i), x| ((c, i + x), ())).0.1));
    expect![[r#""#]].assert_eq(&refused(|_, v, _| while_loop(v, |c| c.sum().lt(3), |c| c.sum())));
    expect![[r#""#]].assert_eq(&refused(|_, v, i| fori_loop(0, 3, i, |_, c| c + v.sum())));
    expect![[r#""#]].assert_eq(&refused(|_, v, i| {
        while_loop((v, vec![i, i]), |(c, _)| c.sum().lt(3), |(c, i)| (c, vec![i[0], i[0].sum()])).0
    }));
}

#[test]
fn a_carry_keeps_its_structure() {
    expect![[r#""#]].assert_eq(&refused(|_, v, _| scan(vec![v, v], &v, |c, _| (vec![c[0]], ())).0[0]));
    expect![[r#""#]].assert_eq(&refused(|_, v, _| cond(v.sum().lt(0), (), |()| vec![v], |()| vec![v, v])[0]));
}

#[test]
fn xs_have_one_leading_axis() {
    expect![[r#""#]].assert_eq(&refused(|x, v, _| scan(v.sum(), &(v, x), |c, _| (c, ())).0));
    expect![[r#""#]].assert_eq(&refused(|_, v, _| scan(v, &v.sum(), |c, _| (c, ())).0));
    expect![[r#""#]].assert_eq(&refused(|_, v, _| scan(v, &(), |c, ()| (c * 2, ())).0));
    expect![[r#""#]].assert_eq(&refused(|_, v, _| {
        Scan { length: Some(5), ..Scan::default() }.run(v.sum(), &v, |c, x| (c + x, ())).0
    }));
    expect![[r#""#]].assert_eq(&refused(|_, v, _| {
        Scan { unroll: 0, ..Scan::default() }.run(v.sum(), &v, |c, x| (c + x, ())).0
    }));
}

#[test]
fn a_condition_is_one_truth_value() {
    expect![[r#""#]].assert_eq(&refused(|_, v, _| while_loop(v, |c| c.lt(3), |c| c + 1)));
    expect![[r#""#]].assert_eq(&refused(|_, v, _| while_loop(v.sum(), |c| c, |c| c + 1)));
    expect![[r#""#]].assert_eq(&refused(|_, v, _| cond(v.lt(0), v, |v| v, |v| -v)));
}

#[test]
fn branches_agree() {
    expect![[r#""#]].assert_eq(&refused(|x, v, _| cond(v.sum().lt(0), (), |()| x, |()| v)));
    expect![[r#""#]].assert_eq(&refused(|_, v, i| cond(v.sum().lt(0), (), |()| (v, v), |()| (v, i.sum())).0));
    expect![[r#""#]].assert_eq(&refused(|_, v, i| {
        switch(i.at(0), v, &[&|v| v, &|v| v + 1, &|v| v.astype(gradus::Dtype::F64)])
    }));
    expect![[r#""#]].assert_eq(&refused(|_, v, _| switch(v.sum(), v, &[&|v| v, &|v| v + 1])));
    expect![[r#""#]].assert_eq(&refused(|_, v, i| switch(i, v, &[&|v| v, &|v| v + 1])));
    expect![[r#""#]].assert_eq(&refused(|_, v, i| switch(i.at(0), v, &[])));
}

#[test]
fn bounds_are_integers_of_one_type() {
    expect![[r#""#]].assert_eq(&refused(|_, v, _| fori_loop(0, v.sum(), v, |_, c| c)));
    expect![[r#""#]].assert_eq(&refused(|_, v, i| fori_loop(i, 3, v, |_, c| c)));
    expect![[r#""#]]
        .assert_eq(&refused(|_, v, i| fori_loop(i.at(0).astype(gradus::Dtype::I16), i.at(1), v, |_, c| c)));
}

#[test]
fn what_is_wrong_inside_names_the_loop() {
    expect![[r#""#]].assert_eq(&refused(|x, v, _| scan(v, &v, |c, _| (c + x, ())).0));
    expect![[r#""#]].assert_eq(&refused(|x, v, _| cond(v.sum().lt(0), v, |v| v + x, |v| v)));
    expect![[r#""#]].assert_eq(&refused(|x, v, _| while_loop(v, |c| (c + x).sum().lt(0), |c| c)));
}

#[test]
fn prefixes_are_of_one_axis() {
    expect![[r#""#]].assert_eq(&refused(|x, v, _| associative_scan(&(x, v), |_, b| b).0));
    let second = AssociativeScan { axis: 1, ..AssociativeScan::default() };
    expect![[r#""#]].assert_eq(&refused(move |_, v, _| second.run(&v, |a, b| a + b)));
    expect![[r#""#]].assert_eq(&refused(|_, v, _| map_batches(0, |x: &Val| x * 2)(&v)));
}
