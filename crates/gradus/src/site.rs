//! What was traced and compiled for a function, and when a call is traced again.
//!
//! Invariants: a call whose arguments have a known key does not call the user's function; no lock is held
//! while user code runs, so a panic in it poisons nothing and two threads may trace at once; state is
//! replaced only by a call that succeeds.

use crate::config::Config;
use crate::engine::{self, Compiled, Inner, Lists, Order, values};
use crate::tree::key::{AnyTree, Key, Typed, hash_of};
use crate::{Array, Error, Program, Result, Stored, Traced, Val};
use gradus_ir::{ErrorKind, SourceLocation, Type};
use smallvec::SmallVec;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

/// Where a jitted function was made, and what was compiled for it.
#[doc(hidden)]
pub struct Site<T> {
    name: &'static str,
    place: SourceLocation,
    config: Config,
    cache: Arc<Cache<Entry<T>>>,
    programs: Arc<Cache<Outlined<T>>>,
}

/// A traced and compiled function.
#[doc(hidden)]
pub struct Entry<T> {
    key: Key,
    config: Config,
    compiled: Compiled,
    /// The result's structure; its values belong to a trace that is over.
    result: T,
}

/// A function on lists whose result is a tree: the new state's leaves, then the result.
type Body<'a, T> = &'a dyn Fn(&[Val]) -> (Vec<Val>, T);

impl<T> Site<T> {
    /// The Program of the latest call; `None` before the first.
    pub(crate) fn program(&self) -> Option<Arc<Program>> {
        Some(self.cache.latest()?.compiled.program.clone())
    }
    /// Bytes that the latest call needed beyond its arguments; `None` before the first.
    pub(crate) fn memory(&self) -> Option<usize> {
        Some(self.cache.latest()?.compiled.memory())
    }
    /// What the function is called.
    pub(crate) fn name(&self) -> &'static str {
        self.name
    }
    /// For each specialisation the Program before and after the passes, and what it was compiled to.
    pub(crate) fn explain(&self) -> String {
        let Site { name, place, cache, .. } = self;
        let entries = cache.entries.read().unwrap_or_else(PoisonError::into_inner);
        let mut text = format!("{name}, jitted at {place}: traced {} times\n", entries.len());
        for entry in entries.iter() {
            text += &format!("\n{}\n", entry.compiled.explain());
        }
        text
    }
}

impl<T: Traced> Site<T> {
    pub(crate) fn new(name: &'static str, place: SourceLocation) -> Site<T> {
        Site { name, place, config: Config::default(), cache: Arc::default(), programs: Arc::default() }
    }
    /// The same function compiled otherwise; what is compiled already stays.
    pub(crate) fn with(&self, config: Config) -> Site<T> {
        let (cache, programs) = (self.cache.clone(), self.programs.clone());
        Site { name: self.name, place: self.place, config, cache, programs }
    }

    /// What serves `args`, the first `num_state` of which are state: from the cache, or traced and compiled.
    ///
    /// # Errors
    /// The first error of the operations inside.
    pub fn entry(
        &self,
        args: &[&dyn AnyTree<Array>],
        num_state: usize,
        f: Body<'_, T>,
    ) -> Result<Arc<Entry<T>>> {
        let fits = |entry: &Entry<T>| entry.config == self.config && entry.key.matches(args);
        if let Some(entry) = self.cache.find(|| hash_of(args), fits) {
            return Ok(entry);
        }
        Config::check_environment().map_err(|kind| Error::new("jit", kind, self.place))?;
        self.log(args, num_state);
        let mut result = None;
        let traced = engine::trace_at_border(self.place, &types(args), engine::JITTED, &mut |vals| {
            let (mut all, tree) = f(vals);
            all.extend(values(&tree));
            result = Some(tree);
            all
        });
        let (program, captures) = traced.map_err(|e| e.with_note(self.note(), self.place))?;
        let result = result.expect("internal: a trace that succeeds ran to its end");
        let num_state = leaves(&args[..num_state]).len();
        let compiled = Compiled::new(program, captures, num_state, &self.config);
        let compiled = compiled.map_err(|e| e.with_note(self.note(), self.place))?;
        let entry = Entry { key: Key::of(args), config: self.config.clone(), compiled, result };
        Ok(self.cache.insert(entry, fits))
    }

    /// The results of a call of one shared Program in the current trace.
    pub fn inside(&self, args: &[&dyn AnyTree<Val>], num_state: usize, f: Body<'_, T>) -> (Vec<Val>, T) {
        let vals = leaves(args).iter().map(|v| **v).collect::<Vec<_>>();
        outline(&self.programs, self.name, self.place, args, &vals, num_state, f)
    }

    /// The leaves of the new state; an error is kept if it is not like the old one.
    pub fn kept_state<L: Typed>(&self, old: &dyn AnyTree<L>, new: &dyn AnyTree<Val>) -> Vec<Val> {
        let kept = Key::of(&[old]);
        if !kept.matches(&[new]) {
            let change = kept.difference(&[new], &["the state".to_string()]).unwrap_or_default();
            let message = format!("{change}; state keeps its structure, shapes and dtypes");
            engine::refuse(Error::new("jit", ErrorKind::invalid(message), self.place));
        }
        leaves(&[new]).into_iter().copied().collect()
    }

    fn note(&self) -> String {
        format!("in `{}`, jitted", self.name)
    }

    /// Says why the function is traced, and what differs from the latest call if it was traced before.
    fn log(&self, args: &[&dyn AnyTree<Array>], num_state: usize) {
        let (function, place) = (self.name, self.place);
        let Some(latest) = self.cache.latest() else {
            tracing::debug!(target: "gradus::jit", function, %place, "traced for the first time");
            return;
        };
        let named = |i: usize| match i < num_state {
            true => "the state".to_string(),
            false => format!("parameter {}", i + 1),
        };
        let names: Vec<String> = (0..args.len()).map(named).collect();
        let difference = latest.key.difference(args, &names).unwrap_or_else(|| "another config".to_string());
        tracing::info!(target: "gradus::jit", function, %place, %difference, "traced again");
    }
}

impl<T: Traced> Entry<T> {
    /// Runs on `args`; `state` is replaced if all goes well.
    ///
    /// # Errors
    /// What only shows while running.
    pub fn run<R>(&self, state: Option<&mut dyn AnyTree<Array>>, args: &[&dyn AnyTree<Array>]) -> Result<R>
    where
        T: Traced<Data = R>,
        R: Stored<Traced = T>,
    {
        let mut lists = Lists::take();
        if let Some(state) = state {
            state.walk_mut(&mut |leaf| lists.state.push(leaf));
        }
        for tree in args {
            tree.walk(&mut |part| {
                if let crate::Part::Leaf(leaf) = part {
                    lists.args.push(leaf);
                }
            });
        }
        let outcome = self.compiled.run(&mut lists);
        let results = outcome.map(|()| engine::refill_data(&self.result, lists.results.drain(..)));
        lists.give_back();
        results
    }
}

/// A traced function that is called from other traces.
pub(crate) struct Outlined<T> {
    key: Key,
    program: Arc<Program>,
    result: T,
}

/// The results of `f` on `vals`, the leaves of `args`, as a call of a Program shared by all calls of one key.
///
/// A function that captures values of the current trace is traced at each call: the next trace has others.
pub(crate) fn outline<T: Traced>(
    cache: &Cache<Outlined<T>>,
    name: &str,
    place: SourceLocation,
    args: &[&dyn AnyTree<Val>],
    vals: &[Val],
    num_state: usize,
    f: Body<'_, T>,
) -> (Vec<Val>, T) {
    let fits = |o: &Outlined<T>| o.key.matches(args);
    // A Program traced inside of a named axis speaks of that axis: it serves this call alone.
    let alone = engine::is_any_axis_named();
    if let Some(known) = cache.find(|| hash_of(args), fits).filter(|_| !alone) {
        let inner = Inner { program: known.program.clone(), captures: vec![] };
        return parted(args, num_state, &known.result, &inner.call(name, place, vals));
    }
    let mut result = None;
    let traced = Inner::trace(place, vals, Order::Any, &mut |vals| {
        let (mut all, tree) = f(vals);
        all.extend(values(&tree));
        result = Some(tree);
        all
    });
    let result = result.expect("internal: an inner trace ran to its end or unwound");
    match traced {
        Ok(inner) => {
            let out = parted(args, num_state, &result, &inner.call(name, place, vals));
            if inner.captures.is_empty() && !alone {
                cache.insert(Outlined { key: Key::of(args), program: inner.program, result }, fits);
            }
            out
        }
        Err(error) => {
            let poisoned = engine::refuse(error);
            let num_leaves = leaves(&args[..num_state]).len() + values(&result).len();
            parted(args, num_state, &result, &vec![poisoned; num_leaves])
        }
    }
}

/// A list of results as the new state's leaves and the result.
fn parted<T: Traced>(args: &[&dyn AnyTree<Val>], num_state: usize, like: &T, all: &[Val]) -> (Vec<Val>, T) {
    let (state, rest) = all.split_at(leaves(&args[..num_state]).len());
    (state.to_vec(), engine::refill(like, rest))
}

/// What is kept for one function, by key. The latest hit is tried first.
pub(crate) struct Cache<E> {
    entries: RwLock<Vec<Arc<E>>>,
    latest: AtomicUsize,
}

impl<E> Default for Cache<E> {
    fn default() -> Self {
        Cache { entries: RwLock::default(), latest: AtomicUsize::new(0) }
    }
}

/// An entry that knows the hash of its key.
pub(crate) trait Keyed {
    fn hash(&self) -> u64;
}
impl<T> Keyed for Entry<T> {
    fn hash(&self) -> u64 {
        self.key.hash()
    }
}
impl<T> Keyed for Outlined<T> {
    fn hash(&self) -> u64 {
        self.key.hash()
    }
}

impl<E: Keyed> Cache<E> {
    /// The entry that fits; `hash` is asked only if the latest one does not.
    fn find(&self, hash: impl FnOnce() -> u64, fits: impl Fn(&E) -> bool) -> Option<Arc<E>> {
        let entries = self.entries.read().unwrap_or_else(PoisonError::into_inner);
        let latest = self.latest.load(Ordering::Relaxed);
        if let Some(entry) = entries.get(latest).filter(|e| fits(e)) {
            return Some(entry.clone());
        }
        if entries.len() < 2 {
            return None;
        }
        let hash = hash();
        let found = entries.iter().position(|e| e.hash() == hash && fits(e))?;
        self.latest.store(found, Ordering::Relaxed);
        Some(entries[found].clone())
    }
    /// Adds `entry`, unless another thread was faster: then that one's.
    fn insert(&self, entry: E, fits: impl Fn(&E) -> bool) -> Arc<E> {
        let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(other) = entries.iter().find(|e| fits(e)) {
            return other.clone();
        }
        let entry = Arc::new(entry);
        entries.push(entry.clone());
        self.latest.store(entries.len() - 1, Ordering::Relaxed);
        entry
    }
    fn latest(&self) -> Option<Arc<E>> {
        let entries = self.entries.read().unwrap_or_else(PoisonError::into_inner);
        entries.get(self.latest.load(Ordering::Relaxed)).cloned()
    }
}

/// The leaves of several trees, in order.
fn leaves<'a, L>(trees: &[&'a dyn AnyTree<L>]) -> SmallVec<[&'a L; 16]> {
    let mut all = SmallVec::new();
    for tree in trees {
        tree.walk(&mut |part| {
            if let crate::Part::Leaf(l) = part {
                all.push(l);
            }
        });
    }
    all
}

/// The types of the leaves of several trees.
fn types<L: Typed>(trees: &[&dyn AnyTree<L>]) -> Vec<Type> {
    leaves(trees).into_iter().map(Typed::type_of).collect()
}

/// Traces `f` on data like `args`.
pub(crate) fn program_of(
    place: SourceLocation,
    args: &[&dyn AnyTree<Array>],
    f: engine::Flat<'_>,
) -> Result<Program> {
    engine::trace_at_border(place, &types(args), None, f).map(|(program, _)| program)
}
