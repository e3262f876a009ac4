//! What each augmentation does to pictures whose every pixel is known.

use gradus::{Array, Dtype, Type, jit, vmap};

use super::*;

/// `n` images of 6 × 5 pixels and three channels, each value its own, from 0 to 1.
fn images(n: usize) -> Array {
    let size = n * 90;
    Array::new([n, 6, 5, 3], (0..size).map(|i| (i as f32 + 0.5) / size as f32).collect::<Vec<_>>()).unwrap()
}

fn floats_of(x: &Array) -> Vec<f64> {
    x.to_f64_vec()
}

fn apply(f: impl Fn(&Val, &Val) -> Val + Send + Sync + 'static, seed: u64, x: &Array) -> Array {
    jit(f)(&random::seed(seed), x).unwrap()
}

type Augmentation = fn(&Val, &Val) -> Val;

const ALL: [(&str, Augmentation); 10] = [
    ("flip", |key, x| flip(key, x, 0.5)),
    ("flip_vertical", |key, x| flip_vertical(key, x, 0.5)),
    ("crop", |key, x| crop(key, x, 2)),
    ("rotate", |key, x| rotate(key, x, 30.0)),
    ("brightness", |key, x| brightness(key, x, 0.4)),
    ("contrast", |key, x| contrast(key, x, 0.4)),
    ("saturation", |key, x| saturation(key, x, 0.4)),
    ("hue", |key, x| hue(key, x, 0.2)),
    ("gaussian_noise", |key, x| gaussian_noise(key, x, 0.1)),
    ("cutout", |key, x| cutout(key, x, 2)),
];

#[test]
fn each_example_draws_its_own_and_a_key_says_which() {
    let one = images(1);
    // Sixteen times the same image.
    let same = Array::new([16, 6, 5, 3], one.to_vec::<f32>().unwrap().repeat(16)).unwrap();
    for (name, f) in ALL {
        let first = apply(f, 1, &same);
        assert_eq!(first.ty(), same.ty(), "{name}");
        assert_eq!(first, apply(f, 1, &same), "{name}");
        assert_ne!(first, apply(f, 2, &same), "{name}");
        let all = first.to_vec::<f32>().unwrap();
        assert!(all.chunks(90).any(|image| image != &all[..90]), "{name}: all examples alike");
        assert!(all.iter().all(|x| x.is_finite()), "{name}");
    }
}

#[test]
fn any_axes_are_the_batch_and_vmap_is_the_same_as_a_loop() {
    let x = images(4);
    let keys: Vec<Array> = (0..4).map(random::seed).collect();
    let stacked: Vec<u32> = keys.iter().flat_map(|key| key.to_vec::<u32>().unwrap()).collect();
    let stacked = Array::new([4, 2], stacked).unwrap();
    for (name, f) in ALL {
        let mapped = jit(move |keys: &Val, x: &Val| vmap(f)(keys, x))(&stacked, &x).unwrap();
        let mapped = mapped.to_vec::<f32>().unwrap();
        for (i, key) in keys.iter().enumerate() {
            let image = Array::new([6, 5, 3], &x.to_vec::<f32>().unwrap()[90 * i..][..90]).unwrap();
            let alone = jit(f)(key, &image).unwrap().to_vec::<f32>().unwrap();
            for (a, b) in alone.iter().zip(&mapped[90 * i..]) {
                assert!((a - b).abs() < 1e-6, "{name}: {a} {b}");
            }
        }
        let more = Array::new([2, 2, 6, 5, 3], x.to_vec::<f32>().unwrap()).unwrap();
        assert_eq!(apply(f, 0, &more).shape(), [2, 2, 6, 5, 3], "{name}");
    }
}

#[test]
fn certain_flips_are_flips_and_crops_are_shifts() {
    let x = images(2);
    let mirrored = jit(|x: &Val| (x.flip(-2), x.flip(-3)))(&x).unwrap();
    assert_eq!(apply(|key, x| flip(key, x, 1.0), 0, &x), mirrored.0);
    assert_eq!(apply(|key, x| flip_vertical(key, x, 1.0), 0, &x), mirrored.1);
    assert_eq!(apply(|key, x| flip(key, x, 0.0), 0, &x), x);
    // Whatever does not come from outside is shifted by one number of rows and columns, and both extremes occur.
    let counted = Array::new([1, 6, 5, 1], (1..=30).map(|i| i as f32).collect::<Vec<_>>()).unwrap();
    let mut shifts = std::collections::BTreeSet::new();
    for seed in 0..200 {
        let cut = apply(|key, x| crop(key, x, 2), seed, &counted).to_vec::<f32>().unwrap();
        let places = cut.iter().enumerate().filter(|(_, value)| **value > 0.0).map(|(i, value)| {
            let from = *value as i64 - 1;
            ((i / 5) as i64 - from / 5, (i % 5) as i64 - from % 5)
        });
        let places: std::collections::BTreeSet<_> = places.collect();
        assert_eq!(places.len(), 1);
        shifts.extend(places);
    }
    assert_eq!(shifts.len(), 25);
}

#[test]
fn rotation_by_nothing_and_scales_are_exact() {
    let x = images(2);
    let still = floats_of(&apply(|key, x| rotate(key, x, 0.0), 0, &x));
    for (a, b) in still.iter().zip(floats_of(&x)) {
        assert!((a - b).abs() < 1e-6);
    }
    // A scale of exactly two about the middle: pixel i comes from (i - 2.5) / 2 + 2.5.
    let ramp = Array::new([6, 6, 1], (0..36).map(|i| (i / 6) as f32).collect::<Vec<_>>()).unwrap();
    let range = Affine { scale: [2.0, 2.0], ..Affine::default() };
    let large = floats_of(&apply(move |key, x| affine(key, x, &range), 0, &ramp));
    for (i, value) in large.iter().enumerate() {
        let expected = ((i / 6) as f64 - 2.5) / 2.0 + 2.5;
        assert!((value - expected).abs() < 1e-5, "{i}: {value} {expected}");
    }
}

#[test]
fn colours_keep_what_they_do_not_change() {
    let x = images(3);
    for (name, f) in &ALL[4..8] {
        assert!(floats_of(&apply(*f, 3, &x)).iter().all(|x| (0.0..=1.0).contains(x)), "{name}");
    }
    let grey = Array::new([2, 3, 3, 3], vec![0.25f32; 54]).unwrap();
    for (name, f) in &ALL[5..8] {
        // A picture of one grey has no contrast, no colour and no hue.
        for value in floats_of(&apply(*f, 3, &grey)) {
            assert!((value - 0.25).abs() < 1e-5, "{name}: {value}");
        }
    }
    // Away from the ends, where nothing is clipped, turning the hue keeps the brightness.
    let soft = jit(|x: &Val| 0.45 + 0.1 * x.roll(7, -1).sin())(&x).unwrap();
    let bright = |x: &Array| {
        floats_of(x).chunks(3).map(|p| 0.299 * p[0] + 0.587 * p[1] + 0.114 * p[2]).collect::<Vec<_>>()
    };
    for (a, b) in bright(&soft).iter().zip(bright(&apply(|key, x| hue(key, x, 0.5), 1, &soft))) {
        assert!((a - b).abs() < 1e-5, "{a} {b}");
    }
    // Brightness multiplies an example by one number of its range.
    let soft = apply(|_, x| 0.5 * x, 0, &x);
    let ratios: Vec<f64> = floats_of(&apply(|key, x| brightness(key, x, 0.4), 1, &soft))
        .iter()
        .zip(floats_of(&soft))
        .map(|(a, b)| a / b)
        .collect();
    for example in ratios.chunks(90) {
        assert!(example.iter().all(|r| (r - example[0]).abs() < 1e-4 && (0.6..=1.4).contains(r)));
    }
}

#[test]
fn mixed_labels_say_how_much_of_each_image_there_is() {
    // Image i has the value of its label alone, so that the labels can be read from the pixels.
    let labels: Vec<f32> = (0..8).flat_map(|i| (0..8).map(move |j| f32::from(u8::from(i == j)))).collect();
    let labels = Array::new([8, 8], labels).unwrap();
    let x = Array::new([8, 6, 5, 1], (0..240).map(|i| (i / 30) as f32).collect::<Vec<_>>()).unwrap();
    let mut seen = std::collections::BTreeSet::new();
    for (is_cut, f) in [(false, mixup as fn(&Val, &Val, &Val, f64) -> (Val, Val)), (true, cutmix)] {
        for seed in 0..20 {
            let mix = jit(move |key: &Val, x: &Val, y: &Val| f(key, x, y, 1.0));
            let (mixed, soft) = mix(&random::seed(seed), &x, &labels).unwrap();
            assert_eq!((mixed.ty(), soft.ty()), (x.ty(), labels.ty()));
            let (mixed, soft) = (floats_of(&mixed), floats_of(&soft));
            for (image, label) in mixed.chunks(30).zip(soft.chunks(8)) {
                assert!((label.iter().sum::<f64>() - 1.0).abs() < 1e-5);
                let wanted: f64 = label.iter().enumerate().map(|(class, share)| class as f64 * share).sum();
                let found = image.iter().sum::<f64>() / 30.0;
                assert!((found - wanted).abs() < 1e-4, "{found} {wanted}");
                if is_cut {
                    assert!(image.iter().all(|x| x.fract() == 0.0));
                }
                seen.insert((is_cut, (label[0] * 1e6) as i64));
            }
        }
    }
    assert!(seen.len() > 20);
}

#[test]
fn what_cannot_be_augmented_says_why() {
    let message = |f: Augmentation, x: &Array| jit(f)(&random::seed(0), x).unwrap_err().to_string();
    let flat = Array::zeros(Type::new(Dtype::F32, [4, 4]));
    for (name, f) in ALL {
        let text = message(f, &flat);
        assert!(text.starts_with(&format!("{name}: f32[4,4] is no image")), "{text}");
        assert!(text.contains("tests.rs"), "{text}");
    }
    let bytes = Array::zeros(Type::new(Dtype::U8, [2, 4, 4, 3]));
    assert!(message(ALL[4].1, &bytes).starts_with("brightness: u8[2,4,4,3] has no floats"));
    assert_eq!(apply(ALL[0].1, 0, &bytes).dtype(), Dtype::U8);
    assert_eq!(apply(ALL[2].1, 0, &bytes).dtype(), Dtype::U8);
    assert!(message(|key, x| flip(key, x, 1.5), &bytes).starts_with("flip: a probability of 1.5"));
    let labels = Array::from([1i32, 2]);
    let x = images(2);
    let mix = jit(|key: &Val, x: &Val, y: &Val| mixup(key, x, y, 0.2));
    let text = mix(&random::seed(0), &x, &labels).unwrap_err().to_string();
    assert!(text.starts_with("mixup: labels i32[2] cannot be mixed"), "{text}");
}
