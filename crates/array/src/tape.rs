//! Tapes as the reference interpreter holds them: the number of elements, then their bytes one after the other.
//!
//! Invariant: an element's bytes say where it ends, since arrays of one type are of one size and a tape begins with
//! its number of elements.

use crate::{Array, Buffer, Type};

/// The number of elements of a tape, before them.
const HEADER: usize = size_of::<u64>();

impl Array {
    /// The tape of `elements`, which are of type `of`.
    #[doc(hidden)]
    pub fn tape(of: &Type, elements: &[Array]) -> Array {
        let size = elements.iter().map(|a| a.bytes().len()).sum::<usize>();
        let mut buffer = Buffer::zeroed(HEADER + size);
        let (header, mut rest) = buffer.bytes_mut().split_at_mut(HEADER);
        header.copy_from_slice(&(elements.len() as u64).to_ne_bytes());
        for element in elements {
            debug_assert_eq!(element.ty(), of, "internal: elements of one type");
            let (place, after) = rest.split_at_mut(element.bytes().len());
            place.copy_from_slice(element.bytes());
            rest = after;
        }
        Array { ty: of.tape(), buffer: std::sync::Arc::new(buffer) }
    }
    /// The zero of type `ty`: zeros, or an empty tape.
    #[doc(hidden)]
    pub fn zero(ty: &Type) -> Array {
        match ty.in_tape() {
            Some(of) => Array::tape(&of, &[]),
            None => Array::zeros(ty.clone()),
        }
    }
    /// What a tape holds.
    #[doc(hidden)]
    pub fn tape_elements(&self) -> Vec<Array> {
        let of = self.ty.in_tape().expect("internal: a tape");
        let mut at = HEADER;
        let element = |at: &mut usize| {
            let begin = *at;
            *at += length(&of, &self.bytes()[begin..]);
            let mut buffer = Buffer::zeroed(*at - begin);
            buffer.bytes_mut().copy_from_slice(&self.bytes()[begin..*at]);
            Array { ty: of.clone(), buffer: std::sync::Arc::new(buffer) }
        };
        (0..self.tape_len()).map(|_| element(&mut at)).collect()
    }
    /// How many elements a tape holds.
    #[doc(hidden)]
    pub fn tape_len(&self) -> usize {
        number(self.bytes())
    }
}

fn number(bytes: &[u8]) -> usize {
    let header: [u8; HEADER] = bytes[..HEADER].try_into().expect("internal: as many bytes as a number");
    u64::from_ne_bytes(header) as usize
}

/// How many of `bytes` are the value of type `ty` that they begin with.
fn length(ty: &Type, bytes: &[u8]) -> usize {
    match ty.in_tape() {
        None => ty.size_bytes(),
        Some(of) => (0..number(bytes)).fold(HEADER, |at, _| at + length(&of, &bytes[at..])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Dtype;

    #[test]
    fn a_tape_returns_its_elements() {
        let (of, empty) = (Type::new(Dtype::F32, [2]), Type::new(Dtype::F32, [0]));
        let inner = Array::tape(&of, &[Array::from([1.0f32, 2.0]), Array::from([3.0f32, 4.0])]);
        let outer = Array::tape(&of.tape(), &[inner.clone(), Array::zero(&of.tape()), inner.clone()]);
        assert_eq!(outer.ty().to_string(), "tape<tape<f32[2]>>");
        assert_eq!(outer.tape_elements(), [inner.clone(), Array::tape(&of, &[]), inner]);
        let nothing = Array::tape(&empty, &[Array::zeros(empty.clone()), Array::zeros(empty.clone())]);
        assert_eq!(nothing.tape_elements().len(), 2);
    }
}
