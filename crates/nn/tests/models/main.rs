//! Whole models written with the library, each trained; docs/models.md counts their lines beside those of Flax and
//! optax.

mod char_lstm;
mod dcgan;
mod gpt;
mod lenet;

use std::path::Path;

/// MNIST's test set.
fn digits() -> gradus_nn::data::ImageSet {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/data/mnist"));
    let [images, labels] =
        ["t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"].map(|file| folder.join(file));
    gradus_nn::data::ImageSet::read(&images, &labels).expect("MNIST")
}

/// Lines that are not blank.
fn lines(path: &Path) -> usize {
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    text.lines().filter(|line| !line.trim().is_empty()).count()
}

#[test]
fn models_take_at_most_twice_the_lines_of_flax_and_the_table_says_how_many() {
    let docs = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs"));
    let table = std::fs::read_to_string(docs.join("models.md")).unwrap();
    let rows: Vec<&str> = table.lines().filter(|line| line.starts_with("| [")).collect();
    assert!(!rows.is_empty());
    for row in rows {
        // | [name](ours) | n | [n](theirs) | ratio |
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let link = |cell: &str| cell.split(['(', ')']).nth(1).map(|path| docs.join(path)).unwrap();
        let (ours, theirs) = (lines(&link(cells[1])), lines(&link(cells[3])));
        let ratio = ours as f64 / theirs as f64;
        let counts =
            (cells[2].to_owned(), cells[3].split(['[', ']']).nth(1).unwrap().to_owned(), cells[4].to_owned());
        assert_eq!(counts, (ours.to_string(), theirs.to_string(), format!("{ratio:.2}")), "{row}");
        assert!(ratio <= 2.0, "{row}");
    }
}
