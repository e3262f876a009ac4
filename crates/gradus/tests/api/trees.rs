//! Enums, recursion, arrays, maps.

use super::{near, scalar};
use gradus::{Array, Result, Traced, Tree, Val, grad, jit, value_and_grad};
use std::collections::BTreeMap;

#[derive(Tree, Clone, Debug, PartialEq)]
struct Dense<T = Array> {
    w: T,
    b: T,
}
#[derive(Tree, Clone, Debug, PartialEq)]
enum Layer<T = Array> {
    Dense(Dense<T>),
    Relu,
    Dropout {
        #[tree(static)]
        rate: f32,
        mask: T,
    },
    Residual(Box<Layer<T>>),
    Chain(Vec<Layer<T>>),
}
impl Layer<Val> {
    fn apply(&self, x: Val) -> Val {
        match self {
            Layer::Dense(d) => x * d.w + d.b,
            Layer::Relu => x.max(0.0),
            Layer::Dropout { rate, mask } => x * mask / (1.0 - *rate as f64),
            Layer::Residual(l) => x + l.apply(x),
            Layer::Chain(ls) => ls.iter().fold(x, |x, l| l.apply(x)),
        }
    }
}
/// Mutual recursion, a generic node, const parameters, a tuple struct.
#[derive(Tree, Clone, Debug)]
struct Node<M> {
    value: M,
    children: Vec<Node<M>>,
}
#[derive(Tree, Clone, Debug)]
struct Net<T = Array, const N: usize = 3> {
    layers: [Layer<T>; N],
    heads: BTreeMap<String, Dense<T>>,
    extra: Option<Box<Net<T, N>>>,
}
#[derive(Tree)]
struct Scaled<T>(T, #[tree(static)] f64);

impl<const N: usize> Net<Val, N> {
    fn loss(&self, x: &Val) -> Val {
        let x = self.layers.iter().fold(*x, |x, l| l.apply(x));
        let x = self.heads.values().fold(x, |x, h| x * h.w + h.b);
        self.extra.as_ref().map_or(x, |n| n.loss(&x))
    }
}

fn dense(w: f32) -> Dense {
    Dense { w: scalar(w), b: scalar(0.) }
}
fn net() -> Net {
    let deep = Layer::Residual(Box::new(Layer::Residual(Box::new(Layer::Dense(dense(2.))))));
    let chain = Layer::Chain(vec![Layer::Relu, deep]);
    Net {
        layers: [Layer::Dense(dense(1.)), chain, Layer::Dropout { rate: 0.5, mask: scalar(1.) }],
        heads: BTreeMap::from([("a".into(), dense(3.)), ("b".into(), dense(1.))]),
        extra: None,
    }
}
fn dropout(rate: f32) -> Layer {
    Layer::Dropout { rate, mask: scalar(1.) }
}

#[test]
fn recursive_enums_train() -> Result<()> {
    let mut n = Net { extra: Some(Box::new(net())), ..net() };
    let step = jit(|n: &mut Net<Val>, x: &Val| {
        let (l, g) = value_and_grad(Net::<Val, 3>::loss)(n, x);
        *n = n.zip_map(&g, |p, g| p - 1e-6 * g);
        l
    });
    let before = step(&mut n, &scalar(1.))?.item::<f32>()?;
    let after = step(&mut n, &scalar(1.))?.item::<f32>()?;
    assert_eq!(before, 576.0);
    assert!(after < before);
    let paths = n.paths();
    assert_eq!(&paths[..4], ["layers.0.0.w", "layers.0.0.b", "layers.1.0.1.0.0.0.w", "layers.1.0.1.0.0.0.b"]);
    assert_eq!(paths[4..7], ["layers.2.mask", "heads.a.w", "heads.a.b"]);
    assert_eq!(paths[9], "extra.layers.0.0.w");
    Ok(())
}

#[test]
fn containers_are_arguments() -> Result<()> {
    let layers = net().layers;
    let f = jit(|ls: &Vec<Layer<Val>>, x: &Val| ls.iter().fold(*x, |x, l| l.apply(x)));
    near(&f(&layers.to_vec(), &scalar(1.))?, &[8.]);
    let f = jit(grad(|ls: &[Layer<Val>; 3], x: &Val| ls.iter().fold(*x, |x, l| l.apply(x))));
    let Layer::Dense(d) = &f(&layers, &scalar(1.))?[0] else { panic!("the variant stays") };
    near(&d.w, &[8.]);
    let f = jit(|m: &BTreeMap<String, Val>, x: &Val| {
        let mut m = m.clone();
        m.insert("new".into(), *x);
        m
    });
    let m = f(&BTreeMap::from([("w".to_string(), scalar(1.))]), &scalar(2.))?;
    near(&m["new"], &[2.]);
    let t = Node { value: dense(1.), children: vec![Node { value: dense(2.), children: vec![] }] };
    let f = jit(|t: &Node<Dense<Val>>| t.leaves().into_iter().fold(0.0.into(), |s: Val, v| s + v));
    near(&f(&t)?, &[3.]);
    assert_eq!(t.paths(), ["value.w", "value.b", "children.0.value.w", "children.0.value.b"]);
    let f = jit(|s: &Scaled<Dense<Val>>| s.0.w * s.1);
    near(&f(&Scaled(dense(2.), 3.0))?, &[6.]);
    assert_eq!(Scaled(dense(2.), 3.0).paths(), ["0.w", "0.b"]);
    Ok(())
}

#[test]
fn an_enum_changes_its_variant_inside_a_trace() -> Result<()> {
    let f = jit(|l: &Layer<Val>| Layer::Residual(Box::new(l.copy())));
    let l = f(&f(&Layer::Dense(dense(1.)))?)?;
    assert_eq!(l.paths(), ["0.0.0.w", "0.0.0.b"]);
    Ok(())
}

#[test]
fn structures_that_differ_are_an_error_with_the_path() {
    let f = jit(|a: &Vec<Layer<Val>>, b: &Vec<Layer<Val>>| a.zip_map(b, |x, y| x + y));
    let refused = |a: &Vec<Layer>, b: &Vec<Layer>| {
        let message = f(a, b).expect_err("they differ").to_string();
        message.lines().next().unwrap_or_default().to_string()
    };
    let (relu, one) = (Layer::Relu, Layer::Dense(dense(1.)));
    assert_eq!(
        refused(&vec![relu.clone()], &vec![one]),
        "zip_map: trees differ at `0`: enum variants differ"
    );
    assert_eq!(refused(&vec![relu], &vec![]), "zip_map: trees differ: lengths 1 and 0");
    assert_eq!(
        refused(&vec![dropout(0.5)], &vec![dropout(0.6)]),
        "zip_map: trees differ at `0`: static field `rate` differs"
    );
    let short =
        vec![dropout(0.5)].try_zip_map(&vec![dropout(0.5), dropout(0.5)], |x: &Array, y: &Array| x == y);
    assert!(short.is_err());
    let nested = |l| Net { layers: [Layer::Relu, Layer::Relu, Layer::Chain(vec![Layer::Relu, l])], ..net() };
    let r = nested(Layer::Relu).try_zip_map(&nested(dropout(0.1)), |x: &Array, y: &Array| x == y);
    let message = r.expect_err("they differ").to_string();
    assert!(message.contains("at `layers.2.0.1`: enum variants differ"), "{message}");
    let (a, b) =
        (BTreeMap::from([("a".to_string(), scalar(1.))]), BTreeMap::from([("b".to_string(), scalar(1.))]));
    let message = a.try_zip_map(&b, |x: &Array, y: &Array| x == y).expect_err("other keys").to_string();
    assert!(message.contains(r#"keys ["a"] and ["b"]"#), "{message}");
}

#[test]
fn leaves_are_walked_in_one_order() {
    let mut n = net();
    let by_visit: Vec<Array> = n.leaves().into_iter().cloned().collect();
    let mut by_map = vec![];
    n.map(|a| by_map.push(a.clone()));
    assert_eq!(by_visit, by_map);
    for (i, a) in n.leaves_mut().into_iter().enumerate() {
        *a = scalar(i as f32);
    }
    let numbers: Vec<f32> = n.leaves().iter().filter_map(|a| a.item().ok()).collect();
    assert_eq!(numbers, (0..by_visit.len()).map(|i| i as f32).collect::<Vec<_>>());
    let (sizes, names) = n.unzip_map(|a| (a.size(), a.rank()));
    assert_eq!((sizes.leaves_of(), names.leaves_of()), (by_visit.len(), 0));
}

impl Net<usize> {
    /// The sum of the leaves of the heads and layers.
    fn leaves_of(&self) -> usize {
        let layer = |l: &Layer<usize>| -> usize {
            fn total(l: &Layer<usize>) -> usize {
                match l {
                    Layer::Dense(d) => d.w + d.b,
                    Layer::Relu => 0,
                    Layer::Dropout { mask, .. } => *mask,
                    Layer::Residual(l) => total(l),
                    Layer::Chain(ls) => ls.iter().map(total).sum(),
                }
            }
            total(l)
        };
        self.layers.iter().map(layer).sum::<usize>() + self.heads.values().map(|d| d.w + d.b).sum::<usize>()
    }
}
