//! Images made larger: between pixels, and out of features.

use gradus::{Antialias, ResizeMethod, Val, as_operation, refuse};

use super::shape::spatial_axes;

/// Space larger by whole factors: `[.., h, w, c] -> [.., a h, b w, c]` for `[a, b]`.
///
/// [`ResizeMethod::Nearest`] repeats each element; [`ResizeMethod::Linear`] lies between pixels' centres, as PyTorch's
/// `align_corners=False`. For sizes that are no multiples there is [`Val::resize`].
///
/// # Errors
/// The enclosing `jit` returns `Err` if `x` has too few axes, or a factor is 0.
///
/// ```
/// use gradus::{Array, ResizeMethod, Val, jit};
/// use gradus_nn::upsample;
/// let twice = |x: &Val, method| upsample(&x.reshape([2, 1]), [2], method).ravel();
/// let f = jit(move |x: &Val| (twice(x, ResizeMethod::Nearest), twice(x, ResizeMethod::Linear)));
/// let (nearest, linear) = f(&Array::from([0.0f32, 4.0]))?;
/// assert_eq!(nearest, Array::from([0.0f32, 0.0, 4.0, 4.0]));
/// assert_eq!(linear, Array::from([0.0f32, 1.0, 3.0, 4.0]));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn upsample(x: &Val, factors: impl AsRef<[usize]>, method: ResizeMethod) -> Val {
    let factors = factors.as_ref();
    as_operation("upsample", || {
        let mut shape = x.shape();
        if shape.len() <= factors.len() || factors.contains(&0) {
            let message = format!(
                "an input {} and factors {factors:?}; give a factor of at least 1 for each axis between batch and \
                 features",
                x.ty()
            );
            return refuse("upsample", message);
        }
        let axes = spatial_axes(shape.len(), factors.len());
        if method == ResizeMethod::Nearest {
            return axes.iter().zip(factors).fold(*x, |x, (axis, factor)| x.repeat(*factor, *axis));
        }
        axes.iter().zip(factors).for_each(|(axis, factor)| shape[*axis] *= factor);
        x.resize_with(shape, method, Antialias::No)
    })
}

/// Space out of features (Shi et al., 2016): `[.., h, w, c · r²] -> [.., h · r, w · r, c]`.
///
/// Feature `c · r² + i · r + j` is that of row `i` and column `j`, as in PyTorch.
///
/// # Errors
/// The enclosing `jit` returns `Err` if the features are not a multiple of `r²`.
///
/// ```
/// use gradus::{Array, Val, jit};
/// use gradus_nn::pixel_shuffle;
/// let y = jit(|x: &Val| pixel_shuffle(&x.reshape([1, 1, 4]), 2))(&Array::from([1.0f32, 2.0, 3.0, 4.0]))?;
/// assert_eq!((y.shape(), y.to_vec::<f32>()?), (vec![2, 2, 1], vec![1.0, 2.0, 3.0, 4.0]));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn pixel_shuffle(x: &Val, r: usize) -> Val {
    as_operation("pixel_shuffle", || match x.shape()[..] {
        [ref leading @ .., h, w, c] if r > 0 && c % (r * r) == 0 => {
            let b = leading.iter().product();
            let apart = x.reshape([b, h, w, c / (r * r), r, r]).permute_dims([0, 1, 4, 2, 5, 3]);
            apart.reshape([leading, &[h * r, w * r, c / (r * r)]].concat())
        }
        _ => {
            let message =
                format!("an input {} and a factor {r}; give images whose features divide by r²", x.ty());
            refuse("pixel_shuffle", message)
        }
    })
}

/// Features out of space: `[.., h · r, w · r, c] -> [.., h, w, c · r²]`, what [`pixel_shuffle`] turns back.
///
/// # Errors
/// The enclosing `jit` returns `Err` if height or width are not a multiple of `r`.
#[track_caller]
pub fn pixel_unshuffle(x: &Val, r: usize) -> Val {
    as_operation("pixel_unshuffle", || match x.shape()[..] {
        [ref leading @ .., h, w, c] if r > 0 && h % r == 0 && w % r == 0 => {
            let b = leading.iter().product();
            let apart = x.reshape([b, h / r, r, w / r, r, c]).permute_dims([0, 1, 3, 5, 2, 4]);
            apart.reshape([leading, &[h / r, w / r, c * r * r]].concat())
        }
        _ => {
            let message =
                format!("an input {} and a factor {r}; give images whose extents divide by r", x.ty());
            refuse("pixel_unshuffle", message)
        }
    })
}
