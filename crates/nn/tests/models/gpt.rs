//! A GPT that generates with a cache; tests/reference/gpt_flax.py is the same in Flax and optax.

use std::collections::BTreeSet;

use gradus::{Array, Result, Tree, Val, arange, concatenate, jit, random, s, scan};
use gradus_nn::*;

const TEXT: &str = "the cat sat on the mat; the dog lay by the log; the owl saw it all. ";
const WIDTH: usize = 32;
const HEADS: usize = 4;
const LAYERS: usize = 2;
const BATCH: usize = 16;
const TIME: usize = 64;
const STEPS: usize = 200;

#[derive(Tree, Clone)]
struct Gpt<T = Array> {
    tokens: Embedding<T>,
    places: Embedding<T>,
    blocks: TransformerEncoder<T>,
}

impl Gpt<Val> {
    fn new(keys: &Keys, vocab: usize) -> Self {
        Gpt {
            tokens: Embedding::with_deviation(keys, vocab, WIDTH, 0.02),
            places: Embedding::with_deviation(keys, TIME, WIDTH, 0.02),
            blocks: TransformerEncoder::new(
                keys,
                LAYERS,
                &Transformer::new(WIDTH, HEADS).causal().with_dropout(0.05),
            ),
        }
    }
    fn embed(&self, ids: &Val, places: Val) -> Val {
        self.tokens.apply(ids) + self.places.apply(&places)
    }
    fn apply(&self, ids: &Val, ctx: &Context) -> Val {
        let x = self.embed(ids, arange(ids.shape()[1]));
        self.tokens.attend(&self.blocks.apply(&x, None, ctx)) // [batch, time, vocab]
    }
    /// The logits after `ids` `[time]`, which follow those in the caches.
    fn decode(&self, ids: &Val, caches: &mut [KvCache<Val>]) -> Val {
        let x = self.embed(ids, caches[0].len + arange(ids.size()));
        self.tokens.attend(&self.blocks.decode(&x, caches)).at(-1)
    }
    fn generate(&self, prompt: &Val) -> Val {
        let mut caches = self.blocks.cache(&[], TIME);
        let first = self.decode(prompt, &mut caches).argmax(-1);
        let next = |(id, mut caches): (Val, Vec<_>), _: Val| {
            let next = self.decode(&id.reshape([1]), &mut caches).argmax(-1);
            ((next, caches), id)
        };
        scan((first, caches), &arange(TIME - prompt.size()), next).1
    }
}

#[test]
fn a_gpt_learns_a_text_and_writes_it_with_a_cache() -> Result<()> {
    let text = TEXT.repeat(8);
    let vocab: Vec<char> = text.chars().collect::<BTreeSet<_>>().into_iter().collect();
    let ids: Vec<i32> = text.chars().map(|c| vocab.binary_search(&c).unwrap() as i32).collect();
    let (n, ids) = (vocab.len(), Array::from(ids));

    let adamw = AdamW::new(3e-3);
    let mut state = TrainState::new(init(0, move |keys| Gpt::new(keys, n))?, &adamw, 1)?;
    let step = jit(move |state: &mut Training<Gpt<Val>, AdamW>, ids: &Val| {
        state.step(&adamw, |model, ctx| {
            let at = random::randint(ctx.next_key().unwrap(), [BATCH, 1], 0, ids.size() - TIME);
            let labels = ids.take(at + 1 + arange(TIME), 0);
            cross_entropy(&model.apply(&ids.take(at + arange(TIME), 0), ctx), &labels)
        })
    });
    let mut loss = f32::NAN;
    for _ in 0..STEPS {
        loss = step(&mut state, &ids)?.item()?;
    }
    assert!(loss < 0.4, "loss {loss}");
    // One compiled loop writes what the text goes on with, and what the model says without a cache.
    let generate = jit(|model: &Gpt<Val>, ids: &Val| {
        let prompt = ids.slice(s![..16]);
        let written = model.generate(&prompt);
        let all = concatenate([prompt, written], 0).expand_dims(0);
        (written, model.apply(&all, &Context::evaluation()).at(0).argmax(-1).slice(s![15..TIME - 1]))
    });
    let (written, again) = generate(&state.model, &ids)?;
    assert_eq!(written, again);
    let written: String = written.to_vec::<i32>()?.into_iter().map(|i| vocab[i as usize]).collect();
    assert!(text[16..].starts_with(&written[..20]), "{written}");
    Ok(())
}
