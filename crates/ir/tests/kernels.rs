//! The kernel body of every elementwise primitive means what `eval` means, on edge values and on samples.

use gradus_ir::ops::{self, sample::edge_values};
use gradus_ir::{Array, Buffer, Dtype, Op, Type};

/// The results that the kernel interpreter computes for `op` on `args`, all of one shape.
fn run_kernel(op: &Op, args: &[Array], results: &[Type]) -> Vec<Array> {
    let body = op.rules().elementwise().expect("an elementwise primitive");
    let inputs: Vec<_> = args.iter().map(|a| a.dtype().scalar()).collect();
    let kernel = gradus_kernel::elementwise(&inputs, |b, args| body.lower(b, args).to_vec());
    let mut buffers: Vec<Vec<u8>> = args.iter().map(|a| a.bytes().to_vec()).collect();
    buffers.extend(results.iter().map(|ty| vec![0; ty.size_bytes()]));
    gradus_kernel::interpret(&kernel, &mut buffers, 0..args[0].size() as i64);
    let outputs = buffers[args.len()..].iter();
    outputs.zip(results).map(|(bytes, ty)| Array::from_buffer(ty.clone(), buffer_of(bytes))).collect()
}

fn buffer_of(bytes: &[u8]) -> Buffer {
    let mut buffer = Buffer::zeroed(bytes.len());
    buffer.bytes_mut().copy_from_slice(bytes);
    buffer
}

/// How many numbers of the type lie between `x` and `y`.
fn distance(dtype: Dtype, x: f64, y: f64) -> u64 {
    let ordered = |x: f64| {
        let (bits, sign) = match dtype {
            Dtype::F32 => (i64::from((x as f32).to_bits()), 1i64 << 31),
            _ => (x.abs().to_bits() as i64 | (i64::from(x.is_sign_negative()) << 63), i64::MIN),
        };
        if bits & sign != 0 { -(bits & !sign) } else { bits }
    };
    ordered(x).abs_diff(ordered(y))
}

fn check(op: &Op, args: &[Array]) {
    let expected = op.rules().eval(&args.iter().collect::<Vec<_>>()).unwrap();
    let types: Vec<Type> = expected.iter().map(|a| a.ty().clone()).collect();
    let ulps = op.rules().elementwise().map_or(0, |body| body.ulps());
    for (got, expected) in run_kernel(op, args, &types).iter().zip(&expected) {
        // A reference in f64 is itself rounded.
        let allowed = u64::from(ulps) + u64::from(ulps > 0 && expected.dtype() == Dtype::F64);
        let agrees = |i: usize, x: f64, y: f64| {
            pick(got, &[i]) == pick(expected, &[i])
                || x.is_nan() && y.is_nan()
                || got.dtype().is_float() && y != 0.0 && distance(got.dtype(), x, y) <= allowed
        };
        for (i, (x, y)) in got.to_f64_vec().into_iter().zip(expected.to_f64_vec()).enumerate() {
            let at = || args.iter().map(|a| pick(a, &[i])).collect::<Vec<_>>();
            assert!(agrees(i, x, y), "{op:?} of {:?}: {x:e}, not {y:e}", at());
        }
    }
}

/// Every combination of the edge values of `types`.
fn edge_cases(types: &[Type]) -> Vec<Array> {
    let edges: Vec<Vec<f64>> = types.iter().map(|ty| edge_values(ty.dtype).to_f64_vec()).collect();
    let n: usize = edges.iter().map(Vec::len).product();
    let mut repeat = n;
    let mut column = |k: usize| {
        repeat /= edges[k].len();
        let exact = edge_values(types[k].dtype);
        let picks: Vec<usize> = (0..n).map(|i| i / repeat % edges[k].len()).collect();
        pick(&exact, &picks)
    };
    (0..types.len()).map(&mut column).collect()
}

/// The elements of `a` at `picks`, bit for bit.
fn pick(a: &Array, picks: &[usize]) -> Array {
    let width = a.dtype().size_bytes();
    let bytes: Vec<u8> = picks.iter().flat_map(|i| a.bytes()[i * width..(i + 1) * width].to_vec()).collect();
    Array::from_buffer(Type::new(a.dtype(), [picks.len()]), buffer_of(&bytes))
}

fn has_lanes(sample: &ops::Sample) -> bool {
    let types = sample.types();
    let results = gradus_ir::verify::infer(&sample.op, &types.iter().collect::<Vec<_>>()).unwrap();
    types.iter().chain(&results).all(|ty| !ty.dtype.is_complex() && !ty.dtype.is_half())
}

#[test]
fn kernels_agree_with_eval_on_samples() {
    // Kernels hold neither complex numbers nor 16-bit floats: what stands for them is tested as programs.
    let same_shape = |s: &&ops::Sample| s.types().iter().all(|ty| ty.shape == s.types()[0].shape);
    let elementwise = |s: &&ops::Sample| s.op.rules().elementwise().is_some() && has_lanes(s);
    let mut checked = 0;
    for sample in ops::samples().iter().filter(elementwise).filter(same_shape) {
        for seed in 1..20 {
            let args: Vec<Array> = sample.args.iter().map(|a| a.fill(seed)).collect();
            check(&sample.op, &args);
        }
        checked += 1;
    }
    assert!(checked > 200, "{checked} samples");
}

#[test]
fn kernels_agree_with_eval_on_edge_values() {
    let mut failures = vec![];
    for sample in ops::samples().iter().filter(|s| s.op.rules().elementwise().is_some() && has_lanes(s)) {
        let args = edge_cases(&sample.types());
        let checked = std::panic::catch_unwind(|| check(&sample.op, &args));
        failures.extend(
            checked.err().map(|payload| payload.downcast_ref::<String>().cloned().unwrap_or_default()),
        );
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
