//! Values, slopes and refusals of losses.

use gradus::{Array, Checks, Config, Dtype, Val, grad, jit, vmap};

use super::*;

type Two = fn(&Val, &Val) -> Val;

fn near(found: &Array, expected: &[f64], tolerance: f64) {
    let found: Vec<f64> = jit(|x: &Val| x.astype(Dtype::F64))(found).unwrap().to_vec().unwrap();
    assert_eq!(found.len(), expected.len(), "{found:?} is not {expected:?}");
    for (x, y) in found.iter().zip(expected) {
        let same = x == y || x.is_nan() && y.is_nan();
        assert!(same || (x - y).abs() <= tolerance * y.abs().max(1.0), "{found:?} is not {expected:?}");
    }
}

/// Numbers without ties or corners, other ones for each `seed`.
fn noise(shape: &[usize], seed: u32) -> Array {
    let n: usize = shape.iter().product();
    let number = |i: usize| {
        let mixed = (i as u32 + 1).wrapping_mul(2_654_435_761).wrapping_add(seed.wrapping_mul(40_503)) >> 8;
        f64::from(mixed % 4001) / 1000.0 - 2.0005
    };
    Array::new(shape.to_vec(), (0..n).map(number).collect::<Vec<_>>()).unwrap()
}

/// Positions of boxes from noise: corners and positive sides.
fn boxes(x: &Val) -> Val {
    let [low, size] = x.split(2, -1).try_into().unwrap();
    gradus::concatenate([low, low + 1.0 + size.square()], -1)
}

/// Losses of two arrays of numbers, the first of which is differentiated, on `[.., 4]`.
fn losses() -> Vec<(&'static str, Two)> {
    vec![
        ("squared_error", squared_error),
        ("absolute_error", absolute_error),
        ("huber", |x, y| huber(x, y, 1.0)),
        ("log_cosh", log_cosh),
        ("poisson_nll", poisson_nll),
        ("gaussian_nll", |x, y| gaussian_nll(x, &x.exp(), y)),
        ("dice", |x, y| dice(&x.sigmoid(), &y.sigmoid(), -1, 1.0)),
        ("softmax_cross_entropy", |x, y| softmax_cross_entropy(x, &y.softmax(-1))),
        ("softmax_cross_entropy of indices", |x, y| softmax_cross_entropy(x, &y.argmax(-1))),
        ("smoothing", |x, y| {
            let loss = CrossEntropy::new().smoothing(0.2).reduction(Reduction::none());
            loss.class_weights(&Array::from([1.0f64, 2.0, 0.5, 3.0])).of(x, &y.argmax(-1))
        }),
        ("softmax_focal", |x, y| softmax_focal(x, &y.argmax(-1), 2.0)),
        ("kl_divergence", |x, y| kl_divergence(&x.log_softmax(-1), &y.softmax(-1))),
        ("multiclass_hinge", |x, y| multiclass_hinge(x, &y.argmax(-1))),
        ("sigmoid_cross_entropy", |x, y| sigmoid_cross_entropy(x, &y.sigmoid())),
        ("sigmoid_focal", |x, y| sigmoid_focal(x, &y.sigmoid(), 2.0, Some(0.25))),
        ("sigmoid_focal of sure labels", |x, y| sigmoid_focal(x, &y.gt(0), 2.0, None)),
        ("hinge", |x, y| hinge(x, &y.sign())),
        ("triplet", |x, y| triplet(x, y, &(y * 1.7 + 0.1), 0.5)),
        ("cosine_distance", cosine_distance),
        ("iou_loss", |x, y| iou_loss(&boxes(x), &boxes(y))),
        ("generalized_iou_loss", |x, y| generalized_iou_loss(&boxes(x), &boxes(y))),
        ("distance_iou_loss", |x, y| distance_iou_loss(&boxes(x), &boxes(y))),
    ]
}

/// The gradient of the sum of `f(x, y)`, weighted so that no sum hides an example, agrees with differences.
fn agrees_with_differences(
    name: &str,
    x: &Array,
    y: &Array,
    f: impl Fn(&Val, &Val) -> Val + Copy + Send + Sync + 'static,
) {
    let total = move |x: &Val, y: &Val| {
        let losses = f(x, y);
        let weights = gradus::arange(losses.size()).astype(Dtype::F64).reshape(losses.shape()) * 0.3 + 1.0;
        (losses * weights).sum()
    };
    let slope = jit(grad(total))(x, y).unwrap().to_vec::<f64>().unwrap();
    let value = jit(total);
    let numbers = x.to_vec::<f64>().unwrap();
    for (i, slope) in slope.iter().enumerate() {
        let at = |step: f64| {
            let mut moved = numbers.clone();
            moved[i] += step;
            value(&Array::new(x.shape(), moved).unwrap(), y).unwrap().item::<f64>().unwrap()
        };
        let difference = (at(1e-5) - at(-1e-5)) / 2e-5;
        assert!(
            (slope - difference).abs() <= 1e-7 * difference.abs().max(1.0),
            "{name}: {slope} is not {difference}"
        );
    }
}

#[test]
fn gradients_agree_with_differences() {
    for (name, loss) in losses() {
        agrees_with_differences(name, &noise(&[3, 4], 1), &noise(&[3, 4], 2), loss);
    }
    agrees_with_differences("info_nce", &noise(&[3, 4], 1), &noise(&[3, 4], 2), |x, y| info_nce(x, y, 0.5));
    agrees_with_differences("Ctc", &noise(&[3, 6, 4], 1), &noise(&[1], 1), |x, _| ctc(x));
}

/// Three sequences: padded, with a repeated label, and without a label.
fn ctc(x: &Val) -> Val {
    let labels = Array::from([[1i32, 1, 3], [2, -7, 99], [0, 0, 0]]);
    Ctc::new().of(
        x,
        &(&Array::from([6i32, 4, 3])).into(),
        &(&labels).into(),
        &(&Array::from([3i32, 1, 0])).into(),
    )
}

#[test]
fn losses_under_vmap_are_those_of_the_batch() {
    let (x, y) = (noise(&[2, 3, 4], 3), noise(&[2, 3, 4], 4));
    for (name, loss) in losses() {
        let batch = jit(loss)(&x, &y).unwrap();
        assert_eq!(jit(vmap(vmap(loss)))(&x, &y).unwrap(), batch, "{name}");
    }
    let mapped = jit(|x: &Val| {
        let labels: Val = (&Array::from([[1i32, 1, 3], [2, -7, 99], [0, 0, 0]])).into();
        let (heard, spelt) = ((&Array::from([6i32, 4, 3])).into(), (&Array::from([3i32, 1, 0])).into());
        vmap(|x: &Val, heard: &Val, labels: &Val, spelt: &Val| Ctc::new().of(x, heard, labels, spelt))(
            x, &heard, &labels, &spelt,
        )
    });
    let x = noise(&[3, 6, 4], 1);
    near(&mapped(&x).unwrap(), &jit(ctc)(&x).unwrap().to_vec::<f64>().unwrap(), 1e-14);
}

#[test]
fn nan_stays_nan_and_large_logits_stay_numbers() {
    let y = noise(&[1, 4], 5);
    for (name, loss) in losses() {
        let nan = jit(loss)(&Array::full([1, 4], f64::NAN), &y).unwrap().to_vec::<f64>().unwrap();
        assert!(nan.iter().all(|x| x.is_nan()), "{name}: {nan:?}");
    }
    let large = Array::from([[1e4f32, -1e4, 0.0, 1e4]]);
    let of_logits: [(&str, Two); 6] = [
        ("softmax_cross_entropy", softmax_cross_entropy),
        ("softmax_focal", |x, y| softmax_focal(x, y, 2.0)),
        ("smoothing", |x, y| CrossEntropy::new().smoothing(0.1).of(x, y)),
        ("sigmoid_cross_entropy", |x, y| sigmoid_cross_entropy(x, &one_hot_of(y))),
        ("sigmoid_focal", |x, y| sigmoid_focal(x, &one_hot_of(y), 0.5, None)),
        ("multiclass_hinge", multiclass_hinge),
    ];
    for (name, loss) in of_logits {
        for label in 0..4i32 {
            let (x, y) = (&large, &Array::from([label]));
            let loss_and_slope = jit(move |x: &Val, y: &Val| {
                (loss(x, y), grad(move |x: &Val, y: &Val| loss(x, y).sum())(x, y))
            });
            let (value, slope) = loss_and_slope(x, y).unwrap();
            let all = [value.to_vec::<f32>().unwrap(), slope.to_vec::<f32>().unwrap()].concat();
            assert!(all.iter().all(|x| x.is_finite()), "{name} of {label}: {all:?}");
        }
    }
    near(&jit(softmax_cross_entropy)(&large, &Array::from([1i32])).unwrap(), &[2e4 + 2.0f64.ln()], 1e-6);
}

fn one_hot_of(y: &Val) -> Val {
    gradus::one_hot(y, 4, Dtype::F32)
}

#[test]
fn forbidden_classes_cost_nothing_but_to_whom_they_belong() {
    let x = Array::from([[0.0f32, f32::NEG_INFINITY, 0.0]; 2]);
    near(
        &jit(softmax_cross_entropy)(&x, &Array::from([0i32, 1])).unwrap(),
        &[2.0f64.ln(), f64::INFINITY],
        1e-6,
    );
    let shares = Array::from([[0.5f32, 0.0, 0.5], [0.0, 0.0, 1.0]]);
    near(&jit(softmax_cross_entropy)(&x, &shares).unwrap(), &[2.0f64.ln(); 2], 1e-6);
    let slope = jit(grad(cross_entropy))(&x, &Array::from([0i32, 2])).unwrap();
    near(&slope, &[-0.25, 0.0, 0.25, 0.25, 0.0, -0.25], 1e-6);
}

#[test]
fn targets_of_another_shape_are_refused_by_name_at_the_line_of_the_user() {
    let (x, y) = (noise(&[3, 1], 1), noise(&[3], 2));
    let elementwise: [(&str, Two); 11] = [
        ("mean_squared_error", |x, y| mean_squared_error(x, y)),
        ("mean_absolute_error", |x, y| mean_absolute_error(x, y)),
        ("squared_error", |x, y| squared_error(x, y)),
        ("huber", |x, y| huber(x, y, 1.0)),
        ("log_cosh", |x, y| log_cosh(x, y)),
        ("poisson_nll", |x, y| poisson_nll(x, y)),
        ("gaussian_nll", |x, y| gaussian_nll(x, x, y)),
        ("sigmoid_cross_entropy", |x, y| sigmoid_cross_entropy(x, y)),
        ("hinge", |x, y| hinge(x, y)),
        ("triplet", |x, y| triplet(x, x, y, 1.0)),
        ("info_nce", |x, y| info_nce(x, y, 1.0)),
    ];
    for (name, loss) in elementwise {
        let error = jit(loss)(&x, &y).unwrap_err().to_string();
        assert!(error.starts_with(&format!("{name}: ")), "{error}");
        assert!(
            error.contains("[3,1]") && error.contains("[3]") && error.contains("losses/tests.rs"),
            "{error}"
        );
    }
    let error =
        jit(|x: &Val, y: &Val| Reduction::mean().weights(y).of(x))(&noise(&[3, 2], 1), &noise(&[2], 1));
    expect_test::expect![[r"
        Reduction: weights f64[2] for losses f64[3,2]: expected the shape of the losses or of their leading axes
          at crates/nn/src/losses/tests.rs:LINE"]]
    .assert_eq(&without_line(&error.unwrap_err().to_string()));
}

/// The message with LINE for the numbers behind the file.
fn without_line(message: &str) -> String {
    let (before, _) = message.split_once(".rs:").expect("a place");
    format!("{before}.rs:LINE")
}

#[test]
fn labels_that_are_no_class_indices_are_refused() {
    let refusal = |logits: &Array, labels: &Array| {
        without_line(&jit(|x: &Val, y: &Val| cross_entropy(x, y))(logits, labels).unwrap_err().to_string())
    };
    let logits = Array::full([4, 10], 0.0f32);
    expect_test::expect![[r"
        cross_entropy: labels f32[4] for logits f32[4,10]: class indices are integers, `labels.astype(Dtype::I32)`; probabilities have the shape of the logits
          at crates/nn/src/losses/tests.rs:LINE"]]
    .assert_eq(&refusal(&logits, &Array::full([4], 1.0f32)));
    expect_test::expect![[r"
        cross_entropy: labels i32[4,1] for logits f32[4,10]: expected a class index, an integer, for each example, the shape [4]; one-hot labels are floats
          at crates/nn/src/losses/tests.rs:LINE"]]
    .assert_eq(&refusal(&logits, &Array::full([4, 1], 1i32)));
    let error = refusal(&logits, &Array::full([4, 9], 0.1f32));
    assert!(error.contains("f32[4,10]") && error.contains("f32[4,9]"), "{error}");
    let error = refusal(&logits, &Array::full([4], true));
    assert!(error.contains("class indices are integers"), "{error}");
}

#[test]
fn labels_out_of_range_are_nan_or_errors_never_numbers() {
    let checked = |checks| Config { checks, ..Config::default() };
    let x = noise(&[3, 3], 1);
    let of_classes: [(&str, Two); 4] = [
        ("softmax_cross_entropy", |x, y| softmax_cross_entropy(x, y)),
        ("softmax_focal", |x, y| softmax_focal(x, y, 2.0)),
        ("multiclass_hinge", |x, y| multiclass_hinge(x, y)),
        ("cross_entropy", |x, y| CrossEntropy::new().smoothing(0.1).reduction(Reduction::none()).of(x, y)),
    ];
    for (name, loss) in of_classes {
        for wrong in [3i32, -1, i32::MIN] {
            let y = Array::from([0i32, wrong, 2]);
            let losses = jit(loss)(&x, &y).unwrap().to_vec::<f64>().unwrap();
            assert_eq!(losses.map_nan(), [false, true, false], "{name} {wrong}");
            let slope = jit(grad(move |x: &Val, y: &Val| loss(x, y).sum()))(&x, &y).unwrap();
            let nan = slope.to_vec::<f64>().unwrap().map_nan();
            assert!(nan[3..6].iter().all(|nan| *nan) && !nan[..3].contains(&true), "{name} {wrong}");
            for checks in [
                Checks { out_of_bounds: true, ..Checks::default() },
                Checks { nan: true, ..Checks::default() },
            ] {
                let error = jit(loss).with(checked(checks))(&x, &y).unwrap_err().to_string();
                let found = error.contains("out of bounds") || error.contains("makes a NaN");
                assert!(found && error.contains("losses/tests.rs"), "{name}: {error}");
            }
        }
        let right = Array::from([0i32, 1, 2]);
        assert!(jit(loss).with(checked(Checks::ALL))(&x, &right).is_ok(), "{name}");
    }
    for wide in
        [Array::from([0u8, 255, 2]), Array::from([0i64, 1 << 40, 2]), Array::from([0u64, u64::MAX, 2])]
    {
        let losses = jit(softmax_cross_entropy)(&x, &wide).unwrap().to_vec::<f64>().unwrap();
        assert_eq!(losses.map_nan(), [false, true, false], "{wide}");
    }
    let x = noise(&[3], 1);
    let y = Array::from([0i32, 2, -1]);
    assert_eq!(
        jit(sigmoid_cross_entropy)(&x, &y).unwrap().to_vec::<f64>().unwrap().map_nan(),
        [false, true, true]
    );
    assert_eq!(jit(hinge)(&x, &y).unwrap().to_vec::<f64>().unwrap().map_nan(), [true, true, false]);
}

trait MapNan {
    fn map_nan(&self) -> Vec<bool>;
}
impl MapNan for Vec<f64> {
    fn map_nan(&self) -> Vec<bool> {
        self.iter().map(|x| x.is_nan()).collect()
    }
}

#[test]
fn what_is_absent_changes_neither_loss_nor_gradient() {
    let loss = |x: &Val, y: &Val, mask: &Val| {
        let loss = CrossEntropy::new().ignore_label(-100).smoothing(0.1);
        loss.reduction(Reduction::mean().mask(mask)).of(x, y)
    };
    let both = jit(move |x: &Val, y: &Val, mask: &Val| (loss(x, y, mask), grad(loss)(x, y, mask)));
    let nan = f32::NAN;
    let x = Array::from([[1.0f32, 2.0, 0.5], [nan, nan, nan], [0.1, -1.0, 3.0], [nan, 0.0, f32::INFINITY]]);
    let (y, mask) = (Array::from([0i32, 77, 1, -100]), Array::from([true, false, true, true]));
    let (value, slope) = both(&x, &y, &mask).unwrap();
    let few = Array::from([[1.0f32, 2.0, 0.5], [0.1, -1.0, 3.0]]);
    let (expected, part) = both(&few, &Array::from([0i32, 1]), &Array::from([true, true])).unwrap();
    near(&value, &[f64::from(expected.item::<f32>().unwrap())], 1e-6);
    let part: Vec<f64> = part.to_vec::<f32>().unwrap().into_iter().map(f64::from).collect();
    near(&slope, &[&part[..3], &[0.0; 3], &part[3..], &[0.0; 3]].concat(), 1e-6);
    // All of them: a loss of 0.
    let (value, slope) = both(&x, &y, &Array::from([false; 4])).unwrap();
    near(&value, &[0.0], 0.0);
    near(&slope, &[0.0; 12], 0.0);
    let (value, _) = both(&few, &Array::from([-100i32, -100]), &Array::from([true, true])).unwrap();
    near(&value, &[0.0], 0.0);
}

#[test]
fn reductions_weigh_and_mask_along_leading_axes() {
    let losses = Array::from([[1.0f32, 2.0], [3.0, 5.0]]);
    let (weights, mask) = (Array::from([1.0f32, 3.0]), Array::from([false, true]));
    let of = |f: fn(&Val, &Val) -> Val, by: &Array| jit(f)(&losses, by).unwrap();
    near(&of(|x, w| Reduction::mean().weights(w).of(x), &weights), &[27.0 / 8.0], 1e-6);
    near(&of(|x, w| Reduction::sum().weights(w).of(x), &weights), &[27.0], 1e-6);
    near(&of(|x, w| Reduction::none().weights(w).of(x), &weights), &[1.0, 2.0, 9.0, 15.0], 1e-6);
    near(&of(|x, m| Reduction::mean().mask(m).of(x), &mask), &[4.0], 1e-6);
    near(&of(|x, m| Reduction::none().mask(m).of(x), &mask), &[0.0, 0.0, 3.0, 5.0], 1e-6);
    near(&of(|x, w| Reduction::mean().weights(w * 0.0).of(x), &weights), &[0.0], 0.0);
    let error =
        jit(|x: &Val, w: &Val| Reduction::mean().mask(w).of(x))(&losses, &weights).unwrap_err().to_string();
    assert!(error.contains("f32[2], expected one of bool"), "{error}");
    near(&jit(mean_squared_error)(&noise(&[0, 2], 1), &noise(&[0, 2], 1)).unwrap(), &[f64::NAN], 0.0);
    let empty = Array::new([0], Vec::<i32>::new()).unwrap();
    near(&jit(cross_entropy)(&noise(&[0, 2], 1), &empty).unwrap(), &[f64::NAN], 0.0);
    near(
        &jit(|x: &Val, y: &Val| CrossEntropy::new().reduction(Reduction::sum()).of(x, y))(
            &noise(&[0, 2], 1),
            &empty,
        )
        .unwrap(),
        &[0.0],
        0.0,
    );
}

#[test]
fn floats_of_16_bits_are_computed_in_f32() {
    let x = noise(&[8, 4], 1);
    let loss = jit(|x: &Val| cross_entropy(&x.astype(Dtype::BF16), &(&Array::from([1i32; 8])).into()));
    assert_eq!(loss(&x).unwrap().dtype(), Dtype::F32);
    let wide = jit(|x: &Val| {
        cross_entropy(&x.astype(Dtype::BF16).astype(Dtype::F32), &(&Array::from([1i32; 8])).into())
    });
    assert_eq!(loss(&x).unwrap(), wide(&x).unwrap());
}

#[test]
fn cross_entropy_is_kernels_alone() {
    let step = jit(gradus::value_and_grad(cross_entropy));
    step(&Array::full([64, 10], 1.0f32), &Array::full([64], 3i32)).unwrap();
    let explained = step.explain();
    let compiled = explained.split_once("compiled:\n").unwrap().1;
    let steps: Vec<&str> = compiled.lines().take_while(|line| !line.starts_with("times")).collect();
    assert!(steps.iter().all(|step| step.contains("kernel")) && steps.len() <= 4, "{compiled}");
}

#[test]
fn ctc_knows_what_is_impossible_and_what_is_wrong() {
    let loss = |x: &Val, heard: &Val, y: &Val, spelt: &Val| Ctc::new().of(x, heard, y, spelt);
    let run = jit(move |x: &Val, heard: &Val, y: &Val, spelt: &Val| {
        (loss(x, heard, y, spelt), grad(move |x: &Val| loss(x, heard, y, spelt).sum())(x))
    });
    // Two equal labels need three frames; no frames suit no labels; the rest is wrong: a blank, no class, a length.
    let y = Array::from([[1i32, 1], [1, 2], [1, 0], [1, 9], [1, 2]]);
    let (heard, spelt) = (Array::from([2i32, 0, 3, 3, 4]), Array::from([2i32, 0, 2, 2, 2]));
    let (losses, slope) = run(&noise(&[5, 3, 3], 1), &heard, &y, &spelt).unwrap();
    near(&losses, &[f64::INFINITY, 0.0, f64::NAN, f64::NAN, f64::NAN], 0.0);
    near(&Array::from(slope.to_vec::<f64>().unwrap()[..18].to_vec()), &[0.0; 18], 0.0);
    let error = jit(loss)(&noise(&[5, 3], 1), &heard, &y, &spelt).unwrap_err().to_string();
    assert!(error.starts_with("Ctc: ") && error.contains("losses/tests.rs"), "{error}");
}

#[test]
fn penalties_leave_buffers_and_what_is_not_wanted_alone() {
    #[derive(gradus::Tree, Clone)]
    struct Model<T = Array> {
        w: T,
        b: T,
        #[tree(buffer)]
        mean: T,
    }
    let model =
        Model { w: Array::from([[1.0f32, -2.0]]), b: Array::from([4.0f32]), mean: Array::from([100.0f32]) };
    let of = |f: fn(&Model<Val>) -> Val| jit(f)(&model).unwrap();
    near(&of(|m| l1_penalty(m, |_, _| true)), &[7.0], 0.0);
    near(&of(|m| l2_penalty(m, |_, leaf| leaf.rank() > 1)), &[5.0], 0.0);
    near(&of(|m| l2_penalty(m, |path, _| path == "nothing")), &[0.0], 0.0);
}
