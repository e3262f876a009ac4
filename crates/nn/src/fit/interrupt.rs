//! [`Interrupt`]: Ctrl-C as something a loop asks for, as long as it wants to.

use std::io;
use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

/// While one lives, the first Ctrl-C (or SIGTERM) is only noted; the second, and any when none lives, ends the process
/// as always.
///
/// ```
/// let interrupt = gradus_nn::Interrupt::listen()?;
/// for _ in 0..3 {
///     if interrupt.is_requested() {
///         break; // save, and end
///     }
/// }
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct Interrupt {
    flags: &'static Flags,
}

#[derive(Debug, Default)]
struct Flags {
    /// A signal ends the process.
    ends: Arc<AtomicBool>,
    requested: Arc<AtomicBool>,
    listeners: AtomicUsize,
}

/// The handlers are installed once and stay: what they do depends on the flags.
fn flags() -> io::Result<&'static Flags> {
    static FLAGS: OnceLock<Result<Flags, io::ErrorKind>> = OnceLock::new();
    let install = || {
        let flags = Flags { ends: Arc::new(AtomicBool::new(true)), ..Flags::default() };
        for signal in [SIGINT, SIGTERM] {
            // In this order: the first signal finds `ends` false and sets it for the second.
            flag::register_conditional_default(signal, flags.ends.clone())?;
            flag::register(signal, flags.ends.clone())?;
            flag::register(signal, flags.requested.clone())?;
        }
        Ok(flags)
    };
    let flags = FLAGS.get_or_init(|| install().map_err(|error: io::Error| error.kind()));
    flags.as_ref().map_err(|kind| io::Error::from(*kind))
}

impl Interrupt {
    /// Listens from now on.
    ///
    /// # Errors
    /// The system refuses the handlers.
    pub fn listen() -> io::Result<Interrupt> {
        let flags = flags()?;
        if flags.listeners.fetch_add(1, Ordering::SeqCst) == 0 {
            flags.requested.store(false, Ordering::SeqCst);
            flags.ends.store(false, Ordering::SeqCst);
        }
        Ok(Interrupt { flags })
    }
    /// Whether a signal came since the first listener began.
    pub fn is_requested(&self) -> bool {
        self.flags.requested.load(Ordering::SeqCst)
    }
}

impl Drop for Interrupt {
    fn drop(&mut self) {
        if self.flags.listeners.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.flags.ends.store(true, Ordering::SeqCst);
        }
    }
}
