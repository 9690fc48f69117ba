//! A blocking client for what happens before and after the clock runs: topics, producer ids, readiness.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use crate::wire::{self, Reader, TopicId, WireError};

/// Partitions asked for in one request: Apache Kafka refuses one that makes 10,000 records of metadata.
const MADE_AT_ONCE: i32 = 5_000;

pub struct Client {
    stream: TcpStream,
}

/// A topic with a leader for each partition.
#[derive(Clone)]
pub struct Topic {
    pub name: String,
    pub id: TopicId,
    pub partitions: i32,
}

impl Client {
    pub fn connect(address: SocketAddr) -> Result<Client, WireError> {
        let stream = TcpStream::connect_timeout(&address, Duration::from_secs(2)).map_err(|error| error.to_string())?;
        stream.set_nodelay(true).map_err(|error| error.to_string())?;
        stream.set_read_timeout(Some(Duration::from_secs(60))).map_err(|error| error.to_string())?;
        Ok(Client { stream })
    }

    /// Sends one frame and returns the response behind its size.
    pub fn call(&mut self, frame: &[u8]) -> Result<Vec<u8>, WireError> {
        let io = |error: std::io::Error| format!("connection: {error}");
        self.stream.write_all(frame).map_err(io)?;
        let mut size = [0; 4];
        self.stream.read_exact(&mut size).map_err(io)?;
        let mut answer = vec![0; u32::from_be_bytes(size) as usize];
        self.stream.read_exact(&mut answer).map_err(io)?;
        Ok(answer)
    }

    /// Creates a topic and waits until each of its partitions has a leader.
    pub fn create_topic(&mut self, name: &str, partitions: i32, configs: &[(&str, &str)]) -> Result<Topic, WireError> {
        let mut topic = self.ask_for_topic(name, partitions.min(MADE_AT_ONCE), 1, configs)?;
        while topic.partitions < partitions {
            topic.partitions = partitions.min(topic.partitions + MADE_AT_ONCE);
            let answer = self.call(&wire::create_partitions(name, topic.partitions))?;
            let mut reader = Reader::response(&answer)?;
            reader.i32()?;
            reader.count()?;
            reader.bytes()?;
            wire::no_error("CreatePartitions", reader.i16()?)?;
        }
        self.wait_served(&topic)?;
        Ok(topic)
    }

    /// Waits until each partition of the topic has a leader that answers for it.
    pub fn wait_served(&mut self, topic: &Topic) -> Result<(), WireError> {
        let deadline = Instant::now() + Duration::from_secs(120);
        while !self.serves(topic)? {
            if Instant::now() > deadline {
                return Err(format!("{} has no leaders after 120 s", topic.name));
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }

    /// Creates a topic with `replicas` of each partition and does not wait for anything.
    pub fn ask_for_topic(
        &mut self,
        name: &str,
        partitions: i32,
        replicas: i16,
        configs: &[(&str, &str)],
    ) -> Result<Topic, WireError> {
        let answer = self.call(&wire::create_topic(name, partitions, replicas, configs))?;
        let mut reader = Reader::response(&answer)?;
        reader.i32()?;
        reader.count()?;
        reader.bytes()?;
        let id = reader.topic_id()?;
        wire::no_error("CreateTopics", reader.i16()?)?;
        Ok(Topic { name: name.into(), id, partitions })
    }

    /// True if each partition has a leader that answers a fetch: metadata may name a leader before the broker has taken
    /// up its duty.
    fn serves(&mut self, topic: &Topic) -> Result<bool, WireError> {
        if self.led_partitions(&topic.name)? < topic.partitions {
            return Ok(false);
        }
        let every: Vec<i32> = (0..topic.partitions).collect();
        self.serves_partitions(topic, &every)
    }

    /// True if this broker answers a fetch of each of `partitions`, as only their leader does.
    pub fn serves_partitions(&mut self, topic: &Topic, partitions: &[i32]) -> Result<bool, WireError> {
        let (probe, _) = wire::fetch(&topic.id, partitions, 0, 1);
        let answer = self.call(&probe)?;
        Ok(wire::fetch_answer(&answer, |_, _| Ok(())).is_ok())
    }

    pub fn delete_topic(&mut self, name: &str) -> Result<(), WireError> {
        let answer = self.call(&wire::delete_topic(name))?;
        let mut reader = Reader::response(&answer)?;
        reader.i32()?;
        reader.count()?;
        reader.bytes()?;
        reader.topic_id()?;
        wire::no_error("DeleteTopics", reader.i16()?)
    }

    /// How many partitions of `name` have a leader now.
    pub fn led_partitions(&mut self, name: &str) -> Result<i32, WireError> {
        Ok(self.leaders(name)?.len() as i32)
    }

    /// The partitions of `name` that have a leader now, each with its leader's node id.
    pub fn leaders(&mut self, name: &str) -> Result<Vec<(i32, i32)>, WireError> {
        let answer = self.call(&wire::metadata(name))?;
        let mut reader = Reader::response(&answer)?;
        reader.i32()?;
        for _ in 0..reader.count()? {
            reader.i32()?;
            reader.bytes()?;
            reader.i32()?;
            reader.bytes()?;
            reader.tags()?;
        }
        reader.bytes()?; // cluster id
        reader.i32()?;
        reader.count()?;
        reader.i16()?;
        reader.bytes()?;
        reader.topic_id()?;
        reader.slice(1)?;
        let mut led = Vec::new();
        for _ in 0..reader.count()? {
            let code = reader.i16()?;
            let partition = reader.i32()?;
            let leader = reader.i32()?;
            reader.i32()?;
            for _ in 0..3 {
                let nodes = reader.count()?;
                reader.slice(4 * nodes)?;
            }
            reader.tags()?;
            if code == 0 && leader >= 0 {
                led.push((partition, leader));
            }
        }
        Ok(led)
    }

    /// A fresh producer id and epoch.
    pub fn producer_id(&mut self) -> Result<(i64, i16), WireError> {
        let deadline = Instant::now() + Duration::from_secs(10);
        loop {
            let answer = self.call(&wire::init_producer_id())?;
            let mut reader = Reader::response(&answer)?;
            reader.i32()?;
            let code = reader.i16()?;
            // A broker that has no block of ids yet says it is loading.
            if code == 14 && Instant::now() < deadline {
                std::thread::sleep(Duration::from_millis(20));
                continue;
            }
            wire::no_error("InitProducerId", code)?;
            return Ok((reader.i64()?, reader.i16()?));
        }
    }
}

/// Waits until a server at `address` answers metadata requests and, if `topic` is given, serves all its partitions.
pub fn wait_ready(address: SocketAddr, topic: Option<&Topic>, at_most: Duration) -> Result<(), WireError> {
    let deadline = Instant::now() + at_most;
    loop {
        let answer = Client::connect(address).and_then(|mut client| match topic {
            Some(topic) => client.serves(topic),
            None => client.led_partitions("no-such-topic").map(|_| true),
        });
        match answer {
            Ok(true) => return Ok(()),
            Ok(false) | Err(_) if Instant::now() < deadline => std::thread::sleep(Duration::from_millis(1)),
            Ok(false) => return Err(format!("{address} does not lead all partitions")),
            Err(error) => return Err(format!("{address} is not ready: {error}")),
        }
    }
}
