//! Parsing of kernels: the inverse of printing. A parsed kernel is verified.
//!
//! Invariant: no text makes it panic, recurse deeper than [`DEEPEST`] or allocate more than a multiple of its own
//! length. Values are numbered as they are written; those of loops and
//! branches, whose types are not, have the types of the values that they take up.

use std::ops::{Deref, DerefMut};
use std::str::FromStr;

use smallvec::SmallVec;

use crate::cold::ColdFunction;
use crate::cursor::{Cursor, Fault, Parsed};
use crate::kernel::{
    Access, Block, Bound, Buffer, BufferId, Carried, Choice, Combine, If, Index, Kernel, Loop, LoopKind,
    Reduction, Statement, Term, While,
};
use crate::op::{Binary, Comparison, Op, Unary, Value};
use crate::scalar::Scalar;
use crate::verify::{Malformed, verify};

/// The most blocks that may stand inside one another.
const DEEPEST: usize = 64;

impl FromStr for Kernel {
    type Err = Malformed;

    /// The kernel that `text` stands for: the inverse of printing.
    ///
    /// # Errors
    /// If the text is no kernel, with line and column, or one that does not verify.
    ///
    /// ```
    /// let text = "kernel(b0: write f32, %0..%1) {\n  %2: f32 = 1.5\n  b0[%0 + 2] = %2\n}\n";
    /// let kernel: gradus_kernel::Kernel = text.parse()?;
    /// assert_eq!(kernel.to_string(), text);
    /// # Ok::<(), gradus_kernel::Malformed>(())
    /// ```
    fn from_str(text: &str) -> Result<Kernel, Malformed> {
        let mut parser = Parser { cursor: Cursor::new(text), depth: 0, types: vec![] };
        let kernel = parser.kernel().map_err(|fault| Malformed::new(fault.shown(text)))?;
        verify(&kernel)?;
        Ok(kernel)
    }
}

struct Parser<'a> {
    cursor: Cursor<'a>,
    depth: usize,
    /// The types of values that are defined so far.
    types: Vec<Option<Scalar>>,
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

/// The one of that name.
fn named<T: Copy>(all: &[T], name: fn(T) -> &'static str, word: &str) -> Option<T> {
    all.iter().copied().find(|one| name(*one) == word)
}

impl<'a> Parser<'a> {
    /// `kernel(b0: f32, %0..%1) { .. }`
    fn kernel(&mut self) -> Parsed<Kernel> {
        self.expect("kernel")?;
        self.expect("(")?;
        let mut buffers = vec![];
        while self.peeks("b") {
            let (at, id) = self.buffer()?;
            if id.index() != buffers.len() {
                return Err(Fault { at, message: format!("expected b{}, found {id}", buffers.len()) });
            }
            self.expect(":")?;
            buffers.push(self.declared()?);
            self.expect(",")?;
        }
        for (k, end) in ["..", ")"].into_iter().enumerate() {
            let (at, value) = self.value()?;
            if value.index() != k {
                return Err(Fault { at, message: format!("expected the range %0..%1, found {value}") });
            }
            self.define(value, Scalar::I64);
            self.expect(end)?;
        }
        self.expect("{")?;
        let body = self.block()?;
        self.expect("}")?;
        self.expect_end()?;
        // A value that nothing defines is for the verifier to refuse.
        let scalars = self.types.iter().map(|scalar| scalar.unwrap_or(Scalar::I64)).collect();
        Ok(Kernel { buffers, scalars, body })
    }

    /// `read write f32`
    fn declared(&mut self) -> Parsed<Buffer> {
        let reads = self.keyword("read");
        let access = match (reads, self.keyword("write")) {
            (true, true) => Access::ReadWrite,
            (true, false) => return Err(self.expected("`write`")),
            (false, true) => Access::Write,
            (false, false) => Access::Read,
        };
        Ok(Buffer { scalar: self.scalar()?, access })
    }

    /// Statements up to what cannot begin one.
    fn block(&mut self) -> Parsed<Block> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(self.fault(format!("more than {DEEPEST} blocks inside one another")));
        }
        let mut block = Block::default();
        while let Some(statement) = self.statement()? {
            block.statements.push(statement);
        }
        self.depth -= 1;
        Ok(block)
    }

    fn statement(&mut self) -> Parsed<Option<Statement>> {
        if self.peeks("b") {
            let (_, buffer) = self.buffer()?;
            let index = self.index()?;
            self.expect("=")?;
            return Ok(Some(Statement::Store { buffer, index, value: self.value()?.1 }));
        }
        if !self.peeks("%") {
            return self.compound(&[]);
        }
        let first = self.value()?.1;
        if self.eat(":") {
            return self.definition(first).map(Some);
        }
        let mut results = vec![first];
        while self.eat(",") {
            results.push(self.value()?.1);
        }
        self.expect("=")?;
        match self.compound(&results)? {
            Some(statement) => Ok(Some(statement)),
            None => Err(self.expected("`for`, `lanes`, `if` or `while`")),
        }
    }

    /// What holds blocks, behind its results.
    fn compound(&mut self, results: &[Value]) -> Parsed<Option<Statement>> {
        Ok(Some(if self.keyword("for") {
            self.serial(results)?
        } else if self.keyword("lanes") {
            self.lanes(results)?
        } else if self.keyword("if") {
            self.branch(results)?
        } else if self.keyword("while") {
            self.repeat(results)?
        } else {
            return Ok(None);
        }))
    }

    /// `f32 = add %1, %2` or `f32 = b0[%1]`, behind `%3:`.
    fn definition(&mut self, value: Value) -> Parsed<Statement> {
        let scalar = self.scalar()?;
        self.expect("=")?;
        let statement = if self.peeks("b") && self.peeks_number_behind("b") {
            let (_, buffer) = self.buffer()?;
            Statement::Load { value, buffer, index: self.index()? }
        } else {
            Statement::Let { value, op: self.operation(scalar)? }
        };
        self.define(value, scalar);
        Ok(statement)
    }

    fn operation(&mut self, scalar: Scalar) -> Parsed<Op> {
        self.skip_space();
        let begin = self.at;
        let word = self.run_of(|c| c.is_ascii_alphanumeric() || "_.:+-".contains(c));
        let is_number = word.starts_with(|c: char| c == '-' || c.is_ascii_digit());
        if is_number || ["true", "false", "inf"].contains(&word) || word.starts_with("nan:") {
            let bits = literal(scalar, word);
            let wrong = || Fault { at: begin, message: format!("`{word}` is no {scalar}") };
            return Ok(Op::Constant { scalar, bits: bits.ok_or_else(wrong)? });
        }
        if let Some(unary) = named(&Unary::ALL, Unary::name, word) {
            let [x] = self.operands()?;
            return Ok(Op::Unary(unary, x));
        }
        if let Some(binary) = named(&Binary::ALL, Binary::name, word) {
            let [x, y] = self.operands()?;
            return Ok(Op::Binary(binary, x, y));
        }
        if let Some(comparison) = named(&Comparison::ALL, Comparison::name, word) {
            let [x, y] = self.operands()?;
            return Ok(Op::Compare(comparison, x, y));
        }
        Ok(match word {
            "fma" => self.operands().map(|[x, y, z]| Op::Fma(x, y, z))?,
            "select" => self.operands().map(|[condition, x, y]| Op::Select(condition, x, y))?,
            "convert" => self.operands().map(|[x]| Op::Convert(scalar, x))?,
            "bitcast" => self.operands().map(|[x]| Op::Bitcast(scalar, x))?,
            "cold" => self.cold()?,
            "" => return Err(self.expected("an operation or a number")),
            _ => return Err(Fault { at: begin, message: format!("no operation is called `{word}`") }),
        })
    }

    /// `%3, sin(%1), %2`, behind `cold`.
    fn cold(&mut self) -> Parsed<Op> {
        let [condition] = self.operands()?;
        self.expect(",")?;
        self.skip_space();
        let begin = self.at;
        let word = self.word();
        let function = named(ColdFunction::ALL, ColdFunction::name, word);
        let function = function
            .ok_or_else(|| Fault { at: begin, message: format!("no function is called `{word}`") })?;
        self.expect("(")?;
        let mut args: SmallVec<[Value; 2]> = SmallVec::new();
        while !self.eat(")") {
            if !args.is_empty() {
                self.expect(",")?;
            }
            args.push(self.value()?.1);
        }
        self.expect(",")?;
        Ok(Op::Cold { function, condition, args, otherwise: self.value()?.1 })
    }

    /// `%1, %2`
    fn operands<const N: usize>(&mut self) -> Parsed<[Value; N]> {
        let mut values = [Value(0); N];
        for (k, value) in values.iter_mut().enumerate() {
            if k > 0 {
                self.expect(",")?;
            }
            *value = self.value()?.1;
        }
        Ok(values)
    }

    /// `%2 in 0..%1`
    fn range(&mut self) -> Parsed<(Value, Bound, Bound)> {
        let variable = self.value()?.1;
        if !self.keyword("in") {
            return Err(self.expected("`in`"));
        }
        let lower = self.bound()?;
        self.expect("..")?;
        let upper = self.bound()?;
        self.define(variable, Scalar::I64);
        Ok((variable, lower, upper))
    }

    fn bound(&mut self) -> Parsed<Bound> {
        Ok(if self.peeks("%") { Bound::Value(self.value()?.1) } else { Bound::Constant(self.int()?) })
    }

    /// `%5 = %2; %6 = %3`: params and what they begin with.
    fn params(&mut self) -> Parsed<Vec<(Value, Value)>> {
        let mut params = vec![];
        loop {
            let param = self.value()?.1;
            self.expect("=")?;
            params.push((param, self.value()?.1));
            if !self.eat(";") {
                break;
            }
        }
        for &(param, init) in &params {
            self.define_like(param, init);
        }
        Ok(params)
    }

    /// `yield %1, %2`, of so many values; nothing if there are none.
    fn yields(&mut self, count: usize) -> Parsed<Vec<Value>> {
        let mut values = vec![];
        self.skip_space();
        let begin = self.at;
        if self.keyword("yield") {
            values.push(self.value()?.1);
            while self.eat(",") {
                values.push(self.value()?.1);
            }
        }
        match values.len() == count {
            true => Ok(values),
            false => {
                let message = format!("the block yields {} values, but {count} are taken up", values.len());
                Err(Fault { at: begin, message })
            }
        }
    }

    fn carried(
        &mut self,
        params: Vec<(Value, Value)>,
        next: &[Value],
        results: &[Value],
    ) -> Parsed<Vec<Carried>> {
        if results.len() != params.len() {
            let message = format!("{} values are carried, and {} results named", params.len(), results.len());
            return Err(self.fault(message));
        }
        let each = params.into_iter().zip(next).zip(results);
        let all: Vec<Carried> =
            each.map(|(((param, init), &next), &result)| Carried { param, init, next, result }).collect();
        for carried in &all {
            self.define_like(carried.result, carried.init);
        }
        Ok(all)
    }

    /// `%2 in 0..10, %5 = %3 { .. yield %6 }`
    fn serial(&mut self, results: &[Value]) -> Parsed<Statement> {
        let (variable, lower, upper) = self.range()?;
        let params = if self.eat(",") { self.params()? } else { vec![] };
        self.expect("{")?;
        let body = self.block()?;
        let next = self.yields(params.len())?;
        self.expect("}")?;
        let kind = LoopKind::Serial(self.carried(params, &next, results)?);
        Ok(Statement::Loop(Box::new(Loop { variable, lower, upper, kind, body })))
    }

    /// `%2 in 0..10 by 4 { .. sum %3, %6 }`
    fn lanes(&mut self, results: &[Value]) -> Parsed<Statement> {
        let (variable, lower, upper) = self.range()?;
        let lanes = if self.keyword("by") { self.int()? } else { 1 };
        self.expect("{")?;
        let body = self.block()?;
        let mut reductions = vec![];
        while !self.eat("}") {
            self.skip_space();
            let begin = self.at;
            let word = self.word();
            let Some(combine) = named(&Combine::ALL, Combine::name, word) else {
                self.at = begin;
                return Err(self.expected("a statement, a reduction or `}`"));
            };
            let [init, first] = self.operands()?;
            let term = if self.eat("*") { Term::Product(first, self.value()?.1) } else { Term::Value(first) };
            let Some(&result) = results.get(reductions.len()) else {
                return Err(Fault { at: begin, message: "no result is named for the reduction".into() });
            };
            reductions.push(Reduction { combine, init, term, result });
        }
        if reductions.len() < results.len() {
            let message =
                format!("{} results are named, and {} values reduced", results.len(), reductions.len());
            return Err(self.fault(message));
        }
        for reduction in &reductions {
            self.define_like(reduction.result, reduction.init);
        }
        let kind = LoopKind::Lanes { lanes, reductions };
        Ok(Statement::Loop(Box::new(Loop { variable, lower, upper, kind, body })))
    }

    /// `%3 { .. yield %4 } else { .. yield %5 }`
    fn branch(&mut self, results: &[Value]) -> Parsed<Statement> {
        let condition = self.value()?.1;
        self.expect("{")?;
        let then = self.block()?;
        let chosen = self.yields(results.len())?;
        self.expect("}")?;
        if !self.keyword("else") {
            return Err(self.expected("`else`"));
        }
        self.expect("{")?;
        let otherwise = self.block()?;
        let others = self.yields(results.len())?;
        self.expect("}")?;
        let each = results.iter().zip(chosen).zip(others);
        let results: Vec<Choice> =
            each.map(|((&result, then), otherwise)| Choice { result, then, otherwise }).collect();
        for choice in &results {
            self.define_like(choice.result, choice.then);
        }
        Ok(Statement::If(Box::new(If { condition, then, otherwise, results })))
    }

    /// `%5 = %2 { .. yield %6 } do { .. yield %7 }`
    fn repeat(&mut self, results: &[Value]) -> Parsed<Statement> {
        let params = if self.peeks("%") { self.params()? } else { vec![] };
        self.expect("{")?;
        let test = self.block()?;
        let condition = self.yields(1)?[0];
        self.expect("}")?;
        if !self.keyword("do") {
            return Err(self.expected("`do`"));
        }
        self.expect("{")?;
        let body = self.block()?;
        let next = self.yields(params.len())?;
        self.expect("}")?;
        let carried = self.carried(params, &next, results)?;
        Ok(Statement::While(Box::new(While { carried, test, condition, body })))
    }

    /// `[8*%2 + %5 + -1]`
    fn index(&mut self) -> Parsed<Index> {
        self.expect("[")?;
        let mut index = Index::constant(0);
        let mut constant = None;
        loop {
            self.skip_space();
            let begin = self.at;
            let coefficient = if self.peeks("%") { Some(1) } else { None };
            let number = match coefficient {
                Some(one) => one,
                None => self.int()?,
            };
            if coefficient.is_some() || self.eat("*") {
                let (_, value) = self.value()?;
                if index.coefficient(value) != 0 || number == 0 {
                    let message = format!("{value} stands twice, or with the coefficient 0");
                    return Err(Fault { at: begin, message });
                }
                index = index.plus(value, number);
            } else if constant.replace(number).is_some() {
                return Err(Fault { at: begin, message: "two constants; add them".into() });
            }
            if self.eat("]") {
                return Ok(index.offset(constant.unwrap_or(0)));
            }
            self.expect("+")?;
        }
    }

    /// `%5`, with where it begins.
    fn value(&mut self) -> Parsed<(usize, Value)> {
        let (at, number) = self.numbered("%", "a value")?;
        Ok((at, Value(number)))
    }

    /// `b0`, with where it begins.
    fn buffer(&mut self) -> Parsed<(usize, BufferId)> {
        let (at, number) = self.numbered("b", "a buffer")?;
        Ok((at, BufferId(number)))
    }

    fn numbered(&mut self, sigil: &str, what: &str) -> Parsed<(usize, u32)> {
        self.skip_space();
        let begin = self.at;
        if !self.eat(sigil) {
            return Err(self.expected(what));
        }
        let (digits, most) = (self.run_of(|c| c.is_ascii_digit()), self.text_len());
        // As many as could be defined in the text: tables are not longer.
        let number = digits.parse().ok().filter(|number: &u32| (*number as usize) < most);
        let wrong = || Fault { at: begin, message: format!("`{sigil}{digits}` is not the number of {what}") };
        Ok((begin, number.ok_or_else(wrong)?))
    }

    fn scalar(&mut self) -> Parsed<Scalar> {
        self.skip_space();
        let begin = self.at;
        let word = self.word();
        let scalar = named(&Scalar::ALL, Scalar::name, word);
        scalar.ok_or_else(|| Fault { at: begin, message: format!("no type is called `{word}`") })
    }

    /// Gives a value its type; of two definitions, which the verifier refuses, the first counts.
    fn define(&mut self, value: Value, scalar: Scalar) {
        let count = self.types.len().max(value.index() + 1);
        self.types.resize(count, None);
        self.types[value.index()].get_or_insert(scalar);
    }

    fn define_like(&mut self, value: Value, other: Value) {
        let scalar = self.types.get(other.index()).copied().flatten();
        self.define(value, scalar.unwrap_or(Scalar::I64));
    }

    fn peeks_number_behind(&self, sigil: &str) -> bool {
        self.rest()[sigil.len()..].starts_with(|c: char| c.is_ascii_digit())
    }
}

/// The lane bits of a constant as it prints.
fn literal(scalar: Scalar, word: &str) -> Option<u64> {
    if let Some(digits) = word.strip_prefix("nan:") {
        let bits = u64::from_str_radix(digits, 16).ok()?;
        let is_nan = match scalar {
            Scalar::F32 => f32::from_bits(u32::try_from(bits).ok()?).is_nan(),
            _ => scalar == Scalar::F64 && f64::from_bits(bits).is_nan(),
        };
        return is_nan.then_some(bits);
    }
    match scalar {
        Scalar::Bool => word.parse::<bool>().ok().map(u64::from),
        Scalar::F32 => word.parse::<f32>().ok().filter(|x| !x.is_nan()).map(|x| x.to_bits().into()),
        Scalar::F64 => word.parse::<f64>().ok().filter(|x| !x.is_nan()).map(f64::to_bits),
        _ => {
            let number = word.parse::<i128>().ok()?;
            let bits = number as u64 & scalar.mask();
            let value = scalar.i64_of_bits(bits);
            let back = if scalar.is_signed_int() { i128::from(value) } else { i128::from(value as u64) };
            (back == number).then_some(bits)
        }
    }
}
