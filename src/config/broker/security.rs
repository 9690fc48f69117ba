//! Who may do what, and TLS.

use crate::config::definition::Bounds::{Any, AtLeast, Distinct, OneOf};
use crate::config::definition::Emptiness::MayBeEmpty;
use crate::config::definition::Importance::{Low, Medium};
use crate::config::definition::{ConfigDef, boolean, class, list, long, password, string};
use crate::config::reason;

/// The keys.
pub(super) static DEFS: &[ConfigDef] = &[
    string("authorizer.class.name", Some(""), Any, Low)
        .refused(reason::AUTHORIZER)
        .doc("Switches authorization on; Kafka's StandardAuthorizer and its predecessor name the built-in one."),
    class(
        "principal.builder.class",
        Some("org.apache.kafka.common.security.authenticator.DefaultKafkaPrincipalBuilder"),
        Any,
        Medium,
    )
    .per_broker()
    .refused(reason::PLUGIN)
    .doc("A class that names the principal of a connection."),
    string("security.providers", None, Any, Low).refused(reason::JVM).doc("Java security providers to load."),
    password("delegation.token.secret.key", None, Any, Medium)
        .not_yet(reason::SECURITY)
        .doc("The secret that delegation tokens are signed with; the same on every broker."),
    long("delegation.token.max.lifetime.ms", Some("604800000"), AtLeast(1), Medium)
        .not_yet(reason::SECURITY)
        .doc("Age that no renewal carries a token beyond (ms)."),
    long("delegation.token.expiry.time.ms", Some("86400000"), AtLeast(1), Medium)
        .not_yet(reason::SECURITY)
        .doc("How long a token is valid without renewal (ms)."),
    long("delegation.token.expiry.check.interval.ms", Some("3600000"), AtLeast(1), Low)
        .not_yet(reason::SECURITY)
        .doc("How often expired tokens are removed (ms)."),
    long("connections.max.reauth.ms", Some("0"), Any, Medium)
        .not_yet(reason::SECURITY)
        .doc("How long a SASL login is valid (ms); 0 for ever."),
    string("ssl.client.auth", Some("none"), OneOf(&["required", "requested", "none"]), Medium)
        .per_broker()
        .not_yet(reason::SECURITY)
        .doc("Whether clients show a certificate: `required`, `requested` or `none`."),
    string("ssl.principal.mapping.rules", Some("DEFAULT"), Any, Low)
        .not_yet(reason::SECURITY)
        .doc("Rules that turn a certificate's name into a principal."),
    boolean("ssl.allow.dn.changes", Some("false"), Any, Low)
        .not_yet(reason::SECURITY)
        .doc("Whether a new certificate may name another owner."),
    boolean("ssl.allow.san.changes", Some("false"), Any, Low)
        .not_yet(reason::SECURITY)
        .doc("Whether a new certificate may drop alternative names."),
    string("ssl.protocol", Some("TLSv1.3"), Any, Medium)
        .per_broker()
        .not_used(reason::JVM)
        .doc("The protocol that Java's TLS context is made for."),
    string("ssl.provider", None, Any, Medium).per_broker().not_used(reason::JVM).doc("Java's provider of TLS."),
    list("ssl.enabled.protocols", Some("TLSv1.2,TLSv1.3"), Distinct(MayBeEmpty), Medium)
        .per_broker()
        .not_yet(reason::SECURITY)
        .doc("TLS versions that are offered."),
    string("ssl.keystore.type", Some("JKS"), Any, Medium)
        .per_broker()
        .not_yet(reason::SECURITY)
        .doc("Format of the key store: `JKS`, `PKCS12` or `PEM`."),
    string("ssl.keystore.location", None, Any, Medium)
        .per_broker()
        .not_yet(reason::SECURITY)
        .doc("File of the key store."),
    password("ssl.keystore.password", None, Any, Medium)
        .per_broker()
        .not_yet(reason::SECURITY)
        .doc("Password of the key store."),
    password("ssl.key.password", None, Any, Medium)
        .per_broker()
        .not_yet(reason::SECURITY)
        .doc("Password of the private key."),
    password("ssl.keystore.key", None, Any, Medium)
        .per_broker()
        .not_yet(reason::SECURITY)
        .doc("The private key itself, in PEM."),
    password("ssl.keystore.certificate.chain", None, Any, Medium)
        .per_broker()
        .not_yet(reason::SECURITY)
        .doc("The certificate chain itself, in PEM."),
    string("ssl.truststore.type", Some("JKS"), Any, Medium)
        .per_broker()
        .not_yet(reason::SECURITY)
        .doc("Format of the trust store: `JKS`, `PKCS12` or `PEM`."),
    string("ssl.truststore.location", None, Any, Medium)
        .per_broker()
        .not_yet(reason::SECURITY)
        .doc("File of the trust store."),
    password("ssl.truststore.password", None, Any, Medium)
        .per_broker()
        .not_yet(reason::SECURITY)
        .doc("Password of the trust store."),
    password("ssl.truststore.certificates", None, Any, Medium)
        .per_broker()
        .not_yet(reason::SECURITY)
        .doc("The trusted certificates themselves, in PEM."),
    string("ssl.keymanager.algorithm", Some("SunX509"), Any, Medium)
        .per_broker()
        .not_used(reason::JVM)
        .doc("Java's algorithm for choosing a key."),
    string("ssl.trustmanager.algorithm", Some("PKIX"), Any, Medium)
        .per_broker()
        .not_used(reason::JVM)
        .doc("Java's algorithm for judging a certificate."),
    string("ssl.endpoint.identification.algorithm", Some("https"), Any, Low)
        .per_broker()
        .not_yet(reason::SECURITY)
        .doc("How a peer's host name is checked; empty for not at all."),
    string("ssl.secure.random.implementation", None, Any, Low)
        .per_broker()
        .not_used(reason::JVM)
        .doc("Java's source of randomness."),
    list("ssl.cipher.suites", Some(""), Distinct(MayBeEmpty), Medium)
        .per_broker()
        .not_yet(reason::SECURITY)
        .doc("Cipher suites that are offered; all sound ones when empty."),
    class("ssl.engine.factory.class", None, Any, Low)
        .per_broker()
        .refused(reason::PLUGIN)
        .doc("A class that makes TLS engines."),
];
