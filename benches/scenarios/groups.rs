//! S13: groups. How long a group of many members, and many groups, take to be whole; what a further member costs; what
//! members cost that only beat; commits, many in flight.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use crate::case::{self, Bench, Sample};
use crate::client::{Client, Topic};
use crate::engine::Engine;
use crate::group_wire;
use crate::link::Link;
use crate::member::{Classic, Committer, Groups, Modern};
use crate::null_server;
use crate::options::Options;
use crate::procfs::{self, Snapshot};
use crate::producer::Answer;
use crate::servers::{Make, Server};
use crate::totals::Until;
use crate::wire::WireError;

/// Partitions of the topic that members subscribe to.
const PARTITIONS: i32 = 100;
/// Seconds between two beats of a member that is not told an interval, as classic ones are not, and of any while beats are
/// counted.
const BEAT: f64 = 1.0;

#[derive(Clone, Copy, PartialEq)]
enum Protocol {
    Classic,
    Consumer,
}

/// A name that no group had before.
fn name() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("group-{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// Waits until groups have a coordinator; a broker makes its topic when it is asked for the first time.
fn coordinator(server: &Server) -> Result<(), WireError> {
    let mut client = Client::connect(server.address)?;
    let deadline = Instant::now() + Duration::from_secs(30);
    while !group_wire::found(&client.call(&group_wire::find_coordinator("any"))?)? {
        if Instant::now() > deadline {
            return Err("no coordinator after 30 s".into());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

/// Runs until all members are settled; the seconds that took and the broker's CPU seconds.
fn settle(engine: &mut Engine, all: &RefCell<Groups>, server: &Server) -> Result<(f64, f64), WireError> {
    let before = Snapshot::take(server.pid);
    let totals = engine.run(&Until::seconds(60.0).or_consumed(1))?;
    let usage = before.until_now();
    if totals.consumed_records == 0 {
        return Err(format!("not whole after {:.0} s: {:?}", usage.seconds, all.borrow()));
    }
    Ok((usage.seconds, usage.server))
}

fn members(
    server: &Server,
    protocol: Protocol,
    groups: usize,
    each: usize,
    options: &Options,
) -> Result<Sample, WireError> {
    coordinator(server)?;
    let topic = case::topic(server, PARTITIONS)?;
    procfs::reset_peak_memory(server.pid);
    let held = if protocol == Protocol::Consumer { PARTITIONS as usize } else { 0 };
    let all = Rc::new(RefCell::new(Groups::new(groups, each, held)));
    let names: Vec<Rc<str>> = (0..groups).map(|_| name().into()).collect();
    let mut engine = Engine::new()?;
    let mut number = 0;
    let mut add = |engine: &mut Engine, group: &Rc<str>| -> Result<(), WireError> {
        number += 1;
        let role = role(protocol, &all, group, &topic, number);
        engine.add(Link::connect(server.address, role)?)
    };
    for group in &names {
        for _ in 0..each {
            add(&mut engine, group)?;
        }
    }
    let beats = |engine: &mut Engine, members: usize| engine.schedule(members as f64 / BEAT, members);
    if protocol == Protocol::Classic {
        beats(&mut engine, groups * each);
    }
    let (seconds, cpu) = settle(&mut engine, &all, server)?;
    let mut sample = Sample::default().with("seconds until whole", seconds).with("broker CPU s until whole", cpu);
    // One more member: nobody else should have much to do. Where there is nothing left for it, it is in at once.
    if groups == 1 && (protocol == Protocol::Classic || each < PARTITIONS as usize) {
        all.borrow_mut().members += 1;
        add(&mut engine, &names[0])?;
        if protocol == Protocol::Classic {
            beats(&mut engine, each + 1);
        }
        let (seconds, cpu) = settle(&mut engine, &all, server)?;
        sample = sample.with("seconds for one more", seconds).with("broker CPU s for one more", cpu);
    }
    if protocol == Protocol::Consumer {
        all.borrow_mut().obey = false;
        let members = all.borrow().members * groups;
        beats(&mut engine, members);
    }
    let before = Snapshot::take(server.pid);
    let totals = engine.run(&Until::seconds(options.pick(5.0, 3.0)))?;
    let usage = before.until_now();
    sample = sample
        .with("broker CPU s per 10,000 beats", usage.server * 1e4 / totals.requests.max(1) as f64)
        .with("peak RSS MiB", procfs::memory_mib(server.pid).1);
    engine.drain()?;
    drop(engine);
    case::end_topic(server, &topic)?;
    Ok(sample)
}

fn role(
    protocol: Protocol,
    all: &Rc<RefCell<Groups>>,
    group: &Rc<str>,
    topic: &Topic,
    number: usize,
) -> Box<dyn crate::link::Role> {
    let name: Rc<str> = topic.name.as_str().into();
    match protocol {
        Protocol::Classic => Box::new(Classic::new(all.clone(), group.clone(), name)),
        Protocol::Consumer => Box::new(Modern::new(all.clone(), group.clone(), name, topic.id, number)),
    }
}

/// Commits without members, `links` connections with `window` requests in flight each.
fn commits(server: &Server, links: usize, window: usize, options: &Options) -> Result<Sample, WireError> {
    let echoes = server.make == Make::Null(null_server::Kind::N0);
    if !echoes {
        coordinator(server)?;
    }
    let answers = if echoes { Answer::Echo } else { Answer::Kafka };
    let topic = case::topic(server, 1)?;
    let names: Vec<Rc<str>> = (0..1000).map(|_| name().into()).collect();
    procfs::reset_peak_memory(server.pid);
    let mut engine = Engine::new()?;
    for n in 0..links {
        let mut mine = names.clone();
        mine.rotate_left(n * names.len() / links % names.len());
        engine.add(Link::connect(server.address, Box::new(Committer::new(&mine, &topic.name, window, answers)))?)?;
    }
    engine.run(&Until::seconds(options.pick(3.0, 1.0)))?;
    let before = Snapshot::take(server.pid);
    let totals = engine.run(&Until::seconds(options.pick(6.0, 3.0)))?;
    let usage = before.until_now();
    engine.drain()?;
    drop(engine);
    case::end_topic(server, &topic)?;
    Ok(Sample::of(&usage)
        .with("commits/s", totals.requests as f64 / usage.seconds)
        .with("broker CPU s per million", usage.server * 1e6 / totals.requests.max(1) as f64)
        .with("round trip p50 ms", totals.ack.value_at_quantile(0.5) as f64 / 1e3)
        .with("round trip p99 ms", totals.ack.value_at_quantile(0.99) as f64 / 1e3)
        .with("peak RSS MiB", procfs::memory_mib(server.pid).1))
}

pub fn s13(bench: &mut Bench) {
    let pairs = bench.options.pick(3, 1);
    let sizes: &[usize] = bench.options.pick(&[10, 100, 1000, 5000], &[10, 500]);
    for (protocol, word) in [(Protocol::Classic, "classic"), (Protocol::Consumer, "consumer")] {
        for &size in sizes {
            let title = format!("{word} protocol, one group of {size} members");
            bench.case("S13", &title, pairs, None, &|server, options| members(server, protocol, 1, size, options));
        }
        let groups = bench.options.pick(1000, 100);
        let title = format!("{word} protocol, {groups} groups of one member");
        bench.case("S13", &title, pairs, None, &|server, options| members(server, protocol, groups, 1, options));
    }
    for (links, window) in bench.options.pick(vec![(1, 1), (10, 10), (1000, 100)], vec![(1, 1), (100, 100)]) {
        let title = format!("commits, {links} connections, {window} in flight each");
        let limit = Some(null_server::Kind::N0);
        bench.case("S13", &title, pairs, limit, &|server, options| commits(server, links, window, options));
    }
}
