//! threefry2x32 and random bits are those of JAX, bit for bit.

use gradus_ir::{Array, Dtype, SourceLocation, Type, Val, eval::eval, trace};

fn run(args: &[Array], f: impl FnOnce(&[Val]) -> Vec<Val>) -> Vec<Array> {
    let types: Vec<Type> = args.iter().map(|a| a.ty().clone()).collect();
    eval(&trace(SourceLocation::here(), &types, f).unwrap().program, args).unwrap()
}

fn threefry(key: [u32; 2], counter: [u32; 2]) -> [u32; 2] {
    let args = [key[0], key[1], counter[0], counter[1]].map(Array::scalar);
    let words = run(&args, |v| Val::threefry2x32([v[0], v[1]], [v[2], v[3]]).into());
    [words[0].item().unwrap(), words[1].item().unwrap()]
}

/// Known answers of the authors' Random123 library.
#[test]
fn threefry_gives_the_known_answers() {
    assert_eq!(threefry([0, 0], [0, 0]), [0x6b20_0159, 0x99ba_4efe]);
    assert_eq!(threefry([u32::MAX; 2], [u32::MAX; 2]), [0x1cb9_96fc, 0xbb00_2be7]);
    assert_eq!(threefry([0x1319_8a2e, 0x0370_7344], [0x243f_6a88, 0x85a3_08d3]), [0xc492_3a9c, 0x483d_f7a0]);
}

/// `jax.random.split(key)` is the function of the counters 0 and 1, `fold_in(key, 3)` that of (0, 3).
#[test]
fn split_and_fold_in_are_jaxs() {
    let key = [230_262_731, 581_778_698];
    assert_eq!(threefry(key, [0, 0]), [286_848_151, 4_225_247_151]);
    assert_eq!(threefry(key, [0, 1]), [1_227_631_026, 2_656_478_222]);
    assert_eq!(threefry([1_112_583_891, 1_084_809_463], [0, 3]), [564_311_444, 3_930_871_790]);
}

#[test]
fn bits_of_every_width_come_from_the_position() {
    let key = [230_262_731u32, 581_778_698].map(Array::scalar);
    let words: Vec<[u32; 2]> = (0..6).map(|i| threefry([230_262_731, 581_778_698], [0, i])).collect();
    let bits = run(&key, |k| {
        [Dtype::U32, Dtype::U8, Dtype::I64].map(|d| Val::random_bits([k[0], k[1]], [2, 3], d)).into()
    });
    let one: Vec<u32> = words.iter().map(|w| w[0] ^ w[1]).collect();
    assert_eq!(bits[0], Array::new([2, 3], &one).unwrap());
    assert_eq!(bits[1], Array::new([2, 3], one.iter().map(|b| *b as u8).collect::<Vec<_>>()).unwrap());
    let both = words.iter().map(|w| (i64::from(w[0]) << 32) | i64::from(w[1])).collect::<Vec<_>>();
    assert_eq!(bits[2], Array::new([2, 3], both).unwrap());
}
