//! What a program does besides computing its results: it prints, calls back, and checks.
//!
//! Every operation has a lane mask as its first operand: one bool for each lane of the batch axes, which are the first
//! `lanes` axes of all operands. A lane whose bool is false neither prints nor calls nor fails. Lanes go one after the
//! other, in order. `eval` is the only way any of them is run: compiled programs call it.

use crate::ops::{Attribute, Attributes, Effect, Infer, Lanes, Operand, Passes, Rules, Sample};
use crate::trace::{Poisoned, Val, Vals, at_place, bind, current_place, refuse, trace};
use crate::{Array, Buffer, Dtype, Error, ErrorKind, Program, Shape, SourceLocation, Type};
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::RangeInclusive;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, LazyLock};

documented! {
/// An operation that is seen from outside, or that makes the call an error.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Effectful {
    /// Prints a line in which each `{}` of `format` is a value; `{:.3}` rounds. Ordered: lines come in program order.
    DebugPrint {
        /// The text, with a placeholder for each value.
        format: Arc<str>,
        /// How many leading axes are batch axes.
        lanes: usize,
    },
    /// Makes the call an error that says `message`, with a value for each `{}`, if the second operand is false in a
    /// lane whose mask is true.
    Check {
        /// The text, with a placeholder for each value.
        message: Arc<str>,
        /// How many leading axes are batch axes.
        lanes: usize,
    },
    /// Calls a function with the values. Ordered, as `debug_print`.
    DebugCallback {
        /// What is called.
        function: Callback,
        /// How many leading axes are batch axes.
        lanes: usize,
    },
    /// The results of a function of the values, which depend on nothing else: it may be called less or more often than
    /// written. Lanes whose mask is false are zeros.
    PureCallback {
        /// What is called.
        function: Callback,
        /// Types of the results of one call.
        results: Vec<Type>,
        /// How many leading axes are batch axes.
        lanes: usize,
    },
}
}

/// What a callback does: arrays to arrays, or why not.
pub type HostFunction = dyn Fn(&[Array]) -> Result<Vec<Array>, String> + Send + Sync;

/// A function of the user's that a Program calls, or its name alone if the Program was read from text.
///
/// Callbacks are equal if they are the same function, whatever it does.
#[derive(Clone)]
pub struct Callback {
    name: Arc<str>,
    function: Option<Arc<HostFunction>>,
}

/// The name that text binds to a function.
const IDENTITY: &str = "identity";

/// The name as it prints: of letters, digits, `_` and `.`.
fn plain_name(name: &str) -> Arc<str> {
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '.' { c } else { '_' };
    name.chars().map(plain).collect::<String>().into()
}

impl Callback {
    /// The callback that prints as `@name`; of `name` only letters, digits, `_` and `.` are kept.
    ///
    /// `identity` is the only name that text binds to a function: another function of that name is `identity_`.
    pub fn new(name: &str, function: Arc<HostFunction>) -> Callback {
        let name = if name == IDENTITY { "identity_".into() } else { plain_name(name) };
        Callback { name, function: Some(function) }
    }
    /// The callback of a name in text. Only `identity`, which returns its arguments, is bound to a function.
    pub fn named(name: &str) -> Callback {
        static FUNCTION: LazyLock<Arc<HostFunction>> = LazyLock::new(|| Arc::new(|args| Ok(args.to_vec())));
        Callback { name: plain_name(name), function: (name == IDENTITY).then(|| FUNCTION.clone()) }
    }
    /// What it prints as, behind `@`.
    pub fn name(&self) -> &str {
        &self.name
    }
    fn pointer(&self) -> Option<*const ()> {
        self.function.as_ref().map(|function| Arc::as_ptr(function).cast())
    }
    fn refusal(&self) -> Option<ErrorKind> {
        self.function.is_none().then(|| {
            let message =
                format!("`@{}` is a name that text gives and no function is bound to it", self.name);
            ErrorKind::invalid(message)
        })
    }
    fn call(&self, args: &[Array]) -> Result<Vec<Array>, ErrorKind> {
        let Some(function) = &self.function else {
            return Err(self.refusal().expect("internal: an unbound callback is refused"));
        };
        let failed = |why: &str| ErrorKind::invalid(format!("the callback `@{}` {why}", self.name));
        match catch_unwind(AssertUnwindSafe(|| function(args))) {
            Ok(Ok(results)) => Ok(results),
            Ok(Err(message)) => Err(failed(&format!("failed: {message}"))),
            Err(payload) => {
                let text = payload.downcast_ref::<String>().map(String::as_str);
                let text = text.or_else(|| payload.downcast_ref::<&str>().copied());
                Err(failed(&format!("panicked: {}", text.unwrap_or("with a value that is no text"))))
            }
        }
    }
}
// A function that panicked is not called again with what it left behind: its panic ended the call.
impl std::panic::RefUnwindSafe for Callback {}
impl std::panic::UnwindSafe for Callback {}
impl PartialEq for Callback {
    fn eq(&self, other: &Callback) -> bool {
        self.name == other.name && self.pointer() == other.pointer()
    }
}
impl Eq for Callback {}
impl Hash for Callback {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (&self.name, self.pointer().map(|p| p as usize)).hash(state);
    }
}
impl fmt::Debug for Callback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "@{}", self.name)
    }
}

impl Effectful {
    /// See [`crate::ops::samples`].
    pub fn samples() -> Vec<Sample> {
        let float = Type::new(Dtype::F64, [2, 3]);
        let (yes, no) = (Array::from([true, true]), Array::from([false, false]));
        vec![
            Sample::new(Effectful::DebugPrint { format: "x = {}".into(), lanes: 1 }).exact(no.clone()).arg(
                float.clone(),
                -2.0,
                2.0,
            ),
            Sample::new(Effectful::Check { message: "x is {:.3}".into(), lanes: 1 })
                .exact(yes.clone())
                .exact(yes.clone())
                .arg(float.clone(), -2.0, 2.0),
            Sample::new(Effectful::DebugCallback { function: Callback::named("identity"), lanes: 1 })
                .exact(no)
                .arg(float, -2.0, 2.0),
            Sample::new(Effectful::PureCallback {
                function: Callback::named("identity"),
                results: vec![Type::new(Dtype::I32, [3]), Type::scalar(Dtype::Bool)],
                lanes: 1,
            })
            .exact(yes.clone())
            .arg(Type::new(Dtype::I32, [2, 3]), -9.0, 9.0)
            .exact(yes)
            .not_smooth(),
        ]
    }
    /// See [`crate::ops::refusals`].
    pub fn refusals() -> Vec<(u8, Sample)> {
        let (float, truth) = (Type::new(Dtype::F32, [2]), Type::new(Dtype::Bool, [2]));
        let function = Callback::named("identity");
        let of = |op: Effectful, types: &[&Type]| {
            types.iter().fold(Sample::new(op), |sample, ty| sample.arg((*ty).clone(), 0.0, 1.0))
        };
        let print = |format: &str, lanes| Effectful::DebugPrint { format: format.into(), lanes };
        let check = |message: &str, lanes| Effectful::Check { message: message.into(), lanes };
        let callback = |lanes| Effectful::DebugCallback { function: function.clone(), lanes };
        let returning =
            |results, lanes| Effectful::PureCallback { function: function.clone(), results, lanes };
        let pure = |lanes| returning(vec![], lanes);
        vec![
            (1, of(print("", 1), &[&float])),
            (2, of(print("{}", 1), &[&truth, &Type::new(Dtype::F32, [3])])),
            (3, of(print("{} {}", 1), &[&truth, &float])),
            (1, of(check("", 1), &[&float, &truth])),
            (2, of(check("{}", 1), &[&truth, &truth, &Type::scalar(Dtype::F32)])),
            (3, of(check("{:.x}", 1), &[&truth, &truth, &float])),
            (4, of(check("", 1), &[&truth, &float])),
            (1, of(callback(0), &[&truth])),
            (2, of(callback(1), &[&truth, &Type::scalar(Dtype::F32)])),
            (1, of(pure(0), &[&truth])),
            (2, of(pure(1), &[&truth, &Type::scalar(Dtype::F32)])),
            (3, of(returning(vec![float.tape()], 1), &[&truth])),
        ]
    }
    /// See [`crate::Op::parse`].
    pub fn parse(name: &str, attributes: &mut Attributes) -> Option<Result<Effectful, String>> {
        let read = |attributes: &mut Attributes| -> Result<Effectful, String> {
            let text = |attributes: &mut Attributes, name| attributes.take::<String>(name).map(Arc::from);
            Ok(match name {
                "debug_print" => Effectful::DebugPrint {
                    format: text(attributes, "format")?,
                    lanes: attributes.take("lanes")?,
                },
                "check" => Effectful::Check {
                    message: text(attributes, "message")?,
                    lanes: attributes.take("lanes")?,
                },
                "debug_callback" => Effectful::DebugCallback {
                    function: attributes.take("function")?,
                    lanes: attributes.take("lanes")?,
                },
                _ => Effectful::PureCallback {
                    function: attributes.take("function")?,
                    results: attributes.take("results")?,
                    lanes: attributes.take("lanes")?,
                },
            })
        };
        const NAMES: [&str; 4] = ["debug_print", "check", "debug_callback", "pure_callback"];
        NAMES.contains(&name).then(|| read(attributes))
    }
    fn lanes(&self) -> usize {
        match self {
            Effectful::DebugPrint { lanes, .. }
            | Effectful::Check { lanes, .. }
            | Effectful::DebugCallback { lanes, .. }
            | Effectful::PureCallback { lanes, .. } => *lanes,
        }
    }
    /// Operands before the values: the mask, and what is checked.
    fn num_before(&self) -> usize {
        if matches!(self, Effectful::Check { .. }) { 2 } else { 1 }
    }
}

impl Rules for Effectful {
    fn name(&self) -> &'static str {
        match self {
            Effectful::DebugPrint { .. } => "debug_print",
            Effectful::Check { .. } => "check",
            Effectful::DebugCallback { .. } => "debug_callback",
            Effectful::PureCallback { .. } => "pure_callback",
        }
    }
    fn attributes(&self) -> Attributes {
        let attributes = match self {
            Effectful::DebugPrint { format, .. } => {
                Attributes::new().with("format", Attribute::Text(format.to_string()))
            }
            Effectful::Check { message, .. } => {
                Attributes::new().with("message", Attribute::Text(message.to_string()))
            }
            Effectful::DebugCallback { function, .. } => Attributes::new().with("function", function.clone()),
            Effectful::PureCallback { function, results, .. } => {
                Attributes::new().with("function", function.clone()).with("results", results.clone())
            }
        };
        attributes.with("lanes", self.lanes())
    }
    fn constraints(&self) -> &'static [&'static str] {
        const LANES: [&str; 2] = [
            "The first operand is the mask: of bool, with `lanes` axes.",
            "The first axes of each other operand are those of the mask.",
        ];
        const PRINT: [&str; 3] =
            [LANES[0], LANES[1], "The text has a placeholder, `{}` or `{:.3}`, for each value."];
        const PURE: [&str; 3] = [LANES[0], LANES[1], "The results are arrays, not tapes."];
        const CHECK: [&str; 4] = [LANES[0], LANES[1], PRINT[2], "The second operand is of the mask's type."];
        match self {
            Effectful::DebugPrint { .. } => &PRINT,
            Effectful::Check { .. } => &CHECK,
            Effectful::DebugCallback { .. } => &LANES,
            Effectful::PureCallback { .. } => &PURE,
        }
    }
    fn arity(&self) -> RangeInclusive<usize> {
        self.num_before()..=usize::MAX
    }
    fn num_results(&self, _: usize) -> usize {
        match self {
            Effectful::PureCallback { results, .. } => results.len(),
            _ => 0,
        }
    }
    fn infer(&self, args: &[&Type]) -> Infer {
        let (mask, lanes) = (args[0], self.lanes());
        if mask.dtype != Dtype::Bool || mask.rank() != lanes {
            let message = format!("the mask is {mask}, not a bool for each lane of {lanes} batch axes");
            return Err(ErrorKind::constraint(1, message));
        }
        let dims = mask.shape.dims();
        if let Some(ty) = args.iter().find(|ty| !ty.shape.dims().starts_with(&dims)) {
            let message = format!("an operand is {ty}, whose first axes are not those of the mask {mask}");
            return Err(ErrorKind::constraint(2, message));
        }
        if let Effectful::DebugPrint { format: text, .. } | Effectful::Check { message: text, .. } = self {
            let (found, given) = (placeholders(text), args.len() - self.num_before());
            let found = found.map_err(|message| ErrorKind::constraint(3, message))?;
            if found != given {
                let message = format!("{text:?} has {found} placeholders, and {given} values are given");
                return Err(ErrorKind::constraint(3, message));
            }
        }
        match self {
            Effectful::Check { .. } if args[1] != mask => {
                Err(ErrorKind::constraint(4, format!("what is checked is {}, not {mask}", args[1])))
            }
            Effectful::PureCallback { results, .. } => match results.iter().find(|ty| ty.is_tape()) {
                Some(ty) => Err(ErrorKind::constraint(3, format!("a callback returns arrays, not {ty}"))),
                None => Ok(results.iter().map(|ty| in_lanes(ty, &dims)).collect()),
            },
            _ => Ok(vec![]),
        }
    }
    fn eval(&self, args: &[&Array]) -> Result<Vec<Array>, ErrorKind> {
        let mask = args[0].to_f64_vec();
        let dims = args[0].shape();
        let values = &args[self.num_before()..];
        let of_lane =
            |lane: usize| -> Vec<Array> { values.iter().map(|a| row(a, dims.len(), lane)).collect() };
        let running = (0..mask.len()).filter(|lane| mask[*lane] != 0.0);
        match self {
            Effectful::DebugPrint { format, .. } => {
                running.for_each(|lane| print_line(&filled_in(format, &of_lane(lane))));
                Ok(vec![])
            }
            Effectful::Check { message, .. } => {
                let holds = args[1].to_f64_vec();
                match running.into_iter().find(|lane| holds[*lane] == 0.0) {
                    Some(lane) => Err(ErrorKind::invalid(filled_in(message, &of_lane(lane)))),
                    None => Ok(vec![]),
                }
            }
            Effectful::DebugCallback { function, .. } => {
                running.into_iter().try_for_each(|lane| function.call(&of_lane(lane)).map(drop))?;
                Ok(vec![])
            }
            Effectful::PureCallback { function, results, .. } => {
                let mut all: Vec<Buffer> =
                    results.iter().map(|ty| Buffer::zeroed(in_lanes(ty, &dims).size_bytes())).collect();
                for lane in running {
                    let found = function.call(&of_lane(lane))?;
                    check_results(function, &found, results)?;
                    for (buffer, array) in all.iter_mut().zip(&found) {
                        let bytes = array.bytes();
                        buffer.bytes_mut()[lane * bytes.len()..][..bytes.len()].copy_from_slice(bytes);
                    }
                }
                let typed = results.iter().map(|ty| in_lanes(ty, &dims)).zip(all);
                Ok(typed.map(|(ty, buffer)| Array::from_buffer(ty, buffer)).collect())
            }
        }
    }
    fn jvp(&self, _: &dyn Passes, x: &[Val], dx: &[Option<Val>]) -> (Vals, Vec<Option<Val>>) {
        let results = bind(self.clone(), x);
        let floats = match self {
            Effectful::PureCallback { results, .. } => results.iter().any(|ty| ty.dtype.is_inexact()),
            _ => false,
        };
        if floats && dx.iter().any(Option::is_some) {
            let message = "a callback has no derivative; put it into a `custom_jvp` or `custom_vjp`, or its arguments \
                           through `stop_gradient`";
            refuse(Error::new(self.name(), ErrorKind::invalid(message), current_place()));
        }
        let none = vec![None; results.len()];
        (results, none)
    }
    fn transpose(&self, _: &dyn Passes, _: &[Option<Val>], _: &[Operand]) -> Vec<Option<Val>> {
        unreachable!("internal: {} is not linear", self.name())
    }
    fn moves_elements(&self) -> bool {
        true
    }
    fn batch(&self, _: &dyn Passes, args: &[Val], mapped: &[bool], lanes: Lanes) -> Vals {
        let everywhere = |(v, mapped): (&Val, &bool)| if *mapped { *v } else { v.repeat_leading(lanes.size) };
        let args: Vals = args.iter().zip(mapped).map(everywhere).collect();
        let mut op = self.clone();
        match &mut op {
            Effectful::DebugPrint { lanes, .. }
            | Effectful::Check { lanes, .. }
            | Effectful::DebugCallback { lanes, .. }
            | Effectful::PureCallback { lanes, .. } => *lanes += 1,
        }
        bind(op, &args)
    }
    fn effect(&self) -> Effect {
        match self {
            Effectful::DebugPrint { .. } | Effectful::DebugCallback { .. } => Effect::Ordered,
            Effectful::Check { .. } => Effect::Check,
            Effectful::PureCallback { .. } => Effect::Call,
        }
    }
    fn masked(&self, args: &[Val], mask: Val) -> Option<Vals> {
        let everywhere = mask.splat(args[0].shape());
        let both: Vals = [everywhere & args[0]].into_iter().chain(args[1..].iter().copied()).collect();
        Some(bind(self.clone(), &both))
    }
    fn refusal(&self) -> Option<ErrorKind> {
        match self {
            Effectful::DebugCallback { function, .. } | Effectful::PureCallback { function, .. } => {
                function.refusal()
            }
            _ => None,
        }
    }
}

/// The type of one lane, over all lanes.
fn in_lanes(ty: &Type, dims: &[usize]) -> Type {
    let all: Vec<usize> = dims.iter().copied().chain(ty.shape.dims()).collect();
    ty.with_shape(all)
}

/// Lane `lane` of `array`, whose first `axes` axes are lanes.
fn row(array: &Array, axes: usize, lane: usize) -> Array {
    let dims = array.shape();
    let ty = array.ty().with_shape(Shape::from(&dims[axes..]));
    let mut buffer = Buffer::any(ty.size_bytes());
    let size = ty.size_bytes();
    buffer.bytes_mut().copy_from_slice(&array.bytes()[lane * size..][..size]);
    Array::from_buffer(ty, buffer)
}

fn check_results(function: &Callback, found: &[Array], wanted: &[Type]) -> Result<(), ErrorKind> {
    let name = function.name();
    if found.len() != wanted.len() {
        let message = format!("the callback `@{name}` returned {} arrays, not {}", found.len(), wanted.len());
        return Err(ErrorKind::invalid(message));
    }
    match found.iter().zip(wanted).enumerate().find(|(_, (array, ty))| array.ty() != *ty) {
        Some((i, (array, ty))) => {
            let message = format!(
                "the callback `@{name}` returned {} as result {i}, where {ty} was promised",
                array.ty()
            );
            Err(ErrorKind::invalid(message))
        }
        None => Ok(()),
    }
}

// ---- text with placeholders

/// A part of a text with placeholders.
enum FormatPart<'a> {
    Text(&'a str),
    /// `{}`, or `{:.3}` with its digits.
    Value(Option<usize>),
}

fn format_parts(format: &str) -> Result<Vec<FormatPart<'_>>, String> {
    let (mut all, mut rest) = (vec![], format);
    while let Some(at) = rest.find(['{', '}']) {
        all.push(FormatPart::Text(&rest[..at]));
        let (brace, after) = (&rest[at..=at], &rest[at + 1..]);
        if let Some(behind) = after.strip_prefix(brace) {
            all.push(FormatPart::Text(brace));
            rest = behind;
            continue;
        }
        let Some((inside, behind)) = after.split_once('}').filter(|_| brace == "{") else {
            return Err(format!(
                "{format:?} has a single `{brace}`; write `{brace}{brace}` for the brace itself"
            ));
        };
        let digits = match inside.strip_prefix(":.") {
            None if inside.is_empty() => None,
            Some(digits) if digits.parse::<u8>().is_ok() => digits.parse().ok(),
            _ => {
                return Err(format!(
                    "{format:?} has the placeholder `{{{inside}}}`; write `{{}}` or `{{:.3}}`"
                ));
            }
        };
        all.push(FormatPart::Value(digits));
        rest = behind;
    }
    all.push(FormatPart::Text(rest));
    Ok(all)
}

/// How many values the text has room for.
///
/// # Errors
/// If a placeholder is neither `{}` nor of the form `{:.3}`.
fn placeholders(format: &str) -> Result<usize, String> {
    Ok(format_parts(format)?.iter().filter(|piece| matches!(piece, FormatPart::Value(_))).count())
}

fn filled_in(format: &str, values: &[Array]) -> String {
    let mut values = values.iter();
    let mut text = String::new();
    for piece in format_parts(format).expect("internal: a verified text") {
        match piece {
            FormatPart::Text(part) => text += part,
            FormatPart::Value(digits) => {
                let array = values.next().expect("internal: a value for each placeholder");
                text += &match digits {
                    Some(digits) if array.dtype().is_float() => rounded(array, digits),
                    _ => array.to_string(),
                };
            }
        }
    }
    text
}

/// Numbers with so many digits behind the point, as nested lists.
fn rounded(array: &Array, digits: usize) -> String {
    fn list(numbers: &[f64], dims: &[usize], digits: usize) -> String {
        let [first, rest @ ..] = dims else { return format!("{:.digits$}", numbers[0]) };
        let size = Shape::from(rest).size();
        let rows = (0..*first).map(|i| list(&numbers[i * size..][..size], rest, digits));
        format!("[{}]", rows.collect::<Vec<_>>().join(" "))
    }
    list(&array.to_f64_vec(), &array.shape(), digits)
}

#[allow(clippy::print_stdout, reason = "debug_print prints")]
fn print_line(line: &str) {
    println!("{line}");
}

// ---- Programs with effects

/// The Program with one more parameter, a bool: its effects happen only where that is true.
///
/// An operation that has no masked form is an error of the enclosing trace.
pub fn masked_program(program: &Arc<Program>) -> Arc<Program> {
    let types: Vec<Type> = program.param_types().iter().cloned().chain([Type::scalar(Dtype::Bool)]).collect();
    let masked = trace(SourceLocation::unknown(), &types, |x| {
        let (mask, args) = x.split_last().expect("internal: the mask");
        inline_masked(program, args, *mask)
    });
    match masked {
        Ok(masked) => Arc::new(masked.program),
        Err(error) => {
            refuse(error);
            std::panic::resume_unwind(Box::new(Poisoned))
        }
    }
}

/// Writes the Program into the current trace; its effects happen only where the scalar `mask` is true.
pub fn inline_masked(program: &Program, args: &[Val], mask: Val) -> Vec<Val> {
    let mut values = args.to_vec();
    for eqn in program.equations() {
        let rules = eqn.op.rules();
        let args: Vals = eqn.args.iter().map(|arg| values[arg.index()]).collect();
        let results = at_place(eqn.place, || match rules.effect() {
            Effect::None => bind(eqn.op.clone(), &args),
            _ => rules.masked(&args, mask).unwrap_or_else(|| {
                let message =
                    "its effects cannot be limited to the lanes that run; take them out of the branch";
                let v = refuse(Error::new(rules.name(), ErrorKind::invalid(message), eqn.place));
                Vals::from_elem(v, eqn.results.len())
            }),
        });
        values.extend(results);
    }
    program.results().iter().map(|r| values[r.index()]).collect()
}

/// The Program without what it prints, calls back for nothing and checks: for what is computed a second time.
pub fn without_effects(program: &Arc<Program>) -> Arc<Program> {
    if !program.effect().stays() {
        return program.clone();
    }
    let silent = trace(SourceLocation::unknown(), program.param_types(), |args| {
        let mut values = args.to_vec();
        for eqn in program.equations() {
            let rules = eqn.op.rules();
            if rules.effect().stays() && eqn.results.is_empty() {
                continue;
            }
            let args: Vals = eqn.args.iter().map(|arg| values[arg.index()]).collect();
            let inside: Vec<Arc<Program>> = rules.programs().into_iter().map(without_effects).collect();
            let op = rules.with_programs(inside).unwrap_or_else(|| eqn.op.clone());
            values.extend(at_place(eqn.place, || bind(op, &args)));
        }
        program.results().iter().map(|r| values[r.index()]).collect()
    });
    Arc::new(silent.expect("internal: a part of a well-typed program").program)
}

// ---- as the layer above writes them

fn with_mask(before: &[Val], values: &[Val]) -> Vals {
    let mask = Val::constant(Array::scalar(true));
    [mask].into_iter().chain(before.iter().copied()).chain(values.iter().copied()).collect()
}

/// Prints a line with the values, in program order.
#[track_caller]
pub fn debug_print(format: &str, values: &[Val]) {
    bind(Effectful::DebugPrint { format: format.into(), lanes: 0 }, &with_mask(&[], values));
}

/// The call is an error with that message if the scalar `holds` is false.
#[track_caller]
pub fn check(holds: Val, message: &str, values: &[Val]) {
    bind(Effectful::Check { message: message.into(), lanes: 0 }, &with_mask(&[holds], values));
}

/// Calls `function` with the values, in program order.
#[track_caller]
pub fn debug_callback(function: Callback, values: &[Val]) {
    bind(Effectful::DebugCallback { function, lanes: 0 }, &with_mask(&[], values));
}

/// The results of `function`, of types `results`.
#[track_caller]
pub fn pure_callback(function: Callback, results: Vec<Type>, values: &[Val]) -> Vals {
    bind(Effectful::PureCallback { function, results, lanes: 0 }, &with_mask(&[], values))
}
