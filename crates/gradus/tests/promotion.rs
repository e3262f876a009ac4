//! Element types of results, for every pair of types and literals, against the oracle's table.

use gradus::{Array, Complex, Dtype, Type, Val, trace, where_};

/// An operand of that name in the table, `None` if the element type is not there yet.
fn operand(name: &str, arrays: &[Array]) -> Option<Operand> {
    Some(match name {
        "weak_int" => Operand::Literal(Val::from(1)),
        "weak_float" => Operand::Literal(Val::from(1.0)),
        "weak_complex" => Operand::Literal(Val::from(Complex::new(1.0, 0.0))),
        "weak_bool" => Operand::Literal(Val::from(true)),
        _ => Operand::Array(arrays.iter().find(|a| a.dtype().name() == name)?.clone()),
    })
}
enum Operand {
    Literal(Val),
    Array(Array),
}
impl Operand {
    fn val(&self) -> Val {
        match self {
            Operand::Literal(v) => *v,
            Operand::Array(a) => Val::from(a),
        }
    }
}

fn arrays() -> Vec<Array> {
    Dtype::ALL.iter().map(|d| Array::from_f64(&Type::new(*d, [2]), [1.0, 1.0])).collect()
}

/// The element type of `f`'s result as the table writes it.
fn observed(f: impl Fn() -> Val + Send + Sync) -> String {
    let seen = std::sync::Mutex::new(String::new());
    let traced = trace(|_: &()| {
        let y = f();
        let star = if y.is_weak() { "*" } else { "" };
        *seen.lock().unwrap() = format!("{}{star}", y.dtype());
        y
    })(&());
    match traced {
        Ok(_) => seen.into_inner().unwrap(),
        Err(_) => "error".into(),
    }
}

fn binary(op: &str, x: Val, y: Val) -> Val {
    match op {
        "add" => x + y,
        "truediv" => x / y,
        "pow" => x.pow(y),
        "floordiv" => x.floor_divide(y),
        "where" => where_(true, x, y),
        "lt" => x.lt(y),
        _ => panic!("an operation that this test does not know: {op}"),
    }
}

/// Rows of the section that begins with `section`, and its operations.
fn rows(section: &str) -> (Vec<&'static str>, Vec<Vec<&'static str>>) {
    let all = include_str!("promotion.txt").lines().map(|l| l.split(' ').collect::<Vec<_>>());
    let mut lines = all.skip_while(|l| l[0] != section);
    let ops = lines.next().unwrap()[1..].to_vec();
    (ops, lines.take_while(|l| l[0] != "unary").collect())
}

#[test]
fn binary_operations_promote_as_the_oracle() {
    let (ops, rows) = rows("binary");
    let arrays = arrays();
    let mut checked = 0;
    let mut wrong = vec![];
    for row in rows {
        let (Some(x), Some(y)) = (operand(row[0], &arrays), operand(row[1], &arrays)) else { continue };
        for (op, expected) in ops.iter().zip(&row[2..]).filter(|(_, e)| **e != "-") {
            let got = observed(|| binary(op, x.val(), y.val()));
            checked += 1;
            if got != **expected {
                wrong.push(format!("{} {op} {}: {got}, expected {expected}", row[0], row[1]));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(checked >= 6 * 300, "only {checked} results were compared");
}
