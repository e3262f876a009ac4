//! [`Parameters`]: what of a model is trained, as a list with names.

use gradus::{Dtype, Leaf, LeafKind, Mismatch, Part, Traced, Tree, Val};

/// The parameters of a model in order, each with its path (`layers.3.w`): what optimizers see.
///
/// Leaves in fields marked `#[tree(buffer)]` are none. It is itself a tree, of whatever stands at the leaves.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameters<T> {
    paths: Vec<String>,
    leaves: Vec<T>,
}

impl<T> Parameters<T> {
    /// The paths, in order.
    pub fn paths(&self) -> &[String] {
        &self.paths
    }
    /// The leaves, in order.
    pub fn leaves(&self) -> &[T] {
        &self.leaves
    }
    /// Path and leaf, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &T)> {
        self.paths.iter().map(String::as_str).zip(&self.leaves)
    }
    /// The leaf of that path.
    pub fn get(&self, path: &str) -> Option<&T> {
        self.iter().find(|(known, _)| *known == path).map(|(_, leaf)| leaf)
    }
    /// `f` of each leaf.
    pub fn map<K>(&self, f: impl FnMut(&T) -> K) -> Parameters<K> {
        Parameters { paths: self.paths.clone(), leaves: self.leaves.iter().map(f).collect() }
    }
    /// `f` of each path and leaf.
    pub fn map_with_path<K>(&self, mut f: impl FnMut(&str, &T) -> K) -> Parameters<K> {
        let leaves = self.iter().map(|(path, leaf)| f(path, leaf)).collect();
        Parameters { paths: self.paths.clone(), leaves }
    }
    /// `f` of each leaf and that of `other` at the same path.
    ///
    /// # Panics
    /// If they are not those of one model.
    pub fn zip_map<J, K>(&self, other: &Parameters<J>, mut f: impl FnMut(&T, &J) -> K) -> Parameters<K> {
        assert_eq!(self.paths, other.paths, "parameters of two models");
        let leaves = self.leaves.iter().zip(&other.leaves).map(|(a, b)| f(a, b)).collect();
        Parameters { paths: self.paths.clone(), leaves }
    }
    /// Those that `keep` wants by path and leaf, in order.
    pub fn filter(&self, mut keep: impl FnMut(&str, &T) -> bool) -> Parameters<T>
    where
        T: Clone,
    {
        let kept = self.iter().filter(|(path, leaf)| keep(path, leaf));
        let (paths, leaves) = kept.map(|(path, leaf)| (path.to_owned(), leaf.clone())).unzip();
        Parameters { paths, leaves }
    }
    /// These, with those of `other` in the place of the leaves of the same paths.
    pub fn updated(&self, other: &Parameters<T>) -> Parameters<T>
    where
        T: Clone,
    {
        self.map_with_path(|path, leaf| other.get(path).unwrap_or(leaf).clone())
    }
}

impl<T: Leaf> Parameters<T> {
    /// The parameters of `model`.
    pub fn of<M: Tree<T>>(model: &M) -> Parameters<T>
    where
        T: Clone,
    {
        let named = model.paths().into_iter().zip(model.leaves()).zip(model.kinds());
        let kept = named.filter(|(_, kind)| *kind == LeafKind::Parameter);
        let (paths, leaves) = kept.map(|((path, leaf), _)| (path, leaf.clone())).unzip();
        Parameters { paths, leaves }
    }
    /// `model` with these parameters; its buffers stay.
    ///
    /// # Panics
    /// If they are not those of such a model.
    pub fn in_model<M: Tree<T>>(&self, model: &M) -> M::With<T>
    where
        T: Clone,
    {
        let mut kinds = model.kinds().into_iter();
        let mut leaves = self.leaves.iter();
        model.map(|leaf| match kinds.next() {
            Some(LeafKind::Parameter) => leaves.next().expect("parameters of this model").clone(),
            _ => leaf.clone(),
        })
    }
}

impl Parameters<Val> {
    /// Zeros of the same shapes and element types.
    pub fn zeros_like(&self) -> Parameters<Val> {
        self.map(|leaf| leaf.zeros_like())
    }
    /// The root of the sum of the squares of all elements, as one vector's: a scalar, f32 at least.
    #[track_caller]
    pub fn global_norm(&self) -> Val {
        gradus::as_operation("global_norm", || {
            let wide = |leaf: &Val| match leaf.dtype() {
                Dtype::F16 | Dtype::BF16 => leaf.astype(Dtype::F32),
                _ => *leaf,
            };
            let squares = self.leaves.iter().map(|leaf| wide(leaf).abs().square().sum());
            squares.reduce(|a, b| a + b).map_or(Val::from(0.0).astype(Dtype::F32), |sum| sum.sqrt())
        })
    }
}

impl<L: Leaf, T: Tree<L>> Tree<L> for Parameters<T> {
    type With<K: Leaf> = Parameters<T::With<K>>;

    fn visit<'a>(&'a self, f: &mut dyn FnMut(Part<'a, L>)) {
        f(Part::Length(self.leaves.len()));
        for (path, leaf) in self.paths.iter().zip(&self.leaves) {
            f(Part::Key(path));
            leaf.visit(f);
            f(Part::End);
        }
    }
    fn visit_mut<'a>(&'a mut self, f: &mut dyn FnMut(&'a mut L)) {
        self.leaves.iter_mut().for_each(|leaf| leaf.visit_mut(f));
    }
    fn map_leaves<K: Leaf>(&self, f: &mut dyn FnMut(&L) -> K) -> Self::With<K> {
        let leaves = self.leaves.iter().map(|leaf| leaf.map_leaves(f)).collect();
        Parameters { paths: self.paths.clone(), leaves }
    }
    fn zip_leaves<J: Leaf, K: Leaf>(
        &self,
        other: &Self::With<J>,
        f: &mut dyn FnMut(&L, &J) -> K,
    ) -> Result<Self::With<K>, Mismatch> {
        if self.paths != other.paths {
            return Err(Mismatch::new(&"parameters of different names"));
        }
        let zipped = self.paths.iter().zip(self.leaves.iter().zip(&other.leaves));
        let leaves = zipped.map(|(path, (own, other))| own.zip_leaves(other, f).map_err(|e| e.within(path)));
        Ok(Parameters { paths: self.paths.clone(), leaves: leaves.collect::<Result<_, _>>()? })
    }
}

/// The model whose parameters are those of `model` plus `updates`, in the element types that they have.
#[track_caller]
pub fn apply_updates<M: Traced>(model: &M, updates: &Parameters<Val>) -> M {
    gradus::as_operation("apply_updates", || {
        let add = |param: &Val, update: &Val| (param + update).astype(param.dtype());
        Parameters::of(model).zip_map(updates, add).in_model(model)
    })
}
