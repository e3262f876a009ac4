//! The `tracing` events of one thread, for tests that look at them.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Once;

/// The fields of an event, by name.
pub(crate) type Fields = BTreeMap<&'static str, String>;

/// A target, and its events so far.
type Watched = (&'static str, Vec<Fields>);

thread_local!(static WATCHED: RefCell<Option<Watched>> = const { RefCell::new(None) });

struct Visitor(Fields);

impl tracing::field::Visit for Visitor {
    fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn std::fmt::Debug) {
        self.0.insert(field.name(), format!("{value:?}"));
    }
}

struct Subscriber;

impl tracing::Subscriber for Subscriber {
    fn enabled(&self, meta: &tracing::Metadata<'_>) -> bool {
        WATCHED.with_borrow(|watched| matches!(watched, Some((target, _)) if *target == meta.target()))
    }
    fn register_callsite(&self, _: &'static tracing::Metadata<'static>) -> tracing::subscriber::Interest {
        // Whether an event is wanted differs between threads.
        tracing::subscriber::Interest::sometimes()
    }
    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        tracing::span::Id::from_u64(1)
    }
    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}
    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}
    fn event(&self, event: &tracing::Event<'_>) {
        let mut visitor = Visitor(Fields::new());
        event.record(&mut visitor);
        WATCHED.with_borrow_mut(|watched| {
            if let Some((_, events)) = watched {
                events.push(visitor.0);
            }
        });
    }
    fn enter(&self, _: &tracing::span::Id) {}
    fn exit(&self, _: &tracing::span::Id) {}
}

/// The events of `target` while `f` runs on this thread.
pub(crate) fn events<E>(target: &'static str, f: impl FnOnce() -> Result<(), E>) -> Result<Vec<Fields>, E> {
    // A subscriber of one thread alone would miss events that another thread was the first to reach.
    static ONCE: Once = Once::new();
    ONCE.call_once(|| tracing::subscriber::set_global_default(Subscriber).expect("no other subscriber"));
    WATCHED.set(Some((target, vec![])));
    let outcome = f();
    let (_, events) = WATCHED.take().expect("set above");
    outcome.map(|()| events)
}
