//! Parts of a data set: by fraction, with equal shares of classes, in folds, by time.
//!
//! Invariant: the parts of a split have no row in common, so that nothing leaks from one into the other; where nothing
//! is said of rows left out, each row is in one of them.

use super::shuffle::{Words, permutation};

/// Rows to train with, and rows to validate with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Split {
    /// The rows to train with.
    pub train: Vec<usize>,
    /// The rows to validate or test with.
    pub validation: Vec<usize>,
}

/// A split that cannot be made.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SplitError {
    /// A fraction is not between 0 and 1, or leaves a part empty.
    #[error("a fraction of {fraction} of {rows} rows leaves one part empty; expected one between 0 and 1")]
    Fraction {
        /// The fraction.
        fraction: f64,
        /// The number of rows, of a class where it is one.
        rows: usize,
    },
    /// Fewer than two folds, or more than rows.
    #[error("{folds} folds of {rows} rows{}; expected from 2 to as many as rows", of(.class))]
    Folds {
        /// The number of folds.
        folds: usize,
        /// The number of rows.
        rows: usize,
        /// The class that has so few, where it is one.
        class: Option<i64>,
    },
    /// A series is too short for as many windows.
    #[error(
        "{rows} rows are too few: {splits} windows of {test} rows with {gap} before each leave none to train with"
    )]
    Windows {
        /// The number of rows.
        rows: usize,
        /// The number of windows.
        splits: usize,
        /// The rows of a window.
        test: usize,
        /// The rows left out before it.
        gap: usize,
    },
}

fn of(class: &Option<i64>) -> String {
    class.map_or(String::new(), |class| format!(" of class {class}"))
}

/// Shuffled rows below `n`; about `fraction` of them validate (rounded, and at least one on either side).
///
/// # Errors
/// The fraction is not between 0 and 1, or there are fewer than two rows.
pub fn by_fraction(n: usize, fraction: f64, seed: u64) -> Result<Split, SplitError> {
    let count = share(n, fraction)?;
    let mut rows = permutation(n, &[seed]);
    let validation = rows.split_off(n - count);
    Ok(Split { train: rows, validation })
}

/// [`by_fraction`] within each class, so that both parts have the classes' shares: `labels` has one for each row.
///
/// # Errors
/// The fraction is not between 0 and 1, or a class has fewer than two rows.
pub fn stratified(labels: &[i64], fraction: f64, seed: u64) -> Result<Split, SplitError> {
    let (mut train, mut validation) = (vec![], vec![]);
    for (class, mut rows) in classes(labels) {
        let count = share(rows.len(), fraction)?;
        Words::new(&[seed, class as u64]).shuffle(&mut rows);
        validation.extend(rows.split_off(rows.len() - count));
        train.extend(rows);
    }
    // One class after the other is no order to train in.
    Words::new(&[seed]).shuffle(&mut train);
    Words::new(&[seed]).shuffle(&mut validation);
    Ok(Split { train, validation })
}

/// `folds` splits of shuffled rows: each row validates in exactly one of them. Folds differ by one row at most.
///
/// # Errors
/// Fewer than two folds, or more than rows.
pub fn k_fold(n: usize, folds: usize, seed: u64) -> Result<Vec<Split>, SplitError> {
    check(folds, n, None)?;
    let parts = (0..folds).map(|_| vec![]).collect();
    Ok(rotated(deal(permutation(n, &[seed]), parts, 0)))
}

/// [`k_fold`] whose folds have the classes' shares: a class differs by one row at most from fold to fold.
///
/// # Errors
/// Fewer than two folds, or more than rows of a class.
pub fn stratified_k_fold(labels: &[i64], folds: usize, seed: u64) -> Result<Vec<Split>, SplitError> {
    check(folds, labels.len(), None)?;
    let mut parts: Vec<Vec<usize>> = (0..folds).map(|_| vec![]).collect();
    let mut first = 0;
    for (class, mut rows) in classes(labels) {
        check(folds, rows.len(), Some(class))?;
        Words::new(&[seed, class as u64]).shuffle(&mut rows);
        let count = rows.len();
        parts = deal(rows, parts, first);
        // The next class begins where this one ended, so that the folds are equally large too.
        first = (first + count) % folds;
    }
    for part in &mut parts {
        Words::new(&[seed]).shuffle(part);
    }
    Ok(rotated(parts))
}

/// Windows that walk forward over rows in the order of time, as scikit-learn's `TimeSeriesSplit`: `splits` of `test`
/// rows each, the last at the end; each trains with all rows before it but the `gap` just before.
///
/// # Errors
/// No splits, empty windows, or nothing left to train the first one with.
pub fn walk_forward(n: usize, splits: usize, test: usize, gap: usize) -> Result<Vec<Split>, SplitError> {
    let needed = splits.checked_mul(test).and_then(|rows| rows.checked_add(gap));
    match needed {
        Some(needed) if splits > 0 && test > 0 && needed < n => {}
        _ => return Err(SplitError::Windows { rows: n, splits, test, gap }),
    }
    let window = |k: usize| {
        let begin = n - (splits - k) * test;
        Split { train: (0..begin - gap).collect(), validation: (begin..begin + test).collect() }
    };
    Ok((0..splits).map(window).collect())
}

fn share(n: usize, fraction: f64) -> Result<usize, SplitError> {
    if !(fraction > 0.0 && fraction < 1.0) || n < 2 {
        return Err(SplitError::Fraction { fraction, rows: n });
    }
    Ok(((n as f64 * fraction).round() as usize).clamp(1, n - 1))
}

fn check(folds: usize, rows: usize, class: Option<i64>) -> Result<(), SplitError> {
    if (2..=rows).contains(&folds) { Ok(()) } else { Err(SplitError::Folds { folds, rows, class }) }
}

/// The rows of each class, classes in order.
fn classes(labels: &[i64]) -> std::collections::BTreeMap<i64, Vec<usize>> {
    let mut classes = std::collections::BTreeMap::new();
    for (row, &label) in labels.iter().enumerate() {
        classes.entry(label).or_insert_with(Vec::new).push(row);
    }
    classes
}

/// Deals rows to the parts in turn, the first to part `first`.
fn deal(rows: Vec<usize>, mut parts: Vec<Vec<usize>>, first: usize) -> Vec<Vec<usize>> {
    let count = parts.len();
    for (i, row) in rows.into_iter().enumerate() {
        parts[(first + i) % count].push(row);
    }
    parts
}

/// Each part in turn validates, the others train.
fn rotated(parts: Vec<Vec<usize>>) -> Vec<Split> {
    let others = |k: usize| {
        let rest = parts.iter().enumerate().filter(move |(i, _)| *i != k);
        rest.flat_map(|(_, part)| part.iter().copied()).collect()
    };
    (0..parts.len()).map(|k| Split { train: others(k), validation: parts[k].clone() }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Both parts together are the rows below `n`, each once.
    fn is_partition(split: &Split, n: usize) {
        let mut all = [&split.train[..], &split.validation].concat();
        all.sort_unstable();
        assert_eq!(all, (0..n).collect::<Vec<_>>());
        assert!(!split.train.is_empty() && !split.validation.is_empty());
    }

    fn count(rows: &[usize], labels: &[i64], class: i64) -> usize {
        rows.iter().filter(|&&row| labels[row] == class).count()
    }

    #[test]
    fn splits_are_partitions_whatever_the_sizes() {
        for n in 2..60 {
            for (i, fraction) in [0.001, 0.1, 0.25, 0.5, 0.9, 0.999].into_iter().enumerate() {
                let split = by_fraction(n, fraction, i as u64).unwrap();
                is_partition(&split, n);
                assert_eq!(split, by_fraction(n, fraction, i as u64).unwrap());
                let wanted = (n as f64 * fraction).round().clamp(1.0, n as f64 - 1.0);
                assert_eq!(split.validation.len(), wanted as usize);
            }
            for folds in 2..=n {
                let all = k_fold(n, folds, 7).unwrap();
                let mut validated: Vec<usize> = vec![];
                for split in &all {
                    is_partition(split, n);
                    assert!((n / folds..=n.div_ceil(folds)).contains(&split.validation.len()));
                    validated.extend(&split.validation);
                }
                validated.sort_unstable();
                assert_eq!(validated, (0..n).collect::<Vec<_>>());
            }
        }
        assert_ne!(by_fraction(50, 0.2, 0), by_fraction(50, 0.2, 1));
    }

    #[test]
    fn classes_keep_their_shares() {
        let labels: Vec<i64> =
            (0..97).map(|i| if i % 10 == 0 { -3 } else { i64::from(i % 3 == 0) }).collect();
        let split = stratified(&labels, 0.25, 5).unwrap();
        is_partition(&split, 97);
        let folds = stratified_k_fold(&labels, 4, 5).unwrap();
        for class in [-3, 0, 1] {
            let all = count(&(0..97).collect::<Vec<_>>(), &labels, class);
            assert_eq!(count(&split.validation, &labels, class), (all as f64 / 4.0).round() as usize);
            for fold in &folds {
                is_partition(fold, 97);
                assert!((all / 4..=all.div_ceil(4)).contains(&count(&fold.validation, &labels, class)));
            }
        }
        assert!(folds.iter().all(|fold| [24, 25].contains(&fold.validation.len())));
    }

    #[test]
    fn time_never_runs_backwards() {
        // The windows of scikit-learn's TimeSeriesSplit(3, test_size=2, gap=1) over 10 rows.
        let windows = walk_forward(10, 3, 2, 1).unwrap();
        let found: Vec<_> = windows.iter().map(|w| (w.train.len(), w.validation.clone())).collect();
        assert_eq!(found, [(3, vec![4, 5]), (5, vec![6, 7]), (7, vec![8, 9])]);
        for n in 2..30 {
            for (splits, test, gap) in [(1, 1, 0), (2, 3, 1), (5, 2, 4)] {
                for window in walk_forward(n, splits, test, gap).unwrap_or_default() {
                    assert_eq!(window.train.last().unwrap() + gap + 1, window.validation[0]);
                    assert_eq!(window.validation.len(), test);
                }
            }
        }
    }

    #[test]
    fn splits_that_cannot_be_made_say_why() {
        for fraction in [0.0, 1.0, -0.1, f64::NAN, f64::INFINITY] {
            assert!(by_fraction(10, fraction, 0).is_err(), "{fraction}");
        }
        assert!(by_fraction(1, 0.5, 0).is_err());
        assert!(k_fold(5, 6, 0).is_err() && k_fold(5, 1, 0).is_err());
        let message = stratified_k_fold(&[0, 0, 0, 4, 4], 3, 0).unwrap_err().to_string();
        assert_eq!(message, "3 folds of 2 rows of class 4; expected from 2 to as many as rows");
        for (splits, test, gap) in [(0, 1, 0), (1, 0, 0), (5, 2, 0), (usize::MAX, 2, 0)] {
            assert!(walk_forward(10, splits, test, gap).is_err());
        }
    }
}
