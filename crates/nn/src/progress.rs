//! What a training run shows: a bar that moves on a terminal, and one line for each finished epoch.
//!
//! The bar is drawn on standard error and disappears when its epoch ends; the lines are all that is written to the
//! output, so that a log file holds nothing else.

use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// How often the numbers beside the bar change.
const REFRESH: Duration = Duration::from_millis(60);

/// Reports the epochs and steps of one training run.
///
/// ```
/// # use gradus_nn::Progress;
/// let mut progress = Progress::new(2, 100);
/// for _ in 0..2 {
///     for step in 0..100 {
///         progress.step(&[("loss", 1.0 / (step + 1) as f64)]);
///     }
///     progress.finish(&[("loss", 0.01), ("val_loss", 0.02)])?;
/// }
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct Progress {
    epochs: usize,
    steps: usize,
    epoch: usize,
    step: usize,
    /// Steps of the epoch that were made before this process began.
    skipped: usize,
    started: Instant,
    stepping: Duration,
    drawn: Duration,
    bar: ProgressBar,
    output: Box<dyn Write + Send>,
}

impl Progress {
    /// The progress of `epochs` epochs of `steps` steps each, on standard output and, if it is a terminal, standard
    /// error. The first epoch begins now.
    pub fn new(epochs: usize, steps: usize) -> Progress {
        let terminal = io::stdout().is_terminal() && io::stderr().is_terminal();
        let target = if terminal { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        Progress::with_output(epochs, steps, target, Box::new(io::stdout()))
    }

    /// The same without a bar, with its lines written to `output`.
    pub fn plain(epochs: usize, steps: usize, output: impl Write + Send + 'static) -> Progress {
        Progress::with_output(epochs, steps, ProgressDrawTarget::hidden(), Box::new(output))
    }

    /// The same of a run that goes on: `epochs` epochs are over, and `steps` steps of the next one.
    ///
    /// ```
    /// # use gradus_nn::Progress;
    /// let mut progress = Progress::new(20, 422).starting_at(17, 266);
    /// ```
    pub fn starting_at(mut self, epochs: usize, steps: usize) -> Progress {
        self.epoch = epochs;
        self.begin();
        (self.step, self.skipped) = (steps, steps);
        self.bar.set_position(steps as u64);
        self
    }

    fn with_output(
        epochs: usize,
        steps: usize,
        target: ProgressDrawTarget,
        output: Box<dyn Write + Send>,
    ) -> Progress {
        let bar = ProgressBar::with_draw_target(Some(steps as u64), target).with_style(style());
        let mut progress = Progress {
            epochs,
            steps,
            epoch: 0,
            step: 0,
            skipped: 0,
            started: Instant::now(),
            stepping: Duration::ZERO,
            drawn: Duration::ZERO,
            bar,
            output,
        };
        progress.begin();
        progress
    }

    /// One step of the current epoch is done; `metrics` are its running means, shown beside the bar.
    pub fn step(&mut self, metrics: &[(&str, f64)]) {
        self.step += 1;
        self.stepping = self.started.elapsed();
        if self.bar.is_hidden() || (self.stepping < self.drawn + REFRESH && self.step > 1) {
            return;
        }
        self.drawn = self.stepping;
        self.bar.set_message(metrics_text(metrics));
        self.bar.set_position(self.step as u64);
    }

    /// Writes the line of the current epoch with its final `metrics` and begins the next one.
    ///
    /// The time in it is that of the steps; what is done after the last one, such as validation, does not count.
    ///
    /// # Errors
    /// The output cannot be written to.
    pub fn finish(&mut self, metrics: &[(&str, f64)]) -> io::Result<()> {
        let line = self.line(self.stepping, metrics);
        self.bar.finish_and_clear();
        writeln!(self.output, "{line}")?;
        self.output.flush()?;
        self.begin();
        Ok(())
    }

    fn begin(&mut self) {
        self.epoch += 1;
        (self.step, self.skipped) = (0, 0);
        self.stepping = Duration::ZERO;
        self.drawn = Duration::ZERO;
        self.started = Instant::now();
        if self.epoch <= self.epochs {
            self.bar.set_message("");
            self.bar.reset();
            self.bar.set_prefix(format!("Epoch {}/{}", self.epoch, self.epochs));
        }
    }

    /// The line of an epoch whose steps took `time`, in the form of Keras.
    fn line(&self, time: Duration, metrics: &[(&str, f64)]) -> String {
        let seconds = time.as_secs_f64();
        let per_step = 1e3 * seconds / (self.step - self.skipped).max(1) as f64;
        format!(
            "Epoch {}/{}  {}/{} [====] {seconds:.1}s {per_step:.2}ms/step{}",
            self.epoch,
            self.epochs,
            self.step,
            self.steps,
            metrics_text(metrics)
        )
    }
}

impl Drop for Progress {
    /// A run that ends early, by an error, leaves no bar behind.
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

fn style() -> ProgressStyle {
    ProgressStyle::with_template("{prefix}  {pos}/{len} [{bar:30}] {elapsed}{msg}")
        .expect("internal: the template of the progress bar is valid")
        .progress_chars("=>.")
}

/// ` - name: value` for each metric, with four digits.
fn metrics_text(metrics: &[(&str, f64)]) -> String {
    metrics.iter().map(|(name, value)| format!(" - {name}: {value:.4}")).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use expect_test::expect;
    use indicatif::TermLike;

    use super::*;

    #[derive(Clone, Default)]
    struct Buffer(Arc<Mutex<Vec<u8>>>);

    impl Write for Buffer {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// A terminal of one line, which it holds without the spaces at its end.
    #[derive(Clone, Default, Debug)]
    struct Terminal(Arc<Mutex<String>>);

    impl TermLike for Terminal {
        fn width(&self) -> u16 {
            100
        }
        fn move_cursor_up(&self, _: usize) -> io::Result<()> {
            Ok(())
        }
        fn move_cursor_down(&self, _: usize) -> io::Result<()> {
            Ok(())
        }
        fn move_cursor_right(&self, _: usize) -> io::Result<()> {
            Ok(())
        }
        fn move_cursor_left(&self, _: usize) -> io::Result<()> {
            Ok(())
        }
        fn write_line(&self, text: &str) -> io::Result<()> {
            self.write_str(text)
        }
        fn write_str(&self, text: &str) -> io::Result<()> {
            self.0.lock().unwrap().push_str(text);
            Ok(())
        }
        fn clear_line(&self) -> io::Result<()> {
            self.0.lock().unwrap().clear();
            Ok(())
        }
        fn flush(&self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Terminal {
        fn text(&self) -> String {
            without_times(self.0.lock().unwrap().trim_end())
        }
    }

    impl Buffer {
        fn text(&self) -> String {
            without_times(std::str::from_utf8(&self.0.lock().unwrap()).unwrap())
        }
    }

    /// `text` with the measured times replaced by `T`.
    fn without_times(text: &str) -> String {
        let word = |word: &str| match word.strip_suffix("ms/step").or(word.strip_suffix('s')) {
            Some(number) if number.parse::<f64>().is_ok() => word.replace(number, "T"),
            _ => word.to_owned(),
        };
        text.split(' ').map(word).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn line_has_the_form_of_keras() {
        let mut progress = Progress::plain(5, 1500, io::sink());
        progress.step = 1500;
        let metrics =
            [("loss", 0.34012), ("accuracy", 0.90123), ("val_loss", 0.2), ("val_accuracy", 0.94999)];
        expect!["Epoch 1/5  1500/1500 [====] 0.2s 0.13ms/step - loss: 0.3401 - accuracy: 0.9012 - val_loss: 0.2000 - val_accuracy: 0.9500"].assert_eq(&progress.line(Duration::from_millis(196), &metrics));
    }

    #[test]
    fn without_a_terminal_there_is_one_line_for_each_epoch() {
        let buffer = Buffer::default();
        let mut progress = Progress::plain(2, 3, buffer.clone());
        for epoch in 0..2 {
            (0..3).for_each(|_| progress.step(&[("loss", 0.5)]));
            progress.finish(&[("loss", 0.25 / f64::from(epoch + 1))]).unwrap();
        }
        drop(progress);
        expect![[r#"
            Epoch 1/2  3/3 [====] Ts Tms/step - loss: 0.2500
            Epoch 2/2  3/3 [====] Ts Tms/step - loss: 0.1250
        "#]]
        .assert_eq(&buffer.text());
    }

    #[test]
    fn a_run_that_goes_on_says_so() {
        let buffer = Buffer::default();
        let mut progress = Progress::plain(20, 3, buffer.clone()).starting_at(17, 2);
        progress.step(&[("loss", 0.5)]);
        progress.stepping = Duration::from_millis(40);
        assert!(progress.line(progress.stepping, &[]).contains(" 40.00ms/step"));
        progress.finish(&[("loss", 0.5)]).unwrap();
        (0..3).for_each(|_| progress.step(&[("loss", 0.25)]));
        progress.finish(&[("loss", 0.25)]).unwrap();
        expect![[r#"
            Epoch 18/20  3/3 [====] Ts Tms/step - loss: 0.5000
            Epoch 19/20  3/3 [====] Ts Tms/step - loss: 0.2500
        "#]]
        .assert_eq(&buffer.text());
    }

    #[test]
    fn bar_moves_on_a_terminal_and_disappears() {
        let (terminal, buffer) = (Terminal::default(), Buffer::default());
        let target = ProgressDrawTarget::term_like_with_hz(Box::new(terminal.clone()), 200);
        let mut progress = Progress::with_output(2, 4, target, Box::new(buffer.clone()));
        progress.step(&[("loss", 0.5)]);
        expect!["Epoch 1/2  1/4 [=======>......................] Ts - loss: 0.5000"]
            .assert_eq(&terminal.text());
        progress.started -= 2 * REFRESH;
        progress.step(&[("loss", 0.375)]);
        expect!["Epoch 1/2  2/4 [===============>..............] Ts - loss: 0.3750"]
            .assert_eq(&terminal.text());
        progress.finish(&[("loss", 0.25)]).unwrap();
        expect!["Epoch 2/2  0/4 [..............................] Ts"].assert_eq(&terminal.text());
        progress.step(&[("loss", 0.125)]);
        expect!["Epoch 2/2  1/4 [=======>......................] Ts - loss: 0.1250"]
            .assert_eq(&terminal.text());
        drop(progress);
        assert_eq!(terminal.text(), "");
        expect![[r#"
            Epoch 1/2  2/4 [====] Ts Tms/step - loss: 0.2500
        "#]]
        .assert_eq(&buffer.text());
    }

    #[test]
    fn metric_that_is_not_a_number_is_shown() {
        assert_eq!(metrics_text(&[("loss", f64::NAN)]), " - loss: NaN");
    }
}
