//! Wrong uses of polynomials, edits, sets, reductions under masks, and of the modules of functions.

use super::refused;
use expect_test::expect;
use gradus::{Dtype, IndexMode, Val, choose, grad, linalg, random, result_type, s, special, stats, zeros};

wrong_programs! {
    fit_of_too_few_values: |x, v, _| v.polyfit(x, 1) => expect![[r#"
        polyfit: takes points [n] and values [n] or [n, k], not f32[4] and f32[2,3]
          at edits.rs:L
          in `errors::refused`, jitted at edits.rs:L"#]];
    fit_of_a_matrix_of_points: |x, _, _| x.polyfit(x, 1) => expect![[r#"
        polyfit: takes points [n] and values [n] or [n, k], not f32[2,3] and f32[2,3]
          at edits.rs:L
          in `errors::refused`, jitted at edits.rs:L"#]];
    fit_of_an_absurd_degree: |_, v, _| v.polyfit(v, 1 << 40) => expect![[r#"
        polyfit: degree 1099511627776 is beyond 1000; fit in pieces
          at edits.rs:L
          in `errors::refused`, jitted at edits.rs:L"#]];
    weights_of_another_length: |_, v, i| v.polyfit_weighted(v, i, 1) => expect![[r#"
        polyfit: i32[2] weighs 4 points; give a vector of them
          at edits.rs:L
          in `errors::refused`, jitted at edits.rs:L"#]];
    roots_of_a_matrix: |x, _, _| x.roots() => expect![[r#"
        roots: the coefficients are f32[2,3]; give a vector of them
          at edits.rs:L
          in `errors::refused`, jitted at edits.rs:L"#]];
    poly_of_a_matrix_that_is_not_square: |x, _, _| x.poly() => expect![[r#"
        poly: takes a vector or a square matrix, not f32[2,3]
          at edits.rs:L
          in `errors::refused`, jitted at edits.rs:L"#]];
    division_by_no_polynomial: |_, v, _| v.polydiv(zeros([0], Dtype::F32)).0 => expect![[r#"
        polydiv: the divisor has no coefficients; give at least one
          at edits.rs:L
          in `errors::refused`, jitted at edits.rs:L"#]];
    constants_of_another_number: |_, v, _| v.polyint(3, v) => expect![[r#"
        polyint: f32[4] constants for 3 integrals; give a scalar or one for each
          at edits.rs:L
          in `errors::refused`, jitted at edits.rs:L"#]];
    deletion_outside: |x, _, _| x.delete(&[2], 0) => expect![[r#"
        delete: place 2 is outside of axis 0 of shape [2,3]
          at edits.rs:L
          in `errors::refused`, jitted at edits.rs:L"#]];
    deletion_of_more_than_there_is: |x, v, _| x.delete_at(v.astype(Dtype::I32), 0) => expect![[r#"
        delete: i32[4] places to delete from axis 0 of extent 2
          at edits.rs:L
          in `errors::refused`, jitted at edits.rs:L"#]];
    insertion_at_a_float: |x, _, _| x.insert(0.5, 1, 0) => expect![[r#"
        insert: the places are f32[]; give an integer or a vector of them
          at edits.rs:L
          in `errors::refused`, jitted at edits.rs:L"#]];
    insertion_of_more_axes: |x, v, _| v.insert(0, x, 0) => expect![[r#"
        insert: f32[2,3] has more axes than f32[4], into which it goes
          at edits.rs:L
          in `errors::refused`, jitted at edits.rs:L"#]];
    insertion_of_another_width: |x, v, _| x.insert(0, v, 0) => expect![[r#"
        insert: f32[4] does not fill the 1 places of shape [1,3]; reshape it
          at edits.rs:L
          in `errors::refused`, jitted at edits.rs:L"#]];
    extraction_by_a_mask_of_another_size: |x, v, _| x.extract(v.gt(0), 2, 0) => expect![[r#"
        extract: bool[4] chooses from f32[2,3]; give a truth value for each element
          at edits.rs:L
          in `errors::refused`, jitted at edits.rs:L"#]];
    placing_of_nothing: |x, _, _| x.place(x.gt(0), zeros([0], Dtype::F32)) => expect![[r#"
        place: there are no values to place; give at least one
          at edits.rs:L
          in `errors::refused`, jitted at edits.rs:L"#]];
    choice_by_floats: |_, v, _| choose(v, [v], IndexMode::Clip) => expect![[r#"
        choose: a choice is named by an integer, not f32[4]; convert it
          at edits.rs:L
          in `errors::refused`, jitted at edits.rs:L"#]];
    choice_among_nothing: |_, _, i| choose(i, [] as [Val; 0], IndexMode::Clip) => expect![[r#"
        choose: there are no choices; give at least one
          at edits.rs:L
          in `errors::refused`, jitted at edits.rs:L"#]];
    integers_rounded_before_the_point: |_, _, i| i.round_to(-1) => expect![[r#"
        round: integers i32[2] to -1 digits; convert to floats, or divide, round and multiply
          at edits.rs:L
          in `errors::refused`, jitted at edits.rs:L"#]];
    vectors_of_two_lengths: |x, v, _| x.vecdot(v) => expect![[r#"
        vecdot: shapes [2,3] and [4] do not contract: the last axes have extents 3 and 4; transpose or reshape one of them
          at edits.rs:L
          in `errors::refused`, jitted at edits.rs:L"#]];
    vector_that_is_a_scalar: |x, _, _| x.matvec(x.sum()) => expect![[r#"
        matvec: takes vectors, not f32[]; give it an axis with `expand_dims`
          at edits.rs:L
          in `errors::refused`, jitted at edits.rs:L"#]];
    transposition_of_a_vector: |_, v, _| v.matrix_transpose() => expect![[r#"
        matrix_transpose: takes matrices, not f32[4]; add an axis with `expand_dims`
          at edits.rs:L
          in `errors::refused`, jitted at edits.rs:L"#]];
    initial_value_that_is_a_vector: |x, v, _| x.amax_where(0, x.gt(0), v) => expect![[r#"
        amax: the initial value is f32[4]; give a scalar
          at edits.rs:L
          in `errors::refused`, jitted at edits.rs:L"#]];
    type_of_nothing: |_, _, _| zeros([1], result_type([] as [Val; 0])) => expect![[r#"
        result_type: there are no operands; give at least one
          at edits.rs:L
          in `errors::refused`, jitted at edits.rs:L"#]];
    union_of_nothing: |_, _, _| zeros([0], Dtype::F32).union1d(zeros([0], Dtype::F32), 2) => expect![[r#"
        union1d: there are no elements in f32[0]; pad it or skip it
          at edits.rs:L
          in `errors::refused`, jitted at edits.rs:L"#]];
    covariance_of_another_size: |x, v, _| stats::multivariate_normal::logpdf(v, v, x) => expect![[r#"
        multivariate_normal.logpdf: f32[2,3] is no covariance of vectors f32[4]; give [.., 4, 4]
          at edits.rs:L
          in `errors::refused`, jitted at edits.rs:L"#]];
    counts_that_are_floats: |_, v, i| stats::multinomial::logpmf(v, 4, i) => expect![[r#"
        multinomial.logpmf: takes integer counts along an axis, not f32[4] of i32[]; convert them
          at edits.rs:L
          in `errors::refused`, jitted at edits.rs:L"#]];
    samples_without_spread: |_, v, _| stats::GaussianKde::new(v.at(0)).pdf(v) => expect![[r#"
        GaussianKde.pdf: 1 samples have no spread; give at least two
          at edits.rs:L
          in `errors::refused`, jitted at edits.rs:L"#]];
    weights_for_other_samples: |_, v, i| stats::GaussianKde::new(v).weights(i).pdf(v) => expect![[r#"
        GaussianKde.pdf: weights of shape [2] for 4 samples; give one for each
          at edits.rs:L
          in `errors::refused`, jitted at edits.rs:L"#]];
    points_of_other_dimensions: |x, v, _| stats::GaussianKde::new(x).pdf(v.expand_dims(1)) => expect![[r#"
        GaussianKde.pdf: points of shape [4, 1] for samples in 2 dimensions; give [2, m]
          at edits.rs:L
          in `errors::refused`, jitted at edits.rs:L"#]];
    box_in_the_plane: |x, _, _| stats::GaussianKde::new(x).integrate_box_1d(0, 1) => expect![[r#"
        GaussianKde.integrate_box_1d: between two numbers are no points of 2 dimensions; use `pdf`
          at edits.rs:L
          in `errors::refused`, jitted at edits.rs:L"#]];
    mode_of_nothing: |_, _, _| stats::mode(zeros([0], Dtype::F32), 0).0 => expect![[r#"
        mode: there are no elements along axis 0 of [0]
          at edits.rs:L
          in `errors::refused`, jitted at edits.rs:L"#]];
    toeplitz_of_a_scalar: |x, v, _| linalg::toeplitz(x.sum(), v) => expect![[r#"
        toeplitz: the first column is f32[]; give a vector of at least one element
          at edits.rs:L
          in `errors::refused`, jitted at edits.rs:L"#]];
    companion_of_one_coefficient: |_, v, _| linalg::companion(v.slice(s![..1])) => expect![[r#"
        companion: the coefficients are f32[1]; give a vector of two or more
          at edits.rs:L
          in `errors::refused`, jitted at edits.rs:L"#]];
    hadamard_of_three_rows: |_, _, _| linalg::hadamard(3, Dtype::I32) => expect![[r#"
        hadamard: 3 rows; give a power of two
          at edits.rs:L
          in `errors::refused`, jitted at edits.rs:L"#]];
    bits_of_floats: |x, _, _| x.reduce_xor(0) => expect![[r#"
        reduce_xor: takes integers and truth values, not f32[2,3]; compare or convert it
          at edits.rs:L
          in `errors::refused`, jitted at edits.rs:L"#]];
    trials_of_scalar_probability: |_, _, i| random::multinomial(i.astype(Dtype::U32), 3, 0.5, [2]) => expect![[r#"
        random::multinomial: p is a scalar; give it an axis of outcomes
          at edits.rs:L
          in `errors::refused`, jitted at edits.rs:L"#]];
    order_of_polygamma_that_is_a_float: |_, v, _| special::polygamma(v, v) => expect![[r#"
        polygamma: the order is f32[4]; give integers
          at edits.rs:L
          in `errors::refused`, jitted at edits.rs:L"#]];
    derivative_by_a_parameter_of_betainc: |_, v, _| grad(|v: &Val| special::betainc(v, 2.0, 0.5).sum())(&v) => expect![[r#"
        betainc: has no derivative by operand 0; use `stop_gradient` on what it is made of
          at edits.rs:L
          in `errors::refused`, jitted at edits.rs:L"#]];
    derivative_by_the_order_of_expn: |_, v, _| grad(|v: &Val| special::expn(v, 0.5).sum())(&v) => expect![[r#"
        expn: has no derivative by operand 0; use `stop_gradient` on what it is made of
          at edits.rs:L
          in `errors::refused`, jitted at edits.rs:L"#]];
}
