//! The lists that a call at the border makes of its trees, used again by the next call on the thread: a call of a
//! model with any number of arrays allocates none.

use crate::Array;
use std::cell::Cell;

/// The leaves of one call.
#[derive(Default)]
pub(crate) struct Lists<'a> {
    pub(crate) state: Vec<&'a mut Array>,
    pub(crate) args: Vec<&'a Array>,
    pub(crate) results: Vec<Array>,
}

thread_local! {
    static IDLE: Cell<Lists<'static>> =
        const { Cell::new(Lists { state: Vec::new(), args: Vec::new(), results: Vec::new() }) };
}

impl<'a> Lists<'a> {
    /// Empty lists. A call within a call gets new ones.
    pub(crate) fn take() -> Lists<'a> {
        IDLE.try_with(Cell::take).unwrap_or_default()
    }

    /// Empties the lists and keeps their memory for the next call.
    pub(crate) fn give_back(mut self) {
        self.results.clear();
        let idle = Lists { state: emptied(self.state), args: emptied(self.args), results: self.results };
        // A thread that ends keeps nothing.
        let _ = IDLE.try_with(|lists| lists.set(idle));
    }
}

/// The memory of a list for elements that differ in their lifetime only: collecting a list of none of them into a list
/// of elements of the same size keeps it.
fn emptied<Old, New>(mut list: Vec<Old>) -> Vec<New> {
    list.clear();
    list.into_iter().map(|_| unreachable!("internal: the list is empty")).collect()
}

#[cfg(test)]
mod tests {
    use super::Lists;
    use crate::Array;

    #[test]
    fn the_memory_of_lists_is_used_again() {
        let mut places = vec![];
        for k in 0..3 {
            let mut arrays: Vec<Array> = (0..40).map(Array::from).collect();
            let other = arrays.clone();
            let mut lists = Lists::take();
            assert_eq!((lists.state.len(), lists.args.len(), lists.results.len()), (0, 0, 0));
            if k > 0 {
                assert!(lists.state.capacity() >= 40 && lists.args.capacity() >= 40);
            }
            lists.args.extend(&other);
            lists.state.extend(&mut arrays);
            lists.results.extend(other.iter().cloned());
            places.push((lists.args.as_ptr() as usize, lists.results.as_ptr() as usize));
            lists.give_back();
        }
        assert!(places[1] == places[0] && places[2] == places[0], "{places:?}");
    }
}
