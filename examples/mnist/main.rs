//! The classic network on the classic digits: 784-128-64-10 with ReLU, trained by Adam on the cross-entropy.
//!
//! `cargo run --release --example mnist` trains it, tests it, and draws what it learned; `-- --help` lists options.

use anyhow::{Context, Result};
use clap::Parser;
use gradus::{Array, Tree, Val, jit};
use gradus_examples::options::{self, Data, Run};
use gradus_examples::pictures::{self, Image};
use gradus_nn::data::{Dataset, MnistFolder};
use gradus_nn::{Adam, Dense, Fit, Keys, TrainState, Training, accuracy, cross_entropy, init};

/// Trains the 784-128-64-10 network on MNIST and draws what it learned.
#[derive(Parser)]
struct Options {
    #[command(flatten)]
    training: options::Training,
    #[command(flatten)]
    run: Run,
    #[command(flatten)]
    data: Data,
}

/// Rows in an evaluation: it keeps nothing for a reverse pass, so it may take more of them than a step.
const EVALUATION_ROWS: usize = 1000;

/// The network: two hidden layers, and one logit for each class.
#[derive(Tree, Clone)]
struct Mlp<T = Array> {
    hidden1: Dense<T>,
    hidden2: Dense<T>,
    output: Dense<T>,
}

/// What a step and an evaluation report.
#[derive(Tree)]
struct Metrics<T = Array> {
    loss: T,
    accuracy: T,
}

impl Mlp<Val> {
    /// A network for images of so many pixels.
    fn new(keys: &Keys, pixels: usize) -> Mlp<Val> {
        Mlp {
            hidden1: Dense::new(keys, pixels, 128),
            hidden2: Dense::new(keys, 128, 64),
            output: Dense::new(keys, 64, 10),
        }
    }

    fn logits(&self, x: &Val) -> Val {
        let h = self.hidden1.apply(x).relu();
        let h = self.hidden2.apply(&h).relu();
        self.output.apply(&h)
    }
}

/// The loss of a batch of images and labels, with what is reported of it.
fn loss(model: &Mlp<Val>, x: &Val, y: &Val) -> (Val, Metrics<Val>) {
    let logits = model.logits(x);
    let loss = cross_entropy(&logits, y);
    (loss, Metrics { loss, accuracy: accuracy(&logits, y) })
}

fn main() -> Result<()> {
    let Options { training: options, run, data } = Options::parse();
    let [curves, predictions] = run.files(["curves.png", "predictions.png"])?;
    let MnistFolder { train, test } = MnistFolder::read(&data.path("mnist"))?;
    let (train, validation) = train.split_last(0.2).context("the training set is too small to be split")?;
    options.check_batch(train.len(), "images")?;

    let optimizer = Adam::new(options.lr);
    let pixels = train.num_pixels();
    let model = init(run.seed, |keys| Mlp::new(keys, pixels))?;
    let mut state = TrainState::new(model, &optimizer, run.seed)?;
    let step = jit(move |state: &mut Training<Mlp<Val>, Adam>, x: &Val, y: &Val| {
        state.step(&optimizer, |model, _| loss(model, x, y)).1
    })
    .with(run.config());
    let evaluate = jit(|model: &Mlp<Val>, x: &Val, y: &Val| loss(model, x, y).1).with(run.config());
    let predict = jit(|model: &Mlp<Val>, x: &Val| model.logits(x).argmax(-1)).with(run.config());

    let (train_data, validation) = (Dataset::from(&train), Dataset::from(&validation));
    let validation = validation.loader(EVALUATION_ROWS)?;
    let batches = train_data.loader(options.batch_size)?.shuffled(run.seed);
    let fitted = Fit::new(&mut state, &batches, options.epochs)
        .with_validation(&validation, |state, (x, y)| evaluate(&state.model, x, y))
        .run(|state, (x, y)| step(state, x, y))?;

    let test_data = Dataset::from(&test);
    let metrics =
        gradus_nn::evaluate(&test_data.loader(EVALUATION_ROWS)?, |(x, y)| evaluate(&state.model, x, y))?;
    println!("Test Loss: {:.4}", metrics["loss"]);
    println!("Test Accuracy: {:.4}", metrics["accuracy"]);

    let predicted = predict(&state.model, &test_data.all()?.0)?.to_vec::<i32>()?;
    let pair = |name| {
        [
            ("training", fitted.history.curve(name)),
            ("validation", fitted.history.curve(&format!("val_{name}"))),
        ]
    };
    pictures::curves(&curves, &[("Loss", &pair("loss")), ("Accuracy", &pair("accuracy"))])?;
    let labels: Vec<i32> = test.labels().iter().map(|&label| label.into()).collect();
    pictures::predictions(&predictions, &labels, &predicted, &[], |i| {
        Image::ink(test.image(i), test.size())
    })?;
    println!("Curves: {}\nPredictions: {}", curves.display(), predictions.display());
    Ok(())
}
