//! A disk in memory that forgets what a power cut may take, and fails when it is told to: for tests and the simulator.
//!
//! ```text
//!   a file        bytes as written   | bytes as synced | the writes and cuts between, in order
//!   a directory   entries as changed | as synced       | the changes between, in order
//! ```
//!
//! What a power cut leaves is drawn from a seed. Of a directory: a prefix of its unsynced changes, a rename being one. Of a file:
//! its length at one moment since it was synced, and each page as it was at a moment of its own, as a kernel writes pages back in any
//! order; the last page may be torn at a sector. What is cut off does not come back. Nothing that was synced is lost.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;
use std::sync::Arc;

use parking_lot::Mutex;

use super::file_system::{Access, Metadata};

/// What the kernel writes at once.
const PAGE: usize = 4096;
/// What a disk writes whole or not at all.
const SECTOR: usize = 512;

const EIO: i32 = 5;
const ENOSPC: i32 = 28;

type NodeId = u64;
const ROOT: NodeId = 0;

#[derive(Debug, Clone)]
enum Change {
    Write { at: usize, bytes: Vec<u8> },
    Cut(usize),
}

#[derive(Debug, Clone)]
enum EntryChange {
    Set(String, NodeId),
    Remove(String),
    Rename(String, String),
}

#[derive(Debug, Clone)]
enum Node {
    File { now: Vec<u8>, synced: Vec<u8>, unsynced: Vec<Change> },
    Dir { now: BTreeMap<String, NodeId>, synced: BTreeMap<String, NodeId>, unsynced: Vec<EntryChange> },
}

impl Node {
    fn file() -> Self {
        Self::File { now: Vec::new(), synced: Vec::new(), unsynced: Vec::new() }
    }
    fn dir() -> Self {
        Self::Dir { now: BTreeMap::new(), synced: BTreeMap::new(), unsynced: Vec::new() }
    }
}

/// What the disk does wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Faults {
    /// Writes fail.
    pub writes_fail: bool,
    /// Syncs fail, and what they were to force down is gone from memory too: a later one tells nothing of it.
    pub syncs_fail: bool,
    /// Bytes that it can hold.
    pub capacity: Option<u64>,
    /// Changes left until the power goes: every one after them fails.
    pub power_for: Option<u64>,
}

#[derive(Debug)]
struct State {
    nodes: BTreeMap<NodeId, Node>,
    next: NodeId,
    faults: Faults,
    changes: u64,
    /// Counts power cuts: what was opened before one is of no use after it.
    life: u64,
}

/// The disk.
#[derive(Debug)]
pub struct SimulatedDisk {
    state: Mutex<State>,
}

/// An open file on it.
#[derive(Debug)]
pub struct SimulatedFile {
    disk: Arc<SimulatedDisk>,
    node: NodeId,
    life: u64,
}

fn os(code: i32) -> io::Error {
    io::Error::from_raw_os_error(code)
}

fn missing() -> io::Error {
    io::ErrorKind::NotFound.into()
}

impl SimulatedDisk {
    /// An empty disk.
    pub fn new() -> Arc<Self> {
        let nodes = BTreeMap::from([(ROOT, Node::dir())]);
        let state = State { nodes, next: ROOT + 1, faults: Faults::default(), changes: 0, life: 0 };
        Arc::new(Self { state: Mutex::new(state) })
    }

    /// Sets what it does wrong from now on.
    pub fn set_faults(&self, faults: Faults) {
        self.state.lock().faults = faults;
    }

    /// Changes made to it so far: what `Faults::power_for` counts.
    pub fn changes(&self) -> u64 {
        self.state.lock().changes
    }

    /// True once nothing can be changed any more until a power cut.
    pub fn is_out_of_power(&self) -> bool {
        self.state.lock().faults.power_for == Some(0)
    }

    /// Bytes that are taken.
    pub fn used(&self) -> u64 {
        self.state.lock().used()
    }

    /// The process that used it has died: nothing is lost, but what it had open is closed.
    pub fn process_died(&self) {
        self.state.lock().life += 1;
    }

    /// The power goes and comes back: what was not synced is kept, lost or torn as `random` has it, faults are gone.
    pub fn power_cut(&self, random: &mut dyn FnMut(usize) -> usize) {
        let state = &mut *self.state.lock();
        state.life += 1;
        state.faults = Faults::default();
        for node in state.nodes.values_mut() {
            match node {
                Node::File { now, synced, unsynced } => {
                    // What a failed sync has dropped is gone, though it could be read until now.
                    *now =
                        if unsynced.is_empty() { std::mem::take(synced) } else { survivors(synced, unsynced, random) };
                    unsynced.clear();
                    synced.clone_from(now);
                }
                Node::Dir { now, synced, unsynced } => {
                    let kept = if unsynced.is_empty() { 0 } else { random(unsynced.len() + 1) };
                    unsynced.drain(..).take(kept).for_each(|change| change.make(synced));
                    now.clone_from(synced);
                }
            }
        }
        state.sweep();
    }

    pub(super) fn open(self: &Arc<Self>, path: &Path, access: Access) -> io::Result<SimulatedFile> {
        let mut state = self.state.lock();
        let node = match state.find(path) {
            Ok(node) => {
                if matches!(state.nodes[&node], Node::Dir { .. }) {
                    return Err(io::ErrorKind::IsADirectory.into());
                }
                if access == Access::Replace {
                    state.change()?;
                    state.cut(node, 0);
                }
                node
            }
            Err(_) if !matches!(access, Access::Read | Access::ReadWrite) => state.create(path, Node::file())?,
            Err(error) => return Err(error),
        };
        Ok(SimulatedFile { disk: Arc::clone(self), node, life: state.life })
    }

    pub(super) fn metadata(&self, path: &Path) -> io::Result<Metadata> {
        let state = self.state.lock();
        Ok(match &state.nodes[&state.find(path)?] {
            Node::File { now, .. } => Metadata { length: now.len() as u64, is_dir: false, modified: None },
            Node::Dir { .. } => Metadata { length: 0, is_dir: true, modified: None },
        })
    }

    pub(super) fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let state = self.state.lock();
        match &state.nodes[&state.find(path)?] {
            Node::File { now, .. } => Ok(now.clone()),
            Node::Dir { .. } => Err(io::ErrorKind::IsADirectory.into()),
        }
    }

    pub(super) fn list(&self, path: &Path) -> io::Result<Vec<String>> {
        let state = self.state.lock();
        let node = state.find(path)?;
        state.entries(node).map(|entries| entries.keys().cloned().collect())
    }

    pub(super) fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.state.lock();
        let (old, new) = (name_of(from)?, name_of(to)?);
        let dir = state.find(from.parent().unwrap_or(Path::new("")))?;
        if dir != state.find(to.parent().unwrap_or(Path::new("")))? {
            return Err(io::ErrorKind::CrossesDevices.into());
        }
        state.find(from)?;
        state.change()?;
        state.change_entries(dir, EntryChange::Rename(old, new));
        Ok(())
    }

    pub(super) fn remove(&self, path: &Path) -> io::Result<()> {
        let mut state = self.state.lock();
        state.find(path)?;
        let dir = state.find(path.parent().unwrap_or(Path::new("")))?;
        state.change()?;
        state.change_entries(dir, EntryChange::Remove(name_of(path)?));
        Ok(())
    }

    pub(super) fn create_dirs(&self, path: &Path) -> io::Result<()> {
        let mut state = self.state.lock();
        let mut missing: Vec<&Path> = path.ancestors().take_while(|p| state.find(p).is_err()).collect();
        while let Some(next) = missing.pop() {
            state.create(next, Node::dir())?;
        }
        Ok(())
    }

    pub(super) fn sync_dir(&self, path: &Path) -> io::Result<()> {
        let mut state = self.state.lock();
        let node = state.find(path)?;
        state.sync(node)
    }

    pub(super) fn sync_everything(&self) -> io::Result<()> {
        let mut state = self.state.lock();
        let nodes: Vec<NodeId> = state.nodes.keys().copied().collect();
        nodes.into_iter().try_for_each(|node| state.sync(node))
    }
}

impl SimulatedFile {
    fn with<R>(&self, act: impl FnOnce(&mut State, NodeId) -> io::Result<R>) -> io::Result<R> {
        let mut state = self.disk.state.lock();
        if state.life != self.life || !state.nodes.contains_key(&self.node) {
            return Err(os(EIO));
        }
        act(&mut state, self.node)
    }

    pub(super) fn length(&self) -> io::Result<u64> {
        self.with(|state, node| Ok(state.bytes(node).len() as u64))
    }

    pub(super) fn read_at(&self, out: &mut [u8], position: u64) -> io::Result<usize> {
        self.with(|state, node| {
            let bytes = state.bytes(node);
            let from = (position as usize).min(bytes.len());
            let count = out.len().min(bytes.len() - from);
            out[..count].copy_from_slice(&bytes[from..from + count]);
            Ok(count)
        })
    }

    /// Writes at `position`, or at the end.
    pub(super) fn write_at(&self, bytes: &[u8], position: Option<u64>) -> io::Result<usize> {
        self.with(|state, node| {
            state.change()?;
            let held = state.bytes(node).len();
            let at = position.map_or(held, |position| position as usize);
            let grows = (at + bytes.len()).saturating_sub(held) as u64;
            let fits = state.faults.capacity.map_or(grows, |capacity| grows.min(capacity.saturating_sub(state.used())));
            let count = bytes.len() - (grows - fits) as usize;
            if count == 0 && !bytes.is_empty() {
                return Err(os(ENOSPC));
            }
            state.alter(node, Change::Write { at, bytes: bytes[..count].to_vec() });
            Ok(count)
        })
    }

    pub(super) fn set_length(&self, length: u64) -> io::Result<()> {
        self.with(|state, node| {
            state.change()?;
            state.cut(node, length as usize);
            Ok(())
        })
    }

    pub(super) fn sync(&self) -> io::Result<()> {
        self.with(State::sync)
    }
}

impl State {
    fn entries(&self, node: NodeId) -> io::Result<&BTreeMap<String, NodeId>> {
        match self.nodes.get(&node) {
            Some(Node::Dir { now, .. }) => Ok(now),
            Some(Node::File { .. }) => Err(io::ErrorKind::NotADirectory.into()),
            None => Err(missing()),
        }
    }

    fn bytes(&self, node: NodeId) -> &[u8] {
        match &self.nodes[&node] {
            Node::File { now, .. } => now,
            Node::Dir { .. } => &[],
        }
    }

    fn used(&self) -> u64 {
        // What has no name any more takes no room.
        self.named().iter().map(|node| self.bytes(*node).len() as u64).sum()
    }

    fn find(&self, path: &Path) -> io::Result<NodeId> {
        path.components().try_fold(ROOT, |node, part| {
            let name = part.as_os_str().to_str().ok_or_else(missing)?;
            self.entries(node)?.get(name).copied().ok_or_else(missing)
        })
    }

    /// Asks whether something may be changed.
    fn change(&mut self) -> io::Result<()> {
        if let Some(left) = &mut self.faults.power_for {
            *left = left.checked_sub(1).ok_or_else(|| os(EIO))?;
        }
        self.changes += 1;
        if self.faults.writes_fail { Err(os(EIO)) } else { Ok(()) }
    }

    fn create(&mut self, path: &Path, node: Node) -> io::Result<NodeId> {
        let dir = self.find(path.parent().unwrap_or(Path::new("")))?;
        self.change()?;
        let id = self.next;
        self.next += 1;
        self.nodes.insert(id, node);
        self.change_entries(dir, EntryChange::Set(name_of(path)?, id));
        Ok(id)
    }

    fn change_entries(&mut self, dir: NodeId, change: EntryChange) {
        if let Some(Node::Dir { now, unsynced, .. }) = self.nodes.get_mut(&dir) {
            change.clone().make(now);
            unsynced.push(change);
        }
    }

    fn alter(&mut self, node: NodeId, change: Change) {
        if let Some(Node::File { now, unsynced, .. }) = self.nodes.get_mut(&node) {
            change.make(now);
            unsynced.push(change);
        }
    }

    fn cut(&mut self, node: NodeId, length: usize) {
        if self.bytes(node).len() != length {
            self.alter(node, Change::Cut(length));
        }
    }

    fn sync(&mut self, node: NodeId) -> io::Result<()> {
        if self.faults.power_for == Some(0) {
            return Err(os(EIO));
        }
        let failed = self.faults.syncs_fail;
        match self.nodes.get_mut(&node) {
            // The kernel marks the pages clean: they can still be read, and a later sync finds nothing to write.
            Some(Node::File { unsynced, .. }) if failed => unsynced.clear(),
            Some(Node::File { synced, unsynced, .. }) => unsynced.drain(..).for_each(|change| change.make(synced)),
            Some(Node::Dir { now, synced, unsynced }) if !failed => {
                synced.clone_from(now);
                unsynced.clear();
            }
            _ => {}
        }
        if failed { Err(os(EIO)) } else { Ok(()) }
    }

    /// All that can be reached by a name.
    fn named(&self) -> BTreeSet<NodeId> {
        let mut named = BTreeSet::from([ROOT]);
        let mut open = vec![ROOT];
        while let Some(node) = open.pop() {
            let children = self.entries(node).into_iter().flatten().map(|(_, child)| *child);
            open.extend(children.filter(|child| named.insert(*child)));
        }
        named
    }

    /// Drops what no directory names any more.
    fn sweep(&mut self) {
        let named = self.named();
        self.nodes.retain(|node, _| named.contains(node));
    }
}

impl Change {
    fn make(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::Cut(length) => bytes.resize(*length, 0),
            Self::Write { at, bytes: written } => {
                if bytes.len() < at + written.len() {
                    bytes.resize(at + written.len(), 0);
                }
                bytes[*at..at + written.len()].copy_from_slice(written);
            }
        }
    }
}

impl EntryChange {
    fn make(self, entries: &mut BTreeMap<String, NodeId>) {
        match self {
            Self::Set(name, node) => drop(entries.insert(name, node)),
            Self::Remove(name) => drop(entries.remove(&name)),
            Self::Rename(from, to) => {
                if let Some(node) = entries.remove(&from) {
                    entries.insert(to, node);
                }
            }
        }
    }
}

fn name_of(path: &Path) -> io::Result<String> {
    let name = path.file_name().and_then(|name| name.to_str());
    name.map(str::to_owned).ok_or_else(|| io::ErrorKind::InvalidFilename.into())
}

/// What is left of a file after a power cut.
fn survivors(synced: &[u8], changes: &[Change], random: &mut dyn FnMut(usize) -> usize) -> Vec<u8> {
    // The length as it was after so many changes; what is cut off later than that is still there.
    let upto = random(changes.len() + 1);
    let until = changes[upto..].iter().position(|c| matches!(c, Change::Cut(_))).map_or(changes.len(), |i| upto + i);
    let mut bytes = synced.to_vec();
    changes[..upto].iter().for_each(|change| change.make(&mut bytes));
    let mut left = vec![0; bytes.len()];
    let pages = left.len().div_ceil(PAGE);
    let moments: Vec<usize> = (0..pages).map(|_| random(until + 1)).collect();
    let mut at = synced.to_vec();
    for moment in 0..=until {
        if let Some(change) = moment.checked_sub(1).map(|i| &changes[i]) {
            change.make(&mut at);
            if let Change::Cut(length) = change {
                let length = (*length).min(left.len());
                left[length..].fill(0);
            }
        }
        for page in (0..pages).filter(|page| moments[*page] == moment) {
            let (from, to) = (page * PAGE, left.len().min((page + 1) * PAGE).min(at.len()));
            if from < to {
                left[from..to].copy_from_slice(&at[from..to]);
            }
        }
    }
    // The page that the disk was at when the power went.
    let torn = left.len() / SECTOR * SECTOR;
    if torn > synced.len() && random(4) == 0 {
        left[torn..].fill(0);
    }
    left
}
