//! Functions of vectors and matrices over any number of leading axes, as NumPy's `vectorize` with a signature.

use crate::val::axes::{Integer, axis_of};
use crate::val::broadcast::common_shape;
use crate::val::{Known, Val};
use crate::{ErrorKind, Shape, vmap_axes};

/// `f` over the leading axes of its arguments, which broadcast; `signature` names the axes that one call sees
/// and gives:
/// `"(m,n),(n)->(m)"`.
///
/// ```
/// use gradus::{Array, Val, jit, vectorize};
/// let f = jit(|a: &Val, x: &Val| vectorize("(m,n),(n)->(m)", [a, x], |v| vec![v[0].dot(v[1])])[0]);
/// let a = Array::from([[1.0f32, 2.0], [3.0, 4.0]]);
/// let y = f(&a, &Array::from([[1.0f32, 0.0], [0.0, 1.0]]))?;
/// assert_eq!(y, Array::from([[1.0f32, 3.0], [2.0, 4.0]]));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn vectorize(
    signature: &str,
    args: impl IntoIterator<Item = impl Into<Val>>,
    f: impl Fn(&[Val]) -> Vec<Val> + Send + Sync,
) -> Vec<Val> {
    let args: Vec<Val> = args.into_iter().map(Into::into).collect();
    let count = signature.split_once("->").map_or(1, |(_, results)| lists(results).len()).max(1);
    let mut all = vec![];
    let first = Val::derive("vectorize", &args, |known| {
        let cores = Cores::of(signature, known)?;
        all = cores.run(&args, known, &f)?;
        Ok(all[0])
    });
    if all.is_empty() { vec![first; count] } else { all }
}

/// The comma-separated names of each list in parentheses.
fn lists(text: &str) -> Vec<Vec<&str>> {
    let inside = |part: &'_ str| part.rfind('(').map(|at| at + 1);
    text.split_inclusive(')')
        .filter_map(|part| {
            let part = part.strip_suffix(')')?;
            let names = &part[inside(part)?..];
            Some(names.split(',').map(str::trim).filter(|name| !name.is_empty()).collect())
        })
        .collect()
}

/// How many axes of each argument one call sees, and over what the calls run.
struct Cores {
    ranks: Vec<usize>,
    results: usize,
    leading: Shape,
}

impl Cores {
    fn of(signature: &str, known: &[Known]) -> Result<Cores, ErrorKind> {
        let Some((inputs, results)) = signature.split_once("->") else {
            return Err(ErrorKind::invalid(format!("`{signature}` has no `->`; write \"(n),(n)->()\"")));
        };
        let (inputs, results) = (lists(inputs), lists(results));
        if inputs.len() != known.len() || known.is_empty() || results.is_empty() {
            let message = format!(
                "`{signature}` names {} arguments, but there are {}; write a list for each, and for each result",
                inputs.len(),
                known.len()
            );
            return Err(ErrorKind::invalid(message));
        }
        let mut seen: Vec<(&str, usize)> = vec![];
        let mut leading = vec![];
        for (names, k) in inputs.iter().zip(known) {
            let Some(rest) = k.ty.rank().checked_sub(names.len()) else {
                let message = format!("{} has fewer axes than ({}); add some", k.ty, names.join(","));
                return Err(ErrorKind::invalid(message));
            };
            for (i, name) in names.iter().enumerate() {
                let n = k.ty.shape.dim(rest + i);
                match seen.iter().find(|(other, _)| other == name) {
                    Some((_, m)) if *m != n => {
                        let message = format!("`{name}` stands for extents {m} and {n}; they must agree");
                        return Err(ErrorKind::invalid(message));
                    }
                    _ => seen.push((name, n)),
                }
            }
            leading.push(Shape::from(k.ty.shape.dims()[..rest].to_vec()));
        }
        let ranks = inputs.iter().map(Vec::len).collect();
        Ok(Cores { ranks, results: results.len(), leading: common_shape(&leading)? })
    }
    /// One call for all leading axes as one; arguments that have none are shared.
    #[track_caller]
    fn run(
        &self,
        args: &[Val],
        known: &[Known],
        f: &(dyn Fn(&[Val]) -> Vec<Val> + Send + Sync),
    ) -> Result<Vec<Val>, ErrorKind> {
        let leading = self.leading.dims();
        let calls = Shape::from(&leading[..]).size();
        let mut axes = vec![];
        let flat = args.iter().zip(known).zip(&self.ranks).map(|((v, k), rank)| {
            let (dims, rest) = (k.ty.shape.dims(), k.ty.rank() - rank);
            let mapped = dims[..rest].iter().any(|n| *n != 1);
            axes.push(mapped.then_some(0));
            let core = &dims[rest..];
            match mapped {
                true => {
                    let wide: Vec<usize> = leading.iter().chain(core).copied().collect();
                    let one: Vec<usize> = std::iter::once(calls).chain(core.iter().copied()).collect();
                    v.broadcast_to(wide).reshape(one)
                }
                false => v.reshape(core.to_vec()),
            }
        });
        let flat: Vec<Val> = flat.collect();
        let results = if axes.iter().all(Option::is_none) {
            f(&flat).into_iter().map(|v| v.reshape([vec![1; leading.len()], v.shape()].concat())).collect()
        } else {
            let mapped = vmap_axes(|v: &Vec<Val>| f(v), (crate::PerLeaf(axes),), 0)(&flat);
            let apart = |v: &Val| v.reshape([leading.to_vec(), v.shape()[1..].to_vec()].concat());
            mapped.iter().map(apart).collect::<Vec<Val>>()
        };
        if results.len() != self.results {
            let message = format!(
                "the function gives {} results, its signature {}; make them agree",
                results.len(),
                self.results
            );
            return Err(ErrorKind::invalid(message));
        }
        Ok(results)
    }
}

impl Val {
    /// `f` of every vector along `axis`; what it gives takes the place of the axis.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let f = jit(|x: &Val| x.apply_along_axis(0, |column| column / column.sum()));
    /// let y = f(&Array::from([[1.0f32, 2.0], [1.0, 6.0]]))?;
    /// assert_eq!(y, Array::from([[0.5f32, 0.25], [0.5, 0.75]]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn apply_along_axis(self, axis: impl Integer, f: impl Fn(Val) -> Val + Send + Sync) -> Val {
        self.derive1("apply_along_axis", |ty| {
            let axis = axis_of(axis.to_i64(), &ty.shape)?;
            let others = ty.shape.without(&[axis]).dims().to_vec();
            let lines = self.moveaxis(axis, -1).reshape([Shape::from(&others).size(), ty.shape.dim(axis)]);
            let found = crate::vmap(|line: &Val| f(*line))(&lines);
            let given = found.shape()[1..].to_vec();
            let found = found.reshape([others.clone(), given.clone()].concat());
            // The axes that `f` gives go where the axis stood.
            let rank = others.len();
            let order: Vec<usize> = (0..axis).chain(rank..rank + given.len()).chain(axis..rank).collect();
            Ok(found.permute_dims(order))
        })
    }
}
