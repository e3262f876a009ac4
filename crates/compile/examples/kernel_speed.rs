//! Speed of generated kernels: nanoseconds per element on data in the first-level cache, compile time, code size.
//!
//! `cargo run --release -p gradus-compile --example kernel_speed`

use gradus_compile::codegen::{CodeArena, Function, Isa, Target, compile};
use gradus_kernel::{
    Access, Builder, Combine, Index, Kernel, Reduce, Scalar, Value, elementwise, reduction_lanes,
};

const ELEMENTS: i64 = 4096;

fn main() {
    let scalar = Scalar::F32;
    let unary = |body: fn(&mut Builder, Value) -> Value| elementwise(&[scalar], |b, x| vec![body(b, x[0])]);
    let cases: Vec<(&str, Kernel, i64, i64)> = vec![
        ("add", elementwise(&[scalar; 2], |b, x| vec![b.add(x[0], x[1])]), ELEMENTS, ELEMENTS),
        ("relu", unary(relu), ELEMENTS, ELEMENTS),
        ("exp", unary(|b, x| b.exp(x)), ELEMENTS, ELEMENTS),
        ("log", unary(|b, x| b.log(x)), ELEMENTS, ELEMENTS),
        ("tanh", unary(|b, x| b.tanh(x)), ELEMENTS, ELEMENTS),
        ("logistic", unary(|b, x| b.logistic(x)), ELEMENTS, ELEMENTS),
        ("sin", unary(|b, x| b.sin(x)), ELEMENTS, ELEMENTS),
        ("erf", unary(|b, x| b.erf(x)), ELEMENTS, ELEMENTS),
        ("gelu", unary(gelu), ELEMENTS, ELEMENTS),
        ("exp f64", elementwise(&[Scalar::F64], |b, x| vec![b.exp(x[0])]), ELEMENTS, ELEMENTS),
        ("sum", reduction(Combine::Sum, false), 0, ELEMENTS),
        ("max", reduction(Combine::Max, false), 0, ELEMENTS),
        ("softmax 40x100", softmax(100), 40, ELEMENTS),
        ("softmax 400x10", softmax(10), 400, ELEMENTS),
        ("columns 40x100", columns(40, 100), 100, ELEMENTS),
    ];
    println!("{:16} {:>10} {:>10} {:>10} {:>10}", "kernel", "sse ns", "scalar ns", "compile us", "bytes");
    for (name, kernel, range, elements) in cases {
        let mut line = format!("{name:16}");
        let (mut size, mut microseconds) = (0, 0.0);
        for level in [Isa::Sse, Isa::Scalar] {
            let isa = Target::host(level).expect("the host is supported");
            let start = thread_seconds();
            for _ in 0..20 {
                compile(&kernel, &isa).expect("it compiles");
            }
            let code = compile(&kernel, &isa).expect("it compiles");
            if level == Isa::Sse {
                microseconds = (thread_seconds() - start) / 20.0 * 1e6;
                size = code.num_bytes();
                if std::env::args().nth(1).is_some_and(|wanted| wanted == name) {
                    std::fs::write("kernel.bin", code.bytes()).expect("a writable directory");
                    println!("{kernel}");
                }
            }
            let function = CodeArena::map([&code]).expect("executable memory").remove(0);
            line += &format!(" {:10.3}", time(&function, range) / elements as f64);
        }
        println!("{line} {microseconds:10.0} {size:10}");
    }
}

/// Processor time of this thread, which other processes do not lengthen.
fn thread_seconds() -> f64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is a valid place for the result.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut time) };
    time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9
}

/// Nanoseconds of the fastest call.
fn time(function: &Function, range: i64) -> f64 {
    let count = ELEMENTS as usize;
    // Moderate values when read as f32, and when read as f64.
    let element =
        |k: usize| f64::from_bits(0x3FE8_0000_3FE8_0000 + ((k as u64 % 97) << 44) + ((k as u64 % 89) << 15));
    let x: Vec<f64> = (0..count).map(element).collect();
    let mut buffers = [x.clone(), x.clone(), x];
    let pointers: Vec<*mut u8> = buffers.iter_mut().map(|buffer| buffer.as_mut_ptr().cast()).collect();
    let mut best = f64::MAX;
    for _ in 0..50 {
        let start = thread_seconds();
        for _ in 0..10 {
            // SAFETY: three separate buffers of 4096 elements of 8 bytes; every kernel here stays within them.
            unsafe { function.call(pointers.as_ptr(), 0, range) };
        }
        best = best.min((thread_seconds() - start) / 10.0 * 1e9);
    }
    best
}

fn relu(b: &mut Builder, x: Value) -> Value {
    let zero = b.float(b.scalar(x), 0.0);
    b.max(x, zero)
}

/// `x / 2 · (1 + tanh(√(2/π) · (x + 0.044715 x³)))`.
fn gelu(b: &mut Builder, x: Value) -> Value {
    let [half, one, scale, cubic] = [0.5, 1.0, 0.797_884_560_8, 0.044_715].map(|c| b.float(Scalar::F32, c));
    let square = b.mul(x, x);
    let inner = b.mul(cubic, square);
    let inner = b.add(inner, one);
    let inner = b.mul(inner, x);
    let inner = b.mul(inner, scale);
    let tanh = b.tanh(inner);
    let factor = b.add(tanh, one);
    let x = b.mul(x, half);
    b.mul(x, factor)
}

fn reduction(combine: Combine, heavy: bool) -> Kernel {
    let mut b = Builder::new();
    let x = b.buffer(Scalar::F32, Access::Read);
    let y = b.buffer(Scalar::F32, Access::Write);
    let init = b.bits(Scalar::F32, combine.identity(Scalar::F32));
    let lanes = reduction_lanes(Scalar::F32, Some(ELEMENTS), heavy);
    let result = b.reduce_lanes(0, ELEMENTS, lanes, &[Reduce { combine, init }], |b, i| vec![b.load(x, i)]);
    b.store(y, 0, result[0]);
    b.finish()
}

fn softmax(columns: i64) -> Kernel {
    let mut b = Builder::new();
    let x = b.buffer(Scalar::F32, Access::Read);
    let y = b.buffer(Scalar::F32, Access::ReadWrite);
    let [lower, upper] = b.range();
    b.serial(lower, upper, |b, row| {
        let at = |column| Index::constant(0).plus(row, columns).plus(column, 1);
        let lanes = reduction_lanes(Scalar::F32, Some(columns), false);
        let init = b.float(Scalar::F32, f64::NEG_INFINITY);
        let reduce = [Reduce { combine: Combine::Max, init }];
        let largest = b.reduce_lanes(0, columns, lanes, &reduce, |b, i| vec![b.load(x, at(i))])[0];
        let lanes = reduction_lanes(Scalar::F32, Some(columns), true);
        let init = b.float(Scalar::F32, 0.0);
        let total = b.reduce_lanes(0, columns, lanes, &[Reduce { combine: Combine::Sum, init }], |b, i| {
            let x = b.load(x, at(i));
            let shifted = b.sub(x, largest);
            let power = b.exp(shifted);
            b.store(y, at(i), power);
            vec![power]
        })[0];
        b.lanes(0, columns, |b, i| {
            let power = b.load(y, at(i));
            let one = b.float(Scalar::F32, 1.0);
            let factor = b.div(one, total);
            let scaled = b.mul(power, factor);
            b.store(y, at(i), scaled);
        });
    });
    b.finish()
}

fn columns(rows: i64, columns: i64) -> Kernel {
    let mut b = Builder::new();
    let x = b.buffer(Scalar::F32, Access::Read);
    let y = b.buffer(Scalar::F32, Access::Write);
    b.lanes(0, columns, |b, column| {
        let zero = b.float(Scalar::F32, 0.0);
        let sum = b.carry(0, rows, &[zero], |b, row, sums| {
            let x = b.load(x, Index::from(column).plus(row, columns));
            vec![b.add(sums[0], x)]
        });
        b.store(y, column, sum[0]);
    });
    b.finish()
}
