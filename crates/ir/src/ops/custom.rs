//! Functions whose derivatives are the user's: `custom_jvp` and `custom_vjp`.
//!
//! Their operands are the arguments, then the values that each of their Programs captured, Program by Program. Only
//! the arguments are differentiated: a tangent that reaches a captured value is refused, never dropped.

use crate::eval::eval;
use crate::ops::control::{Call, call};
use crate::ops::effect::masked_program;
use crate::ops::{Attributes, Infer, Lanes, Operand, Passes, Rules, Sample};
use crate::trace::{Val, Vals, bind, current_place, refuse, trace};
use crate::{Array, Dtype, Error, ErrorKind, Op, Program, SourceLocation, Type};
use std::ops::RangeInclusive;
use std::sync::Arc;

documented! {
/// A function with a derivative of its own.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Custom {
    /// Runs `program` on the arguments. Its tangents are those that `rule` returns: from the arguments and a tangent
    /// of each float one it computes the results and a tangent of each float one.
    CustomJvp {
        /// How many of the operands are arguments; captured values follow.
        num_args: usize,
        /// The function: arguments, then what it captured.
        program: Arc<Program>,
        /// Arguments, tangents, then what it captured.
        rule: Arc<Program>,
    },
    /// Runs `program` on the arguments. Under reverse mode `forward` runs instead, which also returns residuals; from
    /// these and a cotangent of each float result `backward` computes a cotangent of each float argument.
    CustomVjp {
        /// How many of the operands are arguments; captured values follow.
        num_args: usize,
        /// The function: arguments, then what it captured.
        program: Arc<Program>,
        /// Arguments, then what it captured; returns results and residuals.
        forward: Arc<Program>,
        /// Residuals, cotangents, then what it captured.
        backward: Arc<Program>,
    },
    /// The derivative of a `custom_vjp`, of which only the transpose is known: from residuals, captured values and
    /// tangents of the arguments to tangents of the results.
    CustomLinear {
        /// How many operands are residuals.
        num_residuals: usize,
        /// How many results there are.
        num_cotangents: usize,
        /// See `custom_vjp`.
        backward: Arc<Program>,
    },
}
}

/// Why a `custom_linear` cannot be run.
const NO_FORWARD_MODE: &str = "forward mode (`jvp`, `jacfwd`, `linearize`) meets a `custom_vjp`, which has a rule for \
     reverse mode only; use `grad`, `vjp` or `jacrev`, or give the function a `custom_jvp`";

/// Whether values of the type have tangents.
fn is_differentiable(ty: &Type) -> bool {
    ty.dtype.is_inexact()
}

fn differentiable(types: &[Type]) -> impl Iterator<Item = &Type> {
    types.iter().filter(|ty| is_differentiable(ty))
}

impl Custom {
    /// See [`crate::ops::samples`].
    pub fn samples() -> Vec<Sample> {
        let (float, count) = (Type::new(Dtype::F64, [3]), Type::new(Dtype::I32, [3]));
        let program = |types: &[&Type], f: &dyn Fn(&[Val]) -> Vec<Val>| {
            let types: Vec<Type> = types.iter().copied().cloned().collect();
            Arc::new(
                trace(SourceLocation::unknown(), &types, f)
                    .expect("internal: the sample is well typed")
                    .program,
            )
        };
        // sin(x) y, with a captured integer vector that scales by one
        let function = program(&[&float, &float, &count], &|x| {
            vec![x[0].sin() * x[1] + (x[2] * x[2].zeros_like()).convert(Dtype::F64), x[2]]
        });
        let rule = program(&[&float, &float, &float, &float], &|x| {
            let y = x[0].sin() * x[1];
            let count = Val::full(Type::new(Dtype::I32, [3]), 2.0);
            vec![y, count, x[2] * x[0].cos() * x[1] + x[0].sin() * x[3]]
        });
        // Reverse mode alone knows its derivative, which differences cannot see: integers here, floats in
        // tests of its own.
        let (square, nothing) =
            (program(&[&count, &count], &|x| vec![x[0] * x[0] + x[1]]), program(&[&count], &|_| vec![]));
        let forward = program(&[&count], &|x| vec![x[0] * x[0] + Val::full(x[0].ty(), 2.0), x[0]]);
        let twos = Array::from([2i32, 2, 2]);
        let linear = Custom::CustomLinear {
            num_residuals: 1,
            num_cotangents: 1,
            backward: program(&[&float, &float], &|x| vec![x[0] * x[1]]),
        };
        vec![
            Sample::new(linear).arg(float.clone(), -2.0, 2.0).arg(float.clone(), -2.0, 2.0),
            Sample::new(Custom::CustomJvp { num_args: 2, program: function, rule })
                .arg(float.clone(), -2.0, 2.0)
                .arg(float.clone(), -2.0, 2.0)
                .exact(twos.clone()),
            Sample::new(Custom::CustomVjp { num_args: 1, program: square, forward, backward: nothing })
                .arg(count.clone(), -9.0, 9.0)
                .exact(twos)
                .not_smooth(),
        ]
    }
    /// See [`crate::ops::refusals`].
    pub fn refusals() -> Vec<(u8, Sample)> {
        let ty = Type::new(Dtype::F32, [3]);
        let identity = |n: usize| {
            let traced = trace(SourceLocation::unknown(), &vec![ty.clone(); n], |x| x.to_vec());
            Arc::new(traced.expect("internal: the sample is well typed").program)
        };
        let jvp = |rule| Custom::CustomJvp { num_args: 1, program: identity(1), rule };
        let vjp =
            |forward, backward| Custom::CustomVjp { num_args: 1, program: identity(1), forward, backward };
        let one = |op: Custom, ty: &Type| Sample::new(op).arg(ty.clone(), 0.0, 1.0);
        let linear = Custom::CustomLinear { num_residuals: 0, num_cotangents: 1, backward: identity(1) };
        let wrong = Type::new(Dtype::F32, [2]);
        vec![
            (1, one(jvp(identity(2)), &wrong)),
            (2, one(jvp(identity(1)), &ty)),
            (1, one(vjp(identity(1), identity(1)), &wrong)),
            (2, one(vjp(identity(0), identity(1)), &ty)),
            (3, one(vjp(identity(1), identity(0)), &ty)),
            (1, one(linear, &wrong)),
        ]
    }
    /// See [`crate::Op::parse`].
    pub fn parse(name: &str, attributes: &mut Attributes) -> Option<Result<Custom, String>> {
        let read = |attributes: &mut Attributes| -> Result<Custom, String> {
            Ok(match name {
                "custom_jvp" => Custom::CustomJvp {
                    num_args: attributes.take("num_args")?,
                    program: attributes.take("program")?,
                    rule: attributes.take("rule")?,
                },
                "custom_vjp" => Custom::CustomVjp {
                    num_args: attributes.take("num_args")?,
                    program: attributes.take("program")?,
                    forward: attributes.take("forward")?,
                    backward: attributes.take("backward")?,
                },
                _ => Custom::CustomLinear {
                    num_residuals: attributes.take("num_residuals")?,
                    num_cotangents: attributes.take("num_cotangents")?,
                    backward: attributes.take("backward")?,
                },
            })
        };
        matches!(name, "custom_jvp" | "custom_vjp" | "custom_linear").then(|| read(attributes))
    }
    /// Types of all operands, or why the Programs do not fit one another.
    fn operand_types(&self) -> Result<Vec<Type>, ErrorKind> {
        let differ = |number, what: &str, found: &[Type], wanted: &[Type]| {
            ErrorKind::constraint(number, format!("{what} is of types {found:?}, not {wanted:?}"))
        };
        match self {
            Custom::CustomJvp { num_args, program, rule } => {
                let (args, own) = parted(program.param_types(), *num_args, 1)?;
                let expected: Vec<Type> = args.iter().chain(differentiable(args)).cloned().collect();
                let (taken, captured) = parted(rule.param_types(), expected.len(), 2)?;
                let results = program.result_types();
                let returned: Vec<Type> = results.iter().chain(differentiable(&results)).cloned().collect();
                if taken != expected {
                    return Err(differ(2, "what `rule` takes", taken, &expected));
                }
                if rule.result_types() != returned {
                    return Err(differ(2, "what `rule` returns", &rule.result_types(), &returned));
                }
                Ok([args, own, captured].concat())
            }
            Custom::CustomVjp { num_args, program, forward, backward } => {
                let (args, own) = parted(program.param_types(), *num_args, 1)?;
                let (taken, captured) = parted(forward.param_types(), args.len(), 2)?;
                let (results, returned) = (program.result_types(), forward.result_types());
                let (values, residuals) = parted(&returned, results.len(), 2)?;
                if (taken, values) != (args, &results[..]) {
                    return Err(differ(2, "what `forward` takes and returns", taken, args));
                }
                let expected: Vec<Type> = residuals.iter().chain(differentiable(&results)).cloned().collect();
                let (read, last) = parted(backward.param_types(), expected.len(), 3)?;
                let cotangents: Vec<Type> = differentiable(args).cloned().collect();
                if read != expected {
                    return Err(differ(3, "what `backward` takes", read, &expected));
                }
                if backward.result_types() != cotangents {
                    return Err(differ(3, "what `backward` returns", &backward.result_types(), &cotangents));
                }
                Ok([args, own, captured, last].concat())
            }
            Custom::CustomLinear { num_residuals, num_cotangents, backward } => {
                let params = backward.param_types();
                let (residuals, rest) = parted(params, *num_residuals, 1)?;
                let (_, captured) = parted(rest, *num_cotangents, 1)?;
                Ok([residuals, captured, &backward.result_types()].concat())
            }
        }
    }
}

/// The first `n` of `types`, and the rest.
fn parted(types: &[Type], n: usize, number: u8) -> Result<(&[Type], &[Type]), ErrorKind> {
    let short =
        || ErrorKind::constraint(number, format!("{types:?} are fewer than the {n} that it must have"));
    types.split_at_checked(n).ok_or_else(short)
}

impl Rules for Custom {
    fn name(&self) -> &'static str {
        match self {
            Custom::CustomJvp { .. } => "custom_jvp",
            Custom::CustomVjp { .. } => "custom_vjp",
            Custom::CustomLinear { .. } => "custom_linear",
        }
    }
    fn attributes(&self) -> Attributes {
        match self {
            Custom::CustomJvp { num_args, program, rule } => Attributes::new()
                .with("num_args", *num_args)
                .with("program", program.clone())
                .with("rule", rule.clone()),
            Custom::CustomVjp { num_args, program, forward, backward } => Attributes::new()
                .with("num_args", *num_args)
                .with("program", program.clone())
                .with("forward", forward.clone())
                .with("backward", backward.clone()),
            Custom::CustomLinear { num_residuals, num_cotangents, backward } => Attributes::new()
                .with("num_residuals", *num_residuals)
                .with("num_cotangents", *num_cotangents)
                .with("backward", backward.clone()),
        }
    }
    fn constraints(&self) -> &'static [&'static str] {
        match self {
            Custom::CustomJvp { .. } => &[
                "Each operand has the type of the parameter it stands for: the arguments of the first `num_args` of \
                 `program`, then the other parameters of `program`, then those of `rule` that are captured.",
                "`rule` takes the arguments, a tangent of each float one, and captured values; it returns the results \
                 of `program` and a tangent of each float one.",
            ],
            Custom::CustomVjp { .. } => &[
                "Each operand has the type of the parameter it stands for: the arguments of the first `num_args` of \
                 `program`, then the captured parameters of `program`, `forward` and `backward`.",
                "`forward` takes the arguments and captured values; it returns the results of `program`, then residuals.",
                "`backward` takes the residuals, a cotangent of each float result, and captured values; it returns a \
                 cotangent of each float argument.",
            ],
            Custom::CustomLinear { .. } => {
                &["Each operand has the type of the parameter or result of `backward` it stands for."]
            }
        }
    }
    fn arity(&self) -> RangeInclusive<usize> {
        self.operand_types().map_or(0..=usize::MAX, |types| types.len()..=types.len())
    }
    fn num_results(&self, _: usize) -> usize {
        match self {
            Custom::CustomJvp { program, .. } | Custom::CustomVjp { program, .. } => program.results().len(),
            Custom::CustomLinear { num_cotangents, .. } => *num_cotangents,
        }
    }
    fn infer(&self, args: &[&Type]) -> Infer {
        for (i, (arg, param)) in args.iter().zip(self.operand_types()?).enumerate() {
            if **arg != param {
                let message = format!("operand {i} is {arg}, but its parameter is {param}");
                return Err(ErrorKind::constraint(1, message));
            }
        }
        Ok(match self {
            Custom::CustomJvp { program, .. } | Custom::CustomVjp { program, .. } => program.result_types(),
            Custom::CustomLinear { num_residuals, num_cotangents, backward } => {
                backward.param_types()[*num_residuals..num_residuals + num_cotangents].to_vec()
            }
        })
    }
    fn eval(&self, args: &[&Array]) -> Result<Vec<Array>, ErrorKind> {
        match self {
            Custom::CustomJvp { program, .. } | Custom::CustomVjp { program, .. } => {
                let args: Vec<Array> = args[..program.num_params()].iter().copied().cloned().collect();
                eval(program, &args).map_err(ErrorKind::Inside)
            }
            Custom::CustomLinear { .. } => Err(ErrorKind::invalid(NO_FORWARD_MODE)),
        }
    }
    fn jvp(&self, _: &dyn Passes, x: &[Val], dx: &[Option<Val>]) -> (Vals, Vec<Option<Val>>) {
        match self {
            Custom::CustomJvp { num_args, program, rule } => {
                if let Some(refused) = self.refuse_captured(*num_args, dx) {
                    return refused;
                }
                let tangents = tangents_of(&x[..*num_args], dx);
                let operands: Vals = x[..*num_args]
                    .iter()
                    .copied()
                    .chain(tangents)
                    .chain(x[program.num_params()..].iter().copied())
                    .collect();
                let mut results = call(rule, "custom_jvp", &operands).into_iter();
                let types = program.result_types();
                let y: Vals = results.by_ref().take(types.len()).collect();
                let dy = types.iter().map(|ty| if is_differentiable(ty) { results.next() } else { None });
                (y, dy.collect())
            }
            Custom::CustomVjp { num_args, program, forward, backward } => {
                if let Some(refused) = self.refuse_captured(*num_args, dx) {
                    return refused;
                }
                let (args, captured) = (&x[..*num_args], &x[program.num_params()..]);
                let (of_forward, of_backward) = captured.split_at(forward.num_params() - num_args);
                let operands: Vals = args.iter().chain(of_forward).copied().collect();
                let results = call(forward, "custom_vjp", &operands);
                let types = program.result_types();
                let (y, residuals) = results.split_at(types.len());
                let linear = Custom::CustomLinear {
                    num_residuals: residuals.len(),
                    num_cotangents: differentiable(&types).count(),
                    backward: backward.clone(),
                };
                let operands: Vals =
                    residuals.iter().chain(of_backward).copied().chain(tangents_of(args, dx)).collect();
                let mut pushed = bind(linear, &operands).into_iter();
                let dy = types.iter().map(|ty| if is_differentiable(ty) { pushed.next() } else { None });
                (y.into(), dy.collect())
            }
            Custom::CustomLinear { backward, .. } => {
                let first_tangent = x.len() - backward.results().len();
                let y = bind(self.clone(), x);
                if dx[..first_tangent].iter().any(Option::is_some) {
                    refuse(Error::new("custom_vjp", ErrorKind::invalid(NO_FORWARD_MODE), current_place()));
                    return (y.clone(), vec![Some(Val::poisoned()); y.len()]);
                }
                let tangents = x[first_tangent..].iter().zip(&dx[first_tangent..]);
                let tangents = tangents.map(|(x, dx)| dx.unwrap_or_else(|| x.zeros_like()));
                let operands: Vals = x[..first_tangent].iter().copied().chain(tangents).collect();
                (y, bind(self.clone(), &operands).into_iter().map(Some).collect())
            }
        }
    }
    fn transpose(&self, passes: &dyn Passes, ct: &[Option<Val>], args: &[Operand]) -> Vec<Option<Val>> {
        let (num_residuals, num_cotangents, backward) = match self {
            Custom::CustomLinear { num_residuals, num_cotangents, backward } => {
                (num_residuals, num_cotangents, backward)
            }
            // What a rule does to a tangent is linear itself: the rule that it has in turn is not asked for.
            Custom::CustomJvp { program, .. } | Custom::CustomVjp { program, .. } => {
                let function = Call { program: program.clone(), name: self.name().into() };
                let mut pulled = function.transpose(passes, ct, &args[..program.num_params()]);
                pulled.resize(args.len(), None);
                return pulled;
            }
        };
        let first_tangent = args.len() - backward.results().len();
        let known: Vals = args[..first_tangent].iter().filter_map(Operand::known).collect();
        let (residuals, captured) = known.split_at(*num_residuals);
        let types = &backward.param_types()[*num_residuals..num_residuals + num_cotangents];
        let dense = ct.iter().zip(types).map(|(ct, ty)| ct.unwrap_or_else(|| Val::zeros(ty.clone())));
        let operands: Vals = residuals.iter().copied().chain(dense).chain(captured.iter().copied()).collect();
        let back = call(backward, "custom_vjp", &operands).into_iter().map(Some);
        let wanted = args[first_tangent..].iter().zip(back);
        let wanted = wanted.map(|(arg, ct)| if arg.known().is_none() { ct } else { None });
        std::iter::repeat_n(None, first_tangent).chain(wanted).collect()
    }
    fn batch(&self, passes: &dyn Passes, args: &[Val], mapped: &[bool], lanes: Lanes) -> Vals {
        // Arguments and what belongs to them have the axis in every Program; captured values as they come.
        let num_shared = match self {
            Custom::CustomJvp { num_args, .. } | Custom::CustomVjp { num_args, .. } => *num_args,
            Custom::CustomLinear { .. } => args.len(),
        };
        let everywhere = |(i, v): (usize, &Val)| match mapped[i] {
            false if i < num_shared => v.repeat_leading(lanes.size),
            _ => *v,
        };
        let operands: Vals = args.iter().enumerate().map(everywhere).collect();
        let batched = |program: &Arc<Program>, before: usize, captured: &[bool]| {
            let flags: Vec<bool> =
                std::iter::repeat_n(true, before).chain(captured.iter().copied()).collect();
            batched_everywhere(passes, program, &flags, lanes)
        };
        let op = match self {
            Custom::CustomJvp { num_args, program, rule } => {
                let (own, captured) = mapped[*num_args..].split_at(program.num_params() - num_args);
                let before = rule.num_params() - captured.len();
                Custom::CustomJvp {
                    num_args: *num_args,
                    program: batched(program, *num_args, own),
                    rule: batched(rule, before, captured),
                }
            }
            Custom::CustomVjp { num_args, program, forward, backward } => {
                let (own, rest) = mapped[*num_args..].split_at(program.num_params() - num_args);
                let (of_forward, of_backward) = rest.split_at(forward.num_params() - num_args);
                let before = backward.num_params() - of_backward.len();
                Custom::CustomVjp {
                    num_args: *num_args,
                    program: batched(program, *num_args, own),
                    forward: batched(forward, *num_args, of_forward),
                    backward: batched(backward, before, of_backward),
                }
            }
            Custom::CustomLinear { num_residuals, num_cotangents, backward } => Custom::CustomLinear {
                num_residuals: *num_residuals,
                num_cotangents: *num_cotangents,
                backward: batched(backward, backward.num_params(), &[]),
            },
        };
        bind(op, &operands)
    }
    fn takes_tapes(&self) -> bool {
        true
    }
    fn admits_effects(&self) -> bool {
        !self.programs().is_empty()
    }
    fn masked(&self, args: &[Val], mask: Val) -> Option<Vals> {
        let (op, ends) = match self {
            Custom::CustomJvp { num_args, program, rule } => {
                let op = Custom::CustomJvp {
                    num_args: *num_args,
                    program: masked_program(program),
                    rule: masked_program(rule),
                };
                (op, vec![program.num_params(), args.len()])
            }
            Custom::CustomVjp { num_args, program, forward, backward } => {
                let op = Custom::CustomVjp {
                    num_args: *num_args,
                    program: masked_program(program),
                    forward: masked_program(forward),
                    backward: masked_program(backward),
                };
                let second = program.num_params() + forward.num_params() - num_args;
                (op, vec![program.num_params(), second, args.len()])
            }
            Custom::CustomLinear { .. } => return None,
        };
        // Each Program captures the mask behind all else.
        let mut start = 0;
        let mut operands = Vals::new();
        for end in ends {
            operands.extend(args[start..end].iter().copied());
            operands.push(mask);
            start = end;
        }
        Some(bind(op, &operands))
    }
    fn expands(&self) -> bool {
        !matches!(self, Custom::CustomLinear { .. })
    }
    fn expand(&self, _: &dyn Passes, args: &[Val]) -> Vec<Val> {
        match self {
            Custom::CustomJvp { program, .. } | Custom::CustomVjp { program, .. } => {
                program.inline(&args[..program.num_params()])
            }
            Custom::CustomLinear { .. } => unreachable!("internal: custom_linear stands for itself"),
        }
    }
    fn refusal(&self) -> Option<ErrorKind> {
        matches!(self, Custom::CustomLinear { .. }).then(|| ErrorKind::invalid(NO_FORWARD_MODE))
    }
    fn programs(&self) -> Vec<&Arc<Program>> {
        match self {
            Custom::CustomJvp { program, rule, .. } => vec![program, rule],
            Custom::CustomVjp { program, forward, backward, .. } => vec![program, forward, backward],
            Custom::CustomLinear { backward, .. } => vec![backward],
        }
    }
    fn with_programs(&self, programs: Vec<Arc<Program>>) -> Option<Op> {
        let mut programs = programs.into_iter();
        let mut next = || programs.next();
        Some(match self {
            Custom::CustomJvp { num_args, .. } => {
                Custom::CustomJvp { num_args: *num_args, program: next()?, rule: next()? }.into()
            }
            Custom::CustomVjp { num_args, .. } => {
                let (program, forward, backward) = (next()?, next()?, next()?);
                Custom::CustomVjp { num_args: *num_args, program, forward, backward }.into()
            }
            Custom::CustomLinear { num_residuals, num_cotangents, .. } => Custom::CustomLinear {
                num_residuals: *num_residuals,
                num_cotangents: *num_cotangents,
                backward: next()?,
            }
            .into(),
        })
    }
}

impl Custom {
    /// Poisoned results, with the error kept, if a tangent reaches a captured value.
    fn refuse_captured(&self, num_args: usize, dx: &[Option<Val>]) -> Option<(Vals, Vec<Option<Val>>)> {
        dx[num_args..].iter().any(Option::is_some).then(|| {
            let message = "the function or its rule captures a value that is being differentiated, and a rule says \
                           nothing about captured values; pass it as an argument, or through `stop_gradient`";
            let poisoned = refuse(Error::new(self.name(), ErrorKind::invalid(message), current_place()));
            let n = self.num_results(0);
            (Vals::from_elem(poisoned, n), vec![Some(poisoned); n])
        })
    }
}

/// A tangent for each argument that has one: zeros where none is known.
fn tangents_of(args: &[Val], dx: &[Option<Val>]) -> Vec<Val> {
    let pairs = args.iter().zip(dx);
    let floats = pairs.filter(|(x, dx)| dx.is_some() || x.try_ty().is_ok_and(|ty| is_differentiable(&ty)));
    floats.map(|(x, dx)| dx.unwrap_or_else(|| x.zeros_like())).collect()
}

/// The program over a new leading axis, which every result has.
pub(super) fn batched_everywhere(
    passes: &dyn Passes,
    program: &Arc<Program>,
    mapped: &[bool],
    lanes: Lanes,
) -> Arc<Program> {
    let (batched, along) = passes.batch(program, mapped, lanes);
    if along.iter().all(|along| *along) {
        return batched;
    }
    let widened = trace(SourceLocation::unknown(), batched.param_types(), |x| {
        let results = batched.inline(x).into_iter().zip(&along);
        results.map(|(v, along)| if *along { v } else { v.repeat_leading(lanes.size) }).collect()
    });
    Arc::new(widened.expect("internal: a batched program is well typed").program)
}
