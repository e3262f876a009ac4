//! Element types: complex numbers, 16-bit floats, small integers.

use super::{Found, many, two};
use crate::manifest::Params;
use gradus::{Dtype, Val, full, ones, random, zeros};

pub(super) fn find(op: &str, params: &Params) -> Found {
    complex(op).or_else(|| drawn(op, params)).or_else(|| other(op, params))
}

fn complex(op: &str) -> Found {
    let f: fn(Val, Val) -> Val = match op {
        "complex.mul" => |x, y| x * y,
        "complex.div" => |x, y| x / y,
        "complex.exp" => |x, y| x.exp() + y,
        "complex.abs" => |x, y| x.abs() + y.abs(),
        "complex.conj" => |x, y| x.conj() * y,
        "complex.real_imag" => return many(|a| vec![a[0].real(), a[1].imag()]),
        "complex.angle" => |x, y| (x * y).angle(),
        "complex.sqrt" => |x, y| x.sqrt() * y,
        "complex.log" => |x, y| x.log() * y,
        "complex.tanh" => |x, y| x.tanh() + y,
        "complex.matmul" => |x, y| x.matmul(y),
        "complex.pow" => |x, y| x.pow(y),
        "complex.sum" => |x, y| (x * y).sum(),
        "complex.sin" => |x, y| x.sin() * y.cos(),
        _ => return None,
    };
    two(f)
}

fn drawn(op: &str, params: &Params) -> Found {
    let draw: fn(Val, Vec<usize>) -> Val = match op {
        "random.bits16" => |key, shape| random::bits(key, shape, Dtype::U16),
        "random.bits8" => |key, shape| random::bits(key, shape, Dtype::U8),
        "random.uniform_bf16" => |key, shape| random::uniform_between(key, shape, Dtype::BF16, 0.0, 1.0),
        "random.uniform_f16" => |key, shape| random::uniform_between(key, shape, Dtype::F16, 0.0, 1.0),
        "random.normal_bf16" => |key, shape| random::normal_of(key, shape, Dtype::BF16),
        "random.randint8" => {
            let (shape, low, high) = (params.dims("s")?, params.int("lo")?, params.int("hi")?);
            return many(move |a| vec![random::randint_of(a[0], shape.clone(), Dtype::I8, low, high)]);
        }
        _ => return None,
    };
    let shape = params.dims("s")?;
    many(move |a| vec![draw(a[0], shape.clone())])
}

fn other(op: &str, params: &Params) -> Found {
    match op {
        "bf16.chain" => two(|x, w| x.matmul(w).tanh().sum_axes(-1)),
        "lax.dot_general_pref" => two(|a, b| a.astype(Dtype::F32).matmul(b.astype(Dtype::F32))),
        "lax.reduce_precision" => {
            let (e, m) = (params.int("e")? as u32, params.int("m")? as u32);
            many(move |a| vec![a[0].reduce_precision(e, m)])
        }
        "create.full" => many(|_| {
            vec![
                full([2, 2], Val::from(3.5).astype(Dtype::F32)),
                zeros([0, 3], Dtype::F32),
                ones([2], Dtype::I8),
            ]
        }),
        _ => None,
    }
}
