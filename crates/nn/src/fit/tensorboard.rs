//! TensorBoard's event files: [`EventWriter`], and [`TensorBoard`], which writes a run's metrics with it.
//!
//! A file is a row of TFRecords: length (u64), its checksum, the bytes of an `Event`, their checksum. A checksum is
//! CRC-32C, rotated by 15 bits and moved by a constant. The few fields of the protocol buffers `Event`, `Summary` and
//! `SessionLog` that are needed are written by hand
//! (<https://github.com/tensorflow/tensorboard/tree/master/tensorboard/compat/proto>).

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use super::{Callback, CallbackError, Moment, Next};

/// A new file of events in a folder, which TensorBoard reads while it grows.
///
/// ```
/// let folder = std::env::temp_dir().join(format!("gradus-events-{}", std::process::id()));
/// let mut events = gradus_nn::EventWriter::create(&folder)?;
/// events.scalar("loss", 1, 0.5)?;
/// events.flush()?;
/// # std::fs::remove_dir_all(folder)?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct EventWriter<W: Write = BufWriter<File>> {
    out: W,
    /// Seconds since 1970; each event says when it was written.
    clock: fn() -> f64,
}

/// The wire types of protocol buffers.
const VARINT: u64 = 0;
const FIXED64: u64 = 1;
const BYTES: u64 = 2;
const FIXED32: u64 = 5;

impl EventWriter {
    /// Makes the folder if it is not there, and in it a file of its own.
    ///
    /// # Errors
    /// The folder or the file cannot be made.
    pub fn create(folder: impl AsRef<Path>) -> io::Result<EventWriter> {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        fs::create_dir_all(&folder)?;
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        // Readers take files in the order of their names.
        let name = format!("events.out.tfevents.{:017.6}.gradus.{}.{number}", seconds(), std::process::id());
        EventWriter::new(BufWriter::new(File::create_new(folder.as_ref().join(name))?), seconds)
    }
}

impl<W: Write> EventWriter<W> {
    fn new(out: W, clock: fn() -> f64) -> io::Result<EventWriter<W>> {
        let mut writer = EventWriter { out, clock };
        let mut version = vec![];
        bytes(&mut version, 3, b"brain.Event:2");
        writer.event(0, &version)?;
        Ok(writer)
    }

    /// The value of a curve at a step.
    ///
    /// # Errors
    /// The file cannot be written to.
    pub fn scalar(&mut self, tag: &str, step: usize, value: f64) -> io::Result<()> {
        let mut point = vec![];
        bytes(&mut point, 1, tag.as_bytes());
        key(&mut point, 2, FIXED32);
        point.extend((value as f32).to_le_bytes());
        let (mut summary, mut event) = (vec![], vec![]);
        bytes(&mut summary, 1, &point);
        bytes(&mut event, 5, &summary);
        self.event(step, &event)
    }

    /// A run goes on after `step` steps: readers drop what an earlier file says of later ones.
    ///
    /// # Errors
    /// The file cannot be written to.
    pub fn resume(&mut self, step: usize) -> io::Result<()> {
        const START: u64 = 1;
        let (mut session, mut event) = (vec![], vec![]);
        key(&mut session, 1, VARINT);
        varint(&mut session, START);
        bytes(&mut event, 7, &session);
        self.event(step + 1, &event)
    }

    /// Makes the file hold all that was written.
    ///
    /// # Errors
    /// The file cannot be written to.
    pub fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    /// A record of an event at `step` with the field `what`.
    fn event(&mut self, step: usize, what: &[u8]) -> io::Result<()> {
        let mut event = vec![];
        key(&mut event, 1, FIXED64);
        event.extend((self.clock)().to_le_bytes());
        key(&mut event, 2, VARINT);
        varint(&mut event, step as u64);
        event.extend(what);
        let length = (event.len() as u64).to_le_bytes();
        self.out.write_all(&length)?;
        self.out.write_all(&masked_crc(&length).to_le_bytes())?;
        self.out.write_all(&event)?;
        self.out.write_all(&masked_crc(&event).to_le_bytes())
    }
}

fn seconds() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |time| time.as_secs_f64())
}

/// The head of a field.
fn key(out: &mut Vec<u8>, field: u64, wire: u64) {
    varint(out, field << 3 | wire);
}

/// Seven bits in each byte, the lowest first; the eighth says that more follow.
fn varint(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// A field of bytes, text or a message.
fn bytes(out: &mut Vec<u8>, field: u64, content: &[u8]) {
    key(out, field, BYTES);
    varint(out, content.len() as u64);
    out.extend(content);
}

/// What a TFRecord holds for the checksum of `data`.
fn masked_crc(data: &[u8]) -> u32 {
    crc32c(data).rotate_right(15).wrapping_add(0xA282_EAD8)
}

/// CRC-32 with the polynomial of Castagnoli (1993), reflected.
fn crc32c(data: &[u8]) -> u32 {
    const TABLE: [u32; 256] = table();
    !data.iter().fold(!0, |crc, byte| TABLE[(crc as u8 ^ byte) as usize] ^ (crc >> 8))
}

const fn table() -> [u32; 256] {
    let mut table = [0; 256];
    let mut i = 0;
    while i < 256 {
        let (mut crc, mut bit) = (i as u32, 0);
        while bit < 8 {
            crc = if crc & 1 == 1 { crc >> 1 ^ 0x82F6_3B78 } else { crc >> 1 };
            bit += 1;
        }
        table[i] = crc;
        i += 1;
    }
    table
}

/// Writes a run's metrics for TensorBoard: `epoch/NAME` after each epoch, and `step/NAME` within it if asked for.
#[derive(Debug)]
pub struct TensorBoard {
    folder: PathBuf,
    every: Option<usize>,
    events: Option<EventWriter>,
}

impl TensorBoard {
    /// Into a new file in `folder`.
    pub fn new(folder: impl Into<PathBuf>) -> TensorBoard {
        TensorBoard { folder: folder.into(), every: None, events: None }
    }
    /// After each `steps` steps too, the metrics so far in the epoch.
    pub fn every_steps(self, steps: usize) -> TensorBoard {
        TensorBoard { every: Some(steps.max(1)), ..self }
    }

    fn write(&mut self, kind: &str, step: usize, metrics: &[(String, f64)]) -> Result<Next, CallbackError> {
        let events = match &mut self.events {
            Some(events) => events,
            None => self.events.insert(EventWriter::create(&self.folder)?),
        };
        for (name, value) in metrics {
            events.scalar(&format!("{kind}/{name}"), step, *value)?;
        }
        events.flush()?;
        Ok(Next::Continue)
    }
}

impl<S> Callback<S> for TensorBoard {
    fn start(&mut self, moment: &mut Moment<'_, S>) -> Result<Next, CallbackError> {
        let mut events = EventWriter::create(&self.folder)
            .map_err(|error| format!("{}: {error}", self.folder.display()))?;
        if moment.step > 0 {
            events.resume(moment.step)?;
        }
        events.flush()?;
        self.events = Some(events);
        Ok(Next::Continue)
    }
    fn step(&mut self, moment: &mut Moment<'_, S>) -> Result<Next, CallbackError> {
        match self.every {
            Some(every) if moment.step.is_multiple_of(every) => {
                self.write("step", moment.step, moment.metrics)
            }
            _ => Ok(Next::Continue),
        }
    }
    fn epoch(&mut self, moment: &mut Moment<'_, S>) -> Result<Next, CallbackError> {
        self.write("epoch", moment.step, moment.metrics)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_that_of_rfc_3720() {
        assert_eq!(crc32c(b"123456789"), 0xE306_9283);
        assert_eq!(crc32c(&[0; 32]), 0x8A91_36AA);
    }

    /// The file that `tests/reference/tensorboard_check.py` reads with TensorBoard's own reader.
    #[test]
    fn events_are_those_that_the_reader_of_tensorboard_has_read() {
        let mut events = EventWriter::new(vec![], || 1_700_000_000.5).unwrap();
        for step in 1..=3 {
            events.scalar("epoch/loss", 100 * step, 1.0 / step as f64).unwrap();
        }
        events.scalar("step/größe", 1 << 40, -2.5).unwrap();
        events.resume(200).unwrap();
        events.scalar("epoch/loss", 300, 0.25).unwrap();
        let path =
            concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/reference/tensorboard/events.out.tfevents.0");
        if std::env::var_os("BLESS").is_some() {
            fs::create_dir_all(Path::new(path).parent().unwrap()).unwrap();
            fs::write(path, &events.out).unwrap();
        }
        assert!(fs::read(path).unwrap() == events.out, "run the script again if this changes");
    }
}
