//! What serves a call: structure, static fields and leaf types are the key; a hit does not call the function.

use super::events::events;
use super::{near, scalar, vector};
use gradus::{Array, Config, Fixed, Result, Tree, Val, jit};
use std::sync::atomic::{AtomicUsize, Ordering};

#[derive(Tree, Clone)]
struct Dense<T = Array> {
    w: T,
    b: Option<T>,
    #[tree(static)]
    scale: i64,
}
fn dense() -> Dense {
    Dense { w: scalar(2.), b: None, scale: 1 }
}

#[test]
fn a_hit_does_not_call_the_function() -> Result<()> {
    let calls = AtomicUsize::new(0);
    let f = jit(|x: &Val| {
        calls.fetch_add(1, Ordering::Relaxed);
        x + 1.0
    });
    for i in 0..5 {
        near(&f(&scalar(i as f32))?, &[i as f32 + 1.0]);
    }
    assert_eq!(calls.load(Ordering::Relaxed), 1);
    near(&f.clone()(&scalar(1.))?, &[2.]);
    assert_eq!(calls.load(Ordering::Relaxed), 1, "a clone shares what is compiled");
    Ok(())
}

#[test]
fn shapes_dtypes_structure_and_static_fields_are_the_key() -> Result<()> {
    let calls = AtomicUsize::new(0);
    let f = jit(|d: &Dense<Val>, x: &Val| {
        calls.fetch_add(1, Ordering::Relaxed);
        let y = x * d.w * d.scale;
        d.b.map_or(y, |b| y + b)
    });
    let mut expected = 0;
    let mut check = |d: &Dense, x: &Array, new: usize| -> Result<Array> {
        expected += new;
        let y = f(d, x)?;
        assert_eq!(calls.load(Ordering::Relaxed), expected);
        Ok(y)
    };
    let (d, x) = (dense(), scalar(3.));
    near(&check(&d, &x, 1)?, &[6.]);
    near(&check(&d, &vector(&[1., 2.]), 1)?, &[2., 4.]);
    assert_eq!(check(&d, &Array::from(3i32), 1)?, Array::from(6f32));
    near(&check(&Dense { b: Some(scalar(1.)), ..dense() }, &x, 1)?, &[7.]);
    near(&check(&Dense { scale: 2, ..dense() }, &x, 1)?, &[12.]);
    // all of them are known now, in any order
    near(&check(&d, &x, 0)?, &[6.]);
    near(&check(&Dense { scale: 2, ..dense() }, &x, 0)?, &[12.]);
    near(&check(&d, &vector(&[1., 2.]), 0)?, &[2., 4.]);
    Ok(())
}

#[test]
fn config_is_part_of_the_key() -> Result<()> {
    let calls = AtomicUsize::new(0);
    let f = jit(|x: &Val| {
        calls.fetch_add(1, Ordering::Relaxed);
        x + 1.0
    });
    let precise = f.with(Config { precise: true, ..Config::default() });
    near(&f(&scalar(1.))?, &[2.]);
    near(&precise(&scalar(1.))?, &[2.]);
    assert_eq!(calls.load(Ordering::Relaxed), 2);
    near(&f.with(Config { precise: true, ..Config::default() })(&scalar(1.))?, &[2.]);
    assert_eq!(calls.load(Ordering::Relaxed), 2, "what is compiled for a config stays");
    Ok(())
}

#[test]
fn many_specialisations_live_side_by_side() -> Result<()> {
    let f = jit(|x: &Val, n: &Fixed<i64>| x + n.0);
    for round in 0..2 {
        for n in 0..20 {
            near(&f(&scalar(1.), &Fixed(n))?, &[1. + n as f32]);
        }
        assert!(f.explain().contains("traced 20 times"), "round {round}");
    }
    Ok(())
}

#[test]
fn a_retrace_is_logged_with_the_argument_that_differs() -> Result<()> {
    let f = jit(|ds: &Vec<Dense<Val>>, x: &Val| ds.iter().fold(*x, |x, d| x * d.w * d.scale));
    let log = events("gradus::jit", || -> Result<()> {
        f(&vec![dense()], &scalar(1.))?;
        f(&vec![dense()], &vector(&[1., 2.]))?;
        f(&vec![dense(), dense()], &vector(&[1., 2.]))?;
        f(&vec![dense(), Dense { scale: 3, ..dense() }], &vector(&[1., 2.]))?;
        f(&vec![dense(), Dense { w: vector(&[1., 2.]), scale: 3, b: None }], &vector(&[1., 2.]))?;
        f(&vec![dense()], &scalar(1.))?;
        Ok(())
    })?;
    let differences: Vec<&String> = log.iter().filter_map(|event| event.get("difference")).collect();
    let expected = [
        "parameter 2: f32[] before, f32[2] now",
        "parameter 1: length 1 before, 2 now",
        "parameter 1 at `1`: static field `scale` changed",
        "parameter 1 at `1.w`: f32[] before, f32[2] now",
    ];
    assert_eq!(differences, expected);
    assert!(log.iter().all(|event| event["place"].contains("cache.rs")), "{log:?}");
    Ok(())
}
