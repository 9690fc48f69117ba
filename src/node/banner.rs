//! What the process says of itself once it is ready: to people, and to those who wait for Kafka's own lines.

use std::io::Write;

use crate::config::listeners::Listener;

/// What the banner tells.
pub struct Banner<'a> {
    /// The node.
    pub node_id: i32,
    /// The cluster.
    pub cluster_id: &'a str,
    /// Where it listens and what it tells clients.
    pub listeners: &'a [Listener],
    /// Where the data is.
    pub log_dirs: &'a [String],
    /// True if an fsync comes before every acknowledgement (`log.flush.interval.messages=1`).
    pub synced: bool,
    /// From the start of the process to here (ms).
    pub ready_ms: i64,
}

impl Banner<'_> {
    /// Prints it to standard output. An output that nobody reads any more is no reason to stop.
    pub fn print(&self) {
        let mut out = std::io::stdout().lock();
        let _ = out.write_all(self.text().as_bytes()).and_then(|()| out.flush());
    }

    fn text(&self) -> String {
        let mut text = format!(
            "Ottla {} is ready after {} ms: node {} of cluster {}\n",
            env!("CARGO_PKG_VERSION"),
            self.ready_ms,
            self.node_id,
            self.cluster_id
        );
        for l in self.listeners {
            text.push_str(&format!(
                "  listener {}: bound to {}:{}, tells clients {}:{}\n",
                l.name(),
                if l.bind.host.is_empty() { "*" } else { &l.bind.host },
                l.bind.port,
                l.advertised.host,
                l.advertised.port
            ));
        }
        text.push_str(&format!("  data in {}\n", self.log_dirs.join(", ")));
        text.push_str(if self.synced {
            "  an acknowledged record is on disk (flush.messages=1)\n"
        } else {
            "  an acknowledged record is in the operating system's page cache: it survives kill -9, not a power cut \
             (log.flush.interval.messages=1 makes it survive both)\n"
        });
        text.push_str(&self.ready_lines());
        text
    }

    /// The lines that start scripts and test libraries wait for, as Kafka and the images around it print them.
    fn ready_lines(&self) -> String {
        format!(
            "[BrokerLifecycleManager id={id}] The broker is in RUNNING. Transitioning from RECOVERY to RUNNING.\n\
             Kafka Server started\n\
             [KafkaServer id={id}] started (kafka.server.KafkaRaftServer)\n",
            id = self.node_id
        )
    }
}
