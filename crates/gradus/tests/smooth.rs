//! Derivatives of smooth functions are those of the smooth function: at every order, in every order of transformations,
//! at ties, at switches between expansions and a little beside them, in both precisions.
//!
//! For each function and each of its operands: derivatives of order 1, 2 and 3 in `f64` against differences of the
//! derivative one order below, which read no value at the point itself; every way to write the same derivative against
//! the others; and `f32` against `f64`.

#[path = "functions/cases.rs"]
mod cases;
#[path = "functions/public.rs"]
mod public;

use crate::functions::{Function, Row, table};
use cases::{Case, Pattern, all};
use gradus::{Array, Val, grad, jit, jvp, trace, vmap};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What is computed of a function by one operand: its name, and its order.
const WAYS: [(&str, usize); 8] = [
    ("value", 0),
    ("jvp", 1),
    ("grad", 1),
    ("jvp of jvp", 2),
    ("jvp of grad", 2),
    ("grad of jvp", 2),
    ("grad of grad", 2),
    ("jvp of jvp of grad", 3),
];

/// How many of [`WAYS`] are tried: those of which differences are taken, those up to order 2, all.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
enum Depth {
    Below,
    Second,
    All,
}

impl Depth {
    /// The numbers of the ways in the order in which they are computed.
    fn ways(self) -> &'static [usize] {
        match self {
            Depth::Below => &[0, 1, 3],
            Depth::Second => &[0, 1, 3, 2, 4, 5, 6],
            Depth::All => &[0, 1, 3, 2, 4, 5, 6, 7],
        }
    }
}

/// [`WAYS`] of `f` by operand `i`, element by element. What a transformation gives beside its
/// derivative is the way of the order below: a function is traced as rarely as can be.
fn derivatives(f: Function, args: &[Val], i: usize, depth: Depth) -> Vec<Val> {
    let at = |v: &Val| {
        let mut args = args.to_vec();
        args[i] = *v;
        f(&args)
    };
    let forward = |v: &Val| jvp(at, v, &v.ones_like());
    let reverse = |v: &Val| grad(|u: &Val| at(u).sum())(v);
    let both = |v: &Val| jvp(reverse, v, &v.ones_like());
    let (x, one) = (args[i], args[i].ones_like());
    let ((value, first), (_, second)) = jvp(forward, &x, &one);
    let mut all = vec![value, first, second];
    let mut last = None;
    if depth == Depth::All {
        let ((first, second), (_, third)) = jvp(both, &x, &one);
        all.extend([first, second]);
        last = Some(third);
    } else if depth == Depth::Second {
        let (first, second) = both(&x);
        all.extend([first, second]);
    }
    if depth > Depth::Below {
        all.push(grad(|v: &Val| forward(v).1.sum())(&x));
        all.push(grad(|v: &Val| reverse(v).sum())(&x));
    }
    all.extend(last);
    all
}

/// Runs [`derivatives`] on columns of operands by the interpreter: thousands of functions need not be compiled. Ways
/// that are not tried are empty.
fn run(f: Function, columns: &[Array], i: usize, depth: Depth) -> Vec<Vec<f64>> {
    let columns = columns.to_vec();
    let program = trace(move |x: &Vec<Val>| derivatives(f, x, i, depth))(&columns).expect("a program");
    let results = gradus_ir::eval::eval(&program, &columns).expect("results");
    let mut by_way = vec![vec![]; WAYS.len()];
    for (way, result) in depth.ways().iter().zip(&results) {
        by_way[*way] = result.to_f64_vec();
    }
    by_way
}

/// The weights of values at `nodes` in the derivative at 0 of the polynomial through them.
fn weights(nodes: &[f64]) -> Vec<f64> {
    let others = |j: usize| nodes.iter().enumerate().filter(move |(k, _)| *k != j);
    let weight = |j: usize| {
        let below: f64 = others(j).map(|(_, x)| nodes[j] - x).product();
        let above =
            |skipped: usize| others(j).filter(|(k, _)| *k != skipped).map(|(_, x)| -x).product::<f64>();
        others(j).map(|(k, _)| above(k)).sum::<f64>() / below
    };
    (0..nodes.len()).map(weight).collect()
}

/// The nodes of differences, in steps.
const NODES: [f64; 8] = [-4.0, -3.0, -2.0, -1.0, 1.0, 2.0, 3.0, 4.0];

/// The derivative at the middle of values at [`NODES`] and how far it may be off; none if there is none.
fn difference(values: &[f64], step: f64) -> Option<(f64, f64, f64)> {
    if values.iter().any(|v| !v.is_finite()) {
        return None;
    }
    let by = |nodes: &[f64], values: &[f64]| {
        weights(nodes).iter().zip(values).map(|(w, v)| w * v).sum::<f64>() / step
    };
    let (central, left, right) =
        (by(&NODES, values), by(&NODES[..4], &values[..4]), by(&NODES[4..], &values[4..]));
    let inner = by(&NODES[1..7], &values[1..7]);
    let size = values.iter().fold(0.0f64, |most, v| most.max(v.abs()));
    let rounding = 4e-14 * size / step;
    // A bend: the sides differ by more than a smooth function's would.
    let spread = (left - central).abs() + (right - central).abs();
    let known = (central - inner).abs() <= 1e-7 * central.abs() + 1e2 * rounding
        && spread <= 1e-2 * (central.abs() + left.abs() + right.abs()) + 1e3 * rounding + 1e-2 * step;
    known.then_some((central, 1e-6 * central.abs() + 1e2 * rounding, size))
}

/// The points of a case, numbers of single precision, as rows.
fn rows(pattern: Pattern, arity: usize, table: &[Row]) -> Vec<Vec<f64>> {
    match pattern {
        Pattern::Table => of_table(table, arity),
        Pattern::Grid(numbers) => grid(numbers, arity),
        Pattern::Both(numbers) => [grid(numbers, arity), of_table(table, arity)].concat(),
    }
}

fn of_table(table: &[Row], arity: usize) -> Vec<Vec<f64>> {
    let finite = |args: &Vec<f64>| args.iter().all(|x| x.is_finite());
    let rows = table.iter().map(|(args, _)| args.clone()).filter(finite);
    fewer(rows.collect(), if arity > 3 { 5 } else { 10 })
}

fn grid(numbers: &[f64], arity: usize) -> Vec<Vec<f64>> {
    let mut rows = vec![vec![]];
    for _ in 0..arity {
        let longer = |row: &Vec<f64>| {
            let one = |x: &f64| [&row[..], &[f64::from(*x as f32)]].concat();
            numbers.iter().map(one).collect::<Vec<_>>()
        };
        rows = rows.iter().flat_map(longer).collect();
    }
    fewer(rows, 24)
}

/// About `most` of the rows, spread; with GRADUS_SLOW=1 all.
fn fewer(rows: Vec<Vec<f64>>, most: usize) -> Vec<Vec<f64>> {
    let every = if std::env::var_os("GRADUS_SLOW").is_some() { 1 } else { rows.len().div_ceil(most) };
    let tied = |row: &[f64]| row.len() == 2 && row[0] == row[1];
    let kept = rows.iter().enumerate().filter(|(k, row)| k % every == 0 || tied(row));
    kept.map(|(_, row)| row.clone()).collect()
}

/// The size of a step of differences at `x`.
fn step_at(x: f64) -> f64 {
    f64::powi(2.0, -7) * x.abs().clamp(0.0, 1.0).max(0.0625)
}

fn wide(rows: &[Vec<f64>], arity: usize) -> Vec<Array> {
    (0..arity).map(|j| Array::from(rows.iter().map(|row| row[j]).collect::<Vec<f64>>())).collect()
}

fn single(rows: &[Vec<f64>], arity: usize) -> Vec<Array> {
    (0..arity).map(|j| Array::from(rows.iter().map(|row| row[j] as f32).collect::<Vec<f32>>())).collect()
}

/// Bends and jumps that differences across them do not show, and f32 whose operands lose their digits before: z + m
/// beside a pole.
fn excused(name: &str, row: &[f64]) -> bool {
    match name {
        // Second derivatives of equal eigenvalues are not known: see `linalg::eigh`.
        "eigvalsh" => row[0] == row[1] && row[1] == row[2],
        "atan2" | "xlogy" => row[0] == 0.0 && row[1] == 0.0,
        "leaky_relu" | "elu" => row[0] == 0.0,
        "celu" => row[0] == 0.0 || row[1] == 0.0,
        // A corner at 0 for b = 0, which the steps by b come across nearby.
        "squareplus" => row[1] == 0.0 && row[0].abs() < 0.1,
        // Jumps at whole quotients, and near them.
        "fmod" => row[1].abs() < 0.1 || (row[0] / row[1] - (row[0] / row[1]).round()).abs() < 0.05,
        "poch" => row[0].abs() < 0.5 && row[1] < 0.0,
        _ => false,
    }
}

struct Found {
    wrong: Vec<String>,
    checked: usize,
}

impl Found {
    /// One operand of one function.
    fn check(&mut self, name: &str, f: Function, rows: &[Vec<f64>], i: usize) {
        let arity = rows[0].len();
        let mut around = vec![];
        for row in rows {
            for node in NODES {
                let mut moved = row.clone();
                moved[i] += node * step_at(row[i]);
                around.push(moved);
            }
        }
        let beside = run(f, &wide(&around, arity), i, Depth::Below);
        let exact = run(f, &wide(rows, arity), i, Depth::All);
        let narrow = run(f, &single(rows, arity), i, Depth::Second);
        for (p, row) in rows.iter().enumerate() {
            let near = |way: usize| &beside[way][p * NODES.len()..(p + 1) * NODES.len()];
            let value = exact[0][p];
            let middle = 0.5 * (near(0)[3] + near(0)[4]);
            // No number, or a jump, has no derivative.
            if !value.is_finite() || (value - middle).abs() > 0.1 * (1e-3 + value.abs() + middle.abs()) {
                continue;
            }
            if excused(name, row) {
                continue;
            }
            let mut known = [None; 4];
            // The derivative of each order from that way of the order below.
            for (order, below) in [(1, 0), (2, 1), (3, 3)] {
                known[order] = difference(near(below), step_at(row[i]));
            }
            for (way, (words, order)) in WAYS.into_iter().enumerate().skip(1) {
                let Some((expected, off, size)) = known[order] else { continue };
                self.checked += 1;
                let got = exact[way][p];
                let near = (got - expected).abs() <= off + 1e-13 * (1.0 + value.abs());
                if !near {
                    self.wrong.push(format!("f64 {name}{row:?} {i}: {words} {got:e}, not {expected:e}"));
                    continue;
                }
                let next = known.get(order + 1).copied().flatten().map_or(0.0, |(next, ..)| next);
                // Terms as large as the operands cancel.
                let largest = row.iter().fold(1.0f64, |most, x| most.max(x.abs())).min(1e4);
                let share = [2e-5, 1e-3, 1e-3][order - 1] + 1e-6 * largest;
                let off = share * expected.abs()
                    + 2e-7 * (next * row[i]).abs()
                    + off
                    + 1e-6 * (size + value.abs())
                    + 3e-7;
                if order == 3 {
                    continue;
                }
                let got = narrow[way][p];
                let near = (got - expected).abs() <= off;
                if !near && expected.abs() < 1e37 {
                    self.wrong.push(format!("f32 {name}{row:?} {i}: {words} {got:e}, not {expected:e}"));
                }
            }
        }
    }
}

#[test]
fn derivatives_are_those_of_the_smooth_function() {
    let only = std::env::var("ONLY").unwrap_or_default();
    let cases: Vec<Case> = all().into_iter().filter(|case| case.name.contains(&only)).collect();
    let (table, next) = (table(), AtomicUsize::new(0));
    let search = || {
        let mut found = Found { wrong: vec![], checked: 0 };
        while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
            let known = table.get(case.name).map_or(&[][..], |rows| &rows[..]);
            let rows = rows(case.pattern, case.arity, known);
            for i in (0..case.arity).filter(|i| !case.fixed.contains(i)) {
                found.check(case.name, case.f, &rows, i);
            }
        }
        found
    };
    let threads = std::thread::available_parallelism().map_or(1, |n| n.get());
    let all: Vec<Found> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(search)).collect();
        threads.into_iter().map(|thread| thread.join().expect("a search")).collect()
    });
    let checked: usize = all.iter().map(|found| found.checked).sum();
    let wrong: Vec<String> = all.into_iter().flat_map(|found| found.wrong).collect();
    let shown = if only.is_empty() { 100 } else { usize::MAX };
    let lines: Vec<&str> = wrong.iter().map(String::as_str).take(shown).collect();
    assert!(wrong.is_empty(), "{} wrong\n{}", wrong.len(), lines.join("\n"));
    assert!(checked > 30_000 || !only.is_empty(), "only {checked} derivatives were tried");
}

/// A new function is tried, or has a reason not to be in functions/not_searched.txt.
#[test]
fn every_public_function_is_searched_or_has_a_reason() {
    let searched: BTreeSet<String> = all().into_iter().map(|case| case.name.to_owned()).collect();
    let (public, excused) = (public::public(), public::not_searched());
    assert!(public.len() > 500, "only {} functions were found", public.len());
    let missing: Vec<_> =
        public.iter().filter(|name| !searched.contains(*name) && !excused.contains(*name)).collect();
    assert!(missing.is_empty(), "neither a case of functions/cases.rs nor in not_searched.txt: {missing:?}");
    let idle: Vec<_> =
        excused.iter().filter(|name| searched.contains(*name) || !public.contains(*name)).collect();
    assert!(idle.is_empty(), "in not_searched.txt for nothing: {idle:?}");
}

/// A derivative at the end of a domain, at a switch, or where a mask leaves out: the function, its operands, by which
/// of them, the derivatives of order 1 and 2 (NaN where none is stated).
type End = (&'static str, &'static [f64], usize, f64, f64);

const INF: f64 = f64::INFINITY;
const NAN: f64 = f64::NAN;

/// Limits from inside of the domain, in closed form.
#[rustfmt::skip]
const ENDS: &[End] = &[
    ("laplace.cdf", &[1.0, 1.0, 2.0], 0, 0.25, NAN), ("laplace.cdf", &[1.0, 1.0, 2.0], 1, -0.25, NAN),
    ("binom.logpmf", &[0.0, 5.0, 0.0, 0.0], 2, -5.0, -5.0), ("binom.logpmf", &[5.0, 5.0, 1.0, 0.0], 2, 5.0, -5.0),
    ("binom.pmf", &[0.0, 5.0, 0.0, 0.0], 2, -5.0, 20.0), ("binom.pmf", &[1.0, 5.0, 0.0, 0.0], 2, 5.0, -40.0),
    ("binom.pmf", &[2.0, 5.0, 0.0, 0.0], 2, 0.0, 20.0), ("binom.pmf", &[5.0, 5.0, 1.0, 0.0], 2, 5.0, 20.0),
    ("bernoulli.logpmf", &[0.0, 0.0, 0.0], 1, -1.0, -1.0), ("bernoulli.pmf", &[1.0, 0.0, 0.0], 1, 1.0, 0.0),
    ("poisson.logpmf", &[0.0, 0.0, 0.0], 1, -1.0, 0.0), ("poisson.pmf", &[1.0, 0.0, 0.0], 1, 1.0, -2.0),
    ("poisson.cdf", &[0.0, 0.0, 0.0], 1, -1.0, 1.0), ("geom.logpmf", &[1.0, 1.0, 0.0], 1, 1.0, -1.0),
    ("geom.pmf", &[2.0, 1.0, 0.0], 1, -1.0, -2.0), ("nbinom.pmf", &[0.0, 2.0, 1.0, 0.0], 2, 2.0, 2.0),
    ("entr", &[0.0], 0, INF, -INF), ("logit", &[0.0], 0, INF, -INF), ("logit", &[1.0], 0, INF, INF),
    ("erf_inv", &[1.0], 0, INF, INF), ("erf_inv", &[-1.0], 0, INF, -INF),
    ("ndtri", &[0.0], 0, INF, -INF), ("ndtri", &[1.0], 0, INF, INF),
    ("norm.ppf", &[0.0, 1.0, 2.0], 0, INF, -INF), ("xlogy", &[0.0, 0.0], 0, -INF, NAN), ("xlogy", &[0.0, 0.0], 1, 0.0, 0.0),
    ("rel_entr", &[0.0, 0.5], 0, -INF, INF), ("rel_entr", &[0.0, 0.5], 1, 0.0, 0.0),
    ("gamma.cdf", &[0.0, 1.0, 0.0, 2.0], 0, 0.5, -0.25), ("gamma.sf", &[0.0, 1.0, 0.0, 2.0], 0, -0.5, 0.25),
    ("gamma.cdf", &[0.0, 2.0, 0.0, 1.0], 0, 0.0, 1.0), ("gamma.pdf", &[0.0, 2.0, 0.0, 1.0], 0, 1.0, -2.0),
    ("gamma.logpdf", &[0.0, 1.0, 0.0, 1.0], 0, -1.0, 0.0), ("gammainc", &[1.0, 0.0], 1, 1.0, -1.0),
    ("beta.cdf", &[0.0, 1.0, 3.0, 0.0, 1.0], 0, 3.0, -6.0), ("beta.cdf", &[1.0, 2.0, 1.0, 0.0, 1.0], 0, 2.0, 2.0),
    ("beta.pdf", &[0.0, 2.0, 1.0, 0.0, 1.0], 0, 2.0, 0.0), ("beta.logpdf", &[0.0, 1.0, 3.0, 0.0, 1.0], 0, -2.0, -2.0),
    ("betainc", &[1.0, 3.0, 0.0], 2, 3.0, -6.0), ("chi2.logpdf", &[0.0, 2.0, 0.0, 1.0], 0, -0.5, 0.0),
    ("chi2.pdf", &[0.0, 2.0, 0.0, 1.0], 0, -0.25, 0.125), ("chi2.cdf", &[0.0, 2.0, 0.0, 1.0], 0, 0.5, -0.25),
    ("expon.logcdf", &[-1.0, 0.0, 1.0], 0, 0.0, 0.0), ("expon.cdf", &[-2000.0, 0.0, 1.0], 2, 0.0, 0.0),
    ("poch", &[0.0, 2.0], 0, 1.0, 2.0), ("poch", &[2.0, 0.0], 1, 0.422_784_335_098_467_1, NAN),
    ("poch", &[2.0, 0.0], 0, 0.0, 0.0), ("truncnorm.cdf", &[3.0, -1.0, 2.0, 0.0, 1.0], 0, 0.0, 0.0),
    ("truncnorm.cdf", &[-1.0, -1.0, 1.0, 0.0, 1.0], 0, 0.354_437_452_613_603_4, 0.354_437_452_613_603_4),
    ("truncnorm.logcdf", &[3.0, -1.0, 2.0, 0.0, 1.0], 1, 0.0, 0.0), ("truncnorm.logcdf", &[-3.0, -1.0, 2.0, 0.0, 1.0], 0, 0.0, 0.0),
    ("gumbel_r.cdf", &[-900.0, 0.0, 1.0], 0, 0.0, 0.0), ("gumbel_l.sf", &[900.0, 0.0, 1.0], 0, 0.0, 0.0),
    ("gumbel_r.pdf", &[-900.0, 0.0, 1.0], 0, 0.0, 0.0), ("pareto.logsf", &[1.0, 2.0, 1.0, 1.0], 1, 0.0, 0.0),
    ("gennorm.logpdf", &[0.0, 2.0], 0, 0.0, -2.0), ("gennorm.cdf", &[0.0, 2.0], 0, 0.564_189_583_547_756_3, 0.0),
    ("boxcox", &[3.0, 0.0], 1, 0.603_474_480_379_125_4, 0.441_989_653_381_302_5), ("boxcox", &[0.0, 2.0], 0, 0.0, 1.0),
    // No scale moves the end of a distribution, not even where the density is infinite.
    ("gamma.cdf", &[0.0, 0.5, 0.0, 2.0], 0, INF, -INF), ("gamma.cdf", &[1.0, 0.5, 1.0, 2.0], 2, -INF, -INF),
    ("gamma.cdf", &[1.0, 0.5, 1.0, 2.0], 3, 0.0, 0.0), ("gamma.sf", &[1.0, 0.5, 1.0, 2.0], 3, 0.0, 0.0),
    ("gamma.sf", &[0.0, 0.5, 0.0, 2.0], 0, -INF, INF), ("gamma.logsf", &[1.0, 0.5, 1.0, 2.0], 3, 0.0, 0.0),
    ("chi2.cdf", &[1.0, 1.0, 1.0, 2.0], 3, 0.0, 0.0), ("chi2.cdf", &[1.0, 1.0, 1.0, 2.0], 0, INF, -INF),
    ("chi2.sf", &[1.0, 1.0, 1.0, 2.0], 3, 0.0, 0.0), ("chi2.logsf", &[1.0, 1.0, 1.0, 2.0], 3, 0.0, 0.0),
    ("beta.cdf", &[1.0, 0.5, 2.0, 1.0, 3.0], 4, 0.0, 0.0), ("beta.cdf", &[1.0, 0.5, 2.0, 1.0, 3.0], 0, INF, -INF),
    ("beta.sf", &[1.0, 0.5, 2.0, 1.0, 3.0], 4, 0.0, 0.0), ("beta.logsf", &[1.0, 0.5, 2.0, 1.0, 3.0], 4, 0.0, 0.0),
    // cos x and -½; 2 cos x and 4 cos² x - 4: both are uniform at 0.
    ("vonmises.logpdf", &[0.5, 0.0], 1, 0.877_582_561_890_372_8, -0.5), ("vonmises.logpdf", &[0.5, 0.0], 0, 0.0, 0.0),
    ("vonmises.pdf", &[0.0, 0.0], 1, 0.159_154_943_091_895_35, 0.079_577_471_545_947_67),
    ("wrapcauchy.logpdf", &[0.0, 0.0], 1, 2.0, 0.0), ("wrapcauchy.logpdf", &[0.5, 0.0], 0, 0.0, 0.0),
    ("wrapcauchy.pdf", &[0.0, 0.0], 1, std::f64::consts::FRAC_1_PI, std::f64::consts::FRAC_2_PI),
    ("factorial", &[-1.0], 0, 0.0, 0.0), ("exp1", &[1.0], 0, -0.367_879_441_171_442_3, 0.735_758_882_342_884_7),
    ("expn", &[1.0, 2.0], 1, -0.067_667_641_618_306_3, 0.101_501_462_427_459_5),
];

#[test]
fn derivatives_at_ends_of_domains_are_the_limits() {
    let functions = crate::functions::functions();
    let mut wrong = vec![];
    for (name, args, i, first, second) in ENDS {
        let row = vec![args.to_vec()];
        let both = [
            ("f64", run(functions[name], &wide(&row, args.len()), *i, Depth::Second), 1e-9),
            ("f32", run(functions[name], &single(&row, args.len()), *i, Depth::Second), 2e-4),
        ];
        for (precision, got, share) in both {
            for (way, (words, order)) in
                WAYS.into_iter().enumerate().skip(1).filter(|(_, (_, order))| *order < 3)
            {
                let (got, expected) = (got[way][0], if order == 1 { *first } else { *second });
                let near = got == expected || (got - expected).abs() <= share * expected.abs().max(1e-3);
                if !expected.is_nan() && !near {
                    wrong.push(format!("{precision} {name}{args:?} {i}: {words} {got:e}, not {expected:e}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong\n{}", wrong.len(), wrong.join("\n"));
}

/// The gradient of a function of a vector, jitted; also by way of `vmap`.
fn gradient(f: fn(Val) -> Val, x: &[f64]) -> Vec<f64> {
    let alone = jit(move |x: &Val| grad(|x: &Val| f(*x))(x))(&Array::from(x.to_vec())).expect("a gradient");
    let rows = Array::new([1, x.len()], x).expect("one row");
    let batched =
        jit(move |x: &Val| vmap(move |x: &Val| grad(|x: &Val| f(*x))(x))(x))(&rows).expect("gradients");
    assert_eq!(
        alone.to_f64_vec().iter().map(|x| x.to_bits()).collect::<Vec<_>>(),
        batched.to_f64_vec().iter().map(|x| x.to_bits()).collect::<Vec<_>>()
    );
    alone.to_f64_vec()
}

#[test]
fn what_is_left_out_has_no_derivative() {
    let nan = f64::NAN;
    assert_eq!(gradient(|x| x.nanvar(.., 0.0), &[nan, 1.0, 2.0]), [0.0, -0.5, 0.5]);
    assert_eq!(gradient(|x| x.nanstd(.., 0.0), &[nan, 1.0, 2.0]), [0.0, -0.5, 0.5]);
    assert_eq!(gradient(|x| x.logsumexp(), &[-INF, -INF]), [0.0, 0.0]);
    // What is infinite outweighs the rest, and shares with its like.
    assert_eq!(gradient(|x| x.logsumexp(), &[0.0, INF]), [0.0, 1.0]);
    assert_eq!(gradient(|x| x.logsumexp(), &[INF, 0.0, INF, -INF]), [0.5, 0.0, 0.5, 0.0]);
    assert_eq!(gradient(|x| grad(|x: &Val| x.logsumexp())(&x).at(1), &[0.0, INF]), [0.0, 0.0]);
    assert_eq!(gradient(|x| x.softmax_where(0, x.gt(5)).sum(), &[1.0, 2.0]), [0.0, 0.0]);
    assert_eq!(gradient(|x| x.logsumexp_signed(0, x.ones_like()).0, &[-INF, -INF]), [0.0, 0.0]);
    assert_eq!(gradient(|b| b.zeros_like().logsumexp_signed(0, b).0, &[0.0, 2.0]), [0.5, 0.5]);
    let standardized = gradient(
        |x| gradus::where_(x.isnan(), 0, x.standardize_where(0, !x.isnan(), 1.0)).take(1, 0),
        &[nan, 1.0, 3.0],
    );
    assert!(standardized.iter().all(|x| x.is_finite()) && standardized[1] > 0.0, "{standardized:?}");
    let low =
        jit(|x: &Val| x.quantile(0.25, 0))(&Array::from([-INF, -INF, 1.0, 2.0, 3.0])).expect("a quantile");
    assert_eq!(low.item::<f64>().expect("one"), -INF);
}

#[test]
fn powers_of_zero_have_every_derivative() {
    let f = |x: &Val| x.pow(&Array::from([0.0f64, 1.0, 2.0])).sum();
    let second = jit(move |x: &Val| grad(grad(f))(x))(&Array::from(0.0f64)).expect("a derivative");
    assert_eq!(second.item::<f64>().expect("one"), 2.0);
}

/// Probabilities of 0 are met by counts and exponents of 0 and 1 as powers meet them.
#[test]
fn densities_of_several_have_slopes_at_the_faces_of_the_simplex() {
    fn mass(p: Val, x: [i32; 3]) -> Val {
        gradus::stats::multinomial::pmf(&Array::from(x), 2, p)
    }
    fn density(x: Val, alpha: [f64; 3]) -> Val {
        gradus::stats::dirichlet::pdf(x, &Array::from(alpha))
    }
    fn log_density(x: Val, alpha: [f64; 3]) -> Val {
        gradus::stats::dirichlet::logpdf(x, &Array::from(alpha))
    }
    let (face, corner) = ([0.0, 0.5, 0.5], [0.0, 0.0, 1.0]);
    // Masses 2 p₁ p₂, 2 p₀ p₁, p₀²; densities 2, 120 xyz, and 2 · 3 y.
    let cases: [(fn(Val) -> Val, [f64; 3], [f64; 3]); 9] = [
        (|p| gradus::stats::multinomial::logpmf(&Array::from([0, 1, 1]), 2, p), face, [0.0, 2.0, 2.0]),
        (|p| mass(p, [0, 1, 1]), face, [0.0, 1.0, 1.0]),
        (|p| mass(p, [1, 1, 0]), face, [1.0, 0.0, 0.0]),
        (|p| mass(p, [2, 0, 0]), face, [0.0, 0.0, 0.0]),
        (|p| mass(p, [1, 1, 0]), corner, [0.0, 0.0, 0.0]),
        (|p| grad(|p: &Val| mass(*p, [1, 1, 0]))(&p).at(0), corner, [0.0, 2.0, 0.0]),
        (|x| density(x, [1.0; 3]) * x.sum(), face, [2.0, 2.0, 2.0]),
        (|x| density(x, [2.0; 3]), face, [30.0, 0.0, 0.0]),
        (|x| log_density(x, [1.0, 2.0, 1.0]), face, [0.0, 2.0, 0.0]),
    ];
    let near = |found: &[f64], expected: &[f64]| {
        let close = |(a, b): (&f64, &f64)| (a - b).abs() < 1e-12 || a == b;
        assert!(found.iter().zip(expected).all(close), "{found:?}, not {expected:?}");
    };
    for (f, x, expected) in cases {
        near(&gradient(f, &x), &expected);
    }
    let values = jit(|x: &Val| {
        let [one, two] = [1.0, 2.0].map(|a| [a; 3]);
        gradus::stack([density(*x, one), log_density(*x, one), density(*x, two), log_density(*x, two)], 0)
    });
    let values = values(&Array::from(face)).expect("densities");
    near(&values.to_f64_vec(), &[2.0, 2f64.ln(), 0.0, -INF]);
}

#[test]
fn norms_of_even_powers_have_every_derivative() {
    // (x⁴ + 1)^¼ at 0: ¼ · 4!; and at order 6 of (x⁶ + 1)^⅙ ⅙ · 6!.
    fn nth(f: fn(Val) -> Val, n: usize, x: Val) -> Val {
        if n == 0 { f(x) } else { grad(move |x: &Val| nth(f, n - 1, *x))(&x) }
    }
    let fourth = |x: Val| gradus::linalg::norm_ord(gradus::stack([x, x.ones_like()], 0), 4, 0);
    let sixth = |x: Val| gradus::linalg::norm_ord(gradus::stack([x, x.ones_like()], 0), 6, 0);
    for (f, n, expected) in [(fourth as fn(Val) -> Val, 4, 6.0), (fourth, 3, 0.0), (sixth, 6, 120.0)] {
        let found = jit(move |x: &Val| nth(f, n, *x))(&Array::from(0.0f64)).expect("a derivative");
        let found = found.item::<f64>().expect("one");
        assert!((found - expected).abs() < 1e-9, "order {n}: {found}, not {expected}");
    }
}

/// What the interpreter finds compiled code finds too, of one element and under `vmap`.
#[test]
fn compiled_second_derivatives_at_ties_are_right() {
    let cases: [(&str, fn(Val) -> Val, f64, f64); 7] = [
        ("softplus", |x| x.softplus(), 0.0, 0.25),
        ("log_sigmoid", |x| x.log_sigmoid(), 0.0, -0.25),
        ("logaddexp", |x| x.logaddexp(1.0), 1.0, 0.25),
        ("hypot", |x| x.hypot(1.0), 0.0, 1.0),
        ("hypot", |x| x.hypot(1.0), 1.0, 0.353_553_390_593_273_8),
        ("logistic.logpdf", |x| gradus::stats::logistic::logpdf(x, 0.0, 1.0), 0.0, -0.5),
        ("sinc", |x| x.sinc(), 0.0, -3.289_868_133_696_453),
    ];
    for (name, f, x, expected) in cases {
        for x in [Array::from([x, x]), Array::from([x as f32, x as f32])] {
            let second = jit(move |x: &Val| vmap(move |x: &Val| grad(grad(move |x: &Val| f(*x)))(x))(x));
            for got in second(&x).expect("derivatives").to_f64_vec() {
                assert!((got - expected).abs() < 1e-6, "{name}: {got}, not {expected}");
            }
        }
    }
}
