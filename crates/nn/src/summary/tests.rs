//! The table of small models whose numbers are known by hand.

use expect_test::expect;
use gradus::{Array, Dtype, Pool, Tree, checkpoint, scan};

use super::*;
use crate::{BatchNorm, Conv, Dense, Keys, init};

#[derive(Tree, Clone)]
struct Net<T = Array> {
    conv: Conv<T>,
    norm: BatchNorm<T>,
    layers: Vec<Dense<T>>,
    scale: T,
    unused: Dense<T>,
}

impl Net<Val> {
    fn new(keys: &Keys) -> Net<Val> {
        Net {
            conv: Conv::new(keys, [3, 3], 3, 8),
            norm: BatchNorm::new(8),
            layers: vec![Dense::new(keys, 128, 16), Dense::new(keys, 16, 16).without_bias()],
            scale: gradus::ones([16], Dtype::F32),
            unused: Dense::new(keys, 2, 2),
        }
    }
    fn apply(&mut self, x: &Val, ctx: &Context) -> Val {
        let h = self.norm.apply(&self.conv.apply(x), ctx).relu().max_pool(&Pool::new([2, 2])); // [n, 4, 4, 8]
        let h = ctx.dropout(self.layers[0].apply(&h.reshape([x.shape()[0], 128])), 0.5);
        self.layers[1].apply(&h) * self.scale
    }
}

#[test]
fn the_table_of_a_network() {
    let model = init(0, Net::new).unwrap();
    let x = Array::full([2, 8, 8, 3], 1.0f32);
    let table = summary(&model, &x, |net, x: &Val, ctx| net.apply(x, ctx)).unwrap();
    // 2 · 2·8·8·8 outputs · 27 products, and the bias; 2 · 2·16 · 128, and the bias.
    assert_eq!(table.layers[0].flops, 2 * 1024 * 27 + 1024);
    assert_eq!(table.layers[2].flops, 2 * 32 * 128 + 32);
    assert!(table.training_bytes.unwrap() > table.forward_bytes);
    let text = table.to_string();
    let (rows, memory) = text.split_once("Forward").unwrap();
    expect![[r#"
        Layer     Output        Parameters  Buffers   FLOPs
        ───────────────────────────────────────────────────
        conv      f32[2,8,8,8]         224        0  56,320
        norm      f32[2,8,8,8]          16       16   4,096
        layers.0  f32[2,16]          2,064        0   8,224
        layers.1  f32[2,16]            256        0   1,024
        scale     f32[2,16]             16        0      32
        unused    -                      6        0       0
        ───────────────────────────────────────────────────
        Parameters: 2,582, buffers: 16 (10.1 KiB in all)
    "#]]
    .assert_eq(rows);
    assert!(
        memory.contains(" FLOPs, ") && memory.contains("\nTraining step, without the optimizer: "),
        "{memory}"
    );
}

#[test]
fn calls_are_looked_into_and_loops_are_layers() {
    let model = init(0, |keys| (Dense::new(keys, 4, 4), Dense::new(keys, 4, 3))).unwrap();
    let x = Array::full([7, 2, 4], 1.0f32);
    let table = summary(&model, &x, |(step, out), xs: &Val, _| {
        let start = xs.at(0);
        let (_, all) = scan(start, xs, |h: Val, x: Val| {
            let h = step.apply(&(h + x));
            (h, h)
        });
        checkpoint(|out: &Dense<Val>, all: &Val| out.apply(all))(out, &all)
    })
    .unwrap();
    let outputs: Vec<String> =
        table.layers.iter().map(|layer| layer.output.as_ref().unwrap().to_string()).collect();
    assert_eq!(outputs, ["f32[7,2,4]", "f32[7,2,3]"]);
    // Seven steps of a sum, a product and a bias; then one product over all.
    assert_eq!(table.layers[0].flops, 7 * (8 + 2 * 8 * 4 + 8));
    assert_eq!(table.layers[1].flops, 2 * 42 * 4 + 42);
}

#[test]
fn a_refused_input_is_an_error() {
    let model = init(0, |keys| Dense::new(keys, 4, 4)).unwrap();
    let x = Array::full([2, 5], 1.0f32);
    let error = summary(&model, &x, |dense, x: &Val, _| dense.apply(x)).unwrap_err().to_string();
    assert!(error.starts_with("Dense: "), "{error}");
}

#[test]
fn numbers_are_grouped_and_bytes_have_units() {
    assert_eq!([0, 999, 1000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
    assert_eq!([0, 1023, 1024, 3 << 29].map(bytes), ["0 B", "1023 B", "1.0 KiB", "1.5 GiB"]);
}
