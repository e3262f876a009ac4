//! Every way in which an IDX file or an MNIST-shaped folder can be wrong, and the message it gives.

use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use expect_test::{Expect, expect};
use flate2::{Compression, write::GzEncoder};

use super::super::{ImageSet, MnistFolder};
use super::*;

/// A folder of its own for each test, removed when the test ends.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Folder {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("gradus-idx-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).unwrap();
        Folder(path)
    }

    /// A folder of three training and two test images of 2 x 2 pixels, in the plain form.
    fn small() -> Folder {
        let folder = Folder::new();
        folder.write("train-images-idx3-ubyte", &images(3));
        folder.write("train-labels-idx1-ubyte", &labels(&[7, 0, 9]));
        folder.write("t10k-images-idx3-ubyte", &images(2));
        folder.write("t10k-labels-idx1-ubyte", &labels(&[1, 2]));
        folder
    }

    fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        fs::write(self.0.join(name), bytes).unwrap();
        self.0.join(name)
    }

    /// Checks the message of reading this folder, with the folder's own path left out.
    fn check(&self, expected: Expect) {
        let error = MnistFolder::read(&self.0).unwrap_err();
        let path = self.0.display().to_string();
        expected.assert_eq(&error.to_string().replace(&format!("{path}/"), "").replace(&path, "FOLDER"));
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn idx(magic: u32, dims: &[u32], data: &[u8]) -> Vec<u8> {
    let words = std::iter::once(&magic).chain(dims);
    words.flat_map(|word| word.to_be_bytes()).chain(data.iter().copied()).collect()
}

fn images(count: u32) -> Vec<u8> {
    let pixels: Vec<u8> = (0..count * 4).map(|i| (i * 17) as u8).collect();
    idx(0x803, &[count, 2, 2], &pixels)
}

fn labels(classes: &[u8]) -> Vec<u8> {
    idx(0x801, &[classes.len() as u32], classes)
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn plain_folder_is_read() {
    let MnistFolder { train, test } = MnistFolder::read(&Folder::small().0).unwrap();
    assert_eq!((train.len(), test.len(), train.size(), train.num_pixels()), (3, 2, [2, 2], 4));
    assert_eq!(train.labels(), [7, 0, 9]);
    assert_eq!(train.image(1), [68, 85, 102, 119]);
    assert_eq!(train.normalized()[5], 85.0 / 255.0);
}

#[test]
fn compression_is_seen_from_the_contents_and_both_spellings_are_found() {
    let plain = MnistFolder::read(&Folder::small().0).unwrap();
    let folder = Folder::new();
    folder.write("train-images-idx3-ubyte.gz", &gzip(&images(3)));
    folder.write("train-labels.idx1-ubyte.gz", &gzip(&labels(&[7, 0, 9])));
    folder.write("t10k-images.idx3-ubyte", &gzip(&images(2)));
    folder.write("t10k-labels-idx1-ubyte.gz", &labels(&[1, 2]));
    assert_eq!(MnistFolder::read(&folder.0).unwrap(), plain);
}

#[test]
fn split_keeps_the_last_part_for_validation() {
    let folder = Folder::new();
    let classes: Vec<u8> = (0..10).collect();
    let set = ImageSet::read(&folder.write("i", &images(10)), &folder.write("l", &labels(&classes))).unwrap();
    let (train, validation) = set.split_last(0.2).unwrap();
    assert_eq!((train.labels(), validation.labels()), (&classes[..8], &classes[8..]));
    assert_eq!(validation.image(1), set.image(9));
    for fraction in [0.0, 1.0, -0.5, 1.5, f64::NAN, 0.99] {
        assert!(set.split_last(fraction).is_none(), "{fraction}");
    }
}

#[test]
fn missing_folder() {
    let error = MnistFolder::read(Path::new("no/such/folder")).unwrap_err();
    expect!["no/such/folder: no such folder; expected one that holds MNIST-shaped IDX files"]
        .assert_eq(&error.to_string());
}

#[test]
fn missing_file() {
    let folder = Folder::small();
    fs::remove_file(folder.0.join("t10k-labels-idx1-ubyte")).unwrap();
    folder.check(expect!["FOLDER: file missing; expected one of t10k-labels-idx1-ubyte, t10k-labels-idx1-ubyte.gz, t10k-labels.idx1-ubyte, t10k-labels.idx1-ubyte.gz"]);
}

#[test]
fn labels_in_place_of_images() {
    let folder = Folder::small();
    folder.write("train-images-idx3-ubyte", &labels(&[1, 2, 3]));
    folder.check(expect![
        "train-images-idx3-ubyte: magic number 0x00000801, expected 0x00000803 (unsigned bytes, 3 dimensions)"
    ]);
}

#[test]
fn text_in_place_of_labels() {
    let folder = Folder::small();
    folder.write("train-labels-idx1-ubyte", b"<!DOCTYPE html>");
    folder.check(expect![
        "train-labels-idx1-ubyte: magic number 0x3c21444f, expected 0x00000801 (unsigned bytes, 1 dimension)"
    ]);
}

#[test]
fn header_cut_off() {
    let folder = Folder::small();
    folder.write("train-images-idx3-ubyte", &images(3)[..10]);
    folder.check(expect!["train-images-idx3-ubyte: truncated: the header ends after 10 bytes, expected 16"]);
    folder.write("train-images-idx3-ubyte", &[]);
    folder.check(expect!["train-images-idx3-ubyte: truncated: the header ends after 0 bytes, expected 16"]);
    folder.write("train-images-idx3-ubyte", &gzip(&images(3))[..12]);
    folder.check(expect!["train-images-idx3-ubyte: truncated: the header ends after 0 bytes, expected 16"]);
}

#[test]
fn data_cut_off() {
    let folder = Folder::small();
    let whole = images(3);
    folder.write("train-images-idx3-ubyte", &whole[..whole.len() - 1]);
    folder.check(expect![
        "train-images-idx3-ubyte: truncated: 11 bytes of data, expected 12 for dimensions [3, 2, 2]"
    ]);
}

#[test]
fn compressed_data_cut_off() {
    let folder = Folder::small();
    folder.write("train-images-idx3-ubyte", &gzip(&images(3)[..20]));
    folder.check(expect![
        "train-images-idx3-ubyte: truncated: 4 bytes of data, expected 12 for dimensions [3, 2, 2]"
    ]);
    // Stored, so that the cut falls inside the data and not inside a block's code table.
    let mut encoder = GzEncoder::new(Vec::new(), Compression::none());
    encoder.write_all(&images(3)).unwrap();
    let whole = encoder.finish().unwrap();
    folder.write("train-images-idx3-ubyte", &whole[..whole.len() - 12]);
    folder.check(expect![
        "train-images-idx3-ubyte: truncated: 8 bytes of data, expected 12 for dimensions [3, 2, 2]"
    ]);
}

#[test]
fn damaged_checksum() {
    let folder = Folder::small();
    let mut bytes = gzip(&images(3));
    let at = bytes.len() - 6;
    bytes[at] ^= 1;
    folder.write("train-images-idx3-ubyte", &bytes);
    folder.check(expect![
        "train-images-idx3-ubyte: damaged gzip data: corrupt gzip stream does not have a matching checksum"
    ]);
}

#[test]
fn trailing_bytes() {
    let folder = Folder::small();
    let long = [images(3), vec![0]].concat();
    folder.write("train-images-idx3-ubyte", &long);
    folder.check(expect!["train-images-idx3-ubyte: trailing bytes after the end of the data, expected 12 bytes of data for dimensions [3, 2, 2]"]);
    folder.write("train-images-idx3-ubyte", &gzip(&long));
    folder.check(expect!["train-images-idx3-ubyte: trailing bytes after the end of the data, expected 12 bytes of data for dimensions [3, 2, 2]"]);
    folder.write("train-images-idx3-ubyte", &[gzip(&images(3)), vec![0]].concat());
    folder.check(expect!["train-images-idx3-ubyte: trailing bytes after the end of the data, expected 12 bytes of data for dimensions [3, 2, 2]"]);
}

#[test]
fn absurd_dimensions_are_refused_before_allocation() {
    let folder = Folder::small();
    let huge = idx(0x803, &[u32::MAX, u32::MAX, u32::MAX], &[0; 12]);
    folder.write("train-images-idx3-ubyte", &huge);
    folder.check(expect!["train-images-idx3-ubyte: absurd dimensions [4294967295, 4294967295, 4294967295]: a file of 28 bytes cannot hold so much data"]);
    // 4 GiB, which no file of 28 bytes can hold.
    folder.write("train-images-idx3-ubyte", &idx(0x803, &[1 << 20, 1 << 6, 1 << 6], &[0; 12]));
    folder.check(expect!["train-images-idx3-ubyte: absurd dimensions [1048576, 64, 64]: a file of 28 bytes cannot hold so much data"]);
    folder.write("train-images-idx3-ubyte", &gzip(&huge));
    folder.check(expect!["train-images-idx3-ubyte: absurd dimensions [4294967295, 4294967295, 4294967295]: a file of 29 bytes cannot hold so much data"]);
}

#[test]
fn zero_dimension() {
    let folder = Folder::small();
    folder.write("train-images-idx3-ubyte", &idx(0x803, &[3, 0, 2], &[]));
    folder.check(expect!["train-images-idx3-ubyte: empty: dimensions [3, 0, 2], expected none to be zero"]);
}

#[test]
fn counts_differ() {
    let folder = Folder::small();
    folder.write("train-labels-idx1-ubyte", &labels(&[1, 2]));
    folder.check(expect![
        "train-labels-idx1-ubyte: 2 labels, expected 3: one for each image of train-images-idx3-ubyte"
    ]);
}

#[test]
fn label_that_is_no_class() {
    let folder = Folder::small();
    folder.write("t10k-labels-idx1-ubyte", &labels(&[1, 10]));
    folder.check(expect!["t10k-labels-idx1-ubyte: label 10 at index 1, expected 0 to 9"]);
}

#[test]
fn image_sizes_differ_between_the_sets() {
    let folder = Folder::small();
    folder.write("t10k-images-idx3-ubyte", &idx(0x803, &[2, 1, 4], &[0; 8]));
    folder.check(expect![
        "t10k-images-idx3-ubyte: images of [1, 4] pixels, expected [2, 2] as in train-images-idx3-ubyte"
    ]);
}

#[test]
fn directory_in_place_of_a_file_is_missing() {
    let folder = Folder::small();
    fs::remove_file(folder.0.join("train-images-idx3-ubyte")).unwrap();
    fs::create_dir(folder.0.join("train-images-idx3-ubyte")).unwrap();
    let error = MnistFolder::read(&folder.0).unwrap_err();
    assert!(matches!(error.fault, Fault::Missing { .. }), "{error}");
}
