//! Labelled images, and the MNIST-shaped folder of four IDX files that holds a training and a test set.
//!
//! An [`ImageSet`] has as many labels as images, at least one, and every label is less than [`ImageSet::CLASSES`].

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use gradus::{Array, Dtype};

use super::dataset::writable;
use super::idx::{DataError, Fault, Idx};
use super::{LoadError, Request, Source};

/// Grey images of one size with a class for each.
///
/// Clones and parts share the pixels.
#[derive(Debug, Clone)]
pub struct ImageSet {
    pixels: Arc<[u8]>,
    labels: Arc<[u8]>,
    /// Which of the images are of this set.
    part: Range<usize>,
    size: [usize; 2],
}

impl PartialEq for ImageSet {
    fn eq(&self, other: &ImageSet) -> bool {
        (self.size, self.labels(), self.pixels()) == (other.size, other.labels(), other.pixels())
    }
}

impl Eq for ImageSet {}

impl ImageSet {
    /// The number of classes of every MNIST-shaped data set.
    pub const CLASSES: usize = 10;

    /// Reads a file of images, `[n, rows, columns]`, and the file of their labels, `[n]`.
    ///
    /// # Errors
    /// Either file is not a valid IDX file of its kind, their counts differ, or a label is not below ten.
    pub fn read(images: &Path, labels: &Path) -> Result<ImageSet, DataError> {
        let Idx { dims, bytes: pixels } = Idx::read(images, 3)?;
        let Idx { bytes: classes, .. } = Idx::read(labels, 1)?;
        if classes.len() != dims[0] {
            let fault =
                Fault::WrongCount { labels: classes.len(), images: dims[0], images_path: images.to_owned() };
            return Err(fault.at(labels));
        }
        if let Some(index) = classes.iter().position(|&label| usize::from(label) >= Self::CLASSES) {
            let fault = Fault::WrongLabel { label: classes[index], index, classes: Self::CLASSES };
            return Err(fault.at(labels));
        }
        let (part, size) = (0..classes.len(), [dims[1], dims[2]]);
        Ok(ImageSet { pixels: pixels.into(), labels: classes.into(), part, size })
    }

    /// The number of images.
    #[allow(clippy::len_without_is_empty, reason = "a set is never empty")]
    pub fn len(&self) -> usize {
        self.part.len()
    }

    /// Rows and columns of each image.
    pub fn size(&self) -> [usize; 2] {
        self.size
    }

    /// The number of pixels of each image.
    pub fn num_pixels(&self) -> usize {
        self.size[0] * self.size[1]
    }

    /// The class of each image.
    pub fn labels(&self) -> &[u8] {
        &self.labels[self.part.clone()]
    }

    /// The pixels of all images, one image after the other.
    pub fn pixels(&self) -> &[u8] {
        &self.pixels[self.part.start * self.num_pixels()..self.part.end * self.num_pixels()]
    }

    /// The pixels of image `index`, row by row, 0 for black and 255 for white.
    pub fn image(&self, index: usize) -> &[u8] {
        &self.pixels()[index * self.num_pixels()..][..self.num_pixels()]
    }

    /// All pixels scaled to 0..=1, row-major `[n, rows * columns]`.
    pub fn normalized(&self) -> Vec<f32> {
        let scaled = scaled();
        self.pixels().iter().map(|&pixel| scaled[usize::from(pixel)]).collect()
    }

    /// Splits off the last `fraction` of the set for validation, as Keras' `validation_split` does.
    ///
    /// The first part has `floor(n * (1 - fraction))` images. `None` unless both parts hold at least one.
    pub fn split_last(&self, fraction: f64) -> Option<(ImageSet, ImageSet)> {
        let first = (self.len() as f64 * (1.0 - fraction)).floor();
        if !(first >= 1.0 && first < self.len() as f64) {
            return None;
        }
        let first = first as usize;
        Some((self.part(0..first), self.part(first..self.len())))
    }

    fn part(&self, range: Range<usize>) -> ImageSet {
        let part = self.part.start + range.start..self.part.start + range.end;
        ImageSet { part, ..self.clone() }
    }
}

/// What a pixel of 0 to 255 is on the scale 0..=1.
fn scaled() -> [f32; 256] {
    std::array::from_fn(|pixel| pixel as f32 / 255.0)
}

/// Pixels scaled to 0..=1 as f32 `[n, rows * columns]` and labels as i32 `[n]`, made for each batch from the bytes.
impl Source<(Array, Array)> for ImageSet {
    fn num_examples(&self) -> usize {
        self.len()
    }

    fn gather(&self, request: Request<'_>, place: &mut Option<(Array, Array)>) -> Result<(), LoadError> {
        let (inputs, targets) = place.get_or_insert_with(|| (Array::from(0.0f32), Array::from(0i32)));
        let scaled = scaled().map(f32::to_ne_bytes);
        let n = request.rows.len();
        let mut places = writable(inputs, Dtype::F32, vec![n, self.num_pixels()]).chunks_exact_mut(4);
        for &row in request.rows {
            // The pixels first: `zip` asks them first, and takes no place when they are over.
            for (pixel, place) in self.image(row).iter().zip(&mut places) {
                place.copy_from_slice(&scaled[usize::from(*pixel)]);
            }
        }
        for (place, &row) in writable(targets, Dtype::I32, vec![n]).chunks_exact_mut(4).zip(request.rows) {
            place.copy_from_slice(&i32::from(self.labels()[row]).to_ne_bytes());
        }
        Ok(())
    }
}

/// A training and a test set whose images have one size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MnistFolder {
    /// The training set.
    pub train: ImageSet,
    /// The test set.
    pub test: ImageSet,
}

impl MnistFolder {
    /// Reads the four files of an MNIST-shaped folder: MNIST itself, Fashion-MNIST and their like.
    ///
    /// The files are `train-images`, `train-labels`, `t10k-images` and `t10k-labels`, each with `-idx3-ubyte` (images)
    /// or `-idx1-ubyte` (labels) after it; a dot may stand before `idx`, and `.gz` may follow.
    ///
    /// # Errors
    /// A file is missing or invalid, or the images of the two sets differ in size; the error names the file.
    pub fn read(folder: &Path) -> Result<MnistFolder, DataError> {
        if !folder.is_dir() {
            return Err(Fault::NoFolder.at(folder));
        }
        // All four are looked for before the first is read.
        let [train_images, train_labels] = find_pair(folder, "train")?;
        let [test_images, test_labels] = find_pair(folder, "t10k")?;
        let train = ImageSet::read(&train_images, &train_labels)?;
        let test = ImageSet::read(&test_images, &test_labels)?;
        if test.size() != train.size() {
            let fault = Fault::WrongImageSize {
                found: test.size(),
                expected: train.size(),
                train_path: train_images,
            };
            return Err(fault.at(&test_images));
        }
        Ok(MnistFolder { train, test })
    }
}

fn find_pair(folder: &Path, set: &str) -> Result<[PathBuf; 2], DataError> {
    Ok([find(folder, set, "images", 3)?, find(folder, set, "labels", 1)?])
}

/// The first existing file among the names under which one file of the data set appears.
fn find(folder: &Path, set: &str, content: &str, rank: usize) -> Result<PathBuf, DataError> {
    let names: Vec<String> = ["-", "."]
        .into_iter()
        .flat_map(|before| ["", ".gz"].map(|end| format!("{set}-{content}{before}idx{rank}-ubyte{end}")))
        .collect();
    match names.iter().map(|name| folder.join(name)).find(|path| path.is_file()) {
        Some(path) => Ok(path),
        None => Err(Fault::Missing { names }.at(folder)),
    }
}
