//! Parsing. A parsed Program is verified: types are inferred again and must be those that are written.
//!
//! Invariant: no text makes it panic, recurse deeper than [`DEEPEST`] or allocate more than a multiple of its own
//! length. Comments run from `//` to the end of the line; variables may have any name of letters and digits.

use crate::ops::effect::Callback;
use crate::ops::{Attribute, Attributes};
use crate::program::{Builder, Program, Var, Vars};
use crate::verify::{self, DEEPEST, MOST_AXES};
use crate::{Array, Dtype, Error, ErrorKind, Op, SourceLocation, Type};
use rustc_hash::FxHashMap;
use std::str::FromStr;
use std::sync::Arc;

impl FromStr for Program {
    type Err = Error;
    fn from_str(text: &str) -> Result<Program, Error> {
        parse(text)
    }
}

/// The Program that `text` stands for: the inverse of printing.
///
/// # Errors
/// If the text is no Program, or one that does not verify; the message begins with line and column.
///
/// ```
/// let text = "fn(%0: f32[3]) {\n  %1: f32[3] = sin(%0)\n  return %1\n}";
/// assert_eq!(gradus_ir::text::parse(text)?.to_string(), text);
/// # Ok::<(), gradus_ir::Error>(())
/// ```
pub fn parse(text: &str) -> Result<Program, Error> {
    let mut parser = Parser { text, at: 0, depth: 0 };
    let parsed = parser.program().and_then(|program| {
        parser.skip_space();
        if parser.at < text.len() { Err(parser.expected("the end of the text")) } else { Ok(program) }
    });
    parsed.map_err(|Fault { at, message }| {
        let before = &text[..at];
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
        Error::new(
            "parse",
            ErrorKind::invalid(format!("{line}:{column}: {message}")),
            SourceLocation::unknown(),
        )
    })
}

/// What is wrong, at which byte.
struct Fault {
    at: usize,
    message: String,
}
type Parsed<T> = Result<T, Fault>;

struct Parser<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
}

/// The variables of one Program by name.
type Names<'a> = FxHashMap<&'a str, Var>;

impl<'a> Parser<'a> {
    /// `fn(%0: f32[3]) { .. return %1 }`
    fn program(&mut self) -> Parsed<Program> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(self.fault(format!("more than {DEEPEST} programs inside one another")));
        }
        self.expect("fn")?;
        self.expect("(")?;
        let (mut builder, mut names) = (Builder::new(), Names::default());
        let params = self.list(")", Parser::typed)?;
        for (at, name, ty) in params {
            let var = builder.param(ty);
            self.define(&mut names, at, name, var)?;
        }
        self.expect("{")?;
        while !self.keyword("return") {
            self.equation(&mut builder, &mut names)?;
        }
        let results = self.list("}", |p| p.used(&names))?;
        self.depth -= 1;
        Ok(builder.finish(&results))
    }

    /// `%2: f32[3] = add(%0, %1) {..}`
    fn equation(&mut self, builder: &mut Builder, names: &mut Names<'a>) -> Parsed<()> {
        let mut results = vec![];
        if self.peeks("%") {
            results = self.list("=", Parser::typed)?;
        }
        self.skip_space();
        let begin = self.at;
        let name = self.word("the name of an operation")?;
        self.expect("(")?;
        let args: Vars = self.list(")", |p| p.used(names))?.into();
        let mut attributes = Attributes::new();
        if self.eat("{") {
            for (name, value) in self.list("}", Parser::attribute)? {
                attributes = attributes.with(&name, value);
            }
        }
        let at = |message: String| Fault { at: begin, message };
        let op = Op::parse(name, &mut attributes)
            .ok_or_else(|| at(format!("no operation is called `{name}`")))?
            .map_err(|message| at(format!("{name}: {message}")))?;
        if let Some(left) = attributes.first_left() {
            return Err(at(format!("{name} has no attribute `{left}`")));
        }
        let args_types: Vec<&Type> = args.iter().map(|var| builder.ty(*var)).collect();
        let inferred = verify::infer(&op, &args_types).map_err(|kind| at(format!("{name}: {kind}")))?;
        let written: Vec<Type> = results.iter().map(|(_, _, ty)| ty.clone()).collect();
        if inferred != written {
            return Err(at(format!("{name} has results of types {inferred:?}, not {written:?}")));
        }
        let vars = builder.push(op, args, written, SourceLocation::unknown());
        for ((at, name, _), var) in results.into_iter().zip(vars) {
            self.define(names, at, name, var)?;
        }
        Ok(())
    }

    fn define(&self, names: &mut Names<'a>, at: usize, name: &'a str, var: Var) -> Parsed<()> {
        match names.insert(name, var) {
            Some(_) => Err(Fault { at, message: format!("%{name} is defined twice") }),
            None => Ok(()),
        }
    }

    /// `%0: f32[3]`, with where it begins.
    fn typed(&mut self) -> Parsed<(usize, &'a str, Type)> {
        let (at, name) = self.variable()?;
        self.expect(":")?;
        Ok((at, name, self.ty()?))
    }

    /// A variable that is defined.
    fn used(&mut self, names: &Names<'a>) -> Parsed<Var> {
        let (at, name) = self.variable()?;
        names.get(name).copied().ok_or_else(|| Fault { at, message: format!("%{name} is not defined") })
    }

    fn variable(&mut self) -> Parsed<(usize, &'a str)> {
        self.skip_space();
        let begin = self.at;
        self.expect("%")?;
        let name = self.run_of(|c| c.is_ascii_alphanumeric() || c == '_');
        if name.is_empty() { Err(self.expected("the name of a variable")) } else { Ok((begin, name)) }
    }

    /// `f32[2,3]`, `tape<f32[2,3]>`
    fn ty(&mut self) -> Parsed<Type> {
        let mut tapes = 0u8;
        while self.keyword("tape") {
            self.expect("<")?;
            tapes = tapes.checked_add(1).ok_or_else(|| self.fault("more than 255 tapes".into()))?;
        }
        let array = self.array_type()?;
        (0..tapes).try_for_each(|_| self.expect(">"))?;
        Ok((0..tapes).fold(array, |ty, _| ty.tape()))
    }

    /// `f32[2,3]`
    fn array_type(&mut self) -> Parsed<Type> {
        self.skip_space();
        let begin = self.at;
        let name = self.word("an element type")?;
        let dtype = Dtype::from_name(name);
        let dtype = dtype
            .ok_or_else(|| Fault { at: begin, message: format!("no element type is called `{name}`") })?;
        self.shape(dtype)
    }

    fn shape(&mut self, dtype: Dtype) -> Parsed<Type> {
        let begin = self.at;
        self.expect("[")?;
        let dims = self.list("]", |p| {
            let begin = p.at;
            let n: i128 = p.int()?;
            usize::try_from(n).map_err(|_| Fault { at: begin, message: format!("{n} is no extent") })
        })?;
        if dims.len() > MOST_AXES {
            return Err(Fault {
                at: begin,
                message: format!("{} axes, but {MOST_AXES} are the most", dims.len()),
            });
        }
        Ok(Type::new(dtype, dims))
    }

    /// `name = value`
    fn attribute(&mut self) -> Parsed<(String, Attribute)> {
        let name = self.word("the name of an attribute")?;
        self.expect("=")?;
        Ok((name.to_string(), self.value()?))
    }

    fn value(&mut self) -> Parsed<Attribute> {
        self.skip_space();
        match self.text[self.at..].chars().next() {
            Some('"') => self.quoted().map(Attribute::Text),
            Some('[') => self.bracketed(),
            Some('(') => {
                self.expect("(")?;
                Ok(Attribute::Types(self.list(")", Parser::ty)?))
            }
            Some('@') => {
                self.expect("@")?;
                let name = self.run_of(|c| c.is_ascii_alphanumeric() || "._".contains(c));
                Ok(Attribute::Function(Callback::named(name)))
            }
            Some(c) if c == '-' || c.is_ascii_digit() => self.int().map(Attribute::Int),
            _ if self.is_keyword("fn") => Ok(Attribute::Program(Arc::new(self.program()?))),
            _ if self.is_keyword("tape") => Ok(Attribute::Type(self.ty()?)),
            _ => {
                let word = self.word("the value of an attribute")?;
                match Dtype::from_name(word) {
                    Some(dtype) if self.peeks("[") => self.literal(dtype),
                    _ if word == "true" => Ok(Attribute::Bool(true)),
                    _ if word == "false" => Ok(Attribute::Bool(false)),
                    _ => Ok(Attribute::Word(word.into())),
                }
            }
        }
    }

    /// `[0, 1]`, `[[0, 1], [2]]`, `["a", "b"]` or `[fn() {..}]`
    fn bracketed(&mut self) -> Parsed<Attribute> {
        self.expect("[")?;
        if self.is_keyword("fn") {
            let program = |p: &mut Parser<'a>| Ok(Arc::new(p.program()?));
            return Ok(Attribute::Programs(self.list("]", program)?));
        }
        if self.peeks("\"") {
            return Ok(Attribute::Texts(self.list("]", Parser::quoted)?));
        }
        if self.peeks("[") {
            let row = |p: &mut Parser<'a>| {
                p.expect("[")?;
                p.list("]", Parser::int)
            };
            return Ok(Attribute::Table(self.list("]", row)?));
        }
        Ok(Attribute::Ints(self.list("]", Parser::int)?))
    }

    /// `[2] [1.0, nan:7fc00000]`, after the element type.
    fn literal(&mut self, dtype: Dtype) -> Parsed<Attribute> {
        let ty = self.shape(dtype)?;
        self.expect("[")?;
        let begin = self.at;
        let words = self.list("]", |p| {
            p.skip_space();
            let begin = p.at;
            let word = p.run_of(|c| c.is_ascii_alphanumeric() || "+-.:".contains(c));
            Ok((begin, word))
        })?;
        let (wanted, what) = (ty.parts().shape.size(), if dtype.is_complex() { "parts" } else { "elements" });
        if words.len() != wanted {
            let message = format!("{ty} holds {wanted} {what}, not {}", words.len());
            return Err(Fault { at: begin, message });
        }
        let array = Array::read_literal(&ty, &words.iter().map(|(_, word)| *word).collect::<Vec<_>>());
        let wrong = |i: usize| {
            let (at, word) = words[i];
            Fault { at, message: format!("`{word}` is no {dtype}") }
        };
        array.map(Attribute::Literal).map_err(wrong)
    }

    /// Text in quotes with Rust's escapes.
    fn quoted(&mut self) -> Parsed<String> {
        self.expect("\"")?;
        let mut text = String::new();
        loop {
            match self.next_char() {
                Some('"') => return Ok(text),
                Some('\\') => text.push(self.escaped()?),
                Some(c) => text.push(c),
                None => return Err(self.expected("`\"`")),
            }
        }
    }

    fn escaped(&mut self) -> Parsed<char> {
        let begin = self.at;
        let simple = match self.next_char() {
            Some('n') => Some('\n'),
            Some('r') => Some('\r'),
            Some('t') => Some('\t'),
            Some('0') => Some('\0'),
            Some(c @ ('\\' | '"' | '\'')) => Some(c),
            Some('u') => {
                self.expect("{")?;
                let code = u32::from_str_radix(self.run_of(|c| c.is_ascii_hexdigit()), 16);
                self.expect("}")?;
                code.ok().and_then(char::from_u32)
            }
            _ => None,
        };
        simple.ok_or_else(|| Fault { at: begin, message: "no such escape".into() })
    }

    fn int<T: FromStr>(&mut self) -> Parsed<T> {
        self.skip_space();
        let begin = self.at;
        let word = self.run_of(|c| c == '-' || c.is_ascii_digit());
        word.parse().map_err(|_| Fault { at: begin, message: format!("expected an integer, found `{word}`") })
    }

    // ---- characters

    /// Items separated by commas, then `end`.
    fn list<T>(&mut self, end: &str, mut item: impl FnMut(&mut Parser<'a>) -> Parsed<T>) -> Parsed<Vec<T>> {
        let mut items = vec![];
        if self.eat(end) {
            return Ok(items);
        }
        loop {
            items.push(item(self)?);
            if self.eat(end) {
                return Ok(items);
            }
            if !self.eat(",") {
                return Err(self.expected(&format!("`,` or `{end}`")));
            }
        }
    }

    fn word(&mut self, what: &str) -> Parsed<&'a str> {
        self.skip_space();
        let word = self.run_of(|c| c.is_ascii_alphanumeric() || c == '_');
        if word.is_empty() { Err(self.expected(what)) } else { Ok(word) }
    }

    fn keyword(&mut self, word: &str) -> bool {
        let is_next = self.is_keyword(word);
        if is_next {
            self.at += word.len();
        }
        is_next
    }

    fn is_keyword(&mut self, word: &str) -> bool {
        self.skip_space();
        let rest = self.text[self.at..].strip_prefix(word);
        rest.is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_'))
    }

    fn run_of(&mut self, belongs: impl Fn(char) -> bool) -> &'a str {
        let rest = &self.text[self.at..];
        let end = rest.find(|c| !belongs(c)).unwrap_or(rest.len());
        self.at += end;
        &rest[..end]
    }

    fn next_char(&mut self) -> Option<char> {
        let c = self.text[self.at..].chars().next()?;
        self.at += c.len_utf8();
        Some(c)
    }

    fn skip_space(&mut self) {
        loop {
            self.run_of(char::is_whitespace);
            if !self.text[self.at..].starts_with("//") {
                return;
            }
            self.run_of(|c| c != '\n');
        }
    }

    fn peeks(&mut self, token: &str) -> bool {
        self.skip_space();
        self.text[self.at..].starts_with(token)
    }

    fn eat(&mut self, token: &str) -> bool {
        let found = self.peeks(token);
        if found {
            self.at += token.len();
        }
        found
    }

    fn expect(&mut self, token: &str) -> Parsed<()> {
        if self.eat(token) { Ok(()) } else { Err(self.expected(&format!("`{token}`"))) }
    }

    fn expected(&mut self, what: &str) -> Fault {
        self.skip_space();
        let found = match self.text[self.at..].chars().next() {
            Some(c) => format!("`{}`", c.escape_debug()),
            None => "the end of the text".into(),
        };
        self.fault(format!("expected {what}, found {found}"))
    }

    fn fault(&self, message: String) -> Fault {
        Fault { at: self.at, message }
    }
}
