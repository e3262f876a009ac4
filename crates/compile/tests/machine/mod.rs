//! Running a kernel on every generator and comparing with the interpreter.

use std::ops::Range;

use gradus_compile::codegen::{CodeArena, Function, Isa, Target, compile};
use gradus_kernel::{Access, Kernel, Scalar, interpret};

/// A kernel compiled for every level.
pub(crate) struct Compiled<'k> {
    kernel: &'k Kernel,
    functions: Vec<(Isa, Function)>,
}

pub(crate) fn compiled(kernel: &Kernel) -> Compiled<'_> {
    let codes: Vec<_> = Isa::ALL
        .iter()
        .map(|&level| {
            let isa = Target::host(level).expect("the host is supported");
            compile(kernel, &isa).unwrap_or_else(|error| panic!("{level:?}: {error}\n{kernel}"))
        })
        .collect();
    let functions = CodeArena::map(&codes).expect("executable memory");
    Compiled { kernel, functions: Isa::ALL.into_iter().zip(functions).collect() }
}

/// Compiles a kernel and compares one run.
pub(crate) fn check(kernel: &Kernel, buffers: &[Vec<u8>], range: Range<i64>) {
    compiled(kernel).check(buffers, range);
}

impl Compiled<'_> {
    /// Compares one run of every level with the interpreter. Each buffer has guard bytes behind it.
    pub(crate) fn check(&self, buffers: &[Vec<u8>], range: Range<i64>) {
        const GUARD: usize = 64;
        let guarded: Vec<Vec<u8>> =
            buffers.iter().map(|buffer| [&buffer[..], &[0xA5; GUARD]].concat()).collect();
        let mut expected = guarded.clone();
        interpret(self.kernel, &mut expected, range.clone());
        for (level, function) in &self.functions {
            let mut got = guarded.clone();
            let pointers: Vec<*mut u8> = got.iter_mut().map(|buffer| buffer.as_mut_ptr()).collect();
            // SAFETY: the interpreter ran the same accesses within the same buffers, which are separate.
            unsafe { function.call(pointers.as_ptr(), range.start, range.end) };
            for (k, buffer) in self.kernel.buffers().iter().enumerate() {
                if buffer.access == Access::Read {
                    assert_eq!(got[k], guarded[k], "{level:?} wrote to buffer {k} of\n{}", self.kernel);
                }
                let (got, expected) =
                    (elements(buffer.scalar, &got[k]), elements(buffer.scalar, &expected[k]));
                if let Some(at) = (0..got.len()).find(|&at| !same(buffer.scalar, got[at], expected[at])) {
                    let inputs: Vec<String> = self
                        .kernel
                        .buffers()
                        .iter()
                        .zip(&guarded)
                        .map(|(buffer, bytes)| {
                            format!(
                                "{:?}",
                                elements(buffer.scalar, bytes).get(at).map(|&x| shown(buffer.scalar, x))
                            )
                        })
                        .collect();
                    panic!(
                        "{level:?}, range {range:?}, buffer {k}, element {at}: {}, interpreted {}; buffers there {inputs:?}\n{}",
                        shown(buffer.scalar, got[at]),
                        shown(buffer.scalar, expected[at]),
                        self.kernel
                    );
                }
            }
        }
    }
}

fn shown(scalar: Scalar, bits: u64) -> String {
    match scalar {
        Scalar::F32 => format!("{:?}", f32::from_bits(bits as u32)),
        Scalar::F64 => format!("{:?}", f64::from_bits(bits)),
        _ => format!("{}", scalar.i64_of_bits(bits)),
    }
}

fn elements(scalar: Scalar, bytes: &[u8]) -> Vec<u64> {
    let size = scalar.size_bytes();
    bytes
        .chunks_exact(size)
        .map(|chunk| {
            let mut wide = [0; 8];
            wide[..size].copy_from_slice(chunk);
            u64::from_le_bytes(wide)
        })
        .collect()
}

fn same(scalar: Scalar, x: u64, y: u64) -> bool {
    let both_nan = match scalar {
        Scalar::F32 => f32::from_bits(x as u32).is_nan() && f32::from_bits(y as u32).is_nan(),
        Scalar::F64 => f64::from_bits(x).is_nan() && f64::from_bits(y).is_nan(),
        _ => false,
    };
    x == y || both_nan
}

/// A buffer of elements given as lane bits.
pub(crate) fn filled(scalar: Scalar, values: &[u64]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()[..scalar.size_bytes()].to_vec()).collect()
}

/// Values at which implementations differ, as lane bits.
pub(crate) fn edge_values(scalar: Scalar) -> Vec<u64> {
    let floats = [
        0.0,
        1.0,
        0.5,
        1.5,
        2.5,
        3.0,
        100.0,
        255.5,
        65536.5,
        2147483648.0,
        4294967296.0,
        9.3e18,
        1.9e19,
        1e30,
        1e-30,
        0.49999997,
        8388609.0,
        4503599627370497.5,
        88.8,
        104.5,
        710.5,
        746.5,
        f64::INFINITY,
    ];
    let both_signs = |x: f64| [x, -x].map(|x| scalar.bits_of_f64(x));
    match scalar {
        Scalar::Bool => vec![0, 1],
        Scalar::F32 => {
            let mut values: Vec<u64> = floats.into_iter().flat_map(both_signs).collect();
            for x in [f32::MAX, f32::MIN_POSITIVE, f32::from_bits(1), f32::from_bits(0x7F_FFFF), f32::EPSILON]
            {
                values.extend(both_signs(f64::from(x)));
            }
            values.push(scalar.bits_of_f64(f64::NAN));
            values
        }
        Scalar::F64 => {
            let mut values: Vec<u64> = floats.into_iter().flat_map(both_signs).collect();
            for x in
                [f64::MAX, f64::MIN_POSITIVE, f64::from_bits(1), f64::EPSILON, f64::from(f32::MAX), 1e-40]
            {
                values.extend(both_signs(x));
            }
            values.push(scalar.bits_of_f64(f64::NAN));
            values
        }
        _ => {
            let mut values: Vec<u64> =
                [0, 1, 2, 3, 7, 8, 31, 32, 63, 64, 100, -1, -2, -7].map(|x| scalar.bits_of_i64(x)).to_vec();
            values.extend([
                scalar.min_bits(),
                scalar.max_bits(),
                scalar.max_bits() - 1,
                scalar.min_bits() + 1,
            ]);
            values
        }
    }
}

/// A small fixed generator (splitmix64), so that a failure repeats.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Any lane bits, or a moderate value.
    pub(crate) fn lane(&mut self, scalar: Scalar) -> u64 {
        if self.bits() & 1 == 0 { self.bits() & scalar.mask() } else { self.moderate_lane(scalar) }
    }

    /// A value of small magnitude.
    pub(crate) fn moderate_lane(&mut self, scalar: Scalar) -> u64 {
        let unit = (self.bits() >> 11) as f64 / (1_u64 << 52) as f64 - 1.0;
        if scalar.is_float() {
            scalar.bits_of_f64(unit * 8.0)
        } else {
            scalar.bits_of_i64((unit * 100.0) as i64)
        }
    }
}
