//! Faults of the network: each node in a namespace of its own on one bridge, and ways between two of them that are cut, in both
//! directions or in one, or lose packets.
//!
//! ```text
//!  clients, test ── bridge 10.24.k.254 ─┬─ veth ─ node 1, 10.24.k.1
//!                                       ├─ veth ─ node 2, 10.24.k.2     a cut is a blackhole route, or a silent drop,
//!                                       └─ veth ─ node 3, 10.24.k.3     in the namespace of one side
//! ```

use std::process::Command;
use std::time::Duration;

use crate::support::cluster::Place;

/// A bridge with a namespace for each node. Dropping it takes all of it away.
pub struct Network {
    index: u8,
    nodes: i32,
}

/// How a way is closed.
#[derive(Clone, Copy, Debug)]
pub enum Cut {
    /// The sender has no route: it is told at once, and what it has open hangs.
    Route,
    /// The receiver never sees the packets: nobody is told anything.
    Silence,
}

fn run(words: &str) -> Result<(), String> {
    let words: Vec<&str> = words.split_whitespace().collect();
    let out = Command::new(words[0]).args(&words[1..]).output().map_err(|e| format!("{words:?}: {e}"))?;
    if out.status.success() { Ok(()) } else { Err(format!("{words:?}: {}", String::from_utf8_lossy(&out.stderr))) }
}

fn must(words: &str) {
    run(words).unwrap_or_else(|why| panic!("the faults of the network need namespaces, veth and nftables: {why}"));
}

impl Network {
    /// Makes a bridge and `nodes` namespaces. A machine that cannot is a failure.
    pub fn create(nodes: i32) -> Network {
        crate::support::paths::setup();
        let begin = (std::process::id() % 250) as u8;
        let mut last = String::new();
        for step in 0..250u8 {
            let index = (u16::from(begin) + u16::from(step)).rem_euclid(250) as u8;
            match run(&format!("ip link add ot24b{index} type bridge")) {
                Ok(()) => {
                    let network = Network { index, nodes };
                    network.wire_up();
                    return network;
                }
                Err(why) => last = why,
            }
        }
        panic!("the faults of the network need a bridge: {last}");
    }

    fn wire_up(&self) {
        let bridge = format!("ot24b{}", self.index);
        must(&format!("ip addr add {}/24 dev {bridge}", self.address(254)));
        must(&format!("ip link set {bridge} up"));
        for id in 1..=self.nodes {
            let (space, veth) = (self.space(id), format!("ot24v{}-{id}", self.index));
            // What a test left behind that was killed.
            let _ = run(&format!("ip netns del {space}"));
            must(&format!("ip netns add {space}"));
            must(&format!("ip link add {veth} type veth peer name eth0 netns {space}"));
            must(&format!("ip link set {veth} master {bridge} up"));
            must(&format!("ip -n {space} addr add {}/24 dev eth0", self.address(id)));
            must(&format!("ip -n {space} link set lo up"));
            must(&format!("ip -n {space} link set eth0 up"));
            must(&format!("ip netns exec {space} nft add table inet faults"));
            must(&format!(
                "ip netns exec {space} nft add chain inet faults incoming {{ type filter hook input priority 0 ; }}"
            ));
        }
    }

    fn space(&self, id: i32) -> String {
        format!("ot24-{}-{id}", self.index)
    }

    fn address(&self, id: i32) -> String {
        format!("10.24.{}.{id}", self.index)
    }

    /// Where a node runs. Number 254 is the machine itself, where clients and the test are.
    pub fn place(&self, id: i32) -> Place {
        let prefix = ["ip", "netns", "exec", &self.space(id)].map(String::from).to_vec();
        Place { address: Some(self.address(id)), prefix }
    }

    /// Nothing that `from` sends reaches `to`; what `to` sends reaches `from`.
    pub fn cut_one_way(&self, from: i32, to: i32, how: Cut) {
        match how {
            Cut::Route => must(&format!("ip -n {} route add blackhole {}/32", self.space(from), self.address(to))),
            Cut::Silence => {
                let (space, from) = (self.space(to), self.address(from));
                must(&format!("ip netns exec {space} nft add rule inet faults incoming ip saddr {from} drop"));
            }
        }
    }

    /// Nothing passes between two nodes.
    pub fn cut(&self, one: i32, other: i32, how: Cut) {
        self.cut_one_way(one, other, how);
        self.cut_one_way(other, one, how);
    }

    /// Of what nodes send to `at`, this share is lost; clients are spared.
    pub fn lose(&self, at: i32, percent: u32) {
        let (space, clients) = (self.space(at), self.address(254));
        must(&format!(
            "ip netns exec {space} nft add rule inet faults incoming ip saddr != {clients} numgen random mod 100 < {percent} drop"
        ));
    }

    /// For `span`, whatever nodes send to `at` is late by a random time up to `delay`: it is held back again and again.
    pub fn jitter(&self, at: i32, delay: Duration, span: Duration) {
        let end = std::time::Instant::now() + span;
        let (space, clients) = (self.space(at), self.address(254));
        let mut step = 1u64;
        while std::time::Instant::now() < end {
            must(&format!("ip netns exec {space} nft add rule inet faults incoming ip saddr != {clients} drop"));
            step = step.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            std::thread::sleep(delay * (step >> 40) as u32 / (1 << 24));
            must(&format!("ip netns exec {space} nft flush chain inet faults incoming"));
            std::thread::sleep(delay);
        }
    }

    /// Everything passes again.
    pub fn heal(&self) {
        for id in 1..=self.nodes {
            let space = self.space(id);
            must(&format!("ip netns exec {space} nft flush chain inet faults incoming"));
            must(&format!("ip -n {space} route flush type blackhole"));
        }
    }

    /// The established connections to `port` of a node whose other end is at `peer`.
    pub fn connections(&self, id: i32, port: u16, peer: i32) -> usize {
        let space = self.space(id);
        let filter = format!("sport = :{port} and dst {}", self.address(peer));
        let words = ["netns", "exec", &space, "ss", "-Htn", "state", "established", &filter];
        let out = Command::new("ip").args(words).output().expect("ss runs");
        String::from_utf8_lossy(&out.stdout).lines().count()
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        for id in 1..=self.nodes {
            let _ = run(&format!("ip netns del {}", self.space(id)));
        }
        let _ = run(&format!("ip link del ot24b{}", self.index));
    }
}
