//! [`summary`]: a model as a table, layer by layer, in the manner of Keras.
//!
//! Layers do not report anything: the model is traced once, and the table is read off the Program.

mod count;

use std::fmt;

use gradus::{LeafKind, Result, Stored, Traced, Val, jit, random, trace};

use crate::{Context, loss_and_grads};
use count::{Found, Origin};

/// The layers of a model for one input, and what they cost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// One row for each place of the model's tree that has leaves, in order.
    pub layers: Vec<LayerSummary>,
    /// Elements of all parameters.
    pub parameters: usize,
    /// Elements of all buffers.
    pub buffers: usize,
    /// Bytes of all leaves.
    pub bytes: usize,
    /// Floating-point operations of a forward pass in evaluation; a product and its sum are two.
    pub flops: u128,
    /// Bytes that a forward pass needs beyond model and input at its peak.
    pub forward_bytes: usize,
    /// The same of a training step: loss and gradients, without the optimizer. `None` if the outputs have no floats.
    pub training_bytes: Option<usize>,
}

/// A row of a [`Summary`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayerSummary {
    /// The path of the layer in the model; of a leaf of the model's own, that of the leaf.
    pub path: String,
    /// The type of its output; `None` if its weights meet no data.
    pub output: Option<gradus::Type>,
    /// Elements of its parameters.
    pub parameters: usize,
    /// Elements of its buffers.
    pub buffers: usize,
    /// Floating-point operations where its weights meet data.
    pub flops: u128,
}

/// The table of `model` as `apply` applies it to `input`.
///
/// A layer is the leaves of one structure (`encoder.0.w` and `encoder.0.b`); its output is that of the last operation
/// in which they meet data. What has no leaves, such as pooling, has no row; its operations are in the total.
///
/// ```
/// use gradus::{Array, Tree, Val};
/// use gradus_nn::{Dense, Keys, init, summary};
///
/// #[derive(Tree)]
/// struct Mlp<T = Array> { hidden: Dense<T>, output: Dense<T> }
/// let new = |keys: &Keys| Mlp { hidden: Dense::new(keys, 784, 128), output: Dense::new(keys, 128, 10) };
/// let model = init(0, new)?;
///
/// let table = summary(&model, &Array::full([32, 784], 0.0f32), |model, x: &Val, _| {
///     model.output.apply(&model.hidden.apply(x).relu())
/// })?;
/// assert_eq!(table.parameters, 784 * 128 + 128 + 128 * 10 + 10);
/// assert_eq!(table.layers[0].output.as_ref().unwrap().to_string(), "f32[32,128]");
/// println!("{table}");
/// # Ok::<(), gradus::Error>(())
/// ```
///
/// # Errors
/// If `apply` is refused for this input.
#[track_caller]
pub fn summary<M: Stored, X: Stored, Y: Traced>(
    model: &M,
    input: &X,
    apply: impl Fn(&mut M::Traced, &X::Traced, &Context) -> Y + Send + Sync,
) -> Result<Summary> {
    let evaluate = |model: &M::Traced, x: &X::Traced| apply(&mut model.copy(), x, &Context::evaluation());
    let program = trace(evaluate)(model, input)?;
    let (mut layers, owners) = rows(model);
    let mut found = vec![Found::default(); layers.len()];
    let mut origins: Vec<Origin> = owners.iter().map(|layer| Origin::Weights([*layer].into())).collect();
    origins.resize(owners.len() + input.leaves().len(), Origin::Data);
    origins.resize(program.num_params(), Origin::Constant);
    count::find(&program, origins, &mut found);
    for (layer, Found { output, flops }) in layers.iter_mut().zip(found) {
        (layer.output, layer.flops) = (output, flops);
    }
    let forward = jit(evaluate);
    forward(model, input)?;
    Ok(Summary {
        parameters: layers.iter().map(|layer| layer.parameters).sum(),
        buffers: layers.iter().map(|layer| layer.buffers).sum(),
        bytes: model.leaves().iter().map(|leaf| leaf.bytes().len()).sum(),
        flops: count::program(&program),
        forward_bytes: forward.memory().unwrap_or(0),
        training_bytes: training_bytes(model, input, &apply)?,
        layers,
    })
}

/// The rows without what only a trace says, and the row of each leaf.
fn rows<M: Stored>(model: &M) -> (Vec<LayerSummary>, Vec<usize>) {
    let mut layers: Vec<LayerSummary> = vec![];
    let mut owners = vec![];
    let leaves = model.leaves();
    for ((path, leaf), kind) in model.paths().into_iter().zip(leaves).zip(model.kinds()) {
        let layer = path.rsplit_once('.').map_or(path.as_str(), |(layer, _)| layer);
        let row = layers.iter().position(|known| known.path == layer).unwrap_or_else(|| {
            let path = layer.to_owned();
            layers.push(LayerSummary { path, output: None, parameters: 0, buffers: 0, flops: 0 });
            layers.len() - 1
        });
        match kind {
            LeafKind::Buffer => layers[row].buffers += leaf.size(),
            _ => layers[row].parameters += leaf.size(),
        }
        owners.push(row);
    }
    (layers, owners)
}

/// What loss and gradients need; the loss is the mean square of all outputs that are floats.
fn training_bytes<M: Stored, X: Stored, Y: Traced>(
    model: &M,
    input: &X,
    apply: &(impl Fn(&mut M::Traced, &X::Traced, &Context) -> Y + Send + Sync),
) -> Result<Option<usize>> {
    let has_floats = std::sync::atomic::AtomicBool::new(true);
    let step = jit(|model: &M::Traced, x: &X::Traced, key: &Val| {
        let mut model = model.copy();
        let (_, grads) = loss_and_grads(&mut model, |model| {
            let outputs = apply(model, x, &Context::training(key));
            let floats = outputs.leaves().into_iter().filter(|leaf| leaf.dtype().is_float());
            let losses = floats.map(|leaf| leaf.square().mean());
            losses.reduce(|all, loss| all + loss).unwrap_or_else(|| {
                has_floats.store(false, std::sync::atomic::Ordering::Relaxed);
                Val::from(0.0)
            })
        });
        (model, grads)
    });
    step(model, input, &random::seed(0))?;
    Ok(step.memory().filter(|_| has_floats.load(std::sync::atomic::Ordering::Relaxed)))
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head = ["Layer", "Output", "Parameters", "Buffers", "FLOPs"].map(str::to_owned);
        let mut rows = vec![head];
        for layer in &self.layers {
            let output = layer.output.as_ref().map_or("-".to_owned(), gradus::Type::to_string);
            let counts = [layer.parameters as u128, layer.buffers as u128, layer.flops].map(grouped);
            let [parameters, buffers, flops] = counts;
            let path = if layer.path.is_empty() { "(the only leaf)".to_owned() } else { layer.path.clone() };
            rows.push([path, output, parameters, buffers, flops]);
        }
        let widths: Vec<usize> =
            (0..5).map(|i| rows.iter().map(|row| row[i].chars().count()).max().unwrap_or(0)).collect();
        let rule = "─".repeat(widths.iter().sum::<usize>() + 2 * 4);
        for (i, [path, output, parameters, buffers, flops]) in rows.iter().enumerate() {
            writeln!(
                f,
                "{path:<0$}  {output:<1$}  {parameters:>2$}  {buffers:>3$}  {flops:>4$}",
                widths[0], widths[1], widths[2], widths[3], widths[4]
            )?;
            if i == 0 {
                writeln!(f, "{rule}")?;
            }
        }
        writeln!(f, "{rule}")?;
        let [parameters, buffers] = [self.parameters, self.buffers].map(|count| grouped(count as u128));
        writeln!(f, "Parameters: {parameters}, buffers: {buffers} ({} in all)", bytes(self.bytes))?;
        writeln!(f, "Forward pass: {} FLOPs, {}", grouped(self.flops), bytes(self.forward_bytes))?;
        match self.training_bytes {
            Some(training) => write!(f, "Training step, without the optimizer: {}", bytes(training)),
            None => write!(f, "Training step: the outputs hold no floats"),
        }
    }
}

/// A number with a comma after each three digits.
fn grouped(number: u128) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn bytes(count: usize) -> String {
    let units = ["B", "KiB", "MiB", "GiB", "TiB"];
    let unit = (0..units.len() - 1).find(|unit| count >> (10 * unit) < 1024).unwrap_or(units.len() - 1);
    match unit {
        0 => format!("{count} B"),
        _ => format!("{:.1} {}", count as f64 / (1u64 << (10 * unit)) as f64, units[unit]),
    }
}

#[cfg(test)]
mod tests;
