//! One step of a recurrent layer: [`RnnCell`], [`LstmCell`], [`GruCell`].
//!
//! Invariant: a cell computes in the element type of its weights; gates stand side by side along the last axis.

use gradus::{Array, Dtype, Traced, Tree, Val, as_operation, concatenate, random, zeros};

use crate::{Initializer, Keys};

/// What a [`Recurrent`](super::Recurrent) layer asks of its cell.
///
/// A step is split in two: `project` is what the inputs alone decide, and is called once for all steps.
pub trait RecurrentCell: Traced {
    /// What is kept from one step to the next, `[.., hidden]` each.
    type State: Traced;
    /// The name of the layer in errors.
    const NAME: &'static str;

    /// The number of inputs.
    fn inputs(&self) -> usize;
    /// The number of outputs.
    fn hidden(&self) -> usize;
    /// A cell with new weights for `inputs` inputs, and else as this one.
    fn with_inputs(&self, keys: &Keys, inputs: usize) -> Self;
    /// The state before the first step, zeros, of a batch of this shape.
    fn start(&self, batch: &[usize]) -> Self::State;
    /// The part of `x` in the gates, `[.., inputs] -> [.., gates · hidden]`.
    fn project(&self, x: &Val) -> Val;
    /// The state after a step whose inputs were projected.
    fn next(&self, projected: &Val, state: &Self::State) -> Self::State;
    /// What a step gives, `[.., hidden]`.
    fn output(state: &Self::State) -> Val;
}

/// `x · w + b` in the element type of `w`.
#[track_caller]
fn affine(x: &Val, w: Val, b: Option<Val>) -> Val {
    let y = x.astype(w.dtype()).dot(w);
    b.map_or(y, |b| y + b)
}

/// Weights `[inputs, gates · hidden]`, by [`Initializer::LECUN_NORMAL`].
#[track_caller]
fn input_weights(keys: &Keys, inputs: usize, outputs: usize) -> Val {
    Initializer::LECUN_NORMAL.weights(&keys.next_key(), inputs, outputs)
}

/// Weights `[hidden, gates · hidden]`, an orthogonal matrix for each gate.
#[track_caller]
fn hidden_weights(keys: &Keys, hidden: usize, gates: usize) -> Val {
    concatenate(random::orthogonal(keys.next_key(), hidden, [gates]).unstack(0), -1)
}

#[track_caller]
fn zero_state(batch: &[usize], w_hidden: &Val) -> Val {
    zeros([batch, &[w_hidden.shape()[0]]].concat(), w_hidden.dtype())
}

/// What a simple recurrent cell does to its sum.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RnnActivation {
    /// The hyperbolic tangent.
    #[default]
    Tanh,
    /// `max(x, 0)`.
    Relu,
}

/// `h' = tanh(x · w_input + h · w_hidden + b)`, or with a ReLU.
#[derive(Tree, Clone, Debug)]
pub struct RnnCell<T = Array> {
    /// `[inputs, hidden]`.
    pub w_input: T,
    /// `[hidden, hidden]`.
    pub w_hidden: T,
    /// `[hidden]`, if there is one.
    pub b: Option<T>,
    /// What is done to the sum.
    #[tree(static)]
    pub activation: RnnActivation,
}

impl RnnCell<Val> {
    /// Input weights by [`Initializer::LECUN_NORMAL`], orthogonal hidden ones, biases zero.
    #[track_caller]
    pub fn new(keys: &Keys, inputs: usize, hidden: usize) -> RnnCell<Val> {
        as_operation("Rnn", || RnnCell {
            w_input: input_weights(keys, inputs, hidden),
            w_hidden: hidden_weights(keys, hidden, 1),
            b: Some(zeros([hidden], Dtype::F32)),
            activation: RnnActivation::Tanh,
        })
    }
    /// The same cell without a bias.
    pub fn without_bias(self) -> RnnCell<Val> {
        RnnCell { b: None, ..self }
    }
    /// The same cell with a ReLU instead of the hyperbolic tangent.
    pub fn with_relu(self) -> RnnCell<Val> {
        RnnCell { activation: RnnActivation::Relu, ..self }
    }
}

impl RecurrentCell for RnnCell<Val> {
    type State = Val;
    const NAME: &'static str = "Rnn";

    fn inputs(&self) -> usize {
        self.w_input.shape()[0]
    }
    fn hidden(&self) -> usize {
        self.w_hidden.shape()[0]
    }
    #[track_caller]
    fn with_inputs(&self, keys: &Keys, inputs: usize) -> RnnCell<Val> {
        let RnnCell { w_input, w_hidden, .. } = RnnCell::new(keys, inputs, self.hidden());
        RnnCell { w_input, w_hidden, ..self.clone() }
    }
    #[track_caller]
    fn start(&self, batch: &[usize]) -> Val {
        zero_state(batch, &self.w_hidden)
    }
    #[track_caller]
    fn project(&self, x: &Val) -> Val {
        affine(x, self.w_input, self.b)
    }
    #[track_caller]
    fn next(&self, projected: &Val, h: &Val) -> Val {
        let sum = projected + affine(h, self.w_hidden, None);
        match self.activation {
            RnnActivation::Tanh => sum.tanh(),
            RnnActivation::Relu => sum.relu(),
        }
    }
    fn output(h: &Val) -> Val {
        *h
    }
}

/// The state of an [`LstmCell`].
#[derive(Tree, Clone, Debug)]
pub struct LstmState<T = Array> {
    /// The output, `[.., hidden]`.
    pub h: T,
    /// The memory, `[.., hidden]`.
    pub c: T,
}

/// `c' = σ(f) c + σ(i) tanh(g)`, `h' = σ(o) tanh(c')`, where `(i, f, g, o) = x · w_input + h · w_hidden + b`.
///
/// The order of the gates is PyTorch's; its two biases are one here, their sum.
#[derive(Tree, Clone, Debug)]
pub struct LstmCell<T = Array> {
    /// `[inputs, 4 · hidden]`.
    pub w_input: T,
    /// `[hidden, 4 · hidden]`.
    pub w_hidden: T,
    /// `[4 · hidden]`, if there is one.
    pub b: Option<T>,
}

impl LstmCell<Val> {
    /// Input weights by [`Initializer::LECUN_NORMAL`], orthogonal hidden ones, biases zero.
    #[track_caller]
    pub fn new(keys: &Keys, inputs: usize, hidden: usize) -> LstmCell<Val> {
        as_operation("Lstm", || LstmCell {
            w_input: input_weights(keys, inputs, 4 * hidden),
            w_hidden: hidden_weights(keys, hidden, 4),
            b: Some(zeros([4 * hidden], Dtype::F32)),
        })
    }
    /// The same cell without a bias.
    pub fn without_bias(self) -> LstmCell<Val> {
        LstmCell { b: None, ..self }
    }
    /// The same cell whose forget gates begin with this bias, and the others with none; 1 is usual (Jozefowicz et al.,
    /// 2015), so that at first nothing is forgotten.
    #[track_caller]
    pub fn with_forget_bias(self, bias: f64) -> LstmCell<Val> {
        let hidden = self.hidden();
        let zero = zeros([hidden], self.w_hidden.dtype());
        LstmCell { b: Some(concatenate([zero, zero + bias, zero, zero], 0)), ..self }
    }
}

impl RecurrentCell for LstmCell<Val> {
    type State = LstmState<Val>;
    const NAME: &'static str = "Lstm";

    fn inputs(&self) -> usize {
        self.w_input.shape()[0]
    }
    fn hidden(&self) -> usize {
        self.w_hidden.shape()[0]
    }
    #[track_caller]
    fn with_inputs(&self, keys: &Keys, inputs: usize) -> LstmCell<Val> {
        let LstmCell { w_input, w_hidden, .. } = LstmCell::new(keys, inputs, self.hidden());
        LstmCell { w_input, w_hidden, ..self.clone() }
    }
    #[track_caller]
    fn start(&self, batch: &[usize]) -> LstmState<Val> {
        let zero = zero_state(batch, &self.w_hidden);
        LstmState { h: zero, c: zero }
    }
    #[track_caller]
    fn project(&self, x: &Val) -> Val {
        affine(x, self.w_input, self.b)
    }
    #[track_caller]
    fn next(&self, projected: &Val, state: &LstmState<Val>) -> LstmState<Val> {
        let gates = (projected + affine(&state.h, self.w_hidden, None)).split(4, -1);
        let [i, f, g, o] = [0, 1, 2, 3].map(|k| gates[k]);
        let c = f.sigmoid() * state.c + i.sigmoid() * g.tanh();
        LstmState { h: o.sigmoid() * c.tanh(), c }
    }
    fn output(state: &LstmState<Val>) -> Val {
        state.h
    }
}

/// When the reset gate of a [`GruCell`] is applied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum GruForm {
    /// To the product of the state with its weights, as in PyTorch, Flax and cuDNN.
    #[default]
    ResetAfter,
    /// To the state, as in the paper and in Keras' `reset_after=False`.
    ResetBefore,
}

/// `h' = (1 − z) n + z h`, with `r`, `z` = σ of `x · w_input + h · w_hidden + b` and a candidate `n`.
///
/// `n = tanh(x · w_n + b_n + r (h · u_n + b_hidden))`, or `tanh(x · w_n + b_n + (r h) · u_n)` in
/// [`GruForm::ResetBefore`]. The order of the gates is `r`, `z`, `n`, as PyTorch's; of its two biases those of `r` and `z`
/// are one here, their sum.
#[derive(Tree, Clone, Debug)]
pub struct GruCell<T = Array> {
    /// `[inputs, 3 · hidden]`.
    pub w_input: T,
    /// `[hidden, 3 · hidden]`.
    pub w_hidden: T,
    /// `[3 · hidden]`, if there is one.
    pub b: Option<T>,
    /// `[hidden]`, if there is one: of the candidate, inside of what the reset gate multiplies.
    pub b_hidden: Option<T>,
    /// Where the reset gate is applied.
    #[tree(static)]
    pub form: GruForm,
}

impl GruCell<Val> {
    /// Input weights by [`Initializer::LECUN_NORMAL`], orthogonal hidden ones, biases zero.
    #[track_caller]
    pub fn new(keys: &Keys, inputs: usize, hidden: usize) -> GruCell<Val> {
        as_operation("Gru", || GruCell {
            w_input: input_weights(keys, inputs, 3 * hidden),
            w_hidden: hidden_weights(keys, hidden, 3),
            b: Some(zeros([3 * hidden], Dtype::F32)),
            b_hidden: Some(zeros([hidden], Dtype::F32)),
            form: GruForm::ResetAfter,
        })
    }
    /// The same cell without biases.
    pub fn without_bias(self) -> GruCell<Val> {
        GruCell { b: None, b_hidden: None, ..self }
    }
    /// The same cell in the form [`GruForm::ResetBefore`], which has no `b_hidden`.
    pub fn with_reset_before(self) -> GruCell<Val> {
        GruCell { b_hidden: None, form: GruForm::ResetBefore, ..self }
    }
}

impl RecurrentCell for GruCell<Val> {
    type State = Val;
    const NAME: &'static str = "Gru";

    fn inputs(&self) -> usize {
        self.w_input.shape()[0]
    }
    fn hidden(&self) -> usize {
        self.w_hidden.shape()[0]
    }
    #[track_caller]
    fn with_inputs(&self, keys: &Keys, inputs: usize) -> GruCell<Val> {
        let GruCell { w_input, w_hidden, .. } = GruCell::new(keys, inputs, self.hidden());
        GruCell { w_input, w_hidden, ..self.clone() }
    }
    #[track_caller]
    fn start(&self, batch: &[usize]) -> Val {
        zero_state(batch, &self.w_hidden)
    }
    #[track_caller]
    fn project(&self, x: &Val) -> Val {
        affine(x, self.w_input, self.b)
    }
    #[track_caller]
    fn next(&self, projected: &Val, h: &Val) -> Val {
        let hidden = self.hidden();
        let halves = |v: Val| {
            let parts = v.split_sizes(&[2 * hidden, hidden], -1);
            (parts[0], parts[1])
        };
        let (x_gates, x_candidate) = halves(*projected);
        let (gates, candidate) = match self.form {
            GruForm::ResetAfter => halves(affine(h, self.w_hidden, None)),
            GruForm::ResetBefore => (affine(h, halves(self.w_hidden).0, None), *h),
        };
        let gates = (x_gates + gates).sigmoid().split(2, -1);
        let (r, z) = (gates[0], gates[1]);
        let n = match self.form {
            GruForm::ResetAfter => r * self.b_hidden.map_or(candidate, |b| candidate + b),
            GruForm::ResetBefore => affine(&(r * candidate), halves(self.w_hidden).1, None),
        };
        (1.0 - z) * (x_candidate + n).tanh() + z * h
    }
    fn output(h: &Val) -> Val {
        *h
    }
}

macro_rules! layers {
    ($($Layer:ident of $Cell:ident),*) => { $(
        impl super::$Layer<Val> {
            /// One layer of one direction; see the cell's `new` for its first weights.
            #[track_caller]
            pub fn new(keys: &Keys, inputs: usize, hidden: usize) -> super::$Layer<Val> {
                super::Recurrent::of($Cell::new(keys, inputs, hidden))
            }
        }
    )* };
}
layers!(Rnn of RnnCell, Lstm of LstmCell, Gru of GruCell);
