//! Files of others fill a tree, or say all that does not fit.

use std::fs;
use std::path::PathBuf;

use expect_test::expect;
use gradus::{Tree, Val, dot_product_attention, jit};

use super::*;
use crate::test_folder::Folder;
use crate::{BatchNorm, Context, Conv, Dense, Keys, init, load};

const REFERENCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/reference");

/// The network of `tests/reference/weights.py`.
#[derive(Tree, Clone)]
struct Net<T = Array> {
    embed: T,
    conv: Conv<T>,
    norm: BatchNorm<T>,
    q: Dense<T>,
    k: Dense<T>,
    v: Dense<T>,
    mixed: Dense<T>,
    out: Dense<T>,
    turned: T,
    half: T,
}

impl Net<Val> {
    fn new(keys: &Keys) -> Net<Val> {
        let square = || Dense::new(keys, 4, 4);
        let zeros = |shape: &[usize]| gradus::zeros(shape.to_vec(), Dtype::F32);
        Net {
            embed: zeros(&[5, 6]),
            conv: Conv::new(keys, [3], 6, 4),
            norm: BatchNorm::new(4),
            q: square(),
            k: square(),
            v: square(),
            mixed: square(),
            out: Dense::new(keys, 4, 3),
            turned: zeros(&[3, 2]),
            half: zeros(&[2]),
        }
    }
    fn apply(&mut self, ids: &Val) -> Val {
        let h = self.conv.apply(&self.embed.take(ids, 0)); // [1, time, 4]
        let h = self.norm.apply(&h, &Context::evaluation());
        let heads = |x: Val| x.reshape([1, 7, 2, 2]);
        let [q, k, v] = [&self.q, &self.k, &self.v].map(|layer| heads(layer.apply(&h)));
        self.out.apply(&self.mixed.apply(&dot_product_attention(q, k, v).reshape([1, 7, 4])))
    }
}

/// Where the leaves of [`Net`] stand in a file whose names begin with `prefix`.
fn map(prefix: &'static str) -> WeightMap<'static> {
    WeightMap::new(move |path| {
        let part = |layer: &str| ["q", "k", "v"].iter().position(|known| *known == layer);
        let weight = match path.split_once('.') {
            Some((layer, leaf)) if part(layer).is_some() => {
                let name = if leaf == "w" { "in_proj_weight" } else { "in_proj_bias" };
                let fused = Weight::named(format!("{prefix}attention.{name}"));
                let weight = fused.part(part(layer)?, 3, 0);
                if leaf == "w" { weight.permuted([1, 0]) } else { weight }
            }
            Some(("mixed", leaf)) => Weight::torch(&format!("{prefix}attention.out_proj.{leaf}")),
            None if path == "embed" => Weight::named(format!("{prefix}embed.weight")),
            None => Weight::named(format!("{prefix}{path}")),
            Some(_) => Weight::torch(&format!("{prefix}{path}")),
        };
        Some(weight)
    })
    .ignoring(|tensor| tensor.ends_with("num_batches_tracked"))
}

fn file(name: &str) -> PathBuf {
    PathBuf::from(REFERENCE).join(name)
}

#[test]
fn a_network_of_pytorch_computes_what_it_computed_there() {
    let like = init(0, Net::new).unwrap();
    let ids = Array::zeros(Type::new(Dtype::I64, [1, 7]));
    let output = Array::zeros(Type::new(Dtype::F32, [1, 7, 3]));
    let names = ["ids", "output"].map(str::to_owned);
    let pair: std::collections::BTreeMap<String, Array> = names.into_iter().zip([ids, output]).collect();
    let pair = load(file("weights_output.safetensors"), &pair).unwrap();
    let apply = jit(|net: &Net<Val>, ids: &Val| net.clone().apply(ids));
    let mut nets = vec![];
    for (name, prefix) in [("weights.pth", "model."), ("weights.npz", ""), ("weights.safetensors", "")] {
        let net = load_matching(file(name), &like, &map(prefix)).unwrap();
        let found = apply(&net, &pair["ids"]).unwrap().to_f64_vec();
        for (found, expected) in found.iter().zip(pair["output"].to_f64_vec()) {
            assert!((found - expected).abs() < 1e-5, "{name}: {found} and {expected}");
        }
        assert_eq!(net.turned, Array::from([[0.0f32, 3.0], [1.0, 4.0], [2.0, 5.0]]), "{name}");
        assert_eq!(net.half, Array::from([1.5f32, -2.0]), "{name}");
        nets.push(net);
    }
    for net in &nets[1..] {
        assert!(net.leaves() == nets[0].leaves());
    }
    let listed = tensors_in(file("weights.npz")).unwrap();
    assert_eq!(listed.iter().find(|(name, _)| name == "conv.weight").unwrap().1.to_string(), "f32[4,6,3]");
}

#[test]
fn all_that_does_not_fit_is_in_one_error() {
    let like = vec![
        Array::zeros(Type::new(Dtype::F32, [6, 5])),
        Array::zeros(Type::new(Dtype::I32, [4])),
        Array::zeros(Type::new(Dtype::F32, [4])),
        Array::zeros(Type::new(Dtype::F32, [5, 4])),
        Array::zeros(Type::new(Dtype::F32, [3, 2])),
    ];
    let map = WeightMap::new(|path| {
        Some(match path {
            "0" => Weight::named("embed.weight").permuted([1, 0]),
            "1" => Weight::named("norm.bias"),
            "2" => Weight::named("nowhere"),
            "3" => Weight::named("attention.in_proj_weight").part(0, 5, 0),
            _ => Weight::joined(["turned", "out.weight"], 0),
        })
    })
    .ignoring(|tensor| tensor.starts_with("conv") || tensor.starts_with("norm.") || tensor == "half");
    for name in ["weights.npz", "weights.safetensors"] {
        let error = load_matching(file(name), &like, &map).unwrap_err().to_string();
        let error = error.replace(REFERENCE, "").replace(name, "FILE");
        expect![[r#"
            checkpoint /FILE: does not fit the tree:
              1 from `norm.bias`: f32[4] in the file, expected i32[4]
              2 from `nowhere`: none in the file, expected f32[4]
              3 from `attention.in_proj_weight`: f32[12,4] (it has no part 0 of 5 equal ones along axis 0) in the file, expected f32[5,4]
              4 from `turned`, `out.weight`: f32[3,2], f32[3,4] (its tensors cannot be joined along axis 0) in the file, expected f32[3,2]
              attention.in_proj_bias: f32[12] in the file, expected none
              attention.out_proj.bias: f32[4] in the file, expected none
              attention.out_proj.weight: f32[4,4] in the file, expected none
              out.bias: f32[3] in the file, expected none"#]]
        .assert_eq(&error);
    }
}

#[test]
fn parts_joins_sums_and_shapes() {
    let folder = Folder::new();
    let theirs: std::collections::BTreeMap<String, Array> = [
        ("a".to_owned(), Array::from([[1.0f32, 2.0], [3.0, 4.0]])),
        ("b".to_owned(), Array::from([[5.0f32], [6.0]])),
        ("c".to_owned(), Array::from([[0.5f32], [0.25]])),
    ]
    .into();
    let path = folder.0.join("file");
    crate::save(&path, &theirs).unwrap();
    let check = |weight: Weight, expected: Array| {
        let like = Array::zeros(expected.ty().clone());
        let map = WeightMap::new(|_| Some(weight.clone())).ignoring(|_| true);
        assert_eq!(load_matching(&path, &like, &map).unwrap(), expected, "{weight:?}");
    };
    check(Weight::joined(["a", "b"], 1), Array::from([[1.0f32, 2.0, 5.0], [3.0, 4.0, 6.0]]));
    check(Weight::sum(["b", "c"]), Array::from([[5.5f32], [6.25]]));
    check(Weight::named("a").part(1, 2, 1), Array::from([[2.0f32], [4.0]]));
    check(Weight::named("a").permuted([1, 0]).reshaped([4]), Array::from([1.0f32, 3.0, 2.0, 4.0]));
    // Floats take on the type of their leaf.
    check(Weight::named("b").reshaped([2]), Array::from([5.0f64, 6.0]));
    let kept = WeightMap::new(|_| None).ignoring(|_| true);
    assert_eq!(load_matching(&path, &Array::from(7i32), &kept).unwrap(), Array::from(7i32));
}

#[test]
fn damaged_files_are_errors_at_every_length_and_byte() {
    let folder = Folder::new();
    let path = folder.0.join("file");
    let like = init(0, Net::new).unwrap();
    for (name, prefix) in [("weights.pth", "model."), ("weights.npz", ""), ("weights.safetensors", "")] {
        let whole = fs::read(file(name)).unwrap();
        for length in (0..whole.len()).step_by(61) {
            fs::write(&path, &whole[..length]).unwrap();
            assert!(load_matching(&path, &like, &map(prefix)).is_err(), "{name}, {length} bytes");
        }
        // A changed byte may be one of a number; it never panics.
        for at in (0..whole.len()).step_by(19) {
            let mut bytes = whole.clone();
            bytes[at] ^= 0x80 | (at as u8 & 0x7F);
            fs::write(&path, bytes).unwrap();
            let _ = load_matching(&path, &like, &map(prefix));
        }
    }
}

/// An archive of one stored file, which the list says has `size` bytes.
fn archive(name: &str, content: &[u8], method: u16, size: u32) -> Vec<u8> {
    let packed = (content.len() as u32).to_le_bytes();
    let [name_length, method] = [name.len() as u16, method].map(u16::to_le_bytes);
    let head =
        [&[20, 0, 0, 0][..], &method, &[0; 8], &packed, &size.to_le_bytes(), &name_length, &[0, 0]].concat();
    let local = [b"PK\x03\x04", &head[..], name.as_bytes(), content].concat();
    let entry = [b"PK\x01\x02\x14\x00", &head[..], &[0; 14], name.as_bytes()].concat();
    let [length, begin] = [entry.len(), local.len()].map(|n| (n as u32).to_le_bytes());
    let end = [b"PK\x05\x06", &[0, 0, 0, 0, 1, 0, 1, 0][..], &length, &begin, &[0, 0]].concat();
    [local, entry, end].concat()
}

#[test]
fn hostile_archives_are_refused() {
    let folder = Folder::new();
    let path = folder.0.join("file");
    let check = |bytes: &[u8], expected: expect_test::Expect| {
        fs::write(&path, bytes).unwrap();
        let error = tensors_in(&path).map(|_| ()).unwrap_err().to_string();
        expected.assert_eq(&error.replace(path.to_str().unwrap(), "FILE"));
    };
    let npy = |shape: &str| {
        let text = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}\n");
        [b"\x93NUMPY\x01\x00", &(text.len() as u16).to_le_bytes()[..], text.as_bytes(), &[0; 8]].concat()
    };
    let whole = |content: &[u8]| archive("x.npy", content, 0, content.len() as u32);
    fs::write(&path, whole(&npy("(2,)"))).unwrap();
    assert_eq!(tensors_in(&path).unwrap()[0].1.to_string(), "f32[2]");
    check(
        &whole(&npy("(2, 4294967296, 4294967296)")),
        expect!["checkpoint FILE: `x` is no array that is read here: it is not as long as its shape says"],
    );
    check(
        &whole(&npy("(-2,)")),
        expect!["checkpoint FILE: `x` is no array that is read here: its shape is missing"],
    );
    // A bomb: few bytes that claim to be four billion.
    check(
        &archive("x.npy", &npy("(2,)"), 8, 0xFFFF_FFF0),
        expect!["checkpoint FILE: the file `x.npy` is said to have more bytes than the archive holds"],
    );
    check(
        &archive("x.npy", &npy("(2,)"), 99, 88),
        expect!["checkpoint FILE: the file `x.npy` is encrypted or packed in another way than deflate"],
    );
    let pickle = |text: &[u8]| archive("x/data.pkl", text, 0, text.len() as u32);
    check(
        &pickle(b"\x80\x02cos\nsystem\n(X\x02\x00\x00\x00lstR."),
        expect![
            "checkpoint FILE: its description of tensors holds a call of `os system`, which is not read here; save `model.state_dict()` alone, or as safetensors"
        ],
    );
    check(
        &pickle(b"\x80\x02}q\x00(X\x01\x00\x00\x00a"),
        expect!["checkpoint FILE: its description of tensors is cut off or damaged"],
    );
    // Six dictionaries, each a hundred times in the next: 10¹² paths in a few kilobytes.
    let mut nested = b"\x80\x02}q\x00".to_vec();
    for level in 0..6u8 {
        nested.extend([b'}', b'q', level + 1, b'(']);
        for key in 0..100u8 {
            nested.extend([b'X', 1, 0, 0, 0, key % 26 + b'a', b'h', level]);
        }
        nested.push(b'u');
    }
    nested.push(b'.');
    check(&pickle(&nested), expect!["checkpoint FILE: its dictionaries have too many entries"]);
    check(
        b"\x80\x02\x8a\x0a",
        expect![
            "checkpoint FILE: a file of PyTorch before 1.6; save it again with a newer one, or as safetensors"
        ],
    );
}
