//! Tangents of eigenvalues and eigenvectors of matrices that need not be symmetric: real and imaginary parts apart.

use super::Transposed;
use super::matrix::{as_columns, as_rows, diagonal, identity_like, permuted_rows, product, rows};
use crate::trace::{Val, Vals};
use crate::{Dtype, Shape, Type};
use smallvec::smallvec;

/// A complex value by its real and imaginary part.
#[derive(Clone, Copy)]
struct Complex(Val, Val);

impl Complex {
    fn map(self, f: impl Fn(Val) -> Val) -> Complex {
        Complex(f(self.0), f(self.1))
    }
    fn add(self, other: Complex) -> Complex {
        Complex(self.0 + other.0, self.1 + other.1)
    }
    /// Element by element.
    fn times(self, other: Complex) -> Complex {
        Complex(self.0 * other.0 - self.1 * other.1, self.0 * other.1 + self.1 * other.0)
    }
    /// Of matrices.
    fn product(self, other: Complex) -> Complex {
        Complex(
            product(self.0, other.0) - product(self.1, other.1),
            product(self.0, other.1) + product(self.1, other.0),
        )
    }
    /// That of zero is zero: so vectors of equal eigenvalues, which have no derivative, leave those of the others
    /// finite.
    fn reciprocal(self) -> Complex {
        let size = self.0 * self.0 + self.1 * self.1;
        let none = size.eq(size.zeros_like());
        let size = none.select(size.ones_like(), size);
        Complex(self.0 / size, -(self.1 / size))
    }
    /// X of `self` · X = `right`, as a real system of twice the size.
    fn solve(self, right: Complex) -> Complex {
        let Complex(re, im) = self;
        let shape = re.shape();
        let (axis, n) = (shape.rank() - 2, shape.dim(shape.rank() - 1));
        let upper = Val::concatenate(&[re, -im], axis + 1);
        let lower = Val::concatenate(&[im, re], axis + 1);
        let factors = Val::concatenate(&[upper, lower], axis).lu();
        let right = permuted_rows(Val::concatenate(&[right.0, right.1], axis), factors[2]);
        let y = factors[0].triangular_solve(right, true, true, Transposed::No, true);
        let x = factors[0].triangular_solve(y, true, false, Transposed::No, false);
        Complex(rows(x, 0, n), rows(x, n, 2 * n))
    }
}

/// dw = diag(P) and dV = V · (F ∘ P) + V · diag(c) with P = V⁻¹ · dA · V, where F holds the reciprocal differences of
/// eigenvalues and c keeps vectors at length 1 with their largest element real.
pub(super) fn jvp(compute_vectors: bool, x: &[Val], dx: &[Option<Val>]) -> (Vals, Vec<Option<Val>>) {
    let y = Val::eig(x);
    let (w, v) = (Complex(y[0], y[1]), Complex(y[2], y[3]));
    let part = |k: usize| dx.get(k).copied().flatten().unwrap_or_else(|| x[0].zeros_like());
    let da = Complex(part(0), part(1));
    let p = v.solve(da.product(v));
    let dw = p.map(diagonal);
    if !compute_vectors {
        return (smallvec![w.0, w.1], vec![Some(dw.0), Some(dw.1)]);
    }
    let (shape, eye) = (x[0].shape(), identity_like(x[0]));
    let apart = w.map(|w| as_rows(w, &shape) - as_columns(w, &shape));
    let f = Complex(apart.0 + eye, apart.1).reciprocal();
    let u = v.product(Complex(f.0 - eye, f.1).times(p));
    let dv = u.add(v.times(gauge(v, u, &shape)));
    (y, vec![Some(dw.0), Some(dw.1), Some(dv.0), Some(dv.1)])
}

/// For each column c = -Re(vᴴ · u) - i · Im(u_k) / v_k, k being where v is largest; repeated over the rows.
fn gauge(v: Complex, u: Complex, shape: &Shape) -> Complex {
    let axis = shape.rank() - 2;
    let along = (v.0 * u.0 + v.1 * u.1).reduce_sum(&[axis]);
    if shape.dim(axis) == 0 {
        return v;
    }
    let size = v.0 * v.0 + v.1 * v.1;
    let largest = as_rows(size.argmax(axis, Dtype::I32), shape);
    let position = Val::iota(Type::new(Dtype::I32, shape.clone()), axis);
    let here = position.eq(largest);
    let at = |x: Val| here.select(x, x.zeros_like()).reduce_sum(&[axis]);
    let turn = at(u.1) / at(v.0);
    Complex(as_rows(-along, shape), as_rows(-turn, shape))
}
