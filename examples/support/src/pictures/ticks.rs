//! Round values along an axis.

/// Round values along a range.
#[derive(Debug, PartialEq)]
pub(super) struct Ticks {
    /// The ends of the axis.
    low: f64,
    high: f64,
    /// The first tick, how far apart they are, how many follow it.
    first: f64,
    step: f64,
    count: usize,
    decimals: usize,
}

impl Ticks {
    /// The ticks of [`Ticks::new`] on an axis that ends where the values do; they are finite.
    pub(super) fn within(values: impl Iterator<Item = f64> + Clone) -> Ticks {
        let ticks = Ticks::new(values.clone());
        let (low, high) =
            values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| (low.min(x), high.max(x)));
        if low < high { Ticks { low, high, ..ticks } } else { ticks }
    }

    /// About five ticks around the finite ones of `values`, 1, 2 or 5 times a power of ten apart.
    pub(super) fn new(values: impl Iterator<Item = f64>) -> Ticks {
        let (min, max) = values
            .filter(|value| value.is_finite())
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(min, max), value| (min.min(value), max.max(value)));
        let (min, max) = if min <= max { (min, max) } else { (0.0, 1.0) };
        let spread = (max - min).max(1e-3 * max.abs()).max(1e-6);
        let power = 10f64.powf((spread / 4.0).log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0].map(|factor| factor * power);
        let step = step.into_iter().find(|step| spread / step <= 5.0).unwrap_or(10.0 * power);
        let first = (min / step).floor();
        let count = ((max / step).ceil() - first).max(1.0);
        Ticks {
            low: first * step,
            high: (first + count) * step,
            first: first * step,
            step,
            count: count as usize,
            decimals: (-step.log10()).ceil().max(0.0) as usize,
        }
    }

    /// The ticks on the axis, each with its label.
    pub(super) fn labelled(&self) -> impl Iterator<Item = (f64, String)> {
        let last = self.first + self.count as f64 * self.step;
        let values = (0..=self.count).map(move |i| {
            // Between the ends, so that the last is what the axis ends with.
            self.first + (last - self.first) * i as f64 / self.count as f64
        });
        // Rounding may have moved a tick beyond an end that is as round.
        let slack = 1e-6 * self.step;
        values.filter(move |value| (self.low - slack..=self.high + slack).contains(value)).map(|value| {
            let label = format!("{:.*}", self.decimals, value);
            // A zero that was rounded may have a sign.
            let zero = label.trim_matches(['-', '0', '.']).is_empty();
            (value, if zero { label.replace('-', "") } else { label })
        })
    }

    /// Where `value` stands, from 0 at the lowest tick to 1 at the highest.
    pub(super) fn share(&self, value: f64) -> f64 {
        (value - self.low) / (self.high - self.low)
    }
}

/// So many steps lie between the ticks of `1..=last`: 1, 2 or 5 times a power of ten, at most eleven ticks.
pub(super) fn every(last: usize) -> usize {
    let powers = std::iter::successors(Some(1usize), |power| power.checked_mul(10));
    let mut steps = powers.flat_map(|power| [1, 2, 5].map(|factor| power.saturating_mul(factor)));
    steps.find(|every| last / every <= 10).unwrap_or(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ticks(values: &[f64]) -> Vec<String> {
        Ticks::new(values.iter().copied()).labelled().map(|(_, label)| label).collect()
    }

    #[test]
    fn ticks_are_round_and_cover_the_values() {
        assert_eq!(ticks(&[0.0614, 0.3412]), ["0.0", "0.1", "0.2", "0.3", "0.4"]);
        assert_eq!(ticks(&[0.9019, 0.9811]), ["0.90", "0.92", "0.94", "0.96", "0.98", "1.00"]);
        assert_eq!(ticks(&[3.0, 417.0]), ["0", "100", "200", "300", "400", "500"]);
        assert_eq!(ticks(&[-0.31, 0.22]), ["-0.4", "-0.2", "0.0", "0.2", "0.4"]);
    }

    #[test]
    fn ticks_exist_for_one_value_and_for_none() {
        assert_eq!(ticks(&[0.5]).len(), 2);
        assert_eq!(ticks(&[f64::NAN]), ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
    }

    #[test]
    fn an_axis_may_end_where_the_values_do() {
        let ticks = Ticks::within([-5.5, 5.5].into_iter());
        assert_eq!(ticks.labelled().map(|(_, label)| label).collect::<Vec<_>>(), ["-5", "0", "5"]);
        assert_eq!([ticks.share(-5.5), ticks.share(0.0), ticks.share(5.5)], [0.0, 0.5, 1.0]);
        assert_eq!(Ticks::within([0.0, 0.3].into_iter()).labelled().count(), 4);
        assert_eq!(Ticks::within([2.0].into_iter()), Ticks::new([2.0].into_iter()));
    }

    #[test]
    fn steps_are_labelled_sparsely() {
        assert_eq!([1, 10, 11, 60, 120, 2_000, 123_456].map(every), [1, 1, 2, 10, 20, 200, 20_000]);
    }
}
