//! Parsing. A parsed Program is verified: types are inferred again and must be those that are written.
//!
//! Invariant: no text makes it panic, recurse deeper than [`DEEPEST`] or allocate more than a multiple of its own
//! length. Comments run from `//` to the end of the line; variables may have any name of letters and digits.

use crate::ops::effect::Callback;
use crate::ops::{Attribute, Attributes};
use crate::program::{Builder, Program, Var, Vars};
use crate::verify::{self, DEEPEST, MOST_AXES};
use crate::{Array, Dtype, Error, ErrorKind, Op, SourceLocation, Type};
use gradus_kernel::cursor::{Cursor, Fault, Parsed};
use rustc_hash::FxHashMap;
use std::ops::{Deref, DerefMut};
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
    let mut parser = Parser { cursor: Cursor::new(text), depth: 0 };
    let parsed = parser.program().and_then(|program| parser.expect_end().map(|()| program));
    parsed.map_err(|fault| {
        Error::new("parse", ErrorKind::invalid(fault.shown(text)), SourceLocation::unknown())
    })
}

struct Parser<'a> {
    cursor: Cursor<'a>,
    depth: usize,
}

impl<'a> Deref for Parser<'a> {
    type Target = Cursor<'a>;
    fn deref(&self) -> &Cursor<'a> {
        &self.cursor
    }
}
impl DerefMut for Parser<'_> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.cursor
    }
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
        match self.rest().chars().next() {
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
                p.list("]", |p| p.int())
            };
            return Ok(Attribute::Table(self.list("]", row)?));
        }
        Ok(Attribute::Ints(self.list("]", |p| p.int())?))
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
        let word = self.cursor.word();
        if word.is_empty() { Err(self.expected(what)) } else { Ok(word) }
    }
}
