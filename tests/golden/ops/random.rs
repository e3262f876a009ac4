//! Keys, bits and distributions.

use super::{Found, many};
use crate::manifest::Params;
use gradus::{Val, random};

pub fn find(op: &str, params: &Params) -> Found {
    let n = params.int("n");
    let shape = params.dims("s");
    match op {
        "random.split" => {
            let n = n? as usize;
            many(move |a| vec![random::split(a[0], n)])
        }
        "random.fold_in" => match n {
            Some(n) => many(move |a| vec![random::fold_in(a[0], n)]),
            None => many(|a| vec![random::fold_in(a[0], a[1])]),
        },
        "random.bits32" => {
            let shape = shape?;
            many(move |a| vec![random::bits(a[0], &shape[..])])
        }
        "random.uniform" => {
            let (shape, low, high) = (shape?, params.float("lo").unwrap_or(0.0), params.float("hi").unwrap_or(1.0));
            many(move |a| vec![random::uniform_between(a[0], &shape[..], low, high)])
        }
        "random.normal" => {
            let shape = shape?;
            many(move |a| vec![random::normal(a[0], &shape[..])])
        }
        "random.randint" => {
            let (shape, low, high) = (shape?, params.int("lo")?, params.int("hi")?);
            many(move |a| vec![random::randint(a[0], &shape[..], low, high)])
        }
        "random.bernoulli" => {
            let (shape, p) = (shape?, params.float("p")?);
            many(move |a| vec![random::bernoulli(a[0], &shape[..], p)])
        }
        "random.permutation" => {
            let n = n? as usize;
            many(move |a| vec![random::permutation(a[0], Val::arange(n))])
        }
        "random.shuffle_rows" => {
            let n = n? as usize;
            many(move |a| vec![random::permutation(a[0], Val::arange(2 * n).reshape([n, 2]))])
        }
        "random.chain" => many(|a| {
            let keys = random::split(random::fold_in(a[0], 9), 3);
            (0..3).map(|i| random::normal(keys.at(i), [2])).collect()
        }),
        _ => None,
    }
}
