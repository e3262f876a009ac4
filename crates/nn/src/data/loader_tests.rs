//! Batches, orders, positions, padding and prefetching.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::*;

fn numbers(n: i32) -> Dataset<Array> {
    Dataset::from_tree(Array::new([n as usize], (0..n).collect::<Vec<_>>()).unwrap()).unwrap()
}

fn ints(array: &Array) -> Vec<i32> {
    array.to_vec().unwrap()
}

fn batches(batches: Batches<Array>) -> Vec<Vec<i32>> {
    batches.map(|batch| ints(&batch.unwrap().examples)).collect()
}

#[test]
fn the_last_batch_is_kept_dropped_or_padded() {
    let loader = numbers(5).loader(2).unwrap();
    assert_eq!(batches(loader.epoch(0)), [vec![0, 1], vec![2, 3], vec![4]]);
    assert_eq!(batches(loader.clone().drop_last().epoch(0)), [[0, 1], [2, 3]]);
    let padded: Vec<_> = loader.clone().pad_last().epoch(0).map(Result::unwrap).collect();
    assert_eq!(ints(&padded[2].examples), [4, 4]);
    let masks: Vec<Vec<bool>> = padded.iter().map(|batch| batch.mask.to_vec().unwrap()).collect();
    assert_eq!(masks, [[true, true], [true, true], [true, false]]);
    assert_eq!(padded[2].rows, [4]);
    let counts = [loader.clone(), loader.clone().drop_last(), loader.pad_last()].map(|l| l.num_batches(0));
    assert_eq!(counts, [3, 2, 3]);
    assert_eq!(batches(numbers(3).loader(100).unwrap().epoch(0)), [[0, 1, 2]]);
    assert_eq!(batches(numbers(3).loader(usize::MAX).unwrap().epoch(0)), [[0, 1, 2]]);
    assert!(batches(numbers(3).loader(100).unwrap().drop_last().epoch(0)).is_empty());
    assert!(matches!(numbers(3).loader(0), Err(LoadError::EmptyBatch)));
}

#[test]
fn an_epoch_has_each_row_once_and_its_own_order() {
    let loader = numbers(100).loader(7).unwrap().shuffled(3);
    let epoch = |epoch| batches(loader.epoch(epoch)).concat();
    assert_ne!(epoch(0), epoch(1));
    assert_eq!(epoch(5), batches(loader.clone().prefetch(3).epoch(5)).concat());
    for n in 0..3 {
        let mut sorted = epoch(n);
        sorted.sort_unstable();
        assert_eq!(sorted, (0..100).collect::<Vec<_>>());
    }
    assert_ne!(epoch(0), batches(numbers(100).loader(7).unwrap().shuffled(4).epoch(0)).concat());
}

#[test]
fn an_order_of_ones_own() {
    let loader = numbers(5).loader(2).unwrap().ordered_by(|epoch| vec![4, 0, epoch as usize]);
    assert_eq!(batches(loader.epoch(2)), [vec![4, 0], vec![2]]);
    assert_eq!(loader.num_batches(0), 2);
    let all: Vec<_> = loader.epoch(7).collect();
    assert_eq!(all[1].as_ref().unwrap_err().to_string(), "row 7 is asked for, the data set has 5");
    assert!(all[0].is_ok());
    let empty = numbers(5).loader(2).unwrap().ordered_by(|_| vec![]);
    assert_eq!(empty.stream(Position::default()).count(), 0);
}

#[test]
fn a_loader_goes_on_at_any_saved_position() {
    for ahead in [0, 2] {
        let loader = numbers(23).loader(4).unwrap().shuffled(9).prefetch(ahead);
        let whole: Vec<_> = loader.stream(Position::default()).take(20).map(Result::unwrap).collect();
        for stop in 0..19 {
            let position = Position::from_array(&Array::from(whole[stop].next)).unwrap();
            assert_eq!(position, whole[stop + 1].position);
            let rest: Vec<_> = loader.stream(position).take(19 - stop).map(Result::unwrap).collect();
            for (a, b) in rest.iter().zip(&whole[stop + 1..]) {
                assert_eq!((&a.examples, &a.rows, a.position), (&b.examples, &b.rows, b.position));
                assert_eq!(loader.rows(a.position), a.rows);
            }
        }
        let position = Position { epoch: 1, batch: 4 };
        assert_eq!(batches(loader.resume(position)), batches(loader.epoch(1))[4..]);
        assert_eq!(loader.resume(Position { epoch: 1, batch: 6 }).count(), 0);
        let wrong: Vec<_> = loader.stream(Position { epoch: 1, batch: 7 }).collect();
        assert_eq!(
            wrong[0].as_ref().unwrap_err().to_string(),
            "batch 7 of epoch 1, expected at most 6: the position is one of another loader"
        );
        assert_eq!(wrong.len(), 1);
    }
}

#[test]
fn a_kept_batch_is_not_overwritten_and_one_that_is_gone_is_filled_again() {
    for ahead in [0, 2] {
        let loader = numbers(60).loader(2).unwrap().prefetch(ahead);
        let kept: Vec<_> = loader.epoch(0).map(Result::unwrap).collect();
        for (i, batch) in kept.iter().enumerate() {
            assert_eq!(ints(&batch.examples), [2 * i as i32, 2 * i as i32 + 1]);
        }
        let mut places: Vec<_> =
            loader.epoch(0).map(|batch| batch.unwrap().examples.bytes().as_ptr()).collect();
        places.sort_unstable();
        places.dedup();
        assert!(places.len() <= ahead + 3, "{ahead} ahead used {} buffers", places.len());
    }
    assert_eq!(ints(&numbers(3).all().unwrap()), [0, 1, 2]);
}

/// A data set that counts its examples as they are made, each after `pause`.
fn slow(n: usize, made: &Arc<AtomicUsize>, pause: Duration) -> Dataset<Array> {
    let made = made.clone();
    let make = move |i: usize| {
        std::thread::sleep(pause);
        made.fetch_add(1, Ordering::SeqCst);
        Ok::<_, gradus::Error>(Array::from(i as i32))
    };
    Dataset::from_fn(n, make).unwrap()
}

#[test]
fn the_next_batch_is_made_while_the_step_runs() {
    let made: Arc<AtomicUsize> = Arc::default();
    let mut batches = slow(20, &made, Duration::ZERO).loader(2).unwrap().prefetch(2).epoch(0);
    for i in 0..10 {
        assert_eq!(ints(&batches.next().unwrap().unwrap().examples), [2 * i, 2 * i + 1]);
        // The step, during which nobody asks for a batch: it goes on until the next one is there.
        let next = (2 * i as usize + 4).min(20);
        let begin = Instant::now();
        while made.load(Ordering::SeqCst) < next && begin.elapsed() < Duration::from_secs(60) {
            std::thread::yield_now();
        }
        assert!(made.load(Ordering::SeqCst) >= next, "batch {} was not made ahead", i + 1);
    }
    // Without a thread nothing is made before it is asked for.
    let made: Arc<AtomicUsize> = Arc::default();
    let mut batches = slow(20, &made, Duration::ZERO).loader(2).unwrap().epoch(0);
    batches.next().unwrap().unwrap();
    assert_eq!(made.load(Ordering::SeqCst), 2);
}

#[test]
fn the_queue_is_bounded_and_a_dropped_loader_ends_its_thread() {
    let made = Arc::default();
    let data = slow(1000, &made, Duration::ZERO);
    let mut batches = data.loader(1).unwrap().prefetch(3).epoch(0);
    batches.next().unwrap().unwrap();
    // As long as it takes for the thread to fill its queue, then longer.
    let wait = Instant::now();
    while made.load(Ordering::SeqCst) < 5 && wait.elapsed() < Duration::from_secs(20) {
        std::thread::sleep(Duration::from_millis(1));
    }
    std::thread::sleep(Duration::from_millis(50));
    // One taken, three that wait, one in the hands of the thread.
    assert_eq!(made.load(Ordering::SeqCst), 5);
    // The thread alone holds the function now; dropping the batches waits for its end.
    drop(data);
    drop(batches);
    assert_eq!(Arc::strong_count(&made), 1);
    assert_eq!(made.load(Ordering::SeqCst), 5);
}

#[test]
fn errors_and_panics_come_back() {
    for ahead in [0, 2] {
        let fails = Dataset::from_fn(6, |i| if i == 2 { Err("broken") } else { Ok(Array::from(i as i32)) });
        let loader = fails.unwrap().loader(2).unwrap().prefetch(ahead);
        let all: Vec<_> = loader.epoch(0).collect();
        assert_eq!(all[1].as_ref().unwrap_err().to_string(), "example 2: broken");
        // Whoever wants to goes on after it.
        assert_eq!(ints(&all[2].as_ref().unwrap().examples), [4, 5]);
        assert_eq!(all.len(), 3);
    }
    let panics = Dataset::from_fn(6, |i| {
        assert!(i < 3, "number {i} is bad");
        Ok::<_, gradus::Error>(Array::from(i as i32))
    });
    let mut batches = panics.unwrap().loader(2).unwrap().prefetch(1).epoch(0);
    assert!(batches.next().unwrap().is_ok());
    let message = batches.next().unwrap().unwrap_err().to_string();
    assert_eq!(message, "the thread that loads ahead panicked: number 3 is bad");
    assert!(batches.next().is_none());
}
