//! N4 and N5: what the disk gives, without any server. They bound the fsync and the cold-read scenarios.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use rustix::fs::Advice;

use crate::case::{Bench, Sample};
use crate::table::Outcome;

/// N4: appends of 4 KiB, each made durable before the next.
fn sync_loop(bench: &Bench) -> std::io::Result<Sample> {
    let path = bench.options.directory.join("n4");
    let file = File::create(&path)?;
    let mut histogram = Histogram::<u64>::new_with_bounds(1, 60_000_000, 3).expect("fixed bounds are valid");
    let block = [5u8; 4096];
    let begun = Instant::now();
    let mut count = 0;
    while begun.elapsed() < Duration::from_secs(2) {
        let one = Instant::now();
        file.write_all_at(&block, count * 4096)?;
        file.sync_data()?;
        histogram.saturating_record(one.elapsed().as_micros() as u64);
        count += 1;
    }
    std::fs::remove_file(&path)?;
    Ok(Sample::default()
        .with("fdatasync/s", count as f64 / begun.elapsed().as_secs_f64())
        .with("fdatasync p50 us", histogram.value_at_quantile(0.5) as f64)
        .with("fdatasync p99 us", histogram.value_at_quantile(0.99) as f64))
}

/// N5: sequential reads of 1 MiB of a file that is not in the page cache.
fn cold_read(bench: &Bench) -> std::io::Result<Sample> {
    let path = bench.options.directory.join("n5");
    let megabytes = bench.options.pick(1024, 256);
    let mut chunk = vec![9u8; 1 << 20];
    let file = File::options().create(true).truncate(true).read(true).write(true).open(&path)?;
    for index in 0..megabytes {
        file.write_all_at(&chunk, index << 20)?;
    }
    file.sync_all()?;
    rustix::fs::fadvise(&file, 0, None, Advice::DontNeed)?;
    rustix::fs::fadvise(&file, 0, None, Advice::Sequential)?;
    let begun = Instant::now();
    for index in 0..megabytes {
        file.read_exact_at(&mut chunk, index << 20)?;
    }
    let seconds = begun.elapsed().as_secs_f64();
    std::fs::remove_file(&path)?;
    Ok(Sample::default().with("cold read MB/s", (megabytes << 20) as f64 / 1e6 / seconds))
}

pub fn run(bench: &mut Bench) {
    type Limit = fn(&Bench) -> std::io::Result<Sample>;
    let limits: [(&'static str, &str, Limit); 2] = [
        ("N4", "4 KiB appends to one file, fdatasync after each", sync_loop),
        ("N5", "cold sequential read of one file, 1 MiB at a time", cold_read),
    ];
    for (name, title, limit) in limits {
        match limit(bench) {
            Ok(sample) => {
                let null = Some((name, vec![sample]));
                bench.report(Outcome { scenario: "limits", title: title.into(), ours: vec![], peer: vec![], null });
            }
            Err(error) => bench.failures.push(format!("{name}: {error}")),
        }
    }
}
