//! The tests of the whole as one program, which is linked once. `golden` has a runner of its own, and `allocations` an
//! allocator.

mod documents;
mod from_jax;
mod mnist_step;
