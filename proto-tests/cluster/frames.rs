//! Frames that nodes send to each other, sent by nobody who should: cut short, with huge counts, of another cluster, at random.
//! The receiver may end the connection, and nothing else.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use super::support::cluster::Cluster;
use super::{COMBINED, agreed, complete};

const KEYS: std::ops::RangeInclusive<i16> = 32_000..=32_012;

struct Noise(u64);

impl Noise {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 33
    }

    fn bytes(&mut self, len: usize) -> Vec<u8> {
        (0..len).map(|_| self.next() as u8).collect()
    }
}

fn frame(key: i16, cluster: &str, node: i32, directory: [u8; 16], payload: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    body.extend_from_slice(&key.to_be_bytes());
    body.extend_from_slice(&0i16.to_be_bytes());
    body.extend_from_slice(&7i32.to_be_bytes());
    body.extend_from_slice(&(-1i16).to_be_bytes());
    body.push(cluster.len() as u8 + 1);
    body.extend_from_slice(cluster.as_bytes());
    body.extend_from_slice(&node.to_be_bytes());
    body.extend_from_slice(&directory);
    body.extend_from_slice(payload);
    body
}

/// Sends one frame and gives the error code of the answer, if there is one.
fn send(port: u16, body: &[u8]) -> Option<i16> {
    let mut socket = TcpStream::connect(("localhost", port)).expect("the listener stands");
    socket.set_read_timeout(Some(Duration::from_millis(200))).expect("a limit");
    let _ = socket.write_all(&(body.len() as u32).to_be_bytes());
    let _ = socket.write_all(body);
    let mut answer = [0; 10];
    socket.read_exact(&mut answer).ok()?;
    Some(i16::from_be_bytes([answer[8], answer[9]]))
}

#[test]
fn frames_of_nobody_do_no_harm() {
    let mut cluster = Cluster::start(&COMBINED, &[]);
    cluster.create_topic_anyhow(1, "before", 3, 3);
    let before = cluster.wait_for("a controller", |cluster| cluster.controller(1));
    let meta = std::fs::read_to_string(cluster.data(1).join("meta.properties")).expect("its meta.properties");
    let own = meta.lines().find_map(|line| line.strip_prefix("cluster.id=")).expect("a cluster").to_owned();
    let mut noise = Noise(11);
    for id in 1..=3 {
        let port = cluster.node(id).controller_port;
        for key in KEYS {
            // 104 is INCONSISTENT_CLUSTER_ID; whoever asks which cluster this is may come from anywhere.
            let stranger = send(port, &frame(key, "another-cluster", 9, [3; 16], &noise.bytes(40)));
            let served = (32_001..=32_009).contains(&key);
            assert!(!served || stranger == Some(104), "{key}: {stranger:?}");
            let whole = frame(key, &own, 9, [3; 16], &noise.bytes(60));
            for cut in [1, 3, 9, 12, 30, whole.len() / 2] {
                send(port, &whole[..cut.min(whole.len())]);
            }
            for len in [0, 1, 17, 40, 200, 5_000] {
                send(port, &frame(key, &own, 9, [3; 16], &noise.bytes(len)));
                // Counts and lengths as large as they can be.
                let mut huge = vec![0xff; len];
                if let Some(last) = huge.last_mut() {
                    *last = 0x07;
                }
                send(port, &frame(key, &own, 9, [3; 16], &huge));
            }
        }
        // A voter's own name, but another log than the quorum knows: it speaks for nobody.
        let vote = [&[0; 7][..], &[9], &[0; 7], &[2], &[1], &[0]].concat();
        let claimed = send(port, &frame(32_001, &own, 2, [3; 16], &vote));
        assert!(claimed.is_none_or(|code| code != 0), "{claimed:?}");
    }
    for id in 1..=3 {
        assert!(!cluster.has_ended(id), "{}", cluster.tail(id));
        assert!(!cluster.tail(id).contains("panicked"), "{}", cluster.tail(id));
    }
    assert_eq!(cluster.controller(1), Some(before), "nobody was deposed");
    cluster.create_topic_anyhow(2, "after", 3, 3);
    agreed(&cluster, &["before", "after"], complete(6));
}
