//! Labelled images, and the MNIST-shaped folder of four IDX files that holds a training and a test set.
//!
//! An [`ImageSet`] has as many labels as images, at least one, and every label is less than [`ImageSet::CLASSES`].

use std::ops::Range;
use std::path::{Path, PathBuf};

use super::idx::{DataError, Fault, Idx};

/// Grey images of one size with a class for each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageSet {
    pixels: Vec<u8>,
    labels: Vec<u8>,
    size: [usize; 2],
}

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
        Ok(ImageSet { pixels, labels: classes, size: [dims[1], dims[2]] })
    }

    /// The number of images.
    #[allow(clippy::len_without_is_empty, reason = "a set is never empty")]
    pub fn len(&self) -> usize {
        self.labels.len()
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
        &self.labels
    }

    /// The pixels of image `index`, row by row, 0 for black and 255 for white.
    pub fn image(&self, index: usize) -> &[u8] {
        &self.pixels[index * self.num_pixels()..][..self.num_pixels()]
    }

    /// All pixels scaled to 0..=1, row-major `[n, rows * columns]`.
    pub fn normalized(&self) -> Vec<f32> {
        let scaled: Vec<f32> = (0..=255u8).map(|pixel| f32::from(pixel) / 255.0).collect();
        self.pixels.iter().map(|&pixel| scaled[usize::from(pixel)]).collect()
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
        let pixels = range.start * self.num_pixels()..range.end * self.num_pixels();
        ImageSet {
            pixels: self.pixels[pixels].to_vec(),
            labels: self.labels[range].to_vec(),
            size: self.size,
        }
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
