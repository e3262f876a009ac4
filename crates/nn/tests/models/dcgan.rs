//! A DCGAN (Radford et al., 2016) of digits: a generator and a discriminator, each with an optimizer of its own.

use gradus::{Array, Tree, Val, jit, random};
use gradus_nn::data::Dataset;
use gradus_nn::{Adam, BatchNorm, Context, Conv, ConvTranspose, Dense, Keys, TrainState, Training, init};

const LATENT: usize = 64;

#[derive(Tree, Clone)]
struct Generator<T = Array> {
    project: Dense<T>,
    norm1: BatchNorm<T>,
    conv1: ConvTranspose<T>,
    norm2: BatchNorm<T>,
    conv2: ConvTranspose<T>,
}

impl Generator<Val> {
    fn new(keys: &Keys) -> Generator<Val> {
        Generator {
            project: Dense::new(keys, LATENT, 7 * 7 * 32),
            norm1: BatchNorm::new(32),
            conv1: ConvTranspose::new(keys, [4, 4], 32, 16).with_strides([2, 2]).without_bias(),
            norm2: BatchNorm::new(16),
            conv2: ConvTranspose::new(keys, [4, 4], 16, 1).with_strides([2, 2]),
        }
    }

    fn apply(&mut self, z: &Val, ctx: &Context) -> Val {
        let h = self.project.apply(z).reshape([-1, 7, 7, 32]);
        let h = self.conv1.apply(&self.norm1.apply(&h, ctx).relu()); // [n, 14, 14, 16]
        self.conv2.apply(&self.norm2.apply(&h, ctx).relu()).tanh() // [n, 28, 28, 1]
    }
}

#[derive(Tree, Clone)]
struct Discriminator<T = Array> {
    conv1: Conv<T>,
    conv2: Conv<T>,
    norm2: BatchNorm<T>,
    output: Dense<T>,
}

impl Discriminator<Val> {
    fn new(keys: &Keys) -> Discriminator<Val> {
        Discriminator {
            conv1: Conv::new(keys, [4, 4], 1, 16).with_strides([2, 2]),
            conv2: Conv::new(keys, [4, 4], 16, 32).with_strides([2, 2]).without_bias(),
            norm2: BatchNorm::new(32),
            output: Dense::new(keys, 7 * 7 * 32, 1),
        }
    }

    fn apply(&mut self, x: &Val, ctx: &Context) -> Val {
        let h = self.conv1.apply(x).leaky_relu(0.2); // [n, 14, 14, 16]
        let h = self.norm2.apply(&self.conv2.apply(&h), ctx).leaky_relu(0.2); // [n, 7, 7, 32]
        self.output.apply(&h.reshape([-1, 7 * 7 * 32]))
    }
}

type Networks = (Training<Generator<Val>, Adam>, Training<Discriminator<Val>, Adam>);

#[test]
fn dcgan_learns_what_digits_look_like() {
    let adam = Adam::new(2e-4).with_beta1(0.5);
    let generator = TrainState::new(init(0, Generator::new).unwrap(), &adam, 1).unwrap();
    let discriminator = TrainState::new(init(2, Discriminator::new).unwrap(), &adam, 3).unwrap();
    let mut networks = (generator, discriminator);
    let step = jit(move |(generator, discriminator): &mut Networks, x: &Val, key: &Val| {
        let real = x.reshape([-1, 28, 28, 1]) * 2.0 - 1.0;
        let z = random::normal(key, [x.shape()[0], LATENT]);
        let fake = generator.model.clone().apply(&z, &Context::training(key));
        let fooled = generator.step(&adam, |net, ctx| {
            let images = net.apply(&z, ctx);
            (-discriminator.model.clone().apply(&images, ctx)).softplus().mean()
        });
        let told_apart = discriminator.step(&adam, |net, ctx| {
            (-net.apply(&real, ctx)).softplus().mean() + net.apply(&fake, ctx).softplus().mean()
        });
        (fooled, told_apart)
    });
    let digits = Dataset::from(&crate::digits());
    let mut losses = vec![];
    let batches = digits.loader(32).unwrap().epoch(0);
    for (i, batch) in (0..20).zip(batches) {
        let (x, _) = batch.unwrap().examples;
        let (fooled, told_apart) = step(&mut networks, &x, &random::seed(i)).unwrap();
        losses.push([fooled, told_apart].map(|loss| loss.item::<f32>().unwrap()));
    }
    // The discriminator finds the difference, and the generator sees that it does.
    let ([[fooled, told_apart], ..], [.., [found, loss]]) = (&losses[..], &losses[..]) else {
        unreachable!()
    };
    assert!(loss < &(0.8 * told_apart) && found > fooled, "{losses:?}");
}
