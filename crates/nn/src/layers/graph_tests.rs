//! Graphs: gradients, padding, order, and the formula of the graph convolution.

use gradus::{Checks, Config, Dtype, jit, vmap_axes};

use super::*;
use crate::init;
use crate::layers::checks::{check_gradients, near, normal, random_like};

/// Four nodes, of which the last receives nothing.
fn edges() -> Edges {
    Edges {
        senders: Array::from([0i32, 1, 1, 2, 3]),
        receivers: Array::from([1i32, 0, 2, 1, 2]),
        mask: Some(Array::from([true, true, true, true, false])),
    }
}
fn nodes() -> Array {
    normal(1, &[4, 3])
}
fn features() -> Array {
    normal(2, &[5, 2])
}
fn layer(aggregation: Aggregation) -> MessagePassing {
    let made = init(0, move |keys| {
        let layer = MessagePassing::new(keys, 3, 4).with_edge_features(keys, 2).with_receivers(keys);
        layer.with_aggregation(aggregation).with_activation(Activation::Tanh)
    });
    random_like(&made.unwrap(), 3)
}
const ALL: [Aggregation; 3] = [Aggregation::Sum, Aggregation::Mean, Aggregation::Max];

fn pass(layer: &MessagePassing<Val>, nodes: &Val, edges: &Edges<Val>, features: &Val) -> Val {
    layer.apply(nodes, edges, Some(features))
}

#[test]
fn gradients_are_slopes() {
    for how in ALL {
        let loss = |(layer, nodes, features): &(MessagePassing<Val>, Val, Val)| {
            let edges = edges().map(|a| Val::from(a));
            pass(layer, nodes, &edges, features).square().sum()
        };
        check_gradients(&(layer(how), nodes(), features()), loss);
    }
    let loss = |(layer, nodes): &(GraphConv<Val>, Val)| {
        layer.apply(nodes, &edges().map(|a| Val::from(a))).square().sum()
    };
    let conv = random_like(&init(0, |keys| GraphConv::new(keys, 3, 2)).unwrap(), 4);
    check_gradients(&(conv, nodes()), loss);
}

#[test]
fn options_that_widen_messages_commute() {
    let other =
        init(0, |keys| MessagePassing::new(keys, 3, 4).with_receivers(keys).with_edge_features(keys, 2));
    assert_eq!(other.unwrap().message.w.shape(), layer(Aggregation::Sum).message.w.shape());
}

#[test]
fn padding_edges_have_no_influence() {
    for how in ALL {
        let whole = jit(pass)(&layer(how), &nodes(), &edges(), &features()).unwrap();
        // The padding points elsewhere, to no node even.
        let (senders, receivers) = (Array::from([0i32, 1, 1, 2, -7]), Array::from([1i32, 0, 2, 1, 99]));
        let other = Edges { senders, receivers, ..edges() };
        assert_eq!(jit(pass)(&layer(how), &nodes(), &other, &features()).unwrap(), whole);
        // And without it.
        let fewer = Edges {
            senders: Array::from([0i32, 1, 1, 2]),
            receivers: Array::from([1i32, 0, 2, 1]),
            mask: None,
        };
        let four = Array::new([4, 2], &features().to_f64_vec()[..8]).unwrap();
        assert_eq!(jit(pass)(&layer(how), &nodes(), &fewer, &four).unwrap(), whole);
        assert!(whole.to_f64_vec().iter().all(|x| x.is_finite()));
    }
}

#[test]
fn what_a_node_receives_is_the_sum_the_mean_or_the_largest() {
    let messages = Array::from([[1.0f32], [-2.0], [-3.0], [5.0], [100.0]]);
    let check = |how: Aggregation, expected: [f32; 4]| {
        let received = jit(move |e: &Edges<Val>, m: &Val| e.aggregate(m, 4, how))(&edges(), &messages);
        assert_eq!(received.unwrap().to_vec::<f32>().unwrap(), expected);
    };
    check(Aggregation::Sum, [-2.0, 6.0, -3.0, 0.0]);
    check(Aggregation::Mean, [-2.0, 3.0, -3.0, 0.0]);
    check(Aggregation::Max, [-2.0, 5.0, -3.0, 0.0]);
    assert_eq!(jit(|e: &Edges<Val>| e.degrees(4))(&edges()).unwrap(), Array::from([1i32, 2, 1, 0]));
}

#[test]
fn a_graph_convolution_is_its_formula_over_matrices() {
    // A path of three nodes, both ways.
    let path =
        Edges { senders: Array::from([0i32, 1, 1, 2]), receivers: Array::from([1i32, 0, 2, 1]), mask: None };
    let both = jit(|layer: &GraphConv<Val>, x: &Val, edges: &Edges<Val>| {
        let ones = Val::from(&Array::from([[1.0f64, 1.0, 0.0], [1.0, 1.0, 1.0], [0.0, 1.0, 1.0]]));
        let root = ones.sum_axes(1).rsqrt();
        let normal = ones * root.expand_dims(1) * root.expand_dims(0);
        (layer.apply(x, edges), layer.dense.apply(&normal.dot(x)))
    });
    let conv = random_like(&init(0, |keys| GraphConv::new(keys, 3, 2)).unwrap(), 4);
    let (found, expected) = both(&conv, &normal(1, &[3, 3]), &path).unwrap();
    near(&found, &expected, 1e-14);
}

#[test]
fn the_order_of_edges_and_the_other_graphs_of_a_batch_do_not_matter() {
    let layer = layer(Aggregation::Sum);
    let other = Edges {
        senders: Array::from([3i32, 2, 1, 1, 0]),
        receivers: Array::from([2i32, 1, 2, 0, 1]),
        mask: Some(Array::from([false, true, true, true, true])),
    };
    let reversed = jit(|x: &Val| x.flip(0))(&features()).unwrap();
    let whole = jit(pass)(&layer, &nodes(), &edges(), &features()).unwrap();
    near(&jit(pass)(&layer, &nodes(), &other, &reversed).unwrap(), &whole, 1e-15);
    let lanes = jit(|layer: &MessagePassing<Val>, x: &Val, edges: &Edges<Val>, features: &Val| {
        let twice = |v: &Val| gradus::stack([*v, *v], 0);
        let x = gradus::stack([*x, x + 1.0], 0);
        vmap_axes(pass, (None, 0, 0, 0), 0)(layer, &x, &edges.map(twice), &twice(features)).at(0)
    });
    near(&lanes(&layer, &nodes(), &edges(), &features()).unwrap(), &whole, 1e-14);
}

#[test]
fn an_edge_to_no_node_is_nan_or_an_error() {
    for (sender, receiver) in [(-1i32, 0), (4, 0), (0, -1), (0, 4)] {
        let wrong = Edges { senders: Array::from([sender]), receivers: Array::from([receiver]), mask: None };
        let apply = |e: &Edges<Val>, x: &Val| e.aggregate(&e.sent(x), 4, Aggregation::Sum);
        let y = jit(apply)(&wrong, &nodes()).unwrap().to_f64_vec();
        assert!(y[..3].iter().all(|y| y.is_nan()), "{sender} {receiver} {y:?}");
        let checks = Checks { out_of_bounds: true, ..Checks::default() };
        let error = jit(apply).with(Config { checks, ..Config::default() })(&wrong, &nodes()).unwrap_err();
        assert!(error.to_string().contains("out of bounds"), "{error}");
    }
}

#[test]
fn what_does_not_fit_is_refused_at_the_line_of_the_user() {
    let check = |f: fn(&Edges<Val>, &Val) -> Val, expected: &str| {
        let error = jit(f)(&edges(), &nodes()).unwrap_err().to_string();
        assert!(error.starts_with(expected) && error.contains("graph_tests.rs"), "{error}");
    };
    check(|e, x| e.aggregate(x, 4, Aggregation::Sum), "Edges: messages are f64[4,3], expected [5, features]");
    check(
        |e, x| Edges { receivers: e.receivers.astype(Dtype::F32), ..e.clone() }.sent(x),
        "Edges: senders are i32[5], receivers f32[5]",
    );
    check(
        |e, x| Edges { mask: Some(gradus::ones([4], Dtype::Bool)), ..e.clone() }.sent(x),
        "Edges: the mask is bool[4]",
    );
    check(
        |e, x| GraphConv { dense: Dense { w: *x, b: None } }.apply(&x.at(0), e),
        "GraphConv: the nodes are f64[3], expected [nodes, inputs]",
    );
}

#[test]
fn directed_messages_never_go_straight_back() {
    // A triangle with a tail: each edge and its reverse stand side by side; two edges of padding.
    let edges = Edges {
        senders: Array::from([0i32, 1, 1, 2, 2, 0, 2, 3, 9, 9]),
        receivers: Array::from([1i32, 0, 2, 1, 0, 2, 3, 2, 9, 9]),
        mask: Some(Array::from([true, true, true, true, true, true, true, true, false, false])),
    };
    let reverse = Array::from([1i32, 0, 3, 2, 5, 4, 7, 6, -1, -1]);
    let made =
        init(0, |keys| DirectedMessagePassing::new(keys, 3, 2, 4, 2).with_activation(Activation::Tanh));
    let layer = random_like(&made.unwrap(), 5);
    let features = normal(2, &[10, 2]);
    let by_layer =
        |l: &DirectedMessagePassing<Val>, x: &Val, e: &Edges<Val>, f: &Val, r: &Val| l.apply(x, e, f, r);
    let found = jit(by_layer)(&layer, &nodes(), &edges, &features, &reverse).unwrap();
    // The same over a matrix that says which edge follows which.
    let by_matrix = |l: &DirectedMessagePassing<Val>, x: &Val, e: &Edges<Val>, f: &Val| {
        let (from, to) = (e.senders.slice(gradus::s![..8]), e.receivers.slice(gradus::s![..8]));
        let follows = from.expand_dims(1).eq(to) & to.expand_dims(1).ne(from);
        let arrives = gradus::arange(4).expand_dims(1).eq(to).astype(Dtype::F64);
        let first = l.input.apply(&concatenate([x.take(from, 0), f.slice(gradus::s![..8])], -1));
        let step = |h: Val| (first + l.hidden.apply(&follows.astype(Dtype::F64).dot(h))).tanh();
        let h = step(step(first.tanh()));
        l.output.apply(&concatenate([*x, arrives.dot(h)], -1)).tanh()
    };
    let expected = jit(by_matrix)(&layer, &nodes(), &edges, &features).unwrap();
    near(&found, &expected, 1e-14);
    let short =
        jit(|l: &DirectedMessagePassing<Val>, x: &Val, e: &Edges<Val>, f: &Val| l.apply(x, e, f, &f.at(0)));
    let error = short(&layer, &nodes(), &edges, &features).unwrap_err().to_string();
    assert!(
        error.starts_with("DirectedMessagePassing: the nodes are f64[4,3] and the reverse edges f64[2]"),
        "{error}"
    );
}
