//! Machines that take turns, the things that befall them, and the end, when all are well again and everything is compared.
//!
//! Each machine has a runtime of its own, whose clock stands still but for its turn: so a machine can be killed (its runtime is
//! dropped), paused (it gets no turns) or cut off. Within one run only one thread is at work.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use ottla::base::clock::{Clock, SharedClock};
use ottla::base::ids::{Millis, Offset, PartitionIndex};
use ottla::log::file_system::{self, Mounted};
use ottla::log::read_info::ReadUpTo;
use ottla::log::simulated_disk::{Faults, SimulatedDisk};
use ottla::metadata::topics::PartitionImage;
use ottla::peer::dial;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::oneshot;
use tokio::task::LocalSet;
use tokio::time::Instant;

use crate::checks::Checks;
use crate::client::{self, Client, Oracle, Shared, TOPIC};
use crate::entropy::Random;
use crate::network::{Network, TURN, Ways};
use crate::node::{self, Spec, View};
use crate::plant::Plant;
use crate::trace::Trace;

/// What the wall clocks show when a run begins (ms).
const BEGIN_MS: i64 = 1_700_000_000_000;
const NODES: usize = 3;
const PARTITIONS: usize = 2;
/// How long things go wrong, and how long the cluster then has to be whole again (ms).
const TROUBLE_MS: i64 = 8_000;
const REST_MS: i64 = 40_000;

static NOW: AtomicI64 = AtomicI64::new(0);

/// A machine's clock: tokio's, which stands still but for the machine's turn.
struct SimClock {
    start: Instant,
    born: i64,
    skew: i64,
}

impl Clock for SimClock {
    fn wall(&self) -> Millis {
        Millis(BEGIN_MS + self.skew + self.monotonic().0)
    }
    fn monotonic(&self) -> Millis {
        match Handle::try_current() {
            Ok(_) => Millis(self.born + self.start.elapsed().as_millis() as i64),
            Err(_) => Millis(NOW.load(Ordering::Relaxed)),
        }
    }
}

/// A process on a machine.
struct Process {
    runtime: Runtime,
    tasks: LocalSet,
    start: Instant,
    born: i64,
    clock: i64,
    stop: Option<oneshot::Sender<()>>,
}

impl Process {
    fn new(now: i64) -> Self {
        let runtime = Builder::new_current_thread().enable_time().start_paused(true).build().expect("a runtime");
        let start = {
            let _inside = runtime.enter();
            Instant::now()
        };
        Self { runtime, tasks: LocalSet::new(), start, born: now, clock: now, stop: None }
    }

    fn clock(&self, skew: i64) -> SharedClock {
        Arc::new(SimClock { start: self.start, born: self.born, skew })
    }

    /// Lets the machine work until `now`.
    fn turn(&mut self, now: i64, usual: i64) {
        let until = self.start + Duration::from_millis((now - self.born).unsigned_abs());
        let missed = now - self.clock - usual;
        self.clock = now;
        self.tasks.block_on(&self.runtime, async move {
            if missed > 0 {
                // It was paused: for those on it, the time has jumped.
                tokio::time::advance(Duration::from_millis(missed.unsigned_abs())).await;
            }
            tokio::time::sleep_until(until).await;
        });
    }

    fn end(self) {
        let _inside = self.runtime.enter();
        drop(self.tasks);
    }
}

struct Machine {
    process: Option<Process>,
    view: Rc<RefCell<View>>,
    disk: Arc<SimulatedDisk>,
    _mounted: Mounted,
    dir: String,
    skew: i64,
    delay_ms: u64,
    paused_until: i64,
    up_again: Option<i64>,
    sick: Sick,
}

/// What a machine's disk does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sick {
    No,
    /// It is full: a node may end by itself, and loses nothing.
    Full,
    /// It has failed a sync: what was not down by then is lost, also where it can still be read.
    Failed,
}

/// Something that is to befall at its time.
#[derive(Debug, Clone, Copy)]
enum Plan {
    /// Whoever leads a partition then is killed for so long.
    KillLeader(usize, i64),
    /// A machine loses its power for so long, if nothing is lost by it that is not elsewhere.
    PowerCut(usize, i64),
    Kill(usize, i64),
    /// Whoever leads a partition then hears nothing of the other nodes for so long, and they nothing of it; clients reach it.
    Divide(usize, i64),
    /// A follower's question outlives it.
    StaleLife(usize),
    /// A full disk has room again.
    Room(usize),
    /// A machine whose disk has failed is switched off, and gets one that holds what was synced.
    NewDisk(usize, i64),
    Heal,
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
    now: i64,
    random: Random,
    network: Arc<Network>,
    machines: Vec<Machine>,
    clients: Option<Process>,
    oracle: Shared,
    checks: Checks,
    trace: Trace,
    plant: Plant,
    /// Records are forced to the disk before they are acknowledged: then the power may go anywhere, any time.
    synced: bool,
    befell: Vec<String>,
    plans: Vec<(i64, Plan)>,
    /// The machine that has lost what it had not synced, until it is in sync again. Until then no other may die: the controller
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
        let network = Network::new(NODES + 1, Random::new(seed, 2), trace.clone());
        dial::simulate(Arc::new(Ways(Arc::clone(&network))));
        let machines = (0..NODES).map(|m| {
            let (dir, disk) = (format!("/simulated/m{m}"), SimulatedDisk::new());
            let _mounted = file_system::mount(dir.as_ref(), Arc::clone(&disk));
            let view = Rc::default();
            let skew = random.between(-300, 300);
            Machine {
                process: None,
                view,
                disk,
                _mounted,
                dir,
                skew,
                delay_ms: 0,
                paused_until: 0,
                up_again: None,
                sick: Sick::No,
            }
        });
        let machines = machines.collect();
        let oracle = Oracle { sent: vec![Vec::new(); PARTITIONS], read_to: vec![0; PARTITIONS], ..Oracle::default() };
        let synced = plant == Plant::None && random.one_in(3);
        let mut world = Self {
            seed,
            now: 0,
            random,
            network,
            machines,
            clients: None,
            oracle: Rc::new(RefCell::new(oracle)),
            checks: Checks::new(PARTITIONS),
            trace,
            plant,
            synced,
            befell: Vec::new(),
            plans: Vec::new(),
            lossy: None,
        };
        (0..NODES).for_each(|m| world.start(m));
        let clients = Process::new(0);
        let client = Client {
            nodes: NODES,
            oracle: Rc::clone(&world.oracle),
            random: Rc::new(RefCell::new(Random::new(seed, 3))),
            trace: world.trace.clone(),
        };
        clients.tasks.spawn_local(client::run(client, PARTITIONS, synced));
        world.clients = Some(clients);
        world
    }

    fn start(&mut self, m: usize) {
        let machine = &mut self.machines[m];
        machine.view = Rc::default();
        machine.up_again = None;
        machine.sick = Sick::No;
        machine.disk.set_faults(Faults::default());
        self.network.set_powered(m, true);
        let mut process = Process::new(self.now);
        let spec = Spec {
            machine: m,
            settings: node::settings(m, NODES, &machine.dir, ""),
            dir: machine.dir.clone(),
            network: Arc::clone(&self.network),
            plant: self.plant,
        };
        let (stop, asked) = oneshot::channel();
        process.stop = Some(stop);
        process.tasks.spawn_local(node::run(spec, process.clock(machine.skew), Rc::clone(&machine.view), asked));
        machine.process = Some(process);
        self.checks.forget(m);
    }

    fn note(&mut self, what: String) {
        self.trace.note(&(self.now, &what));
        self.befell.push(format!("{:>6} {what}", self.now));
    }

    /// The process is gone at once. Without power, so is what was not synced.
    fn kill(&mut self, m: usize, power: bool, down_ms: i64) {
        let machine = &mut self.machines[m];
        let Some(process) = machine.process.take() else { return };
        if power {
            machine.disk.process_died();
        } else {
            self.lossy = Some(m);
            self.network.set_powered(m, false);
            let random = &mut self.random;
            machine.disk.power_cut(&mut |n| random.below(n));
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
        NOW.store(self.now, Ordering::Relaxed);
        self.network.deliver(self.now);
        let first = self.random.below(NODES);
        for m in (0..NODES).map(|i| (first + i) % NODES) {
            if self.machines[m].up_again.is_some_and(|at| at <= self.now) {
                self.note(format!("machine {m} is up again"));
                self.start(m);
            }
            let machine = &mut self.machines[m];
            if machine.paused_until > self.now {
                continue;
            }
            let Some(process) = machine.process.as_mut() else { continue };
            TURN.set(m);
            file_system::set_simulated_delay(Duration::from_millis(machine.delay_ms));
            process.turn(self.now, usual);
            let ended = machine.view.borrow().ended.clone();
            if let Some(why) = ended {
                let sick = machine.sick;
                if !why.is_empty() && sick == Sick::No {
                    return Err(format!("node {m} has ended by itself: {why}"));
                }
                let how = if why.is_empty() { "in order".to_owned() } else { format!("since {why}") };
                self.note(format!("machine {m} has stopped {how}"));
                let down = self.random.between(50, 2000);
                self.kill(m, sick != Sick::Failed, down);
            }
        }
        if self
            .lossy
            .is_some_and(|m| self.machines[m].view.borrow().epoch.is_some() && self.machines[m].sick != Sick::Failed)
            && self.is_full()
        {
            self.lossy = None;
        }
        if let Some(clients) = &mut self.clients {
            TURN.set(NODES);
            file_system::set_simulated_delay(Duration::ZERO);
            clients.turn(self.now, usual);
        }
        self.look()
    }

    fn look(&mut self) -> Result<(), String> {
        if let Some(what) = self.oracle.borrow().broken.first() {
            return Err(what.clone());
        }
        let views: Vec<_> = self.machines.iter().map(|machine| machine.view.borrow()).collect();
        let views: Vec<_> = views.iter().enumerate().map(|(m, view)| (m, &**view)).collect();
        self.checks.look(&views)
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
        self.judge()
    }

    /// The topic's partitions, as the newest metadata have them.
    fn partitions(&self) -> Vec<PartitionImage> {
        let images = self.machines.iter().filter_map(|m| m.view.borrow().controller.as_ref().map(|c| c.image()));
        let newest = images.max_by_key(|image| image.offset());
        newest.and_then(|image| image.topic(TOPIC).map(|topic| topic.partitions.clone())).unwrap_or_default()
    }

    /// True if all replicas are in sync.
    fn is_full(&self) -> bool {
        let partitions = self.partitions();
        !partitions.is_empty() && partitions.iter().all(|partition| partition.isr.len() == NODES)
    }

    fn leader(&self, index: usize) -> Option<usize> {
        usize::try_from(self.partitions().get(index)?.leader.0 - 1).ok()
    }

    fn carry_out(&mut self, plan: Plan) {
        match plan {
            Plan::KillLeader(index, long) => {
                if let Some(m) = self.leader(index).filter(|m| self.may_die(*m)) {
                    self.note(format!("machine {m}, which leads {index}: killed for {long} ms"));
                    self.kill(m, true, long);
                }
            }
            Plan::PowerCut(m, long)
                if self.machines[m].process.is_some() && (self.synced || self.others_hold_all(m)) =>
            {
                self.note(format!("machine {m}: without power for {long} ms"));
                self.kill(m, false, long);
            }
            Plan::Kill(m, long) if self.may_die(m) => {
                self.note(format!("machine {m}: killed for {long} ms"));
                self.kill(m, true, long);
            }
            Plan::Divide(index, long) => {
                let Some(m) = self.leader(index) else { return };
                self.note(format!("machine {m}, which leads {index}: out of the others' hearing for {long} ms"));
                for other in (0..NODES).filter(|other| *other != m) {
                    self.network.cut(m, other);
                    self.network.cut(other, m);
                }
                self.plans.push((self.now + long, Plan::Heal));
            }
            Plan::StaleLife(index) => self.plan_stale_life(index),
            Plan::Room(m) if self.machines[m].sick == Sick::Full => {
                self.note(format!("machine {m}: its disk has room"));
                self.machines[m].disk.set_faults(Faults::default());
                // A node that found no room for its metadata ends only when it looks; it may.
            }
            Plan::NewDisk(m, long) if self.machines[m].sick == Sick::Failed => {
                self.note(format!("machine {m}: off for {long} ms"));
                self.kill(m, false, long);
            }
            Plan::Heal => {
                self.note("the network is well".to_owned());
                self.network.heal();
            }
            _ => {}
        }
    }

    /// True if a machine may die without anything being lost by it for good.
    fn may_die(&self, m: usize) -> bool {
        self.machines[m].process.is_some() && (self.synced || self.lossy.is_none_or(|lossy| lossy == m))
    }

    /// A leader appends what nobody fetches, while another is elected: when they meet again, their logs depart, and the older one is to
    /// be cut where their epochs do. Drawn apart, so that what else befalls a seed stays what it is.
    fn plan_apart(&mut self) {
        let mut random = Random::new(self.seed, 4);
        let divides = random.one_in(3);
        let at = self.now + random.between(100, 4000);
        if divides || self.plant == Plant::CountAnyEpoch {
            self.plans.push((at, Plan::Divide(random.below(PARTITIONS), random.between(1500, 4500))));
        }
        if self.plant == Plant::JoinAnyLife {
            // Rare enough among all that befalls: more chances.
            let times = [300, 2500, 5000].map(|earliest| self.now + earliest + random.between(0, 500));
            self.plans.extend(times.map(|at| (at, Plan::StaleLife(random.below(PARTITIONS)))));
        }
    }

    /// Leaders die one after the other, just as they begin.
    fn plan_succession(&mut self, index: usize) {
        let mut at = self.now;
        for _ in 0..3 {
            let long = self.random.between(20, 2500);
            self.plans.push((at, Plan::KillLeader(index, long)));
            at += self.random.between(5, 900);
        }
    }

    /// A follower dies while its last question is still on its way, and lives again when that arrives; then the leader dies.
    fn plan_stale_life(&mut self, index: usize) {
        let Some(leader) = self.leader(index) else { return };
        let follower = (leader + 1 + self.random.below(NODES - 1)) % NODES;
        self.note(format!("machine {follower} to {leader}: cut one way"));
        self.network.cut(follower, leader);
        let dies = self.now + self.random.between(50, 300);
        let heals = dies + self.random.between(100, 1200);
        let then = heals + self.random.between(1, 250);
        self.plans.push((dies, Plan::PowerCut(follower, 20)));
        self.plans.push((heals, Plan::Heal));
        self.plans.push((then, Plan::Kill(leader, 3000)));
    }

    /// Something goes wrong.
    fn befall(&mut self) {
        let m = self.random.below(NODES);
        let other = (m + 1 + self.random.below(NODES - 1)) % NODES;
        let up = self.machines[m].process.is_some();
        let long = self.random.between(20, 4000);
        match self.random.below(36) {
            32..=33 if up && self.machines[m].sick == Sick::No && (self.synced || self.others_hold_all(m)) => {
                self.note(format!("machine {m}: its disk fails syncs"));
                self.machines[m].sick = Sick::Failed;
                self.lossy = Some(m);
                self.machines[m].disk.set_faults(Faults { syncs_fail: true, ..Faults::default() });
                let then = self.now + self.random.between(100, 2000);
                self.plans.push((then, Plan::NewDisk(m, long)));
            }
            34..=35 if self.may_die(m) && self.machines[m].sick == Sick::No => {
                self.note(format!("machine {m}: its disk is full for {long} ms"));
                let disk = &self.machines[m].disk;
                disk.set_faults(Faults { capacity: Some(disk.used() + 500), ..Faults::default() });
                self.machines[m].sick = Sick::Full;
                self.plans.push((self.now + long, Plan::Room(m)));
            }
            24..=27 => self.plan_succession(m % PARTITIONS),
            28..=31 => self.plan_stale_life(m % PARTITIONS),
            0..=4 if self.may_die(m) => {
                self.note(format!("machine {m}: killed for {long} ms"));
                self.kill(m, true, long);
            }
            5..=7 if up && (self.synced || self.others_hold_all(m)) => {
                self.note(format!("machine {m}: without power for {long} ms"));
                self.kill(m, false, long);
            }
            8..=9 if up => {
                self.note(format!("machine {m}: asked to stop"));
                if let Some(stop) = self.machines[m].process.as_mut().and_then(|process| process.stop.take()) {
                    // It may have ended just now.
                    let _ = stop.send(());
                }
            }
            10..=12 if up => {
                self.note(format!("machine {m}: paused for {long} ms"));
                self.machines[m].paused_until = self.now + long;
            }
            13..=14 => {
                self.note(format!("machines {m} and {other}: cut"));
                self.network.cut(m, other);
                self.network.cut(other, m);
            }
            15..=16 => {
                self.note(format!("machine {m} to {other}: cut one way"));
                self.network.cut(m, other);
            }
            17..=18 => {
                self.note(format!("machine {m}: cut off"));
                for other in (0..=NODES).filter(|other| *other != m) {
                    self.network.cut(m, other);
                    self.network.cut(other, m);
                }
            }
            19..=21 => {
                self.note("the network is well".to_owned());
                self.network.heal();
            }
            22 => {
                let most = [3, 30, 200][self.random.below(3)];
                self.note(format!("the network takes up to {most} ms"));
                self.network.set_latency(0, most);
            }
            _ => {
                let delay = [0, 5, 60, 400][self.random.below(4)];
                self.note(format!("machine {m}: its disk takes {delay} ms"));
                self.machines[m].delay_ms = delay;
            }
        }
    }

    /// What a machine has not synced yet is safe with two others: it alone may lose it.
    fn others_hold_all(&self, m: usize) -> bool {
        let holds = |other: &Machine| other.view.borrow().epoch.is_some() && other.sick == Sick::No;
        self.lossy.is_none_or(|lossy| lossy == m)
            && self.is_full()
            && (0..NODES).all(|other| other == m || holds(&self.machines[other]))
    }

    fn make_well(&mut self) {
        self.note("all is made well".to_owned());
        self.plans.clear();
        self.network.heal();
        self.network.set_latency(0, 3);
        for m in 0..NODES {
            if self.machines[m].sick == Sick::Failed && self.machines[m].process.is_some() {
                self.kill(m, false, 0);
            }
            self.machines[m].disk.set_faults(Faults::default());
            self.machines[m].delay_ms = 0;
            self.machines[m].paused_until = 0;
            if self.machines[m].up_again.is_some() {
                self.machines[m].up_again = Some(self.now);
            }
        }
        self.oracle.borrow_mut().stop = true;
    }

    /// Everybody is up and in sync, producers have ended, and all logs are committed to their ends.
    fn is_whole(&self) -> bool {
        self.machines.iter().all(|m| m.process.is_some() && m.view.borrow().epoch.is_some())
            && self.oracle.borrow().done == PARTITIONS
            && self.is_full()
            && (0..PARTITIONS).all(|index| {
                let ends = self.ends(index);
                ends.len() == NODES
                    && ends.iter().all(|(_, end)| *end == ends[0].1)
                    && ends.iter().any(|(high, end)| high == end)
                    && self.oracle.borrow().read_to[index] >= ends[0].1.0
            })
    }

    fn ends(&self, index: usize) -> Vec<(Offset, Offset)> {
        let partition = |m: &Machine| {
            let view = m.view.borrow();
            let partition = view.replicas.as_ref()?.partition(TOPIC, PartitionIndex(index as i32))?;
            Some((partition.log().high_watermark(), partition.log().log_end_offset()))
        };
        self.machines.iter().filter_map(partition).collect()
    }

    fn state(&self) -> String {
        let partitions = self.partitions();
        let up: Vec<_> = self.machines.iter().map(|m| m.view.borrow().epoch).collect();
        let leaders: Vec<_> =
            self.machines.iter().map(|m| m.view.borrow().controller.as_ref().and_then(|c| c.leader())).collect();
        let ends: Vec<_> = (0..PARTITIONS).map(|index| self.ends(index)).collect();
        let oracle = self.oracle.borrow();
        format!(
            "registered {up:?}, controllers follow {leaders:?}, {} producers of {PARTITIONS} have ended, read to {:?}, \
             high watermarks and ends {ends:?}, metadata {partitions:?}",
            oracle.done, oracle.read_to
        )
    }

    fn judge(&mut self) -> Result<(), String> {
        for index in 0..PARTITIONS {
            for m in 0..NODES {
                let view = self.machines[m].view.borrow();
                let held = view.replicas.as_ref().and_then(|r| r.partition(TOPIC, PartitionIndex(index as i32)));
                let Some(partition) = held else { return Err(format!("node {m} does not hold partition {index}")) };
                let mut found = Vec::new();
                let mut next = partition.log().log_start_offset();
                // A follower may learn of the last high watermark only with the next record.
                while next < partition.log().log_end_offset() {
                    let read = partition.log().read(next, 1 << 22, ReadUpTo::LogEnd, true);
                    let read = read.map_err(|error| format!("node {m}, partition {index}: {error}"))?;
                    let bytes = read.records.to_bytes().map_err(|error| error.to_string())?;
                    found.extend(client::values(&bytes).into_iter().filter(|(offset, _)| *offset >= next.0));
                    next = Offset(found.last().map_or(next.0, |(offset, _)| *offset) + 1);
                }
                self.oracle.borrow_mut().judge(index, &found);
            }
        }
        match self.oracle.borrow().broken.first() {
            Some(what) => Err(what.clone()),
            None => Ok(()),
        }
    }
}
