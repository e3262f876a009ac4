//! Sequences of different lengths, padded to few lengths, so that few shapes are compiled.

use gradus::{Array, Dtype, Tree};

use super::dataset::{Dataset, LoadError, Request, Source, writable};

/// A batch of sequences of one padded length.
#[derive(Tree, Clone, Debug, PartialEq)]
pub struct Sequences<T = Array> {
    /// `[batch, time, ..]`, zeros where a sequence has ended.
    pub values: T,
    /// Where there is a sequence: `bool[batch, time]`.
    pub mask: T,
    /// The lengths: `i32[batch]`.
    pub lengths: T,
}

impl Dataset<Sequences> {
    /// From arrays `[time, ..]` that differ in their first extents alone; each is padded with zeros to the shortest of
    /// `buckets` that holds it. A batch has sequences of one bucket.
    ///
    /// With [`Dataset::zip`] go labels, or the sequences of another language.
    ///
    /// ```
    /// use gradus::Array;
    /// use gradus_nn::data::Dataset;
    /// let words = ["a", "cat", "is", "no", "elephant"].map(|word| Array::new([word.len()], word.as_bytes()).unwrap());
    /// let loader = Dataset::sequences(words.to_vec(), &[2, 8])?.loader(2)?;
    /// let shapes: Vec<_> = loader.epoch(0).map(|batch| batch.unwrap().examples.values.shape()).collect();
    /// assert_eq!(shapes, [[2, 2], [1, 2], [2, 8]]);
    /// # Ok::<(), gradus_nn::data::LoadError>(())
    /// ```
    ///
    /// # Errors
    /// There are no sequences or buckets, a bucket has no length, a sequence is a scalar, is of another type than the
    /// first, or is longer than the longest bucket.
    pub fn sequences(sequences: Vec<Array>, buckets: &[usize]) -> Result<Dataset<Sequences>, LoadError> {
        let Some(first) = sequences.first() else { return Err(LoadError::NoRows) };
        let mut buckets = buckets.to_vec();
        buckets.sort_unstable();
        buckets.dedup();
        let Some(&longest) = buckets.last().filter(|_| buckets[0] > 0) else {
            let message = format!("buckets of lengths {buckets:?}; expected at least one, each from 1");
            return Err(LoadError::Sequences(message));
        };
        for (index, sequence) in sequences.iter().enumerate() {
            let shape = sequence.shape();
            if shape.is_empty() || sequence.dtype() != first.dtype() || shape[1..] != first.shape()[1..] {
                let message = format!(
                    "example {index} is {}, example 0 {}; sequences differ in their first extents alone",
                    sequence.ty(),
                    first.ty()
                );
                return Err(LoadError::Sequences(message));
            }
            if shape[0] > longest {
                return Err(LoadError::TooLong { index, length: shape[0], longest });
            }
        }
        Ok(Dataset::from_source(Padded { sequences, buckets }))
    }
}

/// Sequences, and the lengths to which they are padded in increasing order.
struct Padded {
    sequences: Vec<Array>,
    buckets: Vec<usize>,
}

impl Source<Sequences> for Padded {
    fn num_examples(&self) -> usize {
        self.sequences.len()
    }

    fn gather(&self, request: Request<'_>, place: &mut Option<Sequences>) -> Result<(), LoadError> {
        let n = request.rows.len();
        // Rows that someone chose by hand may be of several buckets; the longest holds them all.
        let group = request.rows.iter().map(|&row| self.group(row)).max().unwrap_or(0);
        let time = self.buckets[group];
        let first = &self.sequences[0];
        let rest = first.shape()[1..].to_vec();
        let step_bytes = rest.iter().product::<usize>() * first.dtype().size_bytes();
        let empty = || Array::from(false);
        let batch =
            place.get_or_insert_with(|| Sequences { values: empty(), mask: empty(), lengths: empty() });
        let values = writable(&mut batch.values, first.dtype(), [&[n, time], &rest[..]].concat());
        let mask = writable(&mut batch.mask, Dtype::Bool, vec![n, time]);
        let lengths = writable(&mut batch.lengths, Dtype::I32, vec![n]);
        for (i, &row) in request.rows.iter().enumerate() {
            let sequence = &self.sequences[row];
            let length = sequence.shape()[0];
            let row = &mut values[i * time * step_bytes..][..time * step_bytes];
            row[..length * step_bytes].copy_from_slice(sequence.bytes());
            row[length * step_bytes..].fill(0);
            for (t, is_there) in mask[i * time..][..time].iter_mut().enumerate() {
                *is_there = u8::from(t < length);
            }
            lengths[4 * i..][..4].copy_from_slice(&(length as i32).to_ne_bytes());
        }
        Ok(())
    }

    fn num_groups(&self) -> usize {
        self.buckets.len()
    }

    fn group(&self, row: usize) -> usize {
        self.buckets.partition_point(|&bucket| bucket < self.sequences[row].shape()[0])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sequence `i` has `lengths[i]` steps of two numbers, each of them `i + 1`.
    fn sequences(lengths: &[usize]) -> Vec<Array> {
        let make = |(i, &n): (usize, &usize)| Array::new([n, 2], vec![i as f32 + 1.0; 2 * n]).unwrap();
        lengths.iter().enumerate().map(make).collect()
    }

    #[test]
    fn batches_are_of_one_bucket_and_every_sequence_comes_once() {
        let lengths: Vec<usize> = (0..50).map(|i| i * 7 % 13).collect();
        let data = Dataset::sequences(sequences(&lengths), &[12, 3, 6]).unwrap();
        let loader = data.loader(4).unwrap().shuffled(1).prefetch(1);
        let (mut rows, mut shapes) = (vec![], vec![]);
        for batch in loader.epoch(2) {
            let batch = batch.unwrap();
            let Sequences { values, mask, lengths: found } = &batch.examples;
            let time = values.shape()[1];
            let (values, mask) = (values.to_vec::<f32>().unwrap(), mask.to_vec::<bool>().unwrap());
            for (i, &row) in batch.rows.iter().enumerate() {
                let n = lengths[row];
                assert_eq!([3, 6, 12].into_iter().find(|&bucket| bucket >= n), Some(time));
                assert_eq!(found.to_vec::<i32>().unwrap()[i] as usize, n);
                for t in 0..time {
                    assert_eq!(mask[i * time + t], t < n);
                    let expected = if t < n { row as f32 + 1.0 } else { 0.0 };
                    assert_eq!(values[2 * (i * time + t)..][..2], [expected; 2]);
                }
            }
            shapes.push(time);
            rows.extend(batch.rows);
        }
        assert_eq!(shapes.len(), loader.num_batches(2));
        assert!(!shapes.is_sorted());
        rows.sort_unstable();
        assert_eq!(rows, (0..50).collect::<Vec<_>>());
        let padded = loader.pad_last().epoch(0).map(|batch| batch.unwrap().examples.values.shape()[0]);
        assert!(padded.into_iter().all(|n| n == 4));
    }

    #[test]
    fn pairs_meet_in_buckets_of_both_and_parts_keep_theirs() {
        let first = Dataset::sequences(sequences(&[1, 5, 1, 5, 1]), &[2, 5]).unwrap();
        let second = Dataset::sequences(sequences(&[3, 3, 1, 3, 3]), &[1, 3]).unwrap();
        let pairs = first.zip(&second).unwrap().select([0, 1, 2, 3, 4]).unwrap();
        let rows: Vec<Vec<usize>> =
            pairs.loader(3).unwrap().epoch(0).map(|batch| batch.unwrap().rows).collect();
        assert_eq!(rows, [vec![2], vec![0, 4], vec![1, 3]]);
    }

    #[test]
    fn sequences_that_do_not_go_together_are_refused() {
        let message = |all, buckets: &[usize]| Dataset::sequences(all, buckets).unwrap_err().to_string();
        assert_eq!(
            message(sequences(&[1, 9]), &[4, 8]),
            "the sequence of example 1 has length 9, the longest bucket 8: cut it or add a bucket"
        );
        let mixed = vec![Array::from([1.0f32]), Array::from([1i32])];
        assert!(message(mixed, &[4]).starts_with("example 1 is i32[1], example 0 f32[1]"));
        assert!(message(vec![Array::from(1.0f32)], &[4]).contains("first extents alone"));
        assert!(message(sequences(&[1]), &[]).contains("expected at least one"));
        assert!(message(sequences(&[1]), &[0, 2]).contains("each from 1"));
        assert!(matches!(Dataset::sequences(vec![], &[1]), Err(LoadError::NoRows)));
    }
}
