//! What a program prints, as another process sees it: every line, in order.

use super::{scalar, vector};
use gradus::{Config, Result, Val, debug_print, grad, jit, vmap};
use std::process::Command;

/// Set where this program runs as the one that prints.
const CHILD: &str = "GRADUS_TEST_PRINTS";

#[test]
fn lines_come_in_program_order_and_lanes_in_theirs() {
    let output = Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", "rules::printing::child", "--nocapture", "--test-threads=1"])
        .env(CHILD, "1")
        .output()
        .expect("the program runs");
    let text = String::from_utf8(output.stdout).expect("text");
    let lines: Vec<&str> = text.lines().filter(|line| line.starts_with('>')).collect();
    let expected = [
        "> first 1.0",
        "> second 2.00, [0.  1.5]",
        "> first 3.0",
        "> second 4.00, [0.  1.5]",
        "> lane 1.0",
        "> lane 2.0",
        "> lane 3.0",
        "> after {lanes}",
        "> after {lanes}",
        "> after {lanes}",
        "> once 2.0",
        "> of 1.0 10.0",
        "> of 1.0 20.0",
        "> of 2.0 10.0",
        "> of 2.0 20.0",
    ];
    assert_eq!(lines, expected, "{text}");
}

#[test]
fn child() -> Result<()> {
    if std::env::var_os(CHILD).is_none() {
        return Ok(());
    }
    println!("lines of its own follow");
    let f = jit(|x: &Val, y: &Val| {
        debug_print("> first {}", x);
        let unused = x.sin();
        debug_print("> second {:.2}, {}", &(x + 1.0, *y));
        let _ = unused;
        x * 2.0
    });
    f(&scalar(1.), &vector(&[0., 1.5]))?;
    let two = f.with(Config { threads: 2, ..Config::default() });
    two(&scalar(3.), &vector(&[0., 1.5]))?;
    jit(vmap(|x: &Val| {
        debug_print("> lane {}", x);
        debug_print("> after {{lanes}}", &());
        x * 2.0
    }))(&vector(&[1., 2., 3.]))?;
    // The reverse pass does not print again.
    jit(grad(|x: &Val| {
        debug_print("> once {}", x);
        x * x
    }))(&scalar(2.))?;
    jit(|x: &Val, y: &Val| {
        let y = *y;
        vmap(move |x: &Val| {
            let x = *x;
            vmap(move |y: &Val| {
                debug_print("> of {} {}", &(x, *y));
                x + y
            })(&y)
        })(x)
    })(&vector(&[1., 2.]), &vector(&[10., 20.]))?;
    Ok(())
}
