//! More producers than can be remembered: their number is bounded over all partitions, and so is what they take.

use std::io::Write;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::broker::{Broker, under_test};
use crate::support::reader;
use crate::support::record;
use crate::support::wire::{Batch, Wire, now, request_frame};

const TOPIC: &str = "crowd";
const PARTITIONS: i32 = 200;
/// Each request brings a new producer to each partition.
const REQUESTS: i64 = 7000;
/// What all partitions together remember at most, but for a moment; `limits::PRODUCERS_MAX`.
const REMEMBERED_MAX: usize = 1_000_000;
/// What the server may grow by, logs' own buffers included.
const GROWTH_MAX_KIB: u64 = 300 * 1024;
/// Requests on their way at a time.
const WINDOW: i64 = 20;

const PRODUCE: i16 = 0;
const PRODUCE_VERSION: i16 = 7;
/// Where a batch has its checksum, what that covers, and its producer's id.
const CRC_AT: usize = 17;
const COVERED_AT: usize = 21;
const PRODUCER_AT: usize = 43;

/// A request with one batch for each partition, each of another producer.
fn request(first_producer: i64, template: &[u8], id: i32) -> Vec<u8> {
    let mut body = Vec::new();
    body.extend((-1i16).to_be_bytes());
    body.extend((-1i16).to_be_bytes());
    body.extend(30_000i32.to_be_bytes());
    body.extend(1i32.to_be_bytes());
    body.extend((TOPIC.len() as i16).to_be_bytes());
    body.extend(TOPIC.as_bytes());
    body.extend(PARTITIONS.to_be_bytes());
    for partition in 0..PARTITIONS {
        let mut batch = template.to_vec();
        let producer = first_producer + i64::from(partition);
        batch[PRODUCER_AT..PRODUCER_AT + 8].copy_from_slice(&producer.to_be_bytes());
        let crc = record::crc(&batch[COVERED_AT..]);
        batch[CRC_AT..COVERED_AT].copy_from_slice(&crc.to_be_bytes());
        body.extend(partition.to_be_bytes());
        body.extend((batch.len() as i32).to_be_bytes());
        body.extend(batch);
    }
    request_frame(PRODUCE, PRODUCE_VERSION, false, id, "crowd", &body)
}

/// A batch of one record.
fn one(producer: i64, sequence: i32) -> Batch {
    let mut batch = Batch::of(now(), &[b"x"]);
    (batch.producer_id, batch.producer_epoch, batch.sequence) = (producer, 0, sequence);
    batch
}

/// How many producers the partitions remember.
fn remembered(wire: &mut Wire) -> usize {
    let mut count = 0;
    for partition in 0..PARTITIONS {
        let body = json!({"topics": [{"name": TOPIC, "partitionIndexes": [partition]}]});
        let answer = wire.call("DescribeProducers", 0, body).expect("an answer");
        count += answer["topics"][0]["partitions"][0]["activeProducers"].as_array().map_or(0, Vec::len);
    }
    count
}

/// Sends a batch as it is; its offset, and the error.
fn send(wire: &mut Wire, batch: &Batch) -> (i64, Value) {
    let data = json!([{"name": TOPIC, "partitionData": [{"index": 0, "records": batch.base64()}]}]);
    let body = json!({"transactionalId": null, "acks": -1, "timeoutMs": 30000, "topicData": data});
    let answer = wire.call("Produce", 9, body).expect("an answer");
    let partition = &answer["responses"][0]["partitionResponses"][0];
    (partition["baseOffset"].as_i64().expect("an offset"), partition["errorCode"].clone())
}

/// Fault 48: over a million producer ids, each with one batch, and a producer that lives through all of it.
#[test]
fn over_a_million_producers_take_bounded_memory() {
    let mut broker = Broker::start(under_test(), &[("log.retention.check.interval.ms", "600000")]);
    reader::create(&mut broker.wire(), TOPIC, PARTITIONS, &[]);
    let template = one(0, 0).bytes();
    let mut wire = broker.wire();
    wire.set_timeout(Duration::from_secs(120));
    let mut crowd = Wire::connect(broker.port).expect("a connection");
    crowd.set_timeout(Duration::from_secs(120));
    let (before, _) = broker.process().memory_kib();
    let (started, mut highest) = (Instant::now(), before);
    let (mut sent, mut answered, mut alive, mut last) = (0, 0, 0, None);
    while answered < REQUESTS {
        while sent < REQUESTS && sent - answered < WINDOW {
            let first = 1_000_000 + sent * i64::from(PARTITIONS);
            crowd.send_bytes(&request(first, &template, sent as i32)).expect("it is sent");
            sent += 1;
        }
        let frame = crowd.receive_frame().expect("an answer");
        assert_eq!(frame[..4], (answered as i32).to_be_bytes());
        answered += 1;
        if answered % 100 == 0 {
            // Of a producer that goes on, no batch is forgotten or written again.
            let batch = one(7, alive);
            let (offset, error) = send(&mut wire, &batch);
            assert_eq!(error, json!(0), "its batch {alive}");
            assert_eq!(send(&mut wire, &batch), (offset, json!(0)), "its batch {alive} again");
            (alive, last) = (alive + 1, Some((batch, offset)));
            highest = highest.max(broker.process().memory_kib().0);
        }
        if answered % 1000 == 0 {
            let (now, _) = broker.process().memory_kib();
            let producers = answered * i64::from(PARTITIONS);
            println!(
                "{producers} producers: {} MiB more than before, {:?}",
                now.saturating_sub(before) / 1024,
                started.elapsed()
            );
        }
    }
    // The excess goes within a second or so.
    let end = Instant::now() + Duration::from_secs(60);
    let left = loop {
        let left = remembered(&mut wire);
        if left <= REMEMBERED_MAX || Instant::now() > end {
            break left;
        }
        std::thread::sleep(Duration::from_millis(200));
    };
    println!(
        "{left} of {} producers are remembered; at most {} MiB more",
        REQUESTS * i64::from(PARTITIONS),
        (highest - before) / 1024
    );
    assert!((REMEMBERED_MAX / 2..=REMEMBERED_MAX).contains(&left), "{left}");
    assert!(highest - before <= GROWTH_MAX_KIB, "{} KiB more", highest - before);
    let (batch, offset) = last.expect("it lived");
    assert_eq!(send(&mut wire, &batch), (offset, json!(0)), "it is known still");
    broker.stop();
}

/// As many clients that connect, ask for a producer id each and go away: what no partition knows takes nothing.
#[test]
fn producer_ids_that_nobody_writes_with_take_nothing() {
    let mut broker = Broker::start(under_test(), &[]);
    let mut wire = broker.wire();
    let ask = json!({"transactionalId": null, "transactionTimeoutMs": 60000, "producerId": -1, "producerEpoch": -1});
    let first = wire.call("InitProducerId", 4, ask).expect("an id");
    assert_eq!(first["errorCode"], 0, "{first}");
    let (before, _) = broker.process().memory_kib();
    const ASKED: i32 = 100_000;
    let mut body = (-1i16).to_be_bytes().to_vec();
    body.extend(60_000i32.to_be_bytes());
    let frames: Vec<u8> = (0..200).flat_map(|id| request_frame(22, 1, false, id, "crowd", &body)).collect();
    let mut stream = TcpStream::connect(("localhost", broker.port)).expect("a connection");
    stream.set_read_timeout(Some(Duration::from_secs(60))).expect("a timeout");
    let mut newest = -1;
    for _ in 0..ASKED / 200 {
        stream.write_all(&frames).expect("they are sent");
        for _ in 0..200 {
            // Size, correlation id, throttle time, error, producer id, epoch.
            let mut answer = [0; 4 + 4 + 4 + 2 + 8 + 2];
            std::io::Read::read_exact(&mut stream, &mut answer).expect("an answer");
            assert_eq!(answer[12..14], [0, 0]);
            let id = i64::from_be_bytes(answer[14..22].try_into().expect("8 bytes"));
            assert!(id > newest, "{id} after {newest}");
            newest = id;
        }
    }
    let (after, _) = broker.process().memory_kib();
    println!("{ASKED} producer ids: {} KiB more", after.saturating_sub(before));
    assert!(after.saturating_sub(before) < 32 * 1024, "{before} KiB before, {after} KiB after");
    broker.stop();
}
