//! Linear systems by solvers of the user's: derivatives against those of `linalg::solve` and of differences, in both
//! modes, of second order, in lanes and loops, and what is refused.

use super::first_line;
use gradus::linalg::{self, Krylov};
use gradus::{
    Array, Complex, Result, TransposeSolve, Val, custom_linear_solve, custom_root, grad, hessian, jacfwd,
    jacrev, jit, jvp, linear_transpose, scan, vmap, while_loop,
};

/// Simple iteration until nothing changes, of matrices near 2: it has no derivative of its own in reverse mode but by
/// its steps, and none at all of the captured values.
fn iterate(matvec: &dyn Fn(&Val) -> Val, b: Val) -> Val {
    let step = |(x, _): (Val, Val)| {
        let change = (b - matvec(&x)) * 0.5;
        (x + change, change.abs().amax())
    };
    while_loop((b, b.ones_like().sum()), |(_, change)| change.gt(1e-14), step).0
}

/// By [`iterate`] both ways.
fn solved(a: &Val, b: &Val) -> Val {
    custom_linear_solve(*b, |x: &Val| a.dot(x), iterate, TransposeSolve::By(&iterate))
}

fn matrix() -> Array {
    Array::from([[2.0f64, 0.5, -0.3], [0.1, 1.8, 0.4], [-0.2, 0.3, 2.1]])
}
fn right() -> Array {
    Array::from([1.0f64, -2.0, 0.5])
}

#[track_caller]
fn close(found: &Array, expected: &Array, tolerance: f64) {
    assert_eq!(found.ty(), expected.ty());
    for (x, y) in found.parts().to_f64_vec().iter().zip(expected.parts().to_f64_vec()) {
        assert!((x - y).abs() <= tolerance * (1.0 + y.abs()), "{found}\nis not near\n{expected}");
    }
}

/// Both functions of a matrix and a vector are the same.
#[track_caller]
fn agree(
    f: impl Fn(&Val, &Val) -> Val + Send + Sync + 'static,
    g: impl Fn(&Val, &Val) -> Val + Send + Sync + 'static,
    a: &Array,
    b: &Array,
    tolerance: f64,
) {
    close(&jit(f)(a, b).unwrap(), &jit(g)(a, b).unwrap(), tolerance);
}

type Solve = fn(&Val, &Val) -> Val;
const DIRECT: Solve = |a, b| linalg::solve(a, b);

fn loss(f: Solve, a: &Val, b: &Val) -> Val {
    f(a, b).sin().sum()
}
fn by_a(f: Solve, a: &Val, b: &Val) -> Val {
    grad(|a: &Val| loss(f, a, b))(a)
}
fn by_b(f: Solve, a: &Val, b: &Val) -> Val {
    grad(|b: &Val| loss(f, a, b))(b)
}

/// Derivatives of first and second order, forward and reverse, alone and in lanes.
const DERIVATIVES: [fn(Solve, &Val, &Val) -> Val; 9] = [
    |f, a, b| f(a, b),
    by_a,
    by_b,
    |f, a, b| jacfwd(|a: &Val| f(a, b))(a),
    |f, a, b| jacrev(|a: &Val| f(a, b))(a),
    |f, a, b| jacfwd(|b: &Val| by_a(f, a, b))(b),
    |f, a, b| grad(|a: &Val| (by_b(f, a, b) * b.cos() + by_a(f, a, b).dot(b)).sum())(a),
    |f, a, b| {
        vmap(|a: &Val, b: &Val| by_a(f, a, b))(
            &gradus::stack([*a, a * 1.1], 0),
            &gradus::stack([*b, b * 2.0], 0),
        )
    },
    |f, a, b| vmap(|b: &Val| by_a(f, a, b))(&gradus::stack([*b, b * 2.0], 0)),
];

#[track_caller]
fn agrees_with_direct(f: Solve, a: &Array, b: &Array, tolerance: f64) {
    for of in DERIVATIVES {
        agree(move |a, b| of(f, a, b), move |a, b| of(DIRECT, a, b), a, b, tolerance);
    }
}

#[test]
fn a_system_is_differentiated_without_its_solver() {
    agrees_with_direct(solved, &matrix(), &right(), 1e-9);
}

#[test]
fn a_symmetric_system_needs_no_other_solver() {
    let f: Solve = |a, b| {
        let a = a + a.transpose();
        custom_linear_solve(b * 4.0, |x: &Val| a.dot(x) / 2.0, iterate, TransposeSolve::Symmetric)
    };
    let g: Solve = |a, b| linalg::solve((a + a.transpose()) / 2.0, b * 4.0);
    agree(move |a, b| by_a(f, a, b), move |a, b| by_a(g, a, b), &matrix(), &right(), 1e-9);
    let second = |f: Solve| move |a: &Val, b: &Val| hessian(|b: &Val| loss(f, a, b))(b);
    agree(second(f), second(g), &matrix(), &right(), 1e-9);
}

#[test]
fn derivatives_are_those_of_differences() -> Result<()> {
    let loss = |a: &Val, b: &Val| (solved(a, b) * Val::from(&Array::from([1.0f64, 2.0, -1.0]))).sum();
    let value = jit(loss);
    let gradient = jit(grad(loss))(&matrix(), &right())?.to_f64_vec();
    for k in 0..9 {
        let moved = |step: f64| -> Result<f64> {
            let mut all = matrix().to_f64_vec();
            all[k] += step;
            value(&Array::from_f64(matrix().ty(), all), &right())?.item::<f64>()
        };
        let difference = (moved(1e-5)? - moved(-1e-5)?) / 2e-5;
        assert!((difference - gradient[k]).abs() < 1e-7, "{k}: {difference} {}", gradient[k]);
    }
    Ok(())
}

#[test]
fn krylov_methods_solve() {
    let tight = |f: Solve, g: Solve| {
        agrees_with_direct(f, &matrix(), &right(), 1e-7);
        // the matrix is that of a larger system, of which the solver sees a tree
        agree(g, DIRECT, &matrix(), &right(), 1e-7);
    };
    fn split(a: &Val) -> impl Fn(&(Val, Val)) -> (Val, Val) + use<> {
        let a = *a;
        move |(x, y): &(Val, Val)| {
            let z = a.dot(gradus::concatenate([x.reshape([1]), *y], 0));
            (z.at(0), z.slice(gradus::s![1..]))
        }
    }
    fn parts(b: &Val) -> (Val, Val) {
        (b.at(0), b.slice(gradus::s![1..]))
    }
    fn joined((x, y): (Val, Val)) -> Val {
        gradus::concatenate([x.reshape([1]), y], 0)
    }
    fn options<'a, X>() -> Krylov<'a, X> {
        Krylov { tol: 1e-13, ..Krylov::default() }
    }
    tight(|a, b| options().gmres(|x: &Val| a.dot(x), b), |a, b| joined(options().gmres(split(a), &parts(b))));
    tight(
        |a, b| options().bicgstab(|x: &Val| a.dot(x), b),
        |a, b| joined(options().bicgstab(split(a), &parts(b))),
    );
    // aᵀ a is positive definite
    tight(
        |a, b| options().cg(|x: &Val| a.transpose().dot(a.dot(x)), &a.transpose().dot(b)),
        |a, b| {
            let product = split(a);
            let normal = |x: &(Val, Val)| linear_transpose(&product, x)(&product(x));
            joined(options().cg(normal, &linear_transpose(&product, &parts(b))(&parts(b))))
        },
    );
}

#[test]
fn krylov_methods_take_options() -> Result<()> {
    let start = Array::from([0.3f64, -1.0, 0.2]);
    let f = jit(|a: &Val, b: &Val, x0: &Val| {
        let inverse = |x: &Val| x / a.diagonal(0);
        let all =
            Krylov { x0: Some(x0), tol: 0.0, atol: 1e-12, m: Some(&inverse), restart: 2, maxiter: Some(60) };
        let symmetric = a + a.transpose();
        let double = |x: &Val| symmetric.dot(x);
        let none = Krylov { maxiter: Some(0), x0: Some(x0), ..Krylov::default() };
        (
            [all.gmres(|x: &Val| a.dot(x), b), all.bicgstab(|x: &Val| a.dot(x), b), linalg::solve(a, b)],
            [all.cg(double, b), linalg::solve(symmetric, b)],
            [none.cg(double, b), none.gmres(double, b), none.bicgstab(double, b)],
        )
    });
    let (all, symmetric, unchanged) = f(&matrix(), &right(), &start)?;
    close(&all[0], &all[2], 1e-10);
    close(&all[1], &all[2], 1e-10);
    close(&symmetric[0], &symmetric[1], 1e-10);
    assert!(unchanged.iter().all(|x| *x == start));
    // A right side of zeros, a matrix of one element, and a start at the solution divide by nothing.
    let zero = jit(|b: &Val| {
        let double = |x: &Val| x * 2.0;
        let at_end = Krylov { x0: Some(b), ..Krylov::default() };
        let scaled = b * 2.0;
        [
            linalg::cg(double, &(b * 0.0)),
            linalg::gmres(double, &(b * 0.0)),
            linalg::bicgstab(double, &(b * 0.0)),
            at_end.cg(double, &scaled) - b,
            at_end.gmres(double, &scaled) - b,
            at_end.bicgstab(double, &scaled) - b,
            linalg::gmres(double, &scaled) - b,
            linalg::bicgstab(double, &scaled) - b,
        ]
    });
    for b in [right(), Array::from([3.0f64])] {
        assert!(zero(&b)?.iter().all(|x| x.to_f64_vec().iter().all(|x| x.abs() < 1e-12)));
    }
    Ok(())
}

#[test]
fn krylov_methods_solve_complex_systems() -> Result<()> {
    let c = |re: f64, im: f64| Complex::new(re, im);
    let a = Array::from([[c(2.0, 0.5), c(0.3, -0.2)], [c(-0.1, 0.7), c(1.5, -0.4)]]);
    let b = Array::from([c(1.0, -1.0), c(0.5, 2.0)]);
    let f = jit(|a: &Val, b: &Val| {
        fn options<'a>() -> Krylov<'a, Val> {
            Krylov { tol: 1e-13, ..Krylov::default() }
        }
        let gram = a.matrix_adjoint().dot(a);
        let methods = |a: &Val, b: &Val| {
            let product = |x: &Val| a.dot(x);
            [options().gmres(product, b), options().bicgstab(product, b)]
        };
        let residuals = methods(a, b).map(|x| a.dot(x) - b);
        let last = gram.dot(options().cg(|x: &Val| gram.dot(x), b)) - b;
        let loss = |x: Val| x.abs().square().sum();
        // the same loss by the normal equations, whose system is Hermitian, and by the other methods
        let by_a = |k: usize| grad(move |a: &Val, b: &Val| loss(methods(a, b)[k.min(1)]))(a, b);
        let by_cg = grad(move |a: &Val, b: &Val| {
            let (ah, gram) = (a.matrix_adjoint(), a.matrix_adjoint().dot(a));
            loss(options().cg(|x: &Val| gram.dot(x), &ah.dot(b)))
        });
        ([residuals[0], residuals[1], last], [by_a(0) - by_cg(a, b), by_a(1) - by_cg(a, b)])
    });
    let (residuals, gradients) = f(&a, &b)?;
    for zero in residuals.iter().chain(&gradients) {
        assert!(zero.parts().to_f64_vec().iter().all(|x| x.abs() < 1e-9), "{zero}");
    }
    Ok(())
}

#[test]
fn a_system_stands_in_loops_and_roots() -> Result<()> {
    // implicit steps of x' = -a x
    let steps = |solve: Solve| {
        move |a: &Val, x: &Val| {
            let whole = gradus::eye(3, gradus::Dtype::F64) * 2.0 + a * 0.1;
            scan(*x, &gradus::zeros([4], gradus::Dtype::F64), |x, _| (solve(&whole, &x) * 1.9, ()))
                .0
                .sin()
                .sum()
        }
    };
    agree(grad(steps(solved)), grad(steps(DIRECT)), &matrix(), &right(), 1e-9);
    agree(
        grad(steps(|a, b| linalg::gmres(|x: &Val| a.dot(x), b))),
        grad(steps(DIRECT)),
        &matrix(),
        &right(),
        1e-4,
    );
    // a root whose tangent system is solved by iteration: x + x³/10 = b
    let root = |b: &Val| {
        let f = |x: &Val| x * 2.0 + x * x * x / 10.0 - b;
        let newton = |f: &dyn Fn(&Val) -> Val, x0: Val| {
            while_loop(x0, |x| f(&x).abs().amax().gt(1e-13), |x| x - f(&x) / (2.0 + 0.3 * x * x))
        };
        let cg = |g: &dyn Fn(&Val) -> Val, y: Val| {
            Krylov { tol: 1e-14, ..Krylov::default() }.cg(|x: &Val| g(x), &y)
        };
        custom_root(b.zeros_like(), f, newton, cg)
    };
    let slope = |x: &Val| 1.0 / (2.0 + 0.3 * x * x);
    let f = jit(move |b: &Val| {
        let x = root(b);
        let first = grad(move |b: &Val| root(b).sum())(b) - slope(&x);
        let second = grad(move |b: &Val| grad(move |b: &Val| root(b).sum())(b).sum())(b)
            + 0.6 * x * slope(&x) * slope(&x) * slope(&x);
        let pushed = jvp(root, b, &b.ones_like()).1 - slope(&x);
        [first, second, pushed]
    });
    assert!(f(&right())?.iter().all(|x| x.to_f64_vec().iter().all(|x| x.abs() < 1e-9)));
    Ok(())
}

#[test]
fn wrong_systems_are_refused() {
    let v = Array::from([1.0f32, 2.0]);
    let same = |_: &dyn Fn(&Val) -> Val, b: Val| b;
    let no_reverse = jit(grad(move |b: &Val| {
        custom_linear_solve(*b, |x: &Val| x * 2.0, same, TransposeSolve::Missing).sum()
    }));
    assert_eq!(
        first_line(no_reverse(&v)),
        "custom_linear_solve: reverse mode (`grad`, `vjp`, `jacrev`) solves the transposed system, and the call does not \
         say how; give `TransposeSolve::By` or, if the matrix is symmetric, `TransposeSolve::Symmetric`"
    );
    let of = |matvec: fn(&Val) -> Val, solve: fn(Val) -> Val| {
        let f = move |b: &Val| custom_linear_solve(*b, matvec, |_, b| solve(b), TransposeSolve::Symmetric);
        first_line(jit(f)(&v))
    };
    assert_eq!(
        of(|x| x.square(), |b| b),
        "custom_linear_solve: `matvec` is not linear: its derivative depends on the argument; its argument may only be \
         added, moved and multiplied by other values"
    );
    assert_eq!(
        of(|x| x.sum(), |b| b),
        "custom_linear_solve: the result of `matvec` is f32[], but must be f32[2]"
    );
    assert_eq!(
        of(|x| *x, |b| b.astype(gradus::Dtype::F64)),
        "custom_linear_solve: the result of `solve` is f64[2], but must be f32[2]"
    );
    let integers = jit(|b: &Val| linalg::cg(|x: &Val| *x, b));
    assert_eq!(
        first_line(integers(&Array::from([1i32, 2]))),
        "cg: the first parameter is i32[2], and only floats have a derivative; make it another \
         parameter, or its field a `#[tree(buffer)]`"
    );
    let trees = jit(|b: &Val| {
        let other = |_: &dyn Fn(&Vec<Val>) -> Vec<Val>, b: Vec<Val>| vec![b[0]];
        custom_linear_solve(vec![*b, *b], |x: &Vec<Val>| x.clone(), other, TransposeSolve::Missing)
    });
    assert_eq!(
        first_line(trees(&v)),
        "custom_linear_solve: the result of `solve` differs in structure: trees differ: lengths 2 and 1"
    );
    let start = jit(|b: &Val| Krylov { x0: Some(&b.sum()), ..Krylov::default() }.cg(|x: &Val| *x, b));
    assert_eq!(
        first_line(start(&v)),
        "cg: leaf 0 of `x0` is f32[], but that of the right side is f32[2]; they must agree"
    );
    let restart = jit(|b: &Val| Krylov { restart: 0, ..Krylov::default() }.gmres(|x: &Val| *x, b));
    assert_eq!(first_line(restart(&v)), "gmres: `restart` is 0; it must be at least 1");
}
