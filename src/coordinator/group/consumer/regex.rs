//! Subscriptions by regular expression: in RE2's syntax, matched against whole topic names in time linear in their length.
//!
//! What an expression stands for is looked up outside of the machine, in the name of the member whose heartbeat asked for
//! it, as only topics count that it may see; what was found comes back as an operation, is written, and holds until new
//! topics are made or it has grown old.

use std::collections::BTreeSet;
use std::sync::Arc;

use regex_automata::meta;
use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Hir, HirKind, Look};

use super::group::ConsumerGroup;
use super::member::Member;
use super::metadata_hash;
use super::plan::{self, Plan};
use super::settings::Settings;
use super::soft::Soft;
use crate::base::ids::Millis;
use crate::base::limits::{REGEX_COMPILED_BYTES_MAX, REGEX_NESTING_MAX};
use crate::coordinator::group::machine::{Group, GroupMachine, Outcome};
use crate::coordinator::group::record::{GroupId, GroupRecord, ResolvedRegexValue};
use crate::metadata::image::MetadataImage;

/// As often may something be repeated in RE2.
const REPEATS_MAX: u32 = 1000;
/// Expressions are looked up again at most this often.
const LOOK_UP_INTERVAL: Millis = Millis(10_000);

/// An expression that is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidRegex(String);

/// A compiled expression.
#[derive(Debug)]
pub struct TopicRegex(meta::Regex);

impl TopicRegex {
    /// Compiles an expression; what it compiles to is bounded.
    pub fn compile(text: &str) -> Result<Self, InvalidRegex> {
        let mut parser = ParserBuilder::new().nest_limit(REGEX_NESTING_MAX).build();
        let hir = parser.parse(&unquoted(text)).map_err(|error| InvalidRegex(error.to_string()))?;
        if !repeats_are_few(&hir, REPEATS_MAX) {
            return Err(InvalidRegex(format!("something is repeated more than {REPEATS_MAX} times")));
        }
        let whole = Hir::concat(vec![Hir::look(Look::Start), hir, Hir::look(Look::End)]);
        let config = meta::Config::new().nfa_size_limit(Some(REGEX_COMPILED_BYTES_MAX));
        let built = meta::Builder::new().configure(config).build_from_hir(&whole);
        built.map(Self).map_err(|error| InvalidRegex(error.to_string()))
    }

    /// Whether all of a topic's name matches.
    pub fn matches(&self, topic: &str) -> bool {
        self.0.is_match(topic)
    }
}

/// Whether all repetitions have bounds that RE2 takes, where those within each other multiply.
fn repeats_are_few(hir: &Hir, left: u32) -> bool {
    match hir.kind() {
        HirKind::Repetition(repetition) => {
            let times = repetition.max.unwrap_or(0).max(repetition.min);
            times <= left && repeats_are_few(&repetition.sub, if times > 1 { left / times } else { left })
        }
        HirKind::Capture(capture) => repeats_are_few(&capture.sub, left),
        HirKind::Concat(subs) | HirKind::Alternation(subs) => subs.iter().all(|sub| repeats_are_few(sub, left)),
        HirKind::Empty | HirKind::Literal(_) | HirKind::Class(_) | HirKind::Look(_) => true,
    }
}

/// `\Q...\E` quotes in RE2, not in our library.
fn unquoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    let mut quoting = false;
    while let Some(c) = chars.next() {
        match (quoting, c, chars.peek()) {
            (false, '\\', Some('Q')) | (true, '\\', Some('E')) => {
                quoting = !quoting;
                chars.next();
            }
            (false, '\\', Some(next)) => {
                out.extend([c, *next]);
                chars.next();
            }
            (true, _, _) => regex_syntax::escape_into(c.encode_utf8(&mut [0; 4]), &mut out),
            (false, _, _) => out.push(c),
        }
    }
    out
}

/// What a change of a member's expression means for its group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RegexUpdate {
    /// It has not changed.
    None,
    /// It has, and what it stands for is still to be found out.
    Unresolved,
    /// It has, and what it stands for is known, or there is none any more.
    Resolved,
}

/// Expressions of a group that somebody should look up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegexLookUp {
    /// The group.
    pub group: GroupId,
    /// The expressions.
    pub regexes: Vec<Arc<str>>,
}

/// What was found.
#[derive(Debug, Clone)]
pub struct RegexesResolved {
    /// The group.
    pub group: GroupId,
    /// The offset of the metadata in which they were looked up.
    pub version: i64,
    /// Topics by expression.
    pub topics: Vec<(Arc<str>, Vec<Arc<str>>)>,
}

impl RegexLookUp {
    /// Finds the topics of `image` that the expressions stand for and `may_see` allows.
    pub fn resolve(self, image: &MetadataImage, may_see: impl Fn(&str) -> bool) -> RegexesResolved {
        // An expression that does not compile was written by a coordinator that took it: it stands for nothing here.
        let compiled: Vec<_> = self.regexes.iter().map(|regex| TopicRegex::compile(regex).ok()).collect();
        let mut topics: Vec<Vec<Arc<str>>> = vec![Vec::new(); compiled.len()];
        for topic in image.topics().iter() {
            let mut visible = None;
            for (found, _) in topics
                .iter_mut()
                .zip(&compiled)
                .filter(|(_, regex)| regex.as_ref().is_some_and(|regex| regex.matches(&topic.name)))
            {
                if *visible.get_or_insert_with(|| may_see(&topic.name)) {
                    found.push(topic.name.as_str().into());
                }
            }
        }
        let topics = self.regexes.into_iter().zip(topics).collect();
        RegexesResolved { group: self.group, version: image.offset().0, topics }
    }
}

/// A member comes or changes: forgets an expression that nobody has any more, and says what is to be looked up.
pub fn update(
    plan: &mut Plan,
    (now, settings, image): (Millis, &Settings, &MetadataImage),
    group: &ConsumerGroup,
    (old, new): (&Member, &Member),
) -> Result<(RegexUpdate, Option<RegexLookUp>), InvalidRegex> {
    let mut update = RegexUpdate::None;
    let mut is_new = false;
    if old.metadata.subscribed_topic_regex != new.metadata.subscribed_topic_regex {
        update = RegexUpdate::Unresolved;
        if let Some(regex) = old.regex().filter(|regex| group.subscriptions.members_with(regex) == 1) {
            plan.forget_regex(regex);
        }
        match new.regex() {
            Some(regex) if group.subscriptions.members_with(regex) == 0 => {
                TopicRegex::compile(regex)?;
                is_new = true;
            }
            Some(regex) if group.resolved_regexes.contains_key(regex) => update = RegexUpdate::Resolved,
            Some(_) => {}
            None if old.regex().is_some() => update = RegexUpdate::Resolved,
            None => {}
        }
    }
    if !is_new && group.subscriptions.regexes().len() == 0 {
        return Ok((update, None));
    }
    Ok((update, look_up(plan, (now, settings, image), group, (old, new), is_new)))
}

fn look_up(
    plan: &mut Plan,
    (now, settings, image): (Millis, &Settings, &MetadataImage),
    group: &ConsumerGroup,
    (old, new): (&Member, &Member),
    is_new: bool,
) -> Option<RegexLookUp> {
    if group.regex_look_up.is_some_and(|until| now < until) {
        return None;
    }
    let last = group.resolved_regexes.values().next();
    if last.is_some_and(|last| now <= last.timestamp.plus(LOOK_UP_INTERVAL)) {
        return None;
    }
    let mut regexes: BTreeSet<&Arc<str>> = group.subscriptions.regexes().collect();
    if let Some(regex) = old.regex().filter(|regex| group.subscriptions.members_with(regex) == 1) {
        regexes.remove(regex);
    }
    regexes.extend(new.regex());
    let refresh = Millis(i64::from(settings.regex_refresh_interval_ms));
    let due = is_new
        || regexes.len() != group.resolved_regexes.len()
        || last.is_none_or(|last| last.version < image.topics_created_at().0 || now > last.timestamp.plus(refresh));
    if !due || regexes.is_empty() {
        return None;
    }
    plan.soft(Soft::RegexLookUp(now.plus(LOOK_UP_INTERVAL)));
    Some(RegexLookUp { group: Arc::clone(&plan.group), regexes: regexes.into_iter().cloned().collect() })
}

/// Takes in what expressions stand for.
pub fn resolved(machine: &GroupMachine, now: Millis, found: RegexesResolved) -> Outcome<()> {
    let Some(Group::Consumer(group)) = machine.groups.get(&found.group) else { return plan::nothing() };
    let mut plan = Plan::new(&found.group);
    let mut subscriptions = group.subscriptions.clone();
    let mut bump = false;
    for (regex, topics) in found.topics {
        let value = ResolvedRegexValue { topics, version: found.version, timestamp: now };
        if group.subscriptions.members_with(&regex) == 0 {
            continue;
        }
        let old = group.resolved_regexes.get(&regex);
        if old.map_or(&[][..], |old| &old.topics) != value.topics {
            bump = true;
            subscriptions.resolve(old, Some(&value));
        }
        plan.records.push(GroupRecord::ConsumerRegex(Arc::clone(&found.group), regex, Some(value)));
    }
    let (hash, computed) = metadata_hash::of_group(group, &subscriptions, &machine.image);
    if bump || hash != group.metadata_hash {
        plan.epoch(group.epoch.saturating_add(1), hash);
        plan.soft(Soft::TopicsLookedUp(computed));
    }
    plan.reply(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expression_matches_whole_names_only() {
        let matches = |regex: &str, topic: &str| TopicRegex::compile(regex).unwrap().matches(topic);
        assert!(matches("a|ab", "ab"));
        assert!(!matches("a|ab", "abc"));
        assert!(!matches("b+", "abb"));
        assert!(matches(r"\Qa.b\E.*", "a.b-1"));
        assert!(!matches(r"\Qa.b\E.*", "aXb-1"));
        assert!(matches(r"(?i)FOO-\d+", "foo-12"));
        assert!(matches("(?x) foo # a comment", "foo"));
        assert!(matches("(a{2}){500}", &"a".repeat(1000)));
    }

    #[test]
    fn what_is_no_expression_or_too_large_is_refused() {
        for text in ["[", "a)(b", "(?=a)", r"(a)\1", "a{1001}", "(a{100}){11}", &"(".repeat(100_000)] {
            assert!(TopicRegex::compile(text).is_err(), "{}", &text[..text.len().min(30)]);
        }
    }
}
