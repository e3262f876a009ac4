//! Arrays print as NumPy prints them with its defaults: eight digits, 75 columns, the ends of long axes.

use crate::{Array, Dtype, Kind, Numbers};
use half::f16;
use std::fmt;

/// Above this many elements only the ends of each axis are shown.
const SUMMARISED_ABOVE: usize = 1000;
const SHOWN_AT_EACH_END: usize = 3;
/// Lines are no longer than this.
const LINE_WIDTH: usize = 75;
/// Digits after the point.
const MOST_DIGITS: usize = 8;

impl fmt::Display for Array {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.rank() == 0 {
            return f.write_str(&scalar_word(self));
        }
        if self.size() == 0 {
            return f.write_str("[]");
        }
        let shape = self.shape();
        let summarised = self.size() > SUMMARISED_ABOVE;
        let words = words(self, &shown_positions(&shape, summarised));
        let mut layout = Layout { shape: &shape, summarised, words: words.into_iter() };
        f.write_str(&layout.axis(0, LINE_WIDTH))
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

/// The words between brackets.
struct Layout<'a> {
    shape: &'a [usize],
    summarised: bool,
    words: std::vec::IntoIter<String>,
}

impl Layout<'_> {
    /// One position along the axes before `depth`, in brackets; `width` is left of the line.
    fn axis(&mut self, depth: usize, width: usize) -> String {
        let n = self.shape[depth];
        let indent = " ".repeat(depth + 1);
        let is_last = depth + 1 == self.shape.len();
        let between = "\n".repeat(self.shape.len() - depth - 1) + &indent;
        let (mut done, mut line) = (String::new(), indent.clone());
        let mut previous = None;
        for i in shown_along(n, self.summarised) {
            if previous.is_some_and(|p| i != p + 1) {
                if is_last {
                    extend(&mut done, &mut line, "...", width - 1, &indent);
                    line.push(' ');
                } else {
                    line += "...";
                    line += &between;
                }
            }
            previous = Some(i);
            if is_last {
                let word = self.words.next().expect("internal: a word for each element that is shown");
                extend(&mut done, &mut line, &word, width - 1, &indent);
                line.push_str(if i + 1 == n { "" } else { " " });
            } else {
                line += &self.axis(depth + 1, width - 1);
                line.push_str(if i + 1 == n { "" } else { &between });
            }
        }
        done += &line;
        format!("[{}]", &done[indent.len()..])
    }
}

/// Adds a word to the line, on a new one if it is too long.
fn extend(done: &mut String, line: &mut String, word: &str, width: usize, indent: &str) {
    if line.len() + word.len() > width {
        *done += line.trim_end();
        done.push('\n');
        *line = indent.into();
    }
    *line += word;
}

/// The words of the elements at `shown`, of equal width.
fn words(a: &Array, shown: &[usize]) -> Vec<String> {
    let dtype = a.dtype();
    match a.numbers() {
        Numbers::Complex(all) => {
            let (re, im): (Vec<f64>, Vec<f64>) = shown.iter().map(|&i| (all[i].re, all[i].im)).unzip();
            let words = real_words(dtype.real(), &re).into_iter().zip(imaginary_words(dtype.real(), &im));
            words.map(|(re, im)| re + &im).collect()
        }
        Numbers::Floats(all) => real_words(dtype, &shown.iter().map(|&i| all[i]).collect::<Vec<f64>>()),
        Numbers::Integers(all) if dtype.kind() == Kind::Bool => {
            shown.iter().map(|&i| if all[i] == 1 { " True".into() } else { "False".into() }).collect()
        }
        Numbers::Integers(all) => aligned(shown.iter().map(|&i| all[i].to_string()).collect()),
    }
}

/// The words of floats of type `dtype`.
fn real_words(dtype: Dtype, xs: &[f64]) -> Vec<String> {
    match dtype {
        Dtype::BF16 => aligned(xs.iter().map(|x| six_digits(*x)).collect()),
        Dtype::F16 => float_words(&xs.iter().map(|x| Half(f16::from_f64(*x))).collect::<Vec<Half>>()),
        Dtype::F32 => float_words(&xs.iter().map(|x| *x as f32).collect::<Vec<f32>>()),
        _ => float_words(xs),
    }
}

/// The words of imaginary parts: always with a sign, `j` behind the digits.
fn imaginary_words(dtype: Dtype, xs: &[f64]) -> Vec<String> {
    let signed = |word: String| {
        let word = word.trim_start();
        if word.starts_with('-') { word.to_string() } else { format!("+{word}") }
    };
    let words = aligned(real_words(dtype, xs).into_iter().map(signed).collect());
    let with_unit = |word: String| {
        let digits = word.trim_end().len();
        format!("{}j{}", &word[..digits], &word[digits..])
    };
    words.into_iter().map(with_unit).collect()
}

/// C's `%g`, as `ml_dtypes` writes bfloat16.
fn six_digits(x: f64) -> String {
    if !x.is_finite() {
        return special(x);
    }
    let scientific = format!("{x:.5e}");
    let (mantissa, exponent) = scientific.split_once('e').expect("internal: an exponent is asked for");
    let power: i32 = exponent.parse().expect("internal: an exponent is a number");
    let trimmed = |digits: &str| match digits.contains('.') {
        true => digits.trim_end_matches('0').trim_end_matches('.').to_string(),
        false => digits.to_string(),
    };
    if (-4..6).contains(&power) {
        let decimals = (5 - power) as usize;
        return trimmed(&format!("{x:.decimals$}"));
    }
    format!("{}{}", trimmed(mantissa), exponent_word(exponent, 2))
}

/// A scalar prints as Python's: `1.5`, `2.0`, `1e+16`, `True`, `(1+2j)`.
fn scalar_word(a: &Array) -> String {
    let z = a.to_complex_vec()[0];
    match a.dtype().kind() {
        Kind::Bool => if z.re == 1.0 { "True" } else { "False" }.into(),
        Kind::Complex => {
            let part = |x: f64| {
                let word = scalar_float(a.dtype().real(), x);
                word.strip_suffix(".0").map_or(word.clone(), str::to_string)
            };
            let im = part(z.im);
            if z.re == 0.0 && z.re.is_sign_positive() {
                return format!("{im}j");
            }
            let plus = if im.starts_with('-') { "" } else { "+" };
            format!("({}{plus}{im}j)", part(z.re))
        }
        Kind::Float => scalar_float(a.dtype(), z.re),
        _ => a.to_i128_vec()[0].to_string(),
    }
}

fn scalar_float(dtype: Dtype, x: f64) -> String {
    if !x.is_finite() {
        return special(x);
    }
    let narrow = dtype.size_bytes() < 8;
    let most = match dtype {
        Dtype::BF16 => return six_digits(x),
        Dtype::F16 => 1e3,
        Dtype::F32 => 1e6,
        _ => 1e16,
    };
    let wide = x != 0.0 && !(1e-4..most).contains(&x.abs());
    let half = Half(f16::from_f64(x));
    let word = match (wide, narrow) {
        (false, true) if dtype == Dtype::F16 => format!("{half}"),
        (true, true) if dtype == Dtype::F16 => format!("{half:e}"),
        (false, true) => format!("{:?}", x as f32),
        (false, false) => format!("{x:?}"),
        (true, true) => format!("{:e}", x as f32),
        (true, false) => format!("{x:e}"),
    };
    match word.split_once('e') {
        Some((mantissa, exponent)) if wide => format!("{mantissa}{}", exponent_word(exponent, 2)),
        None if !word.contains('.') && !wide => word + ".0",
        _ => word,
    }
}

/// An `f16` that prints in the fewest digits that read back to it.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
struct Half(f16);

impl Half {
    fn shortest(self) -> f64 {
        let x = f64::from(self.0);
        let words = (0..6).map(|digits| format!("{x:.digits$e}"));
        let numbers = words.filter_map(|word| word.parse::<f64>().ok());
        let same = |number: &f64| f16::from_f64(*number) == self.0;
        numbers.into_iter().find(same).unwrap_or(x)
    }
    fn written(self, f: &fmt::Formatter<'_>) -> f64 {
        if f.precision().is_some() { self.0.into() } else { self.shortest() }
    }
}
impl From<Half> for f64 {
    fn from(x: Half) -> f64 {
        x.0.into()
    }
}
impl fmt::Display for Half {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.written(f), f)
    }
}
impl fmt::LowerExp for Half {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::LowerExp::fmt(&self.written(f), f)
    }
}
impl Float for Half {
    fn spread_is_wide(largest: Half, smallest: Half) -> bool {
        smallest.0 < f16::from_f64(0.0001) || (largest.0 / smallest.0) > f16::from_f64(1000.0)
    }
    fn magnitude(self) -> Half {
        Half(f16::from_f64(f64::from(self.0).abs()))
    }
}

/// What the layout needs to know about a float type.
trait Float: Copy + PartialOrd + fmt::Display + fmt::LowerExp + Into<f64> {
    /// Whether numbers so far apart are written with exponents; in the type's own arithmetic, as NumPy does.
    fn spread_is_wide(largest: Self, smallest: Self) -> bool;
    fn magnitude(self) -> Self;
}
macro_rules! floats {
    ($($T:ty),*) => { $(
        impl Float for $T {
            fn spread_is_wide(largest: $T, smallest: $T) -> bool {
                largest >= 1e8 || smallest < 0.0001 || largest / smallest > 1000.0
            }
            fn magnitude(self) -> $T {
                self.abs()
            }
        }
    )* };
}
floats!(f32, f64);

fn float_words<T: Float>(xs: &[T]) -> Vec<String> {
    let finite = || xs.iter().copied().filter(|x| (*x).into().is_finite());
    let nonzero = || finite().map(T::magnitude).filter(|x| (*x).into() != 0.0);
    let larger = |a: T, b: T| if b > a { b } else { a };
    let smaller = |a: T, b: T| if b < a { b } else { a };
    let wide = match (nonzero().reduce(larger), nonzero().reduce(smaller)) {
        (Some(largest), Some(smallest)) => T::spread_is_wide(largest, smallest),
        _ => false,
    };
    if wide { exponent_words(xs) } else { positional_words(xs) }
}

/// Every number with its own digits, points below one another.
fn positional_words<T: Float>(xs: &[T]) -> Vec<String> {
    let parts: Vec<Result<(String, String), String>> = xs.iter().map(|x| split_number(*x)).collect();
    let fraction = parts.iter().flatten().map(|(_, f)| f.len()).max();
    let word = |part| match part {
        Ok((whole, digits)) => {
            let fraction = fraction.unwrap_or(0);
            format!("{whole}.{digits:fraction$}")
        }
        Err(special) => special,
    };
    aligned(parts.into_iter().map(word).collect())
}

/// The digits before and after the point, or the word of what is no number.
fn split_number<T: Float>(x: T) -> Result<(String, String), String> {
    if !x.into().is_finite() {
        return Err(special(x.into()));
    }
    let shortest = x.to_string();
    let (whole, digits) = shortest.split_once('.').unwrap_or((&shortest, ""));
    if digits.len() <= MOST_DIGITS {
        return Ok((whole.into(), digits.into()));
    }
    let rounded = format!("{x:.MOST_DIGITS$}");
    let (whole, digits) = rounded.split_once('.').expect("internal: digits after the point");
    Ok((whole.into(), digits.trim_end_matches('0').into()))
}

/// All numbers with the same number of digits and an exponent.
fn exponent_words<T: Float>(xs: &[T]) -> Vec<String> {
    let split = |x: T, digits: Option<usize>| {
        let word = digits.map_or_else(|| format!("{x:e}"), |n| format!("{x:.n$e}"));
        let (mantissa, exponent) = word.split_once('e').expect("internal: an exponent is asked for");
        let (whole, digits) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        (whole.to_string(), digits.to_string(), exponent.to_string())
    };
    let shortest = |x: T| {
        let (_, digits, exponent) = split(x, None);
        if digits.len() <= MOST_DIGITS {
            return (digits.len(), exponent);
        }
        let (_, digits, exponent) = split(x, Some(MOST_DIGITS));
        (digits.trim_end_matches('0').len(), exponent)
    };
    let finite = || xs.iter().copied().filter(|x| (*x).into().is_finite());
    let most_digits = finite().map(|x| shortest(x).0).max().unwrap_or(0);
    let exponent_digits = finite().map(|x| shortest(x).1.trim_start_matches('-').len().max(2)).max();
    let word = |x: T| {
        if !x.into().is_finite() {
            return special(x.into());
        }
        let (whole, digits, exponent) = split(x, Some(most_digits));
        format!("{whole}.{digits}{}", exponent_word(&exponent, exponent_digits.unwrap_or(2)))
    };
    aligned(xs.iter().map(|x| word(*x)).collect())
}

/// `e+05` of `5`.
fn exponent_word(exponent: &str, digits: usize) -> String {
    let (sign, number) = exponent.strip_prefix('-').map_or(('+', exponent), |number| ('-', number));
    format!("e{sign}{number:0>digits$}")
}

fn special(x: f64) -> String {
    if x.is_nan() {
        "nan"
    } else if x > 0.0 {
        "inf"
    } else {
        "-inf"
    }
    .into()
}

fn aligned(words: Vec<String>) -> Vec<String> {
    let width = words.iter().map(String::len).max().unwrap_or(0);
    words.into_iter().map(|word| format!("{word:>width$}")).collect()
}
