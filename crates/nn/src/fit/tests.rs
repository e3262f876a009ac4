//! Runs: what they learn, report, refuse and leave behind.

use std::cell::RefCell;

use gradus::{Array, Config, Dtype, Tree, Val, jit};

use super::*;
use crate::data::Dataset;
use crate::test_folder::Folder;
use crate::{Adam, Dense, Goal, TrainState, Trained, Training, init, mean_squared_error};

#[derive(Tree)]
struct Metrics<T = Array> {
    loss: T,
}

/// Rows of `y = 3 x − 1`.
fn line(rows: usize) -> Dataset {
    let x: Vec<f32> = (0..rows).map(|i| i as f32 / rows as f32 - 0.5).collect();
    let y: Vec<f32> = x.iter().map(|x| 3.0 * x - 1.0).collect();
    Dataset::new(Array::new([rows, 1], x).unwrap(), Array::new([rows, 1], y).unwrap()).unwrap()
}

fn loss(model: &Dense<Val>, x: &Val, y: &Val) -> Val {
    mean_squared_error(&model.apply(x), y)
}

fn start() -> Trained<Dense, Adam> {
    TrainState::new(init(0, |keys| Dense::new(keys, 1, 1)).unwrap(), &Adam::new(0.1), 0).unwrap()
}

type Step = gradus::Jitted<fn(&mut Training<Dense<Val>, Adam>, &Val, &Val) -> Metrics<Val>>;

fn step() -> Step {
    let adam = Adam::new(0.1);
    jit(move |state: &mut Training<Dense<Val>, Adam>, x: &Val, y: &Val| Metrics {
        loss: state.step(&adam, |model, _| loss(model, x, y)),
    })
}

#[test]
fn a_line_is_learned() {
    let evaluate = jit(|model: &Dense<Val>, x: &Val, y: &Val| Metrics { loss: loss(model, x, y) });
    let (mut state, step) = (start(), step());
    let (train, validation) = (line(50), line(10));
    let validation = validation.loader(4).unwrap();
    let fitted = Fit::new(&mut state, &train.loader(8).unwrap().shuffled(0), 30)
        .silently()
        .with_validation(&validation, |state, (x, y)| evaluate(&state.model, x, y))
        .run(|state, (x, y)| step(state, x, y))
        .unwrap();
    let history = fitted.history;
    assert_eq!((fitted.ended, fitted.steps), (Ended::Complete, 30 * 7));
    assert_eq!((history.curve("loss").len(), history.curve("val_loss").len()), (30, 30));
    assert!(history.curve("nothing").is_empty());
    assert!(history.curve("loss")[0] > 0.5);
    assert!(history.curve("val_loss")[29] < 1e-3, "{history:?}");
    assert_eq!(state.optimizer.rate.count, Array::from(30 * 7i32));
}

#[test]
fn sixteen_bits_compute_and_the_weights_stay_as_they_are() {
    let seen = std::sync::Arc::new(std::sync::Mutex::new(vec![]));
    let (adam, kept) = (Adam::new(0.1), seen.clone());
    let mut state = start().with_compute(Dtype::BF16);
    let step = jit(move |state: &mut Training<Dense<Val>, Adam>, x: &Val, y: &Val| {
        state.step(&adam, |model, _| {
            let out = model.apply(x);
            kept.lock().unwrap().push((model.w.dtype(), out.dtype()));
            mean_squared_error(&out.astype(Dtype::F32), y)
        })
    });
    let data = line(50);
    let batched = data.loader(8).unwrap().shuffled(0);
    let fitted =
        Fit::new(&mut state, &batched, 40).silently().run(|state, (x, y)| step(state, x, y)).unwrap();
    assert!(seen.lock().unwrap().iter().all(|dtypes| *dtypes == (Dtype::BF16, Dtype::BF16)));
    assert_eq!(state.model.w.dtype(), Dtype::F32);
    // The weights of the line, 3 and −1, to more digits than a step of 16 bits of a gradient could add up to.
    assert!(fitted.history.curve("loss")[39] < 1e-3, "{:?}", fitted.history);
}

#[test]
fn metrics_are_means_over_rows_and_a_pass_meets_each_row_once() {
    let rows = RefCell::new(vec![]);
    let report = |_: &mut (), (x, _): &(Array, Array)| {
        let x = x.to_vec::<f32>()?;
        rows.borrow_mut().extend(x.iter().copied());
        // The mean over all rows is that of x; the mean of the batches' means would be another.
        Ok(Metrics { loss: Array::from(x.iter().sum::<f32>() / x.len() as f32) })
    };
    let data = line(10);
    let fitted = Fit::new(&mut (), &data.loader(4).unwrap().shuffled(5), 3).silently().run(report).unwrap();
    for mean in fitted.history.curve("loss") {
        assert!((mean - -0.05).abs() < 1e-6, "{mean}");
    }
    let rows = rows.into_inner();
    let epochs: Vec<&[f32]> = rows.chunks(10).collect();
    assert_ne!(epochs[0], epochs[1]);
    for epoch in epochs {
        let mut sorted = epoch.to_vec();
        sorted.sort_by(f32::total_cmp);
        assert_eq!(sorted, line(10).all().unwrap().0.to_vec::<f32>().unwrap());
    }
}

#[test]
fn batches_from_the_middle_are_the_rest_of_the_epoch() {
    let data = line(11);
    let batched = data.loader(3).unwrap().shuffled(7);
    let all: Vec<_> = batched.batches(4, 0).map(Result::unwrap).collect();
    assert_eq!(all.len(), batched.num_batches(4));
    for from in 0..=all.len() {
        let rest: Vec<_> = batched.batches(4, from).map(Result::unwrap).collect();
        assert_eq!(rest, all[from..]);
    }
    let rows: Vec<usize> = all.iter().flat_map(|fed| fed.rows.clone()).collect();
    assert_eq!(
        all[0].batch.0,
        Array::new([3, 1], rows[..3].iter().map(|row| *row as f32 / 11.0 - 0.5).collect::<Vec<_>>()).unwrap()
    );
}

#[test]
fn predictions_are_the_rows_in_their_order() {
    let double = jit(|x: &Val| (x * 2.0, x.astype(Dtype::I32).sum_axes(1)));
    let data = line(10);
    let (doubled, sums) = predict(&data.loader(4).unwrap(), |(x, _)| double(x)).unwrap();
    let x = data.all().unwrap().0.to_vec::<f32>().unwrap();
    assert_eq!(doubled, Array::new([10, 1], x.iter().map(|x| x * 2.0).collect::<Vec<_>>()).unwrap());
    assert_eq!(sums.shape(), [10]);
    let error =
        predict(&data.loader(4).unwrap(), |(x, _)| jit(|x: &Val| x.sum())(x)).unwrap_err().to_string();
    assert_eq!(
        error,
        "the prediction `` is f32[] for a batch of 4 examples; expected a row for each, of one shape in all batches"
    );
}

#[test]
fn an_error_of_a_step_ends_the_run() {
    let fails = |_: &mut (), (x, _): &(Array, Array)| Ok(Metrics { loss: Array::from(x.item::<f32>()?) });
    let data = line(10);
    let result = Fit::new(&mut (), &data.loader(4).unwrap(), 1).silently().run(fails);
    assert!(matches!(result, Err(FitError::Call(_))));
}

#[test]
fn a_metric_that_is_no_scalar_is_refused() {
    let data = line(3);
    let error = evaluate(&data.loader(4).unwrap(), |(x, _)| Ok(Metrics { loss: x.clone() })).unwrap_err();
    assert_eq!(error.to_string(), "the metric `loss` is f32[3,1], expected a scalar f32 or f64");
}

/// Batches of one number each, the last of which fails.
struct Numbers(usize);

impl Feed for Numbers {
    type Batch = Array;
    fn num_batches(&self, _: usize) -> usize {
        self.0
    }
    fn batches(&self, _: usize, from: usize) -> impl Iterator<Item = Result<Fed<Array>, FeedError>> {
        (from..self.0).map(|i| match i {
            3 => Err("the file is gone".into()),
            _ => Ok(Fed { batch: Array::from(i as f32), weight: 1.0, rows: vec![i, i + 100] }),
        })
    }
}

#[test]
fn data_without_batches_and_batches_that_cannot_be_had_are_errors() {
    let report = |_: &mut (), x: &Array| Ok(x.clone());
    let run = |count: usize| Fit::new(&mut (), &Numbers(count), 1).silently().run(report).map(|f| f.history);
    assert_eq!(run(0).unwrap_err().to_string(), "the data have no batches; expected at least one");
    assert!(matches!(evaluate(&Numbers(0), |x| Ok(x.clone())), Err(FitError::NoData)));
    let text = "the batch 4 of epoch 1 cannot be had: the file is gone";
    assert_eq!(run(5).unwrap_err().to_string(), text);
    assert_eq!(evaluate(&Numbers(5), |x| Ok(x.clone())).unwrap_err().to_string(), text);
    assert_eq!(run(3).unwrap().curve("loss"), [1.0]);
}

#[test]
fn a_meter_of_ones_own_measures_the_steps() {
    #[derive(Default)]
    struct Largest(f64);
    impl Collect<Array> for Largest {
        fn add(&mut self, report: &Array, _: f64) -> Result<(), FitError> {
            self.0 = self.0.max(report.to_f64_vec()[0]);
            Ok(())
        }
    }
    impl Meter for Largest {
        fn values(&self) -> Vec<(String, f64)> {
            vec![("largest".into(), self.0)]
        }
        fn reset(&mut self) {
            self.0 = 0.0;
        }
        fn saved(&self) -> std::collections::BTreeMap<String, Array> {
            [("it".into(), Array::from(self.0))].into()
        }
        fn restore(&mut self, saved: &std::collections::BTreeMap<String, Array>) -> Result<(), FitError> {
            self.0 = saved["it"].item()?;
            Ok(())
        }
    }
    let report = |_: &mut (), x: &Array| Ok(x.clone());
    let fitted = Fit::new(&mut (), &Numbers(3), 2).silently().run_with(Largest::default(), report).unwrap();
    assert_eq!(fitted.history.curve("largest"), [2.0, 2.0]);
}

#[test]
fn callbacks_see_every_moment_and_may_stop() {
    let (steps, epochs) = (RefCell::new(vec![]), RefCell::new(vec![]));
    let report = |sum: &mut Array, x: &Array| {
        *sum = Array::from(sum.item::<f32>()? + x.item::<f32>()?);
        Ok(x.clone())
    };
    let mut state = Array::from(0.0f32);
    let fitted = Fit::new(&mut state, &Numbers(3), 9)
        .silently()
        .on_step(|now| {
            steps.borrow_mut().push((now.epoch, now.batch, now.step));
            Ok(Next::Continue)
        })
        .on_epoch(|now| {
            epochs.borrow_mut().push((now.state.item::<f32>()?, now.metrics.to_vec()));
            *now.state = Array::from(100.0f32);
            Ok(if now.history.epochs() == 2 { Next::Stop } else { Next::Continue })
        })
        .run(report)
        .unwrap();
    assert_eq!(fitted.ended, Ended::Stopped);
    assert_eq!(steps.into_inner(), [(0, 1, 1), (0, 2, 2), (0, 3, 3), (1, 1, 4), (1, 2, 5), (1, 3, 6)]);
    let means = vec![("loss".to_owned(), 1.0)];
    assert_eq!(epochs.into_inner(), [(3.0, means.clone()), (103.0, means)]);
    let fit = Fit::new(&mut state, &Numbers(3), 1).silently().on_step(|_| Err("no more".into()));
    let error = fit.run(report).unwrap_err();
    assert_eq!(error.to_string(), "a callback failed: no more");
}

#[test]
fn early_stopping_waits_and_names_metrics_that_are_not_there() {
    let lowest = EarlyStopping::new("loss", Goal::Lowest);
    assert!(!lowest.has_ended(&[]) && !lowest.has_ended(&[1.0]) && lowest.has_ended(&[1.0, 1.0]));
    assert!(lowest.has_ended(&[f64::NAN]) && !lowest.has_ended(&[f64::NAN, 1.0]));
    let patient = lowest.clone().patience(2).min_delta(0.1);
    assert!(patient.has_ended(&[1.0, 0.95, 0.92]) && !patient.has_ended(&[1.0, 0.95, 0.85]));
    let highest = EarlyStopping::new("accuracy", Goal::Highest);
    assert!(!highest.has_ended(&[0.1, 0.2]) && highest.has_ended(&[0.2, 0.1]));
    let report = |_: &mut (), x: &Array| Ok(x.clone());
    let error = Fit::new(&mut (), &Numbers(3), 3).silently().with_callback(highest).run(report).unwrap_err();
    assert_eq!(error.to_string(), "a callback failed: there is no metric `accuracy`; there are loss");
}

#[test]
fn a_nan_ends_the_run_with_its_step_its_examples_and_the_operation() {
    let folder = Folder::new();
    // The logarithm of a number below zero, in the fourth batch of the second epoch.
    let traced = |w: &mut Val, x: &Val, epoch: &Val| {
        let loss = (3.5 - x - epoch).log();
        *w -= 0.1 * loss;
        loss
    };
    let step = jit(traced);
    let checked = step.with(Config { debug_nans: true, ..Config::default() });
    struct Six;
    impl Feed for Six {
        type Batch = (Array, Array);
        fn num_batches(&self, _: usize) -> usize {
            4
        }
        fn batches(
            &self,
            epoch: usize,
            from: usize,
        ) -> impl Iterator<Item = Result<Fed<Self::Batch>, FeedError>> {
            (from..4).map(move |i| {
                let batch = (Array::from(i as f32), Array::from(epoch as f32));
                Ok(Fed { batch, weight: 2.0, rows: vec![2 * i, 2 * i + 1] })
            })
        }
    }
    let mut state = Array::from(1.0f32);
    let error = Fit::new(&mut state, &Six, 3)
        .silently()
        .with_checkpoints(Checkpoints::new(&folder.0).every_steps(3))
        .finding_nans(|w, (x, epoch)| checked(w, x, epoch))
        .run(|w, (x, epoch)| step(w, x, epoch))
        .unwrap_err();
    let text = error.to_string();
    assert!(
        text.starts_with("the metric `loss` is NaN after step 8 (epoch 2, batch 4, examples 6, 7); log: "),
        "{text}"
    );
    assert!(text.contains("fit/tests.rs") && text.ends_with("step-0000000006.safetensors"), "{text}");
    let FitError::NotANumber(found) = error else { panic!("{text}") };
    let saved = Snapshot::load(found.checkpoint.unwrap(), &state).unwrap();
    assert_eq!((saved.step, saved.state.item::<f32>().unwrap().is_nan()), (6, false));
}

#[test]
fn no_checkpoint_holds_parameters_that_are_no_numbers() {
    let folder = Folder::new();
    // The gradient's root of zero: the loss is a number, the parameter is not any more.
    let step = jit(|w: &mut Val, x: &Val| {
        *w *= (1.0 - x).sqrt();
        *x
    });
    let mut state = Array::from(1.0f32);
    let checkpoints = Checkpoints::new(&folder.0).every_steps(1);
    let fit = Fit::new(&mut state, &Numbers(3), 1).silently().with_checkpoints(checkpoints);
    let error = fit.run(|w, x| step(w, x)).unwrap_err().to_string();
    assert!(
        error.starts_with(
            "the parameter `` is NaN after step 3 (epoch 1, batch 3, examples 2, 102); `Fit::finding_nans`"
        ),
        "{error}"
    );
    assert!(error.ends_with("step-0000000002.safetensors"), "{error}");
}

#[test]
fn logs_hold_each_epoch_once() {
    let folder = Folder::new();
    let csv = folder.0.join("log.csv");
    let report = |_: &mut (), x: &Array| Ok((x.clone(), Metrics { loss: Array::from(0.5f64) }));
    let run = |epochs: usize| {
        Fit::new(&mut (), &Numbers(2), epochs)
            .silently()
            .with_checkpoints(Checkpoints::new(&folder.0).resuming())
            .with_callback(CsvLog::new(&csv))
            .with_callback(TensorBoard::new(folder.0.join("events")).every_steps(2))
            .run(report)
            .unwrap()
    };
    run(1);
    run(3);
    assert_eq!(std::fs::read_to_string(&csv).unwrap(), "epoch,0,1.loss\n1,0.5,0.5\n2,0.5,0.5\n3,0.5,0.5\n");
    assert_eq!(std::fs::read_dir(folder.0.join("events")).unwrap().count(), 2);
    let nowhere = folder.0.join("log.csv/below/log.csv");
    let mut nothing = ();
    let fit = Fit::new(&mut nothing, &Numbers(2), 1).silently().with_callback(CsvLog::new(&nowhere));
    let error = fit.run(report).unwrap_err().to_string();
    assert!(error.starts_with("a callback failed: ") && error.contains("below/log.csv: "), "{error}");
}

#[test]
fn padded_batches_come_with_their_mask_or_not_at_all() {
    let data = line(10);
    // The mean over real rows only, from batches of one size.
    let mean = |((x, _), mask): &((Array, Array), Array)| {
        assert_eq!((x.shape()[0], mask.shape()[0]), (4, 4));
        let (x, mask) = (x.to_vec::<f32>()?, mask.to_vec::<bool>()?);
        let real = || x.iter().zip(&mask).filter(|(_, keep)| **keep).map(|(x, _)| *x);
        Ok(Metrics { loss: Array::from(real().sum::<f32>() / real().count() as f32) })
    };
    let metrics = evaluate(&data.loader(4).unwrap().masked(), mean).unwrap();
    assert!((metrics["loss"] - -0.05).abs() < 1e-6, "{metrics:?}");
    let padded = data.loader(4).unwrap().pad_last();
    let error = evaluate(&padded, |_| Ok(Metrics { loss: Array::from(0.0f32) })).unwrap_err().to_string();
    assert!(error.contains("masked()"), "{error}");
}
