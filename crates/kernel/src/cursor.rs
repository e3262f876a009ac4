//! A place in a text that is parsed, and what stands there: signs, words, integers.
//!
//! Invariant: a cursor stands between two characters. Comments run from `//` to the end of the line and are space.

use std::str::FromStr;

/// What is wrong, at which byte.
#[derive(Debug)]
pub struct Fault {
    /// The byte.
    pub at: usize,
    /// What is wrong there.
    pub message: String,
}

/// What was read, or what is wrong.
pub type Parsed<T> = Result<T, Fault>;

impl Fault {
    /// The message behind its line and column in `text`.
    pub fn shown(&self, text: &str) -> String {
        let before = &text[..self.at];
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
        format!("{line}:{column}: {}", self.message)
    }
}

/// A place in a text.
#[derive(Clone, Debug)]
pub struct Cursor<'a> {
    text: &'a str,
    /// The byte before which it stands.
    pub at: usize,
}

fn is_of_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

impl<'a> Cursor<'a> {
    /// Before all of `text`.
    pub fn new(text: &'a str) -> Cursor<'a> {
        Cursor { text, at: 0 }
    }
    /// What is not read yet.
    pub fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }
    /// The length of the whole text.
    pub fn text_len(&self) -> usize {
        self.text.len()
    }

    /// Goes behind the next character.
    pub fn next_char(&mut self) -> Option<char> {
        let c = self.rest().chars().next()?;
        self.at += c.len_utf8();
        Some(c)
    }
    /// Goes behind the characters that belong, as many as there are.
    pub fn run_of(&mut self, belongs: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let end = rest.find(|c| !belongs(c)).unwrap_or(rest.len());
        self.at += end;
        &rest[..end]
    }
    /// Goes behind space and comments.
    pub fn skip_space(&mut self) {
        loop {
            self.run_of(char::is_whitespace);
            if !self.rest().starts_with("//") {
                return;
            }
            self.run_of(|c| c != '\n');
        }
    }
    /// The next letters, digits and underscores; empty if there are none.
    pub fn word(&mut self) -> &'a str {
        self.skip_space();
        self.run_of(is_of_word)
    }
    /// The next integer.
    ///
    /// # Errors
    /// If there is none of this type.
    pub fn int<T: FromStr>(&mut self) -> Parsed<T> {
        self.skip_space();
        let begin = self.at;
        let word = self.run_of(|c| c == '-' || c.is_ascii_digit());
        word.parse().map_err(|_| Fault { at: begin, message: format!("expected an integer, found `{word}`") })
    }

    /// Does `word` come next, as a whole word?
    pub fn is_keyword(&mut self, word: &str) -> bool {
        self.skip_space();
        self.rest().strip_prefix(word).is_some_and(|rest| !rest.starts_with(is_of_word))
    }
    /// Goes behind `word` if it comes next, as a whole word.
    pub fn keyword(&mut self, word: &str) -> bool {
        let found = self.is_keyword(word);
        self.at += if found { word.len() } else { 0 };
        found
    }
    /// Does `token` come next?
    pub fn peeks(&mut self, token: &str) -> bool {
        self.skip_space();
        self.rest().starts_with(token)
    }
    /// Goes behind `token` if it comes next.
    pub fn eat(&mut self, token: &str) -> bool {
        let found = self.peeks(token);
        self.at += if found { token.len() } else { 0 };
        found
    }
    /// Goes behind `token`.
    ///
    /// # Errors
    /// If it does not come next.
    pub fn expect(&mut self, token: &str) -> Parsed<()> {
        if self.eat(token) { Ok(()) } else { Err(self.expected(&format!("`{token}`"))) }
    }
    /// Goes to the end of the text.
    ///
    /// # Errors
    /// If there is more than space.
    pub fn expect_end(&mut self) -> Parsed<()> {
        self.skip_space();
        if self.rest().is_empty() { Ok(()) } else { Err(self.expected("the end of the text")) }
    }

    /// Something else stands here than `what`.
    pub fn expected(&mut self, what: &str) -> Fault {
        self.skip_space();
        let found = match self.rest().chars().next() {
            Some(c) => format!("`{}`", c.escape_debug()),
            None => "the end of the text".into(),
        };
        self.fault(format!("expected {what}, found {found}"))
    }
    /// Something is wrong here.
    pub fn fault(&self, message: String) -> Fault {
        Fault { at: self.at, message }
    }
}
