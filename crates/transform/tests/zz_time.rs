use gradus_ir::*;
use gradus_transform::*;
use std::time::Instant;
#[test]
fn time() {
    let ty = Type::new(Dtype::F32, [8]);
    for _ in 0..3 {
    let t = Instant::now();
    let f = trace(Place::unknown(), &[ty.clone(), ty.clone()], |x| {
        let (mut a, mut b) = (x[0], x[1]);
        for i in 0..5000 {
            let next = if i % 7 == 0 { a.sin() } else { a * b };
            (a, b) = (b, next + a);
        }
        vec![b]
    }).unwrap().program;
    let t1 = t.elapsed();
    let t = Instant::now();
    let (j, _) = jvp(&f, &[true, true]);
    let tj = t.elapsed();
    let t = Instant::now();
    let h = vjp(&f, &[true, true], &[true]);
    let t2 = t.elapsed();
    let t = Instant::now();
    let full = trace(Place::unknown(), &[ty.clone(), ty.clone(), ty.clone()], |x| {
        let y = h.forward.inline(&x[..2]);
        let args: Vec<Val> = y[1..].iter().copied().chain([x[2]]).collect();
        h.backward.inline(&args)
    }).unwrap().program;
    let t3 = t.elapsed();
    let t = Instant::now();
    let s = simplify(&full); let a = t.elapsed();
    let t = Instant::now();
    let s = fold_constants(&s); let b = t.elapsed();
    let t = Instant::now();
    let s = cse(&s); let c = t.elapsed();
    let t = Instant::now();
    let s = dce(&s); let d = t.elapsed();
    let t = Instant::now();
    let o = optimize(&full);
    println!("trace {t1:?} jvp {tj:?} {} vjp {t2:?} inline {t3:?} {} simplify {a:?} fold {b:?} cse {c:?} dce {d:?} {} optimize {:?} {}", j.equations().len(), full.equations().len(), s.equations().len(), t.elapsed(), o.equations().len());
    }
}
