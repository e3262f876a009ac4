//! Printing. Floats print in the fewest digits that read back to the same bits.

use crate::ops::{Attribute, Attributes};
use crate::program::{Program, Var};
use std::fmt::{self, Write};
use std::sync::Arc;

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_program(f, self, 0)
    }
}
impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

fn write_program(out: &mut dyn Write, program: &Program, depth: usize) -> fmt::Result {
    let indent = "  ".repeat(depth);
    let typed = |vars: &mut dyn Iterator<Item = Var>| {
        vars.map(|v| format!("{v}: {}", program.ty(v))).collect::<Vec<_>>().join(", ")
    };
    let plain = |vars: &[Var]| vars.iter().map(Var::to_string).collect::<Vec<_>>().join(", ");
    writeln!(out, "fn({}) {{", typed(&mut program.params()))?;
    for eqn in program.equations() {
        let results = typed(&mut eqn.results.iter().copied());
        let equals = if results.is_empty() { "" } else { " = " };
        write!(out, "{indent}  {results}{equals}{}({})", eqn.op.rules().name(), plain(&eqn.args))?;
        write_attributes(out, &eqn.op.rules().attributes(), depth + 1)?;
        writeln!(out)?;
    }
    write!(out, "{indent}  return {}\n{indent}}}", plain(program.results()))
}

fn write_attributes(out: &mut dyn Write, attributes: &Attributes, depth: usize) -> fmt::Result {
    if attributes.is_empty() {
        return Ok(());
    }
    out.write_str(" {")?;
    for (i, (name, value)) in attributes.iter().enumerate() {
        write!(out, "{}{name} = ", if i == 0 { "" } else { ", " })?;
        match value {
            Attribute::Int(n) => write!(out, "{n}")?,
            Attribute::Ints(ns) => write!(out, "{ns:?}")?,
            Attribute::Table(rows) => write!(out, "{rows:?}")?,
            Attribute::Bool(b) => write!(out, "{b}")?,
            Attribute::Word(word) => out.write_str(word)?,
            Attribute::Text(text) => write!(out, "{text:?}")?,
            Attribute::Texts(texts) => write!(out, "{texts:?}")?,
            Attribute::Literal(array) => array.write_literal(out)?,
            Attribute::Program(program) => write_program(out, program, depth)?,
            Attribute::Programs(programs) => write_programs(out, programs, depth)?,
            Attribute::Type(ty) => write!(out, "{ty}")?,
            Attribute::Types(types) => {
                let types: Vec<String> = types.iter().map(ToString::to_string).collect();
                write!(out, "({})", types.join(", "))?;
            }
            Attribute::Function(function) => write!(out, "@{}", function.name())?,
        }
    }
    out.write_char('}')
}

fn write_programs(out: &mut dyn Write, programs: &[Arc<Program>], depth: usize) -> fmt::Result {
    out.write_char('[')?;
    for (i, program) in programs.iter().enumerate() {
        out.write_str(if i == 0 { "" } else { ", " })?;
        write_program(out, program, depth)?;
    }
    out.write_char(']')
}
