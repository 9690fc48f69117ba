//! One run: machines that take turns, what befalls them, and the end, when all are well again and everything is compared.

mod end;
mod members;
mod trouble;

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use ottla::log::file_system;
use ottla::metadata::topics::{PartitionImage, TopicImage};
use ottla::peer::dial;

use crate::checks::Checks;
use crate::client::{self, Client, Oracle, Shared, TOPIC};
use crate::entropy::Random;
use crate::machine::{Machine, Sick};
use crate::network::{Network, TURN, Ways};
use crate::node::Cluster;
use crate::plant::Plant;
use crate::process::{self, Process};
use crate::trace::Trace;
use crate::{compaction, groups, moves, renewal, transactions};
use trouble::Plan;

const BROKERS: usize = 3;
const CONTROLLERS: usize = 3;
const CONTROLLERS_MANY: usize = 5;
const PARTITIONS: usize = 2;
/// How long things go wrong, and how long the cluster then has to be whole again (ms).
const TROUBLE_MS: i64 = 8_000;
const REST_MS: i64 = 40_000;

/// What a run is about, besides partitions.
#[derive(Debug, Clone, Copy, Default)]
struct Kind {
    /// Controllers are apart from brokers.
    apart: bool,
    transactions: bool,
    groups: bool,
    compaction: bool,
    /// A topic's replicas are moved.
    moves: bool,
    /// A topic is deleted and made again.
    renewal: bool,
    /// A snapshot of the metadata is made every few dozen entries, and the log before it is dropped.
    snapshots: bool,
    /// Controllers lose their vote and get it back.
    members: bool,
    /// Five controllers, not three, where they are apart.
    five: bool,
}

impl Kind {
    /// Of eight seeds in a row, half are about partitions alone; of three such rows, one is about the controllers as well, and another
    /// about them and who of them votes.
    fn of(seed: u64, plant: Plant) -> Self {
        let row = seed / 8 % 3;
        let quorum = plant == Plant::None || plant.is_of_quorum();
        let (snapshots, members) = (row != 1 && quorum, row == 0 && quorum);
        let plain = Self { snapshots, members, five: row == 0, ..Self::default() };
        let whole_row = row == 1 || plant != Plant::None;
        match seed % 8 {
            _ if plant != Plant::None => plain,
            0 => Self { transactions: true, ..plain },
            3 => Self { apart: true, ..plain },
            4 => Self { groups: true, compaction: true, ..plain },
            1 if !whole_row => Self { moves: true, ..plain },
            2 if !whole_row => Self { renewal: true, ..plain },
            6 if !whole_row => Self { moves: true, renewal: true, ..plain },
            7 => Self { apart: true, transactions: true, groups: true, compaction: true, ..plain },
            _ => plain,
        }
    }
}

impl Kind {
    /// Partitions whose values the oracle knows by number: those of the topic, and that which is moved.
    fn slots(self) -> usize {
        PARTITIONS + usize::from(self.moves)
    }
}

/// What a run came to.
#[derive(Debug, Default, Clone)]
pub struct Outcome {
    /// The first rule found broken, and when.
    pub broken: Option<String>,
    pub trace: (u64, u64),
    pub acknowledged: usize,
    pub batches: usize,
    pub befell: Vec<String>,
}

pub struct World {
    seed: u64,
    kind: Kind,
    now: i64,
    random: Random,
    network: Arc<Network>,
    cluster: Cluster,
    machines: Vec<Machine>,
    clients: Option<Process>,
    oracle: Shared,
    checks: Checks,
    trace: Trace,
    plant: Plant,
    befell: Vec<String>,
    plans: Vec<(i64, Plan)>,
    /// The broker that has lost what it had not synced, until it is in sync again. Until then no other may die: the controller
    /// takes whoever was not stopped in order for one that may have lost something, and cannot tell which of several has.
    lossy: Option<usize>,
}

/// Runs one seed.
pub fn run(seed: u64, plant: Plant) -> Outcome {
    let mut world = World::new(seed, plant);
    let broken = world.live().err();
    let acknowledged = world.oracle.borrow().sent.iter().flatten().filter(|offset| offset.is_some()).count();
    let broken = broken.map(|what| format!("at {} ms: {what}", world.now));
    Outcome {
        broken,
        trace: world.trace.sum(),
        acknowledged,
        batches: world.checks.committed_batches,
        befell: std::mem::take(&mut world.befell),
    }
}

impl World {
    fn new(seed: u64, plant: Plant) -> Self {
        let mut random = Random::new(seed, 1);
        let trace = Trace::default();
        let kind = Kind::of(seed, plant);
        let controllers_apart = match kind.apart {
            true if kind.five => CONTROLLERS_MANY,
            true => CONTROLLERS,
            false => 0,
        };
        let mut cluster = Cluster { brokers: BROKERS, controllers_apart, synced: false, snapshots: kind.snapshots };
        // The clients have a machine of their own behind all others.
        let network = Network::new(cluster.machines() + 1, Random::new(seed, 2), trace.clone());
        dial::simulate(Arc::new(Ways(Arc::clone(&network))));
        let machines = (0..cluster.machines()).map(|m| Machine::new(m, random.between(-300, 300))).collect();
        let slots = kind.slots();
        let oracle = Oracle { sent: vec![Vec::new(); slots], read_to: vec![0; slots], ..Oracle::default() };
        cluster.synced = plant == Plant::None && random.one_in(3);
        let mut world = Self {
            seed,
            kind,
            now: 0,
            random,
            network,
            cluster,
            machines,
            clients: None,
            oracle: Rc::new(RefCell::new(oracle)),
            checks: Checks::default(),
            trace,
            plant,
            befell: Vec::new(),
            plans: Vec::new(),
            lossy: None,
        };
        (0..cluster.machines()).for_each(|m| world.start(m));
        let clients = Process::new(0);
        let client = Client {
            nodes: BROKERS,
            oracle: Rc::clone(&world.oracle),
            random: Rc::new(RefCell::new(Random::new(seed, 3))),
            trace: world.trace.clone(),
        };
        clients.tasks.spawn_local(client::run(client.clone(), PARTITIONS));
        if kind.transactions {
            let timeout_ms = [1000, 60_000][world.random.below(2)];
            clients.tasks.spawn_local(transactions::run(client.clone(), timeout_ms));
        }
        if kind.groups {
            for _ in 0..groups::MEMBERS {
                clients.tasks.spawn_local(groups::run(client.clone(), PARTITIONS));
            }
        }
        if kind.compaction {
            clients.tasks.spawn_local(compaction::run(client.clone()));
        }
        if kind.moves {
            clients.tasks.spawn_local(moves::run(client.clone(), PARTITIONS));
        }
        if kind.renewal {
            clients.tasks.spawn_local(renewal::run(client));
        }
        world.clients = Some(clients);
        world
    }

    fn start(&mut self, m: usize) {
        self.machines[m].start(self.now, self.cluster, &self.network, self.plant);
        self.checks.forget(m);
    }

    fn note(&mut self, what: String) {
        self.trace.note(&(self.now, &what));
        self.befell.push(format!("{:>6} {what}", self.now));
    }

    /// The process is gone at once. Without power, so is what was not synced.
    fn kill(&mut self, m: usize, power: bool, down_ms: i64) {
        self.checks.last_words(m, &self.machines[m].view.borrow());
        let machine = &mut self.machines[m];
        // Nobody goes on with a disk that has failed a sync: what that dropped can be read until the power goes, and whoever starts on
        // it takes it for written, and finds a hole in its log one day.
        let power = power && machine.sick != Sick::Failed;
        let Some(process) = machine.process.take() else { return };
        if power {
            machine.disk.process_died();
        } else {
            if self.cluster.is_broker(m) {
                self.lossy = Some(m);
            }
            self.network.set_powered(m, false);
            let random = &mut self.random;
            machine.disk.power_cut(&mut |n| random.below(n));
            if let Err(error) = self.plant.power_failed(machine.dir()) {
                self.befell.push(format!("{:>6} nothing planted on machine {m}: {error}", self.now));
            }
        }
        machine.view = Rc::default();
        machine.up_again = Some(self.now + down_ms);
        machine.paused_until = 0;
        self.network.stop_listening(m);
        TURN.set(m);
        process.end();
        self.checks.forget(m);
    }

    /// One step of a few milliseconds.
    fn step(&mut self) -> Result<(), String> {
        let usual = self.random.between(2, 10);
        self.now += usual;
        process::set_now(self.now);
        self.network.deliver(self.now);
        let count = self.machines.len();
        let first = self.random.below(count);
        for m in (0..count).map(|i| (first + i) % count) {
            self.turn(m, usual)?;
        }
        if let Some(m) = self.lossy
            && self.machines[m].serves()
            && self.machines[m].sick != Sick::Failed
            && self.is_full()
        {
            self.lossy = None;
        }
        if let Some(clients) = &mut self.clients {
            TURN.set(count);
            file_system::set_simulated_delay(Duration::ZERO);
            clients.turn(self.now, usual);
        }
        self.look()
    }

    /// One machine's turn.
    fn turn(&mut self, m: usize, usual: i64) -> Result<(), String> {
        if self.machines[m].up_again.is_some_and(|at| at <= self.now) {
            self.note(format!("machine {m} is up again"));
            self.start(m);
        }
        let machine = &mut self.machines[m];
        if machine.paused_until > self.now {
            return Ok(());
        }
        let Some(process) = machine.process.as_mut() else { return Ok(()) };
        TURN.set(m);
        file_system::set_simulated_delay(Duration::from_millis(machine.delay_ms));
        process.turn(self.now, usual);
        let Some(why) = machine.view.borrow().ended.clone() else { return Ok(()) };
        let sick = machine.sick;
        if !why.is_empty() && sick == Sick::No {
            return Err(format!("node {m} has ended by itself: {why}"));
        }
        let how = if why.is_empty() { "in order".to_owned() } else { format!("since {why}") };
        self.note(format!("machine {m} has stopped {how}"));
        let down = self.random.between(50, 2000);
        self.kill(m, true, down);
        Ok(())
    }

    fn look(&mut self) -> Result<(), String> {
        if let Some(what) = self.oracle.borrow().broken.first() {
            return Err(what.clone());
        }
        let views: Vec<_> = self.machines.iter().map(|machine| machine.view.borrow()).collect();
        let views: Vec<_> = views.iter().enumerate().map(|(m, view)| (m, &**view)).collect();
        self.checks.look(&views)
    }

    /// Looks at what is compared as it grows once more, whole.
    fn look_again(&mut self) -> Result<(), String> {
        let views: Vec<_> = self.machines.iter().map(|machine| machine.view.borrow()).collect();
        let views: Vec<_> = views.iter().enumerate().map(|(m, view)| (m, &**view)).collect();
        self.checks.look_again(&views)
    }

    fn live(&mut self) -> Result<(), String> {
        // Begin only when the topic is there: what is said of an empty cluster is said by every run.
        while !self.oracle.borrow().topic_made {
            self.step()?;
            if self.now > REST_MS {
                return Err("no topic could be made".to_owned());
            }
        }
        let until = self.now + TROUBLE_MS;
        let mut next = self.now + self.random.between(200, 1500);
        self.plan_apart();
        self.plan_members();
        while self.now < until {
            let now = self.now;
            while let Some(due) = self.plans.iter().position(|(at, _)| *at <= now) {
                let (_, plan) = self.plans.remove(due);
                self.carry_out(plan);
            }
            if self.now >= next {
                self.befall();
                next = self.now + self.random.between(50, 1500);
            }
            self.step()?;
        }
        self.make_well();
        let limit = self.now + REST_MS;
        while !self.is_whole() {
            self.step()?;
            if self.now > limit {
                return Err(format!("not whole again: {}", self.state()));
            }
        }
        self.note("whole again".to_owned());
        self.look_again()?;
        self.judge()
    }

    /// The topic's partitions, as the newest metadata have them.
    fn partitions(&self) -> Vec<PartitionImage> {
        let newest = self.checks.newest_metadata();
        newest.and_then(|image| image.topic(TOPIC).map(|topic| topic.partitions.clone())).unwrap_or_default()
    }

    /// True if all replicas are in sync, and none is on its way.
    fn is_full(&self) -> bool {
        let has_all = |p: &PartitionImage| p.isr.len() == p.replicas.len() && !p.is_reassigning();
        let full = |topic: &Arc<TopicImage>| topic.partitions.iter().all(has_all);
        self.checks.newest_metadata().is_some_and(|image| !image.topics().is_empty() && image.topics().iter().all(full))
    }

    /// The machine of a partition's leader.
    fn leader(&self, index: usize) -> Option<usize> {
        usize::try_from(self.partitions().get(index)?.leader.0 - 1).ok()
    }
}
