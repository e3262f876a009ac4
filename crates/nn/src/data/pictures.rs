//! PNG and JPEG files, one by one or in folders whose names are the classes.
//!
//! Invariant: no picture asks for more memory than [`LARGEST_PIXELS`], whatever its header says.

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use gradus::Array;

use super::idx::{DataError, Fault};

/// Pictures with more pixels are refused: they are damaged, or hostile.
const LARGEST_PIXELS: u64 = 1 << 28;

/// What becomes of a picture that cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Corrupt {
    /// It is an error.
    Refuse,
    /// It is left out, and named in [`PictureFolder::skipped`].
    Skip,
}

/// The pictures of a folder: of each folder in it those of one class.
#[derive(Debug)]
pub struct PictureFolder {
    /// The files, class by class, in the order of their names.
    pub paths: Vec<PathBuf>,
    /// The class of each.
    pub labels: Vec<i32>,
    /// The names of the classes: those of the folders, in the order of the alphabet.
    pub classes: Vec<String>,
    /// What could not be read and was left out.
    pub skipped: Vec<DataError>,
}

impl PictureFolder {
    /// Finds all `.png`, `.jpg` and `.jpeg` files of `folder/CLASS/`, and reads each once to see whether it can be
    /// read.
    ///
    /// # Errors
    /// The folder cannot be read or has no picture; or a picture is damaged and `corrupt` says to refuse it.
    pub fn read(folder: &Path, corrupt: Corrupt) -> Result<PictureFolder, DataError> {
        let mut found = PictureFolder { paths: vec![], labels: vec![], classes: vec![], skipped: vec![] };
        for class in entries(folder)?.into_iter().filter(|path| path.is_dir()) {
            let label = found.classes.len() as i32;
            for path in entries(&class)?.into_iter().filter(|path| is_picture(path)) {
                match read_picture(&path) {
                    Ok(_) => {
                        found.paths.push(path);
                        found.labels.push(label);
                    }
                    Err(error) if corrupt == Corrupt::Skip => found.skipped.push(error),
                    Err(error) => return Err(error),
                }
            }
            found.classes.push(class.file_name().unwrap_or_default().to_string_lossy().into_owned());
        }
        if found.paths.is_empty() {
            let message = "no picture; expected folders of PNG or JPEG files, one for each class";
            return Err(Fault::Malformed { place: "the folder".into(), message: message.into() }.at(folder));
        }
        Ok(found)
    }
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, DataError> {
    let unreadable = |error| Fault::Unreadable(error).at(folder);
    let entries = std::fs::read_dir(folder).map_err(unreadable)?;
    let mut paths: Vec<PathBuf> =
        entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>().map_err(unreadable)?;
    paths.sort();
    Ok(paths)
}

fn is_picture(path: &Path) -> bool {
    let end = path.extension().map(|end| end.to_string_lossy().to_ascii_lowercase());
    path.is_file() && end.is_some_and(|end| ["png", "jpg", "jpeg"].contains(&end.as_str()))
}

/// The pixels of a PNG or JPEG file: u8 `[rows, columns, channels]`, of 1 (grey), 2 (with alpha), 3 or 4 channels.
///
/// Palettes are looked up and 16-bit channels cut to their upper 8. Which of the two formats it is is seen from the
/// contents. Colour profiles, gamma and the orientation in EXIF are not applied.
///
/// # Errors
/// The file cannot be read, is no such picture, or is damaged.
pub fn read_picture(path: &Path) -> Result<Array, DataError> {
    let read = || -> Result<Array, Fault> {
        let mut file = BufReader::new(File::open(path).map_err(Fault::Unreadable)?);
        let mut magic = [0; 3];
        let found = super::idx::fill(&mut file, &mut magic).map_err(Fault::Unreadable)?;
        file.seek(SeekFrom::Start(0)).map_err(Fault::Unreadable)?;
        match &magic[..found] {
            [0x89, b'P', b'N'] => png(file),
            [0xff, 0xd8, 0xff] => jpeg(file),
            other => Err(malformed(format!("begins with the bytes {other:?}, expected a PNG or JPEG file"))),
        }
    };
    read().map_err(|fault| fault.at(path))
}

fn malformed(message: impl Into<String>) -> Fault {
    Fault::Malformed { place: "the picture".into(), message: message.into() }
}

fn check_size(width: u64, height: u64) -> Result<(), Fault> {
    if width.saturating_mul(height) > LARGEST_PIXELS || width * height == 0 {
        return Err(malformed(format!("{height} × {width} pixels, expected 1 to {LARGEST_PIXELS} in all")));
    }
    Ok(())
}

fn png(file: impl Read) -> Result<Array, Fault> {
    let mut decoder = png::Decoder::new(file);
    decoder.set_transformations(png::Transformations::normalize_to_color8());
    let mut reader = decoder.read_info().map_err(|error| malformed(error.to_string()))?;
    let (width, height) = (reader.info().width, reader.info().height);
    check_size(width.into(), height.into())?;
    let mut pixels = vec![0; reader.output_buffer_size()];
    let info = reader.next_frame(&mut pixels).map_err(|error| malformed(error.to_string()))?;
    // The rest too, so that a file that was cut off behind its pixels is none.
    reader.finish().map_err(|error| malformed(error.to_string()))?;
    pixels.truncate(info.buffer_size());
    Array::new([height as usize, width as usize, info.color_type.samples()], pixels)
        .map_err(|error| malformed(error.to_string()))
}

fn jpeg(file: impl Read) -> Result<Array, Fault> {
    let mut decoder = jpeg_decoder::Decoder::new(file);
    decoder.set_max_decoding_buffer_size(4 * LARGEST_PIXELS as usize);
    decoder.read_info().map_err(|error| malformed(error.to_string()))?;
    let info = decoder.info().ok_or_else(|| malformed("no header"))?;
    check_size(info.width.into(), info.height.into())?;
    let channels = match info.pixel_format {
        jpeg_decoder::PixelFormat::L8 => 1,
        jpeg_decoder::PixelFormat::RGB24 => 3,
        other => return Err(malformed(format!("{other:?} pixels, expected grey or RGB"))),
    };
    let pixels = decoder.decode().map_err(|error| malformed(error.to_string()))?;
    Array::new([info.height.into(), info.width.into(), channels], pixels)
        .map_err(|error| malformed(error.to_string()))
}
