//! Drives a client program (`proto-tests/clients`) over its line protocol, and kcat, which has no such program.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

use super::paths;
use super::record::{self, Record};

/// A client library under test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Library {
    /// Apache Kafka's Java client.
    Java,
    /// librdkafka through confluent-kafka.
    Confluent,
    /// librdkafka through kcat.
    Kcat,
    /// franz-go.
    Franz,
    /// sarama.
    Sarama,
    /// kafkajs.
    KafkaJs,
    /// aiokafka.
    AioKafka,
    /// kafka-python.
    KafkaPython,
}

impl Library {
    /// All of them.
    pub const ALL: [Library; 8] = [
        Library::Java,
        Library::Confluent,
        Library::Kcat,
        Library::Franz,
        Library::Sarama,
        Library::KafkaJs,
        Library::AioKafka,
        Library::KafkaPython,
    ];

    /// What the library can put into a record.
    pub fn can(self) -> Abilities {
        let all =
            Abilities { timestamps: true, binary: true, null_header: true, repeated_header: true, idempotent: true };
        match self {
            // Headers are options of the whole run and text; records are lines.
            Library::Kcat => Abilities {
                timestamps: false,
                binary: false,
                null_header: false,
                repeated_header: true,
                idempotent: true,
            },
            // Headers are an object: a name that comes twice holds a list, a null value cannot be said.
            Library::KafkaJs => Abilities { null_header: false, ..all },
            // kafka-python takes bytes alone as a header's value.
            Library::KafkaPython => Abilities { null_header: false, ..all },
            _ => all,
        }
    }
}

/// What a library can say about a record.
#[derive(Clone, Copy)]
pub struct Abilities {
    /// The producer sets the timestamp.
    pub timestamps: bool,
    /// Keys, values and headers of any bytes, different for each record.
    pub binary: bool,
    /// A header whose value is null.
    pub null_header: bool,
    /// The same header name twice.
    pub repeated_header: bool,
    /// Idempotent producing.
    pub idempotent: bool,
}

/// Where reading starts.
#[derive(Clone, Copy, Debug)]
pub enum From {
    /// The earliest record.
    Beginning,
    /// An offset.
    Offset(i64),
    /// The first record at or after a time in ms.
    Timestamp(i64),
}

/// A running client program.
pub struct Client {
    library: Library,
    bootstrap: String,
    dir: PathBuf,
    process: Option<(Child, ChildStdin, BufReader<ChildStdout>)>,
}

impl Client {
    /// Starts the program of `library` against `bootstrap`; its record files go to `dir`.
    pub fn start(library: Library, bootstrap: &str, dir: &Path) -> Client {
        paths::setup();
        let programs = paths::root().join("proto-tests/clients");
        let built = paths::target().join("clients");
        let python = |file: &str| {
            let mut c = Command::new(built.join("python/bin/python"));
            c.arg(programs.join("python").join(file));
            c
        };
        let command = match library {
            Library::Java => {
                let mut c = Command::new("env");
                c.args(paths::java("Client", 256));
                Some(c)
            }
            Library::Confluent => Some(python("confluent.py")),
            Library::AioKafka => Some(python("aio.py")),
            Library::KafkaPython => Some(python("kafka_python.py")),
            Library::Franz => Some(Command::new(built.join("go/franz"))),
            Library::Sarama => Some(Command::new(built.join("go/sarama"))),
            Library::KafkaJs => {
                let mut c = Command::new("node");
                c.env("NODE_PATH", built.join("node/node_modules")).env("KAFKAJS_NO_PARTITIONER_WARNING", "1");
                c.arg(programs.join("node/client.js"));
                Some(c)
            }
            Library::Kcat => None,
        };
        let process = command.map(|mut c| {
            let log = std::fs::File::create(dir.join(format!("client-{library:?}.log"))).expect("a log file");
            let mut child = c
                .arg(bootstrap)
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .stderr(log)
                .env("PYTHONDONTWRITEBYTECODE", "1")
                .spawn()
                .unwrap_or_else(|e| panic!("{library:?} starts: {e}"));
            let input = child.stdin.take().expect("its input");
            let output = BufReader::new(child.stdout.take().expect("its output"));
            (child, input, output)
        });
        Client { library, bootstrap: bootstrap.to_string(), dir: dir.to_path_buf(), process }
    }

    /// Which library it is.
    pub fn library(&self) -> Library {
        self.library
    }

    /// Sends one command without waiting for its answer.
    pub fn send(&mut self, command: Value) {
        let (_, input, _) = self.process.as_mut().expect("a program");
        writeln!(input, "{command}").expect("the program takes a command");
    }

    /// Waits for the answer to the command sent last.
    pub fn answer(&mut self) -> Result<Value, String> {
        let (_, _, output) = self.process.as_mut().expect("a program");
        let mut line = String::new();
        if output.read_line(&mut line).map_err(|e| e.to_string())? == 0 {
            return Err(format!("{:?} ended; see client-{:?}.log", self.library, self.library));
        }
        let answer: Value = serde_json::from_str(&line).map_err(|e| format!("{e} in {line}"))?;
        if answer["ok"] == json!(true) { Ok(answer) } else { Err(answer["error"].as_str().unwrap_or("?").to_string()) }
    }

    fn call(&mut self, command: Value) -> Result<Value, String> {
        self.send(command);
        self.answer()
    }

    /// Creates a topic. kcat has no such command and lets the broker create it.
    pub fn create(&mut self, topic: &str, partitions: i32) -> Result<(), String> {
        if self.library == Library::Kcat {
            return kcat(&self.bootstrap, &["-L", "-t", topic, "-X", "allow.auto.create.topics=true"], None)
                .map(|_| ());
        }
        self.call(json!({"op": "create", "topic": topic, "partitions": partitions})).map(|_| ())
    }

    /// Produces records to one partition and returns their offsets in order.
    pub fn produce(
        &mut self,
        topic: &str,
        codec: &str,
        idempotent: bool,
        records: &[Record],
    ) -> Result<Vec<i64>, String> {
        if self.library == Library::Kcat {
            return produce_by_kcat(&self.bootstrap, topic, codec, idempotent, records);
        }
        let file = self.dir.join(format!("{topic}-{:?}-in.jsonl", self.library));
        record::write(&file, records);
        let answer = self.call(json!({"op": "produce", "topic": topic, "partition": 0, "codec": codec,
            "idempotent": idempotent, "file": file}))?;
        Ok(answer["offsets"].as_array().ok_or("no offsets")?.iter().filter_map(Value::as_i64).collect())
    }

    /// Reads `count` records of partition 0 by assignment.
    pub fn consume(&mut self, topic: &str, from: From, count: usize) -> Result<Vec<Record>, String> {
        if self.library == Library::Kcat {
            return consume_by_kcat(&self.bootstrap, topic, from, count);
        }
        let file = self.dir.join(format!("{topic}-{:?}-out.jsonl", self.library));
        let mut command = json!({"op": "consume", "topic": topic, "partition": 0, "count": count, "file": file});
        match from {
            From::Beginning => command["offset"] = json!(-2),
            From::Offset(o) => command["offset"] = json!(o),
            From::Timestamp(t) => command["timestamp"] = json!(t),
        }
        self.call(command)?;
        Ok(record::read(&file))
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        if let Some((mut child, input, _)) = self.process.take() {
            drop(input);
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Runs kcat and returns what it printed.
pub fn kcat(bootstrap: &str, args: &[&str], input: Option<&[u8]>) -> Result<Vec<u8>, String> {
    let mut child = Command::new("timeout")
        .args(["60", "kcat", "-b", bootstrap])
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|e| e.to_string())?;
    let mut stdin = child.stdin.take().expect("its input");
    let bytes = input.unwrap_or_default().to_vec();
    let writer = std::thread::spawn(move || {
        let _ = stdin.write_all(&bytes);
    });
    let out = child.wait_with_output().map_err(|e| e.to_string())?;
    let _ = writer.join();
    if out.status.success() {
        Ok(out.stdout)
    } else {
        Err(format!("kcat {args:?}: {}: {}", out.status, String::from_utf8_lossy(&out.stderr)))
    }
}

const KEY_END: &str = "\u{1}";

fn produce_by_kcat(
    bootstrap: &str,
    topic: &str,
    codec: &str,
    idempotent: bool,
    records: &[Record],
) -> Result<Vec<i64>, String> {
    let mut input = Vec::new();
    for r in records {
        input.extend_from_slice(r.key.as_deref().unwrap_or_default());
        input.extend_from_slice(KEY_END.as_bytes());
        input.extend_from_slice(r.value.as_deref().unwrap_or_default());
        input.push(b'\n');
    }
    let idempotence = format!("enable.idempotence={idempotent}");
    let mut args = vec!["-P", "-t", topic, "-p", "0", "-Z", "-K", KEY_END, "-z", codec, "-X", &idempotence];
    args.extend(["-X", "message.max.bytes=2000000", "-X", "acks=all"]);
    let headers: Vec<String> = records[0]
        .headers
        .iter()
        .map(|(n, v)| format!("{n}={}", String::from_utf8_lossy(v.as_deref().unwrap_or_default())))
        .collect();
    for h in &headers {
        args.extend(["-H", h]);
    }
    kcat(bootstrap, &args, Some(&input))?;
    Ok((0..records.len() as i64).collect())
}

/// `%K` and `%S` are lengths, -1 for null, so keys and values of any bytes can be cut out of the output.
fn consume_by_kcat(bootstrap: &str, topic: &str, from: From, count: usize) -> Result<Vec<Record>, String> {
    let from = match from {
        From::Beginning => "beginning".to_string(),
        From::Offset(o) => o.to_string(),
        From::Timestamp(t) => format!("s@{t}"),
    };
    let count_text = count.to_string();
    let format = "%o\\n%T\\n%K\\n%S\\n%h\\n%k%s\\n";
    let out =
        kcat(bootstrap, &["-C", "-t", topic, "-p", "0", "-o", &from, "-c", &count_text, "-q", "-f", format], None)?;
    let mut rest = &out[..];
    let mut records = Vec::new();
    while !rest.is_empty() {
        let mut line = || -> Result<String, String> {
            let end = rest.iter().position(|b| *b == b'\n').ok_or("kcat output ends inside a record")?;
            let text = String::from_utf8_lossy(&rest[..end]).into_owned();
            rest = &rest[end + 1..];
            Ok(text)
        };
        let number = |t: String| t.parse::<i64>().map_err(|e| format!("{e}: {t}"));
        let (offset, timestamp, key, size, headers) =
            (number(line()?)?, number(line()?)?, number(line()?)?, number(line()?)?, line()?);
        let mut take = |length: i64| {
            if length < 0 {
                return None;
            }
            let (head, tail) = rest.split_at(length as usize);
            rest = tail;
            Some(head.to_vec())
        };
        let (key, value) = (take(key), take(size));
        rest = &rest[1..];
        let headers = headers.split(',').filter(|h| !h.is_empty());
        let headers = headers
            .map(|h| h.split_once('=').unwrap_or((h, "")))
            .map(|(n, v)| (n.to_string(), Some(v.as_bytes().to_vec())));
        records.push(Record { offset, timestamp, key, value, headers: headers.collect() });
    }
    Ok(records)
}
