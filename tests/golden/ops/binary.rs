//! Functions of two elements, and what programs of them overflow.

use super::{Found, many, two};
use crate::manifest::Params;
use gradus::Val;

pub(super) fn find(op: &str, _: &Params) -> Found {
    let f: fn(Val, Val) -> Val = match op {
        "lax.add" | "jnp.add_broadcast" => |x, y| x + y,
        "lax.sub" => |x, y| x - y,
        "lax.mul" | "jnp.mul_broadcast" => |x, y| x * y,
        "lax.div" => |x, y| if x.dtype().is_integer() { x.trunc_divide(y) } else { x / y },
        "lax.rem" | "jnp.fmod" => |x, y| x.fmod(y),
        "lax.max" => |x, y| x.max(y),
        "lax.min" => |x, y| x.min(y),
        "lax.pow" | "jnp.power" => |x, y| x.pow(y),
        "lax.atan2" | "jnp.arctan2" => |x, y| x.atan2(y),
        "lax.nextafter" => |x, y| x.nextafter(y),
        "jnp.floor_divide" => |x, y| x.floor_divide(y),
        "jnp.mod" => |x, y| x % y,
        "jnp.logaddexp2" => |x, y| x.logaddexp2(y),
        "jnp.copysign" => |x, y| x.copysign(y),
        "jnp.heaviside" => |x, y| x.heaviside(y),
        "jnp.float_power" => |x, y| x.float_power(y),
        "jnp.xlogy" => |x, y| x.xlogy(y),
        "jnp.logaddexp" => |x, y| x.logaddexp(y),
        "jnp.hypot" => |x, y| x.hypot(y),
        "lax.eq" => |x, y| x.eq(y),
        "lax.ne" => |x, y| x.ne(y),
        "lax.lt" => |x, y| x.lt(y),
        "lax.le" => |x, y| x.le(y),
        "lax.gt" => |x, y| x.gt(y),
        "lax.ge" => |x, y| x.ge(y),
        "lax.bitwise_and" => |x, y| x.and(y),
        "lax.bitwise_or" => |x, y| x.or(y),
        "lax.bitwise_xor" => |x, y| x.xor(y),
        "lax.shift_left" => |x, y| x.shift_left(y),
        "lax.shift_right_logical" => |x, y| x.shift_right_logical(y),
        "lax.shift_right_arithmetic" => |x, y| x.shift_right_arithmetic(y),
        "int_overflow" => {
            return many(|a| {
                let x = a[0];
                vec![x * x, x + x, -x, x.shift_left(3), x.abs()]
            });
        }
        "int_div_by_zero" => {
            return many(|a| {
                let (x, y) = (a[0], a[1]);
                vec![x.floor_divide(y), x % y, x.trunc_divide(y), x.fmod(y)]
            });
        }
        "mixed.promotion" => return many(|a| vec![a[0] * 2 + a[1] / 3 + a[2]]),
        _ => return None,
    };
    two(f)
}
