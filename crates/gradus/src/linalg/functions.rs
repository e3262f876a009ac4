//! Functions of matrices, and matrices made of others.

use super::{adjoint, eigh, extents, inv, norm_ord, solve, square};
use crate::{
    Dtype, ErrorKind, TransposeSolve, Type, Val, concatenate, custom_jvp, custom_linear_solve, eye, eye_of,
    where_,
};

/// The diagonal `offset` of each matrix: `[.., n, m] -> [.., k]`. As `jnp.linalg.diagonal`.
///
/// ```
/// use gradus::{Array, Val, jit, linalg};
/// let y = jit(|x: &Val| linalg::diagonal(x, -1))(&Array::from([[1.0f32, 2.0], [3.0, 4.0]]))?;
/// assert_eq!(y.to_vec::<f32>()?, [3.0]);
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn diagonal(a: impl Into<Val>, offset: i64) -> Val {
    a.into().last_diagonal(offset)
}

/// The sum of each matrix's main diagonal: `[.., n, m] -> [..]`. As `jnp.linalg.trace`.
#[track_caller]
pub fn trace(a: impl Into<Val>) -> Val {
    let a = a.into();
    Val::derive("trace", &[a], |_| Ok(a.last_diagonal(0).sum_axes(-1)))
}

/// Aⁿ of square matrices `[.., k, k]` by repeated squaring; a negative n takes the inverse.
///
/// ```
/// use gradus::{Array, Val, jit, linalg};
/// let y = jit(|a: &Val| linalg::matrix_power(a, 5))(&Array::from([[1.0f32, 1.0], [0.0, 1.0]]))?;
/// assert_eq!(y, Array::from([[1.0f32, 5.0], [0.0, 1.0]]));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn matrix_power(a: impl Into<Val>, n: i64) -> Val {
    let a = a.into();
    Val::derive("matrix_power", &[a], |known| {
        let ty = &known[0].ty;
        super::of_matrices(ty)?;
        let (rows, columns) = extents(ty);
        if rows != columns {
            let message = format!("takes square matrices, but those of {ty} are {rows} by {columns}");
            return Err(ErrorKind::invalid(message));
        }
        if n == 0 {
            return Ok(eye(rows, ty.dtype).broadcast_to(ty.shape.clone()));
        }
        let (mut square, mut left) = (if n < 0 { inv(a) } else { a }, n.unsigned_abs());
        let mut power: Option<Val> = None;
        loop {
            if left % 2 == 1 {
                power = Some(power.map_or(square, |power| power.matmul(square)));
            }
            left /= 2;
            if left == 0 {
                break;
            }
            square = square.matmul(square);
        }
        Ok(power.unwrap_or(square))
    })
}

/// The product of several matrices in the order of fewest multiplications; the first and the last may be vectors.
///
/// ```
/// use gradus::{Array, Val, jit, linalg};
/// let f = jit(|x: &Val, y: &Val| linalg::multi_dot(&[*x, *y, *x]));
/// let z = f(&Array::from([[1.0f32, 2.0]]), &Array::from([[3.0f32], [4.0]]))?;
/// assert_eq!(z, Array::from([[11.0f32, 22.0]]));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn multi_dot(all: &[Val]) -> Val {
    Val::derive("multi_dot", all, |known| {
        let n = known.len();
        let types: Vec<&Type> = known.iter().map(|k| &k.ty).collect();
        if n < 2 {
            return Err(ErrorKind::invalid("takes two matrices at least"));
        }
        for (i, ty) in types.iter().enumerate() {
            let fits = ty.rank() == 2 || ty.rank() == 1 && (i == 0 || i == n - 1);
            if !fits {
                let message =
                    format!("operand {i} is {ty}; give matrices, the first and the last may be vectors");
                return Err(ErrorKind::invalid(message));
            }
        }
        let rows = |i: usize| if types[i].rank() == 2 || i > 0 { types[i].shape.dim(0) } else { 1 };
        let columns = |i: usize| {
            if types[i].rank() == 2 {
                types[i].shape.dim(1)
            } else if i == 0 {
                types[i].shape.dim(0)
            } else {
                1
            }
        };
        if let Some(i) = (1..n).find(|i| columns(i - 1) != rows(*i)) {
            let (lhs, rhs) = (&types[i - 1].shape, &types[i].shape);
            let message = format!("operands {} and {i} of shapes {lhs} and {rhs} do not contract", i - 1);
            return Err(ErrorKind::invalid(message));
        }
        let extents: Vec<usize> = (0..n).map(rows).chain([columns(n - 1)]).collect();
        Ok(product_of(all, &cheapest_splits(&extents), 0, n - 1))
    })
}

/// For every run of factors the place where to part it: the algorithm of Cormen, Leiserson, Rivest and Stein.
fn cheapest_splits(extents: &[usize]) -> Vec<Vec<usize>> {
    let n = extents.len() - 1;
    let (mut cost, mut split) = (vec![vec![0u128; n]; n], vec![vec![0; n]; n]);
    for length in 2..=n {
        for i in 0..=n - length {
            let j = i + length - 1;
            let price = |k: usize| {
                let product = extents[i] as u128 * extents[k + 1] as u128 * extents[j + 1] as u128;
                cost[i][k].saturating_add(cost[k + 1][j]).saturating_add(product)
            };
            let best = (i..j).min_by_key(|k| price(*k)).expect("internal: two factors");
            (cost[i][j], split[i][j]) = (price(best), best);
        }
    }
    split
}

#[track_caller]
fn product_of(all: &[Val], split: &[Vec<usize>], i: usize, j: usize) -> Val {
    if i == j {
        return all[i];
    }
    let k = split[i][j];
    product_of(all, split, i, k).dot(product_of(all, split, k + 1, j))
}

/// The matrices along the diagonal of a larger one, zeros elsewhere; a vector stands for a row, a scalar for
/// one element.
///
/// ```
/// use gradus::{Array, Val, jit, linalg};
/// let y = jit(|x: &Val| linalg::block_diag(&[*x, *x]))(&Array::from([[1.0f32, 2.0]]))?;
/// assert_eq!(y, Array::from([[1.0f32, 2.0, 0.0, 0.0], [0.0, 0.0, 1.0, 2.0]]));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn block_diag(blocks: &[Val]) -> Val {
    Val::derive("block_diag", blocks, |known| {
        if known.is_empty() {
            return Ok(crate::zeros([1, 0], Dtype::F32));
        }
        if let Some(k) = known.iter().find(|k| k.ty.rank() > 2) {
            return Err(ErrorKind::invalid(format!("takes matrices, not {}", k.ty)));
        }
        let tall = |(block, k): (&Val, &crate::val::Known)| match k.ty.rank() {
            0 => block.reshape([1, 1]),
            1 => block.expand_dims(0),
            _ => *block,
        };
        let blocks: Vec<Val> = blocks.iter().zip(known).map(tall).collect();
        let total = blocks.iter().fold(0usize, |sum, block| sum.saturating_add(block.shape()[1]));
        let mut before = 0;
        let rows: Vec<Val> = blocks
            .iter()
            .map(|block| {
                let columns = block.shape()[1];
                let behind = total.saturating_sub(before).saturating_sub(columns);
                let padded = block.pad([(0, 0), (before as i64, behind as i64)], 0);
                before = before.saturating_add(columns);
                padded
            })
            .collect();
        Ok(concatenate(rows, 0))
    })
}

/// The square root of positive semidefinite matrices: the one that is positive semidefinite itself. (A + Aᴴ) / 2 is
/// taken, and eigenvalues below zero give NaN. Derivatives are those of the root, whatever eigenvalues are equal, up to
/// the third; where an eigenvalue is 0 there are none.
///
/// ```
/// use gradus::{Array, Val, jit, linalg};
/// let y = jit(|a: &Val| linalg::sqrtm(a))(&Array::from([[4.0f32, 0.0], [0.0, 9.0]]))?;
/// assert_eq!(y, Array::from([[2.0f32, 0.0], [0.0, 3.0]]));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn sqrtm(a: impl Into<Val>) -> Val {
    let a = square("sqrtm", a.into());
    Val::derive("sqrtm", &[a], |_| Ok(hermitian_root((a + adjoint(a)) / 2.0, 3)))
}

/// The root of Hermitian matrices, with so many derivatives by S · dS + dS · S = dA.
#[track_caller]
fn hermitian_root(a: Val, orders: usize) -> Val {
    let value = |a: Val| {
        let (w, v) = eigh(a);
        (v * w.sqrt().expand_dims(-2)).matmul(adjoint(v))
    };
    if orders == 0 {
        return value(a);
    }
    custom_jvp(a, value, move |a, da| {
        let root = hermitian_root(a, orders - 1);
        (root, solve_anticommutator(root, da))
    })
}

/// X of S · X + X · S = B, for positive definite S.
#[track_caller]
pub(super) fn solve_anticommutator(s: Val, b: Val) -> Val {
    let by_vectors = |s: Val, b: Val| {
        let (w, v) = eigh(s);
        let turned = adjoint(v).matmul(b).matmul(v);
        v.matmul(turned / (w.expand_dims(-1) + w.expand_dims(-2))).matmul(adjoint(v))
    };
    let transposed = |_: &dyn Fn(&Val) -> Val, b: Val| by_vectors(s.matrix_transpose(), b);
    custom_linear_solve(
        b,
        |x: &Val| s.matmul(x) + x.matmul(s),
        |_, b| by_vectors(s, b),
        TransposeSolve::By(&transposed),
    )
}

/// Coefficients of the diagonal approximations of Padé to the exponential, the constant first: Higham, "The scaling and
/// squaring method for the matrix exponential revisited" (2005).
const PADE: [&[f64]; 5] = [
    &[120.0, 60.0, 12.0, 1.0],
    &[30240.0, 15120.0, 3360.0, 420.0, 30.0, 1.0],
    &[17_297_280.0, 8_648_640.0, 1_995_840.0, 277_200.0, 25_200.0, 1512.0, 56.0, 1.0],
    &[
        17_643_225_600.0,
        8_821_612_800.0,
        2_075_673_600.0,
        302_702_400.0,
        30_270_240.0,
        2_162_160.0,
        110_880.0,
        3960.0,
        90.0,
        1.0,
    ],
    &[
        64_764_752_532_480_000.0,
        32_382_376_266_240_000.0,
        7_771_770_303_897_600.0,
        1_187_353_796_428_800.0,
        129_060_195_264_000.0,
        10_559_470_521_600.0,
        670_442_572_800.0,
        33_522_128_640.0,
        1_323_241_920.0,
        40_840_800.0,
        960_960.0,
        16_380.0,
        182.0,
        1.0,
    ],
];

/// More squarings than these give NaN, as in JAX.
const MOST_SQUARINGS: usize = 16;

/// The exponentials of square matrices `[.., n, n]`, by scaling, an approximation of Padé, and squaring.
///
/// ```
/// use gradus::{Array, Val, jit, linalg};
/// let y = jit(|a: &Val| linalg::expm(a))(&Array::from([[0.0f32, 1.0], [0.0, 0.0]]))?;
/// assert_eq!(y, Array::from([[1.0f32, 1.0], [0.0, 1.0]]));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn expm(a: impl Into<Val>) -> Val {
    let a = square("expm", a.into());
    Val::derive("expm", &[a], |known| {
        let ty = &known[0].ty;
        if ty.shape.size() == 0 {
            return Ok(a);
        }
        let single = ty.dtype.real() != Dtype::F64;
        // The approximation of the highest degree that the element type needs is good up to this norm.
        let (coefficients, largest) =
            if single { (PADE[2], 3.925_724_783_138_66) } else { (PADE[4], 5.371_920_351_148_152) };
        let size = crate::stop_gradient(&norm_ord(a, 1, [-2, -1]));
        let squarings = (size / largest).log2().floor().max(0.0);
        let wide = |x: Val| x.expand_dims([-1, -2]);
        let scaled = a / wide(squarings.exp2());
        let mut y = pade(scaled, coefficients);
        for i in 0..MOST_SQUARINGS {
            // What is not chosen stays finite: a zero cotangent times an infinite one is NaN.
            let more = wide(squarings.gt(i as i64));
            let base = where_(more, y, 0.0);
            y = where_(more, base.matmul(base), y);
        }
        Ok(where_(wide(squarings.gt(MOST_SQUARINGS)), f64::NAN, y))
    })
}

/// (V - U)⁻¹ · (V + U), where U holds the odd and V the even powers.
#[track_caller]
fn pade(a: Val, coefficients: &[f64]) -> Val {
    let (n, _) = extents(&a.ty());
    let unit = eye_of([n, n], 0, a.dtype());
    let squared = a.matmul(a);
    let mut powers = vec![unit, squared];
    while powers.len() < coefficients.len() / 2 {
        powers.push(powers[powers.len() - 1].matmul(squared));
    }
    let sum = |first: usize| {
        let terms = powers.iter().enumerate().map(|(k, power)| *power * coefficients[2 * k + first]);
        terms.reduce(|x, y| x + y).expect("internal: a term")
    };
    let (u, v) = (a.matmul(sum(1)), sum(0));
    solve(v - u, v + u)
}

/// The exponential of A, and its derivative in the direction E: matrices `[.., n, n]` of the same shape.
///
/// ```
/// use gradus::{Array, Val, jit, linalg};
/// let f = jit(|a: &Val, e: &Val| linalg::expm_frechet(a, e).1);
/// let y = f(&Array::from([[0.0f32, 1.0], [0.0, 0.0]]), &Array::from([[1.0f32, 0.0], [0.0, 1.0]]))?;
/// assert!((y.to_vec::<f32>()?[1] - 1.0).abs() < 1e-6);
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn expm_frechet(a: impl Into<Val>, e: impl Into<Val>) -> (Val, Val) {
    let (a, e) = (square("expm_frechet", a.into()), square("expm_frechet", e.into()));
    let both = |pick: fn((Val, Val)) -> Val| {
        Val::derive("expm_frechet", &[a, e], |known| match known[0].ty == known[1].ty {
            true => Ok(pick(crate::jvp(|a: &Val| expm(*a), &a, &e))),
            false => {
                let message = format!("{} and {} are of different types", known[0].ty, known[1].ty);
                Err(ErrorKind::invalid(message))
            }
        })
    };
    (both(|(value, _)| value), both(|(_, derivative)| derivative))
}
