//! Variables of the environment: what is said by one is taken at its word or refused, never replaced.
//!
//! [`crate::ops::control::tape_limit_bytes`], `gradus_compile::Config` and `gradus::Config` read one or more, each once.

use crate::ErrorKind;

/// What `parse` reads of the variable `name`; `None` if it is not set, or empty. `values` says what it may be.
///
/// # Errors
/// If `parse` knows nothing of the kind.
pub fn variable<T>(
    name: &str,
    values: &str,
    parse: impl FnOnce(&str) -> Option<T>,
) -> Result<Option<T>, ErrorKind> {
    let Some(value) = std::env::var_os(name).filter(|value| !value.is_empty()) else { return Ok(None) };
    match value.to_str().and_then(parse) {
        Some(known) => Ok(Some(known)),
        None => Err(ErrorKind::invalid(format!(
            "the environment variable {name} is `{}`; make it {values}, or unset it",
            value.display()
        ))),
    }
}
