//! Products of matrices and tensors: NumPy's rules over the one contraction of the IR.

use crate::val::axes::IntoAxes;
use crate::val::promote::promote_all;
use crate::val::{Known, Slice, Val, stack, strict};
use crate::{ErrorKind, Shape, Type};
use gradus_ir::ops::contract::DotDims;
use gradus_ir::{Dims, Val as Strict};

/// The operands at the element type in which they meet, each in its own shape.
#[track_caller]
fn met(x: Val, y: Val, known: &[Known]) -> (Strict, Strict) {
    let dtype = promote_all(known).dtype;
    (strict::convert_literal(x, dtype), strict::convert_literal(y, dtype))
}

/// Where the axes of one operand of `matmul` go: shared batch axes, or free ones.
struct Batches {
    /// Batch axes of both operands, by operand.
    shared: (Dims, Dims),
    /// The operands without the batch axes of extent 1 that the other one has more of.
    shapes: (Shape, Shape),
    /// The result's batch axes in NumPy's order, as axes of the contraction's result.
    order: Dims,
}

/// Lines the batch axes of two stacks of matrices up, from the last one.
fn line_up(lhs: &Shape, rhs: &Shape) -> Result<Batches, ErrorKind> {
    let (l, r) = (lhs.rank() - 2, rhs.rank() - 2);
    let rank = l.max(r);
    let extent = |s: &Shape, n: usize, axis: usize| (axis + n).checked_sub(rank).map(|i| s.dim(i));
    let mut shared = (Dims::new(), Dims::new());
    let (mut left, mut right) = (vec![], vec![]);
    // For each batch axis of the result: whose it is, and its number among those.
    let mut whose = vec![];
    let (mut both, mut only_left, mut only_right) = (0, 0, 0);
    for axis in 0..rank {
        match (extent(lhs, l, axis), extent(rhs, r, axis)) {
            (Some(m), Some(n)) if m == n => {
                shared.0.push(left.len());
                shared.1.push(right.len());
                left.push(m);
                right.push(n);
                whose.push((0, both));
                both += 1;
            }
            (Some(m), None | Some(1)) => {
                left.push(m);
                whose.push((1, only_left));
                only_left += 1;
            }
            (None | Some(1), Some(n)) => {
                right.push(n);
                whose.push((2, only_right));
                only_right += 1;
            }
            _ => {
                let message =
                    format!("batch axes of shapes {lhs} and {rhs} do not broadcast; make them equal or 1");
                return Err(ErrorKind::invalid(message));
            }
        }
    }
    // The contraction's axes: shared, left's own, rows, right's own, columns.
    let place = |(owner, i): &(usize, usize)| match owner {
        0 => *i,
        1 => both + i,
        _ => both + only_left + 1 + i,
    };
    let mut order: Dims = whose.iter().map(place).collect();
    order.extend([both + only_left, both + only_left + 1 + only_right]);
    left.extend([lhs.dim(l), lhs.dim(l + 1)]);
    right.extend([rhs.dim(r), rhs.dim(r + 1)]);
    Ok(Batches { shared, shapes: (left.into(), right.into()), order })
}

/// The contraction over the axes given; their extents agree.
#[track_caller]
fn contract(x: Strict, y: Strict, over: (&[usize], &[usize]), batch: (&[usize], &[usize])) -> Strict {
    x.dot_general(y, DotDims::contracting(over.0, over.1).batch(batch.0, batch.1))
}

fn disagree(x: &Type, y: &Type, m: usize, n: usize, what: &str) -> ErrorKind {
    ErrorKind::invalid(format!(
        "shapes {} and {} do not contract: {what} have extents {m} and {n}; transpose or reshape one of them",
        x.shape, y.shape
    ))
}

/// The extent of the last axis.
fn vectors(ty: &Type) -> Result<usize, ErrorKind> {
    match ty.rank().checked_sub(1) {
        Some(axis) => Ok(ty.shape.dim(axis)),
        None => {
            Err(ErrorKind::invalid(format!("takes vectors, not {ty}; give it an axis with `expand_dims`")))
        }
    }
}

impl Val {
    /// The matrix product, with NumPy's rules: vectors become matrices for its time, leading axes are
    /// batches and broadcast.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let f = jit(|x: &Val, y: &Val| x.matmul(y));
    /// let z = f(&Array::from([[1.0f32, 2.0], [3.0, 4.0]]), &Array::from([1.0f32, 1.0]))?;
    /// assert_eq!(z.to_vec::<f32>()?, [3.0, 7.0]);
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn matmul(self, other: impl Into<Val>) -> Val {
        let other = other.into();
        Val::derive("matmul", &[self, other], |known| {
            let (tx, ty) = (&known[0].ty, &known[1].ty);
            if tx.rank() == 0 || ty.rank() == 0 {
                let message = format!("takes no scalars, but has {tx} and {ty}; use `*`");
                return Err(ErrorKind::invalid(message));
            }
            let lhs = if tx.rank() == 1 { tx.shape.with_axis(0, 1) } else { tx.shape.clone() };
            let rhs = if ty.rank() == 1 { ty.shape.with_axis(1, 1) } else { ty.shape.clone() };
            let (m, n) = (lhs.dim(lhs.rank() - 1), rhs.dim(rhs.rank() - 2));
            if m != n {
                return Err(disagree(tx, ty, m, n, "the last axis of the left and the rows of the right"));
            }
            let (x, y) = met(self, other, known);
            // Vectors go in as they are when no batch asks for more.
            if tx.rank() <= 2 && ty.rank() <= 2 {
                return Ok(Val::from_ir(contract(x, y, (&[tx.rank() - 1], &[0]), (&[], &[]))));
            }
            let batches = line_up(&lhs, &rhs)?;
            let (x, y) = (x.reshape(batches.shapes.0.clone()), y.reshape(batches.shapes.1.clone()));
            let over = (batches.shapes.0.rank() - 1, batches.shapes.1.rank() - 2);
            let product = contract(x, y, (&[over.0], &[over.1]), (&batches.shared.0, &batches.shared.1));
            let product = product.transpose(&batches.order);
            let rank = product.shape().rank();
            let gone: Dims = [(tx.rank() == 1).then_some(rank - 2), (ty.rank() == 1).then_some(rank - 1)]
                .into_iter()
                .flatten()
                .collect();
            let shape = product.shape().without(&gone);
            Ok(Val::from_ir(product.reshape(shape)))
        })
    }
    /// NumPy's `dot`: the last axis of the left with the last but one of the right (its only one, if it is a
    /// vector); a product, if one is a scalar.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.dot(x))(&Array::from([1.0f32, 2.0, 3.0]))?;
    /// assert_eq!(y.item::<f32>()?, 14.0);
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn dot(self, other: impl Into<Val>) -> Val {
        let other = other.into();
        Val::derive("dot", &[self, other], |known| {
            let (tx, ty) = (&known[0].ty, &known[1].ty);
            if tx.rank() == 0 || ty.rank() == 0 {
                return Ok(self * other);
            }
            let (last, over) = (tx.rank() - 1, ty.rank().saturating_sub(2));
            let (m, n) = (tx.shape.dim(last), ty.shape.dim(over));
            if m != n {
                return Err(disagree(
                    tx,
                    ty,
                    m,
                    n,
                    "the last axis of the left and the last but one of the right",
                ));
            }
            let (x, y) = met(self, other, known);
            Ok(Val::from_ir(contract(x, y, (&[last], &[over]), (&[], &[]))))
        })
    }
    /// The products summed over the last axis of both.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.inner(x))(&Array::from([1.0f32, 2.0]))?;
    /// assert_eq!(y, Array::from(5.0f32));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn inner(self, other: impl Into<Val>) -> Val {
        let other = other.into();
        Val::derive("inner", &[self, other], |known| {
            let (tx, ty) = (&known[0].ty, &known[1].ty);
            if tx.rank() == 0 || ty.rank() == 0 {
                return Ok(self * other);
            }
            self.tensordot_over(other, known, &[tx.rank() - 1], &[ty.rank() - 1])
        })
    }
    /// The products of all pairs of elements, as a matrix.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.outer(x))(&Array::from([1i32, 2]))?;
    /// assert_eq!(y, Array::from([[1i32, 2], [2, 4]]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn outer(self, other: impl Into<Val>) -> Val {
        let other = other.into();
        Val::derive("outer", &[self, other], |_| Ok(self.reshape([-1, 1]) * other.reshape([1, -1])))
    }
    /// The sum of the products of all elements in order.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.vdot(x))(&Array::from([1.0f32, 2.0]))?;
    /// assert_eq!(y, Array::from(5.0f32));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn vdot(self, other: impl Into<Val>) -> Val {
        let other = other.into();
        Val::derive("vdot", &[self, other], |_| Ok(self.conj().ravel().dot(other.ravel())))
    }
    /// The contraction of StableHLO: products summed over pairs of axes `contract`, element by element along pairs
    /// of axes `batch`. The result's axes are the batch axes, the free ones of the left, then those of the right.
    #[track_caller]
    pub fn dot_general(
        self,
        other: impl Into<Val>,
        contract: (&[usize], &[usize]),
        batch: (&[usize], &[usize]),
    ) -> Val {
        let other = other.into();
        Val::derive("dot_general", &[self, other], |known| {
            let (x, y) = met(self, other, known);
            Ok(Val::from_ir(
                x.dot_general(y, DotDims::contracting(contract.0, contract.1).batch(batch.0, batch.1)),
            ))
        })
    }
    /// The matrices of the last two axes transposed.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.matrix_transpose())(&Array::from([[1i32, 2]]))?;
    /// assert_eq!(y, Array::from([[1i32], [2]]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn matrix_transpose(self) -> Val {
        self.derive1("matrix_transpose", |ty| {
            if ty.rank() < 2 {
                let message = format!("takes matrices, not {ty}; add an axis with `expand_dims`");
                return Err(ErrorKind::invalid(message));
            }
            Ok(self.swapaxes(-1, -2))
        })
    }
    /// The sum of products along the last axis, the other axes broadcast; the left operand is conjugated.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let f = jit(|a: &Val, x: &Val| (a.vecdot(x), a.matvec(x), x.vecmat(a)));
    /// let a = Array::from([[1.0f32, 2.0], [3.0, 4.0]]);
    /// let (rows, right, left) = f(&a, &Array::from([1.0f32, 1.0]))?;
    /// assert_eq!((rows, right), (Array::from([3.0f32, 7.0]), Array::from([3.0f32, 7.0])));
    /// assert_eq!(left, Array::from([4.0f32, 6.0]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn vecdot(self, other: impl Into<Val>) -> Val {
        let other = other.into();
        Val::derive("vecdot", &[self, other], |known| {
            let (x, y) = (vectors(&known[0].ty)?, vectors(&known[1].ty)?);
            if x != y {
                return Err(disagree(&known[0].ty, &known[1].ty, x, y, "the last axes"));
            }
            let row = self.conj().expand_dims(-2);
            Ok(row.matmul(other.expand_dims(-1)).squeeze([-1, -2]))
        })
    }
    /// Matrices times vectors: `[.., m, n]` and `[.., n]` give `[.., m]`, the axes before broadcast.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.matvec(&Array::from([1.0f32, 10.0])))(&Array::from([[1.0f32, 2.0]]))?;
    /// assert_eq!(y, Array::from([21.0f32]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn matvec(self, vector: impl Into<Val>) -> Val {
        let vector = vector.into();
        Val::derive("matvec", &[self, vector], |known| {
            vectors(&known[1].ty)?;
            Ok(self.matmul(vector.expand_dims(-1)).squeeze(-1))
        })
    }
    /// Vectors, conjugated, times matrices: `[.., m]` and `[.., m, n]` give `[.., n]`, the axes before broadcast.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.at(0).vecmat(x.transpose()))(&Array::from([[1.0f32, 2.0]]))?;
    /// assert_eq!(y, Array::from([5.0f32]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn vecmat(self, matrix: impl Into<Val>) -> Val {
        let matrix = matrix.into();
        Val::derive("vecmat", &[self, matrix], |known| {
            vectors(&known[0].ty)?;
            Ok(self.conj().expand_dims(-2).matmul(matrix).squeeze(-2))
        })
    }
    /// The products summed over pairs of axes: those of the left, then as many of the right.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.tensordot(x, [0, 1], [0, 1]))(&Array::from([[1.0f32, 2.0], [3.0, 4.0]]))?;
    /// assert_eq!(y.item::<f32>()?, 30.0);
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn tensordot(self, other: impl Into<Val>, axes: impl IntoAxes, other_axes: impl IntoAxes) -> Val {
        let (other, axes, other_axes) = (other.into(), axes.into_axes(), other_axes.into_axes());
        Val::derive("tensordot", &[self, other], |known| {
            let over = (axes.in_order(&known[0].ty.shape)?, other_axes.in_order(&known[1].ty.shape)?);
            self.tensordot_over(other, known, &over.0, &over.1)
        })
    }
    #[track_caller]
    fn tensordot_over(self, other: Val, known: &[Known], a: &[usize], b: &[usize]) -> Result<Val, ErrorKind> {
        let (tx, ty) = (&known[0].ty, &known[1].ty);
        if a.len() != b.len() {
            let message =
                format!("{} axes of the left stand against {} of the right; name pairs", a.len(), b.len());
            return Err(ErrorKind::invalid(message));
        }
        for (m, n) in a.iter().map(|i| tx.shape.dim(*i)).zip(b.iter().map(|i| ty.shape.dim(*i))) {
            if m != n {
                return Err(disagree(tx, ty, m, n, "paired axes"));
            }
        }
        let (x, y) = met(self, other, known);
        Ok(Val::from_ir(contract(x, y, (a, b), (&[], &[]))))
    }
    /// The Kronecker product: the value with every element replaced by it times `other`.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let f = jit(|x: &Val, y: &Val| x.kron(y));
    /// let z = f(&Array::from([1i32, 10]), &Array::from([1i32, 2]))?;
    /// assert_eq!(z, Array::from([1i32, 2, 10, 20]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn kron(self, other: impl Into<Val>) -> Val {
        let other = other.into();
        Val::derive("kron", &[self, other], |known| {
            let rank = known[0].ty.rank().max(known[1].ty.rank());
            let dims = |i: usize| {
                let own = known[i].ty.shape.dims();
                let mut dims = vec![1; rank - own.len()];
                dims.extend(own.iter().copied());
                dims
            };
            let (left, right) = (dims(0), dims(1));
            let apart = |own: &[usize], first: bool| -> Vec<usize> {
                own.iter().flat_map(|n| if first { [*n, 1] } else { [1, *n] }).collect()
            };
            let product = self.reshape(apart(&left, true)) * other.reshape(apart(&right, false));
            Ok(product
                .reshape(left.iter().zip(&right).map(|(m, n)| m.saturating_mul(*n)).collect::<Vec<usize>>()))
        })
    }
    /// The cross product of the vectors along the last axis, of 3 or 2 elements; of two vectors in the plane it is a
    /// scalar.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let f = jit(|x: &Val, y: &Val| x.cross(y));
    /// let z = f(&Array::from([1i32, 0, 0]), &Array::from([0i32, 1, 0]))?;
    /// assert_eq!(z, Array::from([0i32, 0, 1]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn cross(self, other: impl Into<Val>) -> Val {
        let other = other.into();
        Val::derive("cross", &[self, other], |known| {
            let extent = |i: usize| known[i].ty.rank().checked_sub(1).map(|axis| known[i].ty.shape.dim(axis));
            let (Some(m @ (2 | 3)), Some(n @ (2 | 3))) = (extent(0), extent(1)) else {
                let message = format!("crosses vectors of 2 or 3, not {} and {}", known[0].ty, known[1].ty);
                return Err(ErrorKind::invalid(message));
            };
            let part = |v: Val, i: i64| v.slice([Slice::Ellipsis, i.into()]);
            let pair = |i: i64, j: i64| part(self, i) * part(other, j) - part(self, j) * part(other, i);
            Ok(match (m, n) {
                (2, 2) => pair(0, 1),
                (3, 3) => stack([pair(1, 2), pair(2, 0), pair(0, 1)], -1),
                (2, _) => {
                    stack([part(self, 1) * part(other, 2), -(part(self, 0) * part(other, 2)), pair(0, 1)], -1)
                }
                _ => {
                    stack([-(part(self, 2) * part(other, 1)), part(self, 2) * part(other, 0), pair(0, 1)], -1)
                }
            })
        })
    }
}
