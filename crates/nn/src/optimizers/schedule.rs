//! Schedules: rates as functions of the step, as optax has them.
//!
//! Invariant: a schedule is computed in `f64`, from a count of any integer type; one that cannot be (no steps, say)
//! refuses where it is used, with its name.

use std::f64::consts::PI;
use std::fmt;
use std::sync::Arc;

use gradus::{Dtype, Result, Val, as_operation, iota, jit, refuse, vmap, where_};

/// A number for each step. A plain number is one that stays.
///
/// ```
/// use gradus_nn::{Cosine, Schedule};
/// let rate = Schedule::from(Cosine::new(1.0, 4)).with_warm_up(2);
/// let values = rate.values(7)?;
/// assert_eq!(values[..3], [0.0, 0.5, 1.0]);
/// assert!((values[4] - 0.5).abs() < 1e-12 && values[6].abs() < 1e-12);
/// let own = Schedule::new(|step| 0.1 / (step + 1));
/// assert_eq!(own.values(2)?, [0.1, 0.05]);
/// # Ok::<(), gradus::Error>(())
/// ```
#[derive(Clone)]
pub struct Schedule {
    name: &'static str,
    f: Arc<dyn Fn(Val) -> Val + Send + Sync>,
}

impl fmt::Debug for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Schedule({})", self.name)
    }
}

impl Schedule {
    /// The schedule `f`, a function of the step as a scalar `f64`.
    pub fn new(f: impl Fn(Val) -> Val + Send + Sync + 'static) -> Schedule {
        Schedule::named("own", f)
    }
    fn named(name: &'static str, f: impl Fn(Val) -> Val + Send + Sync + 'static) -> Schedule {
        Schedule { name, f: Arc::new(f) }
    }

    /// The value at a step that is an `f64`; numbers as they are written, not rounded to `f32`.
    fn value(&self, step: Val) -> Val {
        (self.f)(step).astype(Dtype::F64)
    }

    /// The value at a step, a scalar of integers: a scalar `f64`.
    ///
    /// # Errors
    /// The enclosing `jit` returns `Err` if the schedule has no value there, or none that is a scalar.
    #[track_caller]
    pub fn at(&self, step: impl Into<Val>) -> Val {
        let step = step.into();
        as_operation("Schedule", || {
            let value = self.value(step.astype(Dtype::F64));
            match value.rank() {
                0 => value,
                _ => refuse("Schedule", format!("the rate is {}, expected a scalar", value.ty())),
            }
        })
    }
    /// The values of the first `steps` steps, to look at or to draw.
    ///
    /// # Errors
    /// If the schedule refuses.
    #[track_caller]
    pub fn values(&self, steps: usize) -> Result<Vec<f64>> {
        let own = self.clone();
        let all = jit(move || {
            let own = own.clone();
            // One lane more, so that there is one: a vmap of none has nothing to trace.
            vmap(move |step: &Val| own.at(step))(&iota(Dtype::F64, [steps + 1], 0))
        })()?;
        let mut all = all.to_vec::<f64>()?;
        all.truncate(steps);
        Ok(all)
    }

    /// This schedule, and from step `boundary` on `next`, which begins at its own step 0: `optax.join_schedules`.
    pub fn then(&self, boundary: usize, next: impl Into<Schedule>) -> Schedule {
        let (first, next, boundary) = (self.clone(), next.into(), boundary as f64);
        Schedule::named("joined", move |step| {
            where_(step.lt(boundary), first.value(step), next.value(step - boundary))
        })
    }
    /// A rise from 0 to the first value of this schedule over `steps` steps, after which it begins.
    pub fn with_warm_up(&self, steps: usize) -> Schedule {
        let own = self.clone();
        let rise = move |step: Val| step / steps as f64 * own.value(Val::from(0.0).astype(Dtype::F64));
        Schedule::named("warm-up", rise).then(steps, self)
    }
    /// This schedule times a number.
    pub fn scaled(&self, factor: f64) -> Schedule {
        let own = self.clone();
        Schedule::named("scaled", move |step| factor * own.value(step))
    }
}

impl From<f64> for Schedule {
    fn from(value: f64) -> Schedule {
        Schedule::named("constant", move |_| Val::from(value))
    }
}
impl From<&Schedule> for Schedule {
    fn from(schedule: &Schedule) -> Schedule {
        schedule.clone()
    }
}

/// From `start` to `end` over `steps` steps as a power of what is left: `optax.polynomial_schedule`, `linear_schedule`.
///
/// `(start − end) · (1 − t / steps)^power + end`; `end` afterwards, and from the beginning if there are no steps.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Polynomial {
    start: f64,
    end: f64,
    steps: usize,
    power: f64,
    begin: usize,
}

impl Polynomial {
    /// A line: power 1.
    pub fn linear(start: f64, end: f64, steps: usize) -> Polynomial {
        Polynomial { start, end, steps, power: 1.0, begin: 0 }
    }
    /// With the power given.
    pub fn new(start: f64, end: f64, steps: usize, power: f64) -> Polynomial {
        Polynomial { power, ..Polynomial::linear(start, end, steps) }
    }
    /// Stays at `start` for the first `begin` steps.
    pub fn with_begin(self, begin: usize) -> Polynomial {
        Polynomial { begin, ..self }
    }
}
impl From<Polynomial> for Schedule {
    fn from(Polynomial { start, end, steps, power, begin }: Polynomial) -> Schedule {
        let (steps, begin) = (steps as f64, begin as f64);
        Schedule::named("polynomial", move |step| {
            if steps == 0.0 {
                let [start, end] = [start, end].map(|x| Val::from(x).astype(Dtype::F64));
                return where_(step.lt(begin), start, end);
            }
            let left = 1.0 - (step - begin).clip(0.0, steps) / steps;
            (start - end) * left.pow(power) + end
        })
    }
}

/// Half a wave of a cosine from `peak` to `alpha · peak` over `steps` steps: `optax.cosine_decay_schedule`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cosine {
    peak: f64,
    steps: usize,
    alpha: f64,
    exponent: f64,
}

impl Cosine {
    /// Down to 0.
    pub fn new(peak: f64, steps: usize) -> Cosine {
        Cosine { peak, steps, alpha: 0.0, exponent: 1.0 }
    }
    /// Down to `alpha · peak`.
    pub fn with_alpha(self, alpha: f64) -> Cosine {
        Cosine { alpha, ..self }
    }
    /// The wave to this power.
    pub fn with_exponent(self, exponent: f64) -> Cosine {
        Cosine { exponent, ..self }
    }
}
impl From<Cosine> for Schedule {
    fn from(Cosine { peak, steps, alpha, exponent }: Cosine) -> Schedule {
        Schedule::named("cosine", move |step| {
            if steps == 0 {
                return refuse("Cosine", "a cosine over 0 steps; give at least 1");
            }
            let steps = steps as f64;
            let wave = 0.5 * (1.0 + (PI * step.min(steps) / steps).cos());
            let wave = if exponent == 1.0 { wave } else { wave.pow(exponent) };
            peak * ((1.0 - alpha) * wave + alpha)
        })
    }
}

/// A line from `start` (0) up to `peak`, then half a cosine down to `end` (0): `optax.warmup_cosine_decay_schedule`.
///
/// `steps` counts both parts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WarmUpCosine {
    start: f64,
    peak: f64,
    warm_up: usize,
    steps: usize,
    end: f64,
    exponent: f64,
}

impl WarmUpCosine {
    /// Up from 0 over `warm_up` steps, and down to 0 until step `steps`.
    pub fn new(peak: f64, warm_up: usize, steps: usize) -> WarmUpCosine {
        WarmUpCosine { start: 0.0, peak, warm_up, steps, end: 0.0, exponent: 1.0 }
    }
    /// Up from `start`.
    pub fn with_start(self, start: f64) -> WarmUpCosine {
        WarmUpCosine { start, ..self }
    }
    /// Down to `end`.
    pub fn with_end(self, end: f64) -> WarmUpCosine {
        WarmUpCosine { end, ..self }
    }
    /// The wave to this power.
    pub fn with_exponent(self, exponent: f64) -> WarmUpCosine {
        WarmUpCosine { exponent, ..self }
    }
}
impl From<WarmUpCosine> for Schedule {
    fn from(WarmUpCosine { start, peak, warm_up, steps, end, exponent }: WarmUpCosine) -> Schedule {
        if steps <= warm_up {
            let message = format!(
                "a cosine of {steps} steps with a warm-up of {warm_up} leave none to decay; give more"
            );
            return Schedule::named("warm-up cosine", move |_| refuse("WarmUpCosine", message.clone()));
        }
        let alpha = if peak == 0.0 { 0.0 } else { end / peak };
        let decay = Cosine::new(peak, steps - warm_up).with_alpha(alpha).with_exponent(exponent);
        Schedule {
            name: "warm-up cosine",
            ..Schedule::from(Polynomial::linear(start, peak, warm_up)).then(warm_up, decay)
        }
    }
}

/// `start · rate^(t / steps)`: `optax.exponential_decay`; with [`Exponential::staircase`], torch's `StepLR`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Exponential {
    start: f64,
    rate: f64,
    steps: usize,
    begin: usize,
    staircase: bool,
    end: Option<f64>,
}

impl Exponential {
    /// Times `rate` over each `steps` steps.
    pub fn new(start: f64, rate: f64, steps: usize) -> Exponential {
        Exponential { start, rate, steps, begin: 0, staircase: false, end: None }
    }
    /// All at once at the end of each `steps` steps.
    pub fn staircase(self) -> Exponential {
        Exponential { staircase: true, ..self }
    }
    /// Stays at `start` for the first `begin` steps.
    pub fn with_begin(self, begin: usize) -> Exponential {
        Exponential { begin, ..self }
    }
    /// Stays at `end` once it is there.
    pub fn with_end(self, end: f64) -> Exponential {
        Exponential { end: Some(end), ..self }
    }
}
impl From<Exponential> for Schedule {
    fn from(Exponential { start, rate, steps, begin, staircase, end }: Exponential) -> Schedule {
        Schedule::named("exponential", move |step| {
            if steps == 0 || rate <= 0.0 {
                let message =
                    format!("an exponential with a rate of {rate} over {steps} steps; both must be above 0");
                return refuse("Exponential", message);
            }
            let passed = (step - begin as f64).max(0.0) / steps as f64;
            let passed = if staircase { passed.floor() } else { passed };
            let value = start * Val::from(rate).astype(Dtype::F64).pow(passed);
            match end {
                Some(end) if rate < 1.0 => value.max(end),
                Some(end) => value.min(end),
                None => value,
            }
        })
    }
}

/// A constant that is multiplied at some steps: `optax.piecewise_constant_schedule`, torch's `MultiStepLR`.
#[derive(Debug, Clone, PartialEq)]
pub struct Piecewise {
    start: f64,
    factors: Vec<(usize, f64)>,
}

impl Piecewise {
    /// `start`, times each factor from its step on.
    pub fn new(start: f64, factors: impl IntoIterator<Item = (usize, f64)>) -> Piecewise {
        Piecewise { start, factors: factors.into_iter().collect() }
    }
}
impl From<Piecewise> for Schedule {
    fn from(Piecewise { start, factors }: Piecewise) -> Schedule {
        Schedule::named("piecewise", move |step| {
            let one = |value: Val, (from, factor): &(usize, f64)| {
                where_(step.lt(*from as f64), value, *factor * value)
            };
            factors.iter().fold(Val::from(start).astype(Dtype::F64), one)
        })
    }
}

/// One cycle (Smith, 2018) of `steps` steps: from `peak / 25` up to `peak`, and down to far less than the beginning.
///
/// Along cosines, as `optax.cosine_onecycle_schedule` and torch's `OneCycleLR`, or lines ([`OneCycle::linear`]).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OneCycle {
    peak: f64,
    steps: usize,
    rise: f64,
    fall: Option<f64>,
    divisor: f64,
    last_divisor: f64,
}

impl OneCycle {
    /// Up over the first 30% of the steps.
    pub fn new(peak: f64, steps: usize) -> OneCycle {
        OneCycle { peak, steps, rise: 0.3, fall: None, divisor: 25.0, last_divisor: 1e4 }
    }
    /// Along lines, as `optax.linear_onecycle_schedule`: down to the beginning at 85% of the steps, then further.
    pub fn linear(self) -> OneCycle {
        OneCycle { fall: Some(0.85), ..self }
    }
    /// The share of the steps that go up.
    pub fn with_rise(self, share: f64) -> OneCycle {
        OneCycle { rise: share, ..self }
    }
    /// Along lines, which are back at the beginning after this share of the steps.
    pub fn with_fall(self, share: f64) -> OneCycle {
        OneCycle { fall: Some(share), ..self }
    }
    /// By what `peak` is divided at the beginning.
    pub fn with_divisor(self, divisor: f64) -> OneCycle {
        OneCycle { divisor, ..self }
    }
    /// By what the beginning is divided at the end; of a cycle along lines too, as in optax.
    pub fn with_last_divisor(self, divisor: f64) -> OneCycle {
        OneCycle { last_divisor: divisor, ..self }
    }
}
impl From<OneCycle> for Schedule {
    fn from(cycle: OneCycle) -> Schedule {
        let OneCycle { peak, steps, rise, fall, divisor, last_divisor } = cycle;
        let at = |share: f64| (share * steps as f64) as usize;
        let start = peak / divisor;
        let end = start / last_divisor;
        let knots = match fall {
            None => vec![(0, start), (at(rise), peak), (steps, end)],
            Some(fall) => vec![(0, start), (at(rise), peak), (at(fall), start), (steps, end)],
        };
        Schedule::named("one-cycle", move |step| {
            if knots.windows(2).any(|pair| pair[0].0 >= pair[1].0) {
                let places: Vec<String> = knots.iter().map(|(place, _)| place.to_string()).collect();
                let message = format!(
                    "the parts of one cycle meet at steps {}; each needs one at least",
                    places.join(", ")
                );
                return refuse("OneCycle", message);
            }
            let piece = |value: Val, pair: &[(usize, f64)]| {
                let ((from, a), (to, b)) = (pair[0], pair[1]);
                let share = (step - from as f64) / (to - from) as f64;
                let between = match fall {
                    None => b + (a - b) / 2.0 * ((PI * share).cos() + 1.0),
                    Some(_) => (b - a) * share + a,
                };
                where_(step.lt(from as f64), value, where_(step.lt(to as f64), between, b))
            };
            knots.windows(2).fold(Val::from(start).astype(Dtype::F64), piece)
        })
    }
}
