//! Fourier transforms over the last axes; the axes before are batches.
//!
//! A complex array is a pair of real ones here, its real and its imaginary part: transforms are linear in both
//! together,
//! and no rule needs a convention for derivatives of complex numbers.

use crate::ops::library::{Block, BlockMut, Library};
use crate::ops::sample::refused;
use crate::ops::{Attribute, Attributes, Infer, Lanes, Operand, Passes, Rules, Sample, linear_jvp};
use crate::trace::{Val, Vals, bind};
use crate::{Array, Dims, Dtype, ErrorKind, Shape, Type};
use gradus_library::{self as library, Direction, c64};
use std::ops::RangeInclusive;

documented! {
/// A discrete Fourier transform.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Fft {
    /// Transforms the last axes, of the extents `fft_length`. `kind` says how:
    /// `fft` sums x · exp(-2πi·j·k/n) along each of them; operands and results are a real and an imaginary part.
    /// `ifft` is its inverse: the sums of x · exp(2πi·j·k/n), divided by n.
    /// `rfft` is `fft` of one real operand, without what the rest determines: the last axis has n/2 + 1 elements.
    /// `irfft` is its inverse: from real and imaginary part to one real result; imaginary parts that the transform of a
    /// real array does not have are ignored.
    Fft {
        /// Which transform.
        kind: FftKind,
        /// The extents, in the real or whole array, of the axes transformed.
        lengths: Dims,
    },
}
}

/// Which Fourier transform.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FftKind {
    /// Forward.
    Fft,
    /// Inverse.
    Ifft,
    /// Forward, of real numbers.
    Rfft,
    /// Inverse, to real numbers.
    Irfft,
}

impl FftKind {
    const ALL: [FftKind; 4] = [FftKind::Fft, FftKind::Ifft, FftKind::Rfft, FftKind::Irfft];

    /// The printed name.
    pub fn name(self) -> &'static str {
        match self {
            FftKind::Fft => "fft",
            FftKind::Ifft => "ifft",
            FftKind::Rfft => "rfft",
            FftKind::Irfft => "irfft",
        }
    }
}

impl Fft {
    fn new(kind: FftKind, lengths: &[usize]) -> Fft {
        Fft::Fft { kind, lengths: lengths.into() }
    }
    /// See [`crate::ops::samples`].
    pub fn samples() -> Vec<Sample> {
        let sample = |kind: FftKind, dtype, lengths: &[usize], dims: &[usize]| {
            let operands = Fft::new(kind, lengths).arity();
            let sample = Sample::new(Fft::new(kind, lengths));
            (0..*operands.start()).fold(sample, |s, _| s.arg(Type::new(dtype, dims), -1.0, 1.0))
        };
        vec![
            sample(FftKind::Fft, Dtype::F32, &[8], &[8]),
            sample(FftKind::Fft, Dtype::F64, &[5], &[2, 5]),
            sample(FftKind::Fft, Dtype::F64, &[3, 4], &[2, 3, 4]),
            sample(FftKind::Fft, Dtype::F64, &[], &[2]),
            sample(FftKind::Fft, Dtype::F64, &[4], &[0, 4]),
            sample(FftKind::Ifft, Dtype::F32, &[6], &[6]),
            sample(FftKind::Ifft, Dtype::F64, &[3, 2], &[3, 2]),
            sample(FftKind::Rfft, Dtype::F32, &[8], &[8]),
            sample(FftKind::Rfft, Dtype::F64, &[5], &[2, 5]),
            sample(FftKind::Rfft, Dtype::F64, &[3, 4], &[3, 4]),
            sample(FftKind::Rfft, Dtype::F64, &[1], &[3, 1]),
            sample(FftKind::Irfft, Dtype::F32, &[8], &[5]),
            sample(FftKind::Irfft, Dtype::F64, &[5], &[2, 3]),
            sample(FftKind::Irfft, Dtype::F64, &[3, 4], &[3, 3]),
            sample(FftKind::Irfft, Dtype::F64, &[1], &[2, 1]),
        ]
    }
    /// See [`crate::ops::refusals`].
    pub fn refusals() -> Vec<(u8, Sample)> {
        let float = |dims: &[usize]| Type::new(Dtype::F32, dims);
        let fft = |lengths: &[usize]| Fft::new(FftKind::Fft, lengths);
        vec![
            (1, refused(Fft::new(FftKind::Rfft, &[4]), 1, [Type::new(Dtype::I32, [4])]).1),
            refused(fft(&[4]), 2, [float(&[4]), float(&[3])]),
            refused(fft(&[4]), 2, [float(&[4]), Type::new(Dtype::F64, [4])]),
            refused(fft(&[4, 4]), 3, [float(&[4]), float(&[4])]),
            refused(fft(&[5]), 3, [float(&[4]), float(&[4])]),
            refused(Fft::new(FftKind::Irfft, &[4]), 3, [float(&[4]), float(&[4])]),
            refused(Fft::new(FftKind::Rfft, &[]), 4, [float(&[4])]),
            refused(fft(&[0]), 4, [float(&[0]), float(&[0])]),
        ]
    }
    /// See [`crate::Op::parse`].
    pub fn parse(name: &str, attributes: &mut Attributes) -> Option<Result<Fft, String>> {
        (name == "fft").then(|| {
            let word: String = attributes.take("kind")?;
            let kind = FftKind::ALL.into_iter().find(|kind| kind.name() == word);
            let kind = kind.ok_or("`kind` is fft, ifft, rfft or irfft")?;
            Ok(Fft::Fft { kind, lengths: attributes.take("fft_length")? })
        })
    }
    fn parts(&self) -> (FftKind, &Dims) {
        let Fft::Fft { kind, lengths } = self;
        (*kind, lengths)
    }
}

/// How many elements of the last axis determine the transform of a real array.
fn half(lengths: &[usize]) -> Dims {
    let mut dims: Dims = lengths.into();
    if let Some(last) = dims.last_mut() {
        *last = *last / 2 + 1;
    }
    dims
}

impl Rules for Fft {
    fn name(&self) -> &'static str {
        "fft"
    }
    fn attributes(&self) -> Attributes {
        let (kind, lengths) = self.parts();
        Attributes::new().with("kind", Attribute::word(kind.name())).with("fft_length", lengths.clone())
    }
    fn arity(&self) -> RangeInclusive<usize> {
        if self.parts().0 == FftKind::Rfft { 1..=1 } else { 2..=2 }
    }
    fn num_results(&self, _: usize) -> usize {
        if self.parts().0 == FftKind::Irfft { 1 } else { 2 }
    }
    fn constraints(&self) -> &'static [&'static str] {
        &[
            "The element type is f32 or f64.",
            "Real and imaginary part have the same type.",
            "The last axes have the extents `fft_length`; of `irfft` the last one has n/2 + 1 elements for n.",
            "Extents in `fft_length` are at least 1, and `rfft` and `irfft` have one of them at least.",
        ]
    }
    fn infer(&self, args: &[&Type]) -> Infer {
        let (kind, lengths) = self.parts();
        let ty = args[0];
        if !matches!(ty.dtype, Dtype::F32 | Dtype::F64) {
            return Err(ErrorKind::constraint(1, format!("takes f32 or f64, not {ty}; convert it first")));
        }
        if let Some(other) = args.iter().find(|other| **other != ty) {
            let message = format!("the real part {ty} and the imaginary part {other} are of different types");
            return Err(ErrorKind::constraint(2, message));
        }
        let is_real = matches!(kind, FftKind::Rfft | FftKind::Irfft);
        if lengths.contains(&0) || is_real && lengths.is_empty() {
            let message = format!("{} has no transform of the lengths {lengths:?}", kind.name());
            return Err(ErrorKind::constraint(4, message));
        }
        let wanted = if kind == FftKind::Irfft { half(lengths) } else { lengths.clone() };
        let dims = ty.shape.dims();
        let batch = dims.len().checked_sub(wanted.len());
        let Some(batch) = batch.filter(|batch| dims[*batch..] == wanted[..]) else {
            let message = format!(
                "the last axes of {ty} are not {wanted:?}, as {} of the lengths {lengths:?} needs them; cut or pad it",
                kind.name()
            );
            return Err(ErrorKind::constraint(3, message));
        };
        let result = if kind == FftKind::Rfft { half(lengths) } else { lengths.clone() };
        let ty = ty.with_shape(dims[..batch].iter().chain(&result).copied().collect::<Shape>());
        Ok(vec![ty; self.num_results(args.len())])
    }
    fn eval(&self, args: &[&Array]) -> Result<Vec<Array>, ErrorKind> {
        crate::ops::library::evaluate_if_known(&self.clone().into(), args)
    }
    fn refusal(&self) -> Option<ErrorKind> {
        (!library::TRANSFORMS).then(|| crate::ops::library::missing("fft"))
    }
    fn jvp(&self, _: &dyn Passes, x: &[Val], dx: &[Option<Val>]) -> (Vals, Vec<Option<Val>>) {
        linear_jvp(self.clone().into(), x, dx)
    }
    fn transpose(&self, _: &dyn Passes, ct: &[Option<Val>], args: &[Operand]) -> Vec<Option<Val>> {
        let (kind, lengths) = self.parts();
        let Some(some) = ct.iter().flatten().next().copied() else { return vec![None; args.len()] };
        let ct: Vals = ct.iter().map(|ct| ct.unwrap_or_else(|| some.zeros_like())).collect();
        let n: f64 = lengths.iter().map(|n| *n as f64).product();
        let scaled = |all: Vals, by: f64| all.into_iter().map(|x| Some(x * by)).collect();
        match kind {
            FftKind::Fft => scaled(bind(Fft::new(FftKind::Ifft, lengths), &ct), n),
            FftKind::Ifft => scaled(bind(Fft::new(FftKind::Fft, lengths), &ct), 1.0 / n),
            FftKind::Rfft => {
                // The inverse counts all but the first and, of even lengths, the last element twice.
                let ct: Vals = ct.into_iter().map(|x| x / multiplicity(x, lengths)).collect();
                scaled(bind(Fft::new(FftKind::Irfft, lengths), &ct), n)
            }
            FftKind::Irfft => {
                let pulled = bind(Fft::new(FftKind::Rfft, lengths), &ct);
                let weigh = |x: Val| x * multiplicity(x, lengths);
                scaled(pulled.into_iter().map(weigh).collect(), 1.0 / n)
            }
        }
    }
    fn batch(&self, _: &dyn Passes, args: &[Val], mapped: &[bool], lanes: Lanes) -> Vals {
        let everywhere = |(v, mapped): (&Val, &bool)| if *mapped { *v } else { v.repeat_leading(lanes.size) };
        bind(self.clone(), &args.iter().zip(mapped).map(everywhere).collect::<Vals>())
    }
    fn library(&self) -> Option<&dyn Library> {
        Some(self)
    }
}

/// How often each element of the half of a transform along the last axis stands in the whole.
fn multiplicity(x: Val, lengths: &[usize]) -> Val {
    let n = lengths[lengths.len() - 1];
    let once = |k: usize| k == 0 || 2 * k == n;
    let ty = Type::new(x.ty().dtype, [n / 2 + 1]);
    let counts = (0..n / 2 + 1).map(|k| if once(k) { 1.0 } else { 2.0 });
    let shape = x.shape();
    let last = shape.rank() - 1;
    Val::constant(Array::from_f64(&ty, counts)).broadcast(shape, &[last])
}

impl Library for Fft {
    fn batch_rank(&self, args: &[&Type]) -> usize {
        args[0].rank() - self.parts().1.len()
    }
    fn work(&self, _: &[Type]) -> usize {
        let size = self.parts().1.iter().fold(1usize, |all, n| all.saturating_mul(*n));
        size.saturating_mul(5 * (usize::BITS - size.leading_zeros()) as usize)
    }
    fn compute(&self, operands: &[Block<'_>], results: &mut [BlockMut<'_>]) {
        let (kind, lengths) = self.parts();
        let real: Vec<f64> = operands[0].numbers();
        let imaginary = operands.get(1).map_or(vec![0.0; real.len()], |part| part.numbers());
        let joined =
            || -> Vec<c64> { real.iter().zip(&imaginary).map(|(re, im)| c64::new(*re, *im)).collect() };
        let transformed = match kind {
            FftKind::Fft | FftKind::Ifft => {
                let direction = if kind == FftKind::Fft { Direction::Forward } else { Direction::Inverse };
                let mut data = joined();
                library::fft(direction, lengths, &mut data);
                data
            }
            FftKind::Rfft => {
                let mut half = vec![c64::new(0.0, 0.0); results[0].ty.shape.size()];
                library::rfft(lengths, &real, &mut half);
                half
            }
            FftKind::Irfft => {
                let mut whole = vec![0.0; results[0].ty.shape.size()];
                library::irfft(lengths, &mut joined(), &mut whole);
                results[0].write(&whole);
                return;
            }
        };
        results[0].write(&transformed.iter().map(|x| x.re).collect::<Vec<f64>>());
        results[1].write(&transformed.iter().map(|x| x.im).collect::<Vec<f64>>());
    }
}

/// The transform of the last axes of real and imaginary part. See [`Fft`].
#[track_caller]
pub fn fft(kind: FftKind, lengths: &[usize], parts: &[Val]) -> Vals {
    bind(Fft::new(kind, lengths), parts)
}
