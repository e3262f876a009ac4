//! A character LSTM; tests/reference/char_lstm_flax.py is the same in Flax and optax.

use std::collections::BTreeSet;

use gradus::{Array, Result, Tree, Val, arange, jit, random, scan};
use gradus_nn::*;

const TEXT: &str = "the cat sat on the mat; the dog lay by the log; the owl saw it all. ";
const HIDDEN: usize = 64;
const BATCH: usize = 16;
const TIME: usize = 32;
const STEPS: usize = 200;

#[derive(Tree, Clone)]
struct CharLstm<T = Array> {
    embed: Embedding<T>,
    lstm: Lstm<T>,
    head: Dense<T>,
}

impl CharLstm<Val> {
    fn new(keys: &Keys, vocab: usize) -> Self {
        CharLstm {
            embed: Embedding::new(keys, vocab, 16),
            lstm: Lstm::new(keys, 16, HIDDEN),
            head: Dense::new(keys, HIDDEN, vocab),
        }
    }
    fn apply(&self, ids: &Val, ctx: &Context) -> Val {
        self.head.apply(&self.lstm.apply(&self.embed.apply(ids), ctx)) // [batch, time, vocab]
    }
    fn sample(&self, key: &Val, first: &Val) -> Val {
        let start = (*first, self.lstm.start(&[]));
        let next = |(id, states): (Val, Vec<_>), key: Val| {
            let (h, states) = self.lstm.step(&self.embed.apply(&id), &states);
            let id = random::categorical(key, self.head.apply(&h) / 0.5, ());
            ((id, states), id)
        };
        scan(start, &random::split(key, 60), next).1
    }
}

#[test]
fn a_character_lstm_learns_a_text_and_writes_it() -> Result<()> {
    let text = TEXT.repeat(8);
    let vocab: Vec<char> = text.chars().collect::<BTreeSet<_>>().into_iter().collect();
    let ids: Vec<i32> = text.chars().map(|c| vocab.binary_search(&c).unwrap() as i32).collect();
    let (n, ids) = (vocab.len(), Array::from(ids));
    let first = jit(|ids: &Val| ids.at(0))(&ids)?;

    let adam = Adam::new(1e-2);
    let mut state = TrainState::new(init(0, move |keys| CharLstm::new(keys, n))?, &adam, 1)?;
    let step = jit(move |state: &mut Training<CharLstm<Val>, Adam>, ids: &Val| {
        state.step(&adam, |model, ctx| {
            let at = random::randint(ctx.next_key().unwrap(), [BATCH, 1], 0, ids.size() - TIME);
            let labels = ids.take(at + 1 + arange(TIME), 0);
            cross_entropy(&model.apply(&ids.take(at + arange(TIME), 0), ctx), &labels)
        })
    });
    let mut loss = f32::NAN;
    for _ in 0..STEPS {
        loss = step(&mut state, &ids)?.item()?;
    }
    assert!(loss < 0.2, "loss {loss}");
    let sample = jit(|model: &CharLstm<Val>, key: &Val, first: &Val| model.sample(key, first));
    let written = sample(&state.model, &random::seed(2), &first)?.to_vec::<i32>()?;
    let written: String = written.into_iter().map(|i| vocab[i as usize]).collect();
    assert!(TEXT.repeat(2).contains(&written[..20]), "{written}");
    Ok(())
}
