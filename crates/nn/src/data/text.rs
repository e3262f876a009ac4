//! Text by characters: a vocabulary, and windows of a text to predict the next character of.

use std::collections::BTreeMap;

use gradus::{Array, Dtype};

use super::dataset::{Dataset, LoadError, Request, Source, writable};

/// The characters of a text, numbered in their order in Unicode.
///
/// ```
/// use gradus_nn::data::Characters;
/// let characters = Characters::of("hello");
/// assert_eq!(characters.encode("hole").unwrap(), [1, 3, 2, 0]);
/// assert_eq!(characters.decode(&[1, 3, 2, 0]).unwrap(), "hole");
/// assert_eq!(characters.encode("help").unwrap_err().to_string(), "the character 'p' at place 3 is not in the vocabulary of 4");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Characters {
    all: Vec<char>,
    codes: BTreeMap<char, i32>,
}

/// A character or a code that a vocabulary does not have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UnknownCharacter {
    /// A character.
    #[error("the character {character:?} at place {place} is not in the vocabulary of {size}")]
    Character {
        /// The character.
        character: char,
        /// How many characters stand before it.
        place: usize,
        /// The size of the vocabulary.
        size: usize,
    },
    /// A code.
    #[error("the code {code} at place {place} is none of 0 to {size} - 1")]
    Code {
        /// The code.
        code: i32,
        /// How many codes stand before it.
        place: usize,
        /// The size of the vocabulary.
        size: usize,
    },
}

impl Characters {
    /// The characters that occur in `text`.
    pub fn of(text: &str) -> Characters {
        let set: std::collections::BTreeSet<char> = text.chars().collect();
        let all: Vec<char> = set.into_iter().collect();
        let codes = all.iter().enumerate().map(|(code, &character)| (character, code as i32)).collect();
        Characters { all, codes }
    }

    /// The number of characters.
    #[allow(clippy::len_without_is_empty, reason = "an empty vocabulary is nothing to ask for")]
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// The characters, by their codes.
    pub fn characters(&self) -> &[char] {
        &self.all
    }

    /// The codes of a text.
    ///
    /// # Errors
    /// A character is not in the vocabulary.
    pub fn encode(&self, text: &str) -> Result<Vec<i32>, UnknownCharacter> {
        let code = |(place, character)| {
            let unknown = UnknownCharacter::Character { character, place, size: self.len() };
            self.codes.get(&character).copied().ok_or(unknown)
        };
        text.chars().enumerate().map(code).collect()
    }

    /// The text of codes.
    ///
    /// # Errors
    /// A code is none of the vocabulary.
    pub fn decode(&self, codes: &[i32]) -> Result<String, UnknownCharacter> {
        let character = |(place, &code): (usize, &i32)| {
            let found = usize::try_from(code).ok().and_then(|code| self.all.get(code));
            found.copied().ok_or(UnknownCharacter::Code { code, place, size: self.len() })
        };
        codes.iter().enumerate().map(character).collect()
    }
}

impl Dataset<(Array, Array)> {
    /// Windows of `length` codes, one at each `stride`-th place, and the same windows one code later, to predict:
    /// `i32[batch, length]` each. The codes are held once, however much the windows overlap.
    ///
    /// # Errors
    /// `length` or `stride` is zero, or there are not more codes than `length`.
    pub fn windows(codes: Vec<i32>, length: usize, stride: usize) -> Result<Dataset, LoadError> {
        if length == 0 || stride == 0 || codes.len() <= length {
            let message = format!(
                "windows of {length} codes at each {stride}-th place of {}; expected at least 1 and 1, and more codes than a window has",
                codes.len()
            );
            return Err(LoadError::Sequences(message));
        }
        Ok(Dataset::from_source(Windows { codes, length, stride }))
    }
}

struct Windows {
    codes: Vec<i32>,
    length: usize,
    stride: usize,
}

impl Source<(Array, Array)> for Windows {
    fn num_examples(&self) -> usize {
        (self.codes.len() - self.length - 1) / self.stride + 1
    }

    fn gather(&self, request: Request<'_>, place: &mut Option<(Array, Array)>) -> Result<(), LoadError> {
        let (inputs, targets) = place.get_or_insert_with(|| (Array::from(0i32), Array::from(0i32)));
        for (array, later) in [(inputs, 0), (targets, 1)] {
            let bytes = writable(array, Dtype::I32, vec![request.rows.len(), self.length]);
            for (window, &row) in bytes.chunks_exact_mut(4 * self.length).zip(request.rows) {
                let codes = &self.codes[row * self.stride + later..][..self.length];
                for (place, code) in window.chunks_exact_mut(4).zip(codes) {
                    place.copy_from_slice(&code.to_ne_bytes());
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_of_any_script_go_there_and_back() {
        let text = "Zwölf Boxkämpfer, 漢字 🙂\n";
        let characters = Characters::of(text);
        assert_eq!(characters.decode(&characters.encode(text).unwrap()).unwrap(), text);
        assert!(characters.characters().is_sorted());
        let size = characters.len() as i32;
        for code in [-1, size] {
            assert!(characters.decode(&[0, code]).unwrap_err().to_string().contains("at place 1"));
        }
        assert!(Characters::of("").encode("a").is_err());
    }

    #[test]
    fn windows_lie_in_the_text_and_targets_one_later() {
        for n in 2..20usize {
            for length in 1..n {
                for stride in 1..5 {
                    let data = Dataset::windows((0..n as i32).collect(), length, stride).unwrap();
                    let (x, y) = data.all().unwrap();
                    assert_eq!(x.shape(), [data.len(), length]);
                    let (x, y) = (x.to_vec::<i32>().unwrap(), y.to_vec::<i32>().unwrap());
                    for (row, window) in x.chunks(length).enumerate() {
                        assert_eq!(window[0] as usize, row * stride);
                    }
                    assert!(x.iter().zip(&y).all(|(x, y)| x + 1 == *y));
                    // One window more would not lie in the text.
                    assert!(data.len() * stride + length + 1 > n && y.last().unwrap() < &(n as i32));
                }
            }
        }
        for (n, length, stride) in [(3, 3, 1), (3, 0, 1), (3, 1, 0), (0, 1, 1)] {
            assert!(Dataset::windows(vec![0; n], length, stride).is_err());
        }
    }
}
