//! The routines as their callers see them. They are compiled with the library alone: to test them inside of it would
//! compile all of faer once more.

mod fourier;
mod lu;
mod orthogonal;
mod spectral;
mod triangular;
mod tridiagonal;
