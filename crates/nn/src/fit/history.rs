//! [`History`]: the curves of a run.

/// The metrics of each epoch of a run, in the order in which they are shown.
#[derive(Debug, Clone, Default)]
pub struct History {
    curves: Vec<(String, Vec<f64>)>,
}

impl PartialEq for History {
    /// Bit for bit, so that a curve with a NaN in it equals itself.
    fn eq(&self, other: &History) -> bool {
        let bits = |history: &History| -> Vec<(String, Vec<u64>)> {
            let curves = history.curves();
            curves
                .map(|(name, curve)| (name.to_owned(), curve.iter().map(|x| x.to_bits()).collect()))
                .collect()
        };
        bits(self) == bits(other)
    }
}

impl History {
    /// The values of one metric, epoch by epoch; that of the validation set has `val_` before its name.
    ///
    /// Empty if there is no such metric.
    pub fn curve(&self, name: &str) -> &[f64] {
        self.curves.iter().find(|(known, _)| known == name).map_or(&[], |(_, values)| values)
    }

    /// All curves with their names.
    pub fn curves(&self) -> impl Iterator<Item = (&str, &[f64])> {
        self.curves.iter().map(|(name, values)| (name.as_str(), values.as_slice()))
    }

    /// The number of epochs.
    pub fn epochs(&self) -> usize {
        self.curves.iter().map(|(_, values)| values.len()).max().unwrap_or(0)
    }

    /// Adds the metrics of the next epoch.
    ///
    /// ```
    /// let mut history = gradus_nn::History::default();
    /// history.push(&[("loss".to_owned(), 0.5)]);
    /// assert_eq!(history.curve("loss"), [0.5]);
    /// ```
    pub fn push(&mut self, metrics: &[(String, f64)]) {
        for (name, value) in metrics {
            match self.curves.iter_mut().find(|(known, _)| known == name) {
                Some((_, values)) => values.push(*value),
                None => self.curves.push((name.clone(), vec![*value])),
            }
        }
    }
}

impl<'a> FromIterator<(&'a str, Vec<f64>)> for History {
    /// From names and values.
    fn from_iter<I: IntoIterator<Item = (&'a str, Vec<f64>)>>(curves: I) -> History {
        History { curves: curves.into_iter().map(|(name, values)| (name.to_owned(), values)).collect() }
    }
}
