//! [`evaluate`] and [`predict`]: what is done with data without changing anything.

use std::collections::BTreeMap;

use gradus::{Array, Dtype, Stored, Type};

use super::{Collect, Fed, Feed, FitError, Means};

/// The means of the metrics that `f` reports of each batch, over all examples of one epoch.
///
/// # Errors
/// A call fails, a batch cannot be had, or there is none.
pub fn evaluate<D: Feed, M: Stored>(
    data: &D,
    f: impl FnMut(&D::Batch) -> gradus::Result<M>,
) -> Result<BTreeMap<String, f64>, FitError> {
    Ok(evaluate_with(data, Means::default(), f)?.into_iter().collect())
}

/// What `meter` makes of the reports of each batch of one epoch.
///
/// # Errors
/// A call fails, a batch cannot be had, or there is none.
pub fn evaluate_with<D: Feed, M>(
    data: &D,
    mut meter: impl Collect<M>,
    mut f: impl FnMut(&D::Batch) -> gradus::Result<M>,
) -> Result<Vec<(String, f64)>, FitError> {
    meter.reset();
    each(data, |fed| meter.add(&f(&fed.batch)?, fed.weight))?;
    Ok(meter.values())
}

/// What `f` returns for each batch of one epoch, as one tree: its leaves joined along their first axis.
///
/// Of a batch that was filled up, the first rows count, as many as its weight says.
///
/// # Errors
/// A call fails, a batch cannot be had or there is none, or a leaf has no row for each example.
pub fn predict<D: Feed, P: Stored>(
    data: &D,
    mut f: impl FnMut(&D::Batch) -> gradus::Result<P>,
) -> Result<P, FitError> {
    let mut first = None;
    let mut joined: Vec<(Dtype, Vec<usize>, Vec<u8>)> = vec![];
    each(data, |fed| {
        let output = f(&fed.batch)?;
        let rows = fed.weight as usize;
        for (i, (path, leaf)) in output.paths().iter().zip(output.leaves()).enumerate() {
            let shape = leaf.shape();
            let fits = shape.first().is_some_and(|have| *have >= rows)
                && joined
                    .get(i)
                    .is_none_or(|(dtype, all, _)| *dtype == leaf.dtype() && all[1..] == shape[1..]);
            if !fits {
                return Err(FitError::NoRows(path.clone(), leaf.ty().clone(), rows));
            }
            if joined.len() == i {
                let mut shape = shape.clone();
                shape[0] = 0;
                joined.push((leaf.dtype(), shape, vec![]));
            }
            let (_, all, bytes) = &mut joined[i];
            let row_bytes = leaf.bytes().len() / shape[0].max(1);
            bytes.extend(&leaf.bytes()[..rows * row_bytes]);
            all[0] += rows;
        }
        first.get_or_insert(output);
        Ok(())
    })?;
    let mut leaves = joined.into_iter().map(|(dtype, shape, bytes)| {
        let mut array = Array::zeros(Type::new(dtype, shape));
        array.bytes_mut().expect("internal: a new array is shared by nobody").copy_from_slice(&bytes);
        array
    });
    let first = first.ok_or(FitError::NoData)?;
    Ok(first.map_leaves(&mut |_| leaves.next().expect("internal: as many arrays as leaves")))
}

/// Calls `f` for each batch of the first epoch.
fn each<D: Feed>(data: &D, mut f: impl FnMut(Fed<D::Batch>) -> Result<(), FitError>) -> Result<(), FitError> {
    if data.num_batches(0) == 0 {
        return Err(FitError::NoData);
    }
    for (i, fed) in data.batches(0, 0).enumerate() {
        f(fed.map_err(|error| FitError::Feed { epoch: 1, batch: i + 1, error })?)?;
    }
    Ok(())
}
