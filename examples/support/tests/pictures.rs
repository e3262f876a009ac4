//! Every picture is written as a PNG of the right size with the right pixels, and refuses what it cannot draw.

use anyhow::Result;
use gradus::Array;
use gradus_examples::pictures::{self, Chart, Image};
use std::path::{Path, PathBuf};

const WHITE: [u8; 3] = [255; 3];
const BLUE: [u8; 3] = [24, 78, 148];
const ORANGE: [u8; 3] = [235, 134, 28];
const RED: [u8; 3] = [200, 24, 44];

/// A decoded picture. With `KEEP_PICTURES` in the environment, a folder, the files stay there to be looked at.
struct Picture(image::RgbImage);

fn draw(name: &str, write: impl FnOnce(&Path) -> Result<()>) -> Picture {
    let kept = std::env::var_os("KEEP_PICTURES").map(PathBuf::from);
    let path = kept.clone().unwrap_or_else(std::env::temp_dir).join(match kept {
        Some(_) => format!("{name}.png"),
        None => format!("gradus-{}-{name}.png", std::process::id()),
    });
    write(&path).unwrap();
    let picture = image::open(&path).unwrap().to_rgb8();
    if kept.is_none() {
        std::fs::remove_file(&path).unwrap();
    }
    Picture(picture)
}

impl Picture {
    fn size(&self) -> (u32, u32) {
        self.0.dimensions()
    }

    fn at(&self, x: f64, y: f64) -> [u8; 3] {
        self.0.get_pixel(x.round() as u32, y.round() as u32).0
    }

    /// How many pixels have exactly this colour.
    fn count(&self, colour: [u8; 3]) -> usize {
        self.0.pixels().filter(|pixel| pixel.0 == colour).count()
    }
}

/// The message of a refusal; nothing is written then.
fn refused(write: impl FnOnce(&Path) -> Result<()>) -> String {
    let name = format!("gradus-refused-{:?}.png", std::thread::current().id());
    let path = std::env::temp_dir().join(name);
    let error = write(&path).unwrap_err();
    assert!(!path.exists());
    format!("{error:#}")
}

fn array(shape: &[usize], values: &[f64]) -> Array {
    Array::new(shape, values).unwrap()
}

/// A grey image of 2 x 4 pixels, black at the upper left.
fn small() -> Image {
    Image::new(&array(&[2, 4], &[0.0, 0.2, 0.4, 0.6, 0.8, 1.0, 1.0, 1.0])).unwrap()
}

#[test]
fn curves_stand_where_their_values_are() {
    let (loss, other) = ([2.0, 1.0, 0.0], [0.0, 1.0, 2.0]);
    let picture = draw("curves", |path| {
        pictures::curves(
            path,
            &[("Loss", &[("training", &loss), ("validation", &other)]), ("Rate", &[("rate", &loss)])],
        )
    });
    assert_eq!(picture.size(), (1240, 500));
    // Panels begin at 20 and 640; the first epoch is 76 to the right, the last 68 to the left of the end at 584.
    for x0 in [20.0, 640.0] {
        assert_eq!([picture.at(x0 + 76.0, 74.0), picture.at(x0 + 548.0, 430.0)], [BLUE, BLUE]);
    }
    assert_eq!([picture.at(96.0, 430.0), picture.at(568.0, 74.0)], [ORANGE, ORANGE]);
    // The first curve lies above.
    assert_eq!(picture.at(332.0, 252.0), BLUE);
    assert_eq!(picture.at(716.0, 300.0), WHITE);
}

#[test]
fn curves_of_a_run_that_diverged_have_gaps() {
    let picture = draw("diverged", |path| {
        pictures::curves(
            path,
            &[("Loss", &[("a", &[2.0, f64::NAN, 1.0, 1.0]), ("b", &[f64::INFINITY; 4]), ("c", &[])])],
        )
    });
    assert_eq!(picture.size(), (620, 500));
    assert_eq!(picture.at(96.0, 74.0), BLUE);
    assert_eq!(picture.at(80.0 + 16.0 + 472.0, 430.0), BLUE);
    assert_eq!(refused(|path| pictures::curves(path, &[])), "curves: there are no panels");
    let empty = refused(|path| pictures::curves(path, &[("Loss", &[("training", &[])])]));
    assert_eq!(empty, "curves: panel \"Loss\" has no values");
}

#[test]
fn predictions_frame_the_wrong_ones() {
    let image = |_| Image::ink(&[255, 0, 0, 0], [2, 2]);
    let labels: Vec<i32> = (0..100).map(|index| index % 10).collect();
    let mut predicted = labels.clone();
    let right = draw("right", |path| pictures::predictions(path, &labels, &predicted, &[], image));
    predicted[50] = 7;
    let wrong = draw("wrong", |path| pictures::predictions(path, &labels, &predicted, &[], image));
    assert_eq!([right.size(), wrong.size()], [(1148, 894); 2]);
    // The fourth tile is the wrong one: black ink at its upper left, paper beside, a red frame around.
    let left = 28.0 + 3.0 * 140.0;
    assert_eq!([wrong.at(left + 28.0, 108.0), wrong.at(left + 84.0, 108.0)], [[0; 3], WHITE]);
    assert_eq!([wrong.at(left - 2.0, 130.0), right.at(left - 2.0, 130.0)], [RED, WHITE]);
    assert_eq!(right.count(RED), 0);
    let names = ["cat", "dog"];
    let named = draw("named", |path| pictures::predictions(path, &[0, 1, 1], &[0, 0, 1], &names, image));
    assert_eq!(named.size(), (1148, 84 + 162));
    let message = refused(|path| pictures::predictions(path, &labels, &[0], &[], image));
    assert_eq!(message, "predictions: 1 predictions for 100 labels; give one for each");
    let message = refused(|path| pictures::predictions(path, &[], &[], &[], image));
    assert_eq!(message, "predictions: there are no images");
}

#[test]
fn a_grid_has_a_tile_for_each_image() {
    let mut colours = vec![0.0; 9 * 4 * 3];
    colours[8 * 12] = 1.0;
    let batch = Image::batch(&array(&[9, 2, 2, 3], &colours)).unwrap();
    assert_eq!((batch.len(), batch[0].size()), (9, [2, 2]));
    let picture = draw("images", |path| pictures::images(path, "Nine", &batch, &[]));
    assert_eq!(picture.size(), (1148, 84 + 2 * 162));
    assert_eq!(
        [picture.at(56.0, 108.0), picture.at(56.0, 270.0), picture.at(112.0, 270.0)],
        [[0; 3], [255, 0, 0], [0; 3]]
    );
    assert_eq!(picture.at(28.0 + 140.0 + 56.0, 300.0), WHITE);
    // An image that is wider than high keeps its proportions.
    let wide = draw("wide", |path| pictures::images(path, "", &[small()], &["small"]));
    assert_eq!([wide.at(42.0, 122.0), wide.at(42.0, 90.0), wide.at(42.0, 150.0)], [[0; 3], WHITE, [204; 3]]);
    let message = refused(|path| pictures::images(path, "", &batch, &["one"]));
    assert_eq!(message, "images: 9 images have 1 captions; give one for each or none");
    assert_eq!(refused(|path| pictures::images(path, "", &[], &[])), "images: there are no images");
}

#[test]
fn what_is_no_image_is_refused() {
    let message = |array: &Array| Image::new(array).unwrap_err().to_string();
    assert!(
        message(&array(&[4], &[0.0; 4]))
            .ends_with("f64[4] is not [height, width], [height, width, 1] or [height, width, 3]")
    );
    assert!(
        message(&array(&[1, 1, 2], &[0.0; 2])).contains("f64[1,1,2] is not"),
        "{}",
        message(&array(&[1, 1, 2], &[0.0; 2]))
    );
    assert_eq!(message(&array(&[0, 3], &[])), "image: the pixels are empty");
    assert!(message(&array(&[1, 2], &[0.5, f64::NAN])).contains("NaN at place 1"));
    assert!(message(&array(&[1, 2], &[0.0, 255.0])).contains("pixels from 0 to 255"));
    assert!(Image::batch(&array(&[2, 2], &[0.0; 4])).unwrap_err().to_string().contains("[n, height, width]"));
    assert!(Image::batch(&array(&[0, 2, 2], &[])).is_err());
    assert!(Image::ink(&[1, 2, 3], [2, 2]).unwrap_err().to_string().contains("3 bytes"));
    let bytes = Image::new(&Array::new([1, 2], [0u8, 200]).unwrap()).unwrap();
    let stretched = Image::stretched(&array(&[1, 2], &[-3.0, 5.0])).unwrap();
    let both = draw("bytes", |path| pictures::images(path, "", &[bytes, stretched], &[]));
    assert_eq!(
        [both.at(112.0, 136.0), both.at(196.0, 136.0), both.at(252.0, 136.0)],
        [[200; 3], [0; 3], WHITE]
    );
}

#[test]
fn boxes_stand_at_their_place() {
    // 140 pixels of the picture for one of the image, which begins at (28, 80).
    let corners = array(&[2, 4], &[1.0, 0.5, 2.0, 1.5, 2.5, 1.0, 9.0, 9.0]);
    let picture =
        draw("boxes", |path| pictures::boxes(path, "Found", &small(), &corners, &["cat 0.93", "dog"]));
    assert_eq!(picture.size(), (616, 388));
    assert_eq!([picture.at(168.0, 200.0), picture.at(308.0, 250.0), picture.at(200.0, 290.0)], [BLUE; 3]);
    // The second is cut at the image's end.
    assert_eq!([picture.at(378.0, 320.0), picture.at(588.0, 300.0), picture.at(500.0, 360.0)], [ORANGE; 3]);
    assert_eq!([picture.at(60.0, 150.0), picture.at(230.0, 200.0)], [[0; 3], [51; 3]]);
    let none = draw("no boxes", |path| pictures::boxes(path, "", &small(), &array(&[0, 4], &[]), &[]));
    assert_eq!(none.count(BLUE), 0);
    let refused = |corners: &Array, labels: &[&str]| {
        refused(|path| pictures::boxes(path, "", &small(), corners, labels))
    };
    assert!(refused(&array(&[4], &[0.0; 4]), &["a"]).contains("boxes: f64[4] is not [n, 4]"));
    assert_eq!(refused(&corners, &["a"]), "boxes: 2 boxes have 1 labels; give one for each");
    assert!(refused(&array(&[1, 4], &[2.0, 0.0, 1.0, 1.0]), &["a"]).contains("ends before it begins"));
    assert!(refused(&array(&[1, 4], &[2.0, 0.0, f64::NAN, 1.0]), &["a"]).contains("NaN at place 2"));
}

#[test]
fn masks_colour_their_classes() {
    let white = Image::new(&array(&[2, 2], &[1.0; 4])).unwrap();
    let mask = Array::new([2, 2], [0i32, 1, 2, 0]).unwrap();
    let names = ["nothing", "liver", "spleen"];
    let picture = draw("masks", |path| pictures::masks(path, &white, &[("truth", &mask)], &names));
    let over = |colour: [u8; 3]| colour.map(|c| (255.0 + (f64::from(c) - 255.0) * 0.6f64).round() as u8);
    let left = 28.0 + 348.0;
    let found =
        [[80.0, 160.0], [240.0, 160.0], [80.0, 320.0], [240.0, 320.0]].map(|[x, y]| picture.at(left + x, y));
    assert_eq!(found, [WHITE, over(BLUE), over(ORANGE), WHITE]);
    assert_eq!(picture.at(28.0 + 240.0, 160.0), WHITE);
    // The legend.
    let legend = 28.0 + 2.0 * 348.0 + 7.0;
    assert_eq!([picture.at(legend, 90.0), picture.at(legend, 114.0)], [BLUE, ORANGE]);
    let refused = |mask: &Array| refused(|path| pictures::masks(path, &white, &[("truth", mask)], &names));
    let message = refused(&Array::new([2, 2], [0i32, 1, 3, 0]).unwrap());
    assert_eq!(message, "masks: mask \"truth\" has class 3 at row 1, column 0; there are names for 0 to 2");
    assert!(refused(&array(&[2, 2], &[0.0, 0.5, 0.0, 0.0])).contains("class 0.5 at row 0, column 1"));
    assert_eq!(
        refused(&array(&[4], &[0.0; 4])),
        "masks: mask \"truth\" is f64[4]; expected the image's [2,2]"
    );
}

#[test]
fn a_confusion_matrix_has_true_classes_down() {
    let counts = Array::new([2, 2], [3i32, 0, 10, 10]).unwrap();
    let picture = draw("confusion", |path| pictures::confusion_matrix(path, &counts, &["a", "b"]));
    // Names take 18.6 pixels; a cell 64.
    let corner = [28.0 + 18.6, 80.0 + 18.6];
    let cell =
        |row: f64, column: f64| picture.at(corner[0] + 64.0 * column + 6.0, corner[1] + 64.0 * row + 6.0);
    assert_eq!([cell(0.0, 0.0), cell(0.0, 1.0)], [BLUE, WHITE]);
    let half = BLUE.map(|c| ((255.0 + f64::from(c)) / 2.0).round());
    assert_eq!([cell(1.0, 0.0), cell(1.0, 1.0)], [half.map(|c| c as u8); 2]);
    let many = Array::new([40, 40], vec![1i32; 1600]).unwrap();
    let many = draw("confusion 40", |path| pictures::confusion_matrix(path, &many, &[]));
    assert!(many.size().0 > 560 && many.size().1 > 640);
    let refused =
        |counts: &Array, names: &[&str]| refused(|path| pictures::confusion_matrix(path, counts, names));
    assert!(refused(&array(&[2, 3], &[0.0; 6]), &[]).contains("f64[2,3] is not [classes, classes]"));
    assert!(refused(&counts, &["a"]).contains("2 classes have 1 names"));
    assert!(
        refused(&array(&[2, 2], &[0.0, -1.0, 0.0, 0.0]), &[]).contains("a count of -1 at row 0, column 1")
    );
    assert!(refused(&array(&[0, 0], &[]), &[]).contains("the counts are empty"));
}

#[test]
fn attention_has_queries_down_and_keys_across() {
    let weights = array(&[2, 3], &[1.0, 0.0, 0.0, 0.0, 0.5, 0.5]);
    let tokens = ["the", "cat", "sat"];
    let picture = draw("attention", |path| pictures::attention(path, &weights, &tokens[..2], &tokens));
    // Names take 35.8 pixels; a cell 48.
    let cell = |row: f64, column: f64| picture.at(63.8 + 48.0 * column + 24.0, 115.8 + 48.0 * row + 24.0);
    assert_eq!([cell(0.0, 0.0), cell(0.0, 1.0), cell(1.0, 0.0)], [BLUE, WHITE, WHITE]);
    assert_eq!(cell(1.0, 1.0), cell(1.0, 2.0));
    let heads = array(&[5, 4, 4], &[0.25; 80]);
    let heads = draw("heads", |path| pictures::attention(path, &heads, &[], &[]));
    assert!(heads.size().0 > 4 * 192 && heads.size().1 > 2 * 192, "{:?}", heads.size());
    let refused =
        |weights: &Array, keys: &[&str]| refused(|path| pictures::attention(path, weights, &[], keys));
    assert!(refused(&array(&[3], &[0.0; 3]), &[]).contains("is not [queries, keys]"));
    assert!(refused(&weights, &["a"]).contains("3 keys have 1 tokens"));
    assert!(refused(&array(&[1, 2], &[-3.0, 7.0]), &[]).contains("weights from -3 to 7"));
    assert!(refused(&array(&[0, 2], &[]), &[]).contains("are empty"));
    let complex = Array::new([1, 1], [gradus::Complex::new(0.0f64, 1.0)]).unwrap();
    assert!(refused(&complex, &[]).contains("are complex"));
}

#[test]
fn scattered_points_stand_at_their_place() {
    let points = array(&[3, 2], &[0.0, 0.0, 4.0, 4.0, 2.0, 2.0]);
    let picture = draw("scatter", |path| pictures::scatter(path, "Points", &points, &[0, 1, 1], &["a", "b"]));
    assert_eq!(picture.size(), (780 + 30 + 18, 520));
    // The axes reach from 78 to 752 and from 456 up to 94.
    assert_eq!(
        [picture.at(78.0, 455.0), picture.at(752.0, 94.0), picture.at(415.0, 275.0)],
        [BLUE, ORANGE, ORANGE]
    );
    assert_eq!([picture.at(787.0, 102.0), picture.at(787.0, 126.0)], [BLUE, ORANGE]);
    let refused = |points: &Array, classes: &[i32]| {
        refused(|path| pictures::scatter(path, "", points, classes, &["a"]))
    };
    assert!(refused(&array(&[2, 3], &[0.0; 6]), &[0, 0]).contains("scatter: f64[2,3] is not [n, 2]"));
    assert_eq!(refused(&points, &[0]), "scatter: 3 points have 1 classes; give one for each");
    assert_eq!(refused(&points, &[0, -1, 0]), "scatter: class -1; expected 0 for the first");
    assert_eq!(refused(&points, &[0, 1, 0]), "scatter: class 1 has no name among 1");
    assert_eq!(refused(&array(&[0, 2], &[]), &[]), "scatter: the points are empty");
    assert!(refused(&array(&[1, 2], &[0.0, f64::INFINITY]), &[0]).contains("inf at place 1"));
}

#[test]
fn a_spectrogram_has_time_across_and_frequency_up() {
    // The second of two frames is loud in the last of three bins.
    let levels = array(&[2, 3], &[-60.0, -60.0, -60.0, -60.0, -60.0, 0.0]);
    let picture = draw("spectrogram", |path| pictures::spectrogram(path, &levels, 2.0, 8000.0));
    assert_eq!(picture.size(), (958, 464));
    let (quiet, loud) = ([8, 8, 24], [252, 248, 208]);
    assert_eq!(
        [picture.at(300.0, 120.0), picture.at(700.0, 120.0), picture.at(700.0, 350.0)],
        [quiet, loud, quiet]
    );
    let refused =
        |levels: &Array, seconds| refused(|path| pictures::spectrogram(path, levels, seconds, 8000.0));
    assert!(refused(&array(&[3], &[0.0; 3]), 1.0).contains("is not [frames, bins]"));
    assert!(
        refused(&array(&[1, 2], &[0.0, f64::NEG_INFINITY]), 1.0)
            .contains("add a little before the logarithm")
    );
    assert!(refused(&levels, 0.0).contains("0 seconds"));
    assert!(refused(&array(&[0, 3], &[]), 1.0).contains("empty"));
}

#[test]
fn a_forecast_goes_on_where_the_known_ends() {
    let (known, found, truth) = ([0.0, 1.0, 2.0], [3.0, 3.0, 3.0], [4.0, 4.0, 4.0]);
    let (low, high) = ([2.0; 3], [4.0; 3]);
    let picture = draw("forecast", |path| {
        pictures::forecast(path, "Sales", &known, &found, Some(&truth), Some([&low, &high]))
    });
    // The axes reach from 0 to 5 across and from 0 to 4 upwards.
    let at = |x: f64, y: f64| picture.at(78.0 + 674.0 * x / 5.0, 456.0 - 362.0 * y / 4.0);
    assert_eq!([at(4.0, 3.0), at(4.0, 4.0), at(1.5, 1.5)], [BLUE, ORANGE, [98, 106, 117]]);
    let pale = BLUE.map(|c| (255.0 + (f64::from(c) - 255.0) * 0.22f64).round() as u8);
    assert_eq!([at(4.5, 2.5), at(4.5, 1.5)], [pale, WHITE]);
    let refused = |known: &[f64], truth: &[f64]| {
        refused(|path| pictures::forecast(path, "", known, &found, Some(truth), None))
    };
    assert_eq!(refused(&[], &truth), "forecast: the x of \"known\" are empty");
    assert_eq!(refused(&known, &[1.0]), "forecast: \"truth\" has 1 values for 3 places; give one for each");
    assert!(refused(&known, &[1.0, f64::NAN, 1.0]).contains("the values of \"truth\" have NaN at place 1"));
    assert_eq!(empty_chart(), "chart: there is nothing to draw");
}

#[test]
fn a_band_follows_its_lines() {
    let x: Vec<f64> = (0..=200).map(|i| f64::from(i) / 20.0).collect();
    let by = |d: f64| x.iter().map(|x| 2.0 * x.sin() + d).collect::<Vec<_>>();
    let (middle, low, high) = (by(0.0), by(-1.0), by(1.0));
    let picture = draw("band", |path| {
        Chart::new("A band")
            .with_labels("x", "y")
            .with_band("band", &x, &low, &high)
            .with_line("sine", &x, &middle)
            .write(path)
    });
    // From -4 to 4 upwards, from 0 to 10 across.
    let at = |x: f64, y: f64| picture.at(78.0 + 67.4 * x, 275.0 - 45.25 * y);
    let pale = BLUE.map(|c| (255.0 + (f64::from(c) - 255.0) * 0.22f64).round() as u8);
    for &x in x.iter().skip(2).step_by(7) {
        let y = 2.0 * x.sin();
        assert_eq!([at(x, y - 0.6), at(x, y + 0.6)], [pale; 2], "{x}");
        assert!(![at(x, y - 1.4), at(x, y + 1.4)].contains(&pale), "{x}");
    }
}

fn empty_chart() -> String {
    refused(|path| Chart::new("").write(path))
}

#[test]
fn a_file_that_cannot_be_written_is_named() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("no folder of this name/picture.png");
    let error = pictures::images(&path, "", &[small()], &[]).unwrap_err();
    assert_eq!(error.to_string(), format!("cannot write {}", path.display()));
    let error =
        pictures::images(&std::env::temp_dir().join("picture without an ending"), "", &[small()], &[]);
    assert!(error.unwrap_err().to_string().starts_with("cannot write "));
}
