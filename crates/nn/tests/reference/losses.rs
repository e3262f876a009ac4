//! Losses against PyTorch and optax: values and gradients.

use gradus::{Array, Dtype, Tree, Val, jit, value_and_grad_aux};
use gradus_nn::*;
use safetensors::SafeTensors;

const FILE: &[u8] =
    include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/reference/losses.safetensors"));

fn array(file: &SafeTensors<'_>, name: &str) -> Array {
    let view = file.tensor(name).unwrap_or_else(|_| panic!("no {name}"));
    let (shape, data) = (view.shape().to_vec(), view.data());
    match view.dtype() {
        safetensors::Dtype::F64 => {
            let numbers = data.chunks(8).map(|b| f64::from_le_bytes(b.try_into().unwrap()));
            Array::new(shape, numbers.collect::<Vec<_>>()).unwrap()
        }
        _ => {
            let numbers = data.chunks(4).map(|b| i32::from_le_bytes(b.try_into().unwrap()));
            Array::new(shape, numbers.collect::<Vec<_>>()).unwrap()
        }
    }
}

fn near(name: &str, found: &Array, expected: &Array, tolerance: f64) {
    let expected = expected.to_vec::<f64>().unwrap();
    let found: Vec<f64> = match found.dtype() {
        Dtype::F64 => found.to_vec::<f64>().unwrap(),
        _ => found.to_vec::<f32>().unwrap().into_iter().map(f64::from).collect(),
    };
    assert_eq!(found.len(), expected.len(), "{name}");
    let largest = expected.iter().fold(0.0f64, |most, x| most.max(x.abs()));
    for (i, (found, expected)) in found.iter().zip(&expected).enumerate() {
        let error = (found - expected).abs() / largest;
        assert!(error <= tolerance, "{name}: {found} is not {expected} at {i}, by {error:e}");
    }
}

/// Values and gradients by the inputs `grads` of `f` over the inputs `names`, in f64 and in f32.
fn check<const N: usize>(case: &str, names: [&str; N], grads: &[&str], f: fn([Val; N]) -> Val) {
    let file = SafeTensors::deserialize(FILE).unwrap();
    let inputs: Vec<Array> = names.iter().map(|name| array(&file, &format!("{case}/in/{name}"))).collect();
    let ct = array(&file, &format!("{case}/ct"));
    let places: Vec<usize> = grads.iter().map(|g| names.iter().position(|n| n == g).unwrap()).collect();
    for (dtype, tolerance) in [(Dtype::F64, 1e-9), (Dtype::F32, 1e-5)] {
        let (places, f) = (places.clone(), f);
        let run = jit(move |inputs: &Vec<Val>, ct: &Val| {
            let inputs: Vec<Val> =
                inputs.iter().map(|v| if v.dtype().is_float() { v.astype(dtype) } else { *v }).collect();
            let ct = ct.astype(dtype);
            let parts: Vec<Val> = places.iter().map(|i| inputs[*i]).collect();
            let ((_, y), grads) = value_and_grad_aux(|parts: &Vec<Val>| {
                let mut all = inputs.clone();
                places.iter().zip(parts).for_each(|(i, part)| all[*i] = *part);
                let y = f(all.try_into().unwrap());
                ((y * ct).sum(), y)
            })(&parts);
            (y, grads)
        });
        let (y, found) = run(&inputs, &ct).unwrap();
        assert_eq!(y.dtype(), dtype, "{case}");
        near(case, &y, &array(&file, &format!("{case}/y")), tolerance);
        for (name, found) in grads.iter().zip(found.leaves()) {
            let name = format!("{case}/grad/{name}");
            near(&name, found, &array(&file, &name), tolerance);
        }
    }
}

#[test]
fn losses_of_numbers_agree() {
    let xy = ["x", "y"];
    check("squared_error", xy, &xy, |[x, y]| squared_error(&x, &y));
    check("absolute_error", xy, &xy, |[x, y]| absolute_error(&x, &y));
    check("huber", xy, &xy, |[x, y]| huber(&x, &y, 1.5));
    check("log_cosh", xy, &xy, |[x, y]| log_cosh(&x, &y));
    check("poisson_nll", xy, &["x"], |[x, y]| poisson_nll(&x, &y));
    check("gaussian_nll", ["x", "variance", "y"], &["x", "variance", "y"], |[x, variance, y]| {
        gaussian_nll(&x, &variance, &y)
    });
    check("dice", xy, &["x"], |[x, y]| dice(&x, &y, [-3, -2], 1.0));
}

#[test]
fn losses_of_classes_agree() {
    let xy = ["x", "y"];
    check("softmax_cross_entropy", xy, &["x"], |[x, y]| softmax_cross_entropy(&x, &y));
    check("softmax_cross_entropy_shares", xy, &xy, |[x, y]| softmax_cross_entropy(&x, &y));
    check("kl_divergence", xy, &xy, |[x, y]| kl_divergence(&x.log_softmax(-1), &y));
    check("softmax_focal", xy, &["x"], |[x, y]| softmax_focal(&x, &y, 2.0));
    check("multiclass_hinge", xy, &["x"], |[x, y]| multiclass_hinge(&x, &y));
}

#[test]
fn options_of_cross_entropy_are_those_of_pytorch() {
    fn options(reduction: Reduction, [x, y, w]: [Val; 3]) -> Val {
        let loss = CrossEntropy::new().smoothing(0.1).class_weights(w).reduction(reduction);
        if y.rank() == 1 { loss.ignore_label(-100).of(&x, &y) } else { loss.of(&x, &y) }
    }
    let names = ["x", "y", "w"];
    check("cross_entropy_options_mean", names, &["x"], |all| options(Reduction::mean(), all));
    check("cross_entropy_options_sum", names, &["x"], |all| options(Reduction::sum(), all));
    check("cross_entropy_options_none", names, &["x"], |all| options(Reduction::none(), all));
    check("cross_entropy_shares_mean", names, &["x"], |all| options(Reduction::mean(), all));
    check("cross_entropy_shares_sum", names, &["x"], |all| options(Reduction::sum(), all));
    check("cross_entropy_shares_none", names, &["x"], |all| options(Reduction::none(), all));
}

#[test]
fn losses_of_yes_and_no_agree() {
    let xy = ["x", "y"];
    check("sigmoid_cross_entropy", xy, &["x"], |[x, y]| sigmoid_cross_entropy(&x, &y));
    check("sigmoid_cross_entropy_weighted", ["x", "y", "w"], &["x"], |[x, y, w]| {
        let loss = SigmoidCrossEntropy::new().smoothing(0.1);
        loss.class_weights(1.0 / w).positive_weights(w).of(&x, &y)
    });
    check("sigmoid_focal", xy, &["x"], |[x, y]| sigmoid_focal(&x, &y, 2.0, Some(0.25)));
    check("sigmoid_focal_shares", xy, &["x"], |[x, y]| sigmoid_focal(&x, &y, 1.5, Some(0.25)));
    check("hinge", xy, &["x"], |[x, y]| hinge(&x, &y));
}

#[test]
fn losses_of_vectors_and_boxes_agree() {
    let xy = ["x", "y"];
    let apn = ["a", "p", "n"];
    check("triplet", apn, &apn, |[a, p, n]| triplet(&a, &p, &n, 0.7));
    check("cosine_distance", xy, &xy, |[x, y]| cosine_distance(&x, &y));
    check("info_nce", xy, &xy, |[x, y]| info_nce(&x, &y, 0.2));
    check("iou_loss", xy, &xy, |[x, y]| iou_loss(&x, &y));
    check("generalized_iou_loss", xy, &xy, |[x, y]| generalized_iou_loss(&x, &y));
    check("distance_iou_loss", xy, &xy, |[x, y]| distance_iou_loss(&x, &y));
    check("complete_iou_loss", xy, &xy, |[x, y]| complete_iou_loss(&x, &y));
}

#[test]
fn ctc_agrees_with_pytorch_and_optax() {
    let names = ["x", "heard", "y", "spelt"];
    check("ctc", names, &["x"], |[x, heard, y, spelt]| Ctc::new().of(&x, &heard, &y, &spelt));
    check("ctc_blank", names, &["x"], |[x, heard, y, spelt]| Ctc::new().blank(4).of(&x, &heard, &y, &spelt));
}
