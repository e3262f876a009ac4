//! Wrong shapes, element types and axes, in each family of operations.

use super::{of_shape, refused};
use expect_test::expect;
use gradus::{Dtype, Val, arange, concatenate, einsum, eye, full, linspace, s, stack, where_, zeros};

wrong_programs! {
    add_of_other_shapes: |x, v, _| x + v => expect![[r#"
        add: shapes [2,3] and [4] do not broadcast; reshape one of them or add an axis of extent 1
          at operations.rs:L
          in `errors::refused`, jitted at operations.rs:L"#]];
    mul_of_other_shapes: |x, _, i| x * i => expect![[r#"
        mul: shapes [2,3] and [2] do not broadcast; reshape one of them or add an axis of extent 1
          at operations.rs:L
          in `errors::refused`, jitted at operations.rs:L"#]];
    pow_of_other_shapes: |x, v, _| x.pow(v) => expect![[r#"
        pow: shapes [2,3] and [4] do not broadcast; reshape one of them or add an axis of extent 1
          at operations.rs:L
          in `errors::refused`, jitted at operations.rs:L"#]];
    comparison_of_other_shapes: |x, v, _| x.lt(v) => expect![[r#"
        lt: shapes [2,3] and [4] do not broadcast; reshape one of them or add an axis of extent 1
          at operations.rs:L
          in `errors::refused`, jitted at operations.rs:L"#]];
    where_of_other_shapes: |x, v, _| where_(x.gt(0), x, v) => expect![[r#"
        where: shapes [2,3] and [4] do not broadcast; reshape one of them or add an axis of extent 1
          at operations.rs:L
          in `errors::refused`, jitted at operations.rs:L"#]];
    clip_by_another_shape: |x, v, _| x.clip(v, 1.0) => expect![[r#"
        clip: shapes [2,3] and [4] do not broadcast; reshape one of them or add an axis of extent 1
          at operations.rs:L
          in `errors::refused`, jitted at operations.rs:L"#]];
    convolution_of_images_with_features_first: |_, _, _| {
        let (images, kernel) = (zeros([8, 16, 32, 32], Dtype::F32), zeros([3, 3, 16, 4], Dtype::F32));
        images.conv(kernel, [1, 1], gradus::Padding::Same).max_pool(&gradus::Pool::new([2, 2]))
    } => expect![[r#"
        conv: input f32[8,16,32,32] has 32 features, but kernel f32[3,3,16,4] takes 16 in each of 1 groups; check the axes' roles
          at operations.rs:L
          in `errors::refused`, jitted at operations.rs:L"#]];
    pooling_by_too_many_strides: |x, _, _| {
        x.avg_pool(&gradus::Pool { strides: vec![1, 1], ..gradus::Pool::new([2]) })
    } => expect![[r#"
        avg_pool: 2 strides [1, 1] for windows [2]; give one for each axis, or none
          at operations.rs:L
          in `errors::refused`, jitted at operations.rs:L"#]];
    negation_of_booleans: |x, _, _| -x.gt(0) => expect![[r#"
        neg: takes integers, floats and complex numbers, not bool[2,3]; convert the operand first
          at operations.rs:L
          in `errors::refused`, jitted at operations.rs:L"#]];
    bits_of_floats: |x, _, _| x & x => expect![[r#"
        and: takes integers and bool, not f32[2,3]; convert the operand first
          at operations.rs:L
          in `errors::refused`, jitted at operations.rs:L"#]];
    shift_of_floats: |x, _, i| x.shift_left(i) => expect![[r#"
        shift_left: shapes [2,3] and [2] do not broadcast; reshape one of them or add an axis of extent 1
          at operations.rs:L
          in `errors::refused`, jitted at operations.rs:L"#]];
    bitcast_to_another_width: |x, _, _| x.bitcast(Dtype::F64) => expect![[r#"
        bitcast: an element of f64 needs 2 of f32[2,3] along its last axis; reshape it first
          at operations.rs:L
          in `errors::refused`, jitted at operations.rs:L"#]];
    matmul_of_other_extents: |x, v, _| x.matmul(v) => expect![[r#"
        matmul: shapes [2,3] and [4] do not contract: the last axis of the left and the rows of the right have extents 3 and 4; transpose or reshape one of them
          at operations.rs:L
          in `errors::refused`, jitted at operations.rs:L"#]];
    matmul_of_scalars: |x, _, _| x.sum().matmul(x) => expect![[r#"
        matmul: takes no scalars, but has f32[] and f32[2,3]; use `*`
          at operations.rs:L
          in `errors::refused`, jitted at operations.rs:L"#]];
    dot_of_other_extents: |x, _, _| x.dot(x) => expect![[r#"
        dot: shapes [2,3] and [2,3] do not contract: the last axis of the left and the last but one of the right have extents 3 and 2; transpose or reshape one of them
          at operations.rs:L
          in `errors::refused`, jitted at operations.rs:L"#]];
    tensordot_of_other_extents: |x, v, _| x.tensordot(v, 0, 0) => expect![[r#"
        tensordot: shapes [2,3] and [4] do not contract: paired axes have extents 2 and 4; transpose or reshape one of them
          at operations.rs:L
          in `errors::refused`, jitted at operations.rs:L"#]];
    einsum_of_other_extents: |x, _, _| einsum("ij,jk->ik", [x, x]) => expect![[r#"
        einsum: `j` stands for extents 3 and 2; equal labels need equal extents
          at operations.rs:L
          in `errors::refused`, jitted at operations.rs:L"#]];
    einsum_of_too_few_operands: |x, _, _| einsum("ij,jk->ik", [x]) => expect![[r#"
        einsum: `ij,jk->ik` names 2 operands, but there are 1; name each one
          at operations.rs:L
          in `errors::refused`, jitted at operations.rs:L"#]];
    einsum_of_a_wrong_spec: |x, _, _| einsum("ij->ijk", [x]) => expect![[r#"
        einsum: the result names `k`, which no operand has; use labels of the operands
          at operations.rs:L
          in `errors::refused`, jitted at operations.rs:L"#]];
    sum_along_no_axis: |x, _, _| x.sum_axes(2) => expect![[r#"
        sum: axis 2 is out of range for shape [2,3]; its axes are -2 to 1
          at operations.rs:L
          in `errors::refused`, jitted at operations.rs:L"#]];
    sum_along_an_axis_twice: |x, _, _| x.sum_axes([0, -2]) => expect![[r#"
        sum: axis 0 is named twice; name it once
          at operations.rs:L
          in `errors::refused`, jitted at operations.rs:L"#]];
    argmax_of_nothing: |_, _, _| of_shape([0, 3]).argmax(0) => expect![[r#"
        argmax: there are no elements along axes [0] of shape [0,3]; pad it or skip it
          at operations.rs:L
          in `errors::refused`, jitted at operations.rs:L"#]];
    argmax_along_no_axis: |x, _, _| x.argmax(-3) => expect![[r#"
        argmax: axis -3 is out of range for shape [2,3]; its axes are -2 to 1
          at operations.rs:L
          in `errors::refused`, jitted at operations.rs:L"#]];
    softmax_along_no_axis: |x, _, _| x.softmax(5) => expect![[r#"
        softmax: axis 5 is out of range for shape [2,3]; its axes are -2 to 1
          at operations.rs:L
          in `errors::refused`, jitted at operations.rs:L"#]];
    reshape_to_another_size: |x, _, _| x.reshape([4, 2]) => expect![[r#"
        reshape: [2,3] has 6 elements, which do not fill shape [4,2]; give extents whose product is 6
          at operations.rs:L
          in `errors::refused`, jitted at operations.rs:L"#]];
    reshape_with_two_unknowns: |x, _, _| x.reshape([-1, -1]) => expect![[r#"
        reshape: shape [-1,-1] has several extents -1; only one can be inferred
          at operations.rs:L
          in `errors::refused`, jitted at operations.rs:L"#]];
    permutation_of_too_few_axes: |x, _, _| x.permute_dims([0]) => expect![[r#"
        permute_dims: 1 axes do not order those of shape [2,3]; name each once
          at operations.rs:L
          in `errors::refused`, jitted at operations.rs:L"#]];
    squeeze_of_a_long_axis: |x, _, _| x.squeeze(0) => expect![[r#"
        squeeze: axis 0 of shape [2,3] is not of extent 1; sum over it or index it instead
          at operations.rs:L
          in `errors::refused`, jitted at operations.rs:L"#]];
    broadcast_to_a_shape_that_does_not_fit: |x, _, _| x.broadcast_to([2, 4]) => expect![[r#"
        broadcast_to: shapes [2,3] and [2,4] do not broadcast; reshape one of them or add an axis of extent 1
          at operations.rs:L
          in `errors::refused`, jitted at operations.rs:L"#]];
    slice_of_too_many_axes: |x, _, _| x.slice(s![0, 0, 0]) => expect![[r#"
        slice: 3 indices for shape [2,3]; give at most one for each axis
          at operations.rs:L
          in `errors::refused`, jitted at operations.rs:L"#]];
    slice_at_an_index_outside: |x, _, _| x.slice(s![5, ..]) => expect![[r#"
        slice: position 5 is outside of axis 0 of shape [2,3]; use -2 to 1
          at operations.rs:L
          in `errors::refused`, jitted at operations.rs:L"#]];
    concatenate_of_other_shapes: |x, v, _| concatenate([x, v], 0) => expect![[r#"
        concatenate: shapes [2,3] and [4] do not join along axis 0; all other extents must agree
          at operations.rs:L
          in `errors::refused`, jitted at operations.rs:L"#]];
    concatenate_of_nothing: |_, _, _| concatenate(Vec::<Val>::new(), 0) => expect![[r#"
        concatenate: there is nothing to join; give at least one value
          at operations.rs:L
          in `errors::refused`, jitted at operations.rs:L"#]];
    stack_of_other_shapes: |x, _, _| stack([x, x.transpose()], 0) => expect![[r#"
        stack: shapes [2,3] and [3,2] differ; stack values of one shape
          at operations.rs:L
          in `errors::refused`, jitted at operations.rs:L"#]];
    split_into_unequal_parts: |x, _, _| x.split(2, 1)[0] => expect![[r#"
        split: axis 1 of extent 3 does not split into 2 equal parts; use `split_sizes`
          at operations.rs:L
          in `errors::refused`, jitted at operations.rs:L"#]];
    pad_of_too_few_axes: |x, _, _| x.pad([(1, 1)], 0.0) => expect![[r#"
        pad: 1 pairs of widths for shape [2,3]; give one pair for each axis
          at operations.rs:L
          in `errors::refused`, jitted at operations.rs:L"#]];
    take_along_no_axis: |x, _, i| x.take(i, 2) => expect![[r#"
        take: axis 2 is out of range for shape [2,3]; its axes are -2 to 1
          at operations.rs:L
          in `errors::refused`, jitted at operations.rs:L"#]];
    take_at_floats: |x, v, _| x.take(v, 0) => expect![[r#"
        take: an index is an integer, not f32[4]; convert it with `astype`
          at operations.rs:L
          in `errors::refused`, jitted at operations.rs:L"#]];
    take_along_axis_of_another_rank: |x, _, i| x.take_along_axis(i, 0) => expect![[r#"
        take_along_axis: i32[2] indexes f32[2,3]; give the index as many axes as the value
          at operations.rs:L
          in `errors::refused`, jitted at operations.rs:L"#]];
    sort_along_no_axis: |x, _, _| x.sort(2) => expect![[r#"
        sort: axis 2 is out of range for shape [2,3]; its axes are -2 to 1
          at operations.rs:L
          in `errors::refused`, jitted at operations.rs:L"#]];
    top_of_more_than_there_are: |x, _, _| x.top_k(4).0 => expect![[r#"
        top_k: axis 1 of shape [2,3] has fewer than 4 elements; ask for at most 3
          at operations.rs:L
          in `errors::refused`, jitted at operations.rs:L"#]];
    dynamic_slice_larger_than_the_operand: |x, _, _| x.dynamic_slice([0, 0], [3, 3]) => expect![[r#"
        dynamic_slice: a slice of [3, 3] does not fit into f32[2,3]; take a smaller one
          at operations.rs:L
          in `errors::refused`, jitted at operations.rs:L"#]];
    diagonal_of_a_vector: |_, v, _| v.diagonal(0) => expect![[r#"
        diagonal: takes matrices, not f32[4]; add an axis with `expand_dims`
          at operations.rs:L
          in `errors::refused`, jitted at operations.rs:L"#]];
    absurd_size: |_, _, _| zeros([1usize << 40, 1 << 40], Dtype::F32) => expect![[r#"
        zeros: a result of type f32[1099511627776,1099511627776] is larger than any memory
          at operations.rs:L
          in `errors::refused`, jitted at operations.rs:L"#]];
    absurd_identity: |_, _, _| eye(1 << 40, Dtype::F64) => expect![[r#"
        eye: a result of type i64[1099511627776,1099511627776] is larger than any memory
          at operations.rs:L
          in `errors::refused`, jitted at operations.rs:L"#]];
    absurd_range: |_, _, _| arange(1i64 << 62) + linspace(0.0, 1.0, 3) => expect![[r#"
        arange: a result of type i64[4611686018427387904] is larger than any memory
          at operations.rs:L
          in `errors::refused`, jitted at operations.rs:L"#]];
    negative_extent: |_, _, _| full([-2], 1.0) => expect![[r#"
        full: extent -2 of shape [-2] is negative; an extent is at least 0
          at operations.rs:L
          in `errors::refused`, jitted at operations.rs:L"#]];
}
