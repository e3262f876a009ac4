//! WAV files: samples of sound as f32 in -1..=1.

use std::path::Path;

use gradus::Array;
use hound::{Error, SampleFormat, WavReader};

use super::idx::{DataError, Fault};

/// Sound, one row for each moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Wav {
    /// f32 `[moments, channels]`; whole numbers of `b` bits are divided by 2^(b-1).
    pub samples: Array,
    /// Moments in a second.
    pub rate: u32,
}

impl Wav {
    /// Reads PCM of 8 to 32 bits or 32-bit floats.
    ///
    /// # Errors
    /// The file cannot be read, is no such WAV file, or ends before its header says.
    pub fn read(path: &Path) -> Result<Wav, DataError> {
        read(path).map_err(|fault| fault.at(path))
    }
}

fn read(path: &Path) -> Result<Wav, Fault> {
    let mut reader = WavReader::open(path).map_err(|error| fault("header", error))?;
    let spec = reader.spec();
    let channels = usize::from(spec.channels);
    if channels == 0 {
        return Err(Fault::Malformed { place: "header".into(), message: "no channels".into() });
    }
    let scale = 0.5f64.powi(i32::from(spec.bits_per_sample) - 1);
    // The samples grow as they arrive, whatever length the header promises.
    let samples: Result<Vec<f32>, Fault> = match spec.sample_format {
        SampleFormat::Float => reader.samples::<f32>().enumerate().map(sample).collect(),
        SampleFormat::Int => {
            let scaled = |(i, value): (usize, _)| {
                sample((i, value)).map(|value: i32| (f64::from(value) * scale) as f32)
            };
            reader.samples::<i32>().enumerate().map(scaled).collect()
        }
    };
    let samples = samples?;
    let shape = [samples.len() / channels, channels];
    let samples = Array::new(shape, samples).map_err(|_| Fault::Malformed {
        place: "the end".into(),
        message: format!("the last moment has not all of {channels} channels"),
    })?;
    Ok(Wav { samples, rate: spec.sample_rate })
}

fn sample<T>((i, value): (usize, Result<T, Error>)) -> Result<T, Fault> {
    value.map_err(|error| fault(&format!("sample {i}"), error))
}

fn fault(place: &str, error: Error) -> Fault {
    match error {
        Error::IoError(error) if place == "header" && error.kind() != std::io::ErrorKind::UnexpectedEof => {
            // `hound` says by this kind too that the file ends inside of its header.
            if error.kind() == std::io::ErrorKind::Other {
                Fault::Malformed { place: place.to_owned(), message: error.to_string() }
            } else {
                Fault::Unreadable(error)
            }
        }
        error => Fault::Malformed { place: place.to_owned(), message: error.to_string() },
    }
}
