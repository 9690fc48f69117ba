//! Three nodes of one make as one cluster, each broker and controller, on one machine.

use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::client::{Client, Topic};
use crate::servers::{Make, Server, free_port};
use crate::wire::WireError;

pub struct Cluster {
    /// In the order of their ids, which begin at 1.
    pub nodes: Vec<Server>,
}

const NODES: usize = 3;
/// Leaders of a new topic must be known, and serve, after so long at most.
const LEADERS_AT_MOST: Duration = Duration::from_secs(60);

impl Cluster {
    /// Starts three nodes on empty directories below `directory` and waits until each of them answers.
    pub fn fresh(make: Make, directory: &Path) -> Result<Cluster, WireError> {
        let ports = || (0..NODES).map(|_| free_port()).collect::<Result<Vec<u16>, _>>();
        let (brokers, controllers) = (ports()?, ports()?);
        let voters: Vec<String> =
            controllers.iter().enumerate().map(|(index, port)| format!("{}@localhost:{port}", index + 1)).collect();
        let node = |index: usize| {
            let (broker, controller) = (brokers[index], controllers[index]);
            let properties = [
                ("node.id", format!("{}", index + 1)),
                ("controller.quorum.voters", voters.join(",")),
                ("listeners", format!("PLAINTEXT://:{broker},CONTROLLER://:{controller}")),
                ("advertised.listeners", format!("PLAINTEXT://localhost:{broker}")),
                ("offsets.topic.replication.factor", "3".into()),
                ("min.insync.replicas", "2".into()),
            ];
            let properties = properties.map(|(name, value)| (name.to_string(), value)).to_vec();
            let directory = directory.join(format!("{}-{}", make.name(), index + 1));
            Server::node(make, &directory, SocketAddr::from(([127, 0, 0, 1], broker)), properties)
        };
        let mut nodes = (0..NODES).map(node).collect::<Result<Vec<Server>, _>>()?;
        // All at once: one of them alone is no quorum and never ready.
        std::thread::scope(|scope| {
            let starts: Vec<_> = nodes.iter_mut().map(|node| scope.spawn(|| node.start(None))).collect();
            starts.into_iter().try_for_each(|start| start.join().map_err(|_| "a start panicked")?.map(|_| ()))
        })?;
        Ok(Cluster { nodes })
    }

    pub fn pids(&self) -> Vec<u32> {
        self.nodes.iter().map(|node| node.pid).collect()
    }

    /// Creates a topic with a replica on each node; returns it and, for each node, the partitions it leads and serves.
    pub fn topic(&self, name: &str, partitions: i32) -> Result<(Topic, Vec<Vec<i32>>), WireError> {
        let deadline = Instant::now() + LEADERS_AT_MOST;
        let topic = loop {
            // Brokers register after they answer: until then there are too few for three replicas.
            match Client::connect(self.nodes[0].address)?.ask_for_topic(name, partitions, NODES as i16, &[]) {
                Ok(topic) => break topic,
                Err(error) if Instant::now() > deadline => return Err(error),
                Err(_) => std::thread::sleep(Duration::from_millis(100)),
            }
        };
        loop {
            if let Some(led) = self.served(&topic)? {
                return Ok((topic, led));
            }
            if Instant::now() > deadline {
                return Err(format!("{name} is not led and served everywhere after {LEADERS_AT_MOST:?}"));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// What each node leads, once every partition has a leader that serves it.
    fn served(&self, topic: &Topic) -> Result<Option<Vec<Vec<i32>>>, WireError> {
        let leaders = Client::connect(self.nodes[0].address)?.leaders(&topic.name)?;
        if leaders.len() < topic.partitions as usize {
            return Ok(None);
        }
        let led = |id: i32| leaders.iter().filter(move |(_, leader)| *leader == id).map(|(partition, _)| *partition);
        let led: Vec<Vec<i32>> = (1..=NODES as i32).map(|id| led(id).collect()).collect();
        for (node, partitions) in self.nodes.iter().zip(&led) {
            let mut client = Client::connect(node.address)?;
            // A node that does not know the topic yet answers with an error, which is no answer of a leader either.
            if client.leaders(&topic.name)?.len() < leaders.len() || !client.serves_partitions(topic, partitions)? {
                return Ok(None);
            }
        }
        Ok(Some(led))
    }
}
