//! Reductions of windows, and pooling.

use crate::val::signal::window_padding::{Padding, dilated, or_ones};
use crate::val::{Known, Val, strict};
use crate::{Dtype, ErrorKind, Shape, Type};
use gradus_ir::ops::monoid::Monoid;
use gradus_ir::ops::window as ir;
use std::sync::Arc;

/// Windows over an array: an entry for each axis. Empty lists stand for ones.
///
/// ```
/// use gradus::{Padding, Window};
/// let pairs = Window { strides: vec![1, 2], padding: Padding::Same, ..Window::new([1, 2]) };
/// # let _ = pairs;
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    /// Elements of a window along each axis.
    pub dims: Vec<usize>,
    /// From one window to the next.
    pub strides: Vec<usize>,
    /// What stands around the array: what changes nothing in the reduction.
    pub padding: Padding,
    /// Distance of neighbours of the array.
    pub base_dilation: Vec<usize>,
    /// Distance of neighbours in a window.
    pub window_dilation: Vec<usize>,
}

impl Window {
    /// Windows of these extents at every place where one fits.
    pub fn new(dims: impl AsRef<[usize]>) -> Window {
        Window {
            dims: dims.as_ref().to_vec(),
            strides: vec![],
            padding: Padding::Valid,
            base_dilation: vec![],
            window_dilation: vec![],
        }
    }
    fn resolve(&self, x: &Type) -> Result<ir::Window, ErrorKind> {
        let n = x.rank();
        if self.dims.len() != n {
            let message =
                format!("windows {:?} do not fit {x}; give an extent for each of the {n} axes", self.dims);
            return Err(ErrorKind::invalid(message));
        }
        let strides = or_ones(&self.strides, n, "strides")?;
        let base_dilation = or_ones(&self.base_dilation, n, "base dilations")?;
        let window_dilation = or_ones(&self.window_dilation, n, "window dilations")?;
        let windows: Vec<usize> =
            self.dims.iter().zip(&window_dilation).map(|(n, dilation)| dilated(*n, *dilation)).collect();
        let (low, high): (Vec<i64>, Vec<i64>) =
            self.padding.amounts(&x.shape.dims(), &windows, &strides)?.into_iter().unzip();
        Ok(ir::Window {
            dims: self.dims.clone().into(),
            strides: strides.into(),
            low: low.into(),
            high: high.into(),
            base_dilation: base_dilation.into(),
            window_dilation: window_dilation.into(),
        })
    }
}

/// Pooling over the spatial axes of `[.., spatial.., features]`; any leading axes are the batch.
///
/// ```
/// use gradus::{Array, Pool, Val, jit};
/// let y = jit(|x: &Val| x.max_pool(&Pool::new([2, 2])))(&Array::full([1, 6, 6, 3], 1.0f32))?;
/// assert_eq!(y.shape(), [1, 3, 3, 3]);
/// # Ok::<(), gradus::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pool {
    /// Elements of a window along each spatial axis.
    pub window: Vec<usize>,
    /// From one window to the next; the window's extents if empty, so that windows lie side by side.
    pub strides: Vec<usize>,
    /// What stands around the image.
    pub padding: Padding,
    /// Distance of neighbours in a window, along each spatial axis; ones if empty.
    pub dilation: Vec<usize>,
    /// Whether a mean counts the padding, as zeros.
    pub count_include_pad: bool,
}

impl Pool {
    /// Windows of these extents side by side, without padding.
    pub fn new(window: impl AsRef<[usize]>) -> Pool {
        Pool {
            window: window.as_ref().to_vec(),
            strides: vec![],
            padding: Padding::Valid,
            dilation: vec![],
            count_include_pad: false,
        }
    }
    fn over(&self, x: &Type) -> Result<Window, ErrorKind> {
        let Some(leading) = x.rank().checked_sub(self.window.len() + 1) else {
            let message = format!(
                "windows {:?} do not fit {x}; give an extent for each axis between batch and features",
                self.window
            );
            return Err(ErrorKind::invalid(message));
        };
        let n = self.window.len();
        for (given, what) in [(&self.strides, "strides"), (&self.dilation, "dilations")] {
            if ![0, n].contains(&given.len()) {
                let message = format!("{} {what} {given:?} for windows {:?}", given.len(), self.window);
                return Err(ErrorKind::invalid(format!("{message}; give one for each axis, or none")));
            }
        }
        let around = |list: &[usize]| [&vec![1; leading][..], list, &[1]].concat();
        let strides = if self.strides.is_empty() { &self.window } else { &self.strides };
        let padding = match &self.padding {
            Padding::Explicit(pairs) if pairs.len() != n => {
                let message = format!("{} pairs of padding for windows {:?}", pairs.len(), self.window);
                return Err(ErrorKind::invalid(format!(
                    "{message}; give one `(before, behind)` for each axis"
                )));
            }
            Padding::Explicit(pairs) => {
                Padding::Explicit([&vec![(0, 0); leading][..], &pairs[..], &[(0, 0)]].concat())
            }
            other => other.clone(),
        };
        let window_dilation = if self.dilation.is_empty() { vec![] } else { around(&self.dilation) };
        let window = Window::new(around(&self.window));
        Ok(Window { strides: around(strides), padding, window_dilation, ..window })
    }
}

/// The literal that changes nothing in the combination, if that is what `init` is.
fn is_identity(init: Val, monoid: Monoid, dtype: Dtype) -> bool {
    let float = |x: f64| init.is_number(x);
    let integer = |n: i64| init.integer_literal() == Some(n) || init.is_number(n as f64);
    match monoid {
        Monoid::Sum => integer(0),
        Monoid::Prod => integer(1),
        Monoid::Max => dtype.is_float() && float(f64::NEG_INFINITY),
        Monoid::Min => dtype.is_float() && float(f64::INFINITY),
        _ => false,
    }
}

impl Val {
    #[track_caller]
    fn windowed(self, op: &'static str, window: &Window, monoid: Monoid) -> Val {
        Val::derive(op, &[self], |known| {
            let ty = &known[0].ty;
            let window = window.resolve(ty)?;
            // The sum and the product of truth values are numbers.
            let x = match (ty.dtype, monoid) {
                (Dtype::Bool, Monoid::Sum) => {
                    strict::convert(self.ir(), Dtype::of_index(Shape::from(&window.dims[..]).size()))
                }
                (Dtype::Bool, Monoid::Prod) => strict::convert(self.ir(), Dtype::I32),
                _ => self.ir(),
            };
            Ok(Val::from_ir(x.reduce_window(monoid, &window)).with_weak(known[0].weak))
        })
    }
    /// The sum of every window.
    ///
    /// ```
    /// use gradus::{Array, Val, Window, jit};
    /// let y = jit(|x: &Val| x.window_sum(&Window::new([2])))(&Array::from([1.0f32, 2.0, 4.0]))?;
    /// assert_eq!(y.to_vec::<f32>()?, [3.0, 6.0]);
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn window_sum(self, window: &Window) -> Val {
        self.windowed("window_sum", window, Monoid::Sum)
    }
    /// The product of every window.
    ///
    /// ```
    /// use gradus::{Array, Val, Window, jit};
    /// let y = jit(|x: &Val| x.window_prod(&Window::new([2])))(&Array::from([1i32, 2, 3]))?;
    /// assert_eq!(y, Array::from([2i32, 6]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn window_prod(self, window: &Window) -> Val {
        self.windowed("window_prod", window, Monoid::Prod)
    }
    /// The largest element of every window; NaN if there is one.
    ///
    /// ```
    /// use gradus::{Array, Val, Window, jit};
    /// let y = jit(|x: &Val| x.window_max(&Window::new([2])))(&Array::from([1i32, 2, 3]))?;
    /// assert_eq!(y, Array::from([2i32, 3]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn window_max(self, window: &Window) -> Val {
        self.windowed("window_max", window, Monoid::Max)
    }
    /// The smallest element of every window; NaN if there is one.
    ///
    /// ```
    /// use gradus::{Array, Val, Window, jit};
    /// let y = jit(|x: &Val| x.window_min(&Window::new([2])))(&Array::from([1i32, 2, 3]))?;
    /// assert_eq!(y, Array::from([1i32, 2]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn window_min(self, window: &Window) -> Val {
        self.windowed("window_min", window, Monoid::Min)
    }
    /// The elements of every window combined by `f`, from `init`, which also stands in the padding. Sums, products and
    /// extrema from their identity are recognised and have fast derivatives.
    ///
    /// ```
    /// use gradus::{Array, Val, Window, jit};
    /// let f = jit(|x: &Val| x.reduce_window(0.0, &Window::new([2]), |a, b| (a * a + b * b).sqrt()));
    /// let y = f(&Array::from([3.0f32, 4.0, 0.0]))?;
    /// assert_eq!(y.to_vec::<f32>()?, [5.0, 4.0]);
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn reduce_window(
        self,
        init: impl Into<Val>,
        window: &Window,
        f: impl FnOnce(Val, Val) -> Val,
    ) -> Val {
        let init = init.into();
        Val::derive("reduce_window", &[self, init], |known| {
            let ty = &known[0].ty;
            let window = window.resolve(ty)?;
            if known[1].ty.rank() != 0 {
                let message = format!("the initial value is {}, not a scalar; give one element", known[1].ty);
                return Err(ErrorKind::invalid(message));
            }
            let scalar = Type::scalar(ty.dtype);
            let place = gradus_ir::trace::current_place();
            let traced = gradus_ir::trace(place, &[scalar.clone(), scalar.clone()], |x| {
                let combined = f(Val::from_ir(x[0]), Val::from_ir(x[1]));
                vec![strict::convert_literal(combined, scalar.dtype)]
            });
            let traced =
                traced.map_err(|error| ErrorKind::invalid(format!("the combination failed: {error}")))?;
            if !traced.captures.is_empty() {
                let message = "the combination reads a value of the function around it; it may use its two \
                               parameters and numbers only";
                return Err(ErrorKind::invalid(message));
            }
            let body = Arc::new(traced.program);
            if let Some(monoid) = Monoid::of_body(&body).filter(|m| is_identity(init, *m, ty.dtype)) {
                return Ok(Val::from_ir(self.ir().reduce_window(monoid, &window)));
            }
            let init = strict::convert_literal(init, ty.dtype);
            Ok(Val::from_ir(ir::reduce_window(&[self.ir()], &[init], &window, &body)[0]))
        })
    }

    /// The largest element of every window of images `[.., spatial.., features]`.
    ///
    /// ```
    /// use gradus::{Array, Pool, Val, jit};
    /// let apart = Pool { strides: vec![1], dilation: vec![2], ..Pool::new([2]) };
    /// let f = jit(move |x: &Val| x.reshape([-1, 1]).max_pool(&apart).ravel());
    /// assert_eq!(f(&Array::from([1.0f32, 5.0, 2.0, 4.0]))?, Array::from([2.0f32, 5.0]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn max_pool(self, pool: &Pool) -> Val {
        Val::derive("max_pool", &[self], |known| Ok(self.window_max(&pool.over(&known[0].ty)?)))
    }
    /// The smallest element of every window of images `[.., spatial.., features]`.
    #[track_caller]
    pub fn min_pool(self, pool: &Pool) -> Val {
        Val::derive("min_pool", &[self], |known| Ok(self.window_min(&pool.over(&known[0].ty)?)))
    }
    /// The mean of every window of images `[.., spatial.., features]`; of the elements of the image only, unless
    /// the padding counts.
    ///
    /// ```
    /// use gradus::{Array, Padding, Pool, Val, jit};
    /// let pool = Pool { padding: Padding::Same, ..Pool::new([2]) };
    /// let f = jit(move |x: &Val| x.reshape([1, -1, 1]).avg_pool(&pool));
    /// let y = f(&Array::from([1.0f32, 3.0, 5.0]))?;
    /// assert_eq!(y.to_vec::<f32>()?, [2.0, 5.0]);
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn avg_pool(self, pool: &Pool) -> Val {
        Val::derive("avg_pool", &[self], |known| {
            let window = pool.over(&known[0].ty)?;
            let sum = self.window_sum(&window);
            if pool.count_include_pad || pool.padding == Padding::Valid {
                return Ok(sum / Shape::from(&pool.window[..]).size() as f64);
            }
            Ok(sum / sum_of_ones(self, &known[0], &window)?)
        })
    }
}

/// How many elements of `x` stand in every window.
#[track_caller]
fn sum_of_ones(x: Val, known: &Known, window: &Window) -> Result<Val, ErrorKind> {
    Ok(x.ones_like().astype(known.ty.dtype).window_sum(window))
}
