//! Metrics against scikit-learn, sacreBLEU, jiwer and pycocotools.

use gradus::{Array, Val, jit};
use gradus_nn::metrics::*;
use serde_json::Value;

const FILE: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/reference/metrics.json"));

fn file() -> Value {
    serde_json::from_str(FILE).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
}

fn integers(value: &Value) -> Vec<i32> {
    value.as_array().unwrap().iter().map(|x| i32::try_from(x.as_i64().unwrap()).unwrap()).collect()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

#[track_caller]
fn near(name: &str, found: f64, expected: &Value) {
    let expected = expected.as_f64().unwrap();
    assert!((found - expected).abs() <= 1e-9 * expected.abs().max(1.0), "{name}: {found} is not {expected}");
}

#[test]
fn scores_of_classes_are_those_of_scikit_learn() {
    for (name, case) in file()["classified"].as_object().unwrap() {
        let (labels, predictions) = (integers(&case["labels"]), integers(&case["predictions"]));
        let classes = labels.iter().chain(&predictions).max().unwrap().max(&1) + 1;
        let of = jit(move |x: &Val, y: &Val| ConfusionMatrix::of_classes(x, y, classes as usize, None));
        // In two batches, of which the last is the smaller one.
        let mut sum = Sum::new();
        let half = labels.len() * 2 / 3;
        for part in [0..half, half..labels.len()] {
            let (x, y) = (&predictions[part.clone()], &labels[part]);
            sum.add(&of(&Array::from(x.to_vec()), &Array::from(y.to_vec())).unwrap()).unwrap();
        }
        let confusion = sum.total().unwrap();
        near(name, confusion.accuracy(), &case["accuracy"]);
        let averages = [
            ("micro", Average::Micro),
            ("macro", Average::Macro),
            ("weighted", Average::Weighted),
            ("binary", Average::Binary),
        ];
        for (key, average) in averages {
            if case.get(format!("f1_{key}")).is_some() {
                let of = |score: &str| &case[format!("{score}_{key}")];
                near(name, confusion.precision(average), of("precision"));
                near(name, confusion.recall(average), of("recall"));
                near(name, confusion.f1(average), of("f1"));
                near(name, confusion.iou(average), of("iou"));
            }
        }
    }
}

#[test]
fn rankings_are_those_of_scikit_learn_with_ties() {
    for (name, case) in file()["ranked"].as_object().unwrap() {
        let (scores, labels) = (numbers(&case["scores"]), integers(&case["labels"]));
        let mut all = BinaryScores::new();
        for part in [0..2, 2..scores.len()] {
            let (scores, labels) = (scores[part.clone()].to_vec(), labels[part].to_vec());
            all.add(&Array::from(scores), &Array::from(labels), None).unwrap();
        }
        near(name, all.auc(), &case["auc"]);
        near(name, all.average_precision(), &case["average_precision"]);
    }
}

#[test]
fn errors_of_regression_are_those_of_scikit_learn() {
    for (name, case) in file()["regressed"].as_object().unwrap() {
        let (x, y) = (numbers(&case["x"]), numbers(&case["y"]));
        let of = jit(|x: &Val, y: &Val| RegressionErrors::of(x, y, None));
        let mut sum = Sum::new();
        for part in [0..2, 2..x.len()] {
            let (x, y) = (x[part.clone()].to_vec(), y[part].to_vec());
            sum.add(&of(&Array::from(x), &Array::from(y)).unwrap()).unwrap();
        }
        let errors = sum.total().unwrap();
        near(name, errors.mae(), &case["mae"]);
        near(name, errors.rmse(), &case["rmse"]);
        near(name, errors.r2(), &case["r2"]);
    }
}

#[test]
fn top_k_and_log_loss_are_those_of_scikit_learn() {
    let case = &file()["top_k"];
    let rows: Vec<Vec<f64>> = case["x"].as_array().unwrap().iter().map(numbers).collect();
    let x = Array::new([rows.len(), rows[0].len()], rows.concat()).unwrap();
    let y = Array::from(integers(&case["y"]));
    for (i, expected) in case["accuracies"].as_array().unwrap().iter().enumerate() {
        let found = jit(move |x: &Val, y: &Val| Mean::top_k(x, y, i + 1, None))(&x, &y).unwrap();
        near("top_k", found.result(), expected);
    }
    let found = jit(|x: &Val, y: &Val| Mean::log_loss(x, y, None))(&x, &y).unwrap();
    near("log_loss", found.result(), &case["log_loss"]);
}

#[test]
fn tokens_and_bleu_are_those_of_sacrebleu() {
    for case in file()["tokens"].as_array().unwrap() {
        let expected: Vec<&str> = case["tokens"].as_array().unwrap().iter().map(text).collect();
        assert_eq!(tokenize_13a(text(&case["text"])), expected, "{}", case["text"]);
    }
    let score = |case: &Value, bleu: Bleu| {
        let mut bleu = bleu;
        for pair in case["texts"].as_array().unwrap() {
            let references: Vec<&str> = pair[1].as_array().unwrap().iter().map(text).collect();
            bleu.add(text(&pair[0]), &references);
        }
        near(&case["texts"].to_string(), bleu.result(), &case["score"]);
    };
    file()["bleu"].as_array().unwrap().iter().for_each(|case| score(case, Bleu::new()));
    score(&file()["bleu_lowercase"], Bleu::new().lowercase());
}

#[test]
fn rates_of_errors_are_those_of_jiwer() {
    let case = &file()["spoken"];
    let (mut words, mut characters) = (ErrorRate::words(), ErrorRate::characters());
    for pair in case["pairs"].as_array().unwrap() {
        words.add(text(&pair[0]), text(&pair[1]));
        characters.add(text(&pair[0]), text(&pair[1]));
    }
    near("wer", words.result(), &case["wer"]);
    near("cer", characters.result(), &case["cer"]);
}

#[test]
fn average_precision_of_boxes_is_that_of_coco() {
    let case = &file()["coco"];
    let boxes = |key: &str, image: i64| -> Vec<Detection> {
        let there = case[key].as_array().unwrap().iter().filter(|b| b["image_id"].as_i64() == Some(image));
        let detection = |b: &Value| {
            let size = numbers(&b["bbox"]);
            let corners = [size[0], size[1], size[0] + size[2], size[1] + size[3]];
            let class = b["category_id"].as_u64().unwrap() as usize;
            Detection { corners, class, score: b["score"].as_f64().unwrap_or(1.0) }
        };
        there.map(detection).collect()
    };
    let mut all = Detections::new();
    for image in 0..case["images"].as_i64().unwrap() {
        all.add(&boxes("found", image), &boxes("truths", image));
    }
    near("map", all.mean_average_precision(), &case["map"]);
    near("ap50", all.average_precision(0.5), &case["ap50"]);
    near("ap75", all.average_precision(0.75), &case["ap75"]);
}
