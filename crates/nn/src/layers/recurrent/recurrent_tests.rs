//! Recurrent layers: gradients, batches, padding, states given and returned, and what is refused.

use gradus::{Array, Checks, Config, Stored, jit, trace, vmap_axes};

use super::*;
use crate::init;
use crate::layers::checks::{check_gradients, near, normal, random_like};

fn lstm() -> Lstm {
    let made = init(0, |keys| Lstm::new(keys, 3, 4).with_layers(keys, 2).bidirectional(keys));
    random_like(&made.unwrap(), 1)
}
fn gru(form: GruForm) -> Gru {
    let made = init(0, move |keys| {
        let gru = Gru::new(keys, 3, 4).bidirectional(keys).with_layers(keys, 2);
        if form == GruForm::ResetBefore { gru.map_cells(GruCell::with_reset_before) } else { gru }
    });
    random_like(&made.unwrap(), 2)
}
fn rnn(relu: bool) -> Rnn {
    let made = init(0, move |keys| {
        let rnn = Rnn::new(keys, 3, 4).with_layers(keys, 2);
        if relu { rnn.map_cells(RnnCell::with_relu) } else { rnn }
    });
    random_like(&made.unwrap(), 3)
}
fn x() -> Array {
    normal(4, &[2, 5, 3])
}
fn lengths() -> Array {
    Array::from([5i32, 2])
}

/// All that a layer gives for random states and these lengths.
#[track_caller]
fn all<C: RecurrentCell + Clone>(
    layer: &Recurrent<C>,
    x: &Val,
    lengths: &Val,
) -> (Val, Vec<Directions<C::State>>) {
    let batch = x.shape()[..x.rank() - 2].to_vec();
    let states = layer.start(&batch).map(|leaf| *leaf + 0.25);
    layer.scan(x, &states, Some(lengths), &Context::evaluation())
}

fn properties<C: RecurrentCell + Clone>(layer: &<Recurrent<C> as Traced>::Data)
where
    Recurrent<C>: Traced,
    Vec<Directions<C::State>>: Traced,
    <Recurrent<C> as Traced>::Data: Stored<Traced = Recurrent<C>>,
{
    let loss = |(layer, x): &(Recurrent<C>, Val)| {
        let (y, last) = all(layer, x, &Val::from(&lengths()));
        last.leaves().into_iter().fold(y.square().sum(), |sum, leaf| sum + leaf.sin().sum())
    };
    check_gradients(&(layer.map_leaves(&mut |leaf: &Array| leaf.clone()), x()), loss);

    let batch = jit(|layer: &Recurrent<C>, x: &Val, n: &Val| {
        let (y, last) = all(layer, x, n);
        (y, last.leaves().into_iter().copied().collect::<Vec<Val>>())
    });
    let lanes = jit(|layer: &Recurrent<C>, x: &Val, n: &Val| {
        let one = |layer: &Recurrent<C>, x: &Val, n: &Val| {
            let (y, last) = all(layer, x, n);
            (y, last.leaves().into_iter().copied().collect::<Vec<Val>>())
        };
        vmap_axes(one, (None, 0, 0), 0)(layer, x, n)
    });
    let (y, last) = batch(layer, &x(), &lengths()).unwrap();
    let (y_lanes, last_lanes) = lanes(layer, &x(), &lengths()).unwrap();
    near(&y_lanes, &y, 1e-14);
    last.iter().zip(&last_lanes).for_each(|(a, b)| near(a, b, 1e-14));

    // Other padding, NaN say, gives the same; and the short sequence alone, too.
    let padded = jit(|x: &Val| {
        let pads = arange(5).ge(2).expand_dims([0, 2]) & arange(2).eq(1).expand_dims([1, 2]);
        where_(pads, f64::NAN, x)
    });
    let (y_padded, last_padded) = batch(layer, &padded(&x()).unwrap(), &lengths()).unwrap();
    assert_eq!((&y_padded, &last_padded), (&y, &last));
    let short = jit(|layer: &Recurrent<C>, x: &Val| {
        let (y, last) = all(layer, &x.slice(gradus::s![1, ..2]), &Val::from(2));
        (y, last.leaves().into_iter().copied().collect::<Vec<Val>>())
    });
    let (y_short, last_short) = short(layer, &x()).unwrap();
    let at = jit(|y: &Val| (y.slice(gradus::s![1, ..2]), y.slice(gradus::s![1, 2..]).abs().sum()));
    let (y_row, rest) = at(&y).unwrap();
    near(&y_row, &y_short, 1e-14);
    assert_eq!(rest.item::<f64>().unwrap(), 0.0);
    for (whole, short) in last.iter().zip(&last_short) {
        near(&jit(|v: &Val| v.at(1))(whole).unwrap(), short, 1e-14);
    }
}

#[test]
fn properties_of_lstm() {
    properties::<LstmCell<Val>>(&lstm());
}

#[test]
fn properties_of_gru() {
    properties::<GruCell<Val>>(&gru(GruForm::ResetAfter));
    properties::<GruCell<Val>>(&gru(GruForm::ResetBefore));
}

#[test]
fn properties_of_rnn() {
    properties::<RnnCell<Val>>(&rnn(false));
    // A ReLU has no slope at its kink; none of these sums is within a difference of it.
    properties::<RnnCell<Val>>(&rnn(true));
}

#[test]
fn a_sequence_in_parts_or_step_by_step_is_the_sequence() {
    let parts = jit(|rnn: &Gru<Val>, x: &Val| {
        let ctx = Context::evaluation();
        let whole = rnn.apply(x, &ctx);
        let (first, states) = rnn.scan(&x.slice(gradus::s![.., ..2]), &rnn.start(&[2]), None, &ctx);
        let (second, _) = rnn.scan(&x.slice(gradus::s![.., 2..]), &states, None, &ctx);
        let mut states = rnn.start(&[2]);
        let mut steps = vec![];
        for t in 0..5 {
            let (y, next) = rnn.step(&x.slice(gradus::s![.., t]), &states);
            steps.push(y);
            states = next;
        }
        (whole, concatenate([first, second], 1), gradus::stack(steps, 1))
    });
    let made = init(0, |keys| Gru::new(keys, 3, 4).with_layers(keys, 2)).unwrap();
    let (whole, parts, steps) = parts(&random_like(&made, 3), &x()).unwrap();
    near(&parts, &whole, 1e-14);
    near(&steps, &whole, 1e-14);
}

#[test]
fn each_layer_and_direction_is_one_scan_without_the_product_of_inputs() {
    let program = trace(|lstm: &Lstm<Val>, x: &Val| lstm.apply(x, &Context::evaluation()))(&lstm(), &x());
    let text = program.unwrap().to_string();
    let loops = text.matches(" scan").count();
    assert_eq!(loops, 4, "{text}");
    // One product before each loop and one inside.
    assert_eq!(text.matches("dot_general").count(), 8, "{text}");
}

#[test]
fn a_length_that_is_none_is_nan_or_an_error() {
    let apply = |lstm: &Lstm<Val>, x: &Val, n: &Val| {
        lstm.scan(x, &lstm.start(&[2]), Some(n), &Context::evaluation()).0
    };
    let checks = Checks { out_of_bounds: true, ..Checks::default() };
    for wrong in [-1i32, 6] {
        let n = Array::from([5, wrong]);
        let y = jit(apply)(&lstm(), &x(), &n).unwrap().to_f64_vec();
        assert!(y[..40].iter().all(|y| y.is_finite()));
        // What is beyond the length is zero still.
        assert!(y[40..].iter().all(|y| y.is_nan() || *y == 0.0), "{y:?}");
        assert!(wrong < 0 || y[40..].iter().all(|y| y.is_nan()));
        let config = Config { checks, ..Config::default() };
        let error = jit(apply).with(config)(&lstm(), &x(), &n).unwrap_err().to_string();
        assert!(error.contains("out of bounds") && error.contains("recurrent_tests.rs"), "{error}");
    }
}

#[test]
fn dropout_is_between_layers_in_training_only() {
    let apply = |layers: usize| {
        let made =
            init(0, move |keys| Lstm::new(keys, 3, 4).with_layers(keys, layers).with_dropout(0.5)).unwrap();
        jit(|lstm: &Lstm<Val>, x: &Val, key: &Val| {
            (lstm.apply(x, &Context::training(key)), lstm.apply(x, &Context::evaluation()))
        })(&made, &x(), &gradus::random::seed(1))
        .unwrap()
    };
    let (training, evaluation) = apply(1);
    assert_eq!(training, evaluation);
    let (training, evaluation) = apply(2);
    assert_ne!(training, evaluation);
}

#[test]
fn layers_begin_with_their_options_whatever_the_order_of_the_calls() {
    let made = init(0, |keys| {
        let cells = Lstm::new(keys, 3, 2).map_cells(|cell| cell.with_forget_bias(1.0));
        cells.with_layers(keys, 2).bidirectional(keys)
    });
    let lstm = made.unwrap();
    let other = init(0, |keys| Lstm::new(keys, 3, 2).bidirectional(keys).with_layers(keys, 2)).unwrap();
    assert_eq!(lstm.paths(), other.paths());
    assert_eq!(lstm.paths()[3], "layers.0.backward.w_input");
    let shapes = |lstm: &Lstm| lstm.leaves().iter().map(|leaf| leaf.shape()).collect::<Vec<_>>();
    assert_eq!(shapes(&lstm), shapes(&other));
    assert_eq!(lstm.layers[1].forward.w_input.shape(), [4, 8]);
    for layer in &lstm.layers {
        let bias = layer.backward.as_ref().unwrap().b.as_ref().unwrap();
        assert_eq!(bias, &Array::from([0.0f32, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0]));
    }
    let plain = init(0, |keys| Gru::new(keys, 3, 2).map_cells(GruCell::without_bias)).unwrap();
    assert_eq!(plain.paths(), ["layers.0.forward.w_input", "layers.0.forward.w_hidden"]);
}

#[test]
fn what_does_not_fit_is_refused_at_the_line_of_the_user() {
    let check = |f: fn(&Lstm<Val>, &Val) -> Val, expected: &str| {
        let error = jit(f)(&lstm(), &x()).unwrap_err().to_string();
        assert!(error.starts_with(expected) && error.contains("recurrent_tests.rs"), "{error}");
    };
    check(
        |l, x| l.apply(&x.slice(gradus::s![.., .., ..2]), &Context::evaluation()),
        "Lstm: x is f64[2,5,2], expected [.., time, 3]",
    );
    check(|l, x| l.apply(&x.sum(), &Context::evaluation()), "Lstm: x is f64[], expected [.., time, inputs]");
    check(|l, x| l.scan(x, &l.start(&[3]), None, &Context::evaluation()).0, "Lstm: the states are [[3, 4]");
    check(
        |l, x| l.scan(x, &l.start(&[2])[..1], None, &Context::evaluation()).0,
        "Lstm: the states are [[2, 4]",
    );
    check(
        |l, x| l.scan(x, &l.start(&[2]), Some(&Val::from(3)), &Context::evaluation()).0,
        "Lstm: lengths are i32[], expected integers",
    );
    check(
        |l, x| l.step(&x.slice(gradus::s![.., 0]), &l.start(&[2])).0,
        "Lstm: a bidirectional layer reads whole",
    );
    let error = init(0, |keys| Rnn::new(keys, 3, 4).with_layers(keys, 0)).unwrap_err().to_string();
    assert!(error.starts_with("Rnn: there is at least one layer, not 0"), "{error}");
}
