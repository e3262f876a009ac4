//! A run that is cut off goes on as if it had not been: by SIGKILL at any moment, by Ctrl-C, by an error.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use gradus::{Array, Tree, Val, jit};

use super::*;
use crate::data::Dataset;
use crate::test_folder::Folder;
use crate::{Adam, Context, Dense, Goal, Keys, TrainState, Trained, Training, init, mean_squared_error};

const EPOCHS: usize = 4;

/// The variable that makes a test the child that trains in the folder it names.
const FOLDER: &str = "GRADUS_TEST_RESUME";

#[derive(Tree, Clone)]
struct Net<T = Array> {
    hidden: Dense<T>,
    output: Dense<T>,
}

impl Net<Val> {
    fn new(keys: &Keys) -> Net<Val> {
        Net { hidden: Dense::new(keys, 4, 64), output: Dense::new(keys, 64, 1) }
    }
    fn apply(&self, x: &Val, ctx: &Context) -> Val {
        self.output.apply(&ctx.dropout(self.hidden.apply(x).tanh(), 0.5))
    }
}

fn data() -> Dataset {
    let x: Vec<f32> = (0..400).map(|i| ((i * i) % 97) as f32 / 97.0).collect();
    let y: Vec<f32> = x.chunks(4).map(|x| x.iter().sum()).collect();
    Dataset::new(Array::new([100, 4], x).unwrap(), Array::new([100, 1], y).unwrap()).unwrap()
}

/// Trains in `folder` from where it was cut off; `each` is called after each step.
fn train(folder: &Path, each: impl FnMut(usize)) -> Result<Fitted, FitError> {
    let mut each = each;
    let adam = Adam::new(0.01);
    let mut state: Trained<Net, Adam> = TrainState::new(init(3, Net::new)?, &adam, 5)?;
    let step = jit(move |state: &mut Training<Net<Val>, Adam>, x: &Val, y: &Val| {
        state.step(&adam, |net, ctx| mean_squared_error(&net.apply(x, ctx), y))
    });
    let loss =
        jit(|net: &Net<Val>, x: &Val, y: &Val| mean_squared_error(&net.apply(x, &Context::evaluation()), y));
    let data = data();
    let checkpoints =
        Checkpoints::new(folder).every_steps(2).keep_last(2).keep_best("val_loss", Goal::Lowest).resuming();
    Fit::new(&mut state, &data.loader(8).unwrap().shuffled(1), EPOCHS)
        .silently()
        .stopping_on_interrupt()
        .with_validation(&data.loader(50).unwrap(), |state, (x, y)| loss(&state.model, x, y))
        .with_checkpoints(checkpoints)
        .on_step(|now| {
            each(now.step);
            Ok(Next::Continue)
        })
        .run(|state, (x, y)| step(state, x, y))
}

/// The bytes of the last checkpoint and of the best one.
fn outcome(folder: &Path) -> [Vec<u8>; 2] {
    let checkpoints = Checkpoints::new(folder);
    let last = checkpoints.files().unwrap().pop().unwrap();
    assert!(last.ends_with(format!("step-{:010}.safetensors", EPOCHS * 13)), "{}", last.display());
    [last, checkpoints.best().unwrap()].map(|path| std::fs::read(path).unwrap())
}

/// A process that trains in `folder`.
fn child(folder: &Path) -> Child {
    let name = "fit::resume_tests::child_of_the_test_that_kills";
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", name, "--ignored", "--quiet"])
        .env(FOLDER, folder)
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}

#[test]
#[ignore = "the test below runs it in a process of its own"]
fn child_of_the_test_that_kills() {
    let folder = PathBuf::from(std::env::var_os(FOLDER).expect("a folder to train in"));
    // Longer steps spread the kills over the steps, the writing and the starting.
    let fitted = train(&folder, |_| std::thread::sleep(Duration::from_millis(4))).unwrap();
    assert_eq!(fitted.ended, Ended::Complete);
}

#[test]
fn a_run_killed_at_any_moment_ends_with_the_same_bits() {
    let reference = Folder::new();
    let began = Instant::now();
    assert!(child(&reference.0).wait().unwrap().success());
    let whole = began.elapsed();
    let (expected, mut words) = (outcome(&reference.0), 7u64);
    let mut kills = 0;
    while kills < 20 {
        let folder = Folder::new();
        loop {
            let mut child = child(&folder.0);
            if kills < 20 {
                words = words.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                std::thread::sleep(whole.mul_f64((words >> 33) as f64 / (1u64 << 31) as f64));
                // A process that has ended is not killed any more.
                kills += usize::from(child.try_wait().unwrap().is_none());
                child.kill().unwrap();
            }
            if child.wait().unwrap().success() {
                break;
            }
        }
        let [last, best] = outcome(&folder.0);
        assert!(last == expected[0], "the last checkpoint after {kills} kills");
        assert!(best == expected[1], "the best checkpoint after {kills} kills");
        let names = std::fs::read_dir(&folder.0).unwrap().map(|entry| entry.unwrap().file_name());
        assert!(names.into_iter().all(|name| !name.to_str().unwrap().starts_with('.')));
    }
}

#[test]
fn control_c_saves_and_ends_and_the_run_goes_on() {
    let (reference, folder) = (Folder::new(), Folder::new());
    let whole = train(&reference.0, |_| ()).unwrap();
    let cut = train(&folder.0, |step| {
        if step == 17 {
            signal_hook::low_level::raise(signal_hook::consts::SIGINT).unwrap();
        }
    });
    let cut = cut.unwrap();
    assert_eq!((cut.ended, cut.steps), (Ended::Interrupted, 17));
    let rest = train(&folder.0, |_| ()).unwrap();
    assert_eq!(rest, whole);
    assert!(outcome(&folder.0) == outcome(&reference.0));
    // A run that is over stays as it is.
    assert_eq!(train(&folder.0, |_| panic!("there is no step left")).unwrap(), whole);
}

#[test]
fn a_folder_of_another_run_is_refused() {
    let folder = Folder::new();
    let report = |sum: &mut Array, (x, _): &(Array, Array)| {
        *sum = Array::from(sum.item::<f32>()? + x.to_vec::<f32>()?[0]);
        Ok(Array::from(1.0f32))
    };
    let data = data();
    let run = |checkpoints: Checkpoints, size: usize, seed: u64| {
        let mut state = Array::from(0.0f32);
        let batched = data.loader(size).unwrap().shuffled(seed);
        let fit = Fit::new(&mut state, &batched, 1).silently().with_checkpoints(checkpoints);
        fit.run(report).map(|fitted| fitted.steps)
    };
    let checkpoints = || Checkpoints::new(&folder.0);
    assert_eq!(run(checkpoints(), 10, 1).unwrap(), 10);
    let error = run(checkpoints(), 10, 1).unwrap_err().to_string();
    assert!(error.contains("go on with it by `.resuming()`"), "{error}");
    assert_eq!(run(checkpoints().resuming(), 10, 1).unwrap(), 10);
    let error = run(checkpoints().resuming(), 20, 2).unwrap_err().to_string();
    assert_eq!(
        error,
        "the checkpoint is of a run with 10 batches in an epoch and the seed 1, the data have 5 and 2; go on with the same data"
    );
    let (mut wider, batched) = (Array::from([0.0f32; 2]), data.loader(10).unwrap());
    let fit = Fit::new(&mut wider, &batched, 1).silently().with_checkpoints(checkpoints().resuming());
    let error = fit.run(|_, _| Ok(Array::from(1.0f32))).unwrap_err().to_string();
    assert!(error.contains("state.: f32[] in the file, expected f32[2]"), "{error}");
}

#[test]
fn a_checkpoint_that_cannot_be_written_ends_the_run_and_loses_nothing() {
    let folder = Folder::new();
    let file = folder.0.join("file");
    std::fs::write(&file, "in the way").unwrap();
    let (data, mut state) = (data(), Array::from(0.0f32));
    let batched = data.loader(10).unwrap();
    let checkpoints = Checkpoints::new(file.join("runs"));
    let fit = Fit::new(&mut state, &batched, 1).silently().with_checkpoints(checkpoints);
    let error = fit.run(|_, _| Ok(Array::from(1.0f32))).unwrap_err().to_string();
    assert!(error.starts_with("checkpoint ") && error.contains("file/runs: Not a directory"), "{error}");
    assert_eq!(std::fs::read_to_string(file).unwrap(), "in the way");
}
