//! Random values of attributes: numbers at the ends of their ranges, axes, arrays of any bits, text of any characters,
//! Programs that hold one equation more.
//!
//! Invariant: nothing here asks whether an operation accepts the value; `infer` does.

use crate::Dims;
use crate::ops::control::{Call, Control};
use crate::ops::effect::Callback;
use crate::ops::source::Source;
use crate::program::Builder;
use crate::{Array, Buffer, Dtype, Program, Shape, SourceLocation, Type};
use std::sync::Arc;

/// A stream of numbers, the same for the same seed.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// The stream of a seed.
    pub fn new(seed: u64) -> Random {
        Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }
    /// Any bits.
    pub fn bits(&mut self) -> u64 {
        // xorshift64*
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }
    /// A number below `n`.
    pub fn below(&mut self, n: usize) -> usize {
        ((self.bits() >> 33) as usize) % n
    }
    /// One of several.
    pub fn of<'a, T>(&mut self, among: &'a [T]) -> &'a T {
        &among[self.below(among.len())]
    }
}

/// What can be changed at random.
pub(super) trait Vary {
    /// Becomes another value, or by chance the same.
    fn vary(&mut self, random: &mut Random);
}

/// Changes one of the fields.
pub(super) fn one_of(random: &mut Random, fields: &mut [&mut dyn Vary]) {
    if !fields.is_empty() {
        let k = random.below(fields.len());
        fields[k].vary(random);
    }
}

/// Enums whose values are listed here, which the compiler keeps whole.
macro_rules! listed {
    ($($Enum:ident: $($Variant:ident)*;)*) => { $(
        impl Vary for $Enum {
            fn vary(&mut self, random: &mut Random) {
                // What is not listed does not compile.
                match *self { $($Enum::$Variant)|* => {} }
                *self = *random.of(&[$($Enum::$Variant),*]);
            }
        }
    )* };
}
pub(super) use listed;

impl Vary for bool {
    fn vary(&mut self, _: &mut Random) {
        *self = !*self;
    }
}

impl Vary for usize {
    fn vary(&mut self, random: &mut Random) {
        let near = [self.wrapping_add(1), self.saturating_sub(1), *self / 2];
        let far = [0, 1, 2, 3, 5, 64, i64::MAX as usize, i64::MAX as usize + 1, usize::MAX];
        *self = if random.below(2) == 0 { *random.of(&near) } else { *random.of(&far) };
    }
}

impl Vary for i64 {
    fn vary(&mut self, random: &mut Random) {
        let near = [self.wrapping_add(1), self.wrapping_sub(1), self.wrapping_neg()];
        let far = [0, 1, -1, -3, 1000, i64::MIN, i64::MAX];
        *self = if random.below(2) == 0 { *random.of(&near) } else { *random.of(&far) };
    }
}

impl Vary for i32 {
    fn vary(&mut self, random: &mut Random) {
        *self = *random.of(&[self.wrapping_add(1), self.wrapping_neg(), 0, i32::MIN, i32::MAX]);
    }
}

impl Vary for u32 {
    fn vary(&mut self, random: &mut Random) {
        *self = *random.of(&[self.wrapping_add(1), *self / 2, 0, 1, 8, u32::MAX]);
    }
}

/// Changes a list: an item, or how many there are, or their order.
fn vary_list<T: Vary>(list: &mut Vec<T>, random: &mut Random, new: impl FnOnce(&mut Random) -> T) {
    match random.below(6) {
        0 => drop(list.pop()),
        1 => list.push(new(random)),
        2 => list.reverse(),
        _ if list.is_empty() => list.push(new(random)),
        _ => {
            let k = random.below(list.len());
            list[k].vary(random);
        }
    }
}

impl Vary for Dims {
    fn vary(&mut self, random: &mut Random) {
        let mut list = self.to_vec();
        vary_list(&mut list, random, |random| random.below(4));
        *self = list.into();
    }
}

impl Vary for crate::ops::movement::Amounts {
    fn vary(&mut self, random: &mut Random) {
        let mut list = self.to_vec();
        vary_list(&mut list, random, |random| random.below(4) as i64 - 1);
        *self = list.into();
    }
}

impl Vary for Shape {
    fn vary(&mut self, random: &mut Random) {
        let mut dims = self.dims();
        dims.vary(random);
        *self = dims.into();
    }
}

impl Vary for Vec<i64> {
    fn vary(&mut self, random: &mut Random) {
        vary_list(self, random, |random| random.below(3) as i64);
    }
}

impl Vary for Vec<Vec<i64>> {
    fn vary(&mut self, random: &mut Random) {
        vary_list(self, random, |random| vec![random.below(3) as i64, random.below(3) as i64]);
    }
}

impl Vary for Dtype {
    fn vary(&mut self, random: &mut Random) {
        *self = *random.of(Dtype::ALL);
    }
}

impl Vary for Type {
    fn vary(&mut self, random: &mut Random) {
        match random.below(8) {
            0 => *self = self.tape(),
            1..4 => self.dtype.vary(random),
            _ => self.shape.vary(random),
        }
    }
}

impl Vary for Vec<Type> {
    fn vary(&mut self, random: &mut Random) {
        vary_list(self, random, |random| Type::new(*random.of(Dtype::ALL), [random.below(3)]));
    }
}

/// Any bits, more often those at which printing goes wrong: zeros of both signs, infinities, NaNs of any payload.
fn element_bits(random: &mut Random, dtype: Dtype) -> u64 {
    let exponents = match dtype.real() {
        Dtype::F16 => 0x7C00,
        Dtype::BF16 => 0x7F80,
        Dtype::F32 => 0x7F80_0000,
        _ => 0x7FF0_0000_0000_0000,
    };
    let any = random.bits();
    match random.below(8) {
        0 => 0,
        1 => 1 << (8 * dtype.real().size_bytes() - 1),
        2 => exponents,
        3 => exponents | any,
        4 => any >> 60,
        _ => any,
    }
}

/// An array of that type with any bits.
pub(super) fn any_array(random: &mut Random, ty: &Type) -> Array {
    let parts = ty.parts();
    let mut buffer = Buffer::zeroed(parts.size_bytes());
    let width = parts.dtype.size_bytes();
    for element in buffer.bytes_mut().chunks_exact_mut(width) {
        let bits = element_bits(random, parts.dtype);
        element.copy_from_slice(&bits.to_le_bytes()[..width]);
        if parts.dtype == Dtype::Bool {
            element[0] &= 1;
        }
    }
    Array::from_buffer(parts, buffer).reinterpreted(ty.clone())
}

impl Vary for Array {
    fn vary(&mut self, random: &mut Random) {
        let mut ty = self.ty().clone();
        if ty.is_tape() {
            return;
        }
        if random.below(2) == 0 {
            let dims: Vec<usize> = (0..random.below(3)).map(|_| random.below(4)).collect();
            ty = Type::new(*random.of(Dtype::ALL), dims);
        }
        *self = any_array(random, &ty);
    }
}

impl Vary for Option<Array> {
    fn vary(&mut self, random: &mut Random) {
        match self {
            Some(array) if random.below(4) > 0 => array.vary(random),
            Some(_) => *self = None,
            None => {
                let ty = Type::scalar(*random.of(Dtype::ALL));
                *self = Some(any_array(random, &ty));
            }
        }
    }
}

/// Text that is hard to quote.
const TEXTS: [&str; 9] = [
    "",
    "\"",
    "\\",
    "a,b",
    "two\nlines\t\r\0",
    "Ångström ∂ 数 🦀",
    "e\u{301}\u{200b}",
    "@f, ]) // no comment",
    "true",
];

impl Vary for Arc<str> {
    fn vary(&mut self, random: &mut Random) {
        let text = *random.of(&TEXTS);
        // What is there may hold placeholders that must stay.
        *self = if random.below(3) == 0 { text.into() } else { format!("{text}{self}").into() };
    }
}

impl Vary for Vec<Arc<str>> {
    fn vary(&mut self, random: &mut Random) {
        vary_list(self, random, |random| Arc::from(*random.of(&TEXTS)));
    }
}

impl Vary for Callback {
    fn vary(&mut self, random: &mut Random) {
        let mut name: Arc<str> = self.name().into();
        name.vary(random);
        *self = Callback::named(&name);
    }
}

impl Vary for Arc<Program> {
    /// Another Program between the same types.
    fn vary(&mut self, random: &mut Random) {
        *self = Arc::new(match random.below(4) {
            0 => called(self),
            _ => with_a_constant(self, random),
        });
    }
}

impl Vary for Vec<Arc<Program>> {
    fn vary(&mut self, random: &mut Random) {
        if let Some(first) = self.first().cloned() {
            vary_list(self, random, |_| first);
        }
    }
}

impl Vary for Option<Arc<Program>> {
    fn vary(&mut self, random: &mut Random) {
        match self {
            Some(program) if random.below(4) > 0 => program.vary(random),
            _ => *self = None,
        }
    }
}

/// The Program with a constant at its end, which is a result if it is of the type of one.
fn with_a_constant(program: &Program, random: &mut Random) -> Program {
    let (mut builder, mut results) = copied(program);
    let of_result = results.first().map(|result| program.ty(*result).clone()).filter(|ty| !ty.is_tape());
    let other = Type::new(*random.of(Dtype::ALL), [random.below(3)]);
    let ty = of_result.filter(|ty| ty.shape.size() < 100).unwrap_or(other);
    let value = any_array(random, &ty);
    let vars = builder.push(
        Source::Constant(value).into(),
        [].into_iter().collect(),
        [ty.clone()],
        SourceLocation::unknown(),
    );
    if let Some(result) = results.first_mut().filter(|result| *program.ty(**result) == ty) {
        *result = vars[0];
    }
    builder.finish(&results)
}

/// A Program that calls the Program.
fn called(program: &Arc<Program>) -> Program {
    let mut builder = Builder::new();
    let args = program.param_types().iter().map(|ty| builder.param(ty.clone())).collect();
    let call = Control::Call(Call { program: program.clone(), name: "inner".into() });
    let results = builder.push(call.into(), args, program.result_types(), SourceLocation::unknown());
    builder.finish(&results)
}

fn copied(program: &Program) -> (Builder, Vec<crate::Var>) {
    let mut builder = Builder::new();
    for ty in program.param_types() {
        builder.param(ty.clone());
    }
    for eqn in program.equations() {
        let types: Vec<Type> = eqn.results.iter().map(|result| program.ty(*result).clone()).collect();
        builder.push(eqn.op.clone(), eqn.args.clone(), types, eqn.place);
    }
    (builder, program.results().to_vec())
}
