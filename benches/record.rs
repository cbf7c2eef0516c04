//! What sealing and opening one record costs.
#![allow(clippy::unwrap_used, reason = "a benchmark stops at the first surprise")]

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use hallway::record::{DirectionKeys, Opener, RecordKind, Sealer};
use hallway::time::Millis;
use std::hint::black_box;

/// Name, kind and payload: 64 bytes and 1 KiB of inner bytes, and the longest bulk.
const SIZES: [(&str, RecordKind, usize); 3] = [
    ("64 B", RecordKind::Message, 61),
    ("1 KiB", RecordKind::Message, 1_021),
    ("64 KiB bulk", RecordKind::Bulk, 65_521),
];
/// Records opened in one measured stretch: each opens only once, so they are sealed beforehand.
const OPENED_PER_BATCH: usize = 64;

fn keys() -> DirectionKeys {
    DirectionKeys::new([1; 32], [2; 32])
}

fn seal(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("seal");
    for (name, kind, payload_bytes) in SIZES {
        let payload = vec![7; payload_bytes];
        let mut sealer = Sealer::new(keys(), Millis(0));
        let mut out = Vec::new();
        group.throughput(Throughput::Bytes(payload_bytes as u64));
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                out.clear();
                sealer.seal(Millis(0), kind, black_box(&payload), &mut out).unwrap();
            });
        });
    }
    group.finish();
}

fn open(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("open");
    for (name, kind, payload_bytes) in SIZES {
        let payload = vec![7; payload_bytes];
        let mut sealer = Sealer::new(keys(), Millis(0));
        let records: Vec<Vec<u8>> = (0..OPENED_PER_BATCH)
            .map(|_| {
                let mut wire = Vec::new();
                sealer.seal(Millis(0), kind, &payload, &mut wire).unwrap();
                wire
            })
            .collect();
        group.throughput(Throughput::Bytes((payload_bytes * OPENED_PER_BATCH) as u64));
        group.bench_function(format!("{OPENED_PER_BATCH} x {name}"), |bencher| {
            bencher.iter_batched_ref(
                || {
                    let mut opener = Opener::new(keys());
                    opener.allow_bulk();
                    opener
                },
                |opener| {
                    for wire in &records {
                        // One push a record, as chat comes; the memory is given back each time.
                        opener.push(wire);
                        while let Some(opened) = opener.next().unwrap() {
                            black_box(opened);
                        }
                    }
                },
                BatchSize::SmallInput,
            );
        });
    }
    group.finish();
}

criterion_group!(benches, seal, open);
criterion_main!(benches);
