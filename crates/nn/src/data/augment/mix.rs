//! Parts of images taken away, or put together from two examples.

use gradus::{Dtype, Val, arange, as_operation, random, refuse, where_};

use super::{Images, floats};

/// A square of `size` pixels of each example set to 0, its middle anywhere in the image (DeVries and Taylor, 2017).
///
/// # Errors
/// No images.
#[track_caller]
pub fn cutout(key: &Val, x: &Val, size: usize) -> Val {
    as_operation("cutout", || match Images::of("cutout", x) {
        Ok(images) => {
            let [down, right] = random::split_into::<2>(key);
            let begin =
                |key: Val, n: usize| random::randint(key, images.one_each(), 0, n as i64) - (size / 2) as i64;
            let (y, x_) = (begin(down, images.rows), begin(right, images.columns));
            let size = size as i64;
            let cut = inside(&images, [y, x_], [y + size, x_ + size]);
            where_(cut, x.zeros_like(), x)
        }
        Err(refused) => refused,
    })
}

/// Each example as `λ` of itself and `1 - λ` of another of the batch, with λ from Beta(`alpha`, `alpha`): images, and
/// their labels `[batch, ..]` of floats (Zhang et al., 2018).
///
/// # Errors
/// Images without one axis for the batch, labels of integers or of another batch, or no positive `alpha`.
#[track_caller]
pub fn mixup(key: &Val, x: &Val, labels: &Val, alpha: f64) -> (Val, Val) {
    as_operation("mixup", || {
        let images = match pairs("mixup", x, labels, alpha) {
            Ok(images) => images,
            Err(refused) => return (refused, refused),
        };
        let n = images.count();
        let [share, partner] = random::split_into::<2>(key);
        let share = random::beta(share, alpha, alpha, [n]);
        let partner = random::permutation(partner, arange(n));
        (blend(x, &partner, &share), blend(labels, &partner, &share))
    })
}

/// A rectangle of each example taken from another of the batch, labels mixed by its area: of `1 - λ` of the image, λ
/// from Beta(`alpha`, `alpha`), before the image's edge cuts it (Yun et al., 2019).
///
/// # Errors
/// As [`mixup`].
#[track_caller]
pub fn cutmix(key: &Val, x: &Val, labels: &Val, alpha: f64) -> (Val, Val) {
    as_operation("cutmix", || {
        let images = match pairs("cutmix", x, labels, alpha) {
            Ok(images) => images,
            Err(refused) => return (refused, refused),
        };
        let n = images.count();
        let [share, partner, down, right] = random::split_into::<4>(key);
        let side = (1.0 - random::beta(share, alpha, alpha, images.one_each())).sqrt();
        let partner = random::permutation(partner, arange(n));
        let range = |key: Val, extent: usize| {
            let half = (side * extent as f64 / 2.0).floor().astype(Dtype::I32);
            let middle = random::randint(key, images.one_each(), 0, extent as i64).astype(Dtype::I32);
            ((middle - half).max(0), (middle + half).min(extent as i64))
        };
        let ((top, bottom), (left, end)) = (range(down, images.rows), range(right, images.columns));
        let cut = inside(&images, [top, left], [bottom, end]);
        // What is left of the image, exactly: the edge may have cut the rectangle.
        let area = ((bottom - top) * (end - left)).astype(Dtype::F32).reshape([n]);
        let share = 1.0 - area / (images.rows * images.columns) as f64;
        (where_(cut, x.take(partner, 0), x), blend(labels, &partner, &share))
    })
}

/// Which pixels lie from `begin` up to `end`, rows and columns: `[.., rows, columns, 1]`.
#[track_caller]
fn inside(images: &Images, begin: [Val; 2], end: [Val; 2]) -> Val {
    let y = arange(images.rows).reshape([images.rows, 1, 1]);
    let x = arange(images.columns).reshape([images.columns, 1]);
    y.ge(begin[0]) & y.lt(end[0]) & x.ge(begin[1]) & x.lt(end[1])
}

/// `share` of each row of `x`, and the rest of its partner.
#[track_caller]
fn blend(x: &Val, partner: &Val, share: &Val) -> Val {
    let mut shape = vec![1; x.rank()];
    shape[0] = x.shape()[0];
    let share = share.reshape(shape).astype(x.dtype());
    let other = x.take(partner, 0);
    other + share * (x - other)
}

#[track_caller]
fn pairs(op: &'static str, x: &Val, labels: &Val, alpha: f64) -> Result<Images, Val> {
    let images = floats(op, x, None)?;
    if !(alpha > 0.0 && alpha.is_finite()) {
        return Err(refuse(op, format!("alpha is {alpha}, expected a positive number")));
    }
    if images.batch.len() != 1 || labels.shape().first() != images.batch.first() {
        let message = format!(
            "images {} and labels {}; give [n, rows, columns, channels] and [n, ..]",
            x.ty(),
            labels.ty()
        );
        return Err(refuse(op, message));
    }
    if !labels.dtype().is_float() {
        return Err(refuse(op, format!("labels {} cannot be mixed; give `one_hot` of them", labels.ty())));
    }
    Ok(images)
}
