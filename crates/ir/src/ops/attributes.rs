//! Attributes of operations: what the text form prints between braces and reads back.

use crate::ops::effect::Callback;
use crate::{Array, Dtype, Program, Type};
use std::sync::Arc;

/// The value of one attribute.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Attribute {
    /// `3`
    Int(i128),
    /// `[0, 2]`
    Ints(Vec<i128>),
    /// `[[0, 1], [2, 3]]`
    Table(Vec<Vec<i64>>),
    /// `true`
    Bool(bool),
    /// A word: `f32`, `clip`.
    Word(String),
    /// Text in quotes.
    Text(String),
    /// `["a", "b"]`
    Texts(Vec<String>),
    /// `f32[2] [1.0, 2.0]`, every bit kept.
    Literal(Array),
    /// A nested program.
    Program(Arc<Program>),
    /// Nested programs: `[fn() {..}, fn() {..}]`.
    Programs(Vec<Arc<Program>>),
    /// The type of a value: `tape<f32[3]>`.
    Type(Type),
    /// `(f32[3], i32[])`
    Types(Vec<Type>),
    /// `@name`, a function of the user's.
    Function(Callback),
}

/// Named attributes in the order in which they print.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Attributes(Vec<(String, Attribute)>);

impl Attributes {
    /// No attributes.
    pub fn new() -> Attributes {
        Attributes::default()
    }
    /// One more at the end.
    pub fn with(mut self, name: &str, value: impl Into<Attribute>) -> Attributes {
        self.0.push((name.into(), value.into()));
        self
    }
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
    /// In the order in which they print.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Attribute)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }
    /// Takes out an attribute that must be there.
    ///
    /// # Errors
    /// If it is missing or of another form.
    pub fn take<T: TryFrom<Attribute>>(&mut self, name: &str) -> Result<T, String> {
        let found = self.0.iter().position(|(n, _)| n == name);
        let (_, value) = self.0.remove(found.ok_or_else(|| format!("attribute `{name}` is missing"))?);
        T::try_from(value).map_err(|_| format!("attribute `{name}` is of the wrong form"))
    }
    /// Takes out an attribute that need not be there.
    ///
    /// # Errors
    /// If it is of another form.
    pub fn take_optional<T: TryFrom<Attribute>>(&mut self, name: &str) -> Result<Option<T>, String> {
        if self.0.iter().any(|(n, _)| n == name) { self.take(name).map(Some) } else { Ok(None) }
    }
    /// The first attribute that nobody took.
    pub fn first_left(&self) -> Option<&str> {
        self.0.first().map(|(name, _)| name.as_str())
    }
}

macro_rules! conversions {
    ($($T:ty = $Variant:ident, $x:ident => $into:expr, $y:ident => $back:expr;)*) => { $(
        impl From<$T> for Attribute {
            fn from($x: $T) -> Attribute { Attribute::$Variant($into) }
        }
        impl TryFrom<Attribute> for $T {
            type Error = ();
            fn try_from(attribute: Attribute) -> Result<$T, ()> {
                match attribute { Attribute::$Variant($y) => $back, _ => Err(()) }
            }
        }
    )* };
}
conversions! {
    i64 = Int, x => x.into(), y => i64::try_from(y).map_err(drop);
    usize = Int, x => x as i128, y => usize::try_from(y).map_err(drop);
    bool = Bool, x => x, y => Ok(y);
    Vec<i64> = Ints, x => x.into_iter().map(i128::from).collect(), y => all_within(&y);
    Vec<usize> = Ints, x => x.into_iter().map(|n| n as i128).collect(), y => all_within(&y);
    crate::Dims = Ints, x => x.into_iter().map(|n| n as i128).collect(), y => all_within::<usize>(&y).map(Into::into);
    Dtype = Word, x => x.name().into(), y => Dtype::from_name(&y).ok_or(());
    Array = Literal, x => x, y => Ok(y);
    Arc<Program> = Program, x => x, y => Ok(y);
    Vec<Arc<Program>> = Programs, x => x, y => Ok(y);
    Type = Type, x => x, y => Ok(y);
    Vec<Type> = Types, x => x, y => Ok(y);
    Callback = Function, x => x, y => Ok(y);
}

impl From<Vec<Vec<i64>>> for Attribute {
    fn from(rows: Vec<Vec<i64>>) -> Attribute {
        Attribute::Table(rows)
    }
}
impl TryFrom<Attribute> for Vec<Vec<i64>> {
    type Error = ();
    fn try_from(attribute: Attribute) -> Result<Vec<Vec<i64>>, ()> {
        match attribute {
            Attribute::Table(rows) => Ok(rows),
            // A table without rows prints as a list without numbers.
            Attribute::Ints(none) if none.is_empty() => Ok(vec![]),
            _ => Err(()),
        }
    }
}

impl From<Vec<String>> for Attribute {
    fn from(texts: Vec<String>) -> Attribute {
        Attribute::Texts(texts)
    }
}
impl TryFrom<Attribute> for Vec<String> {
    type Error = ();
    fn try_from(attribute: Attribute) -> Result<Vec<String>, ()> {
        match attribute {
            Attribute::Texts(texts) => Ok(texts),
            // So does a list without texts.
            Attribute::Ints(none) if none.is_empty() => Ok(vec![]),
            _ => Err(()),
        }
    }
}

impl Attribute {
    /// A word, such as the name of a mode.
    pub fn word(word: &str) -> Attribute {
        Attribute::Word(word.into())
    }
}

impl TryFrom<Attribute> for String {
    type Error = ();
    fn try_from(attribute: Attribute) -> Result<String, ()> {
        match attribute {
            Attribute::Word(s) | Attribute::Text(s) => Ok(s),
            _ => Err(()),
        }
    }
}

fn all_within<T: TryFrom<i128>>(ints: &[i128]) -> Result<Vec<T>, ()> {
    ints.iter().map(|&n| T::try_from(n).map_err(drop)).collect()
}
