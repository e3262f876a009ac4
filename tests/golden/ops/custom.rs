//! Rules of the user's: derivatives, and what reverse mode keeps.

use super::{Found, one, two};
use crate::manifest::Params;
use gradus::{Val, checkpoint, custom_jvp, custom_root, custom_vjp};

pub(super) fn find(op: &str, _: &Params) -> Found {
    match op {
        "control.checkpoint" => two(|x, w| checkpoint(move |a: &Val| a.dot(w).tanh().dot(w).sin())(&x).sum()),
        "control.custom_jvp" => {
            one(|x| custom_jvp(x, |x| x.sin() * 2.0, |x, dx| (x.sin() * 2.0, x.cos() * 3.0 * dx)))
        }
        "control.custom_vjp_clip" => {
            one(|x| custom_vjp(x, |x| x * x, |x| (x * x, x), |x, ct| (x * 2.0 * ct).clip(-0.5, 0.5)))
        }
        "control.custom_root" => one(|a| {
            let newton =
                |f: &dyn Fn(&Val) -> Val, x0: Val| (0..40).fold(x0, |x, _| x - f(&x) / (x * x * 3.0));
            custom_root(a, |x| x * x * x - a, newton, |g, y| y / g(&y.ones_like()))
        }),
        _ => None,
    }
}
