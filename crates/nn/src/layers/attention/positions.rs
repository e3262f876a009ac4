//! How attention knows of positions: rotations of queries and keys, or biases by distance; and waves to add.

use gradus::{Array, Dtype, Val, as_operation, concatenate, refuse, stack};

use super::core::wide;

/// How an attention layer knows of positions.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Positions {
    /// Not at all: `x` tells, or nobody needs to know.
    #[default]
    None,
    /// By rotations of queries and keys.
    Rotary(Rotary),
    /// By a bias that falls with the distance of a key, another slope for each head (Press et al., 2021,
    /// arXiv:2108.12409).
    Alibi,
}

impl Positions {
    /// `[.., time, heads, size]` with the first position `offset`, rotated if they are.
    #[track_caller]
    pub(super) fn rotated(&self, x: Val, offset: impl Into<Val>) -> Val {
        match self {
            Positions::Rotary(rotary) => rotary.apply(&x, offset),
            _ => x,
        }
    }
    /// What is added to scores of queries and keys in these places, `[heads, time, span]`.
    #[track_caller]
    pub(super) fn bias(&self, heads: usize, queries: Val, keys: Val, dtype: Dtype) -> Option<Val> {
        if *self != Positions::Alibi {
            return None;
        }
        let distance = (queries.expand_dims(1) - keys).abs().astype(wide(dtype));
        let slopes = Val::from(&Array::from(alibi_slopes(heads))).astype(wide(dtype));
        Some(-slopes.expand_dims([1, 2]) * distance)
    }
}

/// The slopes of ALiBi's biases: `2^(−8 i / n)` for the `i`-th of `n` heads, from 1; between them, if `n` is no power
/// of two, every other slope of twice the heads follows.
///
/// ```
/// assert_eq!(gradus_nn::alibi_slopes(2), [0.0625, 0.00390625]);
/// ```
pub fn alibi_slopes(heads: usize) -> Vec<f64> {
    let slopes = |n: usize| (1..=n).map(move |i| (-8.0 * i as f64 / n as f64).exp2());
    let power = heads.checked_ilog2().map_or(0, |bits| 1 << bits);
    slopes(power).chain(slopes(2 * power).step_by(2)).take(heads).collect()
}

/// Which elements of a head are turned together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RotaryForm {
    /// The `i`-th of the first half and the `i`-th of the second, as GPT-NeoX and Llama in Hugging Face's form.
    #[default]
    Halves,
    /// Neighbours, `2 i` and `2 i + 1`, as the paper and GPT-J.
    Interleaved,
}

/// Rotary positions: pairs of elements are turned by the position times `base^(−2 i / dims)` (Su et al., 2021,
/// arXiv:2104.09864), so that scores depend on distances alone.
///
/// ```
/// use gradus::{Array, Val, jit};
/// use gradus_nn::Rotary;
/// // One head of two elements at the positions 0 and 1: turned by 0 and by 1.
/// let y = jit(|x: &Val| Rotary::new().apply(x, 0))(&Array::new([2, 1, 2], [1.0f32, 0.0, 1.0, 0.0])?)?;
/// let expected = [1.0, 0.0, 1f64.cos(), 1f64.sin()];
/// assert!(y.to_f64_vec().iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-6));
/// # Ok::<(), gradus::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rotary {
    /// The longest wave has `2 π base` positions, about.
    pub base: f64,
    /// How many elements of each head are turned, from the first; all, if `None`.
    pub dims: Option<usize>,
    /// Which of them are turned together.
    pub form: RotaryForm,
}

impl Default for Rotary {
    fn default() -> Rotary {
        Rotary { base: 10_000.0, dims: None, form: RotaryForm::Halves }
    }
}

impl Rotary {
    /// All elements by halves, with the base 10000.
    pub fn new() -> Rotary {
        Rotary::default()
    }
    /// The same with another base.
    pub fn with_base(self, base: f64) -> Rotary {
        Rotary { base, ..self }
    }
    /// The same for the first `dims` elements of each head.
    pub fn with_dims(self, dims: usize) -> Rotary {
        Rotary { dims: Some(dims), ..self }
    }
    /// The same with neighbours turned together.
    pub fn interleaved(self) -> Rotary {
        Rotary { form: RotaryForm::Interleaved, ..self }
    }

    /// `x` `[.., time, heads, size]`, turned by positions from `offset` on.
    ///
    /// Angles are computed in `f32`, or in `f64` for such an `x`.
    ///
    /// # Errors
    /// If the number of turned elements is odd or larger than the size of a head.
    #[track_caller]
    pub fn apply(&self, x: &Val, offset: impl Into<Val>) -> Val {
        let offset = offset.into();
        as_operation("Rotary", || {
            let shape = x.shape();
            let Some([time, _, size]) = shape.last_chunk::<3>() else {
                return refuse("Rotary", format!("x is {}, expected [.., time, heads, size]", x.ty()));
            };
            let dims = self.dims.unwrap_or(*size);
            if !dims.is_multiple_of(2) || dims > *size {
                let message =
                    format!("{dims} elements are turned in heads of {size}; use an even number of them");
                return refuse("Rotary", message);
            }
            if dims == 0 {
                return *x;
            }
            let dtype = wide(x.dtype());
            let rates = (0..dims / 2).map(|i| self.base.powf(-2.0 * i as f64 / dims as f64));
            let rates = Val::from(&Array::from(rates.collect::<Vec<f64>>())).astype(dtype);
            // [time, 1, dims / 2]
            let angles = places(*time, offset, dtype).expand_dims([1, 2]) * rates;
            let parts = x.split_sizes(&[dims, size - dims], -1);
            let turned = self.turn(parts[0].astype(dtype), angles.cos(), angles.sin()).astype(x.dtype());
            if dims == *size { turned } else { concatenate([turned, parts[1]], -1) }
        })
    }
    /// `(a cos − b sin, b cos + a sin)` of each pair.
    #[track_caller]
    fn turn(&self, x: Val, cos: Val, sin: Val) -> Val {
        let shape = x.shape();
        match self.form {
            RotaryForm::Halves => {
                let halves = x.split(2, -1);
                let (a, b) = (halves[0], halves[1]);
                concatenate([a * cos - b * sin, b * cos + a * sin], -1)
            }
            RotaryForm::Interleaved => {
                let pairs = x.reshape([&shape[..shape.len() - 1], &[shape[shape.len() - 1] / 2, 2]].concat());
                let parts = pairs.unstack(-1);
                let (a, b) = (parts[0], parts[1]);
                stack([a * cos - b * sin, b * cos + a * sin], -1).reshape(shape)
            }
        }
    }
}

/// The positions from `offset` on, as floats.
#[track_caller]
fn places(time: usize, offset: Val, dtype: Dtype) -> Val {
    (gradus::arange(time) + offset).astype(dtype)
}

/// Waves that tell positions, from `offset` on: `[time, width]` in `f32`, to be added to what stands there.
///
/// The first half are sines, the second cosines of the position times `10000^(−2 i / width)` (Vaswani et al., 2017;
/// there they alternate, which any layer behind undoes).
///
/// ```
/// use gradus::{Array, Val, jit};
/// let waves = jit(|at: &Val| gradus_nn::sinusoidal_positions(2, 4, at))(&Array::from(0i32))?;
/// assert_eq!(waves.to_vec::<f32>()?[..4], [0.0, 0.0, 1.0, 1.0]);
/// # Ok::<(), gradus::Error>(())
/// ```
///
/// # Errors
/// If `width` is odd.
#[track_caller]
pub fn sinusoidal_positions(time: usize, width: usize, offset: impl Into<Val>) -> Val {
    let offset = offset.into();
    as_operation("sinusoidal_positions", || {
        if !width.is_multiple_of(2) {
            return refuse(
                "sinusoidal_positions",
                format!("a width of {width} has no two halves; use an even one"),
            );
        }
        let rates = (0..width / 2).map(|i| 10_000f64.powf(-2.0 * i as f64 / width as f64));
        let rates = Val::from(&Array::from(rates.collect::<Vec<f64>>())).astype(Dtype::F32);
        let angles = places(time, offset, Dtype::F32).expand_dims(1) * rates;
        concatenate([angles.sin(), angles.cos()], -1)
    })
}
