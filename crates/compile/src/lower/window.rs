//! Windows and running totals as nodes: padding, the elements of every window along axes in front, a reduction
//! of these.

use super::{Lowering, combine_of, lower_scalars};
use crate::graph::{Graph, Id, Kind, Tap};
use gradus_ir::ops::convolution::dilated;
use gradus_ir::ops::cumulative::Cumulative;
use gradus_ir::ops::elementwise::{Binary, Choice};
use gradus_ir::ops::monoid::Monoid;
use gradus_ir::ops::window::{Select, Window, Windowing};
use gradus_ir::{Dims, Dtype, Error, ErrorKind, Program, Result, Shape, SourceLocation, Type, Val, trace};
use gradus_kernel::Combine;
use std::sync::Arc;

/// Windows of more elements than this are reduced along one axis after the other.
const LARGEST_WHOLE_WINDOW: usize = 16;
/// A running total longer than twice this is made in chunks, whose totals run in turn.
const CHUNK: usize = 512;

/// Elements of windows that stand along axes of their own.
struct Patches {
    id: Id,
    /// The leading axes, along the window.
    num_taps: usize,
}

impl Lowering {
    pub(super) fn windowing(
        &mut self,
        op: &Windowing,
        args: &[Id],
        types: &[&Type],
        location: SourceLocation,
    ) -> Result<Vec<Id>> {
        let ty = types[0];
        if ty.shape.size() == 0 {
            return Ok(types.iter().map(|ty| self.splat(0, (*ty).clone(), location)).collect());
        }
        Ok(match op {
            Windowing::Monoid { monoid, window } => {
                vec![self.reduce_window(args[0], *monoid, window, &ty.shape, location)]
            }
            Windowing::Body { window, body } => {
                let body = Arc::new(lower_scalars(body, location)?);
                let (operands, inits) = args.split_at(args.len() / 2);
                let mut num_taps = 0;
                let mut args = vec![];
                for (&x, &init) in operands.iter().zip(inits) {
                    let padded = self.padded(x, init, window, location);
                    let patches = self.patches(padded, window, &ty.shape, location);
                    num_taps = patches.num_taps;
                    args.push(patches.id);
                }
                args.extend(inits);
                self.fold_taps(&body, num_taps, &args, types, location)
            }
            Windowing::SelectAndGatherAdd { select, window } => {
                vec![self.select_and_gather(*select, window, args, ty, location)?]
            }
            Windowing::SelectAndScatterAdd { select, window } => {
                vec![self.select_and_scatter(*select, window, args, ty, location)?]
            }
        })
    }

    /// `x` dilated and padded with `fill`, as the windows ask for.
    pub(super) fn padded(&mut self, x: Id, fill: Id, window: &Window, location: SourceLocation) -> Id {
        let from = self.graph.ty(x).clone();
        let extent = |axis: usize| {
            let padded = dilated(from.shape.dim(axis), window.base_dilation[axis])
                + i128::from(window.low[axis])
                + i128::from(window.high[axis]);
            usize::try_from(padded).expect("internal: the padding is checked")
        };
        let shape: Shape = (0..from.rank()).map(extent).collect();
        let unpadded = window.low.iter().chain(&window.high).all(|n| *n == 0);
        if unpadded && shape == from.shape {
            return x;
        }
        let interior: Dims = window.base_dilation.iter().map(|b| b - 1).collect();
        self.pad(&[x, fill], &window.low, &interior, from.with_shape(shape), location)
    }

    /// The elements of the windows of `x`, which is padded already.
    fn patches(&mut self, x: Id, window: &Window, windows: &Shape, location: SourceLocation) -> Patches {
        let from = self.graph.ty(x).clone();
        let taps: Vec<Tap> = (0..from.rank())
            .filter(|&axis| window.dims[axis] > 1)
            .map(|axis| Tap { axis, dilation: window.window_dilation[axis] })
            .collect();
        let strides = window.strides.clone();
        let num_taps = taps.len();
        let all: Shape = taps.iter().map(|tap| window.dims[tap.axis]).chain(windows.dims()).collect();
        let id = if num_taps > 0 {
            self.node(Kind::Patches { taps, strides }, &[x], from.with_shape(all), location)
        } else if *windows == from.shape {
            x
        } else {
            let starts = Dims::from_elem(0, from.rank());
            self.node(Kind::Slice { starts, strides }, &[x], from.with_shape(all), location)
        };
        Patches { id, num_taps }
    }

    /// A window's elements along axes in front: [`Lowering::padded`] with zeros, then patches.
    pub(super) fn zero_padded_windows(
        &mut self,
        x: Id,
        window: &Window,
        windows: &Shape,
        location: SourceLocation,
    ) -> (Id, usize) {
        let zero = self.splat(0, Type::scalar(self.graph.ty(x).dtype), location);
        let padded = self.padded(x, zero, window, location);
        let patches = self.patches(padded, window, windows, location);
        (patches.id, patches.num_taps)
    }

    fn reduce_window(
        &mut self,
        x: Id,
        monoid: Monoid,
        window: &Window,
        windows: &Shape,
        location: SourceLocation,
    ) -> Id {
        let from = self.graph.ty(x).clone();
        let long: Vec<usize> = (0..from.rank()).filter(|&axis| window.dims[axis] > 1).collect();
        if long.len() > 1 && window.size() > LARGEST_WHOLE_WINDOW {
            // The last axis alone, then the others: the sum of the extents instead of their product.
            let last = long[long.len() - 1];
            let rank = from.rank();
            let (mut alone, mut others) = (Window::new(&Dims::from_elem(1, rank)), window.clone());
            let plain = Window::new(&Dims::from_elem(1, rank));
            move_axis_of(&mut alone, window, last);
            move_axis_of(&mut others, &plain, last);
            let between = from.shape.with_dim(last, windows.dim(last));
            let reduced = self.reduce_window(x, monoid, &alone, &between, location);
            return self.reduce_window(reduced, monoid, &others, windows, location);
        }
        let identity = combine_of(monoid).identity(from.dtype.scalar());
        let fill = self.splat(identity, Type::scalar(from.dtype), location);
        let padded = self.padded(x, fill, window, location);
        let patches = self.patches(padded, window, windows, location);
        let axes: Dims = (0..patches.num_taps).collect();
        self.reduce(patches.id, &axes, monoid, location)
    }

    /// The leading axes folded by a body on scalars; initial values are the last operands.
    fn fold_taps(
        &mut self,
        body: &Arc<Graph>,
        num_taps: usize,
        args: &[Id],
        types: &[&Type],
        location: SourceLocation,
    ) -> Vec<Id> {
        let axes: Dims = (0..num_taps).collect();
        let fold = |result| Kind::Fold { axes: axes.clone(), body: body.clone(), result };
        types.iter().enumerate().map(|(k, ty)| self.node(fold(k), args, (*ty).clone(), location)).collect()
    }

    /// The row-major number within its window of every element of `shape`, whose leading axes are the window's.
    fn numbers(&mut self, shape: &Shape, axes: &[usize], location: SourceLocation) -> Id {
        let ty = Type::new(Dtype::I32, shape.clone());
        let mut total: Option<Id> = None;
        let mut factor = 1u64;
        for &axis in axes.iter().rev() {
            let mut term = self.node(Kind::Iota { axis }, &[], ty.clone(), location);
            if factor != 1 {
                let factor = self.splat(factor, ty.clone(), location);
                term = self.elementwise(Binary::Mul, &[term, factor], ty.clone(), location);
            }
            total = Some(match total {
                Some(total) => self.elementwise(Binary::Add, &[total, term], ty.clone(), location),
                None => term,
            });
            factor *= shape.dim(axis) as u64;
        }
        total.unwrap_or_else(|| self.splat(0, ty, location))
    }

    /// Where elements of `x` stand after padding, as truth values; `None` if everywhere.
    fn real(&mut self, x: &Shape, window: &Window, location: SourceLocation) -> Option<(Id, Shape)> {
        let needs =
            |axis: usize| window.low[axis] > 0 || window.high[axis] > 0 || window.base_dilation[axis] > 1;
        if !(0..x.rank()).any(needs) {
            return None;
        }
        let extent = |axis: usize| {
            let padded = dilated(x.dim(axis), window.base_dilation[axis])
                + i128::from(window.low[axis])
                + i128::from(window.high[axis]);
            usize::try_from(padded).expect("internal: the padding is checked")
        };
        let shape: Shape = (0..x.rank()).map(extent).collect();
        let (index, truth) = (Type::new(Dtype::I64, shape.clone()), Type::new(Dtype::Bool, shape.clone()));
        let mut all: Option<Id> = None;
        for axis in (0..x.rank()).filter(|&axis| needs(axis)) {
            let position = self.node(Kind::Iota { axis }, &[], index.clone(), location);
            let low = self.splat(window.low[axis] as u64, index.clone(), location);
            let step = window.base_dilation[axis] as u64;
            let end = window.low[axis] + dilated(x.dim(axis), step as usize) as i64;
            let end = self.splat(end as u64, index.clone(), location);
            let above = self.elementwise(Binary::Ge, &[position, low], truth.clone(), location);
            let below = self.elementwise(Binary::Lt, &[position, end], truth.clone(), location);
            let mut inside = self.elementwise(Binary::And, &[above, below], truth.clone(), location);
            if step > 1 {
                let distance = self.elementwise(Binary::Sub, &[position, low], index.clone(), location);
                let (step, zero) =
                    (self.splat(step, index.clone(), location), self.splat(0, index.clone(), location));
                let rest = self.elementwise(Binary::Rem, &[distance, step], index.clone(), location);
                let hit = self.elementwise(Binary::Eq, &[rest, zero], truth.clone(), location);
                inside = self.elementwise(Binary::And, &[inside, hit], truth.clone(), location);
            }
            all = Some(match all {
                Some(all) => self.elementwise(Binary::And, &[all, inside], truth.clone(), location),
                None => inside,
            });
        }
        all.map(|all| (all, shape))
    }

    /// The numbers of a window's elements are of `i32`.
    fn check_numbered(op: &'static str, window: &Window, location: SourceLocation) -> Result<()> {
        if i32::try_from(window.size()).is_ok() {
            return Ok(());
        }
        let message = format!(
            "a window of {} elements is longer than {}; reduce an axis at a time",
            window.size(),
            i32::MAX
        );
        Err(Error::new(op, ErrorKind::invalid(message), location))
    }

    /// Operands of a fold that selects: the elements of the windows of `x`, and their numbers, -1 for none; last the
    /// shape of both.
    fn candidates(
        &mut self,
        x: Id,
        window: &Window,
        windows: &Shape,
        location: SourceLocation,
    ) -> (Patches, Id, Shape) {
        let (values, num_taps) = self.zero_padded_windows(x, window, windows, location);
        let shape = self.graph.ty(values).shape.clone();
        let axes: Vec<usize> = (0..num_taps).collect();
        let mut numbers = self.numbers(&shape, &axes, location);
        if let Some((real, _)) = self.real(&self.graph.ty(x).shape.clone(), window, location) {
            let real = self.patches(real, window, windows, location).id;
            let ty = Type::new(Dtype::I32, shape.clone());
            let none = self.splat(u64::from(u32::MAX), ty.clone(), location);
            numbers = self.elementwise(Choice::Select, &[real, numbers, none], ty, location);
        }
        (Patches { id: values, num_taps }, numbers, shape)
    }

    /// For every window the number of the element that it selects, -1 if it has none.
    fn selected(
        &mut self,
        select: Select,
        window: &Window,
        x: Id,
        windows: &Shape,
        location: SourceLocation,
    ) -> Result<Id> {
        let (values, numbers, _) = self.candidates(x, window, windows, location);
        let dtype = self.graph.ty(x).dtype;
        let body = Arc::new(lower_scalars(&selection(select, dtype, None), location)?);
        let inits = [self.splat(0, Type::scalar(dtype), location), self.no_number(location)];
        let args = [values.id, numbers, inits[0], inits[1]];
        let axes: Dims = (0..values.num_taps).collect();
        let ty = Type::new(Dtype::I32, windows.clone());
        Ok(self.node(Kind::Fold { axes, body, result: 1 }, &args, ty, location))
    }

    fn no_number(&mut self, location: SourceLocation) -> Id {
        self.splat(u64::from(u32::MAX), Type::scalar(Dtype::I32), location)
    }

    fn select_and_gather(
        &mut self,
        select: Select,
        window: &Window,
        args: &[Id],
        ty: &Type,
        location: SourceLocation,
    ) -> Result<Id> {
        Self::check_numbered("select_and_gather_add", window, location)?;
        let (tangents, x) = (args[0], args[1]);
        let (values, numbers, _) = self.candidates(x, window, &ty.shape, location);
        let (followers, _) = self.zero_padded_windows(tangents, window, &ty.shape, location);
        let dtype = self.graph.ty(x).dtype;
        let body = Arc::new(lower_scalars(&selection(select, dtype, Some(ty.dtype)), location)?);
        let zero = self.splat(0, Type::scalar(dtype), location);
        let nothing = self.splat(0, Type::scalar(ty.dtype), location);
        let args = [values.id, numbers, followers, zero, self.no_number(location), nothing];
        let axes: Dims = (0..values.num_taps).collect();
        Ok(self.node(Kind::Fold { axes, body, result: 2 }, &args, ty.clone(), location))
    }

    fn select_and_scatter(
        &mut self,
        select: Select,
        window: &Window,
        args: &[Id],
        ty: &Type,
        location: SourceLocation,
    ) -> Result<Id> {
        Self::check_numbered("select_and_scatter_add", window, location)?;
        let (source, x) = (args[0], args[1]);
        let windows = self.graph.ty(source).shape.clone();
        if windows.size() == 0 {
            return Ok(self.splat(0, ty.clone(), location));
        }
        let selected = self.selected(select, window, x, &windows, location)?;
        let plain = window.window_dilation.iter().chain(&window.base_dilation).all(|d| *d == 1);
        if plain && window.dims == window.strides {
            return Ok(self.scatter_side_by_side(window, source, selected, ty, location));
        }
        // Each element looks through the windows that see it, from the last location to the first.
        let seen = window.transposed(&ty.shape, &windows);
        let none = self.no_number(location);
        let padded = self.padded(selected, none, &seen, location);
        let patches = self.patches(padded, &seen, &ty.shape, location);
        let (sources, num_taps) = self.zero_padded_windows(source, &seen, &ty.shape, location);
        let shape = self.graph.ty(patches.id).shape.clone();
        let axes: Vec<usize> = (0..num_taps).collect();
        let index = Type::new(Dtype::I32, shape.clone());
        let numbers = self.numbers(&shape, &axes, location);
        let last = self.splat((window.size() - 1) as u64, index.clone(), location);
        let own = self.elementwise(Binary::Sub, &[last, numbers], index, location);
        let chosen = self.where_equal(patches.id, own, sources, location);
        let axes: Dims = axes.into_iter().collect();
        Ok(self.reduce(chosen, &axes, Monoid::Sum, location))
    }

    /// `x` where `a` equals `b`, else zero; all of one shape.
    fn where_equal(&mut self, a: Id, b: Id, x: Id, location: SourceLocation) -> Id {
        let ty = self.graph.ty(x).clone();
        let equal = self.elementwise(Binary::Eq, &[a, b], ty.with_dtype(Dtype::Bool), location);
        let zero = self.splat(0, ty.clone(), location);
        self.elementwise(Choice::Select, &[equal, x, zero], ty, location)
    }

    /// Windows that lie side by side: every element is in one of them, or in none.
    fn scatter_side_by_side(
        &mut self,
        window: &Window,
        source: Id,
        selected: Id,
        ty: &Type,
        location: SourceLocation,
    ) -> Id {
        let windows = self.graph.ty(source).shape.clone();
        let (mut shape, mut outer, mut inner) = (Dims::new(), Dims::new(), vec![]);
        for axis in 0..ty.rank() {
            outer.push(shape.len());
            shape.push(windows.dim(axis));
            if window.dims[axis] > 1 {
                inner.push(shape.len());
                shape.push(window.dims[axis]);
            }
        }
        let shape = Shape::from(shape);
        let numbers = self.numbers(&shape, &inner, location);
        let selected = self.broadcast(selected, outer.clone(), &shape, location);
        let source = self.broadcast(source, outer, &shape, location);
        let chosen = self.where_equal(selected, numbers, source, location);
        let covered: Shape = (0..ty.rank()).map(|axis| windows.dim(axis) * window.dims[axis]).collect();
        let joined = self.reshape(chosen, covered.clone(), location);
        let ones = Dims::from_elem(1, ty.rank());
        let mut back = Window::new(&ones);
        for axis in 0..ty.rank() {
            back.low[axis] = -window.low[axis];
            back.high[axis] = ty.shape.dim(axis) as i64 - covered.dim(axis) as i64 + window.low[axis];
        }
        let zero = self.splat(0, Type::scalar(ty.dtype), location);
        self.padded(joined, zero, &back, location)
    }

    pub(super) fn cumulative(
        &mut self,
        op: &Cumulative,
        x: Id,
        ty: &Type,
        location: SourceLocation,
    ) -> Result<Id> {
        let (shape, axis) = (&ty.shape, op.dimension());
        if shape.size() == 0 || shape.dim(axis) == 1 {
            return Ok(x);
        }
        let dims = shape.dims();
        let product = |dims: &[usize]| dims.iter().product::<usize>();
        let lines = [product(&dims[..axis]), dims[axis], product(&dims[axis + 1..])];
        let lines = self.reshape(x, lines, location);
        let totals = self.running(op, lines, location)?;
        Ok(self.reshape(totals, shape.clone(), location))
    }

    /// Running totals along the middle one of three axes.
    fn running(&mut self, op: &Cumulative, x: Id, location: SourceLocation) -> Result<Id> {
        let ty = self.graph.ty(x).clone();
        let [outer, n, inner] = [0, 1, 2].map(|axis| ty.shape.dim(axis));
        let scalar = Type::scalar(ty.dtype);
        if n <= 2 * CHUNK {
            let body = Arc::new(lower_scalars(&combination(op, &scalar), location)?);
            let reverse = op.is_reversed();
            return Ok(self.node(Kind::Cumulate { reverse, body }, &[x], ty, location));
        }
        let chunks = n.div_ceil(CHUNK);
        let identity = match op {
            Cumulative::Monoid { monoid, .. } => combine_of(*monoid),
            // The logarithm of nothing is that of a maximum of nothing.
            _ => Combine::Max,
        };
        let identity = self.splat(identity.identity(ty.dtype.scalar()), scalar, location);
        let mut whole = Window::new(&[1, 1, 1]);
        whole.high[1] = (chunks * CHUNK - n) as i64;
        let padded = self.padded(x, identity, &whole, location);
        let cut = self.reshape(padded, [outer * chunks, CHUNK, inner], location);
        let within = self.running(op, cut, location)?;
        let last = if op.is_reversed() { 0 } else { CHUNK - 1 };
        let ends = self.part(within, 1, last, 1, location);
        let ends = self.reshape(ends, [outer, chunks, inner], location);
        let ends = self.running(op, ends, location)?;
        // What comes before each chunk: the totals of the chunk before it.
        let mut shifted = Window::new(&[1, 1, 1]);
        (shifted.low[1], shifted.high[1]) = if op.is_reversed() { (-1, 1) } else { (1, -1) };
        let before = self.padded(ends, identity, &shifted, location);
        let before = self.reshape(before, [outer * chunks, inner], location);
        let all = self.graph.ty(within).clone();
        let before = self.broadcast(before, [0, 2].as_slice().into(), &all.shape, location);
        let joined = self.program(&combination(op, &all), &[before, within])?[0];
        let joined = self.reshape(joined, [outer, chunks * CHUNK, inner], location);
        Ok(self.part(joined, 1, 0, n, location))
    }
}

/// Gives `window` along `axis` what `from` has there.
fn move_axis_of(window: &mut Window, from: &Window, axis: usize) {
    window.dims[axis] = from.dims[axis];
    window.strides[axis] = from.strides[axis];
    window.low[axis] = from.low[axis];
    window.high[axis] = from.high[axis];
    window.base_dilation[axis] = from.base_dilation[axis];
    window.window_dilation[axis] = from.window_dilation[axis];
}

/// Two totals of type `ty` as one.
fn combination(op: &Cumulative, ty: &Type) -> Program {
    let traced =
        trace(SourceLocation::unknown(), &[ty.clone(), ty.clone()], |x| vec![op.combine(x[0], x[1])]);
    traced.expect("internal: a combination is well typed").program
}

/// `(held, its number, what follows it.., other, its number, what follows it..)`: which one is selected. A negative
/// number stands for nothing.
fn selection(select: Select, dtype: Dtype, follower: Option<Dtype>) -> Program {
    let mut types = vec![Type::scalar(dtype), Type::scalar(Dtype::I32)];
    types.extend(follower.map(Type::scalar));
    let n = types.len();
    types.extend(types.clone());
    let traced = trace(SourceLocation::unknown(), &types, |v| {
        let (held, other) = v.split_at(n);
        let zero = Val::full(Type::scalar(Dtype::I32), 0.0);
        let stays = match select {
            Select::Ge => held[0].ge(other[0]),
            Select::Le => held[0].le(other[0]),
        };
        let stays = held[1].ge(zero) & (stays | other[1].lt(zero));
        held.iter().zip(other).map(|(a, b)| stays.select(*a, *b)).collect()
    });
    traced.expect("internal: a selection is well typed").program
}
