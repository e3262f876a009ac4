//! Weights of others: [`load_matching`] fills a tree from safetensors, `npz` or PyTorch files with names and layouts of
//! their own.
//!
//! A [`WeightMap`] says for each leaf which tensors it is made of. Invariant: a tree is returned whole or not at all, and
//! all that does not fit is in one error, found before any data is read.

mod moves;
mod npz;
mod torch;
mod zip;

use std::collections::BTreeSet;
use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use gradus::{Array, Dtype, Stored, Type};

use crate::checkpoint::file::{Opened, describe, type_of};
use crate::{CheckpointError, CheckpointFault, Difference};
use moves::Move;

/// What one leaf is made of: tensors of a file, and what is done to them.
///
/// ```
/// use gradus_nn::Weight;
/// // The keys' part of a fused projection `[3 · width, width]`, as `[width, width]` for `x · w`.
/// let keys = Weight::named("h.0.attn.in_proj_weight").part(1, 3, 0).permuted([1, 0]);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Weight {
    names: Vec<String>,
    /// The axis along which several tensors are joined; without it they are added.
    axis: Option<usize>,
    moves: Vec<Move>,
}

impl Weight {
    /// The tensor of that name.
    pub fn named(name: impl Into<String>) -> Weight {
        Weight { names: vec![name.into()], axis: None, moves: vec![] }
    }
    /// Several tensors one after the other along `axis`.
    pub fn joined<N: Into<String>>(names: impl IntoIterator<Item = N>, axis: usize) -> Weight {
        Weight { names: names.into_iter().map(Into::into).collect(), axis: Some(axis), moves: vec![] }
    }
    /// The sum of several tensors of floats, as the two biases of PyTorch's recurrent layers.
    pub fn sum<N: Into<String>>(names: impl IntoIterator<Item = N>) -> Weight {
        Weight { names: names.into_iter().map(Into::into).collect(), axis: None, moves: vec![] }
    }
    /// The tensor that PyTorch calls so what this library calls `path`: `w` is `weight` with its features last
    /// ([`Weight::features_last`]), `b` is `bias`, and of norms `scale` is `weight`, `mean` is `running_mean` and `var`
    /// is `running_var`; an embedding's `table` is `weight`.
    ///
    /// ```
    /// use gradus_nn::Weight;
    /// assert_eq!(Weight::torch("fc.w"), Weight::named("fc.weight").features_last());
    /// assert_eq!(Weight::torch("bn.mean"), Weight::named("bn.running_mean"));
    /// ```
    pub fn torch(path: &str) -> Weight {
        let (before, last) = path.rsplit_once('.').map_or(("", path), |(before, last)| (before, last));
        let theirs = match last {
            "w" | "scale" | "table" => "weight",
            "b" => "bias",
            "mean" => "running_mean",
            "var" => "running_var",
            other => other,
        };
        let name = if before.is_empty() { theirs.to_owned() } else { format!("{before}.{theirs}") };
        let weight = Weight::named(name);
        if last == "w" { weight.features_last() } else { weight }
    }
    /// From PyTorch's layout to this library's: `[outputs, inputs]` becomes `[inputs, outputs]`, and a kernel
    /// `[outputs, inputs, h, w]` becomes `[h, w, inputs, outputs]`.
    pub fn features_last(self) -> Weight {
        self.then(Move::FeaturesLast)
    }
    /// Its axes in another order: place `i` has what was axis `axes[i]`.
    pub fn permuted(self, axes: impl Into<Vec<usize>>) -> Weight {
        self.then(Move::Permute(axes.into()))
    }
    /// The part `index` of `count` equal ones along `axis`.
    pub fn part(self, index: usize, count: usize, axis: usize) -> Weight {
        self.then(Move::Part { axis, index, count })
    }
    /// The same elements in another shape.
    pub fn reshaped(self, shape: impl Into<Vec<usize>>) -> Weight {
        self.then(Move::Reshape(shape.into()))
    }

    fn then(mut self, next: Move) -> Weight {
        self.moves.push(next);
        self
    }

    /// The type that it has, by those of its tensors.
    fn ty(&self, types: &[Type]) -> Result<Type, String> {
        let shapes: Vec<Vec<usize>> = types.iter().map(|ty| ty.shape.dims().to_vec()).collect();
        let first = types.first().ok_or("it is made of no tensors")?;
        if types.iter().any(|ty| ty.dtype != first.dtype) {
            return Err("its tensors are of several element types".into());
        }
        let mut shape = shapes[0].clone();
        match self.axis {
            Some(axis) => {
                let without = |shape: &[usize]| -> Vec<usize> {
                    shape.iter().enumerate().filter(|(i, _)| *i != axis).map(|(_, n)| *n).collect()
                };
                if shapes.iter().any(|other| axis >= other.len() || without(other) != without(&shape)) {
                    return Err(format!("its tensors cannot be joined along axis {axis}"));
                }
                shape[axis] = shapes.iter().map(|other| other[axis]).sum();
            }
            None if shapes.iter().any(|other| *other != shape) => {
                return Err("its tensors cannot be added".into());
            }
            None if types.len() > 1 && !first.dtype.is_float() => {
                return Err("its tensors are no floats and cannot be added".into());
            }
            None => {}
        }
        for step in &self.moves {
            shape = step.shape(&shape)?;
        }
        Ok(Type::new(first.dtype, shape))
    }

    /// Its value as a leaf of type `ty`; the types fit.
    fn value(&self, arrays: &[Array], ty: &Type) -> Array {
        let mut array = match self.axis {
            Some(axis) => moves::joined(arrays, axis),
            None if arrays.len() == 1 => arrays[0].clone(),
            None => {
                let mut sums = arrays[0].to_f64_vec();
                for array in &arrays[1..] {
                    sums.iter_mut().zip(array.to_f64_vec()).for_each(|(sum, x)| *sum += x);
                }
                Array::from_f64(arrays[0].ty(), sums)
            }
        };
        for step in &self.moves {
            array = step.apply(&array);
        }
        if array.dtype() == ty.dtype { array } else { Array::from_f64(ty, array.to_f64_vec()) }
    }
}

impl fmt::Display for Weight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", self.names.join("`, `"))
    }
}

/// Which [`Weight`] each leaf is, and which tensors of a file are nobody's.
///
/// ```
/// use gradus_nn::{Weight, WeightMap};
/// let map = WeightMap::new(|path| Some(Weight::torch(&path.replace("layers.", "encoder.layer."))))
///     .ignoring(|tensor| tensor.ends_with("num_batches_tracked"));
/// # let _ = map;
/// ```
pub struct WeightMap<'a> {
    weight: Box<dyn Fn(&str) -> Option<Weight> + 'a>,
    ignored: Box<dyn Fn(&str) -> bool + 'a>,
}

impl fmt::Debug for WeightMap<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WeightMap")
    }
}

impl<'a> WeightMap<'a> {
    /// By a function of a leaf's path; a leaf that is `None` keeps its value.
    pub fn new(weight: impl Fn(&str) -> Option<Weight> + 'a) -> WeightMap<'a> {
        WeightMap { weight: Box::new(weight), ignored: Box::new(|_| false) }
    }
    /// PyTorch's names for the same paths, [`Weight::torch`]; its counts of batches are nobody's.
    pub fn torch() -> WeightMap<'a> {
        WeightMap::new(|path| Some(Weight::torch(path)))
            .ignoring(|tensor| tensor.ends_with("num_batches_tracked"))
    }
    /// The file may hold tensors of these names that no leaf is made of.
    pub fn ignoring(self, ignored: impl Fn(&str) -> bool + 'a) -> WeightMap<'a> {
        WeightMap { ignored: Box::new(ignored), ..self }
    }
}

/// The tree like `like` whose leaves are made of the tensors of a safetensors, `npz` or PyTorch file, as `map` says.
///
/// Floats take on the element type of their leaf; all other types are those of the leaves.
///
/// ```
/// use gradus::{Array, Tree};
/// use gradus_nn::{Weight, WeightMap, load_matching, save};
/// #[derive(Tree)]
/// struct Layer<T = Array> { w: T, b: T }
///
/// // A file with PyTorch's names and layout: `weight` is [outputs, inputs].
/// #[derive(Tree)]
/// struct Theirs<T = Array> { weight: T, bias: T }
/// let file = std::env::temp_dir().join(format!("gradus-weights-{}.safetensors", std::process::id()));
/// save(&file, &Theirs { weight: Array::from([[1.0f32, 2.0, 3.0]]), bias: Array::from([0.5f32]) })?;
///
/// let like = Layer { w: Array::full([3, 1], 0.0f32), b: Array::full([1], 0.0f32) };
/// let layer = load_matching(&file, &like, &WeightMap::torch())?;
/// assert_eq!(layer.w, Array::from([[1.0f32], [2.0], [3.0]]));
/// # std::fs::remove_file(file).unwrap();
/// # Ok::<(), gradus_nn::CheckpointError>(())
/// ```
///
/// # Errors
/// The file cannot be read or is damaged; or leaves are missing or of another shape, or tensors are left over: all are
/// listed.
pub fn load_matching<D: Stored>(
    path: impl AsRef<Path>,
    like: &D,
    map: &WeightMap<'_>,
) -> Result<D, CheckpointError> {
    let path = path.as_ref();
    open(path).and_then(|mut file| matching(&mut *file, like, map)).map_err(|fault| fault.of(path))
}

/// Name and type of each tensor of a safetensors, `npz` or PyTorch file.
///
/// # Errors
/// The file cannot be read or is damaged.
pub fn tensors_in(path: impl AsRef<Path>) -> Result<Vec<(String, Type)>, CheckpointError> {
    let path = path.as_ref();
    let list = || -> Result<Vec<(String, Type)>, CheckpointFault> {
        let mut file = open(path)?;
        let names = file.names();
        names.into_iter().map(|name| file.ty(&name).map(|ty| (name, ty))).collect()
    };
    list().map_err(|fault| fault.of(path))
}

/// A file of tensors with names.
trait Foreign {
    fn names(&self) -> Vec<String>;
    /// The type of one of the names.
    fn ty(&mut self, name: &str) -> Result<Type, CheckpointFault>;
    /// The tensor of one of the names.
    fn read(&mut self, name: &str) -> Result<Array, CheckpointFault>;
}

impl Foreign for Opened {
    fn names(&self) -> Vec<String> {
        Opened::names(self)
    }
    fn ty(&mut self, name: &str) -> Result<Type, CheckpointFault> {
        let info = self
            .info(name)
            .ok_or_else(|| damaged(format!("`{name}` stands for a tensor that is missing")))?;
        type_of(info)
            .ok_or_else(|| damaged(format!("`{name}` is {}, which arrays cannot hold", describe(info))))
    }
    fn read(&mut self, name: &str) -> Result<Array, CheckpointFault> {
        Opened::read(self, name)
    }
}

/// A fault in the words of the reader that found it.
fn damaged(what: impl Into<String>) -> CheckpointFault {
    CheckpointFault::Damaged(what.into())
}

/// The array of these bytes; as many as its type says.
fn of_bytes(name: &str, ty: Type, bytes: &[u8]) -> Result<Array, CheckpointFault> {
    if ty.dtype == Dtype::Bool && bytes.iter().any(|byte| *byte > 1) {
        return Err(damaged(format!("`{name}` has a truth value that is neither 0 nor 1")));
    }
    let mut array = Array::zeros(ty);
    let place = array.bytes_mut().expect("internal: a new array is shared by nobody");
    if place.len() != bytes.len() {
        return Err(damaged(format!("`{name}` has {} bytes, expected {}", bytes.len(), place.len())));
    }
    place.copy_from_slice(bytes);
    Ok(array)
}

/// Which kind of file it is, by its first bytes.
fn open(path: &Path) -> Result<Box<dyn Foreign>, CheckpointFault> {
    let mut file = File::open(path)?;
    let mut first = vec![];
    file.by_ref().take(4).read_to_end(&mut first)?;
    if !first.starts_with(b"PK\x03\x04") {
        if first.starts_with(&[0x80, 2]) && first.get(2) == Some(&0x8a) {
            return Err(damaged(
                "a file of PyTorch before 1.6; save it again with a newer one, or as safetensors",
            ));
        }
        return Ok(Box::new(Opened::open(path)?));
    }
    let archive = zip::Archive::open(file)?;
    let pickle = archive.names().find(|name| *name == "data.pkl" || name.ends_with("/data.pkl"));
    match pickle.map(str::to_owned) {
        Some(pickle) => Ok(Box::new(torch::Torch::open(archive, &pickle)?)),
        None => Ok(Box::new(npz::Npz(archive))),
    }
}

fn matching<D: Stored>(file: &mut dyn Foreign, like: &D, map: &WeightMap<'_>) -> Result<D, CheckpointFault> {
    let known: BTreeSet<String> = file.names().into_iter().collect();
    let mut used = BTreeSet::new();
    let mut differences = vec![];
    let mut weights = vec![];
    for (path, leaf) in like.paths().into_iter().zip(like.leaves()) {
        let Some(weight) = (map.weight)(&path) else {
            weights.push(None);
            continue;
        };
        used.extend(weight.names.iter().cloned());
        if let Some(found) = misfit(file, &known, &weight, leaf.ty())? {
            let path = format!("{path} from {weight}");
            differences.push(Difference { path, found, expected: Some(leaf.ty().to_string()) });
        }
        weights.push(Some(weight));
    }
    for name in known.difference(&used).filter(|name| !(map.ignored)(name)) {
        let found = Some(file.ty(name)?.to_string());
        differences.push(Difference { path: name.clone(), found, expected: None });
    }
    if !differences.is_empty() {
        return Err(CheckpointFault::Mismatch(differences));
    }
    let mut leaves = vec![];
    for (weight, leaf) in weights.iter().zip(like.leaves()) {
        leaves.push(match weight {
            Some(weight) => {
                let arrays =
                    weight.names.iter().map(|name| file.read(name)).collect::<Result<Vec<_>, _>>()?;
                weight.value(&arrays, leaf.ty())
            }
            None => leaf.clone(),
        });
    }
    let mut leaves = leaves.into_iter();
    Ok(like.map_leaves(&mut |_| leaves.next().expect("internal: as many arrays as leaves")))
}

/// What there is in place of a leaf of type `expected`: `Some(None)` if nothing, `None` if it fits.
fn misfit(
    file: &mut dyn Foreign,
    known: &BTreeSet<String>,
    weight: &Weight,
    expected: &Type,
) -> Result<Option<Option<String>>, CheckpointFault> {
    if !weight.names.iter().all(|name| known.contains(name)) {
        return Ok(Some(None));
    }
    let types = weight.names.iter().map(|name| file.ty(name)).collect::<Result<Vec<_>, _>>()?;
    let stored = types.iter().map(Type::to_string).collect::<Vec<_>>().join(", ");
    Ok(match weight.ty(&types) {
        Err(why) => Some(Some(format!("{stored} ({why})"))),
        Ok(ty) => {
            let is_float = ty.dtype.is_float() && expected.dtype.is_float();
            let fits = ty.shape == expected.shape && (ty.dtype == expected.dtype || is_float);
            (!fits)
                .then(|| Some(if weight.moves.is_empty() { stored } else { format!("{stored}, as {ty},") }))
        }
    })
}

#[cfg(test)]
mod tests;
