//! The meaning of a convolution: the sum, term by term.

use super::Convolution;
use crate::{Array, Complex, Numbers, Shape};

/// Offsets of an input element and a kernel element that are multiplied. There is no input element in the padding and
/// between dilated ones: a zero stands there, so that an infinity of the kernel makes a NaN.
type Tap = (Option<usize>, usize);

impl Convolution {
    pub(super) fn evaluate(&self, lhs: &Array, rhs: &Array) -> Array {
        let ty = self.result_type(lhs.ty(), rhs.ty()).expect("internal: operands are checked");
        let (x, w) = (&lhs.ty().shape, &rhs.ty().shape);
        // Of nothing but padding the result is zero whatever the kernel holds, as XLA simplifies it.
        if x.size() == 0 || w.size() == 0 {
            return Array::zeros(ty);
        }
        let terms = self.terms(x, w, &ty.shape);
        match (lhs.numbers(), rhs.numbers()) {
            (Numbers::Complex(x), Numbers::Complex(w)) => {
                let product = |(i, j): Tap| i.map_or_else(Complex::default, |i| x[i]) * w[j];
                Array::from_complex(&ty, terms.map(|taps| taps.into_iter().map(product).sum()))
            }
            (Numbers::Floats(x), Numbers::Floats(w)) => {
                let product = |(i, j): Tap| i.map_or(0.0, |i| x[i]) * w[j];
                Array::from_f64(&ty, terms.map(|taps| taps.into_iter().map(product).sum()))
            }
            (Numbers::Integers(x), Numbers::Integers(w)) => {
                let product = |(i, j): Tap| i.map_or(0, |i| x[i]).wrapping_mul(w[j]);
                let total = |taps: Vec<Tap>| taps.into_iter().map(product).fold(0, i128::wrapping_add);
                Array::from_integers(&ty, terms.map(total))
            }
            _ => unreachable!("internal: operands of one type"),
        }
    }

    /// For every element of the result, in row-major order, what is multiplied and summed.
    fn terms(&self, x: &Shape, w: &Shape, out: &Shape) -> impl Iterator<Item = Vec<Tap>> + use<> {
        let (xs, ws, os) = (x.strides(), w.strides(), out.strides());
        let dims = self.dims.clone();
        let num_inputs = w.dim(dims.rhs.feature);
        let per_feature_group = (w.dim(dims.rhs.batch) / self.feature_group_count).max(1);
        let per_batch_group = (w.dim(dims.rhs.batch) / self.batch_group_count).max(1);
        let examples = out.dim(dims.out.batch);
        let along: Vec<Vec<Vec<Tap>>> = (0..self.num_spatial()).map(|k| self.taps(k, x, w, out)).collect();
        let out = out.clone();
        (0..out.size()).map(move |position| {
            let at = |axis: usize| position / os[axis] % out.dim(axis);
            let (n, f) = (at(dims.out.batch), at(dims.out.feature));
            let example = f / per_batch_group * examples + n;
            let first_input = f / per_feature_group * num_inputs;
            let start = example * xs[dims.lhs.batch] + first_input * xs[dims.lhs.feature];
            let mut taps: Vec<Tap> = vec![(Some(start), f * ws[dims.rhs.batch])];
            for (k, along) in along.iter().enumerate() {
                let here = &along[at(dims.out.spatial[k])];
                taps = taps
                    .iter()
                    .flat_map(|(i, j)| {
                        here.iter().map(move |(di, dj)| (i.zip(*di).map(|(i, di)| i + di), j + dj))
                    })
                    .collect();
            }
            let inputs = |(i, j): Tap| {
                let (dx, dw) = (xs[dims.lhs.feature], ws[dims.rhs.feature]);
                (0..num_inputs).map(move |c| (i.map(|i| i + c * dx), j + c * dw))
            };
            taps.into_iter().flat_map(inputs).collect()
        })
    }

    /// For every window along spatial axis `k` the offsets that meet.
    fn taps(&self, k: usize, x: &Shape, w: &Shape, out: &Shape) -> Vec<Vec<Tap>> {
        let (from, kernel) = (self.dims.lhs.spatial[k], self.dims.rhs.spatial[k]);
        let (dx, dw) = (x.strides()[from], w.strides()[kernel]);
        let of_window = |o: usize| {
            let offset = |tap: usize| self.source(k, o, tap, x.dim(from)).map(|at| at * dx);
            (0..w.dim(kernel)).map(|tap| (offset(tap), tap * dw)).collect()
        };
        (0..out.dim(self.dims.out.spatial[k])).map(of_window).collect()
    }
}
