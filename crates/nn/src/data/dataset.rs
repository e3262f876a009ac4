//! Examples with their targets, handed out in batches.
//!
//! Invariant: inputs and targets have the same number of rows, at least one. A row is contiguous, so a batch is a copy
//! of bytes whatever the element type.

use gradus::{Array, Type};

use super::ImageSet;

/// Inputs `[n, ..]` and targets `[n, ..]`, row for row.
#[derive(Debug, Clone)]
pub struct Dataset {
    inputs: Array,
    targets: Array,
}

/// Inputs and targets that do not go together.
#[derive(Debug, thiserror::Error)]
#[error(
    "a data set needs one row of targets for each row of inputs, and at least one; found {inputs} and {targets}"
)]
pub struct RowsDiffer {
    inputs: Box<Type>,
    targets: Box<Type>,
}

impl Dataset {
    /// From two arrays with as many rows.
    ///
    /// # Errors
    /// The first extents differ or are zero, or an array is a scalar.
    pub fn new(inputs: Array, targets: Array) -> Result<Dataset, RowsDiffer> {
        let rows = |array: &Array| array.shape().first().copied();
        if rows(&inputs) != rows(&targets) || rows(&inputs).unwrap_or(0) == 0 {
            return Err(RowsDiffer {
                inputs: inputs.ty().clone().into(),
                targets: targets.ty().clone().into(),
            });
        }
        Ok(Dataset { inputs, targets })
    }

    /// The number of rows.
    #[allow(clippy::len_without_is_empty, reason = "a data set is never empty")]
    pub fn len(&self) -> usize {
        self.inputs.shape()[0]
    }

    /// All inputs.
    pub fn inputs(&self) -> &Array {
        &self.inputs
    }

    /// All targets.
    pub fn targets(&self) -> &Array {
        &self.targets
    }

    /// Batches of `size` consecutive rows; the last one has what is left.
    ///
    /// # Panics
    /// If `size` is zero.
    pub fn batches(&self, size: usize) -> Batches<'_> {
        Batches::new(self, size, None)
    }

    /// Batches of `size` rows in the order of `order`, whose elements are below [`Dataset::len`].
    ///
    /// # Panics
    /// If `size` is zero.
    pub fn batches_in<'a>(&'a self, order: &'a [i32], size: usize) -> Batches<'a> {
        Batches::new(self, size, Some(order))
    }
}

impl From<&ImageSet> for Dataset {
    /// Pixels scaled to 0..=1 as f32 `[n, rows * columns]`, labels as i32 `[n]`.
    fn from(images: &ImageSet) -> Dataset {
        let shape = [images.len(), images.num_pixels()];
        let labels: Vec<i32> = images.labels().iter().map(|&label| label.into()).collect();
        let inputs =
            Array::new(shape, images.normalized()).expect("internal: a row of pixels for each image");
        let targets = Array::new([images.len()], labels).expect("internal: a label for each image");
        Dataset { inputs, targets }
    }
}

/// The batches of one pass over a [`Dataset`].
///
/// Each call of [`Batches::next`] fills the same two arrays again unless someone has kept a clone, so that a pass
/// allocates next to nothing; this is why it is no `Iterator`.
#[derive(Debug)]
pub struct Batches<'a> {
    data: &'a Dataset,
    order: Option<&'a [i32]>,
    size: usize,
    begin: usize,
    batch: Option<[Array; 2]>,
}

impl<'a> Batches<'a> {
    fn new(data: &'a Dataset, size: usize, order: Option<&'a [i32]>) -> Batches<'a> {
        assert!(size > 0, "a batch has at least one row");
        Batches { data, order, size, begin: 0, batch: None }
    }

    /// Inputs and targets of the next batch, `None` after the last.
    #[allow(clippy::should_implement_trait, reason = "what it returns borrows from it")]
    pub fn next(&mut self) -> Option<(&Array, &Array)> {
        let total = self.order.map_or(self.data.len(), <[i32]>::len);
        if self.begin == total {
            return None;
        }
        let rows = self.begin..total.min(self.begin + self.size);
        let [mut inputs, mut targets] = match self.batch.take() {
            Some(batch) => batch,
            None => [self.data.inputs.clone(), self.data.targets.clone()],
        };
        for (array, all) in [(&mut inputs, &self.data.inputs), (&mut targets, &self.data.targets)] {
            let row_bytes = all.bytes().len() / self.data.len();
            let places = writable(array, all, rows.len()).chunks_exact_mut(row_bytes.max(1));
            for (place, row) in places.zip(rows.clone()) {
                let row = self.order.map_or(row, |order| order[row] as usize);
                place.copy_from_slice(&all.bytes()[row * row_bytes..][..row_bytes]);
            }
        }
        self.begin = rows.end;
        let [inputs, targets] = self.batch.insert([inputs, targets]);
        Some((inputs, targets))
    }
}

/// The bytes of `array`, made anew unless it has `rows` rows like those of `all` and nobody else holds it.
fn writable<'a>(array: &'a mut Array, all: &Array, rows: usize) -> &'a mut [u8] {
    let mut shape = all.shape();
    shape[0] = rows;
    if array.shape() != shape || array.bytes_mut().is_none() {
        *array = Array::zeros(Type::new(all.dtype(), shape));
    }
    array.bytes_mut().expect("internal: a new array is shared by nobody")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data(rows: i32) -> Dataset {
        let inputs: Vec<f32> = (0..rows * 2).map(|i| i as f32).collect();
        let targets: Vec<i32> = (0..rows).map(|i| 10 * i).collect();
        let inputs = Array::new([rows as usize, 2], inputs).unwrap();
        Dataset::new(inputs, Array::new([rows as usize], targets).unwrap()).unwrap()
    }

    /// First input column and targets of each batch.
    fn batches(mut batches: Batches) -> Vec<(Vec<f32>, Vec<i32>)> {
        let mut all = Vec::new();
        while let Some((x, y)) = batches.next() {
            assert_eq!(x.shape(), [y.size(), 2]);
            all.push((x.to_vec::<f32>().unwrap().into_iter().step_by(2).collect(), y.to_vec().unwrap()));
        }
        all
    }

    #[test]
    fn last_batch_has_what_is_left() {
        let all = batches(data(5).batches(2));
        assert_eq!(all, [(vec![0., 2.], vec![0, 10]), (vec![4., 6.], vec![20, 30]), (vec![8.], vec![40])]);
        assert_eq!(batches(data(4).batches(2)).len(), 2);
        assert_eq!(batches(data(3).batches(100)).len(), 1);
    }

    #[test]
    fn rows_come_in_the_order_given() {
        let all = batches(data(5).batches_in(&[4, 0, 2], 2));
        assert_eq!(all, [(vec![8., 0.], vec![40, 0]), (vec![4.], vec![20])]);
    }

    #[test]
    fn a_kept_batch_is_not_overwritten() {
        let data = data(4);
        let mut batches = data.batches(2);
        let kept = batches.next().unwrap().0.clone();
        let _ = batches.next();
        assert_eq!(kept.to_vec::<f32>().unwrap(), [0., 1., 2., 3.]);
        assert_eq!(data.inputs().to_vec::<f32>().unwrap()[..4], [0., 1., 2., 3.]);
    }

    #[test]
    fn buffers_are_used_again() {
        let data = data(6);
        let mut batches = data.batches(2);
        let first = batches.next().unwrap().0.bytes().as_ptr();
        assert_eq!(batches.next().unwrap().0.bytes().as_ptr(), first);
    }

    #[test]
    fn rows_that_differ_are_refused() {
        let three = Array::new([3], [1i32, 2, 3]).unwrap();
        let message = |inputs: Array| Dataset::new(inputs, three.clone()).unwrap_err().to_string();
        let rule = "a data set needs one row of targets for each row of inputs, and at least one; found";
        assert_eq!(
            message(Array::zeros(Type::new(gradus::Dtype::F32, [2, 2]))),
            format!("{rule} f32[2,2] and i32[3]")
        );
        assert_eq!(message(Array::from(1.0f32)), format!("{rule} f32[] and i32[3]"));
        let empty = || Array::new([0], Vec::<f32>::new()).unwrap();
        assert!(Dataset::new(empty(), empty()).is_err());
    }
}
