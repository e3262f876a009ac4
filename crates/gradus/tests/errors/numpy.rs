//! Wrong uses of NumPy's functions: places, orders, searches, grids, statistics, images, trees.

use super::refused;
use expect_test::expect;
use gradus::{
    Array, Attention, Dtype, Endpoint, GatherDims, GridOrder, Histogram, IndexMode, Indices, Interpolation,
    PadMode, PlaceMode, PowerOrder, ResizeMethod, ScatterDims, Update, Val, block, geomspace, lexsort,
    linspace_of, meshgrid, piecewise, ravel_multi_index, reduce_by, s, segment_sum, select, select_n,
    sort_together, tree, tril_indices, unravel_index, vectorize,
};

fn rows() -> GatherDims {
    GatherDims {
        offset_dims: [1].as_slice().into(),
        collapsed_slice_dims: [0].as_slice().into(),
        start_index_map: [0].as_slice().into(),
        ..GatherDims::default()
    }
}

wrong_programs! {
    update_of_another_shape: |x, v, _| x.index(s![.., 1..]).set(v) => expect![[r#"
        set_at: the part has shape [4], but its place [2,2]; make it broadcast to that
          at numpy.rs:L
          in `errors::refused`, jitted at numpy.rs:L"#]];
    update_at_floats: |x, v, _| x.index(s![v]).add(1.0) => expect![[r#"
        add_at: an index is an integer, not f32[4]; convert it with `astype`
          at numpy.rs:L
          in `errors::refused`, jitted at numpy.rs:L"#]];
    update_by_a_traced_mask: |x, _, _| x.index(s![x.gt(0)]).set(0) => expect![[r#"
        set_at: bool[2,3] is a mask, and how many elements it keeps is not known while tracing; use `where_`, or `nonzero` with a size
          at numpy.rs:L
          in `errors::refused`, jitted at numpy.rs:L"#]];
    read_of_a_traced_mask: |x, _, _| x.slice(s![.., x.gt(0)]) => expect![[r#"
        slice: bool[2,3] is a mask, and how many elements it keeps is not known while tracing; use `where_`, or `nonzero` with a size
          at numpy.rs:L
          in `errors::refused`, jitted at numpy.rs:L"#]];
    mask_as_positions: |x, _, _| x.slice(s![&Array::from([true, false])]) => expect![[r#"
        index: bool[2] is a mask, not positions; use `masked` or `compress`
          at numpy.rs:L
          in `errors::refused`, jitted at numpy.rs:L"#]];
    mask_of_another_shape: |x, _, _| x.masked(&Array::from([true, false, true])) => expect![[r#"
        masked: the mask is bool[3]; give truth values over the first axes of [2,3]
          at numpy.rs:L
          in `errors::refused`, jitted at numpy.rs:L"#]];
    compress_by_too_long_a_mask: |x, _, _| x.compress(&Array::from([true, false, true]), 0) => expect![[r#"
        compress: the mask is bool[3]; give a vector of at most 2 elements
          at numpy.rs:L
          in `errors::refused`, jitted at numpy.rs:L"#]];
    index_outside: |x, _, _| x.index(s![2]).set(0) => expect![[r#"
        set_at: position 2 is outside of axis 0 of shape [2,3]; use -2 to 1
          at numpy.rs:L
          in `errors::refused`, jitted at numpy.rs:L"#]];
    indices_that_do_not_broadcast: |x, v, i| x.slice(s![v.astype(Dtype::I32), i]) => expect![[r#"
        slice: shapes [4] and [2] do not broadcast; reshape one of them or add an axis of extent 1
          at numpy.rs:L
          in `errors::refused`, jitted at numpy.rs:L"#]];
    fill_that_is_no_scalar: |x, v, i| x.take_mode(i, 0, IndexMode::FillWith(v)) => expect![[r#"
        take: the fill is f32[4], not a scalar; give one element
          at numpy.rs:L
          in `errors::refused`, jitted at numpy.rs:L"#]];
    put_of_another_shape: |x, v, i| x.put_along_axis(i.expand_dims(1), v, 1) => expect![[r#"
        put_along_axis: values of f32[4] do not broadcast to indices [2,1]; reshape them
          at numpy.rs:L
          in `errors::refused`, jitted at numpy.rs:L"#]];
    gather_at_floats: |x, v, _| x.gather(v.reshape([4, 1]), rows(), &[1, 3], IndexMode::Fill) => expect![[r#"
        gather: indices are integers, not f32[4,1]; convert them first
          at numpy.rs:L
          in `errors::refused`, jitted at numpy.rs:L"#]];
    gather_that_wraps: |x, _, i| x.gather(i.reshape([2, 1]), rows(), &[1, 3], IndexMode::Wrap) => expect![[r#"
        gather: indices by dimension numbers do not wrap; take them modulo the extent before, or use `index`
          at numpy.rs:L
          in `errors::refused`, jitted at numpy.rs:L"#]];
    gather_of_windows_that_do_not_fit: |x, _, i| x.gather(i.reshape([2, 1]), rows(), &[1, 4], IndexMode::Fill) => expect![[r#"
        gather: slice_sizes [1, 4] must fit into f32[2,3], and be 1 for the collapsed and batched axes
          at numpy.rs:L
          in `errors::refused`, jitted at numpy.rs:L"#]];
    scatter_of_other_windows: |x, v, i| x.scatter(i.reshape([2, 1]), v, rows_written(), Update::Add) => expect![[r#"
        scatter: update_window_dims [1] must name one of 1 axes for each of the axes [1] of f32[2,3] that are in a window, increasing
          at numpy.rs:L
          in `errors::refused`, jitted at numpy.rs:L"#]];
    search_in_a_matrix: |x, v, _| x.searchsorted(v) => expect![[r#"
        searchsorted: takes a sorted vector, not f32[2,3]; search row by row
          at numpy.rs:L
          in `errors::refused`, jitted at numpy.rs:L"#]];
    bins_of_a_matrix: |x, _, _| x.digitize(x, gradus::Side::Left) => expect![[r#"
        digitize: the bins are f32[2,3]; give a monotonic vector
          at numpy.rs:L
          in `errors::refused`, jitted at numpy.rs:L"#]];
    counts_of_floats: |_, v, _| v.bincount(3) => expect![[r#"
        bincount: counts a vector of integers, not f32[4]; convert or ravel it
          at numpy.rs:L
          in `errors::refused`, jitted at numpy.rs:L"#]];
    weights_of_another_length: |_, v, i| i.bincount_weighted(v, 3) => expect![[r#"
        bincount: f32[4] weighs i32[2]; give one weight for each element
          at numpy.rs:L
          in `errors::refused`, jitted at numpy.rs:L"#]];
    histogram_of_no_bins: |_, v, _| Histogram::new(0).of(v).0 => expect![[r#"
        histogram: a histogram of no bins; ask for at least one
          at numpy.rs:L
          in `errors::refused`, jitted at numpy.rs:L"#]];
    histogram_with_one_edge: |_, v, _| Histogram::with_edges(v.slice(s![..1])).of(v).0 => expect![[r#"
        histogram: the edges are f32[1]; give a vector of at least two
          at numpy.rs:L
          in `errors::refused`, jitted at numpy.rs:L"#]];
    places_of_a_scalar: |_, v, _| v.at(0).nonzero(1)[0] => expect![[r#"
        nonzero: a scalar has no axes to index; reshape it to [1] before
          at numpy.rs:L
          in `errors::refused`, jitted at numpy.rs:L"#]];
    distinct_elements_of_nothing: |_, v, _| v.slice(s![..0]).unique(2).values => expect![[r#"
        unique: there are no elements in f32[0]; pad it or skip it
          at numpy.rs:L
          in `errors::refused`, jitted at numpy.rs:L"#]];
    segments_of_another_length: |x, v, _| segment_sum(x, v.astype(Dtype::I32), 3) => expect![[r#"
        segment_sum: i32[4] assigns segments to f32[2,3]; give one for each part along the first axis
          at numpy.rs:L
          in `errors::refused`, jitted at numpy.rs:L"#]];
    sorted_by_too_many: |_, v, _| sort_together([v, v], 3, 0)[0] => expect![[r#"
        sort_together: 3 of 2 operands cannot be keys; use 1 to all of them
          at numpy.rs:L
          in `errors::refused`, jitted at numpy.rs:L"#]];
    lexsort_of_nothing: |_, _, _| lexsort(Vec::<Val>::new(), 0) => expect![[r#"
        lexsort: there are no keys to sort by; give at least one
          at numpy.rs:L
          in `errors::refused`, jitted at numpy.rs:L"#]];
    lexsort_of_other_shapes: |_, v, i| lexsort([v, i], 0) => expect![[r#"
        lexsort: keys f32[4] and i32[2] differ in shape; give keys of one shape
          at numpy.rs:L
          in `errors::refused`, jitted at numpy.rs:L"#]];
    rank_outside: |x, _, _| x.partition(3, 1) => expect![[r#"
        partition: axis 1 of shape [2,3] has no element of rank 3; use -3 to 2
          at numpy.rs:L
          in `errors::refused`, jitted at numpy.rs:L"#]];
    quantiles_of_a_matrix: |x, _, _| x.quantile(x, 0) => expect![[r#"
        quantile: the quantiles are f32[2,3]; give a scalar or a vector
          at numpy.rs:L
          in `errors::refused`, jitted at numpy.rs:L"#]];
    median_of_nothing: |x, _, _| x.slice(s![..0]).median(0) => expect![[r#"
        median: there are no elements along axes [0] of shape [0,3]; pad it or skip it
          at numpy.rs:L
          in `errors::refused`, jitted at numpy.rs:L"#]];
    reduction_that_captures: |x, v, _| reduce_by([x], [0.0], 0, |a, b| vec![a[0] + b[0] * v.at(0)])[0] => expect![[r#"
        reduce_by: the function of scalars uses 1 values from outside; reduce them beside the others, or write literals
          at numpy.rs:L
          in `errors::refused`, jitted at numpy.rs:L"#]];
    reduction_of_another_type: |x, _, _| reduce_by([x], [0.0], 0, |a, b| vec![a[0].lt(b[0])])[0] => expect![[r#"
        reduce_by: the body takes [f32[], f32[]] and returns [bool[]], but must take [f32[], f32[]] and return [f32[]]
          at numpy.rs:L
          in `errors::refused`, jitted at numpy.rs:L"#]];
    unravel_of_floats: |_, v, _| unravel_index(v, [2, 2])[0] => expect![[r#"
        unravel_index: positions are integers, not f32[4]; convert them
          at numpy.rs:L
          in `errors::refused`, jitted at numpy.rs:L"#]];
    ravel_of_too_few: |_, _, i| ravel_multi_index([i], [2, 2], IndexMode::Clip) => expect![[r#"
        ravel_multi_index: 1 indices for shape [2,2]; give one for each axis
          at numpy.rs:L
          in `errors::refused`, jitted at numpy.rs:L"#]];
    grid_of_matrices: |x, _, _| meshgrid([x], GridOrder::Matrix)[0] => expect![[r#"
        meshgrid: a grid is made of vectors, not f32[2,3]; ravel it
          at numpy.rs:L
          in `errors::refused`, jitted at numpy.rs:L"#]];
    ratio_across_zero: |_, _, _| geomspace(-1.0, 1.0, 3, Endpoint::Included) => expect![[r#"
        geomspace: -1 and 1 have no common ratio; give two numbers of one sign, not 0
          at numpy.rs:L
          in `errors::refused`, jitted at numpy.rs:L"#]];
    line_between_other_shapes: |x, v, _| linspace_of(x, v, 3, Endpoint::Included) => expect![[r#"
        linspace: shapes [2,3] and [4] do not broadcast; reshape one of them or add an axis of extent 1
          at numpy.rs:L
          in `errors::refused`, jitted at numpy.rs:L"#]];
    absurd_triangle: |_, _, _| tril_indices([1 << 40, 1 << 40], 0).0 => expect![[r#"
        tril_indices: a table of 1099511627776 by 1099511627776 would be part of the program; make it of `iota` at run time
          at numpy.rs:L
          in `errors::refused`, jitted at numpy.rs:L"#]];
    step_of_zero: |_, _, _| gradus::arange_between(0, 3, 0) => expect![[r#"
        arange: a step of 0 leads nowhere; use 1, or -1 to count down
          at numpy.rs:L
          in `errors::refused`, jitted at numpy.rs:L"#]];
    diagonal_of_unequal_axes: |x, _, _| x.expand_dims(0).fill_diagonal(0) => expect![[r#"
        fill_diagonal: shape [1,2,3] has no main diagonal; give a matrix, or equal extents
          at numpy.rs:L
          in `errors::refused`, jitted at numpy.rs:L"#]];
    negative_padding: |x, _, _| x.pad_mode([(0, 0), (-1, 0)], PadMode::Edge) => expect![[r#"
        pad: widths (-1, 0) are negative; cut with `slice`, or use `pad_interior`
          at numpy.rs:L
          in `errors::refused`, jitted at numpy.rs:L"#]];
    padding_of_nothing: |x, _, _| x.slice(s![..0]).pad_mode([(1, 0), (0, 0)], PadMode::Wrap) => expect![[r#"
        pad: axis 0 of shape [0,3] is empty; there is nothing to pad it with
          at numpy.rs:L
          in `errors::refused`, jitted at numpy.rs:L"#]];
    slope_of_one_point: |_, v, _| v.slice(s![..1]).gradient(1.0, ..)[0] => expect![[r#"
        gradient: axis 0 of shape [1] has 1 points; a slope needs two
          at numpy.rs:L
          in `errors::refused`, jitted at numpy.rs:L"#]];
    positions_of_another_length: |_, v, i| v.gradient_along(i, 0) => expect![[r#"
        gradient: positions i32[2] for 4 points; give one for each, or a scalar distance
          at numpy.rs:L
          in `errors::refused`, jitted at numpy.rs:L"#]];
    points_of_other_lengths: |x, v, i| x.interp(v, i) => expect![[r#"
        interp: points at f32[4] with values i32[2]; give two vectors of one length
          at numpy.rs:L
          in `errors::refused`, jitted at numpy.rs:L"#]];
    average_by_other_weights: |x, v, _| x.average(v, 1) => expect![[r#"
        average: f32[4] weighs f32[2,3] along axis 1; give a vector of its extent, or every weight
          at numpy.rs:L
          in `errors::refused`, jitted at numpy.rs:L"#]];
    covariance_of_many_axes: |x, _, _| x.expand_dims(0).cov() => expect![[r#"
        cov: the observations are f32[1,2,3]; give a matrix, one variable a row
          at numpy.rs:L
          in `errors::refused`, jitted at numpy.rs:L"#]];
    powers_of_a_matrix: |x, _, _| x.vander(2, PowerOrder::Increasing) => expect![[r#"
        vander: takes a vector, not f32[2,3]; ravel it
          at numpy.rs:L
          in `errors::refused`, jitted at numpy.rs:L"#]];
    cross_of_four: |_, v, _| v.cross(v) => expect![[r#"
        cross: crosses vectors of 2 or 3, not f32[4] and f32[4]
          at numpy.rs:L
          in `errors::refused`, jitted at numpy.rs:L"#]];
    divisor_of_floats: |_, v, i| v.gcd(i.at(0)) => expect![[r#"
        gcd: takes integers, not f32[4] and i32[]; convert them
          at numpy.rs:L
          in `errors::refused`, jitted at numpy.rs:L"#]];
    exponent_of_floats: |_, v, _| v.ldexp(v) => expect![[r#"
        ldexp: the exponent is an integer, not f32[4]; convert it
          at numpy.rs:L
          in `errors::refused`, jitted at numpy.rs:L"#]];
    turn_of_one_axis: |x, _, _| x.rot90(1, [0, -2]) => expect![[r#"
        rot90: axis 0 cannot turn towards itself; name two axes
          at numpy.rs:L
          in `errors::refused`, jitted at numpy.rs:L"#]];
    shifts_for_other_axes: |x, _, _| x.roll_axes(&[1], [0, 1]) => expect![[r#"
        roll: 1 shifts for 2 axes; give one for each
          at numpy.rs:L
          in `errors::refused`, jitted at numpy.rs:L"#]];
    repeats_of_another_length: |x, _, i| x.repeat_total(i, 4, 1) => expect![[r#"
        repeat: i32[2] counts for 3 parts; give one integer for each
          at numpy.rs:L
          in `errors::refused`, jitted at numpy.rs:L"#]];
    static_repeats_of_another_length: |x, _, _| x.repeat_each(&[1, 2, 3], 0) => expect![[r#"
        repeat: 3 counts for axis 0 of f32[2,3]; give one for each part
          at numpy.rs:L
          in `errors::refused`, jitted at numpy.rs:L"#]];
    block_of_other_extents: |x, v, _| block([[x], [v.expand_dims(0)]]) => expect![[r#"
        block: shapes [2,3] and [1,4] do not join along axis 0; all other extents must agree
          at numpy.rs:L
          in `errors::refused`, jitted at numpy.rs:L"#]];
    choices_without_conditions: |x, _, _| select([x.gt(0)], [x, x], 0) => expect![[r#"
        select: 1 conditions for 2 choices; give one for each, at least one
          at numpy.rs:L
          in `errors::refused`, jitted at numpy.rs:L"#]];
    pieces_without_conditions: |x, _, _| piecewise(x, [x.gt(0)], &[], |v| v) => expect![[r#"
        piecewise: 1 conditions for 0 functions; give one for each
          at numpy.rs:L
          in `errors::refused`, jitted at numpy.rs:L"#]];
    case_named_by_a_float: |x, _, _| select_n(x, [x, x, x]) => expect![[r#"
        select_n: a case is chosen by an integer or a truth value, not f32[2,3]
          at numpy.rs:L
          in `errors::refused`, jitted at numpy.rs:L"#]];
    heads_that_do_not_divide: |x, _, _| {
        let (q, k) = (x.reshape([1, 3, 2]), x.slice(s![.., ..2]).expand_dims(0));
        Attention::new().of(q, k, k)
    } => expect![[r#"
        dot_product_attention: 3 heads of queries over 2 of keys; use a multiple
          at numpy.rs:L
          in `errors::refused`, jitted at numpy.rs:L"#]];
    mask_of_numbers: |x, _, _| Attention::new().mask(x).of(x.expand_dims(1), x.expand_dims(1), x.expand_dims(1)) => expect![[r#"
        dot_product_attention: the mask is f32[2,3], not truth values; add numbers as a bias
          at numpy.rs:L
          in `errors::refused`, jitted at numpy.rs:L"#]];
    image_of_another_rank: |x, _, _| x.resize([2, 2, 2], ResizeMethod::Linear) => expect![[r#"
        resize: f32[2,3] has 2 axes, the new shape 3; name the extent of each
          at numpy.rs:L
          in `errors::refused`, jitted at numpy.rs:L"#]];
    coordinates_for_other_axes: |x, v, _| x.map_coordinates([v], Interpolation::Linear, PlaceMode::Nearest) => expect![[r#"
        map_coordinates: 1 coordinates for f32[2,3]; give one for each axis
          at numpy.rs:L
          in `errors::refused`, jitted at numpy.rs:L"#]];
    scatter_derivative_by_a_function: |x, v, i| {
        let parts = v.slice(s![..2]);
        let joined = move |p: &Val| {
            let dims = ScatterDims {
                inserted_window_dims: [0, 1].as_slice().into(),
                scatter_dims_to_operand_dims: [0, 1].as_slice().into(),
                ..ScatterDims::default()
            };
            let at = gradus::stack([i, i], 1);
            x.scatter_by(at, p, dims, IndexMode::Fill, Indices::Any, |old, new| old * new).sum()
        };
        gradus::grad(joined)(&parts)
    } => expect![[r#"
        scatter_by: the derivative of a scatter by a function needs indices that are unique; say so with `Indices::Unique`
          at numpy.rs:L
          in `errors::refused`, jitted at numpy.rs:L"#]];
    signature_without_an_arrow: |x, v, _| vectorize("(n),(n)", [x, v], |a| a.to_vec())[0] => expect![[r#"
        vectorize: `(n),(n)` has no `->`; write "(n),(n)->()"
          at numpy.rs:L
          in `errors::refused`, jitted at numpy.rs:L"#]];
    signature_of_other_extents: |x, v, _| vectorize("(n),(n)->()", [x, v], |a| a.to_vec())[0] => expect![[r#"
        vectorize: `n` stands for extents 3 and 4; they must agree
          at numpy.rs:L
          in `errors::refused`, jitted at numpy.rs:L"#]];
    signature_of_more_results: |x, _, _| vectorize("(n)->(n),()", [x], |a| a.to_vec())[1] => expect![[r#"
        vectorize: the function gives 1 results, its signature 2; make them agree
          at numpy.rs:L
          in `errors::refused`, jitted at numpy.rs:L"#]];
    vector_that_does_not_fill_a_tree: |x, v, _| tree::unravel(&(x, v), v).0 => expect![[r#"
        unravel: f32[4] does not fill a tree of 10 elements; give a vector of them
          at numpy.rs:L
          in `errors::refused`, jitted at numpy.rs:L"#]];
}

fn rows_written() -> ScatterDims {
    rows().to_scatter()
}
