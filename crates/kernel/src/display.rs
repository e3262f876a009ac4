//! The text form of a kernel, for people and file tests: what prints parses back to an equal kernel. Values print as
//! `%0`, buffers as `b0`, floats in the fewest digits that read back to the same bits, NaNs by their bits.

use std::fmt::{self, Display, Formatter};

use crate::kernel::{Access, Block, Bound, BufferId, Index, Kernel, Loop, LoopKind, Statement, Term, While};
use crate::op::{Op, Value};
use crate::scalar::{Scalar, f32_of, f64_of};

impl Display for Value {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "%{}", self.0)
    }
}

impl Display for BufferId {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "b{}", self.0)
    }
}

impl Display for Bound {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Bound::Constant(value) => write!(f, "{value}"),
            Bound::Value(value) => write!(f, "{value}"),
        }
    }
}

impl Display for Index {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut parts: Vec<String> = self
            .terms()
            .iter()
            .map(|&(value, coefficient)| match coefficient {
                1 => value.to_string(),
                _ => format!("{coefficient}*{value}"),
            })
            .collect();
        if self.constant_part() != 0 || parts.is_empty() {
            parts.push(self.constant_part().to_string());
        }
        f.write_str(&parts.join(" + "))
    }
}

impl Display for Term {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Term::Value(value) => write!(f, "{value}"),
            Term::Product(x, y) => write!(f, "{x} * {y}"),
        }
    }
}

impl Display for Op {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Op::Constant { scalar, bits } => match scalar {
                Scalar::Bool => write!(f, "{}", *bits != 0),
                Scalar::F32 if f32_of(*bits).is_nan() => write!(f, "nan:{bits:08x}"),
                Scalar::F64 if f64_of(*bits).is_nan() => write!(f, "nan:{bits:016x}"),
                Scalar::F32 => write!(f, "{:?}", f32_of(*bits)),
                Scalar::F64 => write!(f, "{:?}", f64_of(*bits)),
                _ if scalar.is_signed_int() => write!(f, "{}", scalar.i64_of_bits(*bits)),
                _ => write!(f, "{bits}"),
            },
            Op::Unary(unary, x) => write!(f, "{} {x}", unary.name()),
            Op::Binary(binary, x, y) => write!(f, "{} {x}, {y}", binary.name()),
            Op::Fma(x, y, z) => write!(f, "fma {x}, {y}, {z}"),
            Op::Compare(comparison, x, y) => write!(f, "{} {x}, {y}", comparison.name()),
            Op::Select(condition, x, y) => write!(f, "select {condition}, {x}, {y}"),
            Op::Convert(_, x) => write!(f, "convert {x}"),
            Op::Bitcast(_, x) => write!(f, "bitcast {x}"),
            Op::Cold { function, condition, args, otherwise } => {
                write!(f, "cold {condition}, {}(", function.name())?;
                write_list(f, args.iter())?;
                write!(f, "), {otherwise}")
            }
        }
    }
}

impl Display for Kernel {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "kernel(")?;
        for (k, buffer) in self.buffers().iter().enumerate() {
            let access = match buffer.access {
                Access::Read => "",
                Access::Write => "write ",
                Access::ReadWrite => "read write ",
            };
            write!(f, "b{k}: {access}{}, ", buffer.scalar)?;
        }
        let [lower, upper] = self.range();
        writeln!(f, "{lower}..{upper}) {{")?;
        Printer { kernel: self, depth: 1 }.block(f, self.body())?;
        writeln!(f, "}}")
    }
}

struct Printer<'k> {
    kernel: &'k Kernel,
    depth: usize,
}

impl Printer<'_> {
    fn block(&self, f: &mut Formatter<'_>, block: &Block) -> fmt::Result {
        block.statements.iter().try_for_each(|statement| {
            self.indent(f)?;
            self.statement(f, statement)
        })
    }

    fn deeper(&self) -> Self {
        Printer { kernel: self.kernel, depth: self.depth + 1 }
    }

    fn indent(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{:1$}", "", 2 * self.depth)
    }

    fn statement(&self, f: &mut Formatter<'_>, statement: &Statement) -> fmt::Result {
        let scalar = |value: &Value| self.kernel.scalar(*value);
        match statement {
            Statement::Let { value, op } => writeln!(f, "{value}: {} = {op}", scalar(value)),
            Statement::Load { value, buffer, index } => {
                writeln!(f, "{value}: {} = {buffer}[{index}]", scalar(value))
            }
            Statement::Store { buffer, index, value } => writeln!(f, "{buffer}[{index}] = {value}"),
            Statement::Loop(inner) => self.counted_loop(f, inner),
            Statement::If(branch) => {
                write_list(f, branch.results.iter().map(|choice| choice.result))?;
                let equals = if branch.results.is_empty() { "" } else { " = " };
                writeln!(f, "{equals}if {} {{", branch.condition)?;
                self.deeper().block(f, &branch.then)?;
                self.yields(f, branch.results.iter().map(|choice| choice.then))?;
                self.indent(f)?;
                writeln!(f, "}} else {{")?;
                self.deeper().block(f, &branch.otherwise)?;
                self.yields(f, branch.results.iter().map(|choice| choice.otherwise))?;
                self.indent(f)?;
                writeln!(f, "}}")
            }
            Statement::While(inner) => self.while_loop(f, inner),
        }
    }

    fn yields(&self, f: &mut Formatter<'_>, values: impl ExactSizeIterator<Item = Value>) -> fmt::Result {
        if values.len() == 0 {
            return Ok(());
        }
        self.deeper().indent(f)?;
        write!(f, "yield ")?;
        write_list(f, values)?;
        writeln!(f)
    }

    fn counted_loop(&self, f: &mut Formatter<'_>, inner: &Loop) -> fmt::Result {
        let Loop { variable, lower, upper, kind, body } = inner;
        match kind {
            LoopKind::Serial(carried) => {
                write_list(f, carried.iter().map(|carried| carried.result))?;
                let equals = if carried.is_empty() { "" } else { " = " };
                write!(f, "{equals}for {variable} in {lower}..{upper}")?;
                for (k, carried) in carried.iter().enumerate() {
                    write!(f, "{}{} = {}", if k == 0 { ", " } else { "; " }, carried.param, carried.init)?;
                }
                writeln!(f, " {{")?;
                self.deeper().block(f, body)?;
                self.yields(f, carried.iter().map(|carried| carried.next))?;
            }
            LoopKind::Lanes { lanes, reductions } => {
                write_list(f, reductions.iter().map(|reduction| reduction.result))?;
                let equals = if reductions.is_empty() { "" } else { " = " };
                write!(f, "{equals}lanes {variable} in {lower}..{upper}")?;
                if !reductions.is_empty() || *lanes != 1 {
                    write!(f, " by {lanes}")?;
                }
                writeln!(f, " {{")?;
                self.deeper().block(f, body)?;
                for reduction in reductions {
                    self.deeper().indent(f)?;
                    writeln!(f, "{} {}, {}", reduction.combine.name(), reduction.init, reduction.term)?;
                }
            }
        }
        self.indent(f)?;
        writeln!(f, "}}")
    }

    fn while_loop(&self, f: &mut Formatter<'_>, inner: &While) -> fmt::Result {
        write_list(f, inner.carried.iter().map(|carried| carried.result))?;
        let equals = if inner.carried.is_empty() { "" } else { " = " };
        write!(f, "{equals}while")?;
        for (k, carried) in inner.carried.iter().enumerate() {
            write!(f, "{}{} = {}", if k == 0 { " " } else { "; " }, carried.param, carried.init)?;
        }
        writeln!(f, " {{")?;
        self.deeper().block(f, &inner.test)?;
        self.yields(f, std::iter::once(inner.condition))?;
        self.indent(f)?;
        writeln!(f, "}} do {{")?;
        self.deeper().block(f, &inner.body)?;
        self.yields(f, inner.carried.iter().map(|carried| carried.next))?;
        self.indent(f)?;
        writeln!(f, "}}")
    }
}

fn write_list(f: &mut Formatter<'_>, items: impl Iterator<Item = impl Display>) -> fmt::Result {
    for (k, item) in items.enumerate() {
        write!(f, "{}{item}", if k == 0 { "" } else { ", " })?;
    }
    Ok(())
}
