//! Linear algebra and Fourier transforms, compiled: against JAX 0.10.2 (the expected numbers are its) and by
//! identities.

use gradus::fft::{self, Norm};
use gradus::linalg::{self, Order, Transposed, Triangle};
use gradus::{Array, Dtype, Val, grad, jit, keep, trace, vmap};

const INF: f64 = f64::INFINITY;

fn matrix() -> Array {
    Array::from([[2.0f32, -1.0, 0.5], [0.3, 1.5, -0.7], [1.1, 0.2, 3.0]])
}

#[track_caller]
fn assert_near(got: &Array, expected: &[f64]) {
    let got_all = got.to_f64_vec();
    assert_eq!(got_all.len(), expected.len(), "{got}");
    for (a, b) in got_all.iter().zip(expected) {
        let near = a == b || a.is_nan() && b.is_nan() || (a - b).abs() <= 2e-5 * (1.0 + b.abs());
        assert!(near, "{a} is not {b} in\n{got}");
    }
}

#[track_caller]
fn of(f: impl Fn(&Val) -> Val + Send + Sync + 'static, x: &Array) -> Array {
    jit(f)(x).unwrap_or_else(|e| panic!("{e}"))
}

#[test]
fn norms_are_those_of_jax() {
    let matrices: [(Order, f64); 8] = [
        (Order::Frobenius, 4.281355),
        (Order::Nuclear, 6.9407744),
        (1.into(), 4.2),
        ((-1).into(), 2.7),
        (2.into(), 3.524225),
        ((-2).into(), 1.5166572),
        (INF.into(), 4.3),
        ((-INF).into(), 2.5),
    ];
    for (order, expected) in matrices {
        assert_near(&of(move |x| linalg::norm_ord(x, order, [0, 1]), &matrix()), &[expected]);
        let kept = of(move |x| linalg::norm_ord(x.expand_dims(1), order, keep([0, -1])), &matrix());
        assert_eq!(kept.shape(), [1, 1, 1]);
        assert_near(&kept, &[expected]);
    }
    let v = Array::from([3.0f32, -4.0, 0.0, 1.0]);
    let vectors = [
        (0.0, 3.0),
        (1.0, 8.0),
        (2.0, 26f64.sqrt()),
        (3.0, 4.5143576),
        (-1.0, 0.0),
        (0.5, 22.392305),
        (INF, 4.0),
    ];
    for (p, expected) in vectors {
        assert_near(&of(move |x| linalg::norm_ord(x, p, 0), &v), &[expected]);
    }
    assert_near(&of(|x| linalg::norm_ord(x, -INF, -1), &v), &[0.0]);
    assert_near(&of(|x| linalg::norm(x), &Array::from([3i32, 4])), &[5.0]);
}

#[test]
fn condition_numbers_are_those_of_jax() {
    assert_near(&of(|x| linalg::cond(x), &matrix()), &[2.3236792]);
    assert_near(&of(|x| linalg::cond_ord(x, 1), &matrix()), &[4.1565733]);
    assert_near(&of(|x| linalg::cond_ord(x, -2), &matrix()), &[0.430352]);
    assert_near(&of(|x| linalg::cond_ord(x, Order::Frobenius), &matrix()), &[3.810862]);
    let singular = Array::from([[1.0f32, 2.0], [2.0, 4.0]]);
    assert_near(&of(|x| linalg::cond_ord(x, 1), &singular), &[INF]);
    assert_near(&of(|x| linalg::matrix_rank(x), &singular), &[1.0]);
    assert_near(&of(|x| linalg::matrix_rank(x * 0.0), &singular), &[0.0]);
    assert_near(&of(|x| linalg::matrix_rank_tol(x, 100.0), &singular), &[0.0]);
}

#[test]
fn singular_systems_are_infinite_or_nan() {
    let zeros = Array::from([[0.0f32; 3]; 3]);
    assert_near(&of(|x| linalg::det(x), &zeros), &[0.0]);
    let five = of(|x| linalg::det(x), &Array::from([[1.0f32; 5]; 5]));
    assert_near(&five, &[0.0]);
    let (sign, log) = jit(|x: &Val| linalg::slogdet(x))(&zeros).unwrap();
    assert_near(&sign, &[0.0]);
    assert_near(&log, &[-INF]);
    let inverse = of(|x| linalg::inv(x), &zeros);
    assert!(inverse.to_f64_vec().iter().all(|x| !x.is_finite()));
    let not_positive = Array::from([[1.0f32, 2.0], [2.0, 1.0]]);
    assert_near(&of(|x| linalg::cholesky(x), &not_positive), &[f64::NAN, 0.0, f64::NAN, f64::NAN]);
    let nan = Array::from([[f32::NAN, 0.0], [0.0, 1.0]]);
    assert!(of(|x| linalg::svdvals(x), &nan).to_f64_vec().iter().all(|x| x.is_nan()));
    assert!(of(|x| linalg::eigh(x).1, &nan).to_f64_vec().iter().all(|x| x.is_nan()));
}

#[test]
fn matrices_without_elements_are_fine() {
    let none = Array::new([2, 0, 0], Vec::<f32>::new()).unwrap();
    assert_eq!(of(|x| linalg::cholesky(x), &none).shape(), [2, 0, 0]);
    assert_near(&of(|x| linalg::det(x), &none), &[1.0, 1.0]);
    let (sign, log) = jit(|x: &Val| linalg::slogdet(x))(&none).unwrap();
    assert_near(&sign, &[1.0, 1.0]);
    assert_near(&log, &[0.0, 0.0]);
    assert_eq!(of(|x| linalg::inv(x), &none).shape(), [2, 0, 0]);
    assert_eq!(of(|x| linalg::expm(x), &none).shape(), [2, 0, 0]);
    let tall = Array::new([3, 0], Vec::<f32>::new()).unwrap();
    assert_near(&of(|x| linalg::qr_full(x).0, &tall), &[1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]);
    assert_near(&of(|x| linalg::svd_full(x).0, &tall), &[1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]);
    assert_eq!(of(|x| linalg::pinv(x), &tall).shape(), [0, 3]);
    assert_near(&of(|x| linalg::matrix_rank(x), &tall), &[0.0]);
}

#[test]
fn factors_give_the_matrix_back() {
    let a = Array::from_f64(
        &gradus::Type::new(Dtype::F64, [2, 5, 3]),
        (0..30).map(|k| f64::from(k * 7 % 11) - 4.0),
    );
    let f = jit(|a: &Val| {
        let (q, r) = linalg::qr(a);
        let (q2, r2) = linalg::qr_full(a);
        let (u, s, vh) = linalg::svd(a);
        let (u2, s2, vh2) = linalg::svd_full(a);
        let (p, l, upper) = linalg::lu(a);
        let gram = a.swapaxes(-1, -2).matmul(a);
        let (w, v) = linalg::eigh(gram);
        let lower = linalg::cholesky(gram + gradus::eye(3, Dtype::F64));
        let first = u2.swapaxes(-1, -2).matmul(u2) - gradus::eye(5, Dtype::F64);
        vec![
            q.matmul(r) - a,
            q2.matmul(r2) - a,
            (u * s.expand_dims(-2)).matmul(vh) - a,
            first,
            vh2.matmul(vh2.swapaxes(-1, -2)) - gradus::eye(3, Dtype::F64),
            s - s2,
            p.matmul(l).matmul(upper) - a,
            (v * w.expand_dims(-2)).matmul(v.swapaxes(-1, -2)) - gram,
            w - linalg::eigvalsh(gram),
            s - linalg::svdvals(a),
            lower.matmul(lower.swapaxes(-1, -2)) - gram - gradus::eye(3, Dtype::F64),
        ]
    });
    for (k, zero) in f(&a).unwrap().iter().enumerate() {
        assert!(zero.to_f64_vec().iter().all(|x| x.abs() < 1e-10), "{k}: {zero}");
    }
}

#[test]
fn functions_of_matrices_are_those_of_jax() {
    let expected =
        [10.586026, -5.9240475, 10.064298, -1.7265759, 4.120212, -7.0824413, 15.133892, -2.9818606, 24.84343];
    assert_near(&of(|a| linalg::expm(a), &matrix()), &expected);
    let batch = of(|a| linalg::expm(gradus::stack([*a, a * 0.0], 0)), &matrix());
    assert_near(&batch, &[&expected[..], &[1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]].concat());
    let gradient = of(grad(|a: &Val| linalg::expm(a).at(0).at(1)), &matrix());
    let expected = [
        -3.288898,
        6.3485928,
        -0.66216516,
        0.9410511,
        -2.584996,
        0.08931756,
        -0.94358504,
        3.2216914,
        -0.050155878,
    ];
    assert_near(&gradient, &expected);
    assert!(of(|a| linalg::expm(a * 1e6), &matrix()).to_f64_vec().iter().all(|x| x.is_nan()));
    let root = of(|a| linalg::sqrtm(a.matmul(a.transpose())), &matrix());
    let square = jit(|r: &Val, a: &Val| r.matmul(r) - a.matmul(a.transpose()))(&root, &matrix()).unwrap();
    assert_near(&square, &[0.0; 9]);
    let back = of(|a| linalg::matrix_power(a, -3).matmul(linalg::matrix_power(a, 3)), &matrix());
    assert_near(&back, &[1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]);
    assert_eq!(
        of(|a| linalg::matrix_power(a, 0), &Array::from([[3i32, 1], [0, 2]])),
        Array::from([[1i32, 0], [0, 1]])
    );
}

#[test]
fn least_squares_are_those_of_jax() {
    let a = Array::from([[1.0f32, 0.0], [1.0, 1.0], [1.0, 2.0], [1.0, 3.0]]);
    let b = Array::from([1.0f32, 2.0, 2.0, 4.0]);
    let f = jit(|a: &Val, b: &Val| {
        let all = linalg::lstsq(a, b);
        (all.x, all.residuals, all.rank, all.singular_values)
    });
    let (x, residuals, rank, s) = f(&a, &b).unwrap();
    assert_near(&x, &[0.9, 0.9]);
    assert_near(&residuals, &[0.7]);
    assert_eq!(rank, Array::scalar(2i32));
    assert_near(&s, &[4.1000304, 1.0907565]);
    let wide = Array::from([[1.0f32, 2.0, 3.0], [4.0, 5.0, 6.0]]);
    let expected = [-0.9444448, 0.4444445, -0.11111118, 0.111111134, 0.7222225, -0.2222223];
    assert_near(&of(|a| linalg::pinv(a), &wide), &expected);
    assert_near(&of(|a| linalg::pinv(a).matmul(a).matmul(linalg::pinv(a)), &wide), &expected);
}

#[test]
fn eigenvalues_are_those_of_jax() {
    let a = Array::from([[1.0f32, 2.0, 0.5], [-3.0, 4.0, 1.0], [0.2, 0.1, -1.0]]);
    // They come in no order: sums of functions of them do not depend on it.
    let f = jit(|a: &Val| {
        let w = linalg::eigvals(a);
        vec![w.real().sum(), w.abs().sum(), (w.real() * w.imag().square()).sum(), w.imag().sum()]
    });
    let expected = [4.0, 7.343053, 18.347874, 0.0];
    for (got, expected) in f(&a).unwrap().iter().zip(expected) {
        assert_near(got, &[expected]);
    }
    let slope = of(grad(|a: &Val| linalg::eigvals(a).abs().sum()), &a);
    let expected = [
        1.2682836,
        0.8988920,
        0.17189354,
        -0.6322929,
        0.333357,
        -0.06719838,
        -0.0657355,
        0.31895570,
        -1.0091815,
    ];
    assert_near(&slope, &expected);
    let off = jit(|a: &Val| {
        let (w, v) = linalg::eig(a);
        let off = a.matmul(v) - v * w;
        vec![off.real(), off.imag(), v.abs().square().sum_axes(0) - 1.0]
    });
    for zero in off(&a).unwrap() {
        assert!(zero.to_f64_vec().iter().all(|x| x.abs() < 1e-5), "{zero}");
    }
}

#[test]
fn systems_broadcast_their_batches() {
    let a = jit(|a: &Val| gradus::stack([*a, a + 1.0], 0))(&matrix()).unwrap();
    let b = Array::from([[1.0f32, 2.0], [3.0, 4.0], [5.0, 6.0]]);
    let f = jit(|a: &Val, b: &Val| {
        let x = linalg::solve(a, b);
        let y = linalg::lu_solve(&linalg::lu_factor(a), b);
        let spd = a.matmul(a.swapaxes(-1, -2));
        let z = linalg::cho_solve(linalg::cho_factor(spd, Triangle::Upper), b);
        let t = linalg::solve_triangular(a, b, Triangle::Upper, Transposed::Transpose);
        let u = a.triu(0).swapaxes(-1, -2);
        let vector =
            a.matmul(linalg::solve(a, b.take(0, 1)).expand_dims(-1)) - b.take(&Array::from([0i32]), 1);
        vec![a.matmul(x) - b, x - y, spd.matmul(z) - b, u.matmul(t) - b, vector]
    });
    for (k, zero) in f(&a, &b).unwrap().iter().enumerate() {
        assert!(zero.to_f64_vec().iter().all(|x| x.abs() < 1e-4), "{k}: {zero}");
    }
    let right = jit(|a: &Val, b: &Val| {
        let x = linalg::triangular_solve(a, b.transpose(), false, Triangle::Lower, Transposed::No, true);
        let unit = a.tril(-1) + gradus::eye(3, Dtype::F32);
        x.matmul(unit) - b.transpose()
    });
    assert_near(&right(&a, &b).unwrap(), &[0.0; 12]);
    let tensors = jit(|a: &Val| {
        let a = gradus::eye(6, Dtype::F32).reshape([2, 3, 6]) * 2.0 + a.sum() * 0.0;
        let b = gradus::ones([2, 3], Dtype::F32);
        (linalg::tensorsolve(a, b), linalg::tensorinv(a, 2))
    });
    let (x, inverse) = tensors(&a).unwrap();
    assert_near(&x, &[0.5; 6]);
    assert_eq!(inverse.shape(), [6, 2, 3]);
}

#[test]
fn gradients_pass_through_systems_and_determinants() {
    let a = Array::from([
        [1.0f32, 2.0, 0.0, 1.0],
        [0.0, 1.0, 3.0, 0.0],
        [2.0, 0.0, 1.0, 1.0],
        [1.0, 1.0, 0.0, 4.0],
    ]);
    let expected =
        [7.0, 21.0, -7.0, -7.0, -7.0, 3.0, 13.0, 1.0, 21.0, -9.0, 3.0, -3.0, -7.0, -3.0, 1.0, 13.0];
    assert_near(&of(grad(|a: &Val| linalg::det(a)), &a), &expected);
    // d log|det A| / dA = A⁻ᵀ.
    let f = |a: &Val| grad(|a: &Val| linalg::slogdet(a).1)(a) - linalg::inv(a).transpose();
    assert_near(&of(f, &a), &[0.0; 16]);
    // The second derivative of x ↦ 1/x by way of a system.
    let second = of(grad(grad(|x: &Val| linalg::inv(x.reshape([1, 1])).sum())), &Array::scalar(2.0f32));
    assert_near(&second, &[0.25]);
    let lanes = of(|a| vmap(|row: &Val| linalg::solve(row.diag(0), row))(&(a + 1.0)), &a);
    assert_near(&lanes, &[1.0; 16]);
}

#[test]
fn fourier_transforms_are_those_of_jax() {
    let x = Array::from([1.0f32, 2.0, -1.0, 0.5, 3.0]);
    let cut = jit(|x: &Val| {
        let y = fft::fft_along(x, Some(&[4]), -1, Norm::Backward);
        (y.real(), y.imag())
    });
    let (re, im) = cut(&x).unwrap();
    assert_near(&re, &[2.5, 2.0, -2.5, 2.0]);
    assert_near(&im, &[0.0, -1.5, 0.0, 1.5]);
    let filled = jit(|x: &Val| {
        let y = fft::rfft_along(x, Some(&[4]), 0, Norm::Ortho);
        (y.real(), y.imag())
    });
    let (re, im) = filled(&Array::from([[1.0f32, 2.0, -1.0], [0.5, 3.0, 1.0]])).unwrap();
    assert_near(&re, &[0.75, 2.5, 0.0, 0.5, 1.0, -0.5, 0.25, -0.5, -1.0]);
    assert_near(&im, &[0.0, 0.0, 0.0, -0.25, -1.5, -0.5, 0.0, 0.0, 0.0]);
    let (re, im) = (Array::from([1.0f32, 2.0, -1.0]), Array::from([2.0f32, -1.0, 1.0]));
    let f = jit(|re: &Val, im: &Val| {
        let z = gradus::complex(re, im);
        vec![fft::irfft_along(z, Some(&[5]), -1, Norm::Backward), fft::irfft(z), fft::hfft(z)]
    });
    let all = f(&re, &im).unwrap();
    assert_near(&all[0], &[0.6, 0.91612893, 0.044716265, -1.1863571, 0.62551194]);
    assert_near(&all[1], &[1.0, 1.0, -1.0, 0.0]);
    assert_near(&all[2], &[4.0, 0.0, -4.0, 4.0]);
}

#[test]
fn cosine_transforms_are_those_of_jax() {
    let x = Array::from([1.0f32, 2.0, -1.0, 0.5, 3.0]);
    assert_near(&of(|x| fft::dct(x), &x), &[11.0, -2.0408702, 6.927051, -5.2043104, -3.5729492]);
    let ortho = |x: &Val| fft::dct_along(x, None, -1, Norm::Ortho);
    assert_near(&of(ortho, &x), &[2.4596748, -0.64537984, 2.1905258, -1.6457474, -1.1298658]);
    assert_near(&of(|x| fft::idct(x), &x), &[0.5628079, -0.18359831, 0.8999999, -0.46361524, -0.31559435]);
    for norm in [Norm::Backward, Norm::Ortho] {
        for n in [1, 2, 4, 5] {
            let back = move |x: &Val| {
                let x = x.slice([gradus::Slice::from(..n)]);
                fft::idct_along(fft::dct_along(x, None, 0, norm), None, 0, norm) - x
            };
            assert_near(&of(back, &x), &vec![0.0; n as usize]);
        }
    }
}

#[test]
fn transforms_of_several_axes_are_undone_by_their_inverse() {
    let x =
        Array::from_f64(&gradus::Type::new(Dtype::F64, [3, 4, 5]), (0..60).map(|k| f64::from(k * 7 % 11)));
    let f = jit(|x: &Val| {
        let odd = Some(&[4usize, 5][..]);
        vec![
            fft::ifft(fft::fft(x)).real() - x,
            fft::ifftn(fft::fftn(x)).real() - x,
            fft::ifft2(fft::fft2(x)).imag(),
            fft::irfft2_along(fft::rfft2(x), odd, [-2, -1], Norm::Backward) - x,
            fft::irfftn_along(fft::rfftn(x), Some(&[3, 4, 5]), .., Norm::Backward) - x,
            fft::irfft_along(fft::rfft_along(x, None, 1, Norm::Ortho), Some(&[4]), 1, Norm::Ortho) - x,
            fft::ifft_along(fft::fft_along(x, None, [2, 0], Norm::Forward), None, [2, 0], Norm::Forward)
                .real()
                - x,
            fft::ifftshift(fft::fftshift(x, ..), ..) - x,
            fft::ihfft(fft::hfft_along(fft::rfft(x), Some(5), -1, Norm::Backward)).real()
                - fft::rfft(x).real(),
        ]
    });
    for (k, zero) in f(&x).unwrap().iter().enumerate() {
        assert!(zero.to_f64_vec().iter().all(|x| x.abs() < 1e-10), "{k}: {zero}");
    }
}

#[test]
fn mistakes_are_told_with_their_shapes() {
    let message = |f: fn(&Val, &Val) -> Val, a: Array, b: Array| trace(f)(&a, &b).unwrap_err().to_string();
    let (a, b) = (matrix(), Array::from([1.0f32, 2.0]));
    let text = message(|a, b| linalg::solve(a, b), a.clone(), b.clone());
    assert!(text.contains("solve") && text.contains("[3,3]") && text.contains("[2]"), "{text}");
    let text = message(|_, b| linalg::cholesky(b), a.clone(), b.clone());
    assert!(text.contains("cholesky: takes matrices, not f32[2]"), "{text}");
    let text = message(|a, _| linalg::inv(a.slice([gradus::Slice::from(..2)])), a.clone(), b.clone());
    assert!(text.contains("inv") && text.contains("2 by 3"), "{text}");
    let text = message(|a, b| linalg::multi_dot(&[*a, *b]), a.clone(), b.clone());
    assert!(text.contains("[3,3]") && text.contains("[2]"), "{text}");
    let text = message(|a, _| linalg::norm_ord(a, 3, [0, 1]), a.clone(), b.clone());
    assert!(text.contains("no norm"), "{text}");
    let text = message(
        |a, _| linalg::norm_ord(a, 2, ..).expand_dims([0, 1]) + fft::dct_along(a, None, 2, Norm::Ortho),
        a.clone(),
        b.clone(),
    );
    assert!(text.contains("axis 2") && text.contains("linalg.rs"), "{text}");
    let text = message(|a, _| fft::fft_along(a, Some(&[2, 2, 2]), .., Norm::Backward).real(), a, b);
    assert!(text.contains("[2, 2, 2]") && text.contains("[3,3]"), "{text}");
}
