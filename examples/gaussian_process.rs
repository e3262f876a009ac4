//! A Gaussian process whose length scale, height and noise are found by gradients through a Cholesky decomposition.
//!
//! `cargo run --release --features linalg --example gaussian_process` fits noisy samples of sin(x) + x/3, checks
//! the fit against that known answer, and draws it.

use anyhow::{Result, ensure};
use gradus::linalg::{self, Transposed, Triangle};
use gradus::{Array, Dtype, Traced, Tree, Val, eye, jit, linspace, random, value_and_grad};
use gradus_examples::pictures::Chart;
use indicatif::{ProgressBar, ProgressStyle};
use std::f64::consts::PI;

/// Logarithms, so that every step leaves the numbers positive.
#[derive(Tree, Clone)]
struct Process<T = Array> {
    scale: T,
    height: T,
    noise: T,
}

impl Process<Val> {
    /// The covariance of the function's values at `x` with those at `y`.
    fn covariance(&self, x: &Val, y: &Val) -> Val {
        let apart = (x.expand_dims(1) - y.expand_dims(0)) / self.scale.exp();
        (2.0 * self.height).exp() * (-0.5 * apart.square()).exp()
    }
    /// The factor L of the covariance L · Lᵀ of noisy values at `x`.
    fn factor(&self, x: &Val) -> Val {
        let noise = (2.0 * self.noise).exp() + 1e-6;
        linalg::cholesky(self.covariance(x, x) + noise * eye(x.size(), Dtype::F32))
    }
    /// Minus the logarithm of the likelihood of `y` at `x`: yᵀ · K⁻¹ · y / 2 + log det L + n · log(2π) / 2.
    fn loss(&self, x: &Val, y: &Val) -> Val {
        let l = self.factor(x);
        let whitened = linalg::solve_triangular(l, y, Triangle::Lower, Transposed::No);
        0.5 * whitened.square().sum() + l.diagonal(0).log().sum() + 0.5 * x.size() as f64 * (2.0 * PI).ln()
    }
    /// Mean and standard deviation of the function at `new`, given values `y` at `x`.
    fn predict(&self, x: &Val, y: &Val, new: &Val) -> (Val, Val) {
        let l = self.factor(x);
        let across = self.covariance(x, new);
        let mean = across.transpose().dot(linalg::cho_solve((l, Triangle::Lower), y));
        let known = linalg::solve_triangular(l, across, Triangle::Lower, Transposed::No).square().sum_axes(0);
        (mean, ((2.0 * self.height).exp() - known).max(0.0).sqrt())
    }
}

fn truth(x: Val) -> Val {
    x.sin() + x / 3.0
}

fn main() -> Result<()> {
    let (samples, noise, steps) = (60, 0.2, 300);
    let data = jit(move |key: &Val| {
        let x = linspace(-5.0, 5.0, samples);
        (x, truth(x) + noise * random::normal(key, [samples]))
    });
    let (x, y) = data(&random::seed(0))?;

    let step = jit(|process: &mut Process<Val>, x: &Val, y: &Val| {
        let (loss, slope) = value_and_grad(|p: &Process<Val>, x: &Val, y: &Val| p.loss(x, y))(process, x, y);
        *process = process.zip_map(&slope, |p, g| p - 0.01 * g / (1.0 + 0.1 * g.abs()));
        loss
    });
    let [scale, height, start] = [-1.0f32, 1.0, 0.0].map(Array::scalar);
    let mut process = Process { scale, height, noise: start };
    let bar = ProgressBar::new(steps);
    bar.set_style(ProgressStyle::with_template("{bar:40} {pos}/{len}  -log likelihood {msg}")?);
    let mut loss = f32::NAN;
    for _ in 0..steps {
        loss = step(&mut process, &x, &y)?.item()?;
        bar.set_message(format!("{loss:.3}"));
        bar.inc(1);
    }
    bar.finish();
    let predict = jit(|process: &Process<Val>, x: &Val, y: &Val| {
        let new = linspace(-5.5, 5.5, 200);
        let (mean, deviation) = process.predict(x, y, &new);
        (new, mean, deviation, truth(new))
    });
    let (new, mean, deviation, truth) = predict(&process, &x, &y)?;
    let found = process.noise.item::<f32>()?.exp();
    // Of a function drawn from the process a share of 0.954 lies within two deviations.
    let covers = jit(|mean: &Val, deviation: &Val, truth: &Val| {
        (mean - truth).abs().le(2.0 * deviation).astype(Dtype::F32).mean()
    });
    let covered = covers(&mean, &deviation, &truth)?.item::<f32>()?;
    println!("-log likelihood {loss:.3}, noise {found:.3} (drawn with {noise}), {covered:.2} covered");
    ensure!((f64::from(found) - noise).abs() < 0.06 && covered > 0.9, "the fit is not the known answer");

    let path = std::env::temp_dir().join("gaussian_process.png");
    let [x, y, new, mean, deviation, truth] =
        [x, y, new, mean, deviation, truth].map(|array| array.to_f64_vec());
    let apart = |by: f64| mean.iter().zip(&deviation).map(|(mean, d)| mean + by * d).collect::<Vec<_>>();
    let (low, high) = (apart(-2.0), apart(2.0));
    Chart::new("A Gaussian process")
        .with_band("two deviations", &new, &low, &high)
        .with_line("found", &new, &mean)
        .with_line("sin(x) + x/3", &new, &truth)
        .with_points("samples", &x, &y)
        .write(&path)?;
    println!("Picture: {}", path.display());
    Ok(())
}
