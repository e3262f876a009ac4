//! Keys, bits and distributions.

use super::{Found, many};
use crate::manifest::Params;
use gradus::random::Choice;
use gradus::{Array, Dtype, Val, arange, random, stack};
use gradus_nn::Initializer;

pub(super) fn find(op: &str, params: &Params) -> Found {
    let n = params.int("n");
    let shape = params.dims("s");
    match op {
        "random.split" => {
            let keys = params.dims("n")?;
            let shape: Vec<i64> = keys.iter().map(|&k| k as i64).chain([2]).collect();
            many(move |a| vec![random::split(a[0], keys.iter().product()).reshape(&shape)])
        }
        "random.fold_in" => match n {
            Some(n) => many(move |a| vec![random::fold_in(a[0], n)]),
            None => many(|a| vec![random::fold_in(a[0], a[1])]),
        },
        "random.bits32" => {
            let shape = shape?;
            many(move |a| vec![random::bits(a[0], shape.clone(), Dtype::U32)])
        }
        "random.threefry2x32" => many(|a| vec![random::threefry_2x32(a[0], a[1])]),
        "random.uniform" => {
            let (shape, low, high) =
                (shape?, params.float("lo").unwrap_or(0.0), params.float("hi").unwrap_or(1.0));
            many(move |a| vec![random::uniform_between(a[0], shape.clone(), Dtype::F32, low, high)])
        }
        "random.normal" => {
            let shape = shape?;
            many(move |a| vec![random::normal(a[0], shape.clone())])
        }
        "random.randint" => {
            let (shape, low, high) = (shape?, params.int("lo")?, params.int("hi")?);
            many(move |a| vec![random::randint(a[0], shape.clone(), low, high)])
        }
        "random.permutation" => {
            let n = n?;
            many(move |a| vec![random::permutation(a[0], n)])
        }
        "random.shuffle_rows" => {
            let n = n?;
            many(move |a| vec![random::permutation(a[0], arange(2 * n).reshape([n, 2]))])
        }
        "random.choice" | "random.choice_norep" => {
            let (n, m, replace) = (n?, params.int("m")?, op == "random.choice");
            many(move |a| vec![Choice { replace, ..Choice::default() }.draw(a[0], n, [m])])
        }
        "random.choice_p" => {
            let m = params.int("m")?;
            many(move |a| {
                let p = stack([0.1, 0.2, 0.3, 0.4].map(|p: f64| Val::from(p).astype(Dtype::F32)), 0);
                vec![Choice { p: Some(p), ..Choice::default() }.draw(a[0], 4, [m])]
            })
        }
        "random.gamma" => {
            let (shape, shape_parameter) = (shape?, params.float("a")?);
            many(move |a| vec![random::gamma(a[0], shape_parameter, shape.clone())])
        }
        "random.beta" => {
            let (shape, a, b) = (shape?, params.float("a")?, params.float("b")?);
            many(move |x| vec![random::beta(x[0], a, b, shape.clone())])
        }
        "random.dirichlet" => {
            let shape = shape?;
            many(move |a| {
                let alpha = stack([1.0, 2.0, 3.0].map(|x: f64| Val::from(x).astype(Dtype::F32)), 0);
                vec![random::dirichlet(a[0], alpha, shape.clone())]
            })
        }
        "random.poisson" => {
            let (shape, mean) = (shape?, params.float("lam")?);
            many(move |a| vec![random::poisson(a[0], mean, shape.clone())])
        }
        "random.binomial" => {
            let (shape, n, p) = (shape?, n? as f64, params.float("p")?);
            many(move |a| vec![random::binomial(a[0], n, p, shape.clone())])
        }
        "random.multivariate_normal" => many(|a| {
            let list = |x: &[f64]| Val::from(&Array::from(x.iter().map(|x| *x as f32).collect::<Vec<f32>>()));
            let covariance = list(&[2.0, 0.3, 0.3, 1.0]).reshape([2, 2]);
            vec![random::multivariate_normal(a[0], list(&[1.0, 2.0]), covariance, [3])]
        }),
        "random.glorot_init" => weights(shape?, Initializer::GLOROT_UNIFORM),
        "random.he_normal_init" => weights(shape?, Initializer::HE_NORMAL),
        "random.lecun_normal_init" => weights(shape?, Initializer::LECUN_NORMAL),
        "random.bernoulli" => {
            let (shape, p) = (shape?, params.float("p")?);
            many(move |a| vec![random::bernoulli(a[0], p, shape.clone())])
        }
        "random.uniform_f64" => {
            let shape = shape?;
            many(move |a| vec![random::uniform_between(a[0], shape.clone(), Dtype::F64, 0.0, 1.0)])
        }
        "random.normal_f64" => {
            let shape = shape?;
            many(move |a| vec![random::normal_of(a[0], shape.clone(), Dtype::F64)])
        }
        "random.truncated_normal" => {
            let (shape, low, high) = (shape?, params.float("lo")?, params.float("hi")?);
            many(move |a| vec![random::truncated_normal(a[0], shape.clone(), low, high)])
        }
        "random.categorical" => {
            let shape = shape?;
            many(move |a| {
                let p = [0.1, 0.2, 0.3, 0.4].map(|p: f64| Val::from(p).astype(Dtype::F32));
                vec![random::categorical(a[0], stack(p, 0).log(), shape.clone())]
            })
        }
        "random.gumbel" => shaped(shape?, random::gumbel),
        "random.exponential" => shaped(shape?, random::exponential),
        "random.laplace" => shaped(shape?, random::laplace),
        "random.logistic" => shaped(shape?, random::logistic),
        "random.cauchy" => shaped(shape?, random::cauchy),
        "random.rademacher" => shaped(shape?, random::rademacher),
        "random.key_seed" => many(|a| vec![random::key(a[0])]),
        "random.chain" => many(|a| {
            let keys = random::split(random::fold_in(a[0], 9), 3);
            (0..3).map(|i| random::normal(keys.at(i), [2])).collect()
        }),
        _ => None,
    }
}

fn weights(shape: Vec<usize>, initializer: Initializer) -> Found {
    many(move |a| vec![initializer.weights_of(&a[0], &shape)])
}

fn shaped(shape: Vec<usize>, draw: fn(Val, Vec<usize>) -> Val) -> Found {
    many(move |a| vec![draw(a[0], shape.clone())])
}
