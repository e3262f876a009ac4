//! Random orders of rows, as pure functions of a seed and an epoch.
//!
//! Invariant: an order depends on nothing but its arguments, on no machine and no thread, and no count wraps at 2³¹ or
//! 2³² rows.

/// The words of SplitMix64 (Steele, Lea and Flood, 2014).
#[derive(Debug, Clone)]
pub(crate) struct Words {
    state: u64,
}

/// The increment of SplitMix64: 2⁶⁴ divided by the golden ratio, odd.
const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

/// The finalizer of SplitMix64: every bit of `z` moves every bit of the result.
fn mix(z: u64) -> u64 {
    let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// One word that depends on every bit of every one of `words`, and on their order.
pub(crate) fn hash(words: &[u64]) -> u64 {
    words.iter().fold(GOLDEN, |hash, word| mix(hash.wrapping_add(GOLDEN) ^ mix(word.wrapping_add(GOLDEN))))
}

impl Words {
    /// The words that follow from `seeds`.
    pub(crate) fn new(seeds: &[u64]) -> Words {
        Words { state: hash(seeds) }
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(GOLDEN);
        mix(self.state)
    }

    /// A number below `n`, each as likely as the others (Lemire, 2019): `n` is not zero.
    pub(crate) fn below(&mut self, n: u64) -> u64 {
        loop {
            let product = u128::from(self.next()) * u128::from(n);
            // The low word is below 2⁶⁴ mod n for those words alone that would make a number too likely.
            if product as u64 >= n.wrapping_neg() % n {
                return (product >> 64) as u64;
            }
        }
    }

    /// Puts `rows` in another order, each order as likely as the others (Fisher and Yates).
    pub(crate) fn shuffle<T>(&mut self, rows: &mut [T]) {
        for i in (1..rows.len()).rev() {
            rows.swap(i, self.below(i as u64 + 1) as usize);
        }
    }
}

/// The numbers below `n` in a random order.
pub(crate) fn permutation(n: usize, seeds: &[u64]) -> Vec<usize> {
    let mut rows: Vec<usize> = (0..n).collect();
    Words::new(seeds).shuffle(&mut rows);
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_are_those_of_splitmix64() {
        // The first outputs for state 1234567, as published with the algorithm.
        let mut words = Words { state: 1_234_567 };
        let first = [words.next(), words.next(), words.next()];
        assert_eq!(first, [6457827717110365317, 3203168211198807973, 9817491932198370423]);
    }

    #[test]
    fn an_order_is_a_permutation_that_follows_from_seed_and_epoch() {
        let order = permutation(1000, &[7, 3]);
        assert_eq!(order, permutation(1000, &[7, 3]));
        for other in [[7, 4], [8, 3], [3, 7], [7, 3 + (1 << 32)], [7 + (1 << 63), 3]] {
            assert_ne!(order, permutation(1000, &other), "{other:?}");
        }
        let mut sorted = order.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, (0..1000).collect::<Vec<_>>());
        assert!(permutation(0, &[1]).is_empty());
    }

    #[test]
    fn every_order_is_as_likely() {
        // 24 orders of four rows, 24,000 epochs: each some 1,000 times, with a deviation of 31.
        let mut counts = std::collections::BTreeMap::new();
        for epoch in 0..24_000 {
            *counts.entry(permutation(4, &[5, epoch])).or_insert(0) += 1;
        }
        assert_eq!(counts.len(), 24);
        assert!(counts.values().all(|&count: &i32| (850..1150).contains(&count)), "{counts:?}");
    }

    #[test]
    fn numbers_below_a_bound_of_more_than_32_bits() {
        let mut words = Words::new(&[1]);
        let bound = 3 << 40;
        let all: Vec<u64> = (0..1000).map(|_| words.below(bound)).collect();
        assert!(all.iter().all(|&x| x < bound) && all.iter().any(|&x| x > bound / 4 * 3));
    }
}
