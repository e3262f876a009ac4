//! Activation functions of neural networks, by JAX's formulas (`jax.nn`).

use crate::ErrorKind;
use crate::val::axes::{Integer, IntoAxes};
use crate::val::{Val, where_};
use std::f64::consts::{FRAC_2_PI, SQRT_2};

impl Val {
    /// log of the mean of exponentials along axes, without overflow.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.logmeanexp(0))(&Array::from([2.0f32, 2.0]))?;
    /// assert!((y.item::<f32>()? - 2.0).abs() < 1e-5);
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn logmeanexp(self, axes: impl crate::IntoAxes) -> Val {
        let axes = axes.into_axes();
        self.derive1("logmeanexp", |ty| {
            let (along, _) = axes.resolve(&ty.shape)?;
            let count = ty.shape.extent_of(&along);
            Ok(self.logsumexp_axes(axes.clone()) - (count as f64).ln())
        })
    }
    /// max(x, 0); its slope at 0 is 0.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.relu())(&Array::from([-1.0f32, 2.0]))?;
    /// assert_eq!(y.to_vec::<f32>()?, [0.0, 2.0]);
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn relu(self) -> Val {
        // A choice and not a maximum: the slope of a maximum at equal operands is one half.
        self.activation("relu", |x| where_(x.le(0), 0, x))
    }
    /// min(max(x, 0), 6).
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.relu6())(&Array::from([-1.0f32, 3.0, 9.0]))?;
    /// assert_eq!(y, Array::from([0.0f32, 3.0, 6.0]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn relu6(self) -> Val {
        self.activation("relu6", |x| x.max(0).min(6))
    }
    /// x above zero, `slope` · x below.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.leaky_relu(0.5))(&Array::from([-1.0f32, 3.0]))?;
    /// assert_eq!(y, Array::from([-0.5f32, 3.0]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn leaky_relu(self, slope: impl Into<Val>) -> Val {
        let slope = slope.into();
        Val::derive("leaky_relu", &[self, slope], |_| Ok(where_(self.ge(0), self, slope * self)))
    }
    /// x above zero, `alpha` · (eˣ - 1) below.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.elu(1.0))(&Array::from([0.0f32, 3.0]))?;
    /// assert_eq!(y, Array::from([0.0f32, 3.0]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn elu(self, alpha: impl Into<Val>) -> Val {
        let alpha = alpha.into();
        Val::derive("elu", &[self, alpha], |_| {
            let above = self.gt(0);
            Ok(where_(above, self, alpha * where_(above, 0.0, self).expm1()))
        })
    }
    /// The scaled [`Val::elu`] of self-normalising networks (Klambauer et al. 2017).
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.selu())(&Array::from(1.0f32))?;
    /// assert!((y.item::<f32>()? - 1.050701).abs() < 1e-5);
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn selu(self) -> Val {
        const ALPHA: f64 = 1.673_263_242_354_377_2;
        const SCALE: f64 = 1.050_700_987_355_480_5;
        self.activation("selu", |x| SCALE * x.elu(ALPHA))
    }
    /// max(x, 0) + min(`alpha` · (e^(x/`alpha`) - 1), 0).
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.celu(1.0))(&Array::from([0.0f32, 3.0]))?;
    /// assert_eq!(y, Array::from([0.0f32, 3.0]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn celu(self, alpha: impl Into<Val>) -> Val {
        let alpha = alpha.into();
        Val::derive("celu", &[self, alpha], |_| Ok(self.max(0.0) + alpha * (self.min(0.0) / alpha).expm1()))
    }
    /// x · Φ(x), Φ the distribution function of the normal distribution, by its tanh approximation
    /// (Hendrycks and Gimpel 2016). [`Val::gelu_erf`] is the exact one.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.gelu())(&Array::from([0.0f32]))?;
    /// assert_eq!(y, Array::from([0.0f32]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn gelu(self) -> Val {
        self.activation("gelu", |x| {
            // ½ (1 + tanh u) is the logistic function of 2u, which keeps its digits where tanh u is near -1.
            let inner = 2.0 * FRAC_2_PI.sqrt() * (x + 0.044715 * (x * x * x));
            x * inner.logistic()
        })
    }
    /// x · Φ(x), by the error function.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.gelu_erf())(&Array::from(1.0f32))?;
    /// assert!((y.item::<f32>()? - 0.841345).abs() < 1e-5);
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn gelu_erf(self) -> Val {
        self.activation("gelu_erf", |x| 0.5 * x * (-x / SQRT_2).erfc())
    }
    /// 1 / (1 + e⁻ˣ).
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.sigmoid())(&Array::from([0.0f32]))?;
    /// assert_eq!(y, Array::from([0.5f32]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn sigmoid(self) -> Val {
        crate::val::at_caller("sigmoid", || self.logistic())
    }
    /// log(1 / (1 + e⁻ˣ)), without overflow.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.log_sigmoid())(&Array::from(0.0f32))?;
    /// assert!((y.item::<f32>()? + 0.693147).abs() < 1e-5);
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn log_sigmoid(self) -> Val {
        self.activation("log_sigmoid", |x| -(-x).softplus())
    }
    /// log(1 + eˣ), without overflow.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.softplus())(&Array::from(0.0f32))?;
    /// assert!((y.item::<f32>()? - 0.693147).abs() < 1e-5);
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn softplus(self) -> Val {
        self.activation("softplus", |x| x.logaddexp(0.0))
    }
    /// x · sigmoid(x), also called swish.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.silu())(&Array::from(1.0f32))?;
    /// assert!((y.item::<f32>()? - 0.731059).abs() < 1e-5);
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn silu(self) -> Val {
        self.activation("silu", |x| x * x.sigmoid())
    }
    /// x · tanh(softplus(x)).
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.mish())(&Array::from(1.0f32))?;
    /// assert!((y.item::<f32>()? - 0.865098).abs() < 1e-5);
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn mish(self) -> Val {
        self.activation("mish", |x| x * x.softplus().tanh())
    }
    /// x brought between -1 and 1.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.hard_tanh())(&Array::from([-3.0f32, 0.5]))?;
    /// assert_eq!(y, Array::from([-1.0f32, 0.5]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn hard_tanh(self) -> Val {
        self.activation("hard_tanh", |x| where_(x.gt(1), 1, where_(x.lt(-1), -1, x)))
    }
    /// relu6(x + 3) / 6.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.hard_sigmoid())(&Array::from([-3.0f32, 0.0]))?;
    /// assert_eq!(y, Array::from([0.0f32, 0.5]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn hard_sigmoid(self) -> Val {
        self.activation("hard_sigmoid", |x| (x + 3.0).relu6() / 6.0)
    }
    /// x · hard_sigmoid(x), also called hard swish.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.hard_silu())(&Array::from([-3.0f32, 3.0]))?;
    /// assert!(y.to_f64_vec().iter().zip([0.0, 3.0]).all(|(a, b)| (a - b).abs() < 1e-5));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn hard_silu(self) -> Val {
        self.activation("hard_silu", |x| x * x.hard_sigmoid())
    }
    /// x / (1 + |x|).
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.soft_sign())(&Array::from([-1.0f32, 3.0]))?;
    /// assert_eq!(y, Array::from([-0.5f32, 0.75]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn soft_sign(self) -> Val {
        self.activation("soft_sign", |x| x / (x.abs() + 1))
    }
    /// (x + √(x² + `b`)) / 2.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.squareplus(4.0))(&Array::from([0.0f32]))?;
    /// assert_eq!(y, Array::from([1.0f32]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn squareplus(self, b: impl Into<Val>) -> Val {
        let b = b.into();
        Val::derive("squareplus", &[self, b], |_| Ok((self + (self * self + b).sqrt()) / 2))
    }
    /// 0 below -1, x above 1, (x + 1)² / 4 between.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.sparse_plus())(&Array::from([-2.0f32, 0.0, 3.0]))?;
    /// assert_eq!(y, Array::from([0.0f32, 0.25, 3.0]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn sparse_plus(self) -> Val {
        self.activation("sparse_plus", |x| {
            where_(x.le(-1), 0.0, where_(x.ge(1), x, (x + 1.0) * (x + 1.0) / 4))
        })
    }
    /// (x + 1) / 2 brought between 0 and 1.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.sparse_sigmoid())(&Array::from([-2.0f32, 0.0, 3.0]))?;
    /// assert_eq!(y, Array::from([0.0f32, 0.5, 1.0]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn sparse_sigmoid(self) -> Val {
        self.activation("sparse_sigmoid", |x| 0.5 * (x + 1.0).clip(0.0, 2.0))
    }
    /// The first half along `axis` times the sigmoid of the second (Dauphin et al. 2017).
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.glu(0))(&Array::from([3.0f32, 0.0]))?;
    /// assert_eq!(y, Array::from([1.5f32]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn glu(self, axis: impl Integer) -> Val {
        Val::derive("glu", &[self], |_| {
            let halves = self.split(2, axis);
            Ok(halves[0] * halves[1].sigmoid())
        })
    }
    /// Less the mean along axes, divided by the standard deviation: (x - mean) / √(var + `epsilon`).
    #[track_caller]
    pub fn standardize(self, axes: impl IntoAxes, epsilon: f64) -> Val {
        let axes = axes.into_axes();
        Val::derive("standardize", &[self], |known| {
            let x = self.astype(crate::val::promote::Promoted::from(&known[0]).inexact().dtype);
            let (x, epsilon) = x.scaled_for(x, axes.clone(), epsilon);
            let centred = x.centred(axes.clone());
            let variance = centred.square().mean_axes(crate::val::keep(axes));
            Ok(centred * (variance + epsilon).rsqrt())
        })
    }
    #[track_caller]
    fn activation(self, op: &'static str, f: impl FnOnce(Val) -> Val) -> Val {
        Val::derive(op, &[self], |_| -> Result<Val, ErrorKind> { Ok(f(self)) })
    }
}
