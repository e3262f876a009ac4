//! Special functions against values computed in 40 digits, and at the limits of their domains.

use gradus_kernel::{Builder, ColdFunction, Scalar, Value, elementwise, interpret, special};

/// How far results may be from the exact ones.
enum Bound {
    /// In units in the last place.
    Ulps(f64),
    /// Relative, of f64; of f32 it is one unit in the last place, as that is computed in f64.
    Relative(f64),
}
use Bound::{Relative, Ulps};

/// The kernel of a function, what it means, and how accurate it is.
struct Case {
    name: &'static str,
    build: fn(&mut Builder, &[Value]) -> Value,
    meaning: fn(&[f64]) -> f64,
    bound: Bound,
}

const CASES: &[Case] = &[
    Case {
        name: "lgamma",
        build: |b, x| b.call(ColdFunction::Lgamma, x),
        meaning: |x| special::lgamma(x[0]),
        bound: Ulps(8.0),
    },
    Case {
        name: "digamma",
        build: |b, x| b.call(ColdFunction::Digamma, x),
        meaning: |x| special::digamma(x[0]),
        bound: Ulps(8.0),
    },
    Case {
        name: "bessel_i0e",
        build: |b, x| b.bessel_i0e(x[0]),
        meaning: |x| special::bessel_i0e(x[0]),
        bound: Ulps(8.0),
    },
    Case {
        name: "bessel_i1e",
        build: |b, x| b.bessel_i1e(x[0]),
        meaning: |x| special::bessel_i1e(x[0]),
        bound: Ulps(8.0),
    },
    Case {
        name: "zeta",
        build: |b, x| b.call(ColdFunction::Zeta, x),
        meaning: |x| special::zeta(x[0], x[1]),
        bound: Relative(1e-13),
    },
    Case {
        name: "polygamma",
        build: |b, x| b.call(ColdFunction::Polygamma, x),
        meaning: |x| special::polygamma(x[0], x[1]),
        bound: Relative(1e-13),
    },
    Case {
        name: "igamma",
        build: |b, x| b.call(ColdFunction::Igamma, x),
        meaning: |x| special::igamma(x[0], x[1]),
        bound: Relative(1e-11),
    },
    Case {
        name: "igammac",
        build: |b, x| b.call(ColdFunction::Igammac, x),
        meaning: |x| special::igammac(x[0], x[1]),
        bound: Relative(1e-11),
    },
    Case {
        name: "igamma_grad_a",
        build: |b, x| b.call(ColdFunction::IgammaGradA, x),
        meaning: |x| special::igamma_grad_a(x[0], x[1]),
        bound: Relative(1e-10),
    },
    Case {
        name: "random_gamma_grad",
        build: |b, x| b.call(ColdFunction::RandomGammaGrad, x),
        meaning: |x| special::random_gamma_grad(x[0], x[1]),
        bound: Relative(1e-10),
    },
    Case {
        name: "expi",
        build: |b, x| b.call(ColdFunction::Expi, x),
        meaning: |x| special::expi(x[0]),
        bound: Ulps(8.0),
    },
    Case {
        name: "expn",
        build: |b, x| b.call(ColdFunction::Expn, x),
        meaning: |x| special::expn(x[0], x[1]),
        bound: Relative(1e-13),
    },
    Case {
        name: "betainc",
        build: |b, x| b.call(ColdFunction::Betainc, x),
        meaning: |x| special::betainc(x[0], x[1], x[2]),
        bound: Relative(1e-11),
    },
];

/// The result of a kernel on one lane.
fn run(case: &Case, scalar: Scalar, point: &[f64]) -> f64 {
    let kernel = elementwise(&vec![scalar; point.len()], |b, x| vec![(case.build)(b, x)]);
    let size = scalar.size_bytes();
    let lane = |x: &f64| scalar.bits_of_f64(*x).to_le_bytes()[..size].to_vec();
    let mut buffers: Vec<Vec<u8>> = point.iter().map(lane).collect();
    buffers.push(vec![0; size]);
    interpret(&kernel, &mut buffers, 0..1);
    let result = buffers.pop().expect("a result");
    match scalar {
        Scalar::F32 => f64::from(f32::from_le_bytes(result.try_into().expect("4 bytes"))),
        _ => f64::from_le_bytes(result.try_into().expect("8 bytes")),
    }
}

fn find(name: &str) -> &'static Case {
    CASES.iter().find(|case| case.name == name).expect("a function of that name")
}

#[test]
fn values_are_as_accurate_as_stated() {
    let mut wrong = vec![];
    for (name, point, exact) in table() {
        let case = find(name);
        let mut check = |what: &str, got: f64, allowed: f64| {
            let is_infinite = what == "f32" && (exact as f32).is_infinite() && got.is_infinite();
            let error = if got == exact || is_infinite { 0.0 } else { ((got - exact) / exact).abs() };
            // In f32 the exact value may be too small to be normal.
            let lowest = if what == "f32" { f64::from(f32::MIN_POSITIVE) } else { 0.0 };
            if error.is_nan() || error > allowed && exact.abs() > lowest {
                wrong
                    .push(format!("{name}{point:?} as {what}: {got:e}, exactly {exact:e}, off by {error:e}"));
            }
        };
        let (single, double) = match case.bound {
            Ulps(n) => (n * f64::from(f32::EPSILON), n * f64::EPSILON),
            Relative(r) => (f64::from(f32::EPSILON), r),
        };
        check("the meaning", (case.meaning)(point), double);
        check("f64", run(case, Scalar::F64, point), double);
        check("f32", run(case, Scalar::F32, point), single);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// As JAX has them.
#[test]
fn limits_of_the_domains() {
    const INF: f64 = f64::INFINITY;
    const NAN: f64 = f64::NAN;
    let cases: &[(&str, &[f64], f64)] = &[
        ("lgamma", &[0.0], INF),
        ("lgamma", &[-2.0], INF),
        ("lgamma", &[-INF], INF),
        ("lgamma", &[INF], INF),
        ("lgamma", &[NAN], NAN),
        ("digamma", &[0.0], NAN),
        ("digamma", &[-0.0], NAN),
        ("digamma", &[-3.0], NAN),
        ("digamma", &[-INF], NAN),
        ("digamma", &[INF], INF),
        ("bessel_i0e", &[INF], 0.0),
        ("bessel_i0e", &[0.0], 1.0),
        ("bessel_i1e", &[-INF], 0.0),
        ("bessel_i1e", &[NAN], NAN),
        ("zeta", &[1.0, 5.0], INF),
        ("zeta", &[2.0, 0.0], INF),
        ("zeta", &[3.0, -1.0], NAN),
        ("zeta", &[0.5, 2.0], NAN),
        ("zeta", &[2.5, -0.5], NAN),
        ("zeta", &[2.0, INF], NAN),
        ("zeta", &[1000.0, 3.0], 0.0),
        ("polygamma", &[0.0, 0.0], NAN),
        ("polygamma", &[1.0, 0.0], INF),
        ("polygamma", &[2.0, -1.0], NAN),
        ("polygamma", &[0.5, 1.0], NAN),
        ("polygamma", &[-1.0, 1.0], NAN),
        ("igamma", &[0.0, 1.0], 1.0),
        ("igamma", &[0.0, 0.0], NAN),
        ("igamma", &[1.0, -1.0], NAN),
        ("igamma", &[-1.0, 1.0], NAN),
        ("igamma", &[2.0, INF], 1.0),
        ("igamma", &[INF, 0.5], 0.0),
        ("igamma", &[1e10, 1.0], 0.0),
        ("igammac", &[0.0, 1.0], 0.0),
        ("igammac", &[3.0, 0.0], 1.0),
        ("igammac", &[3.0, INF], 0.0),
        ("igamma_grad_a", &[0.0, 1.0], NAN),
        ("igamma_grad_a", &[1.0, 0.0], 0.0),
        ("igamma_grad_a", &[1.0, INF], NAN),
        ("random_gamma_grad", &[2.0, 0.0], 0.0),
        ("random_gamma_grad", &[-1.0, 2.0], NAN),
        ("expi", &[0.0], -INF),
        ("expi", &[INF], INF),
        ("expi", &[-INF], 0.0),
        ("expn", &[1.0, 0.0], INF),
        ("expn", &[3.0, 0.0], 0.5),
        ("expn", &[2.0, -1.0], NAN),
        ("betainc", &[0.0, 0.0, 0.5], NAN),
        ("betainc", &[0.0, 1.0, 0.5], 1.0),
        ("betainc", &[1.0, 0.0, 0.5], 0.0),
        ("betainc", &[2.0, INF, 0.3], 1.0),
        ("betainc", &[2.0, 3.0, 1.5], NAN),
        ("betainc", &[2.0, 3.0, 1.0], 1.0),
    ];
    for &(name, point, expected) in cases {
        let case = find(name);
        for scalar in [Scalar::F32, Scalar::F64] {
            let got = run(case, scalar, point);
            assert!(
                got == expected || got.is_nan() && expected.is_nan(),
                "{name}{point:?} of {scalar}: {got}, not {expected}"
            );
        }
    }
}

/// Name, operands (exact in f32 too) and the value.
#[rustfmt::skip]
fn table() -> Vec<(&'static str, &'static [f64], f64)> {
    vec![
        ("lgamma", &[0.46320000290870667], 0.6481112446950514),
        ("digamma", &[64.51000213623047], 4.159049523440202),
        ("lgamma", &[3.888000011444092], 1.652873483400218),
        ("digamma", &[168.8000030517578], 5.1257495903470645),
        ("lgamma", &[239.89999389648438], 1072.9844399251185),
        ("digamma", &[0.028750000521540642], -35.313500418523596),
        ("lgamma", &[0.012360000051558018], 4.386280334762237),
        ("digamma", &[7283.0], 8.893229489619237),
        ("lgamma", &[0.6538000106811523], 0.3203678155039339),
        ("digamma", &[0.4368000030517578], -2.3136836929150943),
        ("lgamma", &[93220.0], 973465.3294492122),
        ("digamma", &[19.579999923706055], 2.9487550613574776),
        ("lgamma", &[7165.0], 56434.922801472865),
        ("digamma", &[21.600000381469727], 3.0493666106073136),
        ("lgamma", &[297.5], 1394.9572434658924),
        ("digamma", &[0.11330000311136246], -9.230980033106306),
        ("lgamma", &[278.0], 1284.584097342419),
        ("digamma", &[11920.0], 9.385930993724118),
        ("lgamma", &[45.95000076293945], 128.93307740994393),
        ("digamma", &[1544.0], 7.341807861431636),
        ("lgamma", &[501.0], 2611.330458460156),
        ("digamma", &[0.02806999906897545], -36.15719002564196),
        ("lgamma", &[2031.0], 13434.782751352866),
        ("digamma", &[137.3000030517578], 4.9185222539442455),
        ("lgamma", &[1.284999966621399], -0.1055086571995619),
        ("digamma", &[0.01648000068962574], -61.23003795975587),
        ("lgamma", &[11450.0], 95555.02642615505),
        ("digamma", &[20.3799991607666], 2.9898195404085417),
        ("digamma", &[1.25], -0.22745353337626542),
        ("lgamma", &[1.25], -0.09827183642181316),
        ("digamma", &[1.5], 0.03648997397857652),
        ("lgamma", &[1.5], -0.12078223763524522),
        ("digamma", &[1.9375], 0.3816659921709689),
        ("lgamma", &[1.9375], -0.02514761940298887),
        ("digamma", &[0.0625], -16.478853490060104),
        ("lgamma", &[0.0625], 2.7396316219462036),
        ("digamma", &[-0.75], -2.894120200042932),
        ("lgamma", &[-0.75], 1.5757045971498584),
        ("digamma", &[-2.375], 2.3622832609417745),
        ("lgamma", &[-2.375], 0.15820757989552728),
        ("digamma", &[-7.625], 0.7942849473613897),
        ("lgamma", &[-7.625], -8.586345402036176),
        ("digamma", &[3.25], 1.016990911068179),
        ("lgamma", &[3.25], 0.9358019311087253),
        ("digamma", &[1.75], 0.24747245354686118),
        ("lgamma", &[1.75], -0.08440112102048555),
        ("digamma", &[2.0], 0.42278433509846713),
        ("digamma", &[1.0], -0.5772156649015329),
        ("digamma", &[9.5], 2.1977378764029494),
        ("lgamma", &[9.5], 11.689333420797269),
        ("digamma", &[10.5], 2.3030010342976865),
        ("lgamma", &[10.5], 13.940625219403763),
        ("bessel_i0e", &[0.0625], 0.9403306823804614),
        ("bessel_i1e", &[0.0625], 0.0293709948519366),
        ("bessel_i0e", &[0.5], 0.6450352704491501),
        ("bessel_i1e", &[0.5], 0.1564208031848717),
        ("bessel_i0e", &[1.0], 0.46575960759364043),
        ("bessel_i1e", &[1.0], 0.20791041534970844),
        ("bessel_i0e", &[3.7265625], 0.21519898541661958),
        ("bessel_i1e", &[3.7265625], 0.1833749025242804),
        ("bessel_i0e", &[7.9375], 0.14401592325441198),
        ("bessel_i1e", &[7.9375], 0.13461229691952453),
        ("bessel_i0e", &[8.0], 0.14343178185685032),
        ("bessel_i1e", &[8.0], 0.13414249329269817),
        ("bessel_i0e", &[8.0625], 0.14285471410685902),
        ("bessel_i1e", &[8.0625], 0.13367745553376245),
        ("bessel_i0e", &[20.5], 0.08866442901574524),
        ("bessel_i1e", &[20.5], 0.08647411349408725),
        ("bessel_i0e", &[333.0], 0.02187012262263525),
        ("bessel_i1e", &[333.0], 0.021837259873126597),
        ("bessel_i0e", &[1000000.0], 0.00039894233026924577),
        ("bessel_i1e", &[1000000.0], 0.0003989421307980308),
        ("bessel_i0e", &[-2.5], 0.27004644161220276),
        ("bessel_i1e", &[-2.5], -0.20658464953126657),
        ("zeta", &[2.7170000076293945, 247.8000030517578], 4.529627485797636e-05),
        ("zeta", &[2.634999990463257, 403.20001220703125], 3.3677264178016264e-05),
        ("zeta", &[1.0598900318145752, 101.0999984741211], 12.668047593397956),
        ("zeta", &[1.1001999378204346, 476.3999938964844], 5.380784916958719),
        ("zeta", &[10.013999938964844, 0.030710000544786453], 1407277514826204.8),
        ("zeta", &[1.0040910243988037, 0.12160000205039978], 253.12568516812794),
        ("zeta", &[23.110000610351562, 1.5160000324249268], 6.668754195711327e-05),
        ("zeta", &[1.660599946975708, 0.3199999928474426], 8.270360735136467),
        ("zeta", &[1.1916999816894531, 0.8497999906539917], 6.115580722222358),
        ("zeta", &[1.0379400253295898, 8.420999526977539], 24.366397387974793),
        ("zeta", &[2.0, 0.25], 17.19732915450711),
        ("zeta", &[40.0, 100.0], 3.0973406595072183e-80),
        ("zeta", &[3.0, -2.25], -61.94847488703008),
        ("zeta", &[4.0, -0.5], 32.234848505667074),
        ("zeta", &[2.0, -1000.75], 19.73821005070119),
        ("polygamma", &[1.0, 0.03125], 1025.5728544782378),
        ("polygamma", &[1.0, 0.75], 2.5418796476716063),
        ("polygamma", &[1.0, 3.5], 0.3303577561002349),
        ("polygamma", &[1.0, 12.25], 0.0850551429881632),
        ("polygamma", &[1.0, 500.0], 0.0020020013333322665),
        ("polygamma", &[2.0, 0.03125], -65538.21273640274),
        ("polygamma", &[2.0, 0.75], -5.3026332163376395),
        ("polygamma", &[2.0, 3.5], -0.1082040516417274),
        ("polygamma", &[2.0, 12.25], -0.007230035788993344),
        ("polygamma", &[2.0, 500.0], -4.008007999989333e-06),
        ("polygamma", &[3.0, 0.03125], 6291461.77235235),
        ("polygamma", &[3.0, 0.75], 19.7633125348506),
        ("polygamma", &[3.0, 3.5], 0.07030584881725205),
        ("polygamma", &[3.0, 12.25], 0.0012284305869150693),
        ("polygamma", &[3.0, 500.0], 1.6048063999872002e-08),
        ("polygamma", &[5.0, 0.03125], 128849018981.67238),
        ("polygamma", &[5.0, 0.75], 678.7533428745797),
        ("polygamma", &[5.0, 3.5], 0.08704917856718349),
        ("polygamma", &[5.0, 12.25], 0.00010619843261418306),
        ("polygamma", &[5.0, 500.0], 7.718476799713283e-13),
        ("polygamma", &[12.0, 0.03125], -1.7672039852194786e+28),
        ("polygamma", &[12.0, 0.75], -20162654429.04386),
        ("polygamma", &[12.0, 3.5], -42.17265738445786),
        ("polygamma", &[12.0, 12.25], -5.503793718311089e-06),
        ("polygamma", &[12.0, 500.0], -1.6546970519364125e-25),
        ("igamma", &[0.5, 0.25], 0.5204998778130465),
        ("igammac", &[0.5, 0.25], 0.4795001221869535),
        ("igamma_grad_a", &[0.5, 0.25], -0.797947316783223),
        ("random_gamma_grad", &[0.5, 0.25], 0.9080144917641113),
        ("igamma", &[0.5, 3.0], 0.9856941215645704),
        ("igammac", &[0.5, 3.0], 0.01430587843542964),
        ("igamma_grad_a", &[0.5, 3.0], -0.04724032644797375),
        ("random_gamma_grad", &[0.5, 3.0], 2.9129424164403646),
        ("igamma", &[0.001, 0.25], 0.9989556556197281),
        ("igammac", &[0.001, 0.25], 0.0010443443802718604),
        ("igamma_grad_a", &[0.001, 0.25], -1.0444054749649414),
        ("random_gamma_grad", &[0.001, 0.25], 335.5324317533951),
        ("igamma", &[0.001, 0.75], 0.9996593831537343),
        ("igammac", &[0.001, 0.75], 0.0003406168462657451),
        ("igamma_grad_a", &[0.001, 0.75], -0.340892739723179),
        ("random_gamma_grad", &[0.001, 0.75], 541.096208477331),
        ("igamma", &[2.0, 0.015625], 0.00012080616638208767),
        ("igammac", &[2.0, 0.015625], 0.9998791938336179),
        ("igamma_grad_a", &[2.0, 0.015625], -0.0006141068339130439),
        ("random_gamma_grad", &[2.0, 0.015625], 0.039921766999974316),
        ("igamma", &[3.5, 3.25], 0.5172768065899026),
        ("igammac", &[3.5, 3.25], 0.4827231934100974),
        ("igamma_grad_a", &[3.5, 3.25], -0.22445271921324736),
        ("random_gamma_grad", &[3.5, 3.25], 1.0102985817625652),
        ("igamma", &[3.5, 9.0], 0.9880299976459704),
        ("igammac", &[3.5, 9.0], 0.011970002354029551),
        ("igamma_grad_a", &[3.5, 9.0], -0.014614108537734104),
        ("random_gamma_grad", &[3.5, 9.0], 1.6195434367162118),
        ("igamma", &[0.25, 30.0], 0.999999999999998),
        ("igammac", &[0.25, 30.0], 1.9658221473570593e-15),
        ("igamma_grad_a", &[0.25, 30.0], -1.5058630860651256e-14),
        ("random_gamma_grad", &[0.25, 30.0], 7.478972916765895),
        ("igamma", &[20.0, 18.5], 0.39393209311015526),
        ("igammac", &[20.0, 18.5], 0.6060679068898448),
        ("igamma_grad_a", &[20.0, 18.5], -0.08776094370835366),
        ("random_gamma_grad", &[20.0, 18.5], 0.969574045588457),
        ("igamma", &[100.0, 101.0], 0.5528962934345113),
        ("igammac", &[100.0, 101.0], 0.44710370656548876),
        ("igamma_grad_a", &[100.0, 101.0], -0.03953233929273042),
        ("random_gamma_grad", &[100.0, 101.0], 1.0066600567170114),
        ("igamma", &[100.0, 150.0], 0.9999940754596646),
        ("igammac", &[100.0, 150.0], 5.924540335483916e-06),
        ("igamma_grad_a", &[100.0, 150.0], -2.538946697261135e-06),
        ("random_gamma_grad", &[100.0, 150.0], 1.2184139902239386),
        ("igamma", &[100.0, 60.0], 1.4815276326460468e-06),
        ("igammac", &[100.0, 60.0], 0.9999985184723673),
        ("igamma_grad_a", &[100.0, 60.0], -7.841202331593656e-07),
        ("random_gamma_grad", &[100.0, 60.0], 0.767505402739805),
        ("igamma", &[900.0, 800.0], 0.00027591344090745104),
        ("igammac", &[900.0, 800.0], 0.9997240865590925),
        ("igamma_grad_a", &[900.0, 800.0], -3.478021223198575e-05),
        ("random_gamma_grad", &[900.0, 800.0], 0.942438716189004),
        ("igamma", &[900.0, 1000.0], 0.9993774022157249),
        ("igammac", &[900.0, 1000.0], 0.0006225977842750473),
        ("igamma_grad_a", &[900.0, 1000.0], -7.129231329957271e-05),
        ("random_gamma_grad", &[900.0, 1000.0], 1.053800219254576),
        ("igamma", &[7000.0, 7100.0], 0.8836756000760346),
        ("igammac", &[7000.0, 7100.0], 0.1163243999239654),
        ("igamma_grad_a", &[7000.0, 7100.0], -0.002333432079175884),
        ("random_gamma_grad", &[7000.0, 7100.0], 1.0071330634007591),
        ("igamma", &[7000.0, 6800.0], 0.00798463872915039),
        ("igammac", &[7000.0, 6800.0], 0.9920153612708497),
        ("igamma_grad_a", &[7000.0, 6800.0], -0.00026281539334034316),
        ("random_gamma_grad", &[7000.0, 6800.0], 0.9855997194649185),
        ("igamma", &[20000.0, 20200.0], 0.9210076300110995),
        ("igammac", &[20000.0, 20200.0], 0.0789923699889005),
        ("igamma_grad_a", &[20000.0, 20200.0], -0.0010394740963983028),
        ("random_gamma_grad", &[20000.0, 20200.0], 1.0049917910462192),
        ("igamma", &[20000.0, 19700.0], 0.016599815969023858),
        ("igammac", &[20000.0, 19700.0], 0.9834001840309762),
        ("igamma_grad_a", &[20000.0, 19700.0], -0.00029283915975461457),
        ("random_gamma_grad", &[20000.0, 19700.0], 0.9924704866896975),
        ("igamma", &[20000.0, 23000.0], 1.0),
        ("igammac", &[20000.0, 23000.0], 2.2210592257016904e-91),
        ("igamma_grad_a", &[20000.0, 23000.0], -3.112116931419981e-92),
        ("random_gamma_grad", &[20000.0, 23000.0], 1.0715171483491905),
        ("igamma", &[1000000.0, 1001000.0], 0.8413447863683403),
        ("igammac", &[1000000.0, 1001000.0], 0.15865521363165971),
        ("igamma", &[1000000.0, 1000000.0], 0.5001329807608725),
        ("igammac", &[1000000.0, 1000000.0], 0.4998670192391274),
        ("igamma", &[0.75, 1.0], 0.7399800305302587),
        ("igammac", &[0.75, 1.0], 0.2600199694697413),
        ("igamma_grad_a", &[0.75, 1.0], -0.4263790552186602),
        ("random_gamma_grad", &[0.75, 1.0], 1.4202805521898472),
        ("igamma", &[1.5, 1.0625], 0.4531283261109848),
        ("igammac", &[1.5, 1.0625], 0.5468716738890151),
        ("igamma_grad_a", &[1.5, 1.0625], -0.374844080897113),
        ("random_gamma_grad", &[1.5, 1.0625], 0.9325433204544509),
        ("igamma", &[0.0625, 0.46875], 0.9614901705535353),
        ("igammac", &[0.0625, 0.46875], 0.038509829446464736),
        ("igamma_grad_a", &[0.0625, 0.46875], -0.6314349746832124),
        ("random_gamma_grad", &[0.0625, 0.46875], 7.677476899633648),
        ("betainc", &[0.5, 0.5, 0.25], 0.3333333333333333),
        ("betainc", &[2.0, 3.0, 0.3125], 0.3704071044921875),
        ("betainc", &[2.0, 3.0, 0.9375], 0.9990692138671875),
        ("betainc", &[0.001, 2.0, 0.5], 0.9998067465369478),
        ("betainc", &[2.0, 0.001, 0.5], 0.00019325346305225182),
        ("betainc", &[30.0, 40.0, 0.4375], 0.5642234519571392),
        ("betainc", &[30.0, 40.0, 0.25], 0.0006178950566166361),
        ("betainc", &[500.0, 700.0, 0.40625], 0.23258833211050986),
        ("betainc", &[0.5, 1000.0, 0.0078125], 0.999925083373319),
        ("betainc", &[1000.0, 0.5, 0.9921875], 7.491662668100803e-05),
        ("betainc", &[50000.0, 60000.0, 0.453125], 0.17204335546251728),
        ("betainc", &[0.001, 0.001, 0.125], 0.49902867298657283),
        ("betainc", &[12.5, 1.0, 0.75], 0.02743252555207049),
        ("expi", &[0.0625], -2.1318827709211123),
        ("expi", &[0.75], 1.2073328160012218),
        ("expi", &[1.0], 1.8951178163559368),
        ("expi", &[3.5], 13.925353995152335),
        ("expi", &[12.25], 18770.52658613428),
        ("expi", &[39.5], 3710918879133970.5),
        ("expi", &[41.0], 1.6006649143245042e+16),
        ("expi", &[200.0], 3.6312352331593567e+84),
        ("expi", &[700.0], 1.4509787360525608e+301),
        ("expi", &[709.5], 1.91247568992004e+305),
        ("expi", &[-0.5], -0.5597735947761608),
        ("expi", &[-4.0], -0.0037793524098489067),
        ("expn", &[0.0, 0.0625], 15.030609005015613),
        ("expn", &[0.0, 1.0], 0.36787944117144233),
        ("expn", &[0.0, 1.0625], 0.32526188477832896),
        ("expn", &[0.0, 20.0], 1.0305768112192789e-10),
        ("expn", &[1.0, 0.0625], 2.2569099008363493),
        ("expn", &[1.0, 1.0], 0.21938393439552029),
        ("expn", &[1.0, 1.0625], 0.19775721477550093),
        ("expn", &[1.0, 20.0], 9.835525290649882e-11),
        ("expn", &[2.0, 0.0625], 0.798356194011204),
        ("expn", &[2.0, 1.0], 0.14849550677592205),
        ("expn", &[2.0, 1.0625], 0.13547371187800478),
        ("expn", &[2.0, 20.0], 9.404856430858148e-11),
        ("expn", &[5.0, 0.0625], 0.23010526729690028),
        ("expn", &[5.0, 1.0], 0.0704542374617204),
        ("expn", &[5.0, 1.0625], 0.06528366819621818),
        ("expn", &[5.0, 20.0], 8.307130599417691e-11),
        ("expn", &[40.0, 0.0625], 0.024047963614378314),
        ("expn", &[40.0, 1.0], 0.009191102220599899),
        ("expn", &[40.0, 1.0625], 0.008620445811957079),
        ("expn", &[40.0, 20.0], 3.473418564046944e-11),
        ("expn", &[100.0, 0.0625], 0.009482973061783828),
        ("expn", &[100.0, 1.0], 0.003678422930396813),
        ("expn", &[100.0, 1.0625], 0.0034533788510202907),
        ("expn", &[100.0, 20.0], 1.729605478782917e-11),
    ]
}
