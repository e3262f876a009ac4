//! How many random Programs a test draws, what they must say altogether, and where one that fails is kept.

use super::LeftOut;
use crate::Program;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// Programs of one property: `GRADUS_RANDOM_PROGRAMS`, or else 10,000 with `GRADUS_SLOW` set, or else 300.
pub fn num_programs() -> u32 {
    let wanted = std::env::var("GRADUS_RANDOM_PROGRAMS").ok().and_then(|text| text.parse().ok());
    wanted.unwrap_or(if std::env::var_os("GRADUS_SLOW").is_some() { 10_000 } else { 300 })
}

/// What the random Programs of one property said. Each Program counts once, however many elements it has.
#[derive(Debug, Default)]
pub struct Tally {
    programs: u32,
    silent: u32,
    flipped: u32,
    /// For each primitive: Programs that hold it, and how many of those are silent.
    by_primitive: BTreeMap<&'static str, [u32; 2]>,
}

/// The share of Programs that may say nothing about most of their elements, and of those in which a 16-bit float may be
/// rounded the other way. Of 1,000 about 12 say nothing and none is
/// rounded the other way: what exceeds these is not chance.
const MOST_SILENT: f64 = 0.05;
const MOST_FLIPPED: f64 = 0.02;

impl Tally {
    /// Counts a Program.
    pub fn add(&mut self, program: &Program, left_out: LeftOut) {
        let silent = u32::from(2 * left_out.elements > left_out.of);
        self.programs += 1;
        self.silent += silent;
        self.flipped += u32::from(left_out.flips > 0);
        let names: BTreeSet<&str> = program.equations().iter().map(|eqn| eqn.op.rules().name()).collect();
        for name in names {
            let [all, silents] = self.by_primitive.entry(name).or_default();
            (*all, *silents) = (*all + 1, *silents + silent);
        }
    }
    /// Whether enough was said.
    ///
    /// # Errors
    /// What was not, the primitives that it is due to, and what to do.
    pub fn judge(&self) -> Result<(), String> {
        let share = |part: u32| f64::from(part) / f64::from(self.programs.max(1));
        if share(self.flipped) > MOST_FLIPPED {
            return Err(format!(
                "in {} of {} programs a 16-bit float is rounded the other way: what computes it rounds twice, or not \
                 in f32; see `in_singles` of the primitives that changed",
                self.flipped, self.programs
            ));
        }
        if share(self.silent) <= MOST_SILENT {
            return Ok(());
        }
        // How much more often a Program that holds the primitive is silent than others are.
        let excess = |[all, silents]: [u32; 2]| f64::from(silents) - share(self.silent) * f64::from(all);
        let mut worst: Vec<(&str, [u32; 2])> =
            self.by_primitive.iter().map(|(name, n)| (*name, *n)).collect();
        worst.sort_by(|a, b| excess(b.1).total_cmp(&excess(a.1)));
        let worst: Vec<String> = worst
            .iter()
            .take(3)
            .map(|(name, [all, silents])| format!("`{name}` ({silents} of {all})"))
            .collect();
        Err(format!(
            "{} of {} programs say nothing, for rounding drives most of their results apart; most often those with {}: \
             give the new one among them samples where it is smooth and of moderate slope (the range of its record)",
            self.silent,
            self.programs,
            worst.join(", ")
        ))
    }
}

/// Writes the smallest Program that fails `test` to a file that can become a file test, and says where it is.
pub fn kept(test: &str, program: &Program) -> String {
    // Beside the test binaries, which lie in `<target>/<profile>/deps`.
    let target = std::env::current_exe().ok().and_then(|exe| exe.ancestors().nth(3).map(PathBuf::from));
    let folder = target.unwrap_or_else(std::env::temp_dir).join("random-programs");
    let path = folder.join(format!("{test}.ir"));
    let written = std::fs::create_dir_all(&folder).and_then(|()| std::fs::write(&path, program.to_string()));
    match written {
        Ok(()) => format!("the smallest program that fails is in {}", path.display()),
        Err(error) => {
            format!("the smallest program that fails cannot be written to {}: {error}", path.display())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::kept;
    use crate::{Dtype, Program, SourceLocation, Type, trace};

    #[test]
    fn a_kept_program_parses_back() {
        let traced = trace(SourceLocation::unknown(), &[Type::new(Dtype::F32, [3])], |x| vec![x[0].sin()]);
        let program = traced.unwrap().program;
        let message = kept("a_kept_program_parses_back", &program);
        let path = message.strip_prefix("the smallest program that fails is in ").unwrap();
        let text = std::fs::read_to_string(path).unwrap();
        assert_eq!(text.parse::<Program>().unwrap(), program);
    }
}
