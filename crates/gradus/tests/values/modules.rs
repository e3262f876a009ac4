//! Values of distributions of vectors, samples summed up, matrices with names and cosine transforms; the numbers are
//! those of JAX 0.10.2.

use super::{Case, NAN};
use gradus::{Dtype, eye, fft, full, keep, linalg, s, stack, stats};

#[rustfmt::skip]
pub(crate) fn cases() -> Vec<Case> {
    cases! { [x, y, i, b]
        { linalg::toeplitz(y, x.at(0)) } is F32 [3, 3] [2.0, -1.25, 2.0, -0.5, 2.0, -1.25, 4.0, -0.5, 2.0];
        { linalg::toeplitz(x, i) } is F32 [2, 3, 4] [0.5, -7.0, 0.0, 5.0, -1.25, 0.5, -7.0, 0.0, 2.0, -1.25, 0.5, -7.0, 3.0, -7.0, 0.0, 5.0, -0.75, 3.0, -7.0, 0.0, 1.5, -0.75, 3.0, -7.0];
        { linalg::hankel(y, i) } is F32 [3, 4] [2.0, -0.5, 4.0, -7.0, -0.5, 4.0, -7.0, 0.0, 4.0, -7.0, 0.0, 5.0];
        { linalg::circulant(x) } is F32 [2, 3, 3] [0.5, 2.0, -1.25, -1.25, 0.5, 2.0, 2.0, -1.25, 0.5, 3.0, 1.5, -0.75, -0.75, 3.0, 1.5, 1.5, -0.75, 3.0];
        { linalg::companion(i) } is F32 [3, 3] [2.3333334922790527, -0.0, -1.6666667461395264, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0];
        { linalg::hilbert(3, Dtype::F32) } is F32 [3, 3] [1.0, 0.5, 0.3333333432674408, 0.5, 0.3333333432674408, 0.25, 0.3333333432674408, 0.25, 0.20000000298023224];
        { linalg::hadamard(4, Dtype::I32) } is I32 [4, 4] [1.0, 1.0, 1.0, 1.0, 1.0, -1.0, 1.0, -1.0, 1.0, 1.0, -1.0, -1.0, 1.0, -1.0, -1.0, 1.0];
        { linalg::dft(3).imag() } is F32 [3, 3] [0.0, 0.0, 0.0, 0.0, -0.8660253882408142, 0.866025447845459, 0.0, 0.866025447845459, -0.8660252690315247];
        { linalg::polar(x.transpose()).0 } is F32 [3, 2] [-0.21211835741996765, 0.9754018783569336, -0.5391279458999634, -0.06561319530010223, 0.8150747418403625, 0.2104429304599762];
        { linalg::polar(x.transpose()).1 } is F32 [2, 2] [2.198000192642212, 0.9906031489372253, 0.9906031489372253, 3.2910797595977783];
        { fft::dctn(x, .., fft::Norm::Backward) } is F32 [2, 3] [20.0, -1.7881393432617188e-07, 22.0, -7.071067810058594, -7.348468780517578, -1.4142131805419922];
        { fft::dctn(b, [0, 2], fft::Norm::Ortho).sum_axes(1) } is F32 [2, 4] [3.712310791015625, -1.182870626449585, 0.0, -0.08406403660774231, -6.3639607429504395, 0.0, 0.0, 0.0];
        { i.reduce_and(..) } is I32 [] [0.0];
        { i.reduce_or(keep(0)) } is I32 [1] [-1.0];
        { i.reduce_xor(0) } is I32 [] [-1.0];
        { x.gt(0).reduce_xor(1) } is Bool [2] [0.0, 0.0];
        { stats::rankdata(x * 2.0 - y, stats::Ties::Average) } is F32 [6] [3.0, 1.0, 5.0, 6.0, 3.0, 3.0];
        { stats::rankdata(i.abs() % 3, stats::Ties::Min) } is F32 [4] [1.0, 3.0, 1.0, 4.0];
        { stats::rankdata(i.abs() % 3, stats::Ties::Max) } is F32 [4] [2.0, 3.0, 2.0, 4.0];
        { stats::rankdata(i.abs() % 3, stats::Ties::Dense) } is F32 [4] [1.0, 2.0, 1.0, 3.0];
        { stats::rankdata(i.abs() % 3, stats::Ties::Ordinal) } is F32 [4] [1.0, 3.0, 2.0, 4.0];
        { stats::rankdata(x.sqrt(), stats::Ties::Average) } is F32 [6] [NAN, NAN, NAN, NAN, NAN, NAN];
        { stats::rankdata_along(x, stats::Ties::Average, 0) } is F32 [2, 3] [1.0, 1.0, 2.0, 2.0, 2.0, 1.0];
        { stats::mode(i.reshape([2, 2]) % 2, 1).0 } is I32 [2] [1.0, 0.0];
        { stats::mode(i % 2, 0).1 } is I32 [] [3.0];
        { stats::sem(x, 1, 1.0) } is F32 [2] [0.9391189813613892, 1.0897246599197388];
        { stats::multivariate_normal::logpdf(x, y, eye(3, Dtype::F32) * 2.0 + 0.5) } is F32 [2] [-5.134379863739014, -5.795094013214111];
        { stats::multivariate_normal::logpdf(x, y, 2.0) } is F32 [2] [-5.499661445617676, -5.624661445617676];
        { stats::multivariate_normal::logpdf(y, 0.5, 2.0) } is F32 [3] [-1.8280121088027954, -1.5155121088027954, -4.328011989593506];
        { stats::multivariate_normal::pdf(b.swapaxes(1, 2), x.expand_dims(1), stack([y.abs().diag(0), 2.0 * eye(3, Dtype::F32)], 0).expand_dims(1)) } is F32 [2, 4] [0.006251320242881775, 0.005930202081799507, 0.00538897467777133, 0.004691176116466522, 0.002188232960179448, 0.0022665311116725206, 0.002293249359354377, 0.002266532275825739];
        { stats::multinomial::logpmf(i.abs(), 15, full([4], 0.25)) } is F32 [] [-7.9995574951171875];
        { stats::multinomial::pmf(i.abs() % 3, 4, y.softmax(0).at(0) * 0.0 + full([4], 0.25)) } is F32 [] [0.0];
        { stats::GaussianKde::new(b.slice(s![0, 0])).pdf(y) } is F32 [3] [0.0, 0.5922449827194214, 0.0];
        { stats::GaussianKde::new(stack([i / 2.0, i * i % 5 / 3.0], 0)).weights(i.abs() + 1).logpdf(x.transpose().slice(s![..2])) } is F32 [2] [-7.941070079803467, -4.068115711212158];
        { stats::GaussianKde::new(i).bandwidth(stats::Bandwidth::Silverman).integrate_box_1d(-1, y.at(0)) } is F32 [] [0.18324755132198334];
        { stats::GaussianKde::new(i).bandwidth(stats::Bandwidth::Factor(0.5)).pdf(y) } is F32 [3] [0.08362548053264618, 0.058933548629283905, 0.08255824446678162];
    }
}
