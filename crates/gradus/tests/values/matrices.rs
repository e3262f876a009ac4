//! Linear algebra of complex matrices, and of singular ones: losses and gradients against JAX 0.10.2 (the expected
//! numbers are its).

use gradus::linalg::{self, Order, Transposed, Triangle};
use gradus::{Array, Complex, Dtype, Result, Type, Val, grad, hessian, jit, jvp, value_and_grad, vmap};

/// Complex numbers of no pattern, the same for the same seed.
fn numbers(shape: &[usize], seed: usize) -> Array {
    let count: usize = shape.iter().product();
    let number = |k: f64| Complex::new((1.3 * k + 0.5).sin(), (2.1 * k).cos());
    Array::from_complex(&Type::new(Dtype::Complex128, shape), (0..count).map(|k| number((k + seed) as f64)))
}

/// Matrices of these numbers with `added` on the diagonal.
fn matrices(shape: &[usize], added: f64) -> Array {
    let [.., m, n] = *shape else { unreachable!("a matrix") };
    let all = numbers(shape, 0).to_complex_vec().into_iter().enumerate();
    let moved = all.map(|(k, z)| if k / n % m == k % n { z + added } else { z });
    Array::from_complex(&Type::new(Dtype::Complex128, shape), moved)
}

fn data(shape: &[usize], seed: usize, like: Val) -> Val {
    Val::from(&numbers(shape, seed)).astype(like.dtype().complex())
}

/// The real part of a weighted sum of all results.
fn loss(results: &[Val]) -> Val {
    let weighted = results.iter().enumerate().map(|(i, x)| {
        let dims = if x.rank() == 0 { vec![1] } else { x.shape() };
        (data(&dims, 100 + 10 * i, *x).reshape(x.shape()) * *x).real().sum()
    });
    weighted.reduce(|a, b| a + b).expect("a result")
}

fn gram(a: Val) -> Val {
    let n = a.shape()[a.rank() - 2];
    a.matmul(a.matrix_adjoint()) + gradus::eye(n, a.dtype())
}

/// The last two axes, both of them.
const BOTH: [i32; 2] = [-2, -1];

fn of(name: &str, a: Val) -> Val {
    let rows = a.shape()[a.rank() - 1];
    let vectors = |a: Val| data(&[rows, 2], 7, a);
    loss(&match name {
        "cholesky" => vec![linalg::cholesky(gram(a))],
        "cholesky_lower_read" => vec![linalg::cholesky(a + 6.0 * gradus::eye(rows, a.dtype()))],
        "solve" => {
            let mut shape = a.shape();
            shape.pop();
            shape.push(2);
            vec![linalg::solve(a, data(&shape, 7, a))]
        }
        "inv" => vec![linalg::inv(a)],
        "det" => vec![linalg::det(a)],
        "slogdet" => <[Val; 2]>::from(linalg::slogdet(a)).to_vec(),
        "qr" => <[Val; 2]>::from(linalg::qr(a)).to_vec(),
        // products that no phase of the vectors changes
        "svd" => {
            let (u, s, vh) = linalg::svd(a);
            vec![s, u.matmul(vh), (u * s.sin().expand_dims(-2)).matmul(vh)]
        }
        "svdvals" => vec![linalg::svdvals(a)],
        "eigh" => {
            let (w, v) = linalg::eigh(a);
            vec![w, (v * w.sin().expand_dims(-2)).matmul(v.matrix_adjoint())]
        }
        "eigvals" => vec![linalg::eigvals(a).exp().sum_axes(-1)],
        "lu" => <[Val; 3]>::from(linalg::lu(a)).to_vec(),
        "lstsq" => vec![linalg::lstsq(a, data(&[a.shape()[0], 2], 7, a)).x],
        "pinv" => vec![linalg::pinv(a)],
        "frobenius" => vec![linalg::norm_ord(a, Order::Frobenius, BOTH)],
        "nuclear" => vec![linalg::norm_ord(a, Order::Nuclear, BOTH)],
        "norm1" => vec![linalg::norm_ord(a, 1, BOTH)],
        "norm2" => vec![linalg::norm_ord(a, 2, BOTH)],
        "vector3" => vec![linalg::norm_ord(a, 3, -1)],
        "power3" => vec![linalg::matrix_power(a, 3)],
        "power_2" => vec![linalg::matrix_power(a, -2)],
        "expm" => vec![linalg::expm(a)],
        "cond1" => vec![linalg::cond_ord(a, 1)],
        "adjoint_triangular" => {
            vec![linalg::solve_triangular(a, vectors(a), Triangle::Lower, Transposed::Adjoint)]
        }
        "cho_solve" => vec![linalg::cho_solve(linalg::cho_factor(gram(a), Triangle::Lower), vectors(a))],
        "lu_solve" => vec![linalg::lu_solve(&linalg::lu_factor(a), vectors(a))],
        "tridiagonal" => vec![linalg::tridiagonal_solve(a.at(0), a.at(1) + 4.0, a.at(2), vectors(a))],
        other => unreachable!("{other}"),
    })
}

/// The function, the shape of the matrices, what is added to their diagonals; the loss, and the sum of its gradient
/// times other numbers.
type Row = (&'static str, &'static [usize], f64, [f64; 3]);

const JAX: &[Row] = &[
    ("cholesky", &[3, 3], 0.0, [-2.22954627, 4.08923462, 0.258570974]),
    ("cholesky", &[2, 2, 3], 0.0, [0.602482967, -2.23021413, -0.555938788]),
    ("cholesky_lower_read", &[3, 3], 0.0, [-2.24487761, -0.490405528, -0.205328183]),
    ("solve", &[2, 3, 3], 2.0, [-6.19375888, 4.84935756, 0.652427087]),
    ("inv", &[2, 3, 3], 2.0, [0.465051436, -1.89323808, 3.87823655]),
    ("det", &[2, 2], 0.0, [1.26263807, -0.262002561, -1.54664581]),
    ("det", &[3, 3], 0.0, [1.57944528, -4.70817297, 5.48151326]),
    ("det", &[2, 4, 4], 0.0, [-6.65938801, 10.7004765, 7.90668438]),
    ("slogdet", &[2, 4, 4], 1.0, [-2.85665925, 0.173504534, 0.595581819]),
    ("qr", &[3, 3], 1.0, [4.08611103, -1.49207532, -1.07349412]),
    ("qr", &[2, 4, 2], 1.0, [-3.23583069, 3.04382803, 2.1262355]),
    ("svd", &[3, 3], 1.0, [-4.33004756, -5.6292241, -2.60687655]),
    ("svd", &[2, 4, 2], 1.0, [-1.0404481, -7.69578081, 0.597161817]),
    ("svd", &[2, 3], 1.0, [-3.92749848, -2.60420465, -1.62909104]),
    ("svdvals", &[2, 3, 2], 0.0, [0.505065711, -0.664743621, 0.327176021]),
    ("eigh", &[3, 3], 0.0, [3.28298091, -4.27217725, -2.0363002]),
    ("eigh", &[2, 2, 2], 0.0, [-0.349832442, -4.20277756, 1.60788277]),
    ("eigvals", &[3, 3], 0.0, [-0.0715499085, -2.88431703, 0.362975637]),
    ("lu", &[3, 3], 0.0, [-2.15384899, 3.45590381, -0.253486019]),
    ("lstsq", &[4, 2], 0.0, [0.946282481, 1.13404859, 1.57689026]),
    ("lstsq", &[3, 3], 2.0, [-2.66680884, 2.80944612, 0.744745305]),
    ("pinv", &[3, 2], 0.0, [-1.620851, -1.87830935, 0.331856955]),
    ("pinv", &[2, 2, 3], 0.0, [1.03546797, -0.158617678, -0.191625488]),
    ("frobenius", &[2, 3, 2], 0.0, [-2.75726106, 0.963521254, 0.370972412]),
    ("nuclear", &[3, 2], 0.0, [-3.25727442, 1.16313407, 0.348964645]),
    ("norm1", &[3, 2], 0.0, [-3.26305897, 0.805876067, -0.0143530465]),
    ("norm2", &[3, 2], 0.0, [-2.08550181, 0.579458779, 0.515893872]),
    ("vector3", &[2, 3], 0.0, [-1.62338921, 0.656413085, 0.142373433]),
    ("power3", &[2, 2, 2], 0.0, [2.00721926, -6.61609385, 3.6916856]),
    ("power_2", &[3, 3], 2.0, [0.960332847, -4.00040868, -2.23353053]),
    ("expm", &[3, 3], 0.0, [3.04002393, -2.82973919, -1.07548794]),
    ("expm", &[2, 2, 2], 3.0, [40.4711612, 12.9877496, 29.6571591]),
    ("cond1", &[3, 3], 2.0, [-6.69942311, 5.16529814, -3.18058734]),
    ("adjoint_triangular", &[3, 3], 3.0, [-0.663186853, 0.123186977, -0.479527957]),
    ("cho_solve", &[3, 3], 0.0, [-0.896125915, -0.922163369, 0.0172996404]),
    ("lu_solve", &[3, 3], 2.0, [-2.66680884, 2.80944612, 0.744745305]),
    ("tridiagonal", &[3, 4], 0.0, [-0.585363509, -0.132209097, 0.0364690252]),
    ("lu", &[2, 3, 2], 0.0, [-2.63550149, -0.849396381, -0.951453174]),
];

#[track_caller]
fn near(found: f64, expected: f64, tolerance: f64, what: &str) {
    assert!(
        (found - expected).abs() <= tolerance * (1.0 + expected.abs()),
        "{what}: {found} is not {expected}"
    );
}

#[test]
fn complex_matrices_are_those_of_jax() -> Result<()> {
    for (name, shape, added, expected) in JAX {
        let a = matrices(shape, *added);
        let gradient = jit(value_and_grad(move |a: &Val| of(name, *a)));
        let probe = numbers(shape, 50).to_complex_vec();
        for (a, tolerance) in [
            (a.clone(), 2e-8),
            (Array::from_complex(&a.ty().with_dtype(Dtype::Complex64), a.to_complex_vec()), 3e-4),
        ] {
            let (value, slope) = gradient(&a)?;
            let what = format!("{name} of {}", a.ty());
            assert_eq!(slope.ty(), a.ty());
            near(value.to_f64_vec()[0], expected[0], tolerance, &what);
            let product: Complex<f64> =
                slope.to_complex_vec().into_iter().zip(&probe).map(|(x, y)| x * y).sum();
            near(product.re, expected[1], 4.0 * tolerance, &what);
            near(product.im, expected[2], 4.0 * tolerance, &what);
        }
    }
    Ok(())
}

#[test]
fn complex_factors_give_the_matrix_back() -> Result<()> {
    for shape in [[2usize, 4, 2], [2, 2, 4], [2, 3, 3]] {
        let f = jit(move |a: &Val| {
            let (m, n) = (shape[1], shape[2]);
            let unit = |q: Val, n: usize| q.matrix_adjoint().matmul(q) - gradus::eye(n, q.dtype());
            let (q, r) = linalg::qr_full(*a);
            let (u, s, vh) = linalg::svd_full(*a);
            let k = m.min(n);
            let cut = |u: Val| u.slice(gradus::s![.., .., ..k as i64]);
            let middle = (cut(u) * s.expand_dims(-2)).matmul(cut(vh.swapaxes(-1, -2)).swapaxes(-1, -2));
            let square = a.matrix_adjoint().matmul(a);
            let (w, v) = linalg::eig(square);
            let split = square.matmul(v) - v * w.expand_dims(-2);
            let on_diagonal = linalg::diagonal(r, 0).imag();
            vec![q.matmul(r) - a, unit(q, m), unit(u, m), unit(vh.matrix_adjoint(), n), middle - a, split]
                .into_iter()
                .map(|x| x.abs().amax())
                .chain([
                    on_diagonal.abs().amax(),
                    linalg::matrix_rank(*a).amax().astype(Dtype::F64) - k as f64,
                ])
                .collect::<Vec<Val>>()
        });
        for (i, zero) in f(&matrices(&shape, 0.5))?.iter().enumerate() {
            near(zero.to_f64_vec()[0], 0.0, 1e-11, &format!("{i} of {shape:?}"));
        }
    }
    // A batch is its lanes one by one.
    let lanes = jit(|a: &Val| {
        let one = |a: &Val| linalg::cholesky(gram(*a)).matmul(linalg::inv(*a));
        (vmap(one)(a) - one(a)).abs().amax()
    });
    near(lanes(&matrices(&[2, 3, 3], 2.0))?.to_f64_vec()[0], 0.0, 1e-13, "lanes");
    Ok(())
}

#[track_caller]
fn all_near(found: &Array, expected: &[f64]) {
    let found = found.to_f64_vec();
    assert_eq!(found.len(), expected.len());
    found.iter().zip(expected).for_each(|(x, y)| near(*x, *y, 1e-8, &format!("{found:?}")));
}

fn rank_two() -> Array {
    Array::from([[1.0f64, 2.0, 3.0], [2.0, 4.0, 6.0], [1.0, 0.0, 1.0]])
}
fn rank_three() -> Array {
    Array::from([[1.0f64, 2.0, 3.0, 4.0], [2.0, 1.0, 0.0, 1.0], [3.0, 3.0, 3.0, 5.0], [1.0, 1.0, 4.0, 2.0]])
}
fn rank_two_of_four() -> Array {
    Array::from([[1.0f64, 2.0, 3.0, 4.0], [2.0, 4.0, 6.0, 8.0], [1.0, 1.0, 0.0, 2.0], [2.0, 2.0, 0.0, 4.0]])
}

#[test]
fn determinants_of_singular_matrices_have_gradients() -> Result<()> {
    let gradient = jit(grad(|a: &Val| linalg::det(*a)));
    all_near(&gradient(&rank_two())?, &[4.0, 4.0, -4.0, -2.0, -2.0, 2.0, 0.0, 0.0, 0.0]);
    let row = [-5.0, 19.0, 1.0, -9.0];
    let expected = [row, row, row.map(|x| -x), [0.0; 4]].concat();
    all_near(&gradient(&rank_three())?, &expected);
    all_near(&gradient(&rank_two_of_four())?, &[0.0; 16]);
    all_near(&gradient(&Array::zeros(Type::new(Dtype::F64, [4, 4])))?, &[0.0; 16]);
    // Forward, in lanes, and twice where the matrix is regular: det'' along d is (tr² - tr of the square) · det.
    let forward = jit(|a: &Val, d: &Val| {
        let det = |a: &Val| linalg::det(*a);
        let twice = jvp(|a: &Val| jvp(det, a, d).1, a, d).1;
        let t = linalg::solve(*a, *d);
        let formula = det(a) * (t.trace().square() - t.matmul(t).trace());
        (jvp(det, a, d).1, vmap(grad(det))(&gradus::stack([*a, *d], 0)).at(1), twice / formula)
    });
    let identity = jit(|a: &Val| gradus::eye(4, Dtype::F64) * 2.0 + a * 0.1)(&rank_three())?;
    let (slope, lanes, ratio) = forward(&identity, &rank_three())?;
    let moved = |t: f64| {
        let f = jit(move |a: &Val, d: &Val| linalg::det(a + d * t));
        f(&identity, &rank_three()).map(|x| x.to_f64_vec()[0])
    };
    near(slope.to_f64_vec()[0], (moved(1e-5)? - moved(-1e-5)?) / 2e-5, 1e-7, "forward");
    all_near(&lanes, &expected);
    all_near(&ratio, &[1.0]);
    Ok(())
}

#[test]
fn pseudoinverses_of_singular_matrices_have_gradients() -> Result<()> {
    let real = |a: &Val| {
        let p = linalg::pinv(*a);
        loss(&[p])
    };
    let gradient = jit(grad(real));
    let of_two = [
        -0.907800169,
        0.739693114,
        -0.174780571,
        0.628645001,
        -0.50726225,
        0.108035718,
        -1.337214428,
        0.900501017,
        -0.128548659,
    ];
    all_near(&gradient(&rank_two())?, &of_two);
    let of_four = [
        -0.049091833,
        -0.034128766,
        0.053710437,
        0.005253483,
        -0.017409301,
        -0.041758607,
        -0.055405445,
        0.063504816,
        0.07789814,
        0.06879188,
        -0.042274885,
        -0.039546793,
        0.072024131,
        0.110245789,
        0.084752762,
        -0.133769527,
    ];
    all_near(&gradient(&rank_two_of_four())?, &of_four);
    all_near(&gradient(&Array::zeros(Type::new(Dtype::F64, [2, 3])))?, &[0.0; 6]);
    let second = jit(move |a: &Val| jvp(|a: &Val| grad(real)(a), a, &(a * 0.0 + 0.5)).1);
    let expected = [
        0.020503416,
        -0.295458909,
        0.234118763,
        0.145540504,
        0.134069364,
        -0.173277677,
        0.195297967,
        -0.792520144,
        0.56379897,
    ];
    all_near(&second(&rank_two())?, &expected);
    // of full rank reverse over reverse is forward over reverse
    let tall = Array::from([[1.0f64, 2.0], [0.5, -1.0], [3.0, 0.3]]);
    let both = jit(move |a: &Val| {
        let along = |a: &Val| grad(move |b: &Val| (grad(real)(b) * 0.5).sum())(a);
        (along(a) - jvp(|a: &Val| grad(real)(a), a, &(a * 0.0 + 0.5)).1, hessian(real)(a).sum())
    });
    let (zero, sum) = both(&tall)?;
    all_near(&zero, &[0.0; 6]);
    assert!(sum.to_f64_vec()[0].is_finite());
    Ok(())
}

#[test]
fn reflections_are_those_of_qr() -> Result<()> {
    for shape in [[2usize, 4, 2], [2, 3, 3], [1, 2, 4]] {
        let f = jit(move |a: &Val| {
            let k = shape[1].min(shape[2]) as i64;
            let by_loop = move |a: &Val| {
                let (packed, tau) = linalg::geqrf(*a);
                let q = linalg::householder_product(packed.slice(gradus::s![.., .., ..k]), tau);
                [q, packed.slice(gradus::s![.., ..k, ..]).triu(0)]
            };
            let direct = |a: &Val| <[Val; 2]>::from(linalg::qr(*a));
            let [q, r] = by_loop(a);
            let values = [q - direct(a)[0], r - direct(a)[1]];
            let gradients =
                grad(move |a: &Val| loss(&by_loop(a)))(a) - grad(move |a: &Val| loss(&direct(a)))(a);
            let real = a.real();
            let of_real = by_loop(&real)[0] - direct(&real)[0];
            ([values[0].abs().amax(), values[1].abs().amax(), of_real.abs().amax()], gradients.abs().amax())
        });
        let (values, gradients) = f(&matrices(&shape, 0.5))?;
        for zero in values.iter().chain([&gradients]) {
            near(zero.to_f64_vec()[0], 0.0, 1e-11, &format!("{shape:?}"));
        }
    }
    let exchanged = jit(|a: &Val| {
        let factors = linalg::lu_factor(*a);
        linalg::lu_pivots_to_permutation(factors.pivots, 4) - factors.permutation
    });
    assert_eq!(exchanged(&matrices(&[3, 4, 2], 0.0))?.to_f64_vec(), [0.0; 12]);
    Ok(())
}

#[test]
fn polar_factors_and_directions_of_the_exponential() -> Result<()> {
    let f = jit(|a: &Val, e: &Val| {
        let (u, p) = linalg::polar(*a);
        let (value, derivative) = linalg::expm_frechet(*a, *e);
        // the exponential of a block matrix holds the derivative in its corner
        let block = gradus::block(vec![vec![*a, *e], vec![a * 0.0, *a]]);
        let whole = linalg::expm(block);
        let corner = whole.slice(gradus::s![..3, 3..]);
        [
            u.matmul(p) - a,
            p - p.matrix_adjoint(),
            derivative - corner,
            value - whole.slice(gradus::s![..3, ..3]),
        ]
        .map(|x| x.abs().amax())
    });
    for (i, zero) in f(&matrices(&[3, 3], 0.5), &numbers(&[3, 3], 20))?.iter().enumerate() {
        near(zero.to_f64_vec()[0], 0.0, 1e-11, &format!("{i}"));
    }
    Ok(())
}
