//! Executable memory is given back with the last function of its group.

use gradus_compile::codegen::{Code, CodeArena, Isa, Target, compile};
use gradus_kernel::{Scalar, elementwise};

const GROUPS: usize = 5_000;

/// Bytes of this process that are in memory: address space that the allocator reserves for a thread does not count.
fn resident_bytes() -> usize {
    let status =
        std::fs::read_to_string("/proc/self/status").expect("Linux says how much memory a process has");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a line of its size");
    line.trim().trim_end_matches(" kB").parse::<usize>().expect("a number") << 10
}

/// Maps groups of two, and calls one function when the other is gone.
fn map_call_and_drop(code: &Code) {
    for _ in 0..GROUPS {
        let mut functions = CodeArena::map([code, code]).expect("executable memory");
        let last = functions.remove(1);
        drop(functions);
        let (mut x, mut y) = ([0.0f32], [1.0f32]);
        let buffers: [*mut u8; 2] = [x.as_mut_ptr().cast(), y.as_mut_ptr().cast()];
        // SAFETY: one element of each buffer, which are separate; `last` keeps the code of both mapped.
        unsafe { last.call(buffers.as_ptr(), 0, 1) };
        assert_eq!(y, [0.0]);
    }
}

#[test]
#[cfg_attr(not(target_os = "linux"), ignore = "reads /proc")]
fn two_threads_give_all_of_it_back() {
    let target = Target::host(Isa::Scalar).expect("the host is supported");
    let kernel = elementwise(&[Scalar::F32], |b, x| vec![b.tanh(x[0])]);
    let code = compile(&kernel, &target).expect("it compiles");
    let before = resident_bytes();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| map_call_and_drop(&code));
        }
    });
    let grown = resident_bytes().saturating_sub(before);
    // A page for each group would be twice this.
    assert!(grown < GROUPS * 4096, "{grown} bytes more are in memory");
}
