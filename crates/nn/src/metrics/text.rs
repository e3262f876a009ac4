//! Measures of written and spoken words: [`Bleu`], and rates of wrong words and characters.

use std::collections::HashMap;

const ORDERS: usize = 4;

/// BLEU of a corpus, as sacreBLEU computes it by default: tokens by [`tokenize_13a`], up to four words, clipped counts
/// of several references, the closest reference length, exponential smoothing (Papineni et al., 2002; Post, 2018).
///
/// ```
/// use gradus_nn::metrics::Bleu;
/// let mut bleu = Bleu::new();
/// bleu.add("The cat sat on a mat.", &["The cat sat on the mat."]);
/// assert!((bleu.result() - 48.892).abs() < 1e-2);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Bleu {
    matches: [f64; ORDERS],
    totals: [f64; ORDERS],
    length: usize,
    reference_length: usize,
    lowercase: bool,
}

impl Bleu {
    /// Of no sentence yet.
    pub fn new() -> Bleu {
        Bleu::default()
    }
    /// Without a difference between capital and small letters.
    pub fn lowercase(self) -> Bleu {
        Bleu { lowercase: true, ..self }
    }
    /// Adds a sentence and one or more references of it.
    pub fn add(&mut self, hypothesis: &str, references: &[&str]) {
        let tokens = |text: &str| match self.lowercase {
            true => tokenize_13a(&text.to_lowercase()),
            false => tokenize_13a(text),
        };
        let own = tokens(hypothesis);
        let references: Vec<Vec<String>> = references.iter().map(|text| tokens(text)).collect();
        let lengths = references.iter().map(Vec::len);
        let closest = lengths.min_by_key(|length| (length.abs_diff(own.len()), *length)).unwrap_or(0);
        for order in 1..=ORDERS {
            let mut allowed: HashMap<&[String], usize> = HashMap::new();
            for reference in &references {
                for (words, count) in counts(reference, order) {
                    let most = allowed.entry(words).or_default();
                    *most = count.max(*most);
                }
            }
            for (words, count) in counts(&own, order) {
                self.totals[order - 1] += count as f64;
                self.matches[order - 1] += count.min(allowed.get(words).copied().unwrap_or(0)) as f64;
            }
        }
        self.length += own.len();
        self.reference_length += closest;
    }
    /// The score, from 0 to 100.
    pub fn result(&self) -> f64 {
        if self.matches.iter().all(|matches| *matches == 0.0) {
            return 0.0;
        }
        let mut smoothing = 1.0;
        let mut logarithms = 0.0;
        for (matches, total) in self.matches.iter().zip(self.totals) {
            if total == 0.0 {
                return 0.0;
            }
            let precision = if *matches == 0.0 {
                smoothing *= 2.0;
                1.0 / (smoothing * total)
            } else {
                matches / total
            };
            logarithms += precision.ln();
        }
        100.0 * self.brevity_penalty() * (logarithms / ORDERS as f64).exp()
    }
    /// `exp(1 − reference length / length)` for what is shorter than its references, else 1.
    pub fn brevity_penalty(&self) -> f64 {
        match self.length {
            0 if self.reference_length > 0 => 0.0,
            length if length < self.reference_length => {
                (1.0 - self.reference_length as f64 / length as f64).exp()
            }
            _ => 1.0,
        }
    }
}

/// How often each run of `order` words occurs.
fn counts(words: &[String], order: usize) -> HashMap<&[String], usize> {
    let mut counts = HashMap::new();
    words.windows(order).for_each(|run| *counts.entry(run).or_default() += 1);
    counts
}

/// White space as Python understands it.
fn is_space(c: char) -> bool {
    c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c)
}

/// The tokens of a text by the rules of mteval-v13a, which sacreBLEU calls `13a`: symbols stand alone, points and
/// commas do but between digits, and a dash behind a digit.
///
/// ```
/// use gradus_nn::metrics::tokenize_13a;
/// assert_eq!(tokenize_13a("Pay $1,000.50 (now)."), ["Pay", "$", "1,000.50", "(", "now", ")", "."]);
/// ```
pub fn tokenize_13a(text: &str) -> Vec<String> {
    let text = text.trim_end_matches(is_space).replace("<skipped>", "").replace("-\n", "").replace('\n', " ");
    let text = text.replace("&quot;", "\"").replace("&amp;", "&").replace("&lt;", "<").replace("&gt;", ">");
    let mut spaced = String::from(" ");
    for c in text.chars() {
        match c {
            '{'..='~' | '['..='`' | ' '..='&' | '('..='+' | ':'..='@' | '/' => spaced.extend([' ', c, ' ']),
            _ => spaced.push(c),
        }
    }
    spaced.push(' ');
    let digit = |c: char| c.is_ascii_digit();
    let point = |c: char| c == '.' || c == ',';
    let spaced = pairs(&spaced, |a, b| !digit(a) && point(b), |a, b| [a, ' ', b, ' ']);
    let spaced = pairs(&spaced, |a, b| point(a) && !digit(b), |a, b| [' ', a, ' ', b]);
    let spaced = pairs(&spaced, |a, b| digit(a) && b == '-', |a, b| [a, ' ', b, ' ']);
    spaced.split(is_space).filter(|token| !token.is_empty()).map(str::to_owned).collect()
}

/// The text with each two characters that `matches` replaced, from the left and without overlap.
fn pairs(
    text: &str,
    matches: impl Fn(char, char) -> bool,
    replaced: impl Fn(char, char) -> [char; 4],
) -> String {
    let mut out = String::with_capacity(2 * text.len());
    let mut rest = text.chars().peekable();
    while let Some(a) = rest.next() {
        match rest.next_if(|b| matches(a, *b)) {
            Some(b) => out.extend(replaced(a, b)),
            None => out.push(a),
        }
    }
    out
}

/// The rate of wrong words or characters: how many must be replaced, left out or put in, over how many there are.
///
/// ```
/// use gradus_nn::metrics::ErrorRate;
/// let mut words = ErrorRate::words();
/// words.add("the cat sat", "the bat sat down");
/// assert_eq!(words.result(), 2.0 / 3.0);
/// ```
#[derive(Clone, Debug)]
pub struct ErrorRate {
    characters: bool,
    errors: usize,
    length: usize,
}

impl ErrorRate {
    /// WER: words are what stands between white space.
    pub fn words() -> ErrorRate {
        ErrorRate { characters: false, errors: 0, length: 0 }
    }
    /// CER: characters, with the spaces inside of the text.
    pub fn characters() -> ErrorRate {
        ErrorRate { characters: true, errors: 0, length: 0 }
    }
    /// Adds a reference and what was understood.
    pub fn add(&mut self, reference: &str, hypothesis: &str) {
        let (errors, length) = if self.characters {
            let units = |text: &str| text.trim_matches(is_space).chars().collect::<Vec<char>>();
            let (reference, hypothesis) = (units(reference), units(hypothesis));
            (edits(&reference, &hypothesis), reference.len())
        } else {
            let units = |text: &'_ str| {
                text.split(is_space)
                    .filter(|word| !word.is_empty())
                    .map(str::to_owned)
                    .collect::<Vec<String>>()
            };
            let (reference, hypothesis) = (units(reference), units(hypothesis));
            (edits(&reference, &hypothesis), reference.len())
        };
        self.errors += errors;
        self.length += length;
    }
    /// Errors over the length of all references; it may be above 1. Without a reference NaN, or infinite.
    pub fn result(&self) -> f64 {
        self.errors as f64 / self.length as f64
    }
}

/// Levenshtein's distance.
fn edits<T: PartialEq>(from: &[T], to: &[T]) -> usize {
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (i, a) in from.iter().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, b) in to.iter().enumerate() {
            let replaced = diagonal + usize::from(a != b);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[to.len()]
}
