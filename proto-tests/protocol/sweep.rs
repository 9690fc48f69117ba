//! Every API and version that a server says it answers is answered: well-formed requests of any content get a well-formed
//! response on the same connection.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use kafka_protocol::messages::{ApiVersionsRequest, ApiVersionsResponse};
use kafka_protocol::protocol::StrBytes;
use ottla::protocol::api::ApiKey;
use ottla::protocol::header::{self, RequestHeader};
use ottla::protocol::produce_request::ProduceRequest;
use ottla::protocol::{codec, guard};

use crate::generate;

/// A server process, killed when dropped.
struct Server {
    process: Child,
    port: u16,
    controller_port: u16,
}

impl Server {
    fn start(dir: &Path) -> Self {
        let free = || TcpListener::bind("localhost:0").unwrap();
        let (one, other) = (free(), free());
        let [port, controller_port] = [&one, &other].map(|listener| listener.local_addr().unwrap().port());
        drop((one, other));
        let config = dir.join("server.yaml");
        let data = dir.join("data");
        let text = format!(
            "process.roles: broker,controller\nnode.id: 1\ncontroller.quorum.voters: 1@localhost:{controller_port}\n\
             listeners: PLAINTEXT://localhost:{port},CONTROLLER://localhost:{controller_port}\n\
             controller.listener.names: CONTROLLER\nlog.dirs: {}\nottla.http.address: \"\"\n",
            data.display()
        );
        std::fs::write(&config, text).unwrap();
        let process = Command::new(env!("CARGO_BIN_EXE_ottla"))
            .arg("server")
            .arg("--config")
            .arg(config)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self { process, port, controller_port }
    }

    fn connect(&self, port: u16) -> TcpStream {
        let end = Instant::now() + Duration::from_secs(20);
        loop {
            match TcpStream::connect(("localhost", port)) {
                Ok(stream) => {
                    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
                    return stream;
                }
                Err(error) => assert!(Instant::now() < end, "{error}"),
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Sends a request and reads the body of its response.
fn call(stream: &mut TcpStream, key: ApiKey, version: i16, correlation_id: i32, body: &[u8]) -> Result<Bytes, String> {
    let client_id = StrBytes::from_static_str("sweep");
    let mut out = BytesMut::from(&[0; 4][..]);
    RequestHeader { api_key: key, api_version: version, correlation_id, client_id }.write(&mut out);
    out.extend_from_slice(body);
    let size = out.len() as u32 - 4;
    out[..4].copy_from_slice(&size.to_be_bytes());
    stream.write_all(&out).map_err(|error| error.to_string())?;
    let mut size = [0; 4];
    stream.read_exact(&mut size).map_err(|error| error.to_string())?;
    let mut frame = vec![0; u32::from_be_bytes(size) as usize];
    stream.read_exact(&mut frame).map_err(|error| error.to_string())?;
    let mut frame = Bytes::from(frame);
    match header::read_response_header(&mut frame, key, version) {
        Ok(id) if id == correlation_id => Ok(frame),
        other => Err(format!("the header of another response: {other:?}")),
    }
}

#[test]
fn what_is_advertised_is_answered() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    // A topic that many of the requests below will name, made by asking for it: Metadata v4, one topic "t", creation allowed.
    let mut stream = server.connect(server.port);
    call(&mut stream, ApiKey::Metadata, 4, 2, &[0, 0, 0, 1, 0, 1, b't', 1]).unwrap();
    let failures = [sweep(&server, server.port), sweep(&server, server.controller_port)].concat();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// Sends everything that a listener says it answers; tells what was answered badly or not at all.
fn sweep(server: &Server, port: u16) -> Vec<String> {
    let mut stream = server.connect(port);
    let mut ask = Vec::new();
    kafka_protocol::protocol::Encodable::encode(&ApiVersionsRequest::default(), &mut ask, 0).unwrap();
    let answer = call(&mut stream, ApiKey::ApiVersions, 0, 1, &ask).unwrap();
    let answer: ApiVersionsResponse = codec::decode_response(ApiKey::ApiVersions, 0, answer).unwrap();
    assert!(answer.api_keys.len() > 5);
    let mut failures = Vec::new();
    for advertised in answer.api_keys {
        let key = ApiKey::from_number(advertised.api_key).unwrap();
        for version in advertised.min_version.max(key.versions().min)..=advertised.max_version {
            for seed in 1..=12 {
                let body = match seed % 2 {
                    0 => generate::small_body(generate::request(key), version, seed),
                    _ => generate::body(generate::request(key), version, seed, true),
                };
                if key == ApiKey::Produce && ProduceRequest::decode(version, body.clone().into()).unwrap().acks == 0 {
                    // Nothing is answered, rightly.
                    continue;
                }
                match call(&mut stream, key, version, seed as i32, &body) {
                    Ok(response) => match guard::check_response(key, version, &response) {
                        Ok(()) => {}
                        Err(error) => failures.push(format!("{key} {version} seed {seed}: {error}")),
                    },
                    Err(error) => {
                        failures.push(format!("{key} {version} seed {seed}: {error}"));
                        stream = server.connect(port);
                    }
                }
            }
        }
    }
    failures
}
