//! Arrays print as NumPy prints them.

use super::Array;
use crate::{Element, Kind};
use std::fmt;

/// Above this many elements only the ends of each axis are shown.
const SUMMARISED_ABOVE: usize = 1000;
const SHOWN_AT_EACH_END: usize = 3;

impl fmt::Display for Array {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let summarised = self.size() > SUMMARISED_ABOVE;
        let shown = shown_positions(&self.shape(), summarised);
        let words = words(self, &shown);
        let width = words.iter().map(String::len).max().unwrap_or(0);
        let mut words = words.into_iter();
        write_axis(f, &self.shape(), 0, summarised, width, &mut words)
    }
}
impl fmt::Debug for Array {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}({self})", self.ty())
    }
}

fn shown_along(n: usize, summarised: bool) -> impl Iterator<Item = usize> {
    let cut = summarised && n > 2 * SHOWN_AT_EACH_END;
    (0..n).filter(move |i| !cut || *i < SHOWN_AT_EACH_END || *i >= n - SHOWN_AT_EACH_END)
}

fn shown_positions(shape: &[usize], summarised: bool) -> Vec<usize> {
    shape.iter().fold(vec![0], |rows, &n| {
        rows.iter().flat_map(|row| shown_along(n, summarised).map(move |i| row * n + i)).collect()
    })
}

fn words(a: &Array, shown: &[usize]) -> Vec<String> {
    with_element!(a.dtype(), T => {
        let all: Vec<T> = a.elements().collect();
        let picked = shown.iter().map(|&i| all[i]);
        match a.dtype().kind() {
            Kind::Float if a.dtype().size_bytes() < 8 => float_words(picked.map(|x| x.to_f64()).collect(), &|x| (x as f32).to_string()),
            Kind::Float => float_words(picked.map(|x| x.to_f64()).collect(), &|x| x.to_string()),
            Kind::Bool => picked.map(|x| if x.to_i128() == 1 { "True".into() } else { "False".into() }).collect(),
            _ => picked.map(|x| x.to_i128().to_string()).collect(),
        }
    })
}

/// Up to eight digits after the point, the same number for all; exponents when the range is wide.
fn float_words(xs: Vec<f64>, shortest: &dyn Fn(f64) -> String) -> Vec<String> {
    let finite = || xs.iter().filter(|x| x.is_finite()).map(|x| x.abs());
    let (largest, smallest) =
        (finite().fold(0.0, f64::max), finite().filter(|x| *x > 0.0).fold(f64::INFINITY, f64::min));
    let wide = largest >= 1e8
        || smallest < 1e-4
        || largest / smallest > 1e3 && smallest.is_finite() && largest / smallest > 1e3;
    let wide = wide && xs.iter().any(|x| x.is_finite() && *x != 0.0);
    let digits_of = |x: f64| shortest(x).split_once('.').map_or(0, |(_, d)| d.len()).min(8);
    if wide {
        let digits = xs
            .iter()
            .filter(|x| x.is_finite())
            .map(|&x| mantissa_digits(&shortest_exponent(x, shortest)))
            .max();
        let digits = digits.unwrap_or(0).min(8);
        return xs.iter().map(|&x| special(x).unwrap_or_else(|| exponent_word(x, digits))).collect();
    }
    let digits = xs.iter().filter(|x| x.is_finite()).map(|&x| digits_of(x)).max().unwrap_or(0);
    let word = |x: f64| {
        let rounded = format!("{x:.digits$}");
        let point = if digits == 0 { "." } else { "" };
        format!("{rounded}{point}")
    };
    let words: Vec<String> = xs.iter().map(|&x| special(x).unwrap_or_else(|| word(x))).collect();
    trim_common_zeros(words)
}

fn special(x: f64) -> Option<String> {
    match x {
        x if x.is_nan() => Some("nan".into()),
        x if x.is_infinite() => Some(if x > 0.0 { "inf".into() } else { "-inf".into() }),
        _ => None,
    }
}

fn shortest_exponent(x: f64, shortest: &dyn Fn(f64) -> String) -> String {
    let parsed: f64 = shortest(x).parse().unwrap_or(x);
    format!("{parsed:e}")
}

fn mantissa_digits(word: &str) -> usize {
    let mantissa = word.split('e').next().unwrap_or(word);
    mantissa.split_once('.').map_or(0, |(_, d)| d.len())
}

fn exponent_word(x: f64, digits: usize) -> String {
    let word = format!("{x:.digits$e}");
    let (mantissa, exponent) = word.split_once('e').expect("internal: `{:e}` writes an exponent");
    let (sign, number) = exponent.strip_prefix('-').map_or(("+", exponent), |n| ("-", n));
    let point = if digits == 0 { "." } else { "" };
    format!("{mantissa}{point}e{sign}{number:0>2}")
}

/// Digits that are zero in every word say nothing.
fn trim_common_zeros(words: Vec<String>) -> Vec<String> {
    let zeros = |w: &String| w.len() - w.trim_end_matches('0').len();
    let is_number = |w: &&String| w.contains('.');
    let common = words.iter().filter(is_number).map(zeros).min().unwrap_or(0);
    words.into_iter().map(|w| if w.contains('.') { w[..w.len() - common].into() } else { w }).collect()
}

fn write_axis(
    f: &mut fmt::Formatter<'_>,
    shape: &[usize],
    depth: usize,
    summarised: bool,
    width: usize,
    words: &mut dyn Iterator<Item = String>,
) -> fmt::Result {
    let Some((&n, rest)) = shape.split_first() else {
        return f.write_str(&words.next().unwrap_or_default());
    };
    let separator =
        if rest.is_empty() { " ".into() } else { "\n".repeat(rest.len()) + &" ".repeat(depth + 1) };
    let mut previous = None;
    f.write_str("[")?;
    for i in shown_along(n, summarised) {
        if let Some(p) = previous {
            f.write_str(&separator)?;
            if i != p + 1 {
                write!(f, "...{separator}")?;
            }
        }
        previous = Some(i);
        if rest.is_empty() {
            write!(f, "{:>width$}", words.next().unwrap_or_default())?;
        } else {
            write_axis(f, rest, depth + 1, summarised, width, words)?;
        }
    }
    f.write_str("]")
}
