//! Well-formed bodies of any message, made from the guard's tables.

use ottla::protocol::api::ApiKey;
use ottla::protocol::guard::schema::{self, Field, Message, Struct, Type};

/// A source of numbers that depends on its seed alone.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 11
    }
    pub fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }
}

/// Every request (or response) in every version, with the flexibility of that version.
pub fn every(part: fn(ApiKey) -> Option<&'static Message>) -> impl Iterator<Item = (&'static Message, i16)> {
    ApiKey::ALL
        .iter()
        .filter_map(move |key| part(*key))
        .flat_map(|message| message.key.versions().iter().map(move |v| (message, v)))
}

/// One body.
pub struct Generator {
    pub random: Random,
    /// Adds tagged fields that no schema knows.
    pub unknown_tags: bool,
    /// Keeps numbers below four, so that they hit what there is and ask for no long waits.
    small: bool,
    version: i16,
    flexible: bool,
    out: Vec<u8>,
}

/// A body of that message and version; the same for the same seed.
pub fn body(message: &'static Message, version: i16, seed: u64, unknown_tags: bool) -> Vec<u8> {
    let flexible = message.key.is_flexible(version);
    let mut generator =
        Generator { random: Random::new(seed), unknown_tags, small: false, version, flexible, out: Vec::new() };
    generator.structure(&message.root);
    generator.out
}

/// As [`body`], all numbers below four.
pub fn small_body(message: &'static Message, version: i16, seed: u64) -> Vec<u8> {
    let flexible = message.key.is_flexible(version);
    let mut generator =
        Generator { random: Random::new(seed), unknown_tags: true, small: true, version, flexible, out: Vec::new() };
    generator.structure(&message.root);
    generator.out
}

/// A body whose first array announces `count` elements and has none, if the message has an array outside of others.
pub fn first_count(message: &'static Message, version: i16, count: u32) -> Option<Vec<u8>> {
    let flexible = message.key.is_flexible(version);
    let mut generator =
        Generator { random: Random::new(1), unknown_tags: false, small: false, version, flexible, out: Vec::new() };
    for field in message.root.fields {
        if !field.versions.contains(version) || field.is_tagged(version) {
            continue;
        }
        if let Type::Array(_) = field.type_ {
            generator.length(Some(count as usize), 4);
            return Some(generator.out);
        }
        generator.value(field, false);
    }
    None
}

/// A request by its API.
pub fn request(key: ApiKey) -> &'static Message {
    schema::request(key).expect("an API that is served")
}

impl Generator {
    fn structure(&mut self, structure: &'static Struct) {
        let version = self.version;
        let fields = || structure.fields.iter().filter(move |field| field.versions.contains(version));
        for field in fields().filter(|field| !field.is_tagged(version)) {
            self.value(field, false);
        }
        if !self.flexible {
            return;
        }
        let mut tagged = Vec::new();
        for field in fields().filter(|field| field.is_tagged(version)) {
            if self.random.below(2) == 0 {
                let mut inner = Self { random: Random::new(self.random.next()), out: Vec::new(), ..*self };
                inner.value(field, true);
                tagged.push((field.tag.expect("a tag").0, inner.out));
            }
        }
        tagged.sort();
        if self.unknown_tags && self.random.below(4) == 0 {
            let first = 50 + self.random.below(1000) as u32;
            for tag in 0..=self.random.below(3) as u32 {
                tagged.push((first + tag, vec![7; self.random.below(9) as usize]));
            }
        }
        self.uvarint(tagged.len() as u32);
        for (tag, bytes) in tagged {
            self.uvarint(tag);
            self.uvarint(bytes.len() as u32);
            self.out.extend(bytes);
        }
    }

    /// `filled`: neither null nor empty, so that a tagged field differs from its default.
    fn value(&mut self, field: &'static Field, filled: bool) {
        let null = !filled && field.nullable.contains(self.version) && self.random.below(4) == 0;
        match field.type_ {
            Type::Struct(inner) => {
                if field.nullable.contains(self.version) {
                    self.out.push(if null { 0xff } else { 1 });
                }
                if !null {
                    self.structure(inner);
                }
            }
            Type::Array(element) => {
                let count = if filled { 2 } else { self.random.below(4) as usize };
                self.length((!null).then_some(count), 4);
                for _ in 0..if null { 0 } else { count } {
                    self.plain(*element, filled);
                }
            }
            _ if null => self.length(None, if matches!(field.type_, Type::String) { 2 } else { 4 }),
            type_ => self.plain(type_, filled),
        }
    }

    fn plain(&mut self, type_: Type, filled: bool) {
        let low = u64::from(filled);
        match type_ {
            Type::Bool => self.out.push(self.random.below(2).max(low) as u8),
            Type::Int8 => self.out.push(self.random.below(100).max(low) as u8),
            Type::Int16 | Type::Uint16 => {
                let number = self.number(30_000) as u16;
                self.out.extend(number.to_be_bytes());
            }
            Type::Int32 => {
                let number = self.number(1 << 30) as u32;
                self.out.extend(number.to_be_bytes());
            }
            Type::Int64 => {
                let number = self.number(1 << 40);
                self.out.extend(number.to_be_bytes());
            }
            Type::Float64 => self.out.extend((self.random.below(1000) as f64).to_be_bytes()),
            Type::Uuid => {
                for _ in 0..2 {
                    self.out.extend((1 + self.random.next()).to_be_bytes());
                }
            }
            Type::String => {
                let text = &"tøpic-name"[..[0, 1, 3, 11][self.random.below(4).max(low) as usize]];
                self.length(Some(text.len()), 2);
                self.out.extend(text.as_bytes());
            }
            Type::Bytes | Type::Records => {
                let length = self.random.below(20).max(low) as usize;
                self.length(Some(length), 4);
                self.out.extend((0..length).map(|n| n as u8));
            }
            Type::Struct(inner) => self.structure(inner),
            Type::Array(_) => unreachable!("Kafka has no arrays of arrays"),
        }
    }

    fn number(&mut self, below: u64) -> u64 {
        if self.small { self.random.below(4) } else { 1 + self.random.below(below) }
    }

    fn length(&mut self, length: Option<usize>, width: usize) {
        match (self.flexible, length) {
            (true, length) => self.uvarint(length.map_or(0, |n| n as u32 + 1)),
            (false, None) => self.out.extend(&[0xff; 4][..width]),
            (false, Some(n)) => self.out.extend(&(n as u32).to_be_bytes()[4 - width..]),
        }
    }

    fn uvarint(&mut self, mut value: u32) {
        while value >= 0x80 {
            self.out.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.out.push(value as u8);
    }
}
