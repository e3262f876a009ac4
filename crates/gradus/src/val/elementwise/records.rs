//! Methods of one and two elements: those of the IR's tables, promoted, and what is written with them.

use crate::val::broadcast::{Promotion, bring_all, elementwise};
use crate::val::promote::Promoted;
use crate::val::{Val, complex, strict};
use crate::{Dtype, ErrorKind, Type};
use gradus_ir::ops::elementwise::{Binary, Choice, Domain, Unary};
use gradus_ir::{Kind, bind1, for_each_binary, for_each_unary};
use std::cmp::Ordering;

/// The primitive `op`; integers become floats where it takes floats only.
#[track_caller]
fn unary(name: &'static str, op: Unary, x: Val) -> Val {
    Val::derive(name, &[x], |known| {
        let own = Promoted::from(&known[0]);
        let inexact = matches!(op.domain(), Domain::Float | Domain::Inexact);
        let met = if inexact { own.inexact() } else { own };
        let x = strict::convert_literal(x, met.dtype);
        Ok(Val::from_ir(bind1(op, &[x])).with_weak(met.weak))
    })
}

/// The primitive `op` of two operands, broadcast and promoted as its domain asks.
#[track_caller]
fn binary(name: &'static str, op: Binary, x: Val, y: Val) -> Val {
    let how = match op.domain() {
        Domain::Float | Domain::Inexact => Promotion::Inexact,
        Domain::Bits | Domain::All | Domain::Ordered => Promotion::Plain,
        _ => Promotion::Numeric,
    };
    Val::derive(name, &[x, y], |known| {
        if op.domain() == Domain::Ordered && how.of(known).dtype.is_complex() {
            return Ok(lexicographic(op, x, y));
        }
        Ok(elementwise(name, op, how, &[x, y]))
    })
}

/// The order of complex numbers as in NumPy and JAX: by real parts, equal ones by imaginary parts.
#[track_caller]
fn lexicographic(op: Binary, x: Val, y: Val) -> Val {
    let ordered = |by_real: Binary, by_imaginary: Binary| {
        let tie = x.real().eq(y.real()) & binary("compare", by_imaginary, x.imag(), y.imag());
        binary("compare", by_real, x.real(), y.real()) | tie
    };
    match op {
        Binary::Max => where_(ordered(Binary::Gt, Binary::Ge) | x.isnan(), x, y),
        Binary::Min => where_(ordered(Binary::Lt, Binary::Le) | x.isnan(), x, y),
        Binary::Le => ordered(Binary::Lt, Binary::Le),
        Binary::Ge => ordered(Binary::Gt, Binary::Ge),
        strict => ordered(strict, strict),
    }
}

/// A primitive of numbers, which for truth values is `on_bool`: a sum is `or`, a product `and`.
#[track_caller]
fn arithmetic(name: &'static str, op: Binary, on_bool: Binary, x: Val, y: Val) -> Val {
    Val::derive(name, &[x, y], |known| {
        let met = Promotion::Plain.of(known);
        let op = if met.dtype == Dtype::Bool { on_bool } else { op };
        let args = bring_all(&[x, y], known, met.dtype)?;
        Ok(Val::from_ir(bind1(op, &args)).with_weak(met.weak))
    })
}

// The tables' methods, but for those that need more than promotion and are written out below.
macro_rules! unary_methods {
    (neg = $Variant:ident $($doc:literal)*; $($rest:tt)*) => { unary_methods! { $($rest)* } };
    (not = $Variant:ident $($doc:literal)*; $($rest:tt)*) => { unary_methods! { $($rest)* } };
    (abs = $Variant:ident $($doc:literal)*; $($rest:tt)*) => { unary_methods! { $($rest)* } };
    (floor = $Variant:ident $($doc:literal)*; $($rest:tt)*) => { unary_methods! { $($rest)* } };
    (ceil = $Variant:ident $($doc:literal)*; $($rest:tt)*) => { unary_methods! { $($rest)* } };
    ($method:ident = $Variant:ident $($doc:literal)*; $($rest:tt)*) => {
        impl Val {
            $(#[doc = $doc])*
            #[track_caller]
            pub fn $method(self) -> Val { unary(stringify!($method), Unary::$Variant, self) }
        }
        unary_methods! { $($rest)* }
    };
    () => {};
}
for_each_unary!(unary_methods);

macro_rules! binary_methods {
    (add = $Variant:ident $($doc:literal)*; $($rest:tt)*) => { binary_methods! { $($rest)* } };
    (sub = $Variant:ident $($doc:literal)*; $($rest:tt)*) => { binary_methods! { $($rest)* } };
    (mul = $Variant:ident $($doc:literal)*; $($rest:tt)*) => { binary_methods! { $($rest)* } };
    (div = $Variant:ident $($doc:literal)*; $($rest:tt)*) => { binary_methods! { $($rest)* } };
    (pow = $Variant:ident $($doc:literal)*; $($rest:tt)*) => { binary_methods! { $($rest)* } };
    (rem = $Variant:ident $($doc:literal)*; $($rest:tt)*) => { binary_methods! { $($rest)* } };
    ($method:ident = $Variant:ident $($doc:literal)*; $($rest:tt)*) => {
        impl Val {
            $(#[doc = $doc])*
            ///
            /// The operands broadcast and promote.
            #[track_caller]
            pub fn $method(self, other: impl Into<Val>) -> Val {
                binary(stringify!($method), Binary::$Variant, self, other.into())
            }
        }
        binary_methods! { $($rest)* }
    };
    () => {};
}
for_each_binary!(binary_methods);

/// Arithmetic: what the operators stand for.
impl Val {
    #[track_caller]
    pub(crate) fn plus(self, other: Val) -> Val {
        arithmetic("add", Binary::Add, Binary::Or, self, other)
    }
    #[track_caller]
    pub(crate) fn minus(self, other: Val) -> Val {
        elementwise("sub", Binary::Sub, Promotion::Plain, &[self, other])
    }
    #[track_caller]
    pub(crate) fn times(self, other: Val) -> Val {
        arithmetic("mul", Binary::Mul, Binary::And, self, other)
    }
    #[track_caller]
    pub(crate) fn divided_by(self, other: Val) -> Val {
        elementwise("div", Binary::Div, Promotion::Inexact, &[self, other])
    }
    #[track_caller]
    pub(crate) fn negated(self) -> Val {
        unary("neg", Unary::Neg, self)
    }
    #[track_caller]
    pub(crate) fn inverted(self) -> Val {
        unary("not", Unary::Not, self)
    }
    /// The remainder that has the sign of the divisor, as Python's `%`.
    #[track_caller]
    pub(crate) fn modulo(self, other: Val) -> Val {
        Val::derive("rem", &[self, other], |known| {
            // Integers modulo zero are zero, as in JAX.
            let other = match Promotion::Numeric.of(known).dtype.is_float() {
                true => other,
                false => where_(other.eq(0), 1, other),
            };
            let rest = self.fmod(other);
            let other_sign = rest.lt(0).ne(other.lt(0));
            let moved = other_sign & rest.ne(0);
            Ok(where_(moved, rest + other, rest))
        })
    }
    /// The remainder of the division truncated towards zero: it has the sign of the dividend.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.fmod(3))(&Array::from([-7i32, 7]))?;
    /// assert_eq!(y, Array::from([-1i32, 1]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn fmod(self, other: impl Into<Val>) -> Val {
        elementwise("fmod", Binary::Rem, Promotion::Numeric, &[self, other.into()])
    }
    /// The quotient truncated towards zero; integers stay integers, floats are divided as by `/`.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.trunc_divide(2))(&Array::from([-7i32, 7]))?;
    /// assert_eq!(y, Array::from([-3i32, 3]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn trunc_divide(self, other: impl Into<Val>) -> Val {
        elementwise("trunc_divide", Binary::Div, Promotion::Numeric, &[self, other.into()])
    }
    /// The quotient rounded down; integers stay integers.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.floor_divide(2))(&Array::from([-3i32, 3]))?;
    /// assert_eq!(y.to_vec::<i32>()?, [-2, 1]);
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn floor_divide(self, other: impl Into<Val>) -> Val {
        let other = other.into();
        Val::derive("floor_divide", &[self, other], |known| {
            let met = Promotion::Numeric.of(known);
            let args = bring_all(&[self, other], known, met.dtype)?;
            let [x, y] = [0, 1].map(|i| Val::from_ir(args[i]).with_weak(met.weak));
            let rest = x.fmod(y);
            if met.dtype.is_float() {
                let quotient = (x - rest) / y;
                let down = rest.ne(0) & rest.lt(0).ne(y.lt(0));
                return Ok(where_(down, quotient - 1, quotient).round());
            }
            let quotient = Val::from_ir(bind1(Binary::Div, &args)).with_weak(met.weak);
            if met.dtype.kind() == Kind::Unsigned {
                return Ok(quotient);
            }
            // Division by zero leaves the sign of the divisor at zero: then one more is taken, as in JAX.
            let down = x.sign().ne(y.sign()) & rest.ne(0);
            Ok(where_(down, quotient - 1, quotient))
        })
    }
    /// The first to the power of the second.
    ///
    /// An integer literal becomes a primitive of its own, so that the derivative is exact everywhere; integers to
    /// integers stay integers; a float to an integer takes the float's type.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.pow(3) + x.pow(0.5))(&Array::from([4.0f32]))?;
    /// assert_eq!(y.to_vec::<f32>()?, [66.0]);
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn pow(self, exponent: impl Into<Val>) -> Val {
        let exponent = exponent.into();
        if let Some(n) = exponent.integer_literal() {
            return Val::derive("pow", &[self], |known| {
                let met = Promoted::from(&known[0]).numeric();
                if n < 0 && !met.dtype.is_inexact() {
                    let message = format!(
                        "integers {} to the negative power {n} are no integers; convert to float first",
                        known[0].ty
                    );
                    return Err(ErrorKind::invalid(message));
                }
                let Ok(n) = i32::try_from(n) else {
                    let message =
                        format!("the exponent {n} is larger than any that makes sense; write it as a float");
                    return Err(ErrorKind::invalid(message));
                };
                let x = strict::convert_literal(self, met.dtype);
                Ok(Val::from_ir(x.integer_pow(n)).with_weak(met.weak && met.dtype.is_inexact()))
            });
        }
        Val::derive("pow", &[self, exponent], |known| {
            let met = Promotion::Plain.of(known);
            let integer = known[1].ty.dtype.is_integer();
            let both = known.iter().all(|k| !k.ty.dtype.is_inexact()) && !met.dtype.is_inexact();
            let weak = met.weak && !both && !(integer && known[0].ty.dtype.is_inexact());
            let met = if both { met.numeric() } else { met.inexact() };
            let args = bring_all(&[self, exponent], known, met.dtype)?;
            Ok(Val::from_ir(bind1(Binary::Pow, &args)).with_weak(weak))
        })
    }
    /// The first to the power of the second, as floats.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.float_power(0.5))(&Array::from([4i32]))?;
    /// assert_eq!(y, Array::from([2.0f32]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn float_power(self, exponent: impl Into<Val>) -> Val {
        elementwise("float_power", Binary::Pow, Promotion::Inexact, &[self, exponent.into()])
    }
    /// Every element times itself.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.square())(&Array::from([-3i32]))?;
    /// assert_eq!(y, Array::from([9i32]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn square(self) -> Val {
        Val::derive("square", &[self], |_| Ok(self * self))
    }
    /// 1 divided by every element.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.reciprocal())(&Array::from([4.0f32]))?;
    /// assert_eq!(y, Array::from([0.25f32]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn reciprocal(self) -> Val {
        Val::derive("reciprocal", &[self], |_| Ok(1.0 / self))
    }
    /// The distance from zero of every element.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.abs())(&Array::from([-3i32, 3]))?;
    /// assert_eq!(y, Array::from([3i32, 3]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn abs(self) -> Val {
        Val::derive("abs", &[self], |known| match known[0].ty.dtype {
            Dtype::Bool => Ok(self),
            _ => Ok(unary("abs", Unary::Abs, self)),
        })
    }
    /// The largest integer not above every element; integers stay as they are.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.floor())(&Array::from([-1.5f32, 1.5]))?;
    /// assert_eq!(y, Array::from([-2.0f32, 1.0]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn floor(self) -> Val {
        self.rounded("floor", Unary::Floor)
    }
    /// The smallest integer not below every element; integers stay as they are.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.ceil())(&Array::from([-1.5f32, 1.5]))?;
    /// assert_eq!(y, Array::from([-1.0f32, 2.0]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn ceil(self) -> Val {
        self.rounded("ceil", Unary::Ceil)
    }
    /// The nearest integer to every element, the even one of two; integers stay as they are.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.round())(&Array::from([0.5f32, 1.5]))?;
    /// assert_eq!(y, Array::from([0.0f32, 2.0]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn round(self) -> Val {
        if self.holds_complex() {
            return Val::derive("round", &[self], |_| Ok(complex(self.real().round(), self.imag().round())));
        }
        self.rounded("round", Unary::RoundEven)
    }
    /// Every element without its fraction; integers stay as they are.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.trunc())(&Array::from([-1.5f32, 1.5]))?;
    /// assert_eq!(y, Array::from([-1.0f32, 1.0]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn trunc(self) -> Val {
        Val::derive("trunc", &[self], |_| Ok(where_(self.lt(0), self.ceil(), self.floor())))
    }
    #[track_caller]
    fn rounded(self, name: &'static str, op: Unary) -> Val {
        Val::derive(name, &[self], |known| match known[0].ty.dtype.kind() {
            Kind::Signed | Kind::Unsigned => Ok(self),
            Kind::Bool | Kind::Complex => {
                let message =
                    format!("takes integers and real floats, not {}; convert the operand first", known[0].ty);
                Err(ErrorKind::invalid(message))
            }
            _ => Ok(unary(name, op, self)),
        })
    }
    /// Every element brought between `low` and `high`.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.clip(0, 2))(&Array::from([-5i32, 1, 5]))?;
    /// assert_eq!(y, Array::from([0i32, 1, 2]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn clip(self, low: impl Into<Val>, high: impl Into<Val>) -> Val {
        let (low, high) = (low.into(), high.into());
        Val::derive("clip", &[self, low, high], |_| Ok(self.max(low).min(high)))
    }
}

/// Conversions and copies of another value's type.
impl Val {
    /// The elements as another type: floats to integers truncate and saturate, NaN becomes 0; the type is no
    /// longer weak.
    ///
    /// ```
    /// use gradus::{Array, Dtype, Val, jit};
    /// let y = jit(|x: &Val| x.astype(Dtype::I32))(&Array::from([1.9f32, -1.9]))?;
    /// assert_eq!(y.to_vec::<i32>()?, [1, -1]);
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn astype(self, dtype: Dtype) -> Val {
        Val::derive("astype", &[self], |_| match self.literal() {
            Some(literal) if literal.fits_kind_of(dtype) => Ok(Val::from_ir(literal.write(dtype))),
            _ => Ok(Val::from_ir(strict::convert(self.ir(), dtype))),
        })
    }
    /// The same bits read as another type. A narrower one has a new last axis over the parts of an element, the
    /// lowest bits first; for a wider one the last axis goes, which must hold as many elements as one needs.
    ///
    /// ```
    /// use gradus::{Array, Dtype, Val, jit};
    /// let y = jit(|x: &Val| x.bitcast(Dtype::U16))(&Array::from([1.0f32]))?;
    /// assert_eq!(y.to_vec::<u16>()?, [0, 0x3f80]);
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn bitcast(self, dtype: Dtype) -> Val {
        Val::derive("bitcast", &[self], |known| {
            let (from, to) = (known[0].ty.dtype.size_bytes(), dtype.size_bytes());
            let plain = [known[0].ty.dtype, dtype].iter().all(|d| *d != Dtype::Bool && !d.is_complex());
            match from.cmp(&to) {
                Ordering::Greater if plain => Ok(cut(self, dtype, from / to)),
                Ordering::Less if plain => joined(self, &known[0].ty, dtype, to / from),
                _ => Ok(Val::from_ir(self.ir().bitcast_convert(dtype))),
            }
        })
    }
    /// The nearest numbers of a float type with so many bits of exponent and mantissa, as elements of this type.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.reduce_precision(8, 3))(&Array::from([1.0625f32]))?;
    /// assert_eq!(y, Array::from([1.0f32]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn reduce_precision(self, exponent_bits: u32, mantissa_bits: u32) -> Val {
        Val::derive("reduce_precision", &[self], |_| {
            Ok(Val::from_ir(self.ir().reduce_precision(exponent_bits, mantissa_bits)))
        })
    }
    /// Zeros of this type and shape.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.zeros_like())(&Array::from([1i32, 2]))?;
    /// assert_eq!(y, Array::from([0i32, 0]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn zeros_like(self) -> Val {
        crate::val::at_caller("zeros_like", || self.full_like(0))
    }
    /// Ones of this type and shape.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.ones_like())(&Array::from([3i32, 2]))?;
    /// assert_eq!(y, Array::from([1i32, 1]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn ones_like(self) -> Val {
        crate::val::at_caller("ones_like", || self.full_like(1))
    }
    /// Elements equal to `fill`, of this type and shape.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.full_like(7))(&Array::from([3i32, 2]))?;
    /// assert_eq!(y, Array::from([7i32, 7]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn full_like(self, fill: impl Into<Val>) -> Val {
        let fill = fill.into();
        Val::derive("full_like", &[self, fill], |known| {
            let fill = fill.astype(known[0].ty.dtype).ir();
            Ok(Val::from_ir(strict::broadcast(fill, &known[0].ty.shape)).with_weak(known[0].weak))
        })
    }
}

/// The unsigned integers of so many bytes.
fn word(bytes: usize) -> Dtype {
    match bytes {
        1 => Dtype::U8,
        2 => Dtype::U16,
        4 => Dtype::U32,
        _ => Dtype::U64,
    }
}

/// The bits of every element as `count` narrower ones along a new last axis.
#[track_caller]
fn cut(x: Val, dtype: Dtype, count: usize) -> Val {
    let (wide, narrow) = (word(count * dtype.size_bytes()), word(dtype.size_bytes()));
    let amounts = Val::from_ir(strict::iota(wide, &[count].into(), 0)) * (8 * dtype.size_bytes() as i64);
    let bits = Val::from_ir(x.ir().bitcast_convert(wide)).expand_dims(-1);
    let parts = bits.shift_right_logical(amounts).astype(narrow);
    Val::from_ir(parts.ir().bitcast_convert(dtype))
}

/// The bits of `count` elements along the last axis as one wider one.
#[track_caller]
fn joined(x: Val, ty: &Type, dtype: Dtype, count: usize) -> Result<Val, ErrorKind> {
    if ty.rank() == 0 || ty.shape.dim(ty.rank() - 1) != count {
        let message =
            format!("an element of {dtype} needs {count} of {ty} along its last axis; reshape it first");
        return Err(ErrorKind::invalid(message));
    }
    let (narrow, wide) = (word(ty.dtype.size_bytes()), word(dtype.size_bytes()));
    let amounts = Val::from_ir(strict::iota(wide, &[count].into(), 0)) * (8 * ty.dtype.size_bytes() as i64);
    let bits = Val::from_ir(x.ir().bitcast_convert(narrow)).astype(wide).shift_left(amounts);
    let word = bits.ir().reduce_or(&[ty.rank() - 1]);
    Ok(Val::from_ir(word.bitcast_convert(dtype)))
}

/// The elements of `x` where `condition` holds, else those of `y`; all three broadcast, `x` and `y` promote.
///
/// ```
/// use gradus::{Array, Val, jit, where_};
/// let y = jit(|x: &Val| where_(x.gt(0), *x, 0.1 * x))(&Array::from([-10.0f32, 3.0]))?;
/// assert_eq!(y.to_vec::<f32>()?, [-1.0, 3.0]);
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn where_(condition: impl Into<Val>, x: impl Into<Val>, y: impl Into<Val>) -> Val {
    let (condition, x, y) = (condition.into(), x.into(), y.into());
    Val::derive("where", &[condition, x, y], |known| {
        let met = Promotion::Plain.of(&known[1..]);
        let shape = crate::val::broadcast::common_shape(known.iter().map(|k| &k.ty.shape))?;
        let condition = if known[0].ty.dtype == Dtype::Bool { condition } else { condition.ne(0) };
        let condition = crate::val::broadcast::bring(condition, Dtype::Bool, &shape);
        let [x, y] = [x, y].map(|v| crate::val::broadcast::bring(v, met.dtype, &shape));
        Ok(Val::from_ir(bind1(Choice::Select, &[condition, x, y])).with_weak(met.weak))
    })
}
