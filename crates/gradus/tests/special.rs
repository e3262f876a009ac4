//! `special` and `stats` against values of SciPy 1.17 in double precision, at the edges of JAX 0.10.2.
//!
//! `special.txt` holds functions, and below each its arguments (numbers of single precision, so that both precisions
//! see the same) and its value: SciPy's where JAX agrees or only has fewer digits, else JAX's, but for the values that
//! docs/from-jax.md lists as other than JAX's. To write it anew, evaluate `jax.scipy.special` and
//! `jax.scipy.stats` with 64 bits, and `scipy.special` and `scipy.stats`, at the arguments of every line.

use crate::functions::{Function, functions, table};
use gradus::{Array, Val, jit};
use std::collections::BTreeSet;

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
