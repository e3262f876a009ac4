//! Wrong uses of polynomials, edits, sets and reductions under masks.

use super::refused;
use expect_test::expect;
use gradus::{Dtype, IndexMode, Val, choose, result_type, zeros};

wrong_programs! {
    fit_of_too_few_values: |x, v, _| v.polyfit(x, 1) => expect![[r#"
        polyfit: takes points [n] and values [n] or [n, k], not f32[4] and f32[2,3]
          at edits.rs:L
          in `errors::refused<errors::edits::fit_of_too_few_values::{{closure}}>::{{closure}}`, jitted at edits.rs:L"#]];
    fit_of_a_matrix_of_points: |x, _, _| x.polyfit(x, 1) => expect![[r#"
        polyfit: takes points [n] and values [n] or [n, k], not f32[2,3] and f32[2,3]
          at edits.rs:L
          in `errors::refused<errors::edits::fit_of_a_matrix_of_points::{{closure}}>::{{closure}}`, jitted at edits.rs:L"#]];
    fit_of_an_absurd_degree: |_, v, _| v.polyfit(v, 1 << 40) => expect![[r#"
        polyfit: degree 1099511627776 is beyond 1000; fit in pieces
          at edits.rs:L
          in `errors::refused<errors::edits::fit_of_an_absurd_degree::{{closure}}>::{{closure}}`, jitted at edits.rs:L"#]];
    weights_of_another_length: |_, v, i| v.polyfit_weighted(v, i, 1) => expect![[r#"
        polyfit: i32[2] weighs 4 points; give a vector of them
          at edits.rs:L
          in `errors::refused<errors::edits::weights_of_another_length::{{closure}}>::{{closure}}`, jitted at edits.rs:L"#]];
    roots_of_a_matrix: |x, _, _| x.roots() => expect![[r#"
        roots: the coefficients are f32[2,3]; give a vector of them
          at edits.rs:L
          in `errors::refused<errors::edits::roots_of_a_matrix::{{closure}}>::{{closure}}`, jitted at edits.rs:L"#]];
    poly_of_a_matrix_that_is_not_square: |x, _, _| x.poly() => expect![[r#"
        poly: takes a vector or a square matrix, not f32[2,3]
          at edits.rs:L
          in `errors::refused<errors::edits::poly_of_a_matrix_that_is_not_square::{{closure}}>::{{closure}}`, jitted at edits.rs:L"#]];
    division_by_no_polynomial: |_, v, _| v.polydiv(zeros([0], Dtype::F32)).0 => expect![[r#"
        polydiv: the divisor has no coefficients; give at least one
          at edits.rs:L
          in `errors::refused<errors::edits::division_by_no_polynomial::{{closure}}>::{{closure}}`, jitted at edits.rs:L"#]];
    constants_of_another_number: |_, v, _| v.polyint(3, v) => expect![[r#"
        polyint: f32[4] constants for 3 integrals; give a scalar or one for each
          at edits.rs:L
          in `errors::refused<errors::edits::constants_of_another_number::{{closure}}>::{{closure}}`, jitted at edits.rs:L"#]];
    deletion_outside: |x, _, _| x.delete(&[2], 0) => expect![[r#"
        delete: place 2 is outside of axis 0 of shape [2,3]
          at edits.rs:L
          in `errors::refused<errors::edits::deletion_outside::{{closure}}>::{{closure}}`, jitted at edits.rs:L"#]];
    deletion_of_more_than_there_is: |x, v, _| x.delete_at(v.astype(Dtype::I32), 0) => expect![[r#"
        delete: i32[4] places to delete from axis 0 of extent 2
          at edits.rs:L
          in `errors::refused<errors::edits::deletion_of_more_than_there_is::{{closure}}>::{{closure}}`, jitted at edits.rs:L"#]];
    insertion_at_a_float: |x, _, _| x.insert(0.5, 1, 0) => expect![[r#"
        insert: the places are f32[]; give an integer or a vector of them
          at edits.rs:L
          in `errors::refused<errors::edits::insertion_at_a_float::{{closure}}>::{{closure}}`, jitted at edits.rs:L"#]];
    insertion_of_more_axes: |x, v, _| v.insert(0, x, 0) => expect![[r#"
        insert: f32[2,3] has more axes than f32[4], into which it goes
          at edits.rs:L
          in `errors::refused<errors::edits::insertion_of_more_axes::{{closure}}>::{{closure}}`, jitted at edits.rs:L"#]];
    insertion_of_another_width: |x, v, _| x.insert(0, v, 0) => expect![[r#"
        insert: f32[4] does not fill the 1 places of shape [1,3]; reshape it
          at edits.rs:L
          in `errors::refused<errors::edits::insertion_of_another_width::{{closure}}>::{{closure}}`, jitted at edits.rs:L"#]];
    extraction_by_a_mask_of_another_size: |x, v, _| x.extract(v.gt(0), 2, 0) => expect![[r#"
        extract: bool[4] chooses from f32[2,3]; give a truth value for each element
          at edits.rs:L
          in `errors::refused<errors::edits::extraction_by_a_mask_of_another_size::{{closure}}>::{{closure}}`, jitted at edits.rs:L"#]];
    placing_of_nothing: |x, _, _| x.place(x.gt(0), zeros([0], Dtype::F32)) => expect![[r#"
        place: there are no values to place; give at least one
          at edits.rs:L
          in `errors::refused<errors::edits::placing_of_nothing::{{closure}}>::{{closure}}`, jitted at edits.rs:L"#]];
    choice_by_floats: |_, v, _| choose(v, [v], IndexMode::Clip) => expect![[r#"
        choose: a choice is named by an integer, not f32[4]; convert it
          at edits.rs:L
          in `errors::refused<errors::edits::choice_by_floats::{{closure}}>::{{closure}}`, jitted at edits.rs:L"#]];
    choice_among_nothing: |_, _, i| choose(i, [] as [Val; 0], IndexMode::Clip) => expect![[r#"
        choose: there are no choices; give at least one
          at edits.rs:L
          in `errors::refused<errors::edits::choice_among_nothing::{{closure}}>::{{closure}}`, jitted at edits.rs:L"#]];
    integers_rounded_before_the_point: |_, _, i| i.round_to(-1) => expect![[r#"
        round: integers i32[2] to -1 digits; convert to floats, or divide, round and multiply
          at edits.rs:L
          in `errors::refused<errors::edits::integers_rounded_before_the_point::{{closure}}>::{{closure}}`, jitted at edits.rs:L"#]];
    vectors_of_two_lengths: |x, v, _| x.vecdot(v) => expect![[r#"
        vecdot: shapes [2,3] and [4] do not contract: the last axes have extents 3 and 4; transpose or reshape one of them
          at edits.rs:L
          in `errors::refused<errors::edits::vectors_of_two_lengths::{{closure}}>::{{closure}}`, jitted at edits.rs:L"#]];
    vector_that_is_a_scalar: |x, _, _| x.matvec(x.sum()) => expect![[r#"
        matvec: takes vectors, not f32[]; give it an axis with `expand_dims`
          at edits.rs:L
          in `errors::refused<errors::edits::vector_that_is_a_scalar::{{closure}}>::{{closure}}`, jitted at edits.rs:L"#]];
    transposition_of_a_vector: |_, v, _| v.matrix_transpose() => expect![[r#"
        matrix_transpose: takes matrices, not f32[4]; add an axis with `expand_dims`
          at edits.rs:L
          in `errors::refused<errors::edits::transposition_of_a_vector::{{closure}}>::{{closure}}`, jitted at edits.rs:L"#]];
    initial_value_that_is_a_vector: |x, v, _| x.amax_where(0, x.gt(0), v) => expect![[r#"
        amax: the initial value is f32[4]; give a scalar
          at edits.rs:L
          in `errors::refused<errors::edits::initial_value_that_is_a_vector::{{closure}}>::{{closure}}`, jitted at edits.rs:L"#]];
    type_of_nothing: |_, _, _| zeros([1], result_type([] as [Val; 0])) => expect![[r#"
        result_type: there are no operands; give at least one
          at edits.rs:L
          in `errors::refused<errors::edits::type_of_nothing::{{closure}}>::{{closure}}`, jitted at edits.rs:L"#]];
    union_of_nothing: |_, _, _| zeros([0], Dtype::F32).union1d(zeros([0], Dtype::F32), 2) => expect![[r#"
        unique: there are no elements in f32[0]; pad it or skip it
          at edits.rs:L
          in `errors::refused<errors::edits::union_of_nothing::{{closure}}>::{{closure}}`, jitted at edits.rs:L"#]];
}
