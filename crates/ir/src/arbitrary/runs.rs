//! How many random Programs a test draws, and where one that fails is kept.

use crate::Program;
use std::path::PathBuf;

/// Programs of one property: `GRADUS_RANDOM_PROGRAMS`, or else 10,000 with `GRADUS_SLOW` set, or else 300.
pub fn num_programs() -> u32 {
    let wanted = std::env::var("GRADUS_RANDOM_PROGRAMS").ok().and_then(|text| text.parse().ok());
    wanted.unwrap_or(if std::env::var_os("GRADUS_SLOW").is_some() { 10_000 } else { 300 })
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
