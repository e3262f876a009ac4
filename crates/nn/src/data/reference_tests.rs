//! Readers agree with Python's about the files of `tests/reference/data_files.py`, and refuse what is cut off or
//! damaged.

use std::path::{Path, PathBuf};

use gradus::Array;

use super::*;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/reference/data");

fn read(path: &Path) -> Result<Array, DataError> {
    let name = path.file_name().unwrap().to_string_lossy();
    match name.split_once('.').unwrap().1 {
        "wav" => Ok(Wav::read(path)?.samples),
        "png" => read_picture(path),
        "csv" => Csv::read(path, &CsvOptions::default())?.numbers(&["first", "second, quoted", "third"]),
        _ => Ok(Nifti::read(path)?.voxels),
    }
}

fn files() -> Vec<PathBuf> {
    let entries = std::fs::read_dir(FOLDER).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.extension().is_some_and(|end| end != "json")).collect()
}

#[test]
fn values_are_those_that_python_reads() {
    let text = std::fs::read_to_string(Path::new(FOLDER).join("expected.json")).unwrap();
    let expected: serde_json::Value = serde_json::from_str(&text).unwrap();
    let files = files();
    assert_eq!(files.len(), 14);
    for path in files {
        let expected = &expected[path.file_name().unwrap().to_str().unwrap()];
        let shape: Vec<usize> = serde_json::from_value(expected["shape"].clone()).unwrap();
        let values: Vec<f64> = serde_json::from_value(expected["values"].clone()).unwrap();
        let found = read(&path).unwrap();
        assert_eq!(found.shape(), shape, "{}", path.display());
        let largest = values.iter().fold(0.0f64, |most, value| most.max(value.abs()));
        // Arrays are f32 but for the volume of f64; `serde_json` reads a number to one unit in the last place.
        let tolerance = if found.dtype() == gradus::Dtype::F64 { 3e-16 * largest } else { 6e-8 * largest };
        for (found, expected) in found.to_f64_vec().into_iter().zip(values) {
            assert!((found - expected).abs() <= tolerance, "{}: {found} {expected}", path.display());
        }
    }
    assert_eq!(Wav::read(&Path::new(FOLDER).join("i16.wav")).unwrap().rate, 8000);
    assert_eq!(Nifti::read(&Path::new(FOLDER).join("f32.nii")).unwrap().spacing, [0.75, 1.5, 2.0]);
}

/// A folder of its own that goes with the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let path = std::env::temp_dir().join(format!("gradus-data-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).unwrap();
        Folder(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn files_that_are_cut_off_or_damaged_are_errors_that_name_them() {
    let folder = Folder::new("damaged");
    for path in files() {
        let whole = std::fs::read(&path).unwrap();
        let copy = folder.0.join(path.file_name().unwrap());
        let size = read(&path).unwrap().size();
        let is_text = path.extension().unwrap() == "csv";
        for k in 0..40 {
            let end = whole.len() * k / 40;
            std::fs::write(&copy, &whole[..end]).unwrap();
            match read(&copy) {
                Err(error) => assert!(error.to_string().starts_with(&copy.display().to_string())),
                // A text that ends early is a shorter one, if only by digits of its last number.
                Ok(array) => assert!(is_text && array.size() <= size, "{} cut at {end}", path.display()),
            }
            let mut damaged = whole.clone();
            for byte in &mut damaged[end..(end + 4).min(whole.len())] {
                *byte = !*byte;
            }
            std::fs::write(&copy, &damaged).unwrap();
            // No panic, and no more memory than the file speaks of.
            if let Ok(array) = read(&copy) {
                assert!(array.size() <= 1 << 20, "{} damaged at {end}", path.display());
            }
        }
    }
}

#[test]
fn pictures_stand_in_folders_of_their_class() {
    let folder = Folder::new("pictures");
    let file = |name: &str| {
        let path = folder.0.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        path
    };
    let original = Path::new(FOLDER).join("rgb.png");
    for name in ["dog/b.png", "dog/a.PNG", "cat/x.png"] {
        std::fs::copy(&original, file(name)).unwrap();
    }
    std::fs::write(file("cat/readme.txt"), "no picture").unwrap();
    let found = PictureFolder::read(&folder.0, Corrupt::Refuse).unwrap();
    assert_eq!((found.labels, found.classes), (vec![0, 1, 1], vec!["cat".into(), "dog".into()]));
    assert!(found.paths[1].ends_with("dog/a.PNG"));
    std::fs::write(file("cat/bad.jpg"), [0xff, 0xd8, 0xff, 0xe0, 0, 16, 1, 2]).unwrap();
    let error = PictureFolder::read(&folder.0, Corrupt::Refuse).unwrap_err().to_string();
    assert!(error.contains("cat/bad.jpg: the picture: "), "{error}");
    let found = PictureFolder::read(&folder.0, Corrupt::Skip).unwrap();
    assert_eq!((found.paths.len(), found.skipped.len()), (3, 1));
    assert!(found.skipped[0].path.ends_with("cat/bad.jpg"));
    assert!(PictureFolder::read(&folder.0.join("cat"), Corrupt::Skip).is_err());
    // A header of 2³¹ rows and columns.
    let mut huge = std::fs::read(&original).unwrap();
    huge[16..24].copy_from_slice(&[0x7f, 0xff, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff]);
    std::fs::write(file("huge.png"), huge).unwrap();
    assert!(read_picture(&file("huge.png")).is_err());
}
