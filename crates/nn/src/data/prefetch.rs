//! [`Prefetch`]: an iterator that runs on a thread, some items ahead.
//!
//! Invariant: the thread ends before the `Prefetch` is gone, and no more items wait than asked for.

use std::any::Any;
use std::io;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::{Builder, JoinHandle};

/// The items of an iterator, made on a thread of their own.
pub(super) struct Prefetch<T> {
    // `None` once the last item was taken or the thread is to end.
    items: Option<Receiver<T>>,
    thread: Option<JoinHandle<()>>,
}

impl<T: Send + 'static> Prefetch<T> {
    /// Starts the thread, which makes up to `ahead` items before they are asked for, and then one more.
    pub(super) fn new(source: impl Iterator<Item = T> + Send + 'static, ahead: usize) -> io::Result<Self> {
        let (sender, items) = sync_channel(ahead);
        let thread = Builder::new().name("gradus-loader".to_owned()).spawn(move || {
            for item in source {
                // Nobody listens any more: the batches were dropped.
                if sender.send(item).is_err() {
                    return;
                }
            }
        })?;
        Ok(Prefetch { items: Some(items), thread: Some(thread) })
    }

    /// The next item, `None` after the last.
    ///
    /// # Errors
    /// The thread panicked, with this message.
    pub(super) fn next(&mut self) -> Result<Option<T>, String> {
        if let Some(item) = self.items.as_ref().and_then(|items| items.recv().ok()) {
            return Ok(Some(item));
        }
        self.end().map(|()| None)
    }

    /// Waits for the end of the thread.
    fn end(&mut self) -> Result<(), String> {
        self.items = None;
        self.thread.take().map_or(Ok(()), |thread| thread.join().map_err(|panic| message(&*panic)))
    }
}

impl<T> Drop for Prefetch<T> {
    fn drop(&mut self) {
        // The receiver first, or a thread that waits for room in the queue would never end.
        self.items = None;
        if let Some(thread) = self.thread.take() {
            // A panic is nothing to report any more: nobody asks for its item.
            let _ = thread.join();
        }
    }
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied().or(panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("without a message").to_owned()
}
