//! Lists of pointers that a call makes: what a list of steps works on, the operands of a kernel.
//!
//! A short list stands on the stack. The memory of a long one waits with its thread for the next, so that a call makes
//! none: not for a loop inside of a loop either, nor for a part of a step on another thread.

use smallvec::SmallVec;
use std::cell::RefCell;
use std::ops::{Deref, DerefMut};

/// Pointers by number: arena, scratch, parameters, results, constants.
pub(crate) struct Pointers(SmallVec<[*mut u8; INLINE]>);

/// Pointers that need no memory besides the stack.
const INLINE: usize = 24;
/// The first capacity of a longer list.
const FIRST_CAPACITY: usize = 64;
/// As many lists wait with a thread: one for each loop around the innermost, and a few.
const MOST_IDLE: usize = 16;

thread_local! {
    static IDLE: RefCell<Vec<Vec<*mut u8>>> = const { RefCell::new(Vec::new()) };
}

impl Pointers {
    pub(super) fn new() -> Pointers {
        Pointers(SmallVec::new())
    }

    pub(super) fn of(pointers: impl ExactSizeIterator<Item = *mut u8>) -> Pointers {
        let mut list = Pointers::new();
        list.extend(pointers);
        list
    }

    pub(super) fn push(&mut self, pointer: *mut u8) {
        self.reserve(1);
        self.0.push(pointer);
    }

    pub(super) fn extend(&mut self, pointers: impl ExactSizeIterator<Item = *mut u8>) {
        self.reserve(pointers.len());
        self.0.extend(pointers);
    }

    /// Makes room for so many more.
    fn reserve(&mut self, more: usize) {
        if self.0.len() + more > INLINE && !self.0.spilled() {
            let idle = IDLE.try_with(|idle| idle.borrow_mut().pop()).ok().flatten();
            let mut memory = idle.unwrap_or_else(|| Vec::with_capacity(FIRST_CAPACITY));
            memory.extend_from_slice(&self.0);
            self.0 = SmallVec::from_vec(memory);
        }
    }
}

impl Clone for Pointers {
    fn clone(&self) -> Pointers {
        Pointers::of(self.iter().copied())
    }
}

impl Drop for Pointers {
    fn drop(&mut self) {
        if self.0.spilled() {
            let mut list = std::mem::take(&mut self.0).into_vec();
            list.clear();
            // A thread that ends keeps nothing.
            let _ = IDLE.try_with(|idle| {
                let mut idle = idle.borrow_mut();
                if idle.len() < MOST_IDLE {
                    idle.push(list);
                }
            });
        }
    }
}

impl Deref for Pointers {
    type Target = [*mut u8];
    fn deref(&self) -> &[*mut u8] {
        &self.0
    }
}

impl DerefMut for Pointers {
    fn deref_mut(&mut self) -> &mut [*mut u8] {
        &mut self.0
    }
}

#[cfg(test)]
mod tests {
    use super::{INLINE, Pointers};

    #[test]
    fn the_memory_of_a_long_list_is_used_again() {
        let numbers = |n: usize| (0..n).map(|k| k as *mut u8).collect::<Vec<_>>();
        for n in [0, INLINE, INLINE + 1, 200] {
            let mut list = Pointers::of(numbers(n).into_iter());
            list.push(n as *mut u8);
            let copy = list.clone();
            assert_eq!((list.to_vec(), copy.to_vec()), (numbers(n + 1), numbers(n + 1)));
            let places = [list.as_ptr(), copy.as_ptr()];
            drop((list, copy));
            if n > INLINE {
                let again = [Pointers::of(numbers(n).into_iter()), Pointers::of(numbers(n).into_iter())];
                assert!(again.iter().all(|list| places.contains(&list.as_ptr())));
            }
        }
    }
}
