//! A machine: a disk, a clock that is a little off, and the process that runs on it, if one does.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use ottla::base::ids::{Offset, PartitionIndex};
use ottla::log::file_system::{self, Mounted};
use ottla::log::simulated_disk::{Faults, SimulatedDisk};
use tokio::sync::oneshot;

use crate::network::Network;
use crate::node::{self, Cluster, Spec, View};
use crate::plant::Plant;
use crate::process::Process;

/// What a machine's disk does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sick {
    No,
    /// It is full: a node may end by itself, and loses nothing.
    Full,
    /// It has failed a sync: what was not down by then is lost, also where it can still be read.
    Failed,
}

/// A machine.
pub struct Machine {
    number: usize,
    pub process: Option<Process>,
    pub view: Rc<RefCell<View>>,
    pub disk: Arc<SimulatedDisk>,
    _mounted: Mounted,
    dir: String,
    skew: i64,
    pub delay_ms: u64,
    pub paused_until: i64,
    pub up_again: Option<i64>,
    pub sick: Sick,
}

impl Machine {
    /// With an empty disk, and nothing on it runs.
    pub fn new(number: usize, skew: i64) -> Self {
        let (dir, disk) = (format!("/simulated/m{number}"), SimulatedDisk::new());
        let mounted = file_system::mount(dir.as_ref(), Arc::clone(&disk));
        Self {
            number,
            process: None,
            view: Rc::default(),
            disk,
            _mounted: mounted,
            dir,
            skew,
            delay_ms: 0,
            paused_until: 0,
            up_again: None,
            sick: Sick::No,
        }
    }

    /// Starts a node.
    pub fn start(&mut self, now: i64, cluster: Cluster, network: &Arc<Network>, plant: Plant) {
        self.view = Rc::default();
        self.up_again = None;
        self.sick = Sick::No;
        self.disk.set_faults(Faults::default());
        network.set_powered(self.number, true);
        let mut process = Process::new(now);
        let spec = Spec {
            machine: self.number,
            settings: node::settings(self.number, cluster, &self.dir),
            dir: self.dir.clone(),
            network: Arc::clone(network),
            plant,
        };
        let (stop, asked) = oneshot::channel();
        process.stop = Some(stop);
        process.tasks.spawn_local(node::run(spec, process.clock(self.skew), Rc::clone(&self.view), asked));
        self.process = Some(process);
    }

    /// Where its disk is.
    pub fn dir(&self) -> &str {
        &self.dir
    }

    /// True if a process runs.
    pub fn is_up(&self) -> bool {
        self.process.is_some()
    }

    /// True if its broker is registered.
    pub fn serves(&self) -> bool {
        self.view.borrow().epoch.is_some()
    }

    /// How far a partition is committed on it, and where its log ends.
    pub fn ends(&self, topic: &str, index: usize) -> Option<(Offset, Offset)> {
        let view = self.view.borrow();
        let partition = view.replicas.as_ref()?.partition(topic, PartitionIndex(index as i32))?;
        Some((partition.log().high_watermark(), partition.log().log_end_offset()))
    }
}
