//! Draws by name, which outlive additions: a new primitive takes its own share of the draws, from each of the others a
//! little, and all other draws stay as they were (rendezvous hashing).

use crate::ops::Sample;
use std::collections::BTreeMap;

/// Samples by family and primitive, so that each is drawn as often as the others.
pub(super) struct Catalogue(BTreeMap<&'static str, BTreeMap<&'static str, Vec<Sample>>>);

impl Catalogue {
    pub(super) fn new(samples: impl IntoIterator<Item = Sample>) -> Catalogue {
        let mut families: BTreeMap<_, BTreeMap<_, Vec<Sample>>> = BTreeMap::new();
        for sample in samples {
            let primitives = families.entry(sample.op.family()).or_default();
            primitives.entry(sample.op.rules().name()).or_default().push(sample);
        }
        Catalogue(families)
    }
    /// The sample of three numbers: one for the family, one for the primitive in it, one for the sample of that.
    pub(super) fn sample(&self, choices: [u16; 3]) -> &Sample {
        let family = &self.0[drawn(choices[0], self.0.keys().copied())];
        let samples = &family[drawn(choices[1], family.keys().copied())];
        &samples[usize::from(choices[2]) % samples.len()]
    }
}

/// The name that a number draws: the one whose hash with the number is largest.
fn drawn<'a>(choice: u16, names: impl Iterator<Item = &'a str>) -> &'a str {
    names.max_by_key(|name| weight(choice, name)).expect("internal: something to draw from")
}

fn weight(choice: u16, name: &str) -> u64 {
    // FNV-1a, then the finalizer of splitmix64: each bit of the number and of the name moves half of the result's.
    let start = 0xCBF2_9CE4_8422_2325 ^ (u64::from(choice) << 32);
    let hash = name.bytes().fold(start, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3));
    let hash = (hash ^ (hash >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let hash = (hash ^ (hash >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    hash ^ (hash >> 31)
}

#[cfg(test)]
mod tests {
    use super::{Catalogue, drawn};
    use crate::ops;

    /// What is added is drawn as often as each of the others, and nothing else moves.
    fn check_addition(names: &[&str], added: &str) {
        let n = names.len() as f64 + 1.0;
        let mut moved = 0;
        for choice in 0..=u16::MAX {
            let before = drawn(choice, names.iter().copied());
            let after = drawn(choice, names.iter().copied().chain([added]));
            assert!(after == before || after == added, "{choice} drew {before}, and draws {after}");
            moved += u32::from(after != before);
        }
        let share = f64::from(moved) / 65536.0;
        assert!((0.8..1.25).contains(&(share * n)), "{added} takes {share} of the draws among {n} names");
    }

    #[test]
    fn an_added_primitive_takes_its_own_share_of_the_draws() {
        for family in Catalogue::new(ops::samples()).0.values() {
            let names: Vec<&str> = family.keys().copied().collect();
            check_addition(&names, "an added one");
            check_addition(&names, "another");
        }
    }

    #[test]
    fn an_added_family_takes_its_own_share_of_the_draws() {
        let families: Vec<&str> = Catalogue::new(ops::samples()).0.keys().copied().collect();
        check_addition(&families, "an added family");
    }
}
