//! Whole models written with the library, each beside the same in Flax and optax: tests/reference/NAME_flax.py.

mod dcgan;
mod lenet;

use std::path::{Path, PathBuf};

/// A file or folder of the repository.
fn repository(path: &str) -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../..")).join(path)
}

/// MNIST's test set.
fn digits() -> gradus_nn::data::ImageSet {
    let [images, labels] = ["t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"]
        .map(|file| repository("examples/data/mnist").join(file));
    gradus_nn::data::ImageSet::read(&images, &labels).expect("MNIST")
}

/// docs/models.md says of each model how many lines it takes here and in Flax: at most twice as many.
#[test]
fn models_take_at_most_twice_the_lines_of_flax() {
    let table = std::fs::read_to_string(repository("docs/models.md")).expect("docs/models.md");
    let rows: Vec<Vec<&str>> = table
        .lines()
        .filter(|line| line.contains("]("))
        .map(|line| line.split('|').map(str::trim).collect())
        .collect();
    assert!(rows.len() >= 2, "{table}");
    for row in rows {
        let &[_, model, ours, our_lines, theirs, their_lines, _] = &row[..] else { panic!("{row:?}") };
        let [ours, theirs] = [(ours, our_lines), (theirs, their_lines)].map(|(link, said)| {
            let path =
                link.split(['(', ')']).nth(1).and_then(|path| path.strip_prefix("../")).expect("a link");
            let text = std::fs::read_to_string(repository(path)).unwrap_or_else(|e| panic!("{path}: {e}"));
            let counted = text.lines().filter(|line| !line.trim().is_empty()).count();
            assert_eq!(said, counted.to_string(), "{path}");
            counted
        });
        assert!(ours <= 2 * theirs, "{model}: {ours} lines, {theirs} in Flax");
    }
}
