//! Operations across the lanes of a named batch axis: `psum` and its kin.
//!
//! Inside, a lane is an array of its own; batching over the axis of that name gives the operations their meaning, as
//! reductions and movements along it. Until then they can be run only where the axis has one lane. Their derivatives
//! are those of one lane's program, as in JAX: the transpose of `psum` sums the cotangents of all lanes.

use crate::ops::index::IndexMode;
use crate::ops::monoid::Monoid;
use crate::ops::sample::refused;
use crate::ops::{Attribute, Attributes, Infer, Lanes, Operand, Passes, Rules, Sample, linear_jvp};
use crate::trace::{Val, Vals, bind, bind1};
use crate::{Array, Dtype, ErrorKind, Shape, Type};
use rustc_hash::FxHashSet;
use smallvec::smallvec;
use std::ops::RangeInclusive;
use std::sync::Arc;

documented! {
/// What lanes do together.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Across {
    /// The sum over all lanes, the same in each.
    Psum,
    /// The largest over all lanes, the same in each; NaN if one is.
    Pmax,
    /// The smallest over all lanes, the same in each; NaN if one is.
    Pmin,
    /// The operands of all lanes along a new axis `dimension`, the same in each.
    AllGather {
        /// Where the lanes lie in the result.
        dimension: usize,
    },
    /// The sum over all lanes of element `i` along `dimension`, in lane `i`.
    PsumScatter {
        /// The axis with an element for each lane; the result lacks it.
        dimension: usize,
    },
    /// Element `i` along `split` goes to lane `i`; what a lane receives lies along `concat`, in the order of the lanes.
    AllToAll {
        /// The axis with an element for each lane; the result lacks it.
        split: usize,
        /// Where the lanes lie in the result.
        concat: usize,
    },
    /// The operand of lane `i` goes to lane `j` for each pair `[i, j]`; who receives nothing has zeros.
    Ppermute {
        /// Source and target; no lane is a source twice or a target twice.
        permutation: Vec<Vec<i64>>,
    },
    /// The number of the lane.
    AxisIndex,
}
}

/// An operation across the lanes of one batch axis.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Collective {
    /// The name of the axis.
    pub axis: Arc<str>,
    /// How many lanes it has.
    pub size: usize,
    /// What they do.
    pub across: Across,
}

impl Collective {
    /// The names of all variants: what lanes can do.
    pub const VARIANTS: &'static [&'static str] = Across::VARIANTS;

    /// The name of its variant: what lanes do.
    pub fn variant(&self) -> &'static str {
        self.across.variant()
    }
    /// The sentences of its documentation.
    pub fn doc(&self) -> &'static str {
        self.across.doc()
    }
    /// See [`crate::ops::samples`].
    pub fn samples() -> Vec<Sample> {
        let float = Type::new(Dtype::F64, [1, 3]);
        let operations = [
            Across::Psum,
            Across::Pmax,
            Across::Pmin,
            Across::AllGather { dimension: 1 },
            Across::PsumScatter { dimension: 0 },
            Across::AllToAll { split: 0, concat: 1 },
            Across::Ppermute { permutation: vec![vec![0, 0]] },
            Across::Ppermute { permutation: vec![] },
        ];
        let alone = |across| Collective { axis: "i".into(), size: 1, across };
        let mut all: Vec<Sample> = operations
            .into_iter()
            .map(|across| Sample::new(alone(across)).arg(float.clone(), -2.0, 2.0))
            .collect();
        all.push(Sample::new(alone(Across::Psum)).arg(Type::new(Dtype::I32, [2]), -9.0, 9.0).not_smooth());
        all.push(Sample::new(alone(Across::AxisIndex)).not_smooth());
        all
    }
    /// See [`crate::ops::refusals`].
    pub fn refusals() -> Vec<(u8, Sample)> {
        let (float, truth) = (Type::new(Dtype::F32, [2, 3]), Type::new(Dtype::Bool, [2]));
        let of = |across| Collective { axis: "i".into(), size: 2, across };
        let mut all = vec![];
        for across in [Across::Psum, Across::PsumScatter { dimension: 0 }] {
            all.push(refused(of(across), 1, [truth.clone()]));
        }
        for across in [Across::Pmax, Across::Pmin] {
            all.push(refused(Collective { size: 0, ..of(across) }, 1, [float.clone()]));
        }
        all.push(refused(of(Across::AllGather { dimension: 3 }), 1, [float.clone()]));
        for dimension in [1, 2] {
            all.push(refused(of(Across::PsumScatter { dimension }), 2, [float.clone()]));
            all.push(refused(of(Across::AllToAll { split: dimension, concat: 0 }), 1, [float.clone()]));
        }
        all.push(refused(of(Across::AllToAll { split: 0, concat: 2 }), 2, [float.clone()]));
        let table = |pairs: &[[i64; 2]]| pairs.iter().map(|pair| pair.to_vec()).collect();
        for (number, pairs) in
            [(1, &[[0, 2]][..]), (1, &[[-1, 0]]), (2, &[[0, 1], [0, 0]]), (2, &[[0, 1], [1, 1]])]
        {
            all.push(refused(of(Across::Ppermute { permutation: table(pairs) }), number, [float.clone()]));
        }
        all
    }
    /// See [`crate::Op::parse`].
    pub fn parse(name: &str, attributes: &mut Attributes) -> Option<Result<Collective, String>> {
        let across = |attributes: &mut Attributes| -> Result<Across, String> {
            Ok(match name {
                "psum" => Across::Psum,
                "pmax" => Across::Pmax,
                "pmin" => Across::Pmin,
                "all_gather" => Across::AllGather { dimension: attributes.take("dimension")? },
                "psum_scatter" => Across::PsumScatter { dimension: attributes.take("dimension")? },
                "all_to_all" => {
                    Across::AllToAll { split: attributes.take("split")?, concat: attributes.take("concat")? }
                }
                "ppermute" => Across::Ppermute { permutation: attributes.take("permutation")? },
                _ => Across::AxisIndex,
            })
        };
        const NAMES: [&str; 8] =
            ["psum", "pmax", "pmin", "all_gather", "psum_scatter", "all_to_all", "ppermute", "axis_index"];
        NAMES.contains(&name).then(|| {
            let axis: String = attributes.take("axis")?;
            let size = attributes.take("size")?;
            Ok(Collective { axis: axis.into(), size, across: across(attributes)? })
        })
    }
    fn pairs(permutation: &[Vec<i64>]) -> impl Iterator<Item = Option<(usize, usize)>> {
        permutation.iter().map(|pair| match pair[..] {
            [from, to] => Some((usize::try_from(from).ok()?, usize::try_from(to).ok()?)),
            _ => None,
        })
    }
}

impl Rules for Collective {
    fn name(&self) -> &'static str {
        match self.across {
            Across::Psum => "psum",
            Across::Pmax => "pmax",
            Across::Pmin => "pmin",
            Across::AllGather { .. } => "all_gather",
            Across::PsumScatter { .. } => "psum_scatter",
            Across::AllToAll { .. } => "all_to_all",
            Across::Ppermute { .. } => "ppermute",
            Across::AxisIndex => "axis_index",
        }
    }
    fn attributes(&self) -> Attributes {
        let attributes =
            Attributes::new().with("axis", Attribute::Text(self.axis.to_string())).with("size", self.size);
        match &self.across {
            Across::Psum | Across::Pmax | Across::Pmin | Across::AxisIndex => attributes,
            Across::AllGather { dimension } | Across::PsumScatter { dimension } => {
                attributes.with("dimension", *dimension)
            }
            Across::AllToAll { split, concat } => attributes.with("split", *split).with("concat", *concat),
            Across::Ppermute { permutation } => attributes.with("permutation", permutation.clone()),
        }
    }
    fn constraints(&self) -> &'static [&'static str] {
        match self.across {
            Across::Psum => &["The element type is a number, not bool."],
            Across::Pmax | Across::Pmin => &["There is a lane: `size` is not 0."],
            Across::AllGather { .. } => &["`dimension` is an axis of the result."],
            Across::PsumScatter { .. } => &[
                "The element type is a number, not bool.",
                "`dimension` is an axis of the operand of extent `size`.",
            ],
            Across::AllToAll { .. } => {
                &["`split` is an axis of the operand of extent `size`.", "`concat` is an axis of the result."]
            }
            Across::Ppermute { .. } => &[
                "`permutation` is of pairs of lanes: numbers below `size`.",
                "No lane is a source twice, and none a target twice.",
            ],
            Across::AxisIndex => &[],
        }
    }
    fn arity(&self) -> RangeInclusive<usize> {
        let n = usize::from(self.across != Across::AxisIndex);
        n..=n
    }
    fn infer(&self, args: &[&Type]) -> Infer {
        let refuse = |number, message: String| Err(ErrorKind::constraint(number, message));
        let is_per_lane = |ty: &Type, axis: usize| axis < ty.rank() && ty.shape.dim(axis) == self.size;
        let without_lanes = |number, ty: &Type, axis: usize| match is_per_lane(ty, axis) {
            true => Ok(ty.shape.without(&[axis])),
            false => {
                let message = format!(
                    "axis {axis} of {ty} must have an element for each of the {} lanes of `{}`",
                    self.size, self.axis
                );
                Err(ErrorKind::constraint(number, message))
            }
        };
        let with_lanes = |number, shape: &Shape, axis: usize| match axis <= shape.rank() {
            true => Ok(shape.with_axis(axis, self.size)),
            false => {
                let message = format!(
                    "the lanes cannot lie along axis {axis} of a result of {} axes",
                    shape.rank() + 1
                );
                Err(ErrorKind::constraint(number, message))
            }
        };
        let result = match &self.across {
            Across::Psum | Across::PsumScatter { .. } if args[0].dtype == Dtype::Bool => {
                return refuse(1, format!("cannot add {}; convert it to a number", args[0]));
            }
            Across::Pmax | Across::Pmin if self.size == 0 => {
                return refuse(1, format!("axis `{}` has no lanes", self.axis));
            }
            Across::Psum | Across::Pmax | Across::Pmin => args[0].clone(),
            Across::AllGather { dimension } => args[0].with_shape(with_lanes(1, &args[0].shape, *dimension)?),
            Across::PsumScatter { dimension } => args[0].with_shape(without_lanes(2, args[0], *dimension)?),
            Across::AllToAll { split, concat } => {
                args[0].with_shape(with_lanes(2, &without_lanes(1, args[0], *split)?, *concat)?)
            }
            Across::Ppermute { permutation } => {
                let (mut sends, mut receives) = (FxHashSet::default(), FxHashSet::default());
                for (pair, shown) in Collective::pairs(permutation).zip(permutation) {
                    let Some((from, to)) = pair.filter(|(from, to)| *from < self.size && *to < self.size)
                    else {
                        return refuse(
                            1,
                            format!(
                                "{shown:?} is no pair of lanes of `{}`, which has {}",
                                self.axis, self.size
                            ),
                        );
                    };
                    if !sends.insert(from) || !receives.insert(to) {
                        return refuse(2, format!("{shown:?}: a lane sends, or receives, once at most"));
                    }
                }
                args[0].clone()
            }
            Across::AxisIndex => Type::scalar(Dtype::I32),
        };
        Ok(vec![result])
    }
    fn eval(&self, args: &[&Array]) -> Result<Vec<Array>, ErrorKind> {
        if let Some(refusal) = self.refusal() {
            return Err(refusal);
        }
        // One lane: nothing to add to it, and its own axis has one element.
        let zero = || Array::from_f64(args[0].ty(), vec![0.0; args[0].size()]);
        let result = match &self.across {
            Across::AxisIndex => Array::scalar(0i32),
            Across::Ppermute { permutation } if permutation.is_empty() => zero(),
            _ => {
                let ty = self.infer(&[args[0].ty()])?.remove(0);
                args[0].with_shape(ty.shape)
            }
        };
        Ok(vec![result])
    }
    fn jvp(&self, _: &dyn Passes, x: &[Val], dx: &[Option<Val>]) -> (Vals, Vec<Option<Val>>) {
        match self.across {
            Across::Pmax | Across::Pmin => {
                let y = bind1(self.clone(), x);
                let psum = |v| bind1(Collective { across: Across::Psum, ..self.clone() }, &[v]);
                let dy = dx[0].map(|dx| {
                    // Lanes that tie share the tangent, as the elements of a reduction do.
                    let at = x[0].eq(y).convert(x[0].ty().dtype);
                    psum(at * dx) / psum(at)
                });
                (smallvec![y], vec![dy])
            }
            Across::AxisIndex => (bind(self.clone(), x), vec![None]),
            _ => linear_jvp(self.clone().into(), x, dx),
        }
    }
    fn transpose(&self, _: &dyn Passes, ct: &[Option<Val>], args: &[Operand]) -> Vec<Option<Val>> {
        let back = match &self.across {
            Across::Psum => Across::Psum,
            Across::AllGather { dimension } => Across::PsumScatter { dimension: *dimension },
            Across::PsumScatter { dimension } => Across::AllGather { dimension: *dimension },
            Across::AllToAll { split, concat } => Across::AllToAll { split: *concat, concat: *split },
            Across::Ppermute { permutation } => {
                let turned = permutation.iter().map(|pair| pair.iter().rev().copied().collect());
                Across::Ppermute { permutation: turned.collect() }
            }
            Across::Pmax | Across::Pmin | Across::AxisIndex => {
                unreachable!("internal: {} is not linear", self.name())
            }
        };
        let pulled = |ct: Val| bind1(Collective { across: back.clone(), ..self.clone() }, &[ct]);
        args.iter().map(|_| ct[0].map(pulled)).collect()
    }
    fn batch(&self, passes: &dyn Passes, args: &[Val], mapped: &[bool], lanes: Lanes) -> Vals {
        let (results, along) = self.batch_marked(passes, args, mapped, lanes);
        let each = results.into_iter().zip(along);
        each.map(|(v, along)| if along { v } else { v.repeat_leading(lanes.size) }).collect()
    }
    fn batch_marked(&self, _: &dyn Passes, args: &[Val], mapped: &[bool], lanes: Lanes) -> (Vals, Vec<bool>) {
        if lanes.name != Some(&*self.axis) {
            return (bind(self.beside_an_axis(), args), vec![true]);
        }
        if self.across == Across::AxisIndex {
            let ty = Type::new(Dtype::I32, [lanes.size]);
            return (smallvec![Val::iota(ty, 0)], vec![true]);
        }
        let x = if mapped[0] { args[0] } else { args[0].repeat_leading(lanes.size) };
        let (result, along) = match &self.across {
            Across::Psum => (x.reduce(Monoid::Sum, &[0]), false),
            Across::Pmax => (x.reduce(Monoid::Max, &[0]), false),
            Across::Pmin => (x.reduce(Monoid::Min, &[0]), false),
            Across::AllGather { dimension } => (x.move_axis(0, *dimension), false),
            Across::PsumScatter { dimension } => (x.reduce(Monoid::Sum, &[0]).move_axis(*dimension, 0), true),
            Across::AllToAll { split, concat } => {
                // [sender, .., receiver, ..] becomes [receiver, .., sender, ..].
                let received = x.move_axis(split + 1, 0);
                (received.move_axis(1, concat + 1), true)
            }
            Across::Ppermute { permutation } => (permuted(x, permutation), true),
            Across::AxisIndex => unreachable!("internal: answered above"),
        };
        (smallvec![result], vec![along])
    }
    fn uses_axis(&self, name: &str) -> bool {
        *self.axis == *name
    }
    fn expands(&self) -> bool {
        self.size == 1
    }
    fn expand(&self, _: &dyn Passes, args: &[Val]) -> Vec<Val> {
        vec![match &self.across {
            Across::AxisIndex => Val::constant(Array::scalar(0i32)),
            Across::Psum | Across::Pmax | Across::Pmin => args[0],
            Across::AllGather { dimension } => args[0].expand_dims(*dimension),
            Across::PsumScatter { dimension } => args[0].squeeze(&[*dimension]),
            Across::AllToAll { split, concat } => args[0].squeeze(&[*split]).expand_dims(*concat),
            Across::Ppermute { permutation } if permutation.is_empty() => args[0].zeros_like(),
            Across::Ppermute { .. } => args[0],
        }]
    }
    fn refusal(&self) -> Option<ErrorKind> {
        let Collective { axis, size, .. } = self;
        (*size != 1).then(|| {
            let message = format!(
                "no `vmap` binds the axis `{axis}` of {size} lanes: call it inside of one with that name"
            );
            ErrorKind::invalid(message)
        })
    }
}

impl Collective {
    /// The same over operands with another leading axis.
    fn beside_an_axis(&self) -> Collective {
        let across = match &self.across {
            Across::AllGather { dimension } => Across::AllGather { dimension: dimension + 1 },
            Across::PsumScatter { dimension } => Across::PsumScatter { dimension: dimension + 1 },
            Across::AllToAll { split, concat } => Across::AllToAll { split: split + 1, concat: concat + 1 },
            same => same.clone(),
        };
        Collective { across, ..self.clone() }
    }
}

/// Row `i` of `x` at row `j` for each pair, zeros elsewhere.
fn permuted(x: Val, permutation: &[Vec<i64>]) -> Val {
    let (shape, dtype) = (x.shape(), x.ty().dtype);
    let size = shape.dim(0);
    let mut source = vec![None; size];
    for (from, to) in Collective::pairs(permutation).flatten() {
        source[to] = Some(from);
    }
    let indices = source.iter().map(|from| from.unwrap_or(0) as i128);
    let indices = Array::from_integers(&Type::new(Dtype::of_index(size), [size]), indices);
    let moved = x.take(Val::constant(indices), 0, IndexMode::Clip);
    if source.iter().all(Option::is_some) {
        return moved;
    }
    let receives: Vec<bool> = source.iter().map(Option::is_some).collect();
    let mask = Val::constant(Array::from(receives)).broadcast(shape.clone(), &[0]);
    mask.select(moved, Val::zeros(Type::new(dtype, shape.dims())))
}
