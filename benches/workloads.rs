//! The workloads under criterion, for daily work: `cargo bench -p gradus-tests -- gelu`. `cargo xtask bench` has limits
//! and peers.

use criterion::{Criterion, criterion_group, criterion_main};
use gradus_tests::workloads;
use std::time::Duration;

fn all(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("gradus");
    group.sample_size(10).measurement_time(Duration::from_secs(2)).warm_up_time(Duration::from_millis(500));
    for workload in workloads::all() {
        // Prepared inside, so that a workload that is filtered out costs nothing.
        group.bench_function(workload.name, |b| {
            let mut run = (workload.prepare)();
            b.iter(&mut run);
        });
    }
    group.finish();
}

criterion_group!(benches, all);
criterion_main!(benches);
