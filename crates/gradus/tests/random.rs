//! Random numbers against JAX 0.10.2: bit for bit, or to rounding where a logarithm or an error function is in between.

use gradus::{Array, Dtype, Result, Val, arange, jit, linspace, random, trace};

struct Case {
    key: [u32; 2],
    exact: bool,
    name: &'static str,
    f: fn(Val) -> Val,
    dtype: Dtype,
    shape: Vec<usize>,
    values: Vec<f64>,
}

macro_rules! cases {
    ([$k:ident] $($key:tt $how:ident { $($f:tt)* } is $dtype:ident [$($n:expr),*] [$($value:expr),*];)*) => {
        vec![$(Case {
            key: $key,
            exact: stringify!($how) == "exact",
            name: stringify!($($f)*),
            f: |$k| $($f)*,
            dtype: Dtype::$dtype,
            shape: vec![$($n),*],
            values: vec![$($value),*],
        }),*]
    };
}

/// By the reference interpreter, which is the meaning of every Program.
fn run(f: fn(Val) -> Val, key: [u32; 2]) -> Result<Array> {
    let key = Array::from(key);
    let program = trace(move |key: &Val| f(*key))(&key)?;
    Ok(gradus_ir::eval::eval(&program, &[key])?.remove(0))
}

#[test]
fn random_numbers_are_those_of_jax() {
    let (mut wrong, cases) = (vec![], cases());
    assert!(cases.len() > 40, "only {} cases", cases.len());
    for Case { key, exact, name, f, dtype, shape, values } in cases {
        let result = match run(f, key) {
            Ok(result) => result,
            Err(error) => {
                wrong.push(format!("{name}: {error}"));
                continue;
            }
        };
        let got = result.to_f64_vec();
        let near = |a: f64, b: f64| if exact { a == b } else { (a - b).abs() <= 1e-6 + 1e-5 * b.abs() };
        let agrees = got.len() == values.len() && got.iter().zip(&values).all(|(a, b)| near(*a, *b));
        if !agrees || result.dtype() != dtype || result.shape() != shape {
            wrong.push(format!(
                "{name} of {key:?}: {} {got:?}, expected {dtype}{shape:?} {values:?}",
                result.ty()
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn keys_of_seeds_are_those_of_jax() {
    let keys = jit(|s: &Val| (random::key(0), random::key(42), random::key(s)))(&Array::from(-1i32)).unwrap();
    assert_eq!(keys, (Array::from([0u32, 0]), Array::from([0u32, 42]), Array::from([0u32, u32::MAX])));
    assert_eq!(random::seed(1 << 32 | 5), Array::from([1u32, 5]));
}

#[rustfmt::skip]
fn cases() -> Vec<Case> {
    cases! { [k]
        // key [0, 0]
        [0, 0] exact { random::split(k, 3) } is U32 [3, 2] [1797259609.0, 2579123966.0, 928981903.0, 3453687069.0, 4146024105.0, 2718843009.0];
        [0, 0] exact { random::fold_in(k, 7) } is U32 [2] [2716826189.0, 292468403.0];
        [0, 0] exact { random::bits(k, [2, 3], Dtype::U32) } is U32 [2, 3] [4070199207.0, 4202968722.0, 1427181096.0, 2012915765.0, 2447653815.0, 710830403.0];
        [0, 0] exact { random::bits(k, [5], Dtype::U8) } is U8 [5] [167.0, 146.0, 40.0, 53.0, 183.0];
        [0, 0] exact { random::uniform(k, [2, 2]) } is F32 [2, 2] [0.9476670026779175, 0.9785798788070679, 0.33229148387908936, 0.46866846084594727];
        [0, 0] exact { random::uniform_between(k, [5], Dtype::F32, -3.0, 0.7) } is F32 [5] [0.5063679814338684, 0.6207455992698669, -1.7705215215682983, -1.265926718711853, -0.8914117217063904];
        [0, 0] exact { random::randint(k, [6], -3, 11) } is I32 [6] [-2.0, -1.0, 3.0, 6.0, 10.0, 2.0];
        [0, 0] exact { random::randint(k, [3], 0, 1000000) } is I32 [3] [327077.0, 727312.0, 208264.0];
        [0, 0] exact { random::bernoulli(k, 0.3, [7]) } is Bool [7] [0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0];
        [0, 0] exact { random::rademacher(k, [5]) } is I32 [5] [-1.0, -1.0, 1.0, 1.0, -1.0];
        [0, 0] exact { random::permutation(k, 9) } is I32 [9] [0.0, 1.0, 8.0, 5.0, 6.0, 4.0, 3.0, 2.0, 7.0];
        [0, 0] exact { random::permutation(k, arange(6).reshape([3, 2])) } is I32 [3, 2] [0.0, 1.0, 2.0, 3.0, 4.0, 5.0];
        [0, 0] near { random::normal(k, [5]) } is F32 [5] [1.622642159461975, 2.0252647399902344, -0.4335944354534149, -0.07861734926700592, 0.17609089612960815];
        [0, 0] near { random::truncated_normal(k, [5], -1.0, 2.0) } is F32 [5] [1.5094677209854126, 1.747393012046814, -0.1746756136417389, 0.10624171793460846, 0.31906944513320923];
        [0, 0] near { random::exponential(k, [4]) } is F32 [4] [2.9501280784606934, 3.8434245586395264, 0.4039035439491272, 0.6323691010475159];
        [0, 0] near { random::gumbel(k, [4]) } is F32 [4] [2.923372507095337, 3.83261775970459, -0.09689324349164963, 0.2772570848464966];
        [0, 0] near { random::laplace(k, [4]) } is F32 [4] [-2.256981611251831, -3.1502788066864014, 0.4085954427719116, 0.06471242010593414];
        [0, 0] near { random::logistic(k, [4]) } is F32 [4] [2.896375894546509, 3.8217716217041016, -0.6978392004966736, -0.12549054622650146];
        [0, 0] near { random::cauchy(k, [4]) } is F32 [4] [6.027494430541992, 14.837895393371582, -0.5817222595214844, -0.09874986857175827];
        [0, 0] exact { random::categorical(k, linspace(0.0, 1.0, 4), [6]) } is I32 [6] [1.0, 3.0, 2.0, 3.0, 0.0, 1.0];
        // key [12345, 4023233417]
        [12345, 4023233417] exact { random::split(k, 3) } is U32 [3, 2] [2036356688.0, 3097464977.0, 2868871830.0, 3968569616.0, 1710333127.0, 1014777300.0];
        [12345, 4023233417] exact { random::fold_in(k, 7) } is U32 [2] [435064253.0, 956883006.0];
        [12345, 4023233417] exact { random::bits(k, [2, 3], Dtype::U32) } is U32 [2, 3] [3254765249.0, 1182012294.0, 1502468371.0, 3108459104.0, 566900474.0, 3885553031.0];
        [12345, 4023233417] exact { random::bits(k, [5], Dtype::U8) } is U8 [5] [193.0, 134.0, 19.0, 96.0, 250.0];
        [12345, 4023233417] exact { random::uniform(k, [2, 2]) } is F32 [2, 2] [0.757809042930603, 0.27520859241485596, 0.349820613861084, 0.7237445116043091];
        [12345, 4023233417] exact { random::uniform_between(k, [5], Dtype::F32, -3.0, 0.7) } is F32 [5] [-0.19610650837421417, -1.981728196144104, -1.7056636810302734, -0.3221452832221985, -2.5116305351257324];
        [12345, 4023233417] exact { random::randint(k, [6], -3, 11) } is I32 [6] [8.0, 0.0, 0.0, 2.0, 8.0, 3.0];
        [12345, 4023233417] exact { random::randint(k, [3], 0, 1000000) } is I32 [3] [424279.0, 106563.0, 471501.0];
        [12345, 4023233417] exact { random::bernoulli(k, 0.3, [7]) } is Bool [7] [0.0, 1.0, 0.0, 0.0, 1.0, 0.0, 0.0];
        [12345, 4023233417] exact { random::rademacher(k, [5]) } is I32 [5] [-1.0, 1.0, 1.0, -1.0, 1.0];
        [12345, 4023233417] exact { random::permutation(k, 9) } is I32 [9] [1.0, 4.0, 5.0, 6.0, 8.0, 3.0, 7.0, 2.0, 0.0];
        [12345, 4023233417] exact { random::permutation(k, arange(6).reshape([3, 2])) } is I32 [3, 2] [2.0, 3.0, 4.0, 5.0, 0.0, 1.0];
        [12345, 4023233417] near { random::normal(k, [5]) } is F32 [5] [0.6992723941802979, -0.597135066986084, -0.38580477237701416, 0.594001829624176, -1.1170251369476318];
        [12345, 4023233417] near { random::truncated_normal(k, [5], -1.0, 2.0) } is F32 [5] [0.7687987685203552, -0.2951503396034241, -0.13826240599155426, 0.6779824495315552, -0.6228152513504028];
        [12345, 4023233417] near { random::exponential(k, [4]) } is F32 [4] [1.4180288314819336, 0.3218713700771332, 0.43050697445869446, 1.2864291667938232];
        [12345, 4023233417] near { random::gumbel(k, [4]) } is F32 [4] [1.282569408416748, -0.2548173666000366, -0.04910898208618164, 1.1291226148605347];
        [12345, 4023233417] near { random::laplace(k, [4]) } is F32 [4] [-0.7248817086219788, 0.5970786809921265, 0.35718750953674316, -0.5932821035385132];
        [12345, 4023233417] near { random::logistic(k, [4]) } is F32 [4] [1.1407049894332886, -0.9683545827865601, -0.6198278665542603, 0.9631123542785645];
        [12345, 4023233417] near { random::cauchy(k, [4]) } is F32 [4] [1.0503101348876953, -0.852947473526001, -0.5102351903915405, 0.8472825288772583];
        [12345, 4023233417] exact { random::categorical(k, linspace(0.0, 1.0, 4), [6]) } is I32 [6] [3.0, 2.0, 2.0, 2.0, 1.0, 3.0];
        [0, 0] exact { random::uniform_between(k, [3], Dtype::F64, 0.0, 1.0) } is F64 [3] [0.41845711171638644, 0.21629545460551136, 0.9653214611189975];
        [0, 0] near { random::normal_of(k, [6], Dtype::F64) } is F64 [6] [-0.2058421394796434, -0.7847657764467411, 1.8160866726679836, 0.1878440128937887, 0.08086788103743275, -0.3721107933346203];
        [0, 0] exact { random::bits(k, [2], Dtype::I64).trunc_divide(1 << 20) } is I64 [2] [7361575360923.0, 3805109877981.0];
        [12345, 4023233417] exact { random::uniform_between(k, [3], Dtype::F64, 0.0, 1.0) } is F64 [3] [0.4741262385438161, 0.6679612749544914, 0.39821796287695665];
        [12345, 4023233417] near { random::normal_of(k, [6], Dtype::F64) } is F64 [6] [-0.06490143619642517, 0.434290570931409, -0.2579624000368468, 0.2363757369429075, 0.4072940262671345, 0.2269324812682719];
        [12345, 4023233417] exact { random::bits(k, [2], Dtype::I64).trunc_divide(1 << 20) } is I64 [2] [8340916997001.0, -5841287024951.0];
    }
}
