//! The thread pool: threads that wait by spinning for a while, then sleep.
//!
//! A call offers its work; who is awake joins, and nobody waits for one who is not. The offer ends when everybody who
//! joined has left, so the work may borrow from the caller's stack. One offer at a time: a second caller works alone.

use std::hint::spin_loop;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicUsize, Ordering};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

/// What every member runs: its argument is the member's number, the caller being 0.
pub(crate) type Work<'w> = dyn Fn(usize) + Sync + 'w;

/// How long a worker spins after its last work before it sleeps.
const AWAKE: Duration = Duration::from_micros(80);
/// Added to the number of members in [`ThreadPool::gate`] while an offer stands.
const OPEN: u32 = 1 << 16;

struct ThreadPool {
    busy: AtomicBool,
    /// Counts offers; workers watch it.
    offers: AtomicUsize,
    /// The work on offer: a pointer to a `&Work`.
    work: AtomicPtr<()>,
    /// Members allowed for this offer, the caller included.
    members: AtomicUsize,
    /// `OPEN` while the offer stands, plus the number of workers inside.
    gate: AtomicU32,
    sleepers: AtomicUsize,
    workers: OnceLock<Vec<Thread>>,
    asleep: Vec<AtomicBool>,
}

fn pool() -> &'static ThreadPool {
    static POOL: OnceLock<ThreadPool> = OnceLock::new();
    POOL.get_or_init(|| {
        let workers = thread::available_parallelism().map_or(1, usize::from) - 1;
        ThreadPool {
            busy: AtomicBool::new(false),
            offers: AtomicUsize::new(0),
            work: AtomicPtr::default(),
            members: AtomicUsize::new(0),
            gate: AtomicU32::new(0),
            sleepers: AtomicUsize::new(0),
            workers: OnceLock::new(),
            asleep: (0..workers).map(|_| AtomicBool::new(false)).collect(),
        }
    })
}

/// Runs `work` on the caller and on workers that join, up to `members` in all.
///
/// With `wake` sleeping workers are woken; else only those that spin can join.
pub(crate) fn share(members: usize, wake: bool, work: &Work<'_>) {
    if members <= 1 {
        return work(0);
    }
    let pool = pool();
    if pool.asleep.is_empty()
        || pool.busy.compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed).is_err()
    {
        return work(0);
    }
    let workers = pool.workers.get_or_init(|| start(pool.asleep.len()));
    let shared: &Work<'_> = work;
    pool.work.store((&raw const shared).cast_mut().cast(), Ordering::Relaxed);
    pool.members.store(members, Ordering::Relaxed);
    pool.gate.store(OPEN, Ordering::Release);
    pool.offers.fetch_add(1, Ordering::SeqCst);
    if wake && pool.sleepers.load(Ordering::SeqCst) > 0 {
        let wanted = workers.iter().zip(&pool.asleep).take(members - 1);
        wanted.filter(|(_, asleep)| asleep.load(Ordering::SeqCst)).for_each(|(worker, _)| worker.unpark());
    }
    let end = EndOfOffer(pool);
    work(0);
    drop(end);
}

/// Closes the offer and waits until everybody has left, also when the caller's work panics.
struct EndOfOffer(&'static ThreadPool);

impl Drop for EndOfOffer {
    fn drop(&mut self) {
        let pool = self.0;
        pool.gate.fetch_and(!OPEN, Ordering::AcqRel);
        wait_until(|| pool.gate.load(Ordering::Acquire) == 0);
        pool.busy.store(false, Ordering::Release);
    }
}

/// Spins until the condition holds; gives way to other threads when that takes long.
pub(crate) fn wait_until(condition: impl Fn() -> bool) {
    let mut spins = 0u32;
    while !condition() {
        spins += 1;
        if spins < 4096 {
            spin_loop();
        } else {
            thread::yield_now();
        }
    }
}

fn start(workers: usize) -> Vec<Thread> {
    let start_one = |number: usize| {
        let named = thread::Builder::new().name(format!("gradus-{number}"));
        let spawned = named.spawn(move || serve(pool(), number));
        spawned.map(|handle| handle.thread().clone()).ok()
    };
    (1..=workers).map_while(start_one).collect()
}

/// A worker's life.
fn serve(pool: &'static ThreadPool, number: usize) {
    let mut seen = 0;
    loop {
        seen = next_offer(pool, number, seen);
        if number >= pool.members.load(Ordering::Relaxed) || !enter(pool) {
            continue;
        }
        // SAFETY: inside an open gate the pointer is to the `&Work` of the caller, which waits in `EndOfOffer` until
        // this worker has left.
        let work = unsafe { *pool.work.load(Ordering::Relaxed).cast::<&Work<'_>>() };
        let left = Leave(pool);
        work(number);
        drop(left);
    }
}

/// Joins the offer if it still stands.
fn enter(pool: &ThreadPool) -> bool {
    let join = |gate: u32| (gate & OPEN != 0).then_some(gate + 1);
    pool.gate.fetch_update(Ordering::AcqRel, Ordering::Acquire, join).is_ok()
}

struct Leave(&'static ThreadPool);

impl Drop for Leave {
    fn drop(&mut self) {
        if thread::panicking() {
            // The caller may be waiting for what this thread has not done.
            std::process::abort();
        }
        self.0.gate.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Waits for an offer after number `seen`: first awake, then asleep.
fn next_offer(pool: &ThreadPool, number: usize, seen: usize) -> usize {
    let start = Instant::now();
    let mut spins = 0u32;
    loop {
        let offers = pool.offers.load(Ordering::Acquire);
        if offers != seen {
            return offers;
        }
        spin_loop();
        spins += 1;
        if spins.is_multiple_of(64) && start.elapsed() > AWAKE {
            break;
        }
    }
    let asleep = &pool.asleep[number - 1];
    asleep.store(true, Ordering::SeqCst);
    pool.sleepers.fetch_add(1, Ordering::SeqCst);
    let offers = loop {
        let offers = pool.offers.load(Ordering::SeqCst);
        if offers != seen {
            break offers;
        }
        thread::park();
    };
    pool.sleepers.fetch_sub(1, Ordering::SeqCst);
    asleep.store(false, Ordering::SeqCst);
    offers
}

/// Are all workers asleep?
pub(crate) fn is_asleep() -> bool {
    let pool = pool();
    pool.workers.get().is_none() || pool.sleepers.load(Ordering::Relaxed) == pool.asleep.len()
}

#[cfg(test)]
mod tests {
    use super::share;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn every_piece_is_done_once() {
        for round in 0..2000 {
            let next = AtomicUsize::new(0);
            let sum = AtomicUsize::new(0);
            share(1 + round % 4, round % 3 != 0, &|_| {
                loop {
                    let piece = next.fetch_add(1, Ordering::Relaxed);
                    if piece >= 100 {
                        return;
                    }
                    sum.fetch_add(piece, Ordering::Relaxed);
                }
            });
            assert_eq!(sum.into_inner(), 4950);
        }
    }

    #[test]
    fn callers_at_once_and_within() {
        std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    for _ in 0..200 {
                        let inner = AtomicUsize::new(0);
                        share(2, true, &|number| {
                            share(2, true, &|_| {
                                inner.fetch_add(1, Ordering::Relaxed);
                            });
                            assert!(number < 2);
                        });
                        assert!(inner.into_inner() >= 1);
                    }
                });
            }
        });
    }
}
