//! Values and derivatives where floats end: infinities, zeros of both signs, overflow and underflow, equal values.

mod complex;
mod spreads;
