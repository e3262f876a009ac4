//! Products whose rows choose their matrix by group.

use crate::val::promote::promote_all;
use crate::val::{Val, iota, strict};
use crate::{Dtype, ErrorKind};
use gradus_ir::ops::contract::DotDims;

impl Val {
    /// The products of consecutive groups of rows with a matrix for each group: `[n, k]` and `[g, k, m]` give `[n, m]`.
    /// `group_sizes`, g integers, says how many rows each group has; rows behind the last group give zeros.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let f = jit(|x: &Val, w: &Val, sizes: &Val| x.ragged_dot(w.reshape([2, 1, 1]), sizes));
    /// let (x, w) = (Array::from([[1.0f32], [2.0], [3.0]]), Array::from([10.0f32, 100.0]));
    /// assert_eq!(f(&x, &w, &Array::from([1, 2]))?.to_vec::<f32>()?, [10.0, 200.0, 300.0]);
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn ragged_dot(self, matrices: impl Into<Val>, group_sizes: impl Into<Val>) -> Val {
        let (matrices, sizes) = (matrices.into(), group_sizes.into());
        Val::derive("ragged_dot", &[self, matrices, sizes], |known| {
            let (x, w, g) = (&known[0].ty, &known[1].ty, &known[2].ty);
            let fits = x.rank() == 2
                && w.rank() == 3
                && g.rank() == 1
                && x.shape.dim(1) == w.shape.dim(1)
                && g.shape.dim(0) == w.shape.dim(0);
            if !fits || !g.dtype.is_integer() {
                return Err(ErrorKind::invalid(format!(
                    "{x}, {w} and group sizes {g} do not fit; give [n, k], [g, k, m] and g integers"
                )));
            }
            let dtype = promote_all(&known[..2]).dtype;
            let (rows, groups, inner) = (x.shape.dim(0), w.shape.dim(0), x.shape.dim(1));
            // Row i belongs to group j if end(j) - size(j) <= i < end(j). A narrow type may not hold the sums.
            let wide = Dtype::of_index(rows);
            let dtype_of_sums = if g.dtype.size_bytes() < wide.size_bytes() { wide } else { g.dtype };
            let sizes = sizes.astype(dtype_of_sums);
            let ends = sizes.cumsum(0);
            let row = iota(dtype_of_sums, [rows, groups], 0);
            let inside = row.lt(ends) & row.ge(ends - sizes);
            let lhs = Val::from_ir(strict::convert_literal(self, dtype));
            let spread = crate::val::where_(inside.expand_dims(2), lhs.expand_dims(1), 0);
            let spread = spread.ir().reshape([rows, groups * inner]);
            let stacked = strict::convert_literal(matrices, dtype).reshape([groups * inner, w.shape.dim(2)]);
            Ok(Val::from_ir(spread.dot_general(stacked, DotDims::contracting(&[1], &[0]))))
        })
    }
}
