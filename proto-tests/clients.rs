//! Every client library against one server: each creates a topic, produces with each codec it has, idempotence on and off,
//! and reads all of it back byte-equal by assignment from the beginning, from an offset and from a timestamp. Then each
//! reads what each other one wrote.

mod support;

use support::broker::{Broker, under_test};
use support::client::{Client, From, Library, kcat};
use support::paths::Scratch;
use support::record::{Record, noise};
use support::wire::now;

const CODECS: [&str; 5] = ["none", "gzip", "snappy", "lz4", "zstd"];

/// Records that are awkward in every way the library can say.
fn records(library: Library, seed: u64) -> Vec<Record> {
    let can = library.can();
    let start = now() - 3_600_000;
    let mut all: Vec<Record> = Vec::new();
    let mut add = |key: Option<Vec<u8>>, value: Option<Vec<u8>>, headers: Vec<(String, Option<Vec<u8>>)>| {
        let timestamp = start + 1000 * all.len() as i64;
        all.push(Record { offset: -1, timestamp, key, value, headers });
    };
    let h = |name: &str, value: &[u8]| (name.to_string(), Some(value.to_vec()));
    if !can.binary {
        // One set of headers for the run, and text in lines.
        let headers = vec![h("trace", b"abc"), h("trace", b"def"), h("ünïcode", "wert".as_bytes())];
        for i in 0..60 {
            add(
                Some(format!("key-{i}").into_bytes()),
                Some(format!("value {i} {}", "x".repeat(i * 7)).into_bytes()),
                headers.clone(),
            );
        }
        add(None, Some(b"no key".to_vec()), headers.clone());
        add(Some(b"no value".to_vec()), None, headers.clone());
        let long: Vec<u8> = noise(seed, 1_000_000).into_iter().map(|b| b'!' + b % 90).collect();
        add(Some(b"1 MB".to_vec()), Some(long), headers);
        return all;
    }
    add(Some(b"key".to_vec()), Some(b"value".to_vec()), vec![]);
    add(None, Some(b"no key".to_vec()), vec![h("a", b"1")]);
    add(Some(b"tombstone".to_vec()), None, vec![]);
    add(Some(vec![]), Some(vec![]), vec![h("", b"")]);
    add(Some(vec![0, 255, 10, 13]), Some((0..=255).collect()), vec![h("bin", &[0, 159, 255]), h("ünïcode ☃", b"x")]);
    if can.null_header {
        add(Some(b"null header".to_vec()), Some(b"v".to_vec()), vec![("nothing".to_string(), None)]);
    }
    if can.repeated_header {
        add(Some(b"twice".to_vec()), Some(b"v".to_vec()), vec![h("same", b"first"), h("same", b"second")]);
    }
    for i in 0..120u64 {
        let value = format!("{i} {}", "the same words again and again ".repeat(i as usize % 40));
        add(Some(format!("k{}", i % 7).into_bytes()), Some(value.into_bytes()), vec![]);
    }
    add(Some(b"1 MB".to_vec()), Some(noise(seed, 1_000_000)), vec![h("big", b"yes")]);
    add(Some(b"last".to_vec()), Some(noise(seed + 1, 30_000)), vec![]);
    all
}

/// What should come back: the records with their offsets; and the broker's word on timestamps where the client gave none.
fn compare(what: &str, library: Library, sent: &[Record], offsets: &[i64], got: &[Record]) -> Result<(), String> {
    if sent.len() != got.len() {
        return Err(format!("{what}: {} records, not {}", got.len(), sent.len()));
    }
    for (i, (s, g)) in sent.iter().zip(got).enumerate() {
        let mut expected = s.clone();
        expected.offset = offsets[i];
        if !library.can().timestamps {
            expected.timestamp = g.timestamp;
        }
        if expected != *g {
            return Err(format!("{what}: record {i}: got {g:?}, sent {expected:?}"));
        }
    }
    Ok(())
}

fn one_cell(client: &mut Client, codec: &str, idempotent: bool, seed: u64) -> Result<(), String> {
    let library = client.library();
    let topic = format!("{library:?}-{codec}-{idempotent}").to_lowercase();
    let what = |step: &str| format!("{library:?} {codec} idempotent={idempotent} {step}");
    client.create(&topic, 1).map_err(|e| format!("{}: {e}", what("create")))?;
    let sent = records(library, seed);
    let offsets = client.produce(&topic, codec, idempotent, &sent).map_err(|e| format!("{}: {e}", what("produce")))?;
    if offsets != (0..sent.len() as i64).collect::<Vec<_>>() {
        return Err(format!("{}: offsets {offsets:?}", what("produce")));
    }
    let got = client
        .consume(&topic, From::Beginning, sent.len())
        .map_err(|e| format!("{}: {e}", what("from the beginning")))?;
    compare(&what("from the beginning"), library, &sent, &offsets, &got)?;
    let middle = sent.len() / 2 + 1;
    let tail = client
        .consume(&topic, From::Offset(middle as i64), sent.len() - middle)
        .map_err(|e| format!("{}: {e}", what("from an offset")))?;
    compare(&what("from an offset"), library, &sent[middle..], &offsets[middle..], &tail)?;
    if library.can().timestamps {
        // A time between two records: the later one comes first.
        let time = sent[middle].timestamp - 500;
        let tail = client
            .consume(&topic, From::Timestamp(time), sent.len() - middle)
            .map_err(|e| format!("{}: {e}", what("from a timestamp")))?;
        compare(&what("from a timestamp"), library, &sent[middle..], &offsets[middle..], &tail)?;
    } else {
        let again = client
            .consume(&topic, From::Timestamp(got[0].timestamp - 1), sent.len())
            .map_err(|e| format!("{}: {e}", what("from a timestamp")))?;
        compare(&what("from a timestamp"), library, &sent, &offsets, &again)?;
    }
    Ok(())
}

fn matrix(library: Library) {
    let broker = Broker::start(under_test(), &[]);
    let scratch = Scratch::new("clients");
    let mut client = Client::start(library, &broker.bootstrap(), scratch.path());
    let mut failures = Vec::new();
    for (i, codec) in CODECS.iter().enumerate() {
        for idempotent in [false, true] {
            if let Err(e) = one_cell(&mut client, codec, idempotent, i as u64) {
                failures.push(e);
            }
        }
    }
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}

#[test]
fn java() {
    matrix(Library::Java);
}

#[test]
fn librdkafka_by_confluent_kafka_python() {
    matrix(Library::Confluent);
}

#[test]
fn librdkafka_by_kcat() {
    matrix(Library::Kcat);
}

#[test]
fn franz_go() {
    matrix(Library::Franz);
}

#[test]
fn sarama() {
    matrix(Library::Sarama);
}

#[test]
fn kafkajs() {
    matrix(Library::KafkaJs);
}

#[test]
fn aiokafka() {
    matrix(Library::AioKafka);
}

#[test]
fn kafka_python() {
    matrix(Library::KafkaPython);
}

#[test]
fn each_reads_what_each_other_wrote() {
    let broker = Broker::start(under_test(), &[]);
    let scratch = Scratch::new("across");
    let mut clients: Vec<Client> =
        Library::ALL.iter().map(|l| Client::start(*l, &broker.bootstrap(), scratch.path())).collect();
    let mut failures = Vec::new();
    for (w, codec) in
        [(0, "zstd"), (1, "lz4"), (2, "snappy"), (3, "snappy"), (4, "lz4"), (5, "gzip"), (6, "zstd"), (7, "snappy")]
    {
        let writer = clients[w].library();
        let topic = format!("across-{writer:?}").to_lowercase();
        clients[0].create(&topic, 1).expect("a topic");
        // What every reader can give back: kafkajs has no null header, kcat's headers are text.
        let mut sent = records(writer, 7);
        sent.retain(|r| {
            r.headers.iter().all(|(n, v)| !n.is_empty() && v.as_ref().is_some_and(|v| v.is_ascii() && !v.is_empty()))
        });
        let offsets = match clients[w].produce(&topic, codec, true, &sent) {
            Ok(offsets) => offsets,
            Err(e) => {
                failures.push(format!("{writer:?} {codec}: {e}"));
                continue;
            }
        };
        for reader in &mut clients {
            let what = format!("{:?} reads what {writer:?} wrote with {codec}", reader.library());
            match reader.consume(&topic, From::Beginning, sent.len()) {
                Ok(got) => failures.extend(compare(&what, writer, &sent, &offsets, &got).err()),
                Err(e) => failures.push(format!("{what}: {e}")),
            }
        }
    }
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}

/// The README's quickstart: a real text of over a million lines, Debian's own list of packages, goes through a topic.
#[test]
fn a_million_lines_of_text_by_kcat() {
    let list = || {
        let out = std::process::Command::new("apt-cache").arg("dumpavail").output().expect("apt-cache runs");
        // kcat takes an empty line for no message at all.
        let lines = out.stdout.split(|b| *b == b'\n').filter(|l| !l.is_empty());
        lines.flat_map(|l| l.iter().copied().chain([b'\n'])).collect::<Vec<u8>>()
    };
    let count = |text: &[u8]| text.iter().filter(|b| **b == b'\n').count();
    let mut text = list();
    if count(&text) < 1_000_000 {
        let _ = std::process::Command::new("apt-get").args(["update", "-qq"]).status();
        text = list();
    }
    assert!(count(&text) > 1_000_000, "the list of packages has {} lines", count(&text));
    let broker = Broker::start(under_test(), &[]);
    let bootstrap = broker.bootstrap();
    let scratch = Scratch::new("million");
    let file = scratch.path().join("packages.txt");
    std::fs::write(&file, &text).expect("the text is written");
    let path = file.display().to_string();
    kcat(&bootstrap, &["-P", "-t", "packages", "-p", "0", "-z", "lz4", "-l", &path], None).expect("kcat produces");
    let read = kcat(&bootstrap, &["-C", "-t", "packages", "-p", "0", "-o", "beginning", "-e", "-q"], None)
        .expect("kcat consumes");
    assert!(
        read == text,
        "{} bytes and {} lines came back, not {} and {}",
        read.len(),
        count(&read),
        text.len(),
        count(&text)
    );
}
