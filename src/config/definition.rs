//! What a configuration key is: one definition each for name, type, default, bounds, scope and meaning.
//!
//! Holds the vocabulary in which the tables (`broker`, `topic`, `group`, `client_metrics`) are written. Knows no key by
//! name and no value but the one it is asked to judge.
//!
//! Invariant, held by a test: every default passes the bounds of its own definition.

use super::value::{self, Invalid, Value};

/// The type of a key's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConfigType {
    /// `true` or `false`.
    Boolean,
    /// Any text; blanks at both ends do not count.
    String,
    /// 32 bits, signed.
    Int,
    /// 16 bits, signed.
    Short,
    /// 64 bits, signed.
    Long,
    /// A double-precision number.
    Double,
    /// Texts, separated by commas.
    List,
    /// The name of a Java class.
    Class,
    /// A secret: never shown.
    Password,
}

impl ConfigType {
    /// The number that DescribeConfigs gives the type (version 3 and later).
    pub fn code(self) -> i8 {
        match self {
            Self::Boolean => 1,
            Self::String => 2,
            Self::Int => 3,
            Self::Short => 4,
            Self::Long => 5,
            Self::Double => 6,
            Self::List => 7,
            Self::Class => 8,
            Self::Password => 9,
        }
    }

    /// The type's name, as in error messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Boolean => "BOOLEAN",
            Self::String => "STRING",
            Self::Int => "INT",
            Self::Short => "SHORT",
            Self::Long => "LONG",
            Self::Double => "DOUBLE",
            Self::List => "LIST",
            Self::Class => "CLASS",
            Self::Password => "PASSWORD",
        }
    }
}

/// How much a key matters to somebody who tunes a broker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Importance {
    /// Think about it before the first start.
    High,
    /// Think about it under load.
    Medium,
    /// Leave it alone.
    Low,
}

/// Where a broker key may be set while brokers run (KIP-226).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Only in the file, the environment or a flag.
    ReadOnly,
    /// For one broker at a time.
    PerBroker,
    /// For one broker, or for all as a default.
    ClusterWide,
}

/// Which values a key takes, beyond its type.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Bounds {
    /// All of its type.
    Any,
    /// This much or more.
    AtLeast(i64),
    /// From the first to the second, both included.
    Between(i64, i64),
    /// The same for [`ConfigType::Double`].
    BetweenF(f64, f64),
    /// One of these.
    OneOf(&'static [&'static str]),
    /// One of these, in either case of letters.
    OneOfAnyCase(&'static [&'static str]),
    /// A list; what stands in it twice counts once.
    Distinct(Emptiness),
    /// The same, each element one of these.
    Elements(Emptiness, &'static [&'static str]),
    /// Not the empty text.
    NonEmpty,
    /// gzip's levels: 1 to 9, or -1 for the codec's own choice.
    GzipLevel,
    /// `partition:broker` pairs, `*` for all, or nothing.
    ThrottledReplicas,
    /// `earliest`, `latest` or `by_duration:` with an ISO 8601 duration.
    OffsetReset,
}

/// Whether a list may hold nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Emptiness {
    /// It may.
    MayBeEmpty,
    /// It may not.
    NotEmpty,
}

/// What setting the key does here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// What it does in Kafka.
    Used,
    /// Nothing until the part that it steers is built; setting it gives a warning with the reason.
    NotYet(&'static str),
    /// Nothing, ever; setting it gives a warning with the reason.
    NotUsed(&'static str),
    /// Anything but the default is an error, because leaving it out silently would change what the server promises.
    Refused(&'static str),
}

/// One key.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ConfigDef {
    /// Its name, Kafka's own.
    pub name: &'static str,
    /// The type of its value.
    pub kind: ConfigType,
    /// What it is when nobody sets it; `None` is Kafka's null.
    pub default: Option<&'static str>,
    /// Which values it takes.
    pub bounds: Bounds,
    /// How much it matters.
    pub importance: Importance,
    /// Whether it can be changed while brokers run.
    pub scope: Scope,
    /// What setting it does here.
    pub meaning: Meaning,
    /// Kept out of DescribeConfigs unless it is set.
    pub internal: bool,
    /// What it is for, in a sentence.
    pub doc: &'static str,
}

impl ConfigDef {
    const fn new(
        name: &'static str,
        kind: ConfigType,
        default: Option<&'static str>,
        bounds: Bounds,
        importance: Importance,
    ) -> Self {
        let (scope, meaning) = (Scope::ReadOnly, Meaning::Used);
        Self { name, kind, default, bounds, importance, scope, meaning, internal: false, doc: "" }
    }

    /// Says what the key is for.
    pub const fn doc(mut self, doc: &'static str) -> Self {
        self.doc = doc;
        self
    }
    /// May be changed for one broker while it runs.
    pub const fn per_broker(mut self) -> Self {
        self.scope = Scope::PerBroker;
        self
    }
    /// May be changed for one broker or for all while they run.
    pub const fn cluster_wide(mut self) -> Self {
        self.scope = Scope::ClusterWide;
        self
    }
    /// Has no meaning here.
    pub const fn not_used(mut self, reason: &'static str) -> Self {
        self.meaning = Meaning::NotUsed(reason);
        self
    }
    /// Has no meaning here yet.
    pub const fn not_yet(mut self, reason: &'static str) -> Self {
        self.meaning = Meaning::NotYet(reason);
        self
    }
    /// Cannot be honoured here and must not be passed over.
    pub const fn refused(mut self, reason: &'static str) -> Self {
        self.meaning = Meaning::Refused(reason);
        self
    }
    /// Hidden unless set.
    pub const fn internal(mut self) -> Self {
        self.internal = true;
        self
    }

    /// True where the value is never shown.
    pub fn is_sensitive(&self) -> bool {
        self.kind == ConfigType::Password
    }

    /// Reads `text` as this key's value. The error says what is allowed.
    pub fn parse(&self, text: &str) -> Result<Value, Invalid> {
        value::parse(self, text)
    }

    /// `text` as Kafka would print it back, or `text` itself where it is no value of the type.
    pub fn canonical(&self, text: &str) -> String {
        value::of_type(self.kind, text).map_or_else(|_| text.to_owned(), |value| value.to_string())
    }
}

/// Finds a key by name.
pub fn find<'a>(defs: &'a [ConfigDef], name: &str) -> Option<&'a ConfigDef> {
    defs.iter().find(|def| def.name == name)
}

macro_rules! of_type {
    ($($(#[$doc:meta])* $name:ident => $kind:ident;)*) => {
        $($(#[$doc])*
        pub(super) const fn $name(
            name: &'static str,
            default: Option<&'static str>,
            bounds: Bounds,
            importance: Importance,
        ) -> ConfigDef {
            ConfigDef::new(name, ConfigType::$kind, default, bounds, importance)
        })*
    };
}

of_type! {
    /// A key that is true or false.
    boolean => Boolean;
    /// A key that holds text.
    string => String;
    /// A key of 32 bits.
    int => Int;
    /// A key of 16 bits.
    short => Short;
    /// A key of 64 bits.
    long => Long;
    /// A key with a fraction.
    double => Double;
    /// A key of several texts.
    list => List;
    /// A key that names a Java class.
    class => Class;
    /// A key that holds a secret.
    password => Password;
}
