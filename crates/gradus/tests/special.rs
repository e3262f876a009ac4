//! `special` and `stats` against values of SciPy 1.17 in double precision, at the edges of JAX 0.10.2.
//!
//! `special.txt` holds functions, and below each its arguments (numbers of single precision, so that both precisions
//! see the same) and its value: SciPy's where JAX agrees or only has fewer digits, else JAX's, but for the values that
//! docs/from-jax.md lists as other than JAX's. To write it anew, evaluate `jax.scipy.special` and
//! `jax.scipy.stats` with 64 bits, and `scipy.special` and `scipy.stats`, at the arguments of every line.

use gradus::{Array, Dtype, Val, jit, special, stats};
use std::collections::{BTreeMap, BTreeSet};

type Function = fn(&[Val]) -> Val;

macro_rules! of {
    ($f:path, 1) => {
        |x| $f(x[0])
    };
    ($f:path, 2) => {
        |x| $f(x[0], x[1])
    };
    ($f:path, 3) => {
        |x| $f(x[0], x[1], x[2])
    };
    ($f:path, 4) => {
        |x| $f(x[0], x[1], x[2], x[3])
    };
    ($f:path, 5) => {
        |x| $f(x[0], x[1], x[2], x[3], x[4])
    };
}

/// Functions by name: modules of functions with their numbers of operands.
macro_rules! functions {
    (special { $($special:ident $n:tt;)* } $(stats::$module:ident { $($name:ident $m:tt;)* })*) => {
        BTreeMap::from([
            $((stringify!($special), of!(special::$special, $n) as Function),)*
            $($((concat!(stringify!($module), ".", stringify!($name)), of!(stats::$module::$name, $m)),)*)*
        ])
    };
}

#[rustfmt::skip]
fn functions() -> BTreeMap<&'static str, Function> {
    let mut all = functions! {
    special {
        gammaln 1; digamma 1; gammasgn 1; gamma 1; factorial 1; comb 2; poch 2; betaln 2; beta 2; logit 1;
        expit 1; xlogy 2; xlog1py 2; entr 1; rel_entr 2; kl_div 2; boxcox 2; boxcox1p 2; ndtr 1;
        log_ndtr 1; ndtri 1; expi 1; exp1 1; i0 1; i0e 1; i1 1; i1e 1; zeta 2; gammainc 2; gammaincc 2;
        betainc 3;
    }
    stats::norm { logpdf 3; pdf 3; cdf 3; logcdf 3; sf 3; logsf 3; ppf 3; isf 3; }
    stats::beta { logpdf 5; pdf 5; cdf 5; logcdf 5; sf 5; logsf 5; }
    stats::gamma { logpdf 4; pdf 4; cdf 4; logcdf 4; sf 4; logsf 4; }
    stats::laplace { logpdf 3; pdf 3; cdf 3; }
    stats::t { logpdf 4; pdf 4; }
    stats::expon { logpdf 3; pdf 3; cdf 3; logcdf 3; sf 3; logsf 3; ppf 3; }
    stats::uniform { logpdf 3; pdf 3; cdf 3; ppf 3; }
    stats::cauchy { logpdf 3; pdf 3; cdf 3; logcdf 3; sf 3; logsf 3; ppf 3; isf 3; }
    stats::chi2 { logpdf 4; pdf 4; cdf 4; logcdf 4; sf 4; logsf 4; }
    stats::logistic { logpdf 3; pdf 3; cdf 3; sf 3; ppf 3; isf 3; }
    stats::truncnorm { logpdf 5; pdf 5; cdf 5; logcdf 5; sf 5; logsf 5; }
    stats::pareto { logpdf 4; pdf 4; cdf 4; logcdf 4; sf 4; logsf 4; ppf 4; }
    stats::gumbel_r { logpdf 3; pdf 3; logcdf 3; cdf 3; sf 3; ppf 3; }
    stats::gumbel_l { logpdf 3; pdf 3; logsf 3; sf 3; cdf 3; ppf 3; }
    stats::gennorm { logpdf 2; pdf 2; cdf 2; }
    stats::vonmises { logpdf 2; pdf 2; }
    stats::wrapcauchy { logpdf 2; pdf 2; }
    stats::poisson { logpmf 3; pmf 3; cdf 3; }
    stats::bernoulli { logpmf 3; pmf 3; cdf 2; ppf 2; }
    stats::binom { logpmf 4; pmf 4; }
    stats::geom { logpmf 3; pmf 3; }
    stats::nbinom { logpmf 4; pmf 4; }
    stats::betabinom { logpmf 5; pmf 5; }
    };
    all.insert("erf_inv", |x| x[0].erf_inv());
    // Orders are integers.
    all.insert("polygamma", |x| special::polygamma(x[0].astype(Dtype::I32), x[1]));
    all.insert("expn", |x| special::expn(x[0].astype(Dtype::I32), x[1]));
    all.insert("multigammaln", |x| special::multigammaln(x[0], 3));
    all
}

/// The rows of the table by function: arguments and value.
fn table() -> BTreeMap<&'static str, Vec<(Vec<f64>, f64)>> {
    let number = |word: &str| word.parse::<f64>().unwrap_or_else(|_| panic!("{word} is no number"));
    let (mut rows, mut name) = (BTreeMap::<_, Vec<_>>::new(), "");
    for line in include_str!("special.txt").lines() {
        match line.split_once(" = ") {
            None => name = line,
            Some((args, value)) => {
                let args = args.split(' ').map(number).collect();
                rows.entry(name).or_default().push((args, number(value)));
            }
        }
    }
    rows
}

fn run(f: Function, columns: &[Array]) -> Vec<f64> {
    let program = jit(move |x: &Vec<Val>| f(x));
    program(&columns.to_vec()).expect("a result").to_f64_vec()
}

/// How far results may be from `value`, in double and in single precision. An exponential of a logarithm has the
/// errors of that, which grow with its size; a logarithm of a density is a sum of terms of the size of 1.
fn bounds(name: &str, value: f64) -> [f64; 2] {
    let scale = match name.rsplit('.').next().unwrap_or(name) {
        "pdf" | "pmf" | "gamma" | "beta" | "comb" | "factorial" | "poch" => {
            value.abs() * (1.0 + value.abs().ln().abs())
        }
        "logpdf" | "logpmf" => value.abs().max(1.0),
        _ => value.abs(),
    };
    [1e-12, 4e-6].map(|share| if scale.is_finite() { share * scale } else { 0.0 })
}

#[test]
fn values_are_those_of_scipy() {
    let (functions, mut wrong) = (functions(), vec![]);
    for (name, rows) in table() {
        let f = functions[name];
        let column = |i: usize| rows.iter().map(|(args, _)| args[i]).collect::<Vec<f64>>();
        let columns: Vec<Vec<f64>> = (0..rows[0].0.len()).map(column).collect();
        let wide: Vec<Array> = columns.iter().map(|c| Array::from(c.clone())).collect();
        let narrow = columns.iter().map(|c| Array::from(c.iter().map(|x| *x as f32).collect::<Vec<f32>>()));
        for (got, is_single) in [(run(f, &wide), false), (run(f, &narrow.collect::<Vec<_>>()), true)] {
            for ((args, value), got) in rows.iter().zip(got) {
                // What single precision cannot hold is infinite or vanishes.
                let value = if is_single { f64::from(*value as f32) } else { *value };
                let least = if is_single { f64::from(f32::MIN_POSITIVE) } else { f64::MIN_POSITIVE };
                let bound = bounds(name, value)[usize::from(is_single)];
                let near = (got - value).abs() <= bound + least;
                if !(near || got == value || got.is_nan() && value.is_nan()) {
                    let precision = if is_single { "f32" } else { "f64" };
                    wrong.push(format!("{precision} {name}{args:?} = {got:e}, not {value:e}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong\n{}", wrong.len(), wrong.join("\n"));
}

/// Every public function of `special` and of the distributions of scalars stands in the table.
#[test]
fn the_table_holds_every_function() {
    let declared = |line: &str| {
        let name = line.split(|c: char| !(c.is_alphanumeric() || c == '_')).next().unwrap_or("");
        name.to_owned()
    };
    let mut names = BTreeSet::new();
    for line in include_str!("../src/special.rs").lines() {
        if let Some(rest) = line.strip_prefix("pub fn ") {
            names.insert(declared(rest));
        } else if let Some((name, variant)) = line.split_once(" = ")
            && line.starts_with("    ")
            && variant.starts_with(char::is_uppercase)
            && variant.ends_with(");")
        {
            names.insert(declared(name.trim()));
        }
    }
    for source in [include_str!("../src/stats/continuous.rs"), include_str!("../src/stats/discrete.rs")] {
        let mut module = String::new();
        for line in source.lines() {
            if line.starts_with("    ") && !line.starts_with("     ") && line.ends_with(" {") {
                module = declared(line.trim());
            } else if let Some((call, _)) = line.split_once(") => ")
                && line.starts_with("        ")
                && !line.starts_with("         ")
            {
                names.insert(format!("{module}.{}", declared(call.trim())));
            }
        }
    }
    // Against 40 digits in the kernels' tests.
    names.retain(|name| !["igamma_grad_a", "random_gamma_grad"].contains(&name.as_str()));
    assert!(names.len() > 120, "only {} found", names.len());
    let table = table();
    let missing: Vec<&String> = names.iter().filter(|name| !table.contains_key(name.as_str())).collect();
    assert!(missing.is_empty(), "not in the table: {missing:?}");
    assert_eq!(functions().into_keys().collect::<Vec<_>>(), table.into_keys().collect::<Vec<_>>());
}
