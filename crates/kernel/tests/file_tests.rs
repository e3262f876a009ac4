//! Runs `tests/kernel/*.kernel`: a pass on a kernel in, the kernel that it makes out; `BLESS=1` writes what it makes.
//!
//! The first line says what to run: `// run: contract`, or another of [`PASSES`]. `// run: verify` is about a kernel
//! that is refused: behind `// ---` stands why. `// run: interpret 0..4` runs a part of the outer loop on the buffers
//! that the lines `// b0: 1.0, 2.0` give; behind `// ---` stand the buffers as they are then. Where a file of a pass
//! gives buffers and `// range: 0..4`, the kernels before and behind the pass leave the same in them (but `contract`,
//! which rounds less).

use crate::blessed;
use gradus_kernel::{
    Kernel, Scalar, contract, interpret, reduce_register_pressure, remove_dead_code, renumber, verify,
};
use std::ops::Range;
use std::path::Path;

type Pass = fn(&mut Kernel);

const PASSES: &[(&str, Pass)] = &[
    ("contract", contract),
    ("dead_code", remove_dead_code),
    ("reduce_register_pressure", reduce_register_pressure),
    ("renumber", renumber),
];

#[test]
fn files() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/kernel");
    let count = blessed::check(&folder, "kernel", run_file);
    assert!(count > 20, "{} holds only {count} .kernel files", folder.display());
}

/// The whole file as it should be.
fn run_file(text: &str) -> Result<String, String> {
    let (input, header) = blessed::input(text)?;
    let words: Vec<&str> = header.split_whitespace().collect();
    let parsed = input.parse::<Kernel>();
    if words == ["verify"] {
        return match parsed {
            Ok(_) => Err("the kernel is right".into()),
            Err(why) => Ok(format!("{input}\n// ---\n// {why}\n")),
        };
    }
    let kernel = parsed.map_err(|e| e.to_string())?;
    let made = match words[..] {
        ["interpret", range] => {
            let mut buffers = given_buffers(&kernel, input)?.ok_or("no line gives the buffers")?;
            interpret(&kernel, &mut buffers, range_of(range)?);
            written(&kernel, &buffers)
        }
        [name] => {
            let pass = PASSES.iter().find(|(known, _)| *known == name);
            let (_, pass) = pass.ok_or_else(|| format!("no pass is called `{name}`"))?;
            run_pass(&kernel, *pass, name, input)?.to_string()
        }
        _ => return Err("one pass, `verify`, or `interpret` and a range".into()),
    };
    Ok(format!("{input}\n// ---\n{made}"))
}

fn run_pass(kernel: &Kernel, pass: Pass, name: &str, input: &str) -> Result<Kernel, String> {
    let mut made = kernel.clone();
    pass(&mut made);
    verify(&made).map_err(|e| format!("{name} made a wrong kernel: {e}\n{made}"))?;
    let range = input.lines().find_map(|line| line.strip_prefix("// range: "));
    if let (Some(range), Some(buffers)) = (range, given_buffers(kernel, input)?) {
        let (mut before, mut behind) = (buffers.clone(), buffers);
        interpret(kernel, &mut before, range_of(range)?);
        interpret(&made, &mut behind, range_of(range)?);
        if name != "contract" && before != behind {
            return Err(format!("{name} made another result:\n{}", written(&made, &behind)));
        }
    }
    Ok(made)
}

fn range_of(text: &str) -> Result<Range<i64>, String> {
    let ends =
        text.split_once("..").and_then(|(lower, upper)| Some(lower.parse().ok()?..upper.parse().ok()?));
    ends.ok_or_else(|| format!("`{text}` is no range"))
}

/// The bytes of the buffers that lines of the header give, if any does.
fn given_buffers(kernel: &Kernel, input: &str) -> Result<Option<Vec<Vec<u8>>>, String> {
    let mut all = vec![];
    for (k, buffer) in kernel.buffers().iter().enumerate() {
        let Some(elements) = input.lines().find_map(|line| line.strip_prefix(&format!("// b{k}: ")[..]))
        else {
            return Ok(None);
        };
        let mut bytes = vec![];
        for word in elements.split(", ") {
            let wrong = || format!("`{word}` is no {}", buffer.scalar);
            bytes.extend(element(buffer.scalar, word.trim()).ok_or_else(wrong)?);
        }
        all.push(bytes);
    }
    Ok(Some(all))
}

fn element(scalar: Scalar, word: &str) -> Option<Vec<u8>> {
    let bits = match scalar {
        Scalar::F32 => word.parse::<f32>().ok()?.to_bits().into(),
        Scalar::F64 => word.parse::<f64>().ok()?.to_bits(),
        Scalar::Bool => word.parse::<bool>().ok()?.into(),
        _ => word.parse::<i128>().ok()? as u64,
    };
    Some(bits.to_le_bytes()[..scalar.size_bytes()].to_vec())
}

/// The buffers, a line for each.
fn written(kernel: &Kernel, buffers: &[Vec<u8>]) -> String {
    let line = |(k, bytes): (usize, &Vec<u8>)| {
        let scalar = kernel.buffers()[k].scalar;
        let show = |bytes: &[u8]| {
            let mut wide = [0; 8];
            wide[..bytes.len()].copy_from_slice(bytes);
            let bits = u64::from_le_bytes(wide);
            match scalar {
                Scalar::F32 => format!("{:?}", f32::from_bits(bits as u32)),
                Scalar::F64 => format!("{:?}", f64::from_bits(bits)),
                Scalar::Bool => (bits != 0).to_string(),
                _ if scalar.is_signed_int() => scalar.i64_of_bits(bits).to_string(),
                _ => bits.to_string(),
            }
        };
        let elements: Vec<String> = bytes.chunks(scalar.size_bytes()).map(show).collect();
        format!("// b{k}: {}\n", elements.join(", "))
    };
    buffers.iter().enumerate().map(line).collect()
}
