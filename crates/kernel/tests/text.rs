//! Kernels print and parse back; wrong text is refused with its line and column, never a panic.

use gradus_kernel::{
    Access, Binary, BufferId, Builder, ColdFunction, Combine, Comparison, Index, Kernel, Reduce, Scalar,
    Unary, Value, contract, reduce_register_pressure, remove_dead_code, verify,
};
use proptest::prelude::*;

/// A stream of numbers.
struct Random(u64);

impl Random {
    fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0 ^ (self.0 >> 29)
    }
    fn below(&mut self, n: usize) -> usize {
        ((self.bits() >> 24) as usize) % n
    }
    fn of<T: Copy>(&mut self, among: &[T]) -> T {
        among[self.below(among.len())]
    }
}

/// Writes statements of every kind.
struct Writer<'r> {
    random: &'r mut Random,
    /// Values that are in scope.
    values: Vec<Value>,
    buffers: Vec<BufferId>,
    within_lanes: bool,
}

impl Writer<'_> {
    fn of_type(&mut self, b: &mut Builder, scalar: Scalar) -> Value {
        let fitting: Vec<Value> = self.values.iter().copied().filter(|v| b.scalar(*v) == scalar).collect();
        if fitting.is_empty() || self.random.below(8) == 0 {
            self.constant(b, scalar)
        } else {
            self.random.of(&fitting)
        }
    }

    /// Any bits, often those of numbers that are hard to print.
    fn constant(&mut self, b: &mut Builder, scalar: Scalar) -> Value {
        let exponents = if scalar == Scalar::F32 { 0x7F80_0000 } else { 0x7FF0_0000_0000_0000 };
        let any = self.random.bits();
        let bits = match self.random.below(6) {
            0 => 0,
            1 => 1 << (scalar.width() - 1),
            2 => exponents,
            3 => exponents | any,
            _ => any,
        };
        b.bits(scalar, bits & scalar.mask())
    }

    fn index(&mut self, b: &mut Builder) -> Index {
        let mut index = Index::constant(self.random.of(&[0, 1, -3, i64::MAX, i64::MIN]));
        for _ in 0..self.random.below(3) {
            let value = self.of_type(b, Scalar::I64);
            if index.coefficient(value) == 0 {
                index = index.plus(value, self.random.of(&[1, -1, 8, i64::MIN, i64::MAX]));
            }
        }
        index
    }

    fn operation(&mut self, b: &mut Builder) {
        // Half of them floats, which have most operations.
        let floats = [Scalar::F32, Scalar::F64];
        let scalar =
            if self.random.below(2) == 0 { self.random.of(&floats) } else { self.random.of(&Scalar::ALL) };
        let (x, y, z) = (self.of_type(b, scalar), self.of_type(b, scalar), self.of_type(b, scalar));
        let condition = self.of_type(b, Scalar::Bool);
        let (unary, binary) = (self.random.of(&Unary::ALL), self.random.of(&Binary::ALL));
        let function = self.random.of(ColdFunction::ALL);
        let value = match self.random.below(9) {
            0 if unary.accepts(scalar) => b.unary(unary, x),
            1 | 2 if binary.accepts(scalar) => b.binary(binary, x, y),
            3 if scalar.is_float() => b.fma(x, y, z),
            4 => b.compare(self.random.of(&Comparison::ALL), x, y),
            5 => b.select(condition, x, y),
            6 => {
                let to = self.random.of(&Scalar::ALL);
                let same_width = to.width() == scalar.width() && to != Scalar::Bool && scalar != Scalar::Bool;
                if same_width { b.bitcast(to, x) } else { b.convert(to, x) }
            }
            7 | 8 if scalar.is_float() => b.call(function, &[x, y, z][..function.num_args()]),
            _ => x,
        };
        self.values.push(value);
    }

    fn load(&mut self, b: &mut Builder) {
        let buffer = self.random.of(&self.buffers.clone());
        let index = self.index(b);
        let value = b.load(buffer, index);
        self.values.push(value);
    }

    fn store(&mut self, b: &mut Builder) {
        let scalar = self.random.of(&Scalar::ALL);
        let value = self.of_type(b, scalar);
        let access = self.random.of(&[Access::Write, Access::ReadWrite]);
        let buffer = b.buffer(scalar, access);
        let index = self.index(b);
        b.store(buffer, index, value);
    }

    /// Statements of a block, whose values are out of scope behind it.
    fn block(&mut self, b: &mut Builder, depth: usize) {
        for _ in 0..self.random.below(6) {
            match self.random.below(if depth > 2 { 6 } else { 10 }) {
                0..4 => self.operation(b),
                4 => self.load(b),
                5 if !self.within_lanes => self.store(b),
                6 => self.serial(b, depth),
                7 if !self.within_lanes => self.lanes(b, depth),
                8 if !self.within_lanes => self.branch(b, depth),
                9 if !self.within_lanes => self.repeat(b, depth),
                _ => {}
            }
        }
    }

    fn scoped<T>(&mut self, own: &[Value], f: impl FnOnce(&mut Self) -> T) -> T {
        let before = self.values.len();
        self.values.extend_from_slice(own);
        let result = f(self);
        self.values.truncate(before);
        result
    }

    fn some(&mut self, b: &mut Builder, most: usize) -> Vec<Value> {
        let scalars: Vec<Scalar> =
            (0..self.random.below(most + 1)).map(|_| self.random.of(&Scalar::ALL)).collect();
        scalars.into_iter().map(|scalar| self.of_type(b, scalar)).collect()
    }

    fn like(&mut self, b: &mut Builder, values: &[Value]) -> Vec<Value> {
        values.iter().map(|value| self.of_type(b, b.scalar(*value))).collect()
    }

    fn serial(&mut self, b: &mut Builder, depth: usize) {
        let init = self.some(b, 3);
        let end = self.of_type(b, Scalar::I64);
        let uniform = if self.within_lanes { 4.into() } else { gradus_kernel::Bound::Value(end) };
        let results = b.carry(self.random.of(&[0, -2, i64::MIN]), uniform, &init.clone(), |b, i, carried| {
            self.scoped(&[&[i], carried].concat(), |w| {
                w.block(b, depth + 1);
                w.like(b, &init)
            })
        });
        self.values.extend(results);
    }

    fn lanes(&mut self, b: &mut Builder, depth: usize) {
        let count = self.random.below(3);
        let reduce: Vec<Reduce> = (0..count)
            .map(|_| {
                let combine = self.random.of(&Combine::ALL);
                let fitting: Vec<Scalar> =
                    Scalar::ALL.into_iter().filter(|scalar| combine.binary().accepts(*scalar)).collect();
                let scalar = self.random.of(&fitting);
                Reduce { combine, init: self.of_type(b, scalar) }
            })
            .collect();
        let lanes = 1 << self.random.below(7);
        let results = b.reduce_lanes(0, self.random.of(&[0, 7, i64::MAX]), lanes, &reduce, |b, i| {
            self.within_lanes = true;
            let terms = self.scoped(&[i], |w| {
                w.block(b, depth + 1);
                let scalar = w.random.of(&Scalar::ALL);
                let value = w.of_type(b, scalar);
                let target = b.buffer(scalar, Access::Write);
                b.store(target, i, value);
                w.like(b, &reduce.iter().map(|reduce| reduce.init).collect::<Vec<_>>())
            });
            self.within_lanes = false;
            terms
        });
        self.values.extend(results);
    }

    fn branch(&mut self, b: &mut Builder, depth: usize) {
        let condition = self.of_type(b, Scalar::Bool);
        let like = self.some(b, 2);
        let w = std::cell::RefCell::new(&mut *self);
        let block = |b: &mut Builder| {
            w.borrow_mut().scoped(&[], |w| {
                w.block(b, depth + 1);
                w.like(b, &like)
            })
        };
        let results = b.branch(condition, block, block);
        self.values.extend(results);
    }

    fn repeat(&mut self, b: &mut Builder, depth: usize) {
        let init = self.some(b, 2);
        let w = std::cell::RefCell::new(&mut *self);
        let test = |b: &mut Builder, carried: &[Value]| {
            w.borrow_mut().scoped(carried, |w| {
                w.block(b, depth + 1);
                w.of_type(b, Scalar::Bool)
            })
        };
        let body = |b: &mut Builder, carried: &[Value]| {
            w.borrow_mut().scoped(carried, |w| {
                w.block(b, depth + 1);
                w.like(b, &init)
            })
        };
        let results = b.repeat_while(&init, test, body);
        self.values.extend(results);
    }
}

fn random_kernel(seed: u64) -> Kernel {
    let mut b = Builder::new();
    let buffers = Scalar::ALL.map(|scalar| b.buffer(scalar, Access::Read)).to_vec();
    let mut random = Random(seed);
    let values = b.range().to_vec();
    let mut writer = Writer { random: &mut random, values, buffers, within_lanes: false };
    for _ in 0..4 {
        writer.block(&mut b, 0);
        writer.store(&mut b);
    }
    b.finish()
}

fn check(kernel: &Kernel) -> Result<(), TestCaseError> {
    let text = kernel.to_string();
    prop_assert_eq!(verify(kernel), Ok(()));
    let back: Kernel = text.parse().map_err(|e| TestCaseError::fail(format!("{e}\n{text}")))?;
    prop_assert!(back == *kernel, "another kernel is read:\n{}{}", text, back);
    Ok(())
}

fn num_cases() -> u32 {
    if std::env::var_os("GRADUS_SLOW").is_some() { 20_000 } else { 500 }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: num_cases(), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_kernels_print_and_parse_back(seed in any::<u64>()) {
        let mut kernel = random_kernel(seed);
        check(&kernel)?;
        reduce_register_pressure(&mut kernel);
        check(&kernel)?;
        contract(&mut kernel);
        check(&kernel)?;
        remove_dead_code(&mut kernel);
        check(&kernel)?;
    }

    /// Cut and mutated text: an answer of either kind, but an answer; and what is read prints back.
    #[test]
    fn hostile_text_is_answered(seed in any::<u64>(), place in any::<usize>(), other in any::<usize>(), how in 0..4) {
        let mut bytes = random_kernel(seed).to_string().into_bytes();
        let (i, j) = (place % bytes.len(), other % bytes.len());
        match how {
            0 => bytes.truncate(i),
            1 => drop(bytes.remove(i)),
            2 => bytes[i] = b"0129-[]{}(),:=%b* ."[j % 19],
            _ => bytes.swap(i, j),
        }
        if let Some(kernel) = String::from_utf8(bytes).ok().and_then(|text| text.parse::<Kernel>().ok()) {
            check(&kernel)?;
        }
    }
}

/// Every kind of statement and operation is among the random kernels.
#[test]
fn random_kernels_hold_every_word() {
    let names = Unary::ALL.map(Unary::name).into_iter().chain(Binary::ALL.map(Binary::name));
    let names = names.chain(Comparison::ALL.map(Comparison::name)).chain(Combine::ALL.map(Combine::name));
    let words =
        ["fma", "select", "convert", "bitcast", "cold", "nan:", "inf", "-0.0", "for", "while", "if", "lanes"];
    let mut missing: Vec<String> = names.chain(words).map(|word| format!(" {word}")).collect();
    missing.extend(ColdFunction::ALL.iter().map(|function| format!(", {}(", function.name())));
    for seed in 0..30_000 {
        let text = random_kernel(seed).to_string();
        missing.retain(|word| !text.contains(&word[..]));
        if missing.is_empty() {
            return;
        }
    }
    panic!("never drawn: {missing:?}");
}

#[track_caller]
fn refused(text: &str, message: &str) {
    let error = text.parse::<Kernel>().unwrap_err().to_string();
    assert!(error.contains(message), "{error}\nnot {message}");
}

#[test]
fn wrong_text_is_refused_with_line_and_column() {
    let body = |line: &str| format!("kernel(b0: write f32, %0..%1) {{\n  {line}\n}}\n");
    refused("", "1:1: expected `kernel`, found the end of the text");
    refused("kernel(b1: f32, %0..%1) {\n}", "1:8: expected b0, found b1");
    refused("kernel(b0: f33, %0..%1) {\n}", "no type is called `f33`");
    refused("kernel(b0: read f32, %0..%1) {\n}", "expected `write`");
    refused("kernel(%0..%2) {\n}", "expected the range %0..%1, found %2");
    refused(&body("%2: f32 = sun %0"), "2:13: no operation is called `sun`");
    refused(&body("%2: u8 = 256"), "2:12: `256` is no u8");
    refused(&body("%2: i8 = -129"), "`-129` is no i8");
    refused(&body("%2: f32 = nan:7f800000"), "`nan:7f800000` is no f32");
    refused(&body("%2 = %0"), "expected `for`, `lanes`, `if` or `while`");
    refused(&body("%4294967295: f32 = 1.0"), "`%4294967295` is not the number of a value");
    refused(&body("%3: f32 = 1.0"), "%2 has a type and is defined nowhere");
    refused(&body("b0[%0 + %0] = %1"), "%0 stands twice");
    refused(&body("for %2 in 0..4, %3 = %0 {\n yield %3, %3\n }"), "yields 2 values, but 1 are taken up");
    refused(&body("for %2 in 0..4, %3 = %0 {\n yield %3\n }"), "1 values are carried, and 0 results named");
    refused(&body("lanes %2 in 0..4 {\n sum %0, %2\n }"), "no result is named for the reduction");
    refused("kernel(%0..%1) {\n} x", "2:3: expected the end of the text, found `x`");
    let deep = "for %2 in 0..1 { ".repeat(100_000);
    refused(&format!("kernel(%0..%1) {{ {deep}"), "more than 64 blocks inside one another");
}
