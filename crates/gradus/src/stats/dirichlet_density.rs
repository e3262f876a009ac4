//! The Dirichlet distribution, whose sample is a point of a simplex.

/// The Dirichlet distribution.
pub mod dirichlet {
    use crate::val::promote::Promoted;
    use crate::{ErrorKind, Val, concatenate, special, where_};

    /// The logarithm of the density at `x`, whose first axis holds the coordinates, all of them or all but the last;
    /// `alpha` is of one axis. -∞ where a coordinate is negative or their sum is
    /// not 1.
    ///
    /// # Errors
    /// If `alpha` is not of one axis, or the first axis of `x` does not fit it.
    #[track_caller]
    pub fn logpdf(x: impl Into<Val>, alpha: impl Into<Val>) -> Val {
        density("dirichlet.logpdf", x.into(), alpha.into(), f64::NEG_INFINITY, |x, weights, normalizer| {
            special::xlogy(weights, x).sum_axes(0) - normalizer
        })
    }

    /// The density.
    #[track_caller]
    pub fn pdf(x: impl Into<Val>, alpha: impl Into<Val>) -> Val {
        density("dirichlet.pdf", x.into(), alpha.into(), 0.0, |x, weights, normalizer| {
            special::product_of_powers(x, weights, -normalizer, 0)
        })
    }

    /// `of` coordinates, exponents in the shape of a column, and the logarithm of what norms; `outside` off the
    /// simplex.
    #[track_caller]
    fn density(op: &'static str, x: Val, alpha: Val, outside: f64, of: fn(Val, Val, Val) -> Val) -> Val {
        Val::derive(op, &[x, alpha], |known| {
            let met = crate::val::promote::promote_all(known);
            let Promoted { dtype, .. } = met.inexact();
            let (x_ty, alpha_ty) = (&known[0].ty, &known[1].ty);
            let n = if alpha_ty.rank() == 1 { alpha_ty.shape.dim(0) } else { 0 };
            let given = if x_ty.rank() > 0 { x_ty.shape.dim(0) } else { 0 };
            if n == 0 || (given != n && given + 1 != n) {
                return Err(ErrorKind::invalid(format!(
                    "alpha is {alpha_ty} and x is {x_ty}; alpha needs one axis, and the first axis of x its extent or \
                     one less"
                )));
            }
            let (x, alpha) = (x.astype(dtype), alpha.astype(dtype));
            let x = if given == n {
                x
            } else {
                let rest = 1.0 - x.sum_axes(0).expand_dims(0);
                concatenate([x, rest], 0)
            };
            let on_simplex = x.ge(0).all_axes(0) & (x.sum_axes(0) - 1.0).abs().lt(1e-6);
            let inside = where_(on_simplex.expand_dims(0), x, 0.5);
            let mut column = vec![1; x_ty.rank()];
            column[0] = n;
            let normalizer = alpha.lgamma().sum() - alpha.sum().lgamma();
            Ok(where_(on_simplex, of(inside, alpha.reshape(column) - 1.0, normalizer), outside))
        })
    }
}
