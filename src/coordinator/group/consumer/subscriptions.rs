//! What a group's members subscribe to, counted: topics by name, topics by expression, expressions by member.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::member::Member;
use crate::coordinator::group::record::ResolvedRegexValue;

/// Who subscribes to a topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SubscriptionCount {
    /// So many members, by its name.
    pub by_name: usize,
    /// So many expressions.
    pub by_regex: usize,
}

/// The counts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Subscriptions {
    /// In the order of their names.
    topics: BTreeMap<Arc<str>, SubscriptionCount>,
    /// How many members subscribe with each expression.
    regexes: BTreeMap<Arc<str>, usize>,
}

impl Subscriptions {
    /// The topics, in the order of their names.
    pub fn topics(&self) -> impl ExactSizeIterator<Item = &Arc<str>> {
        self.topics.keys()
    }

    /// Whether anybody subscribes to a topic.
    pub fn has_topic(&self, topic: &str) -> bool {
        self.topics.contains_key(topic)
    }

    /// The expressions.
    pub fn regexes(&self) -> impl ExactSizeIterator<Item = &Arc<str>> {
        self.regexes.keys()
    }

    /// How many members subscribe with an expression.
    pub fn members_with(&self, regex: &str) -> usize {
        self.regexes.get(regex).copied().unwrap_or_default()
    }

    /// Whether all of so many members subscribe to the same topics.
    pub fn is_homogeneous(&self, members: usize) -> bool {
        match self.regexes.values().next() {
            None => self.topics.values().all(|count| count.by_name == members),
            Some(with) if *with == members => {
                self.topics.values().all(|count| count.by_regex == 1 && count.by_name == 0)
            }
            Some(_) => false,
        }
    }

    /// A member comes, goes or changes.
    pub fn replace(&mut self, old: Option<&Member>, new: Option<&Member>) {
        if let (Some(old), Some(new)) = (old, new)
            && Arc::ptr_eq(&old.metadata, &new.metadata)
        {
            return;
        }
        for topic in old.iter().flat_map(|old| &old.metadata.subscribed_topic_names) {
            self.change(topic, |count| count.by_name = count.by_name.saturating_sub(1));
        }
        for topic in new.iter().flat_map(|new| &new.metadata.subscribed_topic_names) {
            self.change(topic, |count| count.by_name += 1);
        }
        if let Some(regex) = old.and_then(Member::regex) {
            self.forget_regex(regex);
        }
        if let Some(regex) = new.and_then(Member::regex) {
            *self.regexes.entry(Arc::clone(regex)).or_default() += 1;
        }
    }

    /// An expression stands for other topics than before.
    pub fn resolve(&mut self, old: Option<&ResolvedRegexValue>, new: Option<&ResolvedRegexValue>) {
        for topic in old.iter().flat_map(|old| &old.topics) {
            self.change(topic, |count| count.by_regex = count.by_regex.saturating_sub(1));
        }
        for topic in new.iter().flat_map(|new| &new.topics) {
            self.change(topic, |count| count.by_regex += 1);
        }
    }

    fn forget_regex(&mut self, regex: &str) {
        if let Some(members) = self.regexes.get_mut(regex) {
            *members -= 1;
            if *members == 0 {
                self.regexes.remove(regex);
            }
        }
    }

    fn change(&mut self, topic: &Arc<str>, change: impl FnOnce(&mut SubscriptionCount)) {
        let count = self.topics.entry(Arc::clone(topic)).or_default();
        change(count);
        if *count == SubscriptionCount::default() {
            self.topics.remove(topic);
        }
    }
}
